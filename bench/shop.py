"""What every GraphQL server is asked, and the shop that it is asked about."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.listing import NOT_DUE, Condition, Fulfilment, Listing, ListingStatus, listing_id
from domain.money import CURRENCY_DIGITS, Money
from domain.offer import Offer, OfferSnapshot, offers_hash, snapshot_id
from domain.store import Connection, Store, StoreSettings, StoreStatus
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.stores import STORES

MERCHANT = "default"
SIZE = 600
"""Listings in the shop."""
_NOW = datetime(2026, 1, 5, 8, 30, 15, 250_000, tzinfo=UTC)

QUERY = """
query Page($first: Int) {
  listings(first: $first) {
    nodes {
      id
      sellerSku
      asin
      title
      marketplaceProductType
      condition
      fulfilment
      status
      reason
      price { amount currencyCode }
      quantity
      wantedPrice { amount currencyCode }
      wantedQuantity
      isBuyBoxOwner
      hold
      version
      createdAt
      updatedAt
      store { id name country }
      featuredOffer { sellerId landedPrice { amount currencyCode } isBuyBoxWinner observedAt }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
"""18 fields of a listing, 3 of its store and 4 of its best offer."""

SDL = """
scalar DateTime
type Money { amount: String! currencyCode: String! }
type Store { id: ID! name: String! country: String! }
type Offer {
  sellerId: String! landedPrice: Money! isBuyBoxWinner: Boolean! observedAt: DateTime!
}
type Listing {
  id: ID! sellerSku: String! asin: String title: String! marketplaceProductType: String
  condition: String! fulfilment: String! status: String! reason: String
  price: Money quantity: Int wantedPrice: Money wantedQuantity: Int isBuyBoxOwner: Boolean
  hold: String version: Int! createdAt: DateTime! updatedAt: DateTime!
  store: Store! featuredOffer: Offer
}
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Listings { nodes: [Listing!]! pageInfo: PageInfo! }
type Query { listings(first: Int): Listings! }
"""
"""The part of the schema that the query sees, for servers that have no other."""

PROJECTION = [
    *("seller_sku", "asin", "title", "product_type", "condition", "fulfilment", "status", "reason"),
    *("price", "quantity", "wanted_price", "wanted_quantity", "owns_buy_box", "hold", "version"),
    *("created_at", "updated_at", "store_id"),
]
OFFER_PROJECTION: dict[str, Any] = {
    "observed_at": 1,
    "offers": {"$filter": {"input": "$offers", "cond": "$$this.is_buy_box_winner"}},
}
"""Of the offers just the one that holds the Buy Box."""
BATCH = 1_000
"""Documents of a first answer, so that a page of 250 takes no second."""


async def fill(scope: Scope) -> None:
    """Two stores, and in them listings with five offers each."""
    chance = Random(1)
    await STORES.insert(scope, [a_store(f"store{number}") for number in range(2)])
    listings = [a_listing(number, chance) for number in range(SIZE)]
    await LISTINGS.insert(scope, listings)
    await SNAPSHOTS.insert(scope, [a_snapshot(listing, chance) for listing in listings])


async def page(database: AsyncIOMotorDatabase[dict[str, Any]], first: int) -> dict[str, Any]:
    """The answer, written by hand: three reads of what is needed, and one dictionary made of them."""
    mine = {"merchant_id": MERCHANT}
    listings = await database.listings.find(
        mine, PROJECTION, sort=[("_id", 1)], limit=first + 1, batch_size=BATCH
    ).to_list(None)
    more = len(listings) > first
    del listings[first:]
    of_stores = {"_id": {"$in": list({row["store_id"] for row in listings})}, **mine}
    of_items = {"_id": {"$in": [f"{row['store_id']}/{row['asin']}" for row in listings]}, **mine}
    stores, snapshots = await asyncio.gather(
        database.stores.find(of_stores, ["name", "country"], batch_size=BATCH).to_list(None),
        database.offers.find(of_items, OFFER_PROJECTION, batch_size=BATCH).to_list(None),
    )
    places = {
        row["_id"]: {"id": _id("Store", row["_id"]), "name": row["name"], "country": row["country"]}
        for row in stores
    }
    featured = {row["_id"]: _featured(row) for row in snapshots}
    end = listings[-1]["_id"]
    return {
        "nodes": [
            {
                "id": _id("Listing", row["_id"]),
                "sellerSku": row["seller_sku"],
                "asin": row["asin"],
                "title": row["title"],
                "marketplaceProductType": row["product_type"],
                "condition": Condition(row["condition"]).name,
                "fulfilment": row["fulfilment"],
                "status": row["status"],
                "reason": row["reason"],
                "price": _money(row["price"]),
                "quantity": row["quantity"],
                "wantedPrice": _money(row["wanted_price"]),
                "wantedQuantity": row["wanted_quantity"],
                "isBuyBoxOwner": row["owns_buy_box"],
                "hold": row["hold"],
                "version": row["version"],
                "createdAt": _moment(row["created_at"]),
                "updatedAt": _moment(row["updated_at"]),
                "store": places[row["store_id"]],
                "featuredOffer": featured[f"{row['store_id']}/{row['asin']}"],
            }
            for row in listings
        ],
        "pageInfo": {
            "hasNextPage": more,
            "endCursor": _base64(json.dumps([end, end], separators=(",", ":"))),
        },
    }


def _featured(snapshot: dict[str, Any]) -> dict[str, Any] | None:
    for offer in snapshot["offers"]:
        if offer["is_buy_box_winner"]:
            price, shipping = offer["listing_price"], offer["shipping"]
            landed = {**price, "minor": price["minor"] + shipping["minor"]}
            return {
                "sellerId": offer["seller_id"],
                "landedPrice": _money(landed),
                "isBuyBoxWinner": True,
                "observedAt": _moment(snapshot["observed_at"]),
            }
    return None


def _money(money: dict[str, Any] | None) -> dict[str, str] | None:
    if money is None:
        return None
    digits = CURRENCY_DIGITS[money["currency"]]
    whole, rest = divmod(money["minor"], 10**digits)
    return {"amount": f"{whole}.{rest:0{digits}d}", "currencyCode": money["currency"]}


def _moment(at: datetime) -> str:
    """UTC, as the driver gives it without a zone."""
    return at.isoformat(timespec="milliseconds") + "Z"


def _id(kind: str, key: str) -> str:
    return _base64(f"{kind}:{key}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def a_store(id_: str) -> Store:
    """A store of an id."""
    return Store(
        id=id_,
        merchant_id=MERCHANT,
        name=f"Shop {id_}",
        email="me@shop.com",
        country="US",
        catalog_currency="USD",
        status=StoreStatus.ACTIVE,
        settings=StoreSettings(),
        connection=Connection("SELLER", b"sealed", _NOW),
        orders_read_until=None,
        version=1,
        created_at=_NOW,
        updated_at=_NOW,
    )


def a_listing(number: int, chance: Random, store: str | None = None) -> Listing:
    """A listing by its number, of one of two stores unless a store is named."""
    store, sku = store or f"store{number % 2}", f"SKU-{number:06}"
    price = Money(chance.randrange(500, 20_000), "USD")
    return Listing(
        id=listing_id(store, sku),
        merchant_id=MERCHANT,
        store_id=store,
        seller_sku=sku,
        asin=f"B{number:09}",
        product_id=f"{MERCHANT}/{sku}",
        title=f"Product {number} of a fair length, as sellers write them",
        product_type="PRODUCT",
        condition=Condition.NEW,
        fulfilment=Fulfilment.MERCHANT,
        status=ListingStatus.ACTIVE,
        reason=None,
        candidates=(),
        issues=(),
        price=price if number % 10 else None,
        quantity=chance.randrange(100),
        wanted_price=price,
        wanted_quantity=10,
        override=None,
        owns_buy_box=chance.choice([True, False, None]),
        hold=None,
        last_decision_id=None,
        inputs_hash="0" * 64,
        due=NOT_DUE,
        version=chance.randrange(1, 50),
        created_at=_NOW,
        updated_at=_NOW + timedelta(seconds=number),
    )


def a_snapshot(listing: Listing, chance: Random) -> OfferSnapshot:
    """Five offers on a listing's item, ours the first of them."""
    winner = chance.randrange(6)
    offers = tuple(
        Offer(
            seller_id=f"SELLER{number}",
            condition=Condition.NEW,
            listing_price=Money(chance.randrange(500, 20_000), "USD"),
            shipping=Money(chance.choice([0, 499]), "USD"),
            fulfilment=Fulfilment.MERCHANT,
            feedback_rating=95,
            feedback_count=500,
            is_buy_box_winner=number == winner,
            is_own=number == 0,
        )
        for number in range(5)
    )
    return OfferSnapshot(
        id=snapshot_id(listing.store_id, listing.asin or ""),
        merchant_id=MERCHANT,
        store_id=listing.store_id,
        asin=listing.asin or "",
        offers=offers,
        content_hash=offers_hash(offers),
        observed_at=_NOW,
    )
