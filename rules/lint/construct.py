"""Makes up a listing of which chosen facts are true."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from domain.listing import NOT_DUE, Condition, Fulfilment, Listing, ListingStatus, listing_id
from domain.marketplace import MARKETPLACES
from domain.money import Money
from domain.product import Product, ProductType, product_id
from domain.store import Store, StoreSettings, StoreStatus
from rules.facts import ATTRIBUTE, PRICE
from rules.lint.case import Case
from rules.lint.domains import Raw, money
from rules.lint.made_market import offers_of

_E = TypeVar("_E", bound=StrEnum)

CONSTRUCTED = "constructed"
"""The id of what is made up."""

USUAL_PRICE = Decimal(100)
_USUAL_TIME = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Template:
    """What constructed listings have where nothing is asked of it."""

    store: Store
    now: datetime
    prices: Mapping[str, Decimal]
    """Price attributes by code, in catalogue currency."""


def plain_store() -> Store:
    """A store with the settings that new ones have."""
    return Store(
        id=CONSTRUCTED,
        merchant_id=CONSTRUCTED,
        name="Constructed",
        email="",
        country="US",
        catalog_currency="USD",
        status=StoreStatus.ACTIVE,
        settings=StoreSettings(),
        connection=None,
        orders_read_until=None,
        version=1,
        created_at=_USUAL_TIME,
        updated_at=_USUAL_TIME,
    )


def usual_time(now: datetime | None) -> datetime:
    """The moment of constructed listings where none is asked for."""
    return now or _USUAL_TIME


def constructed(
    template: Template, wanted: Mapping[str, Raw], *, has_market: bool = True
) -> Case | None:
    """A listing with what is wanted of each variable; None where the parts do not fit together.

    `has_market` shows competitors' offers even where nothing is asked of them.
    """
    store = _store(template.store, wanted)
    product = _product(store, template, wanted)
    if product is None:
        return None
    listing = _listing(store, product, template.now, wanted)
    market = offers_of(store, listing, template.now, wanted, is_shown=has_market)
    if market is None:
        return None
    listing = replace(listing, owns_buy_box=market.owns_buy_box)
    return Case(store, product, listing, market.offers, template.now)


def _store(store: Store, wanted: Mapping[str, Raw]) -> Store:
    """The store, in the country that is wanted. Where that changes its money, the catalogue's money follows."""
    country = str(wanted.get("country") or store.country)
    if country == store.country:
        return store
    currency = MARKETPLACES[country].currency
    return replace(store, country=country, catalog_currency=currency)


def _product(store: Store, template: Template, wanted: Mapping[str, Raw]) -> Product | None:
    prices = _prices(store.catalog_currency, template, wanted)
    if prices is None:
        return None
    categories, stock = wanted.get("category"), wanted.get("stock", Decimal(10))
    sku = str(wanted.get("sku") or "SKU-1")
    return Product(
        id=product_id(store.merchant_id, sku),
        merchant_id=store.merchant_id,
        sku=sku,
        name=_text(wanted, "name", "Example"),
        type=_choice(ProductType, wanted.get("productType"), ProductType.SIMPLE),
        attribute_set=_text(wanted, "attributeSet", "Default"),
        categories=categories if isinstance(categories, tuple) else (),
        is_enabled=wanted.get("enabled") is not False,
        prices=prices,
        attributes={
            name.removeprefix(ATTRIBUTE): str(value)
            for name, value in wanted.items()
            if name.startswith(ATTRIBUTE) and value is not None
        },
        stock=stock if isinstance(stock, Decimal) else Decimal(10),
        manages_stock=wanted.get("managesStock") is not False,
        content_hash=CONSTRUCTED,
        version=1,
        created_at=template.now,
        updated_at=template.now,
    )


def _prices(
    currency: str, template: Template, wanted: Mapping[str, Raw]
) -> dict[str, Money] | None:
    asked = {
        name.removeprefix(PRICE): value for name, value in wanted.items() if name.startswith(PRICE)
    }
    amounts: dict[str, Raw] = {**template.prices, **asked}
    prices = {
        code: money(amount, currency) for code, amount in amounts.items() if amount is not None
    }
    known = {code: price for code, price in prices.items() if price is not None}
    return known if len(known) == len(prices) else None


def _listing(store: Store, product: Product, now: datetime, wanted: Mapping[str, Raw]) -> Listing:
    quantity = wanted.get("quantity")
    seller_sku = str(wanted.get("sellerSku") or product.sku)
    return Listing(
        id=listing_id(store.id, seller_sku),
        merchant_id=store.merchant_id,
        store_id=store.id,
        seller_sku=seller_sku,
        asin=_text(wanted, "asin", "B000000001") or None,
        product_id=product.id,
        title=product.name,
        product_type="PRODUCT",
        condition=_choice(Condition, wanted.get("condition"), Condition.NEW),
        fulfilment=_choice(Fulfilment, wanted.get("fulfilment"), Fulfilment.MERCHANT),
        status=ListingStatus.ACTIVE,
        reason=None,
        candidates=(),
        issues=(),
        price=None,
        quantity=int(quantity) if isinstance(quantity, Decimal) else None,
        wanted_price=None,
        wanted_quantity=None,
        override=None,
        owns_buy_box=None,
        hold=None,
        last_decision_id=None,
        inputs_hash=None,
        due=NOT_DUE,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _text(wanted: Mapping[str, Raw], name: str, usual: str) -> str:
    """A text as it is wanted, empty where it must not be known."""
    if name not in wanted:
        return usual
    value = wanted[name]
    return "" if value is None else str(value)


def _choice(choices: type[_E], value: Raw, usual: _E) -> _E:
    return usual if value is None else choices(str(value))
