"""What webhooks are told of: each topic by the real thing, once, in the transaction that makes it true."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.port import Receipt
from domain.clock import SystemClock
from domain.decision import DecisionReason
from domain.global_id import Kind
from domain.listing import Issue, ListingStatus
from domain.operation import OperationKind
from domain.order import OrderStatus
from domain.store import ListAction
from domain.webhook import DisabledReason, Move, PriceMove, WebhookEvent, WebhookTopic
from services import listings, operations, rulesets, runs, webhook_events
from services.runtime import Runtime
from storage.filters import EVERYTHING
from storage.keyset import Sort
from storage.listings import LISTINGS, change
from storage.mongo import Scope
from storage.runs import RUNS
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS
from tests.factories import MERCHANT, NOW, a_listing, a_webhook, usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug, open_shop
from tests.services.test_orders import a_page, an_order, telling
from tests.services.test_runs import percent_off
from tests.services.trouble import Killed, with_connector

T = WebhookTopic
ALL = tuple(topic for topic in T if topic is not T.TEST)
MUGS = range(1, 13)


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin([an_item(number) for number in MUGS])
    return simulator


async def listen(shop: Shop, *topics: WebhookTopic, **changes: Any) -> None:
    """Have a webhook told from now on."""
    given: dict[str, Any] = {"topics": topics or ALL, "store_ids": (), **changes}
    await WEBHOOKS.insert(
        shop.runtime.scope(given.get("merchant_id", MERCHANT)), [a_webhook(**given)]
    )


async def told(shop: Shop, *topics: WebhookTopic) -> list[WebhookEvent]:
    """The events that are written down, oldest first."""
    found = await DELIVERIES.find(shop.scope, EVERYTHING, sort=Sort("_id"))
    return [row.event for row in found if row.event.topic in (topics or ALL)]


def moves(events: list[WebhookEvent]) -> list[tuple[str | None, str | None]]:
    return [(each.status.before, each.status.after) for each in events if each.status]


async def test_a_listing_that_goes_live_tells_its_price_and_where_it_stands(shop: Shop) -> None:
    await listen(shop, T.LISTING_PRICE_CHANGED, T.LISTING_STATUS_CHANGED)

    await shop.put_on_sale(a_mug())

    price, status = sorted(await told(shop), key=lambda event: event.topic)
    listing = await shop.listing()
    decided = (await shop.submissions())[0].decision_id
    for event in (price, status):
        assert (event.kind, event.key, event.store_id) == (Kind.LISTING, listing.id, shop.id)
        assert (event.version, event.decision_id) == (listing.version, decided)
        assert event.occurred_at == listing.updated_at
    assert (price.topic, price.changed) == (T.LISTING_PRICE_CHANGED, ("price",))
    assert price.price == PriceMove(None, usd("20.00"))
    assert (status.topic, status.changed) == (T.LISTING_STATUS_CHANGED, ("status",))
    assert status.status == Move("LIST_IN_PROGRESS", "ACTIVE")


async def test_a_price_that_changes_is_told_once_it_is_live_and_then_once(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await listen(shop)

    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()
    await shop.push()
    assert await told(shop, T.LISTING_PRICE_CHANGED) == []
    await shop.settle()

    (event,) = await told(shop, T.LISTING_PRICE_CHANGED)
    assert event.price == PriceMove(usd("20.00"), usd("21.00"))


async def test_two_submissions_of_a_listing_that_go_live_together_are_told_once(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await listen(shop, T.LISTING_PRICE_CHANGED)
    for changed in (a_mug(price="21.00"), a_mug(price="21.00", stock=a_mug().stock - 3)):
        await shop.import_products(changed)
        await shop.reprice()
        await shop.push()

    await shop.settle()

    assert len(await told(shop)) == 1
    prices = [entry.after for entry in await shop.changes() if entry.kind == "PRICE"]
    assert prices == ["20.00 USD", "21.00 USD"]


async def test_of_one_object_every_event_has_a_greater_sequence_than_the_one_before(
    shop: Shop,
) -> None:
    await listen(shop)
    await shop.put_on_sale(a_mug())
    for price in ("21.00", "22.00", "60.00", "23.00"):
        await shop.import_products(a_mug(price=price))
        await shop.settle()

    mine = [event for event in await told(shop) if event.key == shop.listing_id()]
    sequences = [event.sequence for event in sorted(mine, key=lambda event: event.id)]
    assert {event.topic for event in mine} == {*list(T)[:3]}
    assert len(sequences) >= 6
    assert sorted(set(sequences)) == sorted(sequences)
    versions = [event.version for event in sorted(mine, key=lambda event: event.sequence)]
    assert versions == sorted(versions)  # type: ignore[type-var]


async def test_a_first_offer_that_is_refused_is_told(shop: Shop) -> None:
    await shop.import_products(a_mug())
    await shop.match()
    await shop.reprice()
    await listen(shop)

    def replacement(_: Any) -> Any:
        async def refuse(_: object) -> Receipt:
            issue = Issue("1", "No.", "ERROR")
            return Receipt(accepted=False, submission_id="s", issues=(issue,))

        return refuse

    await with_connector(shop, put_offer=replacement).push()

    (event,) = await told(shop)
    assert event.status == Move("LIST_IN_PROGRESS", "INACTIVE")
    assert (event.reason, event.changed) == ("REJECTED", ("status", "reason"))
    assert event.version == (await shop.listing()).version


async def test_what_the_rules_and_people_do_to_a_listing_is_told(shop: Shop) -> None:
    await shop.change_settings(list_action=ListAction.MANUAL)
    await shop.put_on_sale(a_mug())
    await listen(shop, T.LISTING_STATUS_CHANGED)

    await listings.publish(shop.runtime, shop.scope, shop.listing_id(), actor="me")
    await shop.settle()
    await shop.import_products(a_mug(is_enabled=False))
    await shop.settle()

    assert moves(await told(shop)) == [
        ("READY_TO_LIST", "LIST_IN_PROGRESS"),
        ("LIST_IN_PROGRESS", "ACTIVE"),
        ("ACTIVE", "INELIGIBLE"),
    ]


async def test_a_price_that_begins_to_wait_for_a_person_is_told_once(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await listen(shop, T.DECISION_HELD)

    for price in ("60.00", "61.00"):  # more than a step, and then held anew for the same reason
        await shop.import_products(a_mug(price=price))
        await shop.settle()

    (event,) = await told(shop)
    decisions = await shop.decisions()
    assert event.reason == DecisionReason.STEP_TOO_LARGE
    assert (event.kind, event.key, event.changed) == (Kind.LISTING, shop.listing_id(), ("hold",))
    assert event.decision_id == decisions[-2].id
    assert event.version == (await shop.listing()).version - 1


async def test_a_run_that_is_held_is_one_event_and_not_one_for_each_price(shop: Shop) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await listen(shop, T.GUARDRAIL_TRIPPED, T.DECISION_HELD)

    await shop.publish(percent_off(40))
    await shop.settle()
    (run,) = [row for row in await RUNS.find(shop.scope, EVERYTHING) if row.breaches]
    await runs.discard(shop.runtime, shop.scope, run.id, actor="me")
    await shop.settle()

    (event,) = await told(shop)
    assert (event.topic, event.kind, event.key) == (T.GUARDRAIL_TRIPPED, Kind.RUN, run.id)
    assert event.status == Move(None, "HELD")


async def test_orders_are_told_as_they_come_and_as_they_change(shop: Shop) -> None:
    await listen(shop)
    first = an_order(shop)
    for order in (
        first,
        first,  # read again, since windows overlap
        replace(first, marketplace_updated_at=first.marketplace_updated_at + timedelta(minutes=1)),
        an_order(shop, minutes=2, status=OrderStatus.SHIPPED),
        an_order(shop, minutes=3, status=OrderStatus.SHIPPED, total=usd("39.00")),
    ):
        await telling(shop, a_page(shop, order)).import_orders()

    new, shipped, cheaper = await told(shop)
    assert {event.key for event in (new, shipped, cheaper)} == {first.id}
    assert (new.topic, new.version, new.changed) == (T.ORDER_IMPORTED, 1, ())
    assert new.status == Move(None, "UNSHIPPED")
    assert (shipped.topic, shipped.version, shipped.changed) == (T.ORDER_CHANGED, 3, ("status",))
    assert shipped.status == Move("UNSHIPPED", "SHIPPED")
    assert (cheaper.version, cheaper.changed, cheaper.status) == (4, ("total",), None)
    assert new.sequence < shipped.sequence < cheaper.sequence


async def test_a_page_of_orders_that_is_imported_again_after_a_crash_is_told_once(
    shop: Shop,
) -> None:
    await listen(shop)
    page = a_page(shop, an_order(shop), last=False)
    with pytest.raises(Killed):
        await telling(shop, page, Killed).import_orders()
    await telling(shop, page).import_orders()
    assert [event.topic for event in await told(shop)] == [T.ORDER_IMPORTED]


async def test_rules_that_come_into_force_are_told(shop: Shop) -> None:
    await listen(shop, T.RULESET_PUBLISHED)

    ruleset = await shop.publish(percent_off(1))
    await rulesets.publish(shop.runtime, shop.scope, ruleset.id, actor="me")  # it is in force

    (event,) = await told(shop)
    assert (event.kind, event.key, event.version) == (Kind.RULESET, ruleset.id, 1)
    assert event.status == Move("DRAFT", "PUBLISHED")


async def test_work_that_is_over_is_told_however_it_ended(shop: Shop) -> None:
    await listen(shop, T.OPERATION_FINISHED)

    done = await shop.import_products(a_mug())
    dead = await operations.start(shop.scope, OperationKind.MATCH, actor="me", store_id=shop.id)
    with pytest.raises(Killed):
        async with operations.running(shop.scope, dead):
            raise Killed
    await operations._finish(shop.scope, done)  # it was over before

    first, second = await told(shop)
    assert (first.key, first.store_id, first.reason) == (done.id, None, "OK")
    assert (second.key, second.store_id, second.reason) == (dead.id, shop.id, None)
    assert moves([first, second]) == [("RUNNING", "DONE"), ("RUNNING", "DEAD")]


async def test_every_topic_has_its_test() -> None:
    assert len(ALL) == 8


# Who is told


async def test_only_who_listens_to_the_topic_and_the_store_is_told(
    shop: Shop, amazon: Amazon
) -> None:
    other = await open_shop(shop.runtime, amazon)
    topics = (T.RULESET_PUBLISHED, T.OPERATION_FINISHED)
    await listen(shop, *topics, id="all")
    await listen(shop, *topics, id="this", store_ids=(shop.id,))
    await listen(shop, *topics, id="other", store_ids=(other.id,))
    await listen(shop, T.ORDER_IMPORTED, id="topic")
    off = {"disabled_at": NOW, "disabled_reason": DisabledReason.BY_HAND}
    await listen(shop, *topics, id="off", **off)
    await listen(shop, *topics, id="stranger", merchant_id="stranger")

    await shop.publish(percent_off(1))
    await shop.import_products(a_mug())

    found = await DELIVERIES.find(shop.scope, EVERYTHING)
    assert {(row.webhook_id, row.event.topic) for row in found} == {
        ("all", T.RULESET_PUBLISHED),
        ("this", T.RULESET_PUBLISHED),
        ("all", T.OPERATION_FINISHED),  # of the catalogue, which is no single store's
    }
    published = {row.event.id for row in found if row.event.topic is T.RULESET_PUBLISHED}
    assert len(published) == 1  # the same for all receivers
    assert await DELIVERIES.find(shop.runtime.scope("stranger"), EVERYTHING) == []


# The transaction


async def moving(scope: Scope, version: int = 1) -> None:
    """Have the listing stand elsewhere, and tell of it."""
    before = a_listing(version=version)
    after = replace(before, status=ListingStatus.INACTIVE, version=version + 1)
    await change(scope, [(before.id, {"status": after.status})])
    await webhook_events.tell(scope, webhook_events.listing_status(before, after, at=NOW))


async def test_what_is_rolled_back_is_not_told(shop: Shop) -> None:
    await LISTINGS.insert(shop.scope, [a_listing()])
    await listen(shop)

    async def dies(inside: Scope) -> None:
        await moving(inside)
        raise Killed

    with pytest.raises(Killed):
        await shop.scope.transaction(dies)
    assert await told(shop) == []

    await shop.scope.transaction(moving)
    assert len(await told(shop)) == 1


async def test_what_collides_and_runs_again_is_told_once(shop: Shop, runtime: Runtime) -> None:
    await LISTINGS.insert(shop.scope, [a_listing()])
    await listen(shop)
    rounds = 0

    async def collides(inside: Scope) -> None:
        nonlocal rounds
        rounds += 1
        await LISTINGS.require(inside, a_listing().id)
        if rounds == 1:
            await change(shop.scope, [(a_listing().id, {"title": "Meanwhile"})])
        await moving(inside)

    await shop.scope.transaction(collides)

    assert rounds == 2
    assert len(await told(shop)) == 1


async def test_a_dry_run_tells_nobody(shop: Shop) -> None:
    await shop.change_settings(list_action=ListAction.MANUAL)
    await shop.put_on_sale(a_mug())
    await listen(shop)

    dry = shop.scope.dry()
    await listings.publish(shop.runtime, dry, shop.listing_id(), actor="me")
    assert await told(shop) == []

    await listings.publish(shop.runtime, shop.scope, shop.listing_id(), actor="me")
    assert len(await told(shop)) == 1


async def test_an_event_outside_of_its_transaction_is_a_mistake(shop: Shop) -> None:
    with pytest.raises(AssertionError, match="in the transaction"):
        await moving(shop.scope)


async def test_repricing_a_chunk_costs_one_small_query_and_often_none(shop: Shop) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    database = shop.runtime.database.handle
    await database.command("profile", 2)
    try:
        await shop.import_products(*(a_mug(number, "21.00") for number in MUGS))
        assert await shop.reprice() == 12
        assert await _asked(shop) == []
        await shop.import_products(*(a_mug(number, "90.00") for number in MUGS))
        assert await shop.reprice() == 12
        assert await _asked(shop) == ["webhooks"]
    finally:
        await database.command("profile", 0)
        await database.drop_collection("system.profile")


async def _asked(shop: Shop) -> list[str]:
    """Of the collections of webhooks those that repricing asked, once for each time."""
    held = {"command.filter.topics.$in": T.DECISION_HELD.value}
    rows = shop.runtime.database.handle["system.profile"].find(held)
    return [row["ns"].partition(".")[2] for row in await rows.to_list(None)]


def test_moments_of_deliveries_are_the_machines() -> None:
    made = webhook_events.delivery_of(
        MERCHANT, "webhook1", webhook_events.test_of(a_webhook(), at=NOW)
    )
    assert SystemClock().now() - made.created_at < timedelta(minutes=1)
