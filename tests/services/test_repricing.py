"""Deciding what is due (behaviour 9, 12, 14): every price has its decision, and no mark is lost."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.change import ChangeKind
from domain.decision import DecisionOutcome, DecisionReason
from domain.listing import Condition, ListingReason, ListingStatus
from domain.product import ProductType
from domain.store import ListAction, PriceSettings, StockSettings
from domain.submission import SubmissionState
from embedded.servers import ServerUrls
from services import decisions, listings, repricing, stores
from services.runtime import Runtime
from storage import leases
from tests.factories import MERCHANT, an_offer, usd
from tests.services.amazon import Amazon
from tests.services.shop import Shop, a_mug, forget_jobs, queued
from tests.services.trouble import Interruptions

ANY_STEP = PriceSettings(largest_step_percent=None)
TEN_OFF = """
kind: pricing
name: Ten per cent off
rules:
  - {key: ten-off, type: standard, adjust: {decrease: 10%}}
"""
HALF = """
kind: pricing
name: Half
rules:
  - {key: half, type: standard, adjust: {decrease: 50%}}
"""
FAR_TOO_CHEAP = """
kind: pricing
name: Far too cheap
rules:
  - {key: far-too-cheap, type: standard, adjust: {decrease: 90%}}
"""
NO_MUGS = """
kind: listing
name: No mugs
rules:
  - key: no-mugs
    when: {all: [{fact: sku, contains: MUG}]}
    then: keepOut
"""
EVERYTHING = """
kind: listing
name: Everything
rules:
  - {key: everything, then: list}
"""


async def test_a_price_comes_from_the_rules_with_its_decision_and_its_steps(shop: Shop) -> None:
    await shop.import_products(a_mug())
    rules = await shop.publish(TEN_OFF)
    await shop.match()

    await shop.reprice()

    (decision,) = await shop.decisions()
    assert (decision.outcome, decision.reason) == (DecisionOutcome.CHANGE, DecisionReason.RULES)
    assert (decision.price_before, decision.price_after) == (None, usd("18.00"))
    assert (decision.quantity_after, decision.ruleset_id) == (10, rules.id)
    assert [(step.step, step.after) for step in decision.trace] == [
        ("SOURCE", usd("20.00")),
        ("RULE", usd("18.00")),
        ("QUANTITY", None),
    ]
    assert [(verdict.rule_key, verdict.applied) for verdict in decision.rules] == [
        ("ten-off", True)
    ]


async def test_nothing_is_sent_without_a_decision_that_justifies_it(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    await shop.publish(TEN_OFF)
    await shop.import_products(a_mug(2, stock=Decimal(3)))
    await shop.settle()

    for sku in ("MUG-1", "MUG-2"):
        decisions = {decision.id: decision for decision in await shop.decisions(sku)}
        submissions = await shop.submissions(sku)
        sent = [(sub.price and sub.price.amount, sub.quantity) for sub in submissions]
        assert shop.amazon.written(sku) == sent
        for submission in submissions:
            decision = decisions[submission.decision_id]
            assert submission.price in {None, decision.price_after}
            assert submission.quantity in {None, decision.quantity_after}


async def test_deciding_again_what_did_not_change_leaves_no_trace_but_the_mark_gone(
    shop: Shop,
) -> None:
    await shop.put_on_sale(a_mug())
    before, decisions = await shop.listing(), await shop.decisions()
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")

    assert await shop.reprice() == 1

    after = await shop.listing()
    assert replace(after, inputs_hash=before.inputs_hash) == before
    assert await shop.decisions() == decisions
    assert await shop.due() == 0


async def test_a_held_price_is_not_sent_but_an_empty_shelf_is(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.publish(FAR_TOO_CHEAP)
    await shop.settle()

    held = await shop.listing()
    assert (held.hold, held.price) == (DecisionReason.STEP_TOO_LARGE, usd("20.00"))
    assert (await shop.decisions())[-1].price_after == usd("2.00")
    assert shop.amazon.written("MUG-1") == [("20.00", 10)]

    await shop.import_products(a_mug(stock=Decimal(0)))
    await shop.settle()

    assert shop.amazon.written("MUG-1")[1:] == [(None, 0)]
    assert (await shop.listing()).quantity == 0


async def test_what_was_held_goes_out_once_the_doubt_is_gone(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.publish(FAR_TOO_CHEAP)
    await shop.settle()

    await shop.change_settings(price=ANY_STEP)
    await shop.settle()

    listing = await shop.listing()
    assert (listing.hold, listing.price) == (None, usd("2.00"))


async def test_an_override_beats_the_rules_until_it_is_cleared(shop: Shop) -> None:
    await shop.publish(TEN_OFF)
    await shop.put_on_sale(a_mug())

    await shop.override(usd("15.55"))
    await shop.settle()
    await shop.publish(HALF)
    await shop.settle()
    by_hand = await shop.listing()
    reasons = [decision.reason for decision in await shop.decisions()]
    await shop.override(None)
    await shop.settle()

    assert by_hand.price == usd("15.55")
    assert reasons == [DecisionReason.RULES, DecisionReason.OVERRIDE]
    assert (await shop.listing()).price == usd("10.00")
    told = [
        (change.before, change.after)
        for change in await shop.changes()
        if change.kind is ChangeKind.OVERRIDE
    ]
    assert told == [(None, "15.55 USD"), ("15.55 USD", None)]


@pytest.mark.parametrize("status", [ListingStatus.READY_TO_LIST, ListingStatus.INCOMPLETE])
async def test_an_override_does_not_publish_what_waits_for_a_person(
    shop: Shop, status: ListingStatus
) -> None:  # behaviour 13: only publishing publishes
    await shop.change_settings(list_action=ListAction.MANUAL)
    ean = a_mug().attributes if status is ListingStatus.READY_TO_LIST else {}
    await shop.import_products(a_mug(attributes=ean))
    await shop.match()
    assert (await shop.listing()).status is status

    await shop.override(usd("15.55"))
    await shop.settle()

    listing = await shop.listing()
    assert (listing.status, listing.override and listing.override.price) == (status, usd("15.55"))
    assert shop.amazon.journal() == []


async def test_a_listing_that_the_rule_drops_stays_with_nothing_to_sell_and_comes_back(
    shop: Shop,
) -> None:  # F055, F056
    await shop.put_on_sale(a_mug())

    await shop.publish(NO_MUGS)
    await shop.settle()
    out = await shop.listing()
    shows = shop.amazon.status()["listingsLive"]
    await shop.publish(EVERYTHING)
    await shop.settle()
    back = await shop.listing()

    assert (out.status, out.reason, out.quantity) == (
        ListingStatus.INELIGIBLE,
        ListingReason.RULE,
        0,
    )
    assert shows == 0
    assert [quantity for _, quantity in shop.amazon.written("MUG-1")] == [10, 0, 10]
    assert {entry["operation"] for entry in shop.amazon.journal("MUG-1")[1:]} == {
        "patchListingsItem"
    }
    assert (back.status, back.reason, back.quantity) == (ListingStatus.ACTIVE, None, 10)


async def test_the_listing_rule_is_evaluated_again_when_a_product_changes(
    shop: Shop,
) -> None:  # F053
    await shop.publish(
        """
kind: listing
name: Kitchen only
rules:
  - {key: kitchen, when: {all: [{fact: category, contains: Kitchen}]}, then: list}
"""
    )
    await shop.put_on_sale(a_mug())

    await shop.import_products(a_mug(categories=("Garden",)))
    await shop.settle()
    assert (await shop.listing()).status is ListingStatus.INELIGIBLE

    await shop.import_products(a_mug(categories=("Kitchen",)))
    await shop.settle()
    assert (await shop.listing()).status is ListingStatus.ACTIVE


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"stock": Decimal("4.9")}, ListingReason.STOCK),
        ({"is_enabled": False}, ListingReason.PRODUCT_DISABLED),
        ({"type": ProductType.BUNDLE}, ListingReason.PRODUCT_TYPE),
    ],
)
async def test_a_listing_whose_product_can_no_longer_be_sold_is_ineligible(
    shop: Shop, changed: dict[str, Any], reason: ListingReason
) -> None:  # F036, F065
    await shop.change_settings(stock=StockSettings(out_of_stock_threshold=5))
    await shop.put_on_sale(a_mug(stock=Decimal(5)))
    assert (await shop.listing()).quantity == 5

    await shop.import_products(a_mug(**changed))
    await shop.settle()
    out = await shop.listing()
    await shop.import_products(a_mug(stock=Decimal(6)))
    await shop.settle()
    back = await shop.listing()

    assert (out.status, out.reason, out.quantity) == (ListingStatus.INELIGIBLE, reason, 0)
    assert (back.status, back.quantity) == (ListingStatus.ACTIVE, 6)


@pytest.mark.parametrize(
    ("product", "published"),
    [
        ({"stock": Decimal(80)}, 10),
        ({"stock": Decimal(4)}, 4),
        ({"stock": Decimal("2.5")}, 2),
        ({"stock": Decimal(0), "manages_stock": False}, 100),
    ],
    ids=["F037-capped", "F037-not-capped", "F039-rounded-down", "F038-not-managed"],
)
async def test_the_published_quantity_follows_the_stock_settings(
    shop: Shop, product: dict[str, Any], published: int
) -> None:
    await shop.change_settings(stock=StockSettings(maximum=10))
    await shop.put_on_sale(a_mug(**product))
    assert (await shop.listing()).quantity == published


@pytest.mark.parametrize("quantity", [0, 10])
async def test_a_status_that_changes_names_a_decision_that_was_kept(
    shop: Shop, quantity: int
) -> None:
    await shop.put_on_sale(a_mug(stock=Decimal(quantity)), a_mug(2))
    if not quantity:  # never sold out of nothing: it is live with nothing on the shelf
        await shop.import_products(a_mug(stock=Decimal(1)))
        await shop.settle()
        await shop.import_products(a_mug(stock=Decimal(0)))
        await shop.settle()

    await shop.publish(NO_MUGS)
    await shop.settle()

    kept = {decision.id for decision in await shop.decisions()}
    changes = [change for change in await shop.changes() if change.actor == "rules"]
    assert [change.after for change in changes] == ["INELIGIBLE"]
    assert {change.decision_id for change in changes} <= kept
    assert (await shop.listing()).last_decision_id == changes[-1].decision_id


async def test_a_product_that_changes_while_it_is_decided_is_decided_anew(
    shop: Shop, interruptions: Interruptions
) -> None:
    await shop.publish(TEN_OFF)
    await shop.put_on_sale(a_mug())
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")

    async def reprices_in_the_shop(other: Runtime) -> None:
        await replace(shop, runtime=other, scope=other.scope(MERCHANT)).import_products(
            a_mug(price="30.00")
        )

    interruptions.plan(reprices_in_the_shop)
    await shop.change_settings(price=ANY_STEP)
    await shop.settle()

    assert (await shop.listing()).price == usd("27.00")


async def test_a_listing_that_becomes_due_while_it_is_decided_stays_due_or_is_decided_anew(
    shop: Shop, interruptions: Interruptions
) -> None:
    await shop.publish(TEN_OFF)
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer(price="21.00"))
    rounds = interruptions.rounds

    async def rival_moves(other: Runtime) -> None:
        await replace(shop, runtime=other, scope=other.scope(MERCHANT)).see(
            an_offer(price="22.00"), observed_at=shop.runtime.clock.now().replace(minute=59)
        )

    interruptions.plan(rival_moves)
    await shop.reprice()

    assert interruptions.rounds - rounds == 2
    assert await shop.due() == 0


async def test_a_listing_that_a_person_changes_in_the_middle_is_decided_anew(
    shop: Shop, interruptions: Interruptions
) -> None:
    await shop.publish(TEN_OFF)
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="22.00"))

    async def sets_a_price(other: Runtime) -> None:
        await listings.override_price(
            other, other.scope(MERCHANT), shop.listing_id(), usd("15.55"), actor="me"
        )

    interruptions.plan(sets_a_price)
    await shop.reprice()

    assert (await shop.decisions())[-1].price_after == usd("15.55")
    assert [sub.price for sub in await shop.submissions()][1:] == [usd("15.55")]
    assert await shop.due() == 0


async def test_rules_published_in_the_middle_decide_what_was_under_way(
    shop: Shop, interruptions: Interruptions
) -> None:
    await shop.publish(TEN_OFF)
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="22.00"))

    async def publishes(other: Runtime) -> None:
        await replace(shop, runtime=other, scope=other.scope(MERCHANT)).publish(HALF)

    interruptions.plan(publishes)
    await shop.settle()

    assert (await shop.listing()).price == usd("11.00")
    # What the old rules say was never written once the new ones were in force.
    assert usd("19.80") not in [sub.price for sub in await shop.submissions()]


async def test_settings_that_change_in_the_middle_decide_what_was_under_way(
    shop: Shop, interruptions: Interruptions
) -> None:
    await shop.publish(TEN_OFF)
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="22.00"))

    async def adds_vat(other: Runtime) -> None:
        settings = PriceSettings(vat_percent=Decimal(10))
        await replace(shop, runtime=other, scope=other.scope(MERCHANT)).change_settings(
            price=settings
        )

    interruptions.plan(adds_vat)
    await shop.settle()

    assert (await shop.listing()).price == usd("21.78")
    assert usd("19.80") not in [sub.price for sub in await shop.submissions()]


async def test_a_price_and_then_a_quantity_decided_before_anything_was_sent_both_arrive(
    shop: Shop,
) -> None:
    await shop.put_on_sale(a_mug())
    await shop.publish(TEN_OFF)
    await shop.reprice()
    await shop.import_products(a_mug(stock=Decimal(4)))

    await shop.settle()

    listing = await shop.listing()
    assert (listing.price, listing.quantity) == (usd("18.00"), 4)
    assert (await shop.states()).count(SubmissionState.SUPERSEDED) == 1


async def test_a_price_under_way_survives_that_the_next_one_is_held(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.publish(TEN_OFF)
    await shop.reprice()
    await shop.publish(FAR_TOO_CHEAP)
    await shop.import_products(a_mug(stock=Decimal(0)))

    await shop.settle()

    listing = await shop.listing()
    assert (listing.price, listing.quantity) == (usd("18.00"), 0)
    assert listing.hold is DecisionReason.STEP_TOO_LARGE


async def test_a_paused_store_keeps_its_marks_and_wakes_nobody(
    shop: Shop, servers: ServerUrls
) -> None:
    await shop.put_on_sale(a_mug())
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
    await shop.publish(TEN_OFF)
    await forget_jobs(servers)

    assert await shop.reprice() == 0

    assert await shop.due() == 1
    assert await queued(servers) == []


async def test_what_is_left_when_a_job_makes_room_is_woken_for(
    shop: Shop, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")
    await forget_jobs(servers)
    monkeypatch.setattr(repricing, "_SECONDS", 0)

    await shop.reprice()

    assert await shop.due() == 2
    assert await queued(servers) == [("reprice", (MERCHANT, shop.id, None))]


async def test_what_becomes_due_just_as_the_holder_ends_is_woken_for(
    shop: Shop, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug())
    await forget_jobs(servers)

    async with leases.hold(shop.runtime.database, f"reprice:{shop.id}"):
        # Another job holds the lease; the one that is woken for the new mark finds it held and goes.
        await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")
        assert await shop.reprice() == 0
    assert await shop.due() == 1

    monkeypatch.setattr(repricing, "_drain", _nothing)  # its last look was before the mark
    await shop.reprice()

    assert ("reprice", (MERCHANT, shop.id, None)) in await queued(servers)


async def _nothing(*_: object) -> int:
    return 0


async def test_explain_decides_as_of_now_and_writes_nothing(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    before = await shop.listing()
    await shop.publish(TEN_OFF)
    marked = await shop.listing()

    decision = await decisions.explain(shop.runtime, shop.scope, marked)

    assert decision is not None
    assert decision.price_after == usd("18.00")
    assert await shop.listing() == marked
    assert len(await shop.decisions()) == 1
    assert before.price == usd("20.00")


STACK = """
kind: pricing
name: Documented stack
rules:
  - {key: ten-percent, type: standard, priority: 1, adjust: {decrease: 10%}}
  - {key: ten-dollars, type: standard, priority: 2, adjust: {decrease: "10.00"}}
"""
BUY_BOX = """
kind: pricing
name: Follow the Buy Box
rules:
  - key: buy-box
    type: intelligent
    competitor: {source: buyBox}
    adjust: match
    floor: {source: price}
"""
LOWEST = """
kind: pricing
name: Follow the lowest
rules:
  - key: lowest
    type: intelligent
    competitor: {source: lowest}
    adjust: match
    floor: {source: cost}
"""


async def test_the_documented_stack_of_two_rules(shop: Shop) -> None:  # behaviour 14.2, 14.8
    await shop.publish(STACK)
    await shop.put_on_sale(a_mug(price="45.49"))

    (decision,) = await shop.decisions()
    steps = [step.after for step in decision.trace if step.step == "RULE"]
    assert steps == [usd("40.94"), usd("30.94")]
    assert (await shop.listing()).price == usd("30.94")


@pytest.mark.parametrize(
    ("own", "buy_box", "published"), [("15.00", "10.00", "15.00"), ("9.00", "10.00", "10.00")]
)
async def test_the_documented_buy_box_with_a_floor(
    shop: Shop, own: str, buy_box: str, published: str
) -> None:  # behaviour 14.3, 14.6
    await shop.publish(BUY_BOX)
    await shop.see(an_offer(price=buy_box, is_buy_box_winner=True))
    await shop.put_on_sale(a_mug(price=own))

    assert (await shop.listing()).price == usd(published)


async def test_the_documented_lowest_competitor_of_our_own_condition(
    shop: Shop,
) -> None:  # behaviour 14.4
    await shop.publish(LOWEST)
    await shop.see(
        an_offer("A", "15.00"),
        an_offer("B", "16.00"),
        an_offer("C", "12.00", condition=Condition.USED_GOOD),
    )
    await shop.put_on_sale(a_mug())

    assert (await shop.listing()).price == usd("15.00")


@pytest.mark.parametrize(
    ("price", "prices", "published"),
    [
        (PriceSettings(source="wholesale"), {}, "20.00"),
        (PriceSettings(source="wholesale"), {"wholesale": usd("17.00")}, "17.00"),
        (PriceSettings(map_attribute="map"), {"map": usd("21.50")}, "21.50"),
        (PriceSettings(vat_percent=Decimal("10.2")), {}, "22.04"),
    ],
    ids=["F026-falls-back", "F026-source", "F027-map", "F029-vat"],
)
async def test_price_settings_shape_the_price(
    shop: Shop, price: PriceSettings, prices: dict[str, Any], published: str
) -> None:
    await shop.change_settings(price=price)
    mug = a_mug()
    await shop.put_on_sale(a_mug(prices={**mug.prices, **prices}))
    assert (await shop.listing()).price == usd(published)


async def test_a_rule_that_begins_by_itself_is_decided_when_its_time_has_come(
    shop: Shop, amazon: Amazon
) -> None:
    await shop.put_on_sale(a_mug())
    await shop.publish(
        """
        kind: pricing
        name: Late
        rules:
          - {key: afternoon, type: standard, hours: "12:00-18:00", adjust: {decrease: 10%}}
        """
    )
    await shop.settle()
    assert (await shop.listing()).price == usd("20.00")

    amazon.advance(6 * 60)
    await shop.settle()

    listing = await shop.listing()
    assert listing.price == usd("18.00")
    assert listing.decide_again_at is not None
