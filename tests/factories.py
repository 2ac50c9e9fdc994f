"""Values for tests: sound by default, varied by keyword."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domain.clock import SystemClock
from domain.global_id import Kind
from domain.listing import (
    NOT_DUE,
    Condition,
    Fulfilment,
    Listing,
    ListingStatus,
    listing_id,
)
from domain.money import Money
from domain.offer import Offer
from domain.product import Product, ProductType, product_id
from domain.store import Connection, Store, StoreSettings, StoreStatus
from domain.webhook import (
    DeliveryAttempt,
    DeliveryState,
    PriceMove,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookTopic,
    delivery_id,
)

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
MERCHANT = "acme"


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


def a_store(**changes: Any) -> Store:
    store = Store(
        id="store1",
        merchant_id=MERCHANT,
        name="Shop",
        email="me@shop.com",
        country="US",
        catalog_currency="USD",
        status=StoreStatus.ACTIVE,
        settings=StoreSettings(),
        connection=Connection("SELLER", b"sealed", NOW),
        orders_read_until=None,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(store, **changes)


def a_product(sku: str = "MUG-1", price: str = "20.00", **changes: Any) -> Product:
    prices = {"price": usd(price), "cost": usd("8.00")}
    product = Product(
        id=product_id(MERCHANT, sku),
        merchant_id=MERCHANT,
        sku=sku,
        name=f"Product {sku}",
        type=ProductType.SIMPLE,
        attribute_set="Default",
        categories=("Default Category/Kitchen",),
        is_enabled=True,
        prices=prices,
        attributes={"ean": "2900000000018"},
        stock=Decimal(10),
        manages_stock=True,
        content_hash=f"hash of {sku} at {price}",
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(product, **changes)


def a_listing(sku: str = "MUG-1", **changes: Any) -> Listing:
    listing = Listing(
        id=listing_id("store1", sku),
        merchant_id=MERCHANT,
        store_id="store1",
        seller_sku=sku,
        asin="B000000001",
        product_id=product_id(MERCHANT, sku),
        title=f"Product {sku}",
        product_type="PRODUCT",
        condition=Condition.NEW,
        fulfilment=Fulfilment.MERCHANT,
        status=ListingStatus.ACTIVE,
        reason=None,
        candidates=(),
        issues=(),
        price=usd("20.00"),
        quantity=10,
        wanted_price=usd("20.00"),
        wanted_quantity=10,
        override=None,
        owns_buy_box=None,
        hold=None,
        last_decision_id=None,
        inputs_hash=None,
        due=NOT_DUE,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(listing, **changes)


def an_offer(seller_id: str = "RIVAL", price: str = "19.00", **changes: Any) -> Offer:
    offer = Offer(
        seller_id=seller_id,
        condition=Condition.NEW,
        listing_price=usd(price),
        shipping=usd("0.00"),
        fulfilment=Fulfilment.MERCHANT,
        feedback_rating=95,
        feedback_count=500,
        is_buy_box_winner=False,
        is_own=False,
    )
    return replace(offer, **changes)


def a_webhook(**changes: Any) -> Webhook:
    webhook = Webhook(
        id="webhook1",
        merchant_id=MERCHANT,
        url="https://hooks.example.com/",
        topics=(WebhookTopic.LISTING_PRICE_CHANGED,),
        store_ids=("store1",),
        sealed_secret=b"sealed",
        created_by="me",
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(webhook, **changes)


def an_event(**changes: Any) -> WebhookEvent:
    event = WebhookEvent(
        id="event1",
        topic=WebhookTopic.LISTING_PRICE_CHANGED,
        store_id="store1",
        kind=Kind.LISTING,
        key=listing_id("store1", "MUG-1"),
        version=2,
        sequence=18,
        occurred_at=NOW,
        changed=("price",),
        price=PriceMove(None, usd("20.00")),
    )
    return replace(event, **changes)


def a_delivery(event: WebhookEvent | None = None, **changes: Any) -> WebhookDelivery:
    event = event or an_event()
    delivery = WebhookDelivery(
        id=delivery_id(event.id, "webhook1"),
        merchant_id=MERCHANT,
        webhook_id="webhook1",
        event=event,
        state=DeliveryState.PENDING,
        # Not the factories' time: the database takes away what is a week old.
        created_at=SystemClock().now(),
        next_attempt_at=NOW,
        attempts=(DeliveryAttempt("attempt1", NOW, 12, 503, "It answered 503."),),
        tries=1,
    )
    return replace(delivery, **changes)
