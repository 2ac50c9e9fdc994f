"""The part of the connector before a listing: everything that `connectors.product_listing` asks."""

from collections.abc import Sequence

from connectors.amazon import catalog, product_types, restrictions, submissions
from connectors.amazon.transport import Transport
from connectors.port import OfferDraft, OfferPatch, Receipt
from connectors.product_listing import (
    CatalogItemDetail,
    ProductType,
    ProductTypeDefinition,
    Requirements,
    Restriction,
)
from domain.listing import Condition


class AmazonProductListing:
    """Tells what can be listed on one marketplace, for one seller account."""

    _transport: Transport

    async def catalog_item(self, asin: str) -> CatalogItemDetail:
        """One item of the catalogue."""
        return await catalog.one(self._transport, asin)

    async def restrictions(
        self, asin: str, condition: Condition | None = None
    ) -> list[Restriction]:
        """Why the seller may not list an item; nothing where it may."""
        return await restrictions.read(self._transport, asin, condition)

    async def preview_offer(self, draft: OfferDraft) -> Receipt:
        """What `put_offer` would be answered."""
        return await submissions.preview_offer(self._transport, draft)

    async def preview_patch(self, patch: OfferPatch) -> Receipt:
        """What `patch_offer` would be answered."""
        return await submissions.preview_patch(self._transport, patch)

    async def product_types(self, keywords: Sequence[str]) -> list[ProductType]:
        """Those that any of the keywords finds; all of them without keywords."""
        return await product_types.with_keywords(self._transport, keywords)

    async def product_types_for(self, title: str) -> list[ProductType]:
        """Those that Amazon recommends for a product of that title."""
        return await product_types.for_title(self._transport, title)

    async def product_type_definition(
        self, product_type: str, requirements: Requirements
    ) -> ProductTypeDefinition:
        """What a product type asks for."""
        return await product_types.definition(self._transport, product_type, requirements)

    async def product_type_schema(self, definition: ProductTypeDefinition) -> bytes:
        """The JSON Schema of a definition that was just read."""
        return await product_types.schema(self._transport, definition)
