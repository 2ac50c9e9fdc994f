"""What is given in a pricing vector, as stores, products, listings and offers."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domain.listing import (
    NOT_DUE,
    Condition,
    Fulfilment,
    Listing,
    ListingStatus,
    PriceOverride,
)
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from domain.product import Product, ProductType, WebsitePrices
from domain.store import (
    BusinessSettings,
    PriceSettings,
    QuantityDiscount,
    StockSettings,
    Store,
    StoreSettings,
    StoreStatus,
)

_NOW = datetime(2020, 1, 15, 12, tzinfo=UTC)
_HOME = "USD"
_ELSEWHERE = "GBP"
"""Currency of a catalogue that is converted, where the vector does not tell."""
_AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)
_OURS = "us"


@dataclass(frozen=True, slots=True)
class _ShopIn(Store):
    """A store that sells in any currency, also one of no marketplace of ours."""

    sells_in: str = _HOME

    @property
    def currency(self) -> str:
        """The currency that the vector tells."""
        return self.sells_in


def store_of(given: dict[str, Any]) -> Store:
    """The store with the settings of a vector. No step is too large for it."""
    settings = given.get("settings", {})
    vat, currency = settings.get("vat", {}), settings.get("currency", {})
    price = PriceSettings(
        source=settings.get("price_source", "price"),
        map_attribute=settings.get("map_attribute"),
        msrp_attribute=settings.get("msrp_attribute"),
        vat_percent=Decimal(vat["percent"]) if vat.get("enabled") else None,
        currency_rate=Decimal(currency["rate"]) if currency.get("enabled") else None,
        largest_step_percent=None,
        business=_business(settings.get("business", {})),
    )
    return _ShopIn(
        id="store",
        merchant_id="merchant",
        name="Vector",
        email="vector@example.com",
        country="US",
        catalog_currency=_bought_in(given),
        status=StoreStatus.ACTIVE,
        settings=StoreSettings(price=price, stock=StockSettings(**settings.get("stock", {}))),
        connection=None,
        orders_read_until=None,
        version=1,
        created_at=_NOW,
        updated_at=_NOW,
        sells_in=_sold_in(given),
    )


def product_of(given: dict[str, Any]) -> Product:
    """The product of a vector; attributes that read as amounts are its prices."""
    product, currency = given.get("product", {}), _bought_in(given)
    attributes = product.get("attrs", {"price": "10.00"})
    scopes = product.get("scopes", {})
    amounts = {code: each for code, each in attributes.items() if _AMOUNT.fullmatch(each)}
    return Product(
        id="merchant/sku",
        merchant_id="merchant",
        sku="sku",
        name="Vector",
        type=ProductType.SIMPLE,
        attribute_set="Default",
        categories=tuple(f"Default Category/{each}" for each in product.get("category_ids", [])),
        is_enabled=True,
        prices=_prices({**amounts, **scopes.get("default", {})}, currency),
        attributes={code: each for code, each in attributes.items() if code not in amounts},
        stock=Decimal(product.get("stock", "5")),
        manages_stock=product.get("manage_stock", True),
        content_hash="",
        version=1,
        created_at=_NOW,
        updated_at=_NOW,
        website_prices=tuple(_website(each, currency) for each in scopes.get("websites", [])),
    )


def listing_of(given: dict[str, Any]) -> Listing:
    """The listing of a vector."""
    listing, currency = given.get("listing", {}), _sold_in(given)
    override = _money(listing.get("override_price"), currency)
    current = _money(listing.get("current_price"), currency)
    return Listing(
        id="store/sku",
        merchant_id="merchant",
        store_id="store",
        seller_sku="sku",
        asin="B000000001",
        product_id="merchant/sku",
        title="Vector",
        product_type="PRODUCT",
        condition=Condition(given.get("product", {}).get("condition", Condition.NEW)),
        fulfilment=Fulfilment(listing.get("fulfilled_by", "merchant").upper()),
        status=ListingStatus.ACTIVE,
        reason=None,
        candidates=(),
        issues=(),
        price=current,
        quantity=None,
        wanted_price=None,
        wanted_quantity=None,
        override=PriceOverride(override, "vector", _NOW) if override else None,
        owns_buy_box=listing.get("buy_box_won"),
        hold=None,
        last_decision_id=None,
        inputs_hash=None,
        due=NOT_DUE,
        version=1,
        created_at=_NOW,
        updated_at=_NOW,
    )


def market_of(given: dict[str, Any]) -> OfferSnapshot | None:
    """The offers of a vector; ours is added where only our shipping is told."""
    market, currency = given.get("market"), _sold_in(given)
    if market is None:
        return None
    found = [_offer(row, currency, wins=True) for row in market.get("buy_box", [])]
    found += [_offer(row, currency, wins=False) for row in market.get("offers", [])]
    shipping = given.get("listing", {}).get("own_shipping")
    if shipping:
        condition = given.get("product", {}).get("condition", Condition.NEW)
        row = {"condition": condition, "listing_price": "0", "shipping_price": shipping}
        found.append(_offer({**row, "is_seller": True}, currency, wins=False))
    return OfferSnapshot("store/B000000001", "merchant", "store", "B000000001", tuple(found), _NOW)


def _business(settings: dict[str, Any]) -> BusinessSettings | None:
    if not settings.get("enabled"):
        return None
    tiers = settings.get("tiers", []) if settings.get("tiered") else []
    return BusinessSettings(
        tuple(QuantityDiscount(int(quantity), Decimal(percent)) for quantity, percent in tiers)
    )


def _sold_in(given: dict[str, Any]) -> str:
    currency: str = given.get("settings", {}).get("currency", {}).get("to", _HOME)
    return currency


def _bought_in(given: dict[str, Any]) -> str:
    """Currency of the catalogue: another one than the store's where prices are converted."""
    settings, sold_in = given.get("settings", {}).get("currency", {}), _sold_in(given)
    if not settings.get("enabled"):
        return sold_in
    currency: str = settings.get("from", _HOME if sold_in != _HOME else _ELSEWHERE)
    return currency


def _website(website: dict[str, Any], currency: str) -> WebsitePrices:
    own = {
        code: amount
        for code, amount in website["values"].items()
        if code not in website["use_default"]
    }
    return WebsitePrices(website["code"], website["sort_order"], _prices(own, currency))


def _prices(amounts: dict[str, str], currency: str) -> dict[str, Money]:
    return {code: Money.parse(amount, currency) for code, amount in amounts.items()}


def _money(amount: str | None, currency: str) -> Money | None:
    return None if amount is None else Money.parse(amount, currency)


def _offer(row: dict[str, Any], currency: str, *, wins: bool) -> Offer:
    return Offer(
        seller_id=_OURS if row["is_seller"] else "rival",
        condition=Condition(row["condition"]),
        listing_price=Money.parse(row["listing_price"], currency),
        shipping=Money.parse(row["shipping_price"], currency),
        fulfilment=Fulfilment.MERCHANT,
        feedback_rating=row.get("feedback_rating"),
        feedback_count=row.get("feedback_count"),
        is_buy_box_winner=wins,
        is_own=row["is_seller"],
    )
