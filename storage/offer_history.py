"""Offer history: what everybody asked for an item, a row for each time it changed, kept for some weeks."""

from collections.abc import Collection as Members
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from domain.listing import Condition, Fulfilment
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from storage.mongo import Document, Scope, Update

NAME = "offer_history"
KEPT = timedelta(days=60)
"""Rows are removed this long after they were recorded, by the machine's time."""


async def record(scope: Scope, snapshots: Iterable[OfferSnapshot], recorded_at: datetime) -> None:
    """Add snapshots; to be called in the transaction that puts them in the place of older ones.

    Of several of one item at one moment the last counts: events tell of one condition each.
    """
    rows = [_row(snapshot, recorded_at) for snapshot in snapshots]
    await scope.update_each(
        NAME, [Update({"_id": row.pop("_id")}, {"$set": row}, upsert=True) for row in rows]
    )


async def newest(scope: Scope, store_id: str) -> datetime | None:
    """Amazon's time of the last thing that was recorded of a store; None where nothing is."""
    found = await scope.find(
        NAME, {"store_id": store_id}, fields=["observed_at"], sort=[("observed_at", -1)], limit=1
    )
    return found[0]["observed_at"] if found else None


async def of_asins(
    scope: Scope, store_id: str, asins: Members[str], since: datetime
) -> dict[str, list[OfferSnapshot]]:
    """What was recorded of items since a moment of Amazon's time, oldest first, by ASIN."""
    where = {
        "store_id": store_id,
        "asin": {"$in": sorted(asins)},
        "observed_at": {"$gte": since},
    }
    found: dict[str, list[OfferSnapshot]] = {}
    for row in await scope.find(NAME, where, sort=[("observed_at", 1)]):
        found.setdefault(row["asin"], []).append(_snapshot(row))
    return found


def _row(snapshot: OfferSnapshot, recorded_at: datetime) -> Document:
    """Offers stand as lists and in one currency: a row has a tenth of a snapshot's names."""
    currency = snapshot.offers[0].listing_price.currency if snapshot.offers else None
    return {
        "_id": f"{snapshot.store_id}/{snapshot.asin}/{snapshot.observed_at.isoformat()}",
        "merchant_id": snapshot.merchant_id,
        "store_id": snapshot.store_id,
        "asin": snapshot.asin,
        "observed_at": snapshot.observed_at,
        "seen_at": {condition.value: at for condition, at in snapshot.seen_at.items()},
        "currency": currency,
        "offers": [
            [
                offer.seller_id,
                offer.condition.value,
                offer.listing_price.minor,
                offer.shipping.minor,
                offer.fulfilment.value,
                offer.feedback_rating,
                offer.feedback_count,
                offer.is_buy_box_winner,
                offer.is_own,
            ]
            for offer in snapshot.offers
        ],
        "recorded_at": recorded_at,
    }


def _snapshot(row: Document) -> OfferSnapshot:
    return OfferSnapshot(
        id=row["_id"],
        merchant_id=row["merchant_id"],
        store_id=row["store_id"],
        asin=row["asin"],
        offers=tuple(_offer(fields, row["currency"]) for fields in row["offers"]),
        observed_at=row["observed_at"],
        seen_at={Condition(code): at for code, at in row["seen_at"].items()},
    )


def _offer(fields: list[Any], currency: str) -> Offer:
    seller_id, condition, price, shipping, fulfilment, rating, count, wins, is_own = fields
    return Offer(
        seller_id=seller_id,
        condition=Condition(condition),
        listing_price=Money(price, currency),
        shipping=Money(shipping, currency),
        fulfilment=Fulfilment(fulfilment),
        feedback_rating=rating,
        feedback_count=count,
        is_buy_box_winner=wins,
        is_own=is_own,
    )
