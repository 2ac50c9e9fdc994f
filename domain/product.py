"""A product of the merchant's catalogue."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.money import Money


class ProductType(StrEnum):
    """Magento's product types."""

    SIMPLE = "SIMPLE"
    VIRTUAL = "VIRTUAL"
    DOWNLOADABLE = "DOWNLOADABLE"
    CONFIGURABLE = "CONFIGURABLE"
    GROUPED = "GROUPED"
    BUNDLE = "BUNDLE"
    GIFT_CARD = "GIFT_CARD"

    @property
    def can_be_listed(self) -> bool:
        """Whether one unit of it is one thing to sell; parents and gift cards are not (behaviour 6)."""
        return self in {ProductType.SIMPLE, ProductType.VIRTUAL, ProductType.DOWNLOADABLE}


@dataclass(frozen=True, slots=True)
class WebsitePrices:
    """Prices that one website of the catalogue has of its own; a code that is not there uses the default price."""

    website: str
    sort_order: int
    """1 comes first (behaviour 10)."""
    prices: dict[str, Money]


@dataclass(frozen=True, slots=True)
class Product:
    """What the merchant sells, as the last import of the catalogue told it."""

    id: str
    merchant_id: str
    sku: str
    name: str
    type: ProductType
    attribute_set: str
    categories: tuple[str, ...]
    """Paths such as ``Default Category/Men/Tops``."""
    is_enabled: bool
    prices: dict[str, Money]
    """Price attributes by code, in the catalogue's currency: always ``price``, others where set."""
    attributes: dict[str, str]
    """Every other attribute by code, as the catalogue writes it."""
    stock: Decimal
    manages_stock: bool
    content_hash: str
    """Digest of everything above; equal hashes mean that an import has nothing to change."""
    version: int
    created_at: datetime
    updated_at: datetime
    website_prices: tuple[WebsitePrices, ...] = ()
    """Where the catalogue scopes prices by website; `prices` are the defaults then. Part of the digest."""


def product_id(merchant_id: str, sku: str) -> str:
    """A product's id follows from its merchant and SKU, so that importing twice cannot make two."""
    return f"{merchant_id}/{sku}"


def content_hash(product: Product) -> str:
    """The digest of everything that an import tells of a product, whatever the file's format."""
    content = [
        product.id,
        product.name,
        product.type.value,
        product.attribute_set,
        product.categories,
        product.is_enabled,
        _told(product.prices),
        product.attributes,
        str(product.stock),
        product.manages_stock,
        *([each.website, each.sort_order, _told(each.prices)] for each in product.website_prices),
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _told(prices: Mapping[str, Money]) -> dict[str, str]:
    return {code: str(price) for code, price in prices.items()}
