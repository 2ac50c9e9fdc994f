"""Looking at offers that no event told of: never seen ones first, then the oldest by what is at stake."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Throttled
from domain.offer import Look, snapshot_id, span_between_looks
from services import looks
from storage import looks as stored
from storage.filters import EVERYTHING
from storage.listings import EPOCH, LISTINGS
from storage.looks import LOOKS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from tests.factories import an_offer, usd
from tests.services.amazon import Amazon, an_item, asin_of
from tests.services.shop import Shop, a_mug
from tests.services.trouble import Killed, with_connector

HOUR = timedelta(hours=1)


async def planned(shop: Shop) -> list[str]:
    """The ASINs in the order in which they are looked at."""
    end_of_time = shop.runtime.clock.now() + timedelta(days=300)
    return [look.asin for look in await stored.due(shop.scope, shop.id, end_of_time, 1000)]


def _refusing_after(most: int) -> Callable[[Any], Callable[..., Any]]:
    """Answers so many questions for offers, and then the quota is used up."""
    asked: list[object] = []

    def one(inner: Any) -> Callable[..., Any]:
        async def read(asins: list[str], condition: Any) -> Any:
            if len(asked) == most:
                raise Throttled("later", operation="offers", retry_after=timedelta(seconds=10))
            asked.append(asins)
            return await inner.offers(asins, condition)

        return read

    return one


async def test_what_was_never_seen_is_looked_at_at_once_and_then_not_before_its_time(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(number) for number in range(1, 26)])
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 26)))

    assert await looks.look(shop.runtime, shop.scope, shop.id) == 25

    assert await SNAPSHOTS.count(shop.scope) == 25
    assert amazon.calls("getItemOffersBatch") == 2
    assert await looks.look(shop.runtime, shop.scope, shop.id) == 0
    assert amazon.calls("getItemOffersBatch") == 2

    amazon.advance(48 * 60)
    assert await looks.look(shop.runtime, shop.scope, shop.id) == 25
    assert amazon.calls("getItemOffersBatch") == 4


async def test_offers_whose_events_were_lost_are_found(shop: Shop, amazon: Amazon) -> None:
    await shop.put_on_sale(a_mug())
    await looks.look(shop.runtime, shop.scope, shop.id)
    before = await SNAPSHOTS.require(shop.scope, snapshot_id(shop.id, asin_of(1)))
    amazon.advance(48 * 60, frozen=False)

    await looks.look(shop.runtime, shop.scope, shop.id)

    after = await SNAPSHOTS.require(shop.scope, snapshot_id(shop.id, asin_of(1)))
    assert after.observed_at > before.observed_at
    assert after.offers != before.offers


async def test_when_all_events_are_lost_the_calls_there_are_go_to_what_is_worth_most(
    shop: Shop, amazon: Amazon
) -> None:
    numbers = range(1, 61)
    amazon.begin([an_item(number) for number in numbers])
    await shop.put_on_sale(*(a_mug(number) for number in numbers))
    worth = {number: 1 + number * 37 % 61 for number in numbers}  # each another, in no order
    for number, quantity in worth.items():
        await shop.scope.update(
            LISTINGS.name,
            {"_id": shop.listing_id(f"MUG-{number}")},
            {"$set": {"quantity": quantity}},
        )
    await looks.look(shop.runtime, shop.scope, shop.id)
    seen_first = shop.runtime.clock.now()
    amazon.advance(48 * 60)
    calls = amazon.calls("getItemOffersBatch")

    slow = with_connector(shop, offers=_refusing_after(2)).runtime
    with pytest.raises(Throttled):
        await looks.look(slow, shop.scope, shop.id)

    assert amazon.calls("getItemOffersBatch") == calls + 2
    again = {
        snapshot.asin
        for snapshot in await SNAPSHOTS.find(shop.scope, EVERYTHING)
        if snapshot.observed_at > seen_first
    }
    dearest = sorted(numbers, key=lambda number: -worth[number])[:40]
    assert again == {asin_of(number) for number in dearest}
    age = await stored.age(shop.scope, shop.id)
    assert (age.items, age.never_seen) == (60, 0)
    assert age.oldest_seen_at
    assert age.median_seen_at
    assert age.oldest_seen_at <= seen_first < age.median_seen_at


async def test_more_at_stake_is_looked_at_sooner_and_what_is_new_first_of_all(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(number) for number in range(1, 5)])
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 5)))
    for number, (price, quantity) in enumerate([("5.00", 1), ("900.00", 40), ("20.00", 10)], 1):
        await shop.scope.update(
            LISTINGS.name,
            {"_id": f"{shop.id}/MUG-{number}"},
            {"$set": {"price.minor": usd(price).minor, "quantity": quantity}},
        )
    await shop.scope.delete(LOOKS.name, {"asin": asin_of(4)})
    await looks.look(shop.runtime, shop.scope, shop.id)

    await looks.take_up(shop.scope, await shop.store(), [await shop.listing("MUG-4")])

    assert await planned(shop) == [asin_of(number) for number in (4, 2, 3, 1)]


async def test_an_event_makes_a_look_unnecessary(shop: Shop, amazon: Amazon) -> None:
    await shop.put_on_sale(a_mug())
    await looks.look(shop.runtime, shop.scope, shop.id)
    (before,) = await stored.due(shop.scope, shop.id, shop.runtime.clock.now() + 48 * HOUR, 9)
    amazon.advance(120, frozen=False)

    assert await shop.receive() > 0

    (after,) = await stored.due(shop.scope, shop.id, shop.runtime.clock.now() + 48 * HOUR, 9)
    assert after.due_at > before.due_at


async def test_what_the_quota_leaves_is_the_first_to_be_read_the_next_time(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(number) for number in range(1, 61)])
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 61)))
    asked: list[str] = []

    def one_a_turn(inner: Any) -> Callable[..., Any]:
        async def read(asins: list[str], condition: Any) -> Any:
            if len(asked) % 40 == 20:
                asked.extend(asins)
                raise Throttled("later", operation="offers", retry_after=10 * timedelta(seconds=1))
            asked.extend(asins)
            return await inner.offers(asins, condition)

        return read

    slow = with_connector(shop, offers=one_a_turn).runtime
    for left in (40, 20, 0):
        with pytest.raises(Throttled) if left else nullcontext():
            await looks.look(slow, shop.scope, shop.id)
        assert await SNAPSHOTS.count(shop.scope) == 60 - left


async def test_who_dies_before_the_offers_are_stored_leaves_the_look_to_the_next(
    shop: Shop, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug())

    async def killed(*_: object, **__: object) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("services.offers.record", killed)
        with pytest.raises(Killed):
            await looks.look(shop.runtime, shop.scope, shop.id)

    assert await looks.look(shop.runtime, shop.scope, shop.id) == 1


async def test_who_dies_while_a_listing_is_added_leaves_neither_it_nor_its_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.import_products(a_mug())
    insert = Scope.insert_new

    async def killed(scope: Scope, name: str, documents: Any) -> int:
        if name == LISTINGS.name:
            raise Killed
        return await insert(scope, name, documents)

    with monkeypatch.context() as patch:
        patch.setattr(Scope, "insert_new", killed)
        with pytest.raises(Killed):
            await shop.match()
    assert await LOOKS.count(shop.scope) == 0

    await shop.match()

    assert (await LISTINGS.count(shop.scope), await LOOKS.count(shop.scope)) == (1, 1)


async def test_an_event_that_comes_late_puts_the_look_off_by_no_more_than_it_tells(
    shop: Shop, amazon: Amazon
) -> None:
    await shop.put_on_sale(a_mug())
    amazon.advance(30, frozen=False)
    left_at = shop.runtime.clock.now()
    amazon.advance(20 * 60)

    assert await shop.receive() > 0

    (look,) = await stored.due(shop.scope, shop.id, left_at + timedelta(days=9), 9)
    assert look.due_at <= left_at + span_between_looks(Decimal(200))


async def test_what_was_seen_later_stays_so_when_an_older_word_comes(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    store, now = await shop.store(), shop.runtime.clock.now()
    for seen_at in (now, now - HOUR):
        await looks.plan(shop.scope, store, {asin_of(1): seen_at})
    assert (await stored.age(shop.scope, shop.id)).oldest_seen_at == now


async def test_an_item_that_is_listed_no_more_is_forgotten(shop: Shop, amazon: Amazon) -> None:
    await shop.put_on_sale(a_mug())
    await shop.scope.delete(LISTINGS.name, {})
    assert await looks.look(shop.runtime, shop.scope, shop.id) == 0
    assert await LOOKS.count(shop.scope) == 0
    assert amazon.calls("getItemOffersBatch") == 0


async def test_an_event_on_an_item_of_others_plans_nothing(shop: Shop) -> None:
    await shop.see(an_offer(), number=9)
    await looks.plan(shop.scope, await shop.store(), {asin_of(9): shop.runtime.clock.now()})
    assert await LOOKS.count(shop.scope) == 0


async def test_the_next_items_come_out_of_an_index(shop: Shop) -> None:
    rows = [Look(f"x/{n}", shop.scope.merchant_id, "x", str(n), EPOCH) for n in range(500)]
    await LOOKS.insert(shop.scope, rows)
    where = {"store_id": "x", "due_at": {"$lte": shop.runtime.clock.now()}}
    plan = await shop.scope.explain(LOOKS.name, where, [("due_at", 1), ("_id", 1)])
    stages = str(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages
    assert "'SORT'" not in stages


async def test_how_old_offers_are_is_read_off_an_index_alone(shop: Shop) -> None:
    now = shop.runtime.clock.now()
    merchant = shop.scope.merchant_id
    rows = [Look(f"x/{n}", merchant, "x", str(n), now, now + n * HOUR) for n in range(9)]
    await LOOKS.insert(shop.scope, [*rows, Look("x/new", merchant, "x", "new", EPOCH)])
    handle = shop.runtime.database.handle
    await handle.command("profile", 2)
    try:
        age = await stored.age(shop.scope, "x")
    finally:
        await handle.command("profile", 0)

    asked = await handle["system.profile"].find({"ns": f"{handle.name}.looks"}).to_list(None)
    await handle.drop_collection("system.profile")
    assert (age.items, age.never_seen) == (10, 1)
    assert (age.oldest_seen_at, age.median_seen_at) == (now, now + 4 * HOUR)
    assert len(asked) == 4
    assert [row["docsExamined"] for row in asked] == [0] * 4


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_the_span_falls_with_what_is_at_stake(one: Decimal, other: Decimal) -> None:
    spans = [span_between_looks(stake) for stake in sorted((one, other))]
    assert spans[0] >= spans[1]
    assert timedelta(hours=1) < spans[1] <= span_between_looks(Decimal(0)) == timedelta(hours=48)
