"""The catalogue of facts that conditions may read, and the facts of one listing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from domain.listing import Condition, Fulfilment, Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product, ProductType
from domain.store import Store
from rules.catalog import day_of, options_of, prices_of
from rules.market import rivals_of, winners_of

ATTRIBUTE = "attribute."
"""Prefix of facts that are attributes of the catalogue, such as ``attribute.color``."""
PRICE = "price."
"""Prefix of facts that are price attributes of the catalogue, such as ``price.cost``."""
DATE = "date."
"""Prefix of attributes that are read as dates, such as ``date.news_from_date``."""
OPTIONS = "options."
"""Prefix of attributes that are a choice of several, such as ``options.material``."""

CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}", re.ASCII)
"""Codes of attributes, as Magento allows them."""

Value = str | Decimal | bool | tuple[str, ...]
"""A fact as conditions read it: a text, a number (money as a decimal of its currency), a flag, or several texts."""
Known = Value | int | Money
"""A fact as the catalogue, the listing or the market has it."""


class FactKind(StrEnum):
    """What a fact is, and with it the operators that fit."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    MONEY = "MONEY"
    FLAG = "FLAG"
    CATEGORY = "CATEGORY"
    """Several category paths; a condition names a category or a path of several, and means all below it too."""
    ATTRIBUTE = "ATTRIBUTE"
    """Text of the catalogue, compared as a number where the condition gives a number."""
    DATE = "DATE"
    """A day, written like 2026-06-01."""
    OPTIONS = "OPTIONS"
    """Several texts, the options chosen of an attribute; a condition names whole options."""


class FactScope(StrEnum):
    """Since when a fact is known: a listing rule can ask only for what is known of the product."""

    PRODUCT = "PRODUCT"
    LISTING = "LISTING"
    MARKET = "MARKET"


@dataclass(frozen=True, slots=True)
class FactDefinition:
    """A fact as rule documents, the API and the manual name it."""

    name: str
    kind: FactKind
    scope: FactScope
    description: str
    unit: str | None = None
    choices: tuple[str, ...] = ()
    """All values of a text fact, where they are few."""


_CATALOG_MONEY = "catalogue currency"
_MARKET_MONEY = "marketplace currency"

CATALOGUE: dict[str, FactDefinition] = {
    definition.name: definition
    for definition in (
        FactDefinition("sku", FactKind.TEXT, FactScope.PRODUCT, "SKU in the catalogue"),
        FactDefinition("name", FactKind.TEXT, FactScope.PRODUCT, "Name in the catalogue"),
        FactDefinition(
            "category",
            FactKind.CATEGORY,
            FactScope.PRODUCT,
            "Categories of the product and all above them, by name or by path such as Men/Tops",
        ),
        FactDefinition(
            "attributeSet", FactKind.TEXT, FactScope.PRODUCT, "Attribute set in the catalogue"
        ),
        FactDefinition(
            "productType",
            FactKind.TEXT,
            FactScope.PRODUCT,
            "Type of the product in the catalogue",
            choices=tuple(ProductType),
        ),
        FactDefinition(
            "enabled", FactKind.FLAG, FactScope.PRODUCT, "Whether the catalogue has it enabled"
        ),
        FactDefinition(
            "price", FactKind.MONEY, FactScope.PRODUCT, "Price in the catalogue", _CATALOG_MONEY
        ),
        FactDefinition(
            "stock", FactKind.NUMBER, FactScope.PRODUCT, "Stock in the catalogue", "units"
        ),
        FactDefinition(
            "managesStock",
            FactKind.FLAG,
            FactScope.PRODUCT,
            "Whether the catalogue counts its stock",
        ),
        FactDefinition(
            "country", FactKind.TEXT, FactScope.PRODUCT, "Country of the store's marketplace"
        ),
        FactDefinition("sellerSku", FactKind.TEXT, FactScope.LISTING, "Seller SKU on Amazon"),
        FactDefinition("asin", FactKind.TEXT, FactScope.LISTING, "ASIN of the item on Amazon"),
        FactDefinition(
            "condition",
            FactKind.TEXT,
            FactScope.LISTING,
            "Condition of the item we sell",
            choices=tuple(Condition),
        ),
        FactDefinition(
            "fulfilment",
            FactKind.TEXT,
            FactScope.LISTING,
            "Who ships: the merchant or Amazon",
            choices=tuple(Fulfilment),
        ),
        FactDefinition(
            "quantity",
            FactKind.NUMBER,
            FactScope.LISTING,
            "Quantity last published to Amazon",
            "units",
        ),
        FactDefinition(
            "buyBoxPrice",
            FactKind.MONEY,
            FactScope.MARKET,
            "Landed price of the offer that holds the Buy Box",
            _MARKET_MONEY,
        ),
        FactDefinition(
            "buyBoxOwned", FactKind.FLAG, FactScope.MARKET, "Whether we hold the Buy Box"
        ),
        FactDefinition(
            "lowestPrice",
            FactKind.MONEY,
            FactScope.MARKET,
            "Lowest landed price of all competitors, in any condition",
            _MARKET_MONEY,
        ),
        FactDefinition(
            "competitorCount",
            FactKind.NUMBER,
            FactScope.MARKET,
            "How many offers of competitors Amazon shows",
            "offers",
        ),
    )
}
"""Every fact with a name of its own. Attributes of the catalogue come besides, see `definition_of`."""


FAMILIES: dict[str, FactDefinition] = {
    definition.name: definition
    for definition in (
        FactDefinition(
            ATTRIBUTE, FactKind.ATTRIBUTE, FactScope.PRODUCT, "Attribute in the catalogue"
        ),
        FactDefinition(PRICE, FactKind.MONEY, FactScope.PRODUCT, "Price attribute", _CATALOG_MONEY),
        FactDefinition(DATE, FactKind.DATE, FactScope.PRODUCT, "Attribute read as a date"),
        FactDefinition(
            OPTIONS, FactKind.OPTIONS, FactScope.PRODUCT, "Options chosen of an attribute"
        ),
    )
}
"""Facts of which there is one for every attribute code, by the prefix of their names."""


def definition_of(name: str) -> FactDefinition | None:
    """The fact of a name, those by attribute code included; None where there is none."""
    prefix, dot, code = name.partition(".")
    family = FAMILIES.get(prefix + dot)
    if family is None:
        return CATALOGUE.get(name)
    return replace(family, name=name) if CODE.fullmatch(code) else None


def attribute_codes(names: Iterable[str]) -> set[str]:
    """The codes of the attributes of the catalogue, price attributes apart, that facts of such names are made of."""
    parts = (name.partition(".") for name in names)
    return {code for family, dot, code in parts if dot and family + dot != PRICE}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one listing. A name that is not there is not known, which is no mistake."""

    values: dict[str, Known]
    """Facts with a name of their own; those in money are `Money`."""
    prices: dict[str, Money] = field(default_factory=dict)
    """Price attributes by code."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Other attributes by code."""
    _got: dict[str, Value | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def get(self, name: str) -> Value | None:
        """The value of a fact; None where it is not known."""
        try:
            return self._got[name]
        except KeyError:
            self._got[name] = value = self._value(name)
            return value

    def _value(self, name: str) -> Value | None:
        _, is_family, code = name.partition(".")
        if not is_family:
            known = self.values.get(name)
        elif name.startswith(PRICE):
            known = self.prices.get(code)
        else:
            return self._attribute(name, code)
        if isinstance(known, Money):
            return _decimal(known.minor, known.currency)
        if isinstance(known, int) and not isinstance(known, bool):
            return Decimal(known)
        return known

    def _attribute(self, name: str, code: str) -> Value | None:
        text = self.attributes.get(code)
        if text is None:
            return None
        if name.startswith(DATE):
            return day_of(text)
        return options_of(text) if name.startswith(OPTIONS) else text


def facts_of(
    product: Product,
    store: Store,
    listing: Listing | None = None,
    offers: OfferSnapshot | None = None,
) -> Facts:
    """The facts of a product in a store; without listing or offers, the facts about those are not known."""
    prices = prices_of(product)
    values: dict[str, Known | None] = {
        "sku": product.sku,
        "name": product.name,
        "category": product.categories,
        "attributeSet": product.attribute_set,
        "productType": product.type.value,
        "enabled": product.is_enabled,
        "price": prices.get("price"),
        "stock": product.stock,
        "managesStock": product.manages_stock,
        "country": store.country,
    }
    if listing is not None:
        values |= _of_listing(listing)
    if offers is not None:
        values |= _of_offers(offers, store.currency)
    elif listing is not None:
        values["buyBoxOwned"] = listing.owns_buy_box
    known = {name: value for name, value in values.items() if value is not None}
    return Facts(known, prices, product.attributes)


def _of_listing(listing: Listing) -> dict[str, Known | None]:
    quantity = listing.quantity if listing.wanted_quantity is None else listing.wanted_quantity
    return {
        "sellerSku": listing.seller_sku,
        "asin": listing.asin,
        "condition": listing.condition.value,
        "fulfilment": listing.fulfilment.value,
        "quantity": quantity,
    }


def _of_offers(snapshot: OfferSnapshot, currency: str) -> dict[str, Known | None]:
    rivals = rivals_of(snapshot, currency)
    winner = next(iter(winners_of(snapshot, currency)), None)
    landed = (offer.listing_price.minor + offer.shipping.minor for offer in rivals)
    lowest = min(landed, default=None)
    return {
        "buyBoxPrice": None if winner is None else winner.landed_price,
        "buyBoxOwned": None if winner is None else winner.is_own,
        "lowestPrice": None if lowest is None else Money(lowest, currency),
        "competitorCount": len(rivals),
    }


@lru_cache(maxsize=8192)
def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(Money(minor, currency).amount)
