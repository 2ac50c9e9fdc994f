"""What everybody asks for an item: the newest word on each condition counts, and no event is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import Throttled
from connectors.port import ItemOffers
from domain.decision import FactValue
from domain.listing import Condition
from domain.offer import OfferSnapshot, snapshot_id
from domain.operation import OperationKind, OperationOutcome
from embedded.servers import ServerUrls
from services import looks, offers
from services.decisions import explain
from services.queue import Queue
from storage.filters import Is
from storage.listings import LISTINGS, count_due
from storage.offers import SNAPSHOTS
from storage.operations import OPERATIONS
from tests.factories import MERCHANT, an_offer, usd
from tests.services.amazon import Amazon, an_item, asin_of
from tests.services.shop import Shop, a_mug, forget_jobs, queued
from tests.services.trouble import Killed, with_connector

NEW, USED = frozenset({Condition.NEW}), frozenset({Condition.USED_GOOD, Condition.USED_LIKE_NEW})
MINUTE = timedelta(minutes=1)


async def known(shop: Shop, number: int = 1) -> OfferSnapshot:
    return await SNAPSHOTS.require(shop.scope, snapshot_id(shop.id, asin_of(number)))


async def test_offers_that_moved_have_the_listings_of_the_item_decided_again(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))

    marked = await shop.see(an_offer(price="19.00"))

    assert marked == 1
    due = {sku: row.due.reason for sku, row in (await shop.listings()).items() if row.due.at}
    assert due == {"MUG-1": "OFFERS_CHANGED"}
    assert [offer.listing_price for offer in (await known(shop)).offers] == [usd("19.00")]


async def test_offers_that_did_not_move_mark_nothing(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer("A"), an_offer("B", "21.00"))
    await shop.reprice()

    later = shop.runtime.clock.now() + MINUTE
    marked = await shop.see(an_offer("B", "21.00"), an_offer("A"), observed_at=later)

    assert marked == 0
    assert await count_due(shop.scope, shop.id) == 0
    assert (await known(shop)).observed_at == later


async def test_an_older_word_never_replaces_a_newer_one(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    now = shop.runtime.clock.now()
    await shop.see(an_offer(price="19.00"), observed_at=now)
    await shop.reprice()

    assert await shop.see(an_offer(price="17.00"), observed_at=now - MINUTE) == 0

    assert [offer.listing_price for offer in (await known(shop)).offers] == [usd("19.00")]
    assert await count_due(shop.scope, shop.id) == 0


async def test_the_same_word_again_changes_nothing(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer())
    before = await known(shop)
    await shop.reprice()

    assert await shop.see(an_offer()) == 0

    assert await known(shop) == before


async def test_of_each_condition_the_newest_word_counts(shop: Shop) -> None:
    now = shop.runtime.clock.now()
    used = an_offer("U", "12.00", condition=Condition.USED_GOOD)
    await shop.see(an_offer("N", "19.00"), observed_at=now, covers=NEW)

    # An event about used ones that is older than what is known of new ones is news all the same.
    await shop.see(used, observed_at=now - MINUTE, covers=USED)
    await shop.see(an_offer("N", "18.00"), observed_at=now - MINUTE, covers=NEW)
    await shop.see(observed_at=now + MINUTE, covers=frozenset({Condition.REFURBISHED}))

    snapshot = await known(shop)
    assert [(offer.seller_id, offer.listing_price) for offer in snapshot.offers] == [
        ("N", usd("19.00")),
        ("U", usd("12.00")),
    ]
    assert snapshot.observed_at == now + MINUTE


async def test_an_item_that_nobody_offers_any_more_has_no_offers(shop: Shop) -> None:
    now = shop.runtime.clock.now()
    await shop.see(an_offer(), observed_at=now, covers=NEW)
    await shop.see(observed_at=now + MINUTE, covers=NEW)
    assert (await known(shop)).offers == ()


async def test_several_events_on_one_item_come_to_the_newest_whatever_their_order(
    shop: Shop,
) -> None:
    now = shop.runtime.clock.now()
    store = await shop.store()
    items = [
        ItemOffers(asin_of(1), (an_offer(price=price),), now + MINUTE * minute, NEW)
        for minute, price in ((2, "17.00"), (3, "16.00"), (1, "18.00"))
    ]
    await offers.record(shop.runtime, shop.scope, store, items, reason="OFFERS_CHANGED")
    assert [offer.listing_price for offer in (await known(shop)).offers] == [usd("16.00")]


@pytest.mark.parametrize(
    ("own", "rival", "flag"), [(True, False, True), (False, True, False), (False, False, None)]
)
async def test_a_listing_tells_whether_the_buy_box_is_ours(
    shop: Shop, own: bool, rival: bool, flag: bool | None
) -> None:
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer(price="1.00", is_buy_box_winner=not own, is_own=False))

    await shop.see(
        an_offer("US", is_own=True, is_buy_box_winner=own),
        an_offer("RIVAL", is_buy_box_winner=rival),
        observed_at=shop.runtime.clock.now() + MINUTE,
    )

    assert (await shop.listing()).owns_buy_box is flag


async def test_a_decision_knows_whose_buy_box_it_is_before_the_listing_tells(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer("US", is_own=True, is_buy_box_winner=True))
    await shop.scope.update(LISTINGS.name, {}, {"$set": {"owns_buy_box": False}})

    decision = await explain(shop.runtime, shop.scope, await shop.listing())

    assert decision is not None
    assert FactValue("buyBoxOwned", "true") in decision.facts


async def test_events_are_taken_in_once_and_move_the_price(
    shop: Shop, amazon: Amazon, servers: ServerUrls
) -> None:
    await shop.publish(
        """
kind: pricing
name: Lowest
rules:
  - key: lowest
    type: intelligent
    competitor: {source: lowest}
    adjust: match
    floor: {source: cost}
"""
    )
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    amazon.advance(30, frozen=False)
    waiting = amazon.status()["queueDepth"]["visible"]
    assert waiting
    await forget_jobs(servers)

    received = await shop.receive()

    assert received == waiting
    assert amazon.status()["queueDepth"] == {"visible": 0, "inFlight": 0}
    assert ("reprice", (MERCHANT, shop.id, None)) in await queued(servers)
    assert await shop.receive() == 0
    await shop.settle()
    prices = {row.price for row in (await shop.listings()).values()}
    assert prices != {usd("20.00")}


async def test_an_event_that_was_not_stored_comes_again(
    shop: Shop, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    amazon.advance(30, frozen=False)
    monkeypatch.setattr("connectors.amazon.queue._VISIBLE_AGAIN", 0)
    stored_before_acknowledged = []

    def dies(_: Any) -> Callable[..., Any]:
        async def acknowledge(_: object) -> None:
            stored_before_acknowledged.append(await SNAPSHOTS.count(shop.scope))
            raise Killed

        return acknowledge

    with pytest.raises(Killed):
        await with_connector(shop, acknowledge=dies).receive()
    marks = await count_due(shop.scope, shop.id)
    waiting = amazon.status()["queueDepth"]["visible"]
    monkeypatch.undo()
    again = await shop.receive()

    assert stored_before_acknowledged[0] > 0
    assert again == waiting > 0
    assert await count_due(shop.scope, shop.id) == marks


async def test_an_event_that_is_stored_does_not_come_again_because_nobody_could_be_woken(
    shop: Shop, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug())
    amazon.advance(30, frozen=False)

    async def away(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(Queue, "wake", away)
        with pytest.raises(ConnectionError):
            await shop.receive()

    assert amazon.status()["queueDepth"] == {"visible": 0, "inFlight": 0}
    assert await count_due(shop.scope, shop.id) == 1


async def test_offers_are_pulled_for_everything_that_is_listed(shop: Shop, amazon: Amazon) -> None:
    amazon.begin([an_item(number) for number in range(1, 26)])
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 26)))

    await looks.pull(shop.runtime, shop.scope, shop.id, None)

    assert await SNAPSHOTS.count(shop.scope) == 25
    assert amazon.calls("getItemOffersBatch") == 2
    own = [offer for offer in (await known(shop, 25)).offers if offer.is_own]
    assert [offer.listing_price for offer in own] == [usd("20.00")]
    (operation,) = await OPERATIONS.find(shop.scope, Is("kind", "eq", OperationKind.OFFERS_PULL))
    assert (operation.outcome, operation.done) == (OperationOutcome.OK, 25)
    assert operation.result == {"items": 25, "due": 25}


async def test_a_pull_that_is_throttled_goes_on_where_it_was(shop: Shop, amazon: Amazon) -> None:
    amazon.begin([an_item(number) for number in range(1, 61)])
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 61)))
    asked = 0

    def one_a_turn(inner: Any) -> Callable[..., Any]:
        async def read(*arguments: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked % 2 == 0:
                raise Throttled("later", operation="offers", retry_after=timedelta(seconds=10))
            return await inner.offers(*arguments)

        return read

    slow = with_connector(shop, offers=one_a_turn).runtime
    for _ in range(4):
        try:
            await looks.pull(slow, shop.scope, shop.id, None)
        except Throttled:
            continue

    assert await SNAPSHOTS.count(shop.scope) == 60


async def test_two_stores_know_different_offers(shop: Shop) -> None:
    elsewhere = replace(await shop.store(), id="another")
    item = ItemOffers(asin_of(1), (an_offer(),), shop.runtime.clock.now())
    await offers.record(shop.runtime, shop.scope, elsewhere, [item], reason="x")
    assert await SNAPSHOTS.get(shop.scope, snapshot_id(shop.id, asin_of(1))) is None
