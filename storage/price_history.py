"""Price history: a row for each change, written with the change and moved by night into a time-series collection.

MongoDB writes to no time-series collection in a transaction, and one row at a time costs it ten times what a row of
a plain collection does (ADR 33). So a row is written down beside the change in `price_points`, and what a series
gathered is moved in one piece. Rows say all that holds from a moment on: to have one twice changes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.ids import new_id
from domain.listing import Condition
from domain.money import Money
from domain.price_history import Around, Line, Market, Movement, Own, OwnPrice, Spans
from storage.mongo import Document, Scope

FRESH = "price_points"
"""What is not moved yet. Its ids are a series and a new id, so that the index of ids is all that it needs."""
NAME = "price_history"
KEPT = timedelta(days=180)
"""Rows are removed this long after they were recorded, by the machine's time, up to 30 days later as buckets are."""
TIME_SERIES = {"timeField": "recorded_at", "metaField": "series", "granularity": "hours"}
"""The time is the machine's, for expiry goes by it and business time may be virtual. A bucket spans 30 days."""

_MOVED_AT_ONCE = 2_000


def own_series(store_id: str, seller_sku: str) -> str:
    """The series of a listing's own price."""
    return f"{store_id}/{Line.OWN}/{seller_sku}"


def market_series(store_id: str, asin: str, condition: Condition) -> str:
    """The series of an item's market, as listings in a condition see it."""
    return f"{store_id}/{Line.MARKET}/{asin}/{condition.value}"


async def record(scope: Scope, rows: Iterable[OwnPrice | Market], recorded_at: datetime) -> None:
    """Add what changed; to be called in the transaction that changes it."""
    await scope.insert(
        FRESH,
        (
            {
                **_row(row),
                "merchant_id": scope.merchant_id,
                "at": row.at,
                "recorded_at": recorded_at,
            }
            for row in rows
        ),
    )


async def move(scope: Scope, store_id: str) -> int:
    """Move a store's fresh rows, next to each other what is of one series; gives how many.

    Whoever is killed in between leaves rows in both places, and whoever comes next moves them again.
    """
    moved, last = 0, _prefixed(f"{store_id}/")["_id"]["$lt"]
    after = f"{store_id}/"
    # From where the rows before ended: to begin anew would walk over all that was deleted just now.
    while rows := await scope.find(
        FRESH, {"_id": {"$gt": after, "$lt": last}}, sort=[("_id", 1)], limit=_MOVED_AT_ONCE
    ):
        after = rows[-1]["_id"]
        # An id of each row's own would be most of what it takes; nothing looks for it.
        await scope.insert(NAME, [{**row, "_id": 0} for row in rows])
        await scope.delete(FRESH, {"_id": {"$in": [row["_id"] for row in rows]}})
        moved += len(rows)
    return moved


async def by_span(
    scope: Scope, own: str, market: str | None, spans: Spans
) -> tuple[dict[int, Own], dict[int, Around]]:
    """What became of a listing's price and of its market, by number of the span, and before."""
    series = [own] if market is None else [own, market]
    until = {"series": {"$in": series}, "at": {"$lt": spans.to_at}}
    # The fresh ones first: what is moved meanwhile is then met twice, and never missed.
    sources = (
        (FRESH, {**until, "$or": [_prefixed(f"{each}@") for each in series]}),
        (NAME, until),
    )
    found = await scope.aggregate(sources, [{"$group": _grouped(spans)}])
    own_spans: dict[int, Own] = {}
    around: dict[int, Around] = {}
    for row in found:
        key, last, currency = row["_id"], row["last"], row["last"]["currency"]
        number = int(key["span"])
        if key["series"] == own:
            own_spans[number] = Own(
                _movement(row, "price", currency), _money(last.get("wanted"), currency)
            )
        else:
            around[number] = Around(
                _movement(row, "buy_box", currency),
                _movement(row, "lowest", currency),
                last.get("ours"),
                last.get("rivals"),
            )
    return own_spans, around


def _row(row: OwnPrice | Market) -> Document:
    """Amounts in minor units of the row's currency, which is the store's."""
    if isinstance(row, OwnPrice):
        series = own_series(row.store_id, row.seller_sku)
        amounts = {"price": row.price, "wanted": row.wanted_price}
        told: Document = {}
    else:
        series = market_series(row.store_id, row.asin, row.condition)
        amounts = {"buy_box": row.buy_box, "lowest": row.lowest}
        told = {"ours": row.owns_buy_box, "rivals": row.competitors}
    currencies = [money.currency for money in amounts.values() if money]
    return {
        "_id": f"{series}@{new_id()}",
        "series": series,
        "currency": currencies[0] if currencies else None,
        **{name: money and money.minor for name, money in amounts.items()},
        **told,
    }


def _prefixed(text: str) -> Document:
    """Ids that begin with a text; whatever else they go on with, the filter must tell."""
    return {"_id": {"$gte": text, "$lt": text[:-1] + chr(ord(text[-1]) + 1)}}


def _grouped(spans: Spans) -> Document:
    length = spans.length / timedelta(milliseconds=1)
    since = {"$subtract": ["$at", spans.from_at]}
    number = {"$cond": [{"$lt": [since, 0]}, -1, {"$floor": {"$divide": [since, length]}}]}
    in_order = {"at": 1, "recorded_at": 1}
    return {
        "_id": {"series": "$series", "span": number},
        "last": {"$bottom": {"sortBy": in_order, "output": "$$ROOT"}},
        **{f"{name}_low": {"$min": f"${name}"} for name in ("price", "buy_box", "lowest")},
        **{f"{name}_high": {"$max": f"${name}"} for name in ("price", "buy_box", "lowest")},
    }


def _movement(row: Mapping[str, Any], name: str, currency: str) -> Movement:
    return Movement(
        _money(row["last"].get(name), currency),
        _money(row[f"{name}_low"], currency),
        _money(row[f"{name}_high"], currency),
    )


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
