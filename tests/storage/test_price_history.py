"""Price history in the database: what is moved, met twice or out of order makes no other chart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from domain.listing import Condition
from domain.money import Money
from domain.price_history import Market, OwnPrice, PricePoint, Spans, points
from storage import price_history
from storage.mongo import Database, Scope
from storage.price_history import FRESH, KEPT, NAME, market_series, own_series
from tests.factories import NOW, usd

MINUTE = timedelta(minutes=1)
RECORDED = datetime.now(UTC).replace(microsecond=0)
OWN = own_series("store1", "MUG-1")
MARKET = market_series("store1", "B1", Condition.NEW)


def own(minute: int, price: Money | None, sku: str = "MUG-1") -> OwnPrice:
    return OwnPrice("store1", sku, price, usd("9.00"), NOW + minute * MINUTE)


async def chart(scope: Scope, first: int, until: int, count: int) -> list[PricePoint]:
    spans = Spans(NOW + first * MINUTE, NOW + until * MINUTE, count)
    found = await price_history.by_span(scope, OWN, MARKET, spans)
    return list(points(spans, *found))


async def test_rows_expire_and_a_transaction_cannot_write_them(
    database: Database, scope: Scope
) -> None:
    [told] = await (await database.handle.list_collections(filter={"name": NAME})).to_list(None)
    assert told["type"] == "timeseries"
    assert told["options"]["expireAfterSeconds"] == KEPT.total_seconds()
    row = {"merchant_id": scope.merchant_id, "series": OWN, "recorded_at": RECORDED}
    # Why there are two collections: once this passes, one will do.
    with pytest.raises(OperationFailure, match="transaction"):
        await scope.transaction(lambda inside: inside.insert(NAME, [row]))


async def test_moved_rows_make_the_same_chart(database: Database, scope: Scope) -> None:
    market = Market(
        *("store1", "B1", Condition.NEW, usd("19.00"), False, usd("18.50"), 3, NOW + 5 * MINUTE)
    )
    await price_history.record(
        scope, [own(1, None), own(3, usd("20.00")), market, own(4, usd("1.00"), "MUG")], RECORDED
    )
    before = await chart(scope, 0, 10, 5)

    assert await price_history.move(scope, "store1") == 4

    assert await chart(scope, 0, 10, 5) == before
    assert [(p.starts_at, p.own.price.last, p.around.lowest.last) for p in before] == [
        (NOW, None, None),
        (NOW + 2 * MINUTE, usd("20.00"), None),
        (NOW + 4 * MINUTE, usd("20.00"), usd("18.50")),
    ]
    assert await database.handle[FRESH].count_documents({}) == 0


async def test_a_move_that_is_killed_loses_nothing(
    database: Database, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    await price_history.record(scope, [own(n, usd(f"{10 + n}.00")) for n in range(4)], RECORDED)
    before = await chart(scope, 0, 4, 2)

    async def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Scope, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            await price_history.move(scope, "store1")

    assert await chart(scope, 0, 4, 2) == before
    await price_history.move(scope, "store1")
    assert await chart(scope, 0, 4, 2) == before
    assert await database.handle[NAME].count_documents({}) == 8


async def test_another_merchant_sees_and_moves_nothing(database: Database, scope: Scope) -> None:
    await price_history.record(scope, [own(1, usd("20.00"))], RECORDED)
    stranger = database.scope("stranger")
    assert await price_history.move(stranger, "store1") == 0
    assert await chart(stranger, 0, 9, 3) == []
    await price_history.move(scope, "store1")
    assert await chart(stranger, 0, 9, 3) == []
    assert len(await chart(scope, 0, 9, 3)) == 1


async def test_a_sku_that_begins_like_another_is_another(scope: Scope) -> None:
    await price_history.record(
        scope, [own(1, usd("1.00"), "MUG-1@2"), own(1, usd("2.00"), "MUG-1/x")], RECORDED
    )
    assert await chart(scope, 0, 9, 3) == []


PRICES = st.one_of(st.none(), st.integers(1, 9).map(lambda whole: usd(f"{whole}.00")))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 30), PRICES), max_size=12),
    moved=st.integers(0, 12),
    twice=st.integers(0, 12),
    first=st.integers(-3, 20),
    length=st.integers(1, 20),
    count=st.integers(1, 9),
)
async def test_thinning_out_keeps_the_ends_and_the_extremes(
    database: Database,
    changes: list[tuple[int, Money | None]],
    moved: int,
    twice: int,
    first: int,
    length: int,
    count: int,
) -> None:
    scope = database.scope("acme")
    await database.handle[FRESH].delete_many({})
    await database.handle[NAME].delete_many({"series": OWN})
    for number, (minute, price) in enumerate(changes):
        rows = [own(minute, price)] * (1 + (number == twice))
        await price_history.record(scope, rows, RECORDED + timedelta(milliseconds=number))
        if number == moved:
            await price_history.move(scope, "store1")

    found = await chart(scope, first, first + length, count)

    told = sorted(enumerate(changes), key=lambda each: (each[1][0], each[0]))
    steps = [(NOW + minute * MINUTE, price) for _, (minute, price) in told]
    end = NOW + (first + length) * MINUTE
    assert len(found) <= count
    for point in found:
        before = [price for at, price in steps if at < point.starts_at][-1:]
        within = [price for at, price in steps if point.starts_at <= at < point.ends_at]
        known = [price.minor for price in before + within if price]
        moves = point.own.price
        assert moves.last == (before + within)[-1]
        assert moves.low == (Money(min(known), "USD") if known else None)
        assert moves.high == (Money(max(known), "USD") if known else None)
    for at, _ in steps:
        if NOW + first * MINUTE <= at < end:
            assert sum(point.starts_at <= at < point.ends_at for point in found) == 1
    if any(at <= NOW + first * MINUTE for at, _ in steps):
        assert found[0].starts_at == NOW + first * MINUTE
    latest = [price for at, price in steps if at < end][-1:]
    assert [point.own.price.last for point in found[-1:]] == latest
