"""Stores, products, listings and offers as tests of the rule core begin with them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from domain.listing import NOT_DUE, Condition, Fulfilment, Listing, ListingStatus, PriceOverride
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from domain.product import Product, ProductType
from domain.store import PriceSettings, StockSettings, Store, StoreSettings, StoreStatus
from rules.document import parse
from rules.durable_engine import DurableMatcher
from rules.facts import facts_of
from rules.pricing import PricingInputs, PricingVerdict, decide

NOW = datetime(2020, 1, 15, 12, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


def a_store(
    price: PriceSettings | None = None,
    stock: StockSettings | None = None,
    *,
    country: str = "US",
    catalog_currency: str = "USD",
    time_zone: str = "UTC",
) -> Store:
    settings = StoreSettings(
        time_zone=time_zone,
        price=price or PriceSettings(largest_step_percent=None),
        stock=stock or StockSettings(),
    )
    return Store(
        id="store",
        merchant_id="merchant",
        name="Shop",
        email="shop@example.com",
        country=country,
        catalog_currency=catalog_currency,
        status=StoreStatus.ACTIVE,
        settings=settings,
        connection=None,
        orders_read_until=None,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def a_product(
    prices: dict[str, str] | None = None,
    attributes: dict[str, str] | None = None,
    *,
    currency: str = "USD",
    categories: Iterable[str] = (),
    kind: ProductType = ProductType.SIMPLE,
    is_enabled: bool = True,
    stock: str = "5",
    manages_stock: bool = True,
) -> Product:
    amounts = {"price": "100.00"} if prices is None else prices
    product = Product(
        id="merchant/sku",
        merchant_id="merchant",
        sku="sku",
        name="Hoodie",
        type=kind,
        attribute_set="Top",
        categories=tuple(categories),
        is_enabled=is_enabled,
        prices={code: Money.parse(amount, currency) for code, amount in amounts.items()},
        attributes=attributes or {},
        stock=Decimal(stock),
        manages_stock=manages_stock,
        content_hash="",
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(product, content_hash=repr(product))


def a_listing(
    *,
    condition: Condition = Condition.NEW,
    fulfilment: Fulfilment = Fulfilment.MERCHANT,
    price: Money | None = None,
    quantity: int | None = None,
    wanted_price: Money | None = None,
    wanted_quantity: int | None = None,
    override: Money | None = None,
    owns_buy_box: bool | None = None,
) -> Listing:
    return Listing(
        id="store/sku",
        merchant_id="merchant",
        store_id="store",
        seller_sku="sku",
        asin="B000000001",
        product_id="merchant/sku",
        title="Hoodie",
        product_type="PRODUCT",
        condition=condition,
        fulfilment=fulfilment,
        status=ListingStatus.ACTIVE,
        reason=None,
        candidates=(),
        issues=(),
        price=price,
        quantity=quantity,
        wanted_price=wanted_price,
        wanted_quantity=wanted_quantity,
        override=PriceOverride(override, "Ada", NOW) if override else None,
        owns_buy_box=owns_buy_box,
        hold=None,
        last_decision_id=None,
        inputs_hash=None,
        due=NOT_DUE,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def an_offer(
    price: str,
    *,
    shipping: str = "0.00",
    condition: Condition = Condition.NEW,
    rating: int | None = 99,
    count: int | None = 5000,
    wins: bool = False,
    own: bool = False,
    seller: str = "rival",
    currency: str = "USD",
) -> Offer:
    return Offer(
        seller_id="us" if own else seller,
        condition=condition,
        listing_price=Money.parse(price, currency),
        shipping=Money.parse(shipping, currency),
        fulfilment=Fulfilment.MERCHANT,
        feedback_rating=rating,
        feedback_count=count,
        is_buy_box_winner=wins,
        is_own=own,
    )


def offers(*shown: Offer) -> OfferSnapshot:
    return OfferSnapshot("store/B000000001", "merchant", "store", "B000000001", shown, NOW)


def decided(
    rules: str | None = None,
    *,
    store: Store | None = None,
    product: Product | None = None,
    listing: Listing | None = None,
    market: OfferSnapshot | None = None,
    eligible: bool = True,
    now: datetime = NOW,
) -> PricingVerdict:
    """Parse the rules, match them with the engine, decide."""
    return decide(
        inputs_of(
            rules,
            store=store,
            product=product,
            listing=listing,
            market=market,
            eligible=eligible,
            now=now,
        )
    )


def inputs_of(
    rules: str | None = None,
    *,
    store: Store | None = None,
    product: Product | None = None,
    listing: Listing | None = None,
    market: OfferSnapshot | None = None,
    eligible: bool = True,
    now: datetime = NOW,
) -> PricingInputs:
    store, product, listing = store or a_store(), product or a_product(), listing or a_listing()
    document = None
    matched: frozenset[str] = frozenset()
    if rules is not None:
        document = parse(rules)
        with DurableMatcher(document) as matcher:
            (matched,) = matcher.match([facts_of(product, store, listing, market)])
    return PricingInputs(store, product, listing, market, document, matched, eligible, now)
