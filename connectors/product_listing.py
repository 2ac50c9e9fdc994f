"""What a marketplace connector can tell before a product is listed: the item, what is allowed, what is asked for.

The protocols and the values that cross them, as in `connectors.port`; `connectors.connector` has all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connectors.port import CatalogItem, OfferDraft, OfferPatch, Receipt
from domain.listing import Condition


@dataclass(frozen=True, slots=True)
class SalesRank:
    """How an item sells among those of a category; 1 is best."""

    category: str
    rank: int


@dataclass(frozen=True, slots=True)
class CatalogItemDetail:
    """An item of the marketplace's catalogue, with what a search does not tell."""

    item: CatalogItem
    parent_asins: tuple[str, ...]
    """What it is a variation of."""
    images: tuple[str, ...]
    """Addresses, the main image first."""
    sales_ranks: tuple[SalesRank, ...]


class RestrictionCode(StrEnum):
    """Why the seller may not list an item, by Amazon's words."""

    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    """The seller may ask for approval."""
    ASIN_NOT_FOUND = "ASIN_NOT_FOUND"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    """The seller may not, and cannot ask either."""
    UNKNOWN = "UNKNOWN"
    """Amazon names no reason, or one that we do not know."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """One reason why the seller may not list an item."""

    condition: str | None
    """Amazon's code of the condition, such as ``used_good``; None where it is not about one condition."""
    code: RestrictionCode
    message: str
    approval_url: str | None
    """Where a person asks for approval, where that is possible."""


@dataclass(frozen=True, slots=True)
class ProductType:
    """One of the marketplace's kinds of products, which decides on the attributes of a listing."""

    name: str
    """Amazon's key, such as ``LUGGAGE``."""
    display_name: str


class Requirements(StrEnum):
    """What a listing is to be, which decides on the attributes that are asked for."""

    LISTING = "LISTING"
    """The product and the offer on it."""
    LISTING_PRODUCT_ONLY = "LISTING_PRODUCT_ONLY"
    LISTING_OFFER_ONLY = "LISTING_OFFER_ONLY"


@dataclass(frozen=True, slots=True)
class ProductTypeDefinition:
    """Where the JSON Schema of a product type's attributes is to be had, for a while."""

    product_type: ProductType
    version: str
    schema_url: str
    schema_checksum: str
    """MD5, in Base64; the same again is the same schema."""
    attribute_groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Titles, each with the names of the attributes under it."""


class ReadsCatalogItem(Protocol):
    """Reads one item of the marketplace's catalogue."""

    async def catalog_item(self, asin: str) -> CatalogItemDetail:
        """The item; raises `Missing` where there is none."""


class ReadsRestrictions(Protocol):
    """Tells what the seller may not list."""

    async def restrictions(
        self, asin: str, condition: Condition | None = None
    ) -> list[Restriction]:
        """Why the seller may not list an item in a condition, or in any; nothing where it may."""


class PreviewsOffers(Protocol):
    """Has writes judged that are not made. Accepted is what would be accepted."""

    async def preview_offer(self, draft: OfferDraft) -> Receipt:
        """What `put_offer` would be answered."""

    async def preview_patch(self, patch: OfferPatch) -> Receipt:
        """What `patch_offer` would be answered."""


class ReadsProductTypes(Protocol):
    """Tells which product types there are, and what each asks for."""

    async def product_types(self, keywords: Sequence[str]) -> list[ProductType]:
        """Those that any of the keywords finds; all of them without keywords."""

    async def product_types_for(self, title: str) -> list[ProductType]:
        """Those that Amazon recommends for a product of that title."""

    async def product_type_definition(
        self, product_type: str, requirements: Requirements
    ) -> ProductTypeDefinition:
        """What a product type asks for; raises `Rejected` where there is none of that name."""

    async def product_type_schema(self, definition: ProductTypeDefinition) -> bytes:
        """The JSON Schema of a definition that was just read (draft 2019-09, with words of Amazon's own).

        Raises `Unavailable` where the address has run out or what came is damaged.
        """


class ProductListing(
    ReadsCatalogItem, ReadsRestrictions, PreviewsOffers, ReadsProductTypes, Protocol
):
    """All of it."""
