"""Plans: what rules would do, before they do it; and publishing exactly that."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.decision import DecisionReason
from domain.errors import Conflict, InvalidInput, NotFound, PlanOutdated, TrialFailed
from domain.listing import ListingStatus
from domain.operation import OperationKind, OperationOutcome, OperationStatus
from domain.plan import Effect, Plan
from domain.ruleset import RulesetKind, RulesetStatus
from domain.store import PriceSettings
from embedded.servers import ServerUrls
from rules.document import DocumentInvalid
from services import operations, plans, rulesets, trial
from services.queue import Job
from services.runtime import Runtime
from services.simulation import simulate, with_documents
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING, Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.plans import PLANS
from storage.rulesets import RULESETS
from storage.submissions import SUBMISSIONS
from tests.factories import MERCHANT, an_offer, usd
from tests.services.shop import Shop, a_mug, forget_jobs, queued

TEN_OFF = """
kind: pricing
name: Ten off
rules:
  - {key: ten-off, type: standard, adjust: {decrease: 10%}}
"""
MIXED = """
kind: pricing
name: One up, one down, one far too low
rules:
  - {key: up, type: standard, when: {all: [{fact: sku, eq: MUG-1}]}, adjust: {increase: 10%}}
  - {key: down, type: standard, when: {all: [{fact: sku, eq: MUG-2}]}, adjust: {decrease: 20%}}
  - {key: low, type: standard, when: {all: [{fact: sku, eq: MUG-3}]}, adjust: {decrease: 90%}}
"""
NO_MUG_4 = """
kind: listing
name: All but the fourth
rules:
  - {key: all, then: list}
  - {key: not-four, when: {all: [{fact: sku, eq: MUG-4}]}, then: keepOut}
"""
NO_MUG_5 = NO_MUG_4.replace("MUG-4", "MUG-5")
CHEAPEST = """
kind: pricing
name: Under the cheapest
rules:
  - key: under
    type: intelligent
    competitor: {source: lowest}
    adjust: {decrease: "0.01"}
    floor: {source: cost, increase: 10%}
"""


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    """A shop with five mugs at 20.00, four of them on sale, the fifth kept out by the rules in force."""
    await shop.publish(NO_MUG_5)
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    return shop


async def planned(shop: Shop, *sources: str) -> Plan:
    return await plans.make(shop.runtime, shop.scope, shop.id, sources, author="me")


async def effect_of(shop: Shop, *sources: str) -> Effect:
    effect = (await planned(shop, *sources)).effect
    assert effect is not None
    return effect


async def publish(shop: Shop, plan: Plan, **options: Any) -> list[Any]:
    return await plans.publish(shop.runtime, shop.scope, plan.id, actor="me", **options)


async def kept(scope: Scope) -> tuple[object, ...]:
    """Everything that a simulation must leave alone."""
    return (
        await LISTINGS.find(scope, EVERYTHING),
        await DECISIONS.find(scope, EVERYTHING),
        await SUBMISSIONS.find(scope, EVERYTHING),
        await RULESETS.find(scope, EVERYTHING),
        await CHANGES.find(scope, EVERYTHING),
    )


async def test_a_plan_tells_what_would_go_up_down_be_held_listed_and_kept_out(
    stocked: Shop,
) -> None:
    before = await kept(stocked.scope)

    effect = await effect_of(stocked, MIXED, NO_MUG_4)

    assert (effect.up, effect.down, effect.held, effect.unchanged) == (
        1,
        1,
        {"STEP_TOO_LARGE": 1},
        1,
    )
    assert (effect.listings, effect.unlisted, effect.changed) == (4, 1, 5)
    assert (effect.newly_listed_skus, effect.newly_ineligible_skus) == (("MUG-5",), ("MUG-4",))
    assert (effect.newly_listed, effect.newly_ineligible, effect.back_to_eligible) == (1, 1, 0)
    assert [(move.seller_sku, move.before, move.after) for move in effect.largest_up] == [
        ("MUG-1", usd("20.00"), usd("22.00"))
    ]
    assert [(move.seller_sku, move.before, move.after) for move in effect.largest_down] == [
        ("MUG-2", usd("20.00"), usd("16.00"))
    ]
    # Three stay on sale: up 2.00, down 4.00, and the third is held at its price.
    assert (effect.with_stock, effect.price_difference) == (3, usd("-2.00"))
    assert await kept(stocked.scope) == before


async def test_a_plan_shows_examples_with_both_traces(stocked: Shop) -> None:
    effect = await effect_of(stocked, MIXED)
    by_sku = {example.seller_sku: example for example in effect.examples}
    assert set(by_sku) == {"MUG-1", "MUG-2", "MUG-3"}
    held = by_sku["MUG-3"]
    assert (held.before.price, held.after.price) == (usd("20.00"), usd("20.00"))
    assert held.after.reason is DecisionReason.STEP_TOO_LARGE
    assert "RULE" not in [step.step for step in held.before.trace]
    assert "RULE" in [step.step for step in held.after.trace]


async def test_a_plan_counts_what_would_be_sold_below_cost(shop: Shop) -> None:
    await shop.change_settings(price=PriceSettings(largest_step_percent=None))
    await shop.put_on_sale(a_mug(1), a_mug(2, prices={"price": usd("20.00")}))
    effect = await effect_of(shop, TEN_OFF.replace("10%", "65%"))
    # Both would be 7.00; the first costs 8.00, of the other nobody knows.
    assert (effect.below_cost_before.listings, effect.below_cost_after.listings) == (0, 1)
    assert effect.below_cost_after.amount == usd("1.00")


async def test_a_plan_tells_what_would_be_held_together_with_the_hour_before(
    stocked: Shop,
) -> None:
    brakes = "kind: guardrails\nname: Brakes\nlimits: {medianFall: 15%, fromListings: 1}\n"
    await stocked.publish(brakes)
    assert (await effect_of(stocked, TEN_OFF)).breaches == ()
    await stocked.import_products(*(a_mug(number, "18.00") for number in range(1, 5)))
    await stocked.reprice()

    (breach,) = (await effect_of(stocked, TEN_OFF)).breaches

    assert breach.note.startswith("Together with the hour before: ")


async def test_the_rules_in_force_make_no_difference_to_themselves(stocked: Shop) -> None:
    await stocked.publish(MIXED)
    await stocked.settle()

    effect = await effect_of(stocked, MIXED + "# said once more\n", NO_MUG_5)

    assert effect.is_empty
    assert (effect.up, effect.down, effect.held, effect.released) == (0, 0, {}, 0)
    assert (effect.unchanged, effect.held_before, effect.held_after) == (4, 1, 1)
    assert effect.price_difference == usd("0.00")


@pytest.mark.parametrize("is_at_rest", [True, False])
async def test_the_plan_is_what_publishing_then_does_listing_by_listing(
    stocked: Shop, is_at_rest: bool
) -> None:
    await stocked.see(an_offer("RIVAL", "15.00", is_buy_box_winner=True), number=1)
    await stocked.see(an_offer("RIVAL", "1.00"), number=2)
    if is_at_rest:
        await stocked.settle()
    drafts = (CHEAPEST, NO_MUG_4)
    plan = await planned(stocked, *drafts)
    assert plan.effect is not None
    before = await stocked.runtime.rulebooks.in_force(stocked.scope, stocked.id)
    after = with_documents(stocked.runtime, await stocked.store(), before, plan.documents)
    moves = {
        move.seller_sku: move.after for move in (*plan.effect.largest_up, *plan.effect.largest_down)
    }
    was = await stocked.listings()

    await publish(stocked, plan)
    await stocked.reprice()

    now = await stocked.listings()
    foretold = {sku: row.wanted_price or usd("20.00") for sku, row in was.items()} | moves
    assert set(moves) == {"MUG-1"}
    assert {sku: row.wanted_price for sku, row in now.items()} == foretold
    ineligible = [sku for sku, row in now.items() if row.status is ListingStatus.INELIGIBLE]
    assert ineligible == list(plan.effect.newly_ineligible_skus) == ["MUG-4"]
    held = {sku: row.hold for sku, row in now.items() if row.hold}
    assert held == {"MUG-2": DecisionReason.STEP_TOO_LARGE}
    assert plan.effect.held == {"STEP_TOO_LARGE": plan.effect.held_after} == {"STEP_TOO_LARGE": 1}
    for example in plan.effect.examples:
        (latest, *_) = reversed(await stocked.decisions(example.seller_sku))
        assert latest.trace == example.after.trace
    await stocked.match()
    assert "MUG-5" in await stocked.listings()
    again = await simulate(stocked.runtime, stocked.scope, await stocked.store(), after, after)
    assert again.effect.is_empty


async def test_a_held_price_that_would_be_let_go_is_told(stocked: Shop) -> None:
    await stocked.publish(MIXED)
    await stocked.settle()
    effect = await effect_of(stocked, TEN_OFF)
    assert (effect.released, effect.held_before, effect.held_after) == (1, 1, 0)


async def test_publishing_a_plan_puts_all_its_documents_in_force_at_once(
    stocked: Shop, servers: ServerUrls
) -> None:
    await stocked.settle()
    plan = await planned(stocked, TEN_OFF, NO_MUG_4)
    await forget_jobs(servers)

    published = await publish(stocked, plan)

    assert {(row.kind, row.version) for row in published} == {
        (RulesetKind.PRICING, 1),
        (RulesetKind.LISTING, 2),
    }
    in_force = await RULESETS.find(stocked.scope, Is("status", "eq", RulesetStatus.PUBLISHED))
    assert {row.source for row in in_force} == {TEN_OFF, NO_MUG_4}
    assert await stocked.due() == 4
    assert [job for job, _ in sorted(await queued(servers))] == ["match_products", "reprice"]
    kept_plan = await PLANS.require(stocked.scope, plan.id)
    assert set(kept_plan.ruleset_ids) == {row.id for row in published}
    assert kept_plan.published_at is not None


async def test_publishing_a_plan_twice_is_publishing_it_once(stocked: Shop) -> None:
    plan = await planned(stocked, TEN_OFF)
    await publish(stocked, plan)
    await stocked.settle()
    assert await publish(stocked, plan) == []
    assert await stocked.due() == 0


async def test_a_plan_is_refused_once_other_rules_came_into_force(stocked: Shop) -> None:
    plan = await planned(stocked, TEN_OFF)
    await stocked.publish(MIXED)
    with pytest.raises(PlanOutdated, match="pricing version 1"):
        await publish(stocked, plan, tolerance=Decimal(100))
    in_force = await RULESETS.find(stocked.scope, Is("source", "eq", TEN_OFF))
    assert in_force == []


async def test_a_plan_is_refused_when_the_catalogue_moved_too_far(stocked: Shop) -> None:
    plan = await planned(stocked, TEN_OFF)
    await stocked.import_products(a_mug(1, price="30.00"))

    with pytest.raises(PlanOutdated, match="of 4 listings that change, 1 would now"):
        await publish(stocked, plan)
    assert await RULESETS.find(stocked.scope, Is("source", "eq", TEN_OFF)) == []

    assert len(await publish(stocked, plan, tolerance=Decimal(25))) == 1


async def test_a_plan_that_is_not_worked_out_is_not_published(stocked: Shop) -> None:
    plan = await plans.start(stocked.runtime, stocked.scope, stocked.id, [TEN_OFF], author="me")
    with pytest.raises(Conflict, match="not worked out"):
        await publish(stocked, plan)


async def test_a_worker_works_out_a_plan_that_waits(stocked: Shop, servers: ServerUrls) -> None:
    await forget_jobs(servers)
    plan = await plans.start(stocked.runtime, stocked.scope, stocked.id, [MIXED], author="me")
    assert await queued(servers) == [("simulate", (MERCHANT, stocked.id, plan.id))]
    assert plan.effect is None

    await plans.work_out(stocked.runtime, stocked.scope, stocked.id, plan.id)
    await plans.work_out(stocked.runtime, stocked.scope, stocked.id, None)

    done = await OPERATIONS.require(stocked.scope, plan.id)
    assert (done.kind, done.status, done.outcome) == (
        OperationKind.SIMULATE,
        OperationStatus.DONE,
        OperationOutcome.OK,
    )
    assert done.result == {"changed": 3}
    found = (await PLANS.require(stocked.scope, plan.id)).effect
    assert found == await effect_of(stocked, MIXED)


async def test_working_out_a_plan_stops_when_someone_asks(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.operations._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr("services.simulation._BATCH", 1)
    plan = await plans.start(stocked.runtime, stocked.scope, stocked.id, [MIXED], author="me")
    await operations.cancel(stocked.scope, plan.id)

    await plans.work_out(stocked.runtime, stocked.scope, stocked.id, plan.id)

    done = await OPERATIONS.require(stocked.scope, plan.id)
    assert (done.outcome, done.done) == (OperationOutcome.CANCELLED, 1)
    assert (await PLANS.require(stocked.scope, plan.id)).effect is None
    assert await plans.newest(stocked.scope, stocked.id, [MIXED]) is None


async def test_progress_counts_listings_and_products(stocked: Shop) -> None:
    seen: list[tuple[int, int | None]] = []
    await plans.make(
        stocked.runtime,
        stocked.scope,
        stocked.id,
        [MIXED],
        author="me",
        watch=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(4, 9), (9, 9)]


async def test_batches_make_no_difference(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await planned(stocked, MIXED, NO_MUG_4)
    monkeypatch.setattr("services.simulation._BATCH", 1)
    pieces = await planned(stocked, MIXED, NO_MUG_4)
    assert pieces.effect == whole.effect
    assert pieces.digests == whole.digests


async def test_the_newest_plan_of_the_very_documents_is_found(stocked: Shop) -> None:
    first = await planned(stocked, TEN_OFF, NO_MUG_4)
    second = await planned(stocked, NO_MUG_4, TEN_OFF)
    await planned(stocked, TEN_OFF)
    found = await plans.newest(stocked.scope, stocked.id, [TEN_OFF, NO_MUG_4])
    assert found is not None
    assert found.id == second.id != first.id
    assert await plans.newest(stocked.scope, stocked.id, [TEN_OFF + "#\n"]) is None


async def test_two_documents_of_a_kind_or_none_or_a_wrong_one_make_no_plan(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="two of pricing"):
        await planned(shop, TEN_OFF, MIXED)
    with pytest.raises(InvalidInput, match="at least"):
        await planned(shop)
    with pytest.raises(DocumentInvalid):
        await planned(shop, TEN_OFF, "kind: listing\n")
    with pytest.raises(NotFound):
        await plans.make(shop.runtime, shop.scope, "nowhere", [TEN_OFF], author="me")
    assert await PLANS.count(shop.scope) == 0
    assert await OPERATIONS.count(shop.scope, Is("kind", "eq", OperationKind.SIMULATE)) == 0


async def test_another_merchants_plan_is_not_there(stocked: Shop) -> None:
    plan = await planned(stocked, TEN_OFF)
    stranger = stocked.runtime.scope("somebody else")
    with pytest.raises(NotFound):
        await plans.publish(stocked.runtime, stranger, plan.id, actor="me")
    await plans.work_out(stocked.runtime, stranger, stocked.id, plan.id)


async def refused(*_: object, **__: object) -> None:
    raise TrialFailed("The engine broke on it.")


async def test_what_fails_its_trial_is_told_and_neither_planned_nor_published(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await planned(stocked, TEN_OFF)
    monkeypatch.setattr(trial, "try_out", refused)
    before = await kept(stocked.scope)

    with pytest.raises(TrialFailed):
        await publish(stocked, plan)
    with pytest.raises(TrialFailed):
        await planned(stocked, MIXED)
    waiting = await plans.start(stocked.runtime, stocked.scope, stocked.id, [MIXED], author="me")
    await plans.work_out(stocked.runtime, stocked.scope, stocked.id, waiting.id)

    told = await OPERATIONS.require(stocked.scope, waiting.id)
    assert (told.outcome, told.errors[0].message) == (
        OperationOutcome.PARTIAL,
        "The engine broke on it.",
    )
    assert await kept(stocked.scope) == before


async def test_a_plan_whose_job_was_lost_is_woken_again(
    stocked: Shop, servers: ServerUrls, runtime: Runtime
) -> None:
    plan = await plans.start(stocked.runtime, stocked.scope, stocked.id, [MIXED], author="me")
    operation = await OPERATIONS.require(stocked.scope, plan.id)
    long_ago = replace(operation, updated_at=operation.updated_at.replace(year=2020))
    await stocked.scope.update(
        "operations", {"_id": plan.id}, {"$set": {"updated_at": long_ago.updated_at}}
    )
    await forget_jobs(servers)
    await operations.pick_up_stuck(runtime)
    assert (Job.SIMULATE.value, (MERCHANT, stocked.id, plan.id)) in await queued(servers)


async def test_a_draft_that_was_planned_is_the_version_that_is_published(stocked: Shop) -> None:
    draft = await rulesets.create(stocked.runtime, stocked.scope, stocked.id, TEN_OFF, author="you")
    (published,) = await publish(stocked, await planned(stocked, TEN_OFF))
    assert (published.id, published.author) == (draft.id, "you")
