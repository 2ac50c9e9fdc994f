"""Runs: prices that are judged together before the first of them is written, and taken back together."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.change import ChangeKind
from domain.decision import DecisionOutcome, DecisionReason
from domain.errors import Conflict, NotFound
from domain.money import Money
from domain.operation import OperationKind
from domain.ruleset import RulesetKind
from domain.run import Run, RunLimit, RunStatus
from domain.store import PriceSettings, Store
from rules.guardrails import DEFAULT_GUARDRAILS
from rules.new_prices import NewPrice, NewPrices
from services import (
    chunks,
    consequences,
    operations,
    plans,
    products,
    repricing,
    rulesets,
    runs,
    stores,
)
from services import decisions as deciding
from services.decisions import Known
from services.hour import LastHour
from services.rulebooks import Rulebook
from services.runtime import Runtime
from storage import decisions
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING, Is
from storage.keyset import Sort
from storage.listings import mark_due
from storage.mongo import Scope
from storage.runs import RUNS
from tests.factories import an_offer, usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug
from tests.services.trouble import Interruptions, Killed

MUGS = range(1, 13)
SKUS = [f"MUG-{number}" for number in MUGS]


def percent_off(percent: int) -> str:
    rule = f"{{key: off, type: standard, adjust: {{decrease: {percent}%}}}}"
    return f"kind: pricing\nname: Off\nrules:\n  - {rule}\n"


def guardrails(limits: str) -> str:
    return f"kind: guardrails\nname: Brakes\nlimits: {{{limits}}}\n"


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin([an_item(number) for number in MUGS])
    return simulator


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    """A shop with twelve mugs on sale at 20.00 that cost 8.00 each."""
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    return shop


async def all_runs(shop: Shop) -> list[Run]:
    return await RUNS.find(shop.scope, Is("store_id", "eq", shop.id), sort=Sort("_id"))


async def last_run(shop: Shop) -> Run:
    return (await all_runs(shop))[-1]


async def live_prices(shop: Shop) -> set[str | None]:
    rows = (await shop.listings()).values()
    return {row.price.amount if row.price else None for row in rows}


def sent_prices(shop: Shop) -> list[str]:
    """Prices that Amazon was told after the first ones."""
    return [price for sku in SKUS for price, _ in shop.amazon.written(sku)[1:] if price is not None]


async def test_a_run_in_which_prices_fall_too_far_is_held_whole(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))

    await stocked.settle()

    run = await last_run(stocked)
    assert (run.status, run.down, run.moved) == (RunStatus.HELD, 12, 12)
    assert [breach.limit for breach in run.breaches] == [
        RunLimit.TOTAL_FALL,
        RunLimit.MEDIAN_FALL,
    ]
    assert sent_prices(stocked) == []
    listing = await stocked.listing()
    assert (listing.hold, listing.wanted_price) == (DecisionReason.RUN_HELD, usd("20.00"))
    assert listing.held is not None
    assert (listing.held.run_id, listing.held.price) == (run.id, usd("12.00"))
    decision = (await stocked.decisions())[-1]
    assert (decision.outcome, decision.price_after) == (DecisionOutcome.HOLD, usd("12.00"))
    assert decision.trace[-1].note == (
        "Held with its whole run, which waits for a person: "
        "The prices that change fall by 40.0% in total; 30% is allowed; "
        "Half of the prices that change fall by 40.0% or more; 30% is allowed"
    )


async def test_whoever_looks_at_the_log_is_told_what_is_held_and_why(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()

    run = await last_run(stocked)
    (entry,) = await CHANGES.find(stocked.scope, Is("kind", "eq", ChangeKind.RUN))
    assert entry.after is not None
    assert entry.after.startswith(f"run {run.id} of 12 prices held: The prices that change fall")


async def test_a_held_run_never_keeps_an_empty_shelf_on_sale(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()
    await stocked.import_products(a_mug(1, stock=Decimal(0)))

    await stocked.settle()

    assert stocked.amazon.written("MUG-1")[1:] == [(None, 0)]
    assert (await stocked.listing()).hold is DecisionReason.RUN_HELD


async def test_what_is_held_stays_so_whatever_the_market_does(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()
    await stocked.import_products(a_mug(1, "21.00"))

    await stocked.settle()

    listing = await stocked.listing()
    assert (listing.hold, listing.held and listing.held.price) == (
        DecisionReason.RUN_HELD,
        usd("12.00"),
    )
    assert (await stocked.decisions())[-1].price_after == usd("12.60")
    assert sent_prices(stocked) == []


async def test_resuming_publishes_exactly_what_was_held(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()
    held = await last_run(stocked)

    answered = await runs.resume(stocked.runtime, stocked.scope, held.id, actor="Ada")
    await stocked.settle()

    assert (answered.status, answered.answered_by) == (RunStatus.RESUMED, "Ada")
    assert await live_prices(stocked) == {"12.00"}
    listing = await stocked.listing()
    assert (listing.hold, listing.held) == (None, None)
    assert (await stocked.decisions())[-1].run_id == held.id
    assert (await last_run(stocked)).id == held.id  # what a person let go is no run of its own


async def test_resuming_lets_no_price_go_that_was_not_held(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()
    held = await last_run(stocked)
    await stocked.import_products(*(a_mug(number, "19.00") for number in MUGS if number > 1))

    await runs.resume(stocked.runtime, stocked.scope, held.id, actor="Ada")
    await stocked.settle()

    assert {row.price for row in (await stocked.listings()).values()} == {
        usd("12.00"),
        usd("20.00"),
    }
    again = await last_run(stocked)
    assert (again.status, again.moved) == (RunStatus.HELD, 11)


async def test_discarded_prices_stay_back_until_the_rules_want_others(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()
    held = await last_run(stocked)

    await runs.discard(stocked.runtime, stocked.scope, held.id, actor="Ada")
    await stocked.settle()
    await repricing.mark_all_due(stocked.runtime, stocked.scope, stocked.id, actor="me")
    await stocked.settle()

    assert {row.hold for row in (await stocked.listings()).values()} == {DecisionReason.TURNED_DOWN}
    assert sent_prices(stocked) == []

    await stocked.publish(percent_off(10))
    await stocked.settle()

    assert await live_prices(stocked) == {"18.00"}
    assert (await stocked.listing()).held is None


async def test_rules_that_are_rolled_back_leave_nothing_held(stocked: Shop) -> None:
    await stocked.publish(percent_off(10))
    await stocked.settle()
    await stocked.publish(percent_off(45))
    await stocked.settle()
    held = await last_run(stocked)

    await rulesets.roll_back(
        stocked.runtime, stocked.scope, stocked.id, RulesetKind.PRICING, actor="me"
    )
    await stocked.settle()
    await runs.discard(stocked.runtime, stocked.scope, held.id, actor="Ada")
    await stocked.settle()

    rows = (await stocked.listings()).values()
    assert {(row.hold, row.held, row.price) for row in rows} == {(None, None, usd("18.00"))}


@pytest.mark.parametrize("answer", [runs.resume, runs.discard, runs.undo])
async def test_an_answer_is_given_once_and_by_the_merchant_alone(
    stocked: Shop, answer: Any
) -> None:
    await stocked.publish(percent_off(40 if answer is not runs.undo else 10))
    await stocked.settle()
    run = await last_run(stocked)

    with pytest.raises(NotFound):
        await answer(stocked.runtime, stocked.runtime.scope("somebody else"), run.id, actor="x")
    assert await last_run(stocked) == run
    await answer(stocked.runtime, stocked.scope, run.id, actor="me")
    await stocked.settle()
    for other in (runs.resume, runs.discard, runs.undo):
        if answer is runs.resume and other is runs.undo:
            continue
        with pytest.raises(Conflict):
            await other(stocked.runtime, stocked.scope, run.id, actor="me")


async def test_undoing_a_run_sets_the_prices_from_before_it(stocked: Shop) -> None:
    before = {sku: row.price for sku, row in (await stocked.listings()).items()}
    await stocked.publish(percent_off(10))
    await stocked.settle()
    run = await last_run(stocked)

    await runs.undo(stocked.runtime, stocked.scope, run.id, actor="Ada")
    await stocked.settle()

    assert {sku: row.price for sku, row in (await stocked.listings()).items()} == before
    undone = await RUNS.require(stocked.scope, run.id)
    assert (undone.status, undone.taken_back, undone.left_alone) == (RunStatus.UNDONE, 12, 0)
    decision = (await stocked.decisions())[-1]
    assert (decision.reason, decision.run_id) == (DecisionReason.UNDONE, run.id)
    assert [step.step for step in decision.trace] == ["SOURCE", "RULE", "UNDO", "QUANTITY"]


async def test_what_was_undone_does_not_come_again_until_the_rules_want_something_else(
    stocked: Shop,
) -> None:
    await stocked.publish(percent_off(10))
    await stocked.settle()
    await runs.undo(stocked.runtime, stocked.scope, (await last_run(stocked)).id, actor="Ada")
    await stocked.settle()

    await repricing.mark_all_due(stocked.runtime, stocked.scope, stocked.id, actor="me")
    await stocked.settle()

    assert await live_prices(stocked) == {"20.00"}
    assert (await stocked.listing()).hold is DecisionReason.TURNED_DOWN

    await stocked.publish(percent_off(5))
    await stocked.settle()

    assert await live_prices(stocked) == {"19.00"}


async def test_undoing_leaves_alone_what_changed_since_and_what_had_no_price(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    first = (await all_runs(shop))[0]
    await shop.publish(percent_off(10))
    await shop.settle()
    second = await last_run(shop)
    await shop.override(usd("15.00"), "MUG-1")
    await shop.settle()

    for run in (second, first):
        await runs.undo(shop.runtime, shop.scope, run.id, actor="Ada")
        await shop.settle()

    assert (await shop.listing("MUG-1")).price == usd("15.00")
    assert (await shop.listing("MUG-2")).price == usd("20.00")
    ended = [await RUNS.require(shop.scope, run.id) for run in (second, first)]
    assert [(run.status, run.taken_back, run.left_alone) for run in ended] == [
        (RunStatus.UNDONE, 1, 1),
        (RunStatus.UNDONE, 0, 2),
    ]


async def test_a_price_from_before_is_not_set_again_under_the_floor_of_today(shop: Shop) -> None:
    follow = """
kind: pricing
name: Follow
rules:
  - key: follow
    type: intelligent
    competitor: {source: lowest}
    adjust: match
    floor: {source: cost}
"""
    await shop.publish(follow)
    await shop.import_products(a_mug(1))
    await shop.match()
    await shop.see(an_offer(price="10.00"))
    await shop.settle()
    await shop.see(an_offer(price="14.00"))
    await shop.settle()
    dearer = a_mug(1, prices={"price": usd("20.00"), "cost": usd("13.00")})
    await shop.import_products(dearer)
    await shop.settle()
    run = [each for each in await all_runs(shop) if each.up][-1]

    await runs.undo(shop.runtime, shop.scope, run.id, actor="Ada")
    await shop.reprice()

    decision = (await shop.decisions())[-1]
    assert (decision.outcome, decision.reason) == (
        DecisionOutcome.HOLD,
        DecisionReason.BELOW_MINIMUM,
    )
    assert "under the floor of 13.00 USD" in decision.trace[-2].note
    await shop.settle()
    assert (await shop.listing()).price == usd("14.00")


@pytest.mark.parametrize(("chunk", "kept"), [(1, 5_000), (5, 0), (200, 0), (200, 5_000)])
async def test_a_run_of_many_chunks_is_judged_before_the_first_is_written(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch, chunk: int, kept: int
) -> None:
    monkeypatch.setattr("services.chunks.CHUNK", chunk)
    monkeypatch.setattr("services.share._KEPT", kept)
    await stocked.publish(percent_off(40))
    await stocked.settle()

    assert sent_prices(stocked) == []
    assert [run.status for run in await all_runs(stocked)][-1] is RunStatus.HELD
    assert {row.hold for row in (await stocked.listings()).values()} == {DecisionReason.RUN_HELD}


@pytest.mark.parametrize("kept", [0, 1, 5_000])
async def test_what_is_written_is_the_same_whether_or_not_there_is_room_for_it_until_then(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("services.due._BATCH", 4)
    monkeypatch.setattr("services.share._KEPT", kept)
    await stocked.publish(percent_off(10))
    decided: Counter[str] = Counter()
    decide_all = deciding.decide_all

    def counted(store: Store, rulebook: Rulebook, known: Sequence[Known], *rest: Any) -> Any:
        decided.update(row.listing.id for row in known)
        return decide_all(store, rulebook, known, *rest)

    monkeypatch.setattr("services.deciding.decide_all", counted)
    await stocked.reprice()
    monkeypatch.undo()
    await stocked.settle()

    assert await live_prices(stocked) == {"18.00"}
    assert (await last_run(stocked)).moved == 12
    # Where there is no room, all are decided once more to be written.
    assert sum(decided.values()) == 12 + {0: 12, 1: 8, 5_000: 0}[kept]


async def test_a_mark_by_a_clock_that_is_ahead_is_no_mark_for_later(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chunks.CHUNK", 5)
    ahead = stocked.runtime.clock.now() + timedelta(days=300)
    await mark_due(stocked.scope, stocked.id, EVERYTHING, at=ahead, reason="OFFERS_CHANGED")
    assert await stocked.reprice() == 12


async def test_a_run_that_dies_while_it_is_held_is_held_to_its_end(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Six prices alone would pass; the twelve together do not.
    await stocked.publish(guardrails("changedShare: 60%, fromListings: 1"))
    await stocked.settle()
    monkeypatch.setattr("services.chunks.CHUNK", 6)
    await stocked.publish(percent_off(10))
    dying_after(monkeypatch, chunks=1)
    with pytest.raises(Killed):
        await stocked.reprice()
    assert [row.hold for row in (await stocked.listings()).values()].count(None) == 6

    monkeypatch.undo()
    await stocked.settle()

    assert {row.hold for row in (await stocked.listings()).values()} == {DecisionReason.RUN_HELD}
    assert sent_prices(stocked) == []
    assert (await last_run(stocked)).ended_at is not None


async def test_a_store_that_is_paused_while_its_run_is_held_goes_on_holding_afterwards(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.publish(guardrails("changedShare: 60%, fromListings: 1"))
    await stocked.settle()
    monkeypatch.setattr("services.chunks.CHUNK", 6)
    await stocked.publish(percent_off(10))
    pausing_at(monkeypatch, stocked, chunk=2)
    await stocked.reprice()
    assert (await last_run(stocked)).ended_at is None

    monkeypatch.undo()
    await stores.set_active(stocked.runtime, stocked.scope, stocked.id, active=True, actor="me")
    await stocked.settle()

    assert {row.hold for row in (await stocked.listings()).values()} == {DecisionReason.RUN_HELD}
    assert sent_prices(stocked) == []


async def test_a_store_that_is_paused_in_the_middle_of_a_pass_goes_on_with_it_afterwards(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chunks.CHUNK", 5)
    await stocked.publish(percent_off(10))
    with monkeypatch.context() as patch:
        pausing_at(patch, stocked, chunk=2)
        await stocked.reprice()
    assert [row.wanted_price for row in (await stocked.listings()).values()].count(
        usd("18.00")
    ) == 5

    await stores.set_active(stocked.runtime, stocked.scope, stocked.id, active=True, actor="me")
    await stocked.settle()

    assert await live_prices(stocked) == {"18.00"}


async def test_what_a_run_that_dies_did_not_write_is_judged_anew(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chunks.CHUNK", 5)
    await stocked.publish(percent_off(10))
    dying_after(monkeypatch, chunks=1)
    with pytest.raises(Killed):
        await stocked.reprice()

    monkeypatch.undo()
    await stocked.settle()

    assert await live_prices(stocked) == {"18.00"}
    died, rest = (await all_runs(stocked))[-2:]
    assert (died.moved, rest.moved) == (12, 7)
    assert died.ended_at is not None


def pausing_at(monkeypatch: pytest.MonkeyPatch, shop: Shop, chunk: int) -> None:
    """Somebody pauses the store just before a chunk is written."""
    write, written = chunks.write_chunk, 0

    async def paused(*arguments: Any, **named: Any) -> Any:
        nonlocal written
        written += 1
        if written == chunk:
            await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
        return await write(*arguments, **named)

    monkeypatch.setattr("services.share.write_chunk", paused)


def dying_after(monkeypatch: pytest.MonkeyPatch, chunks: int) -> None:
    """The process dies before it writes another chunk."""
    write, written = consequences.carry_out, 0

    async def dying(scope: Scope, *arguments: Any) -> None:
        nonlocal written
        if written == chunks:
            raise Killed
        written += 1
        await write(scope, *arguments)

    monkeypatch.setattr("services.chunks.carry_out", dying)


async def test_what_changed_since_it_was_judged_is_left_for_the_next_run(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch, interruptions: Interruptions
) -> None:
    monkeypatch.setattr("services.chunks.CHUNK", 8)
    await stocked.publish(percent_off(10))

    async def meanwhile(runtime: Runtime) -> None:
        operation = await operations.start(stocked.scope, products.KIND, actor="me")
        scope = runtime.scope(stocked.scope.merchant_id)
        async with operations.running(scope, operation) as progress:
            await products.import_catalog(runtime, scope, [a_mug(1, "30.00")], progress)

    judged = LastHour.breaches_of

    async def judged_and_then_changed(*arguments: Any) -> Any:
        found = await judged(*arguments)
        monkeypatch.setattr(LastHour, "breaches_of", judged)
        await meanwhile(stocked.runtime)
        return found

    monkeypatch.setattr(LastHour, "breaches_of", judged_and_then_changed)
    assert await stocked.due() == 12
    # What changed goes first, and once more since the whole run comes by it.
    assert await stocked.reprice() == 13

    whole, rest = (await all_runs(stocked))[-2:]
    assert (whole.moved, rest.moved) == (12, 1)
    of_rest = await DECISIONS.find(stocked.scope, Is("run_id", "eq", rest.id))
    assert [(row.listing_id, row.price_after) for row in of_rest] == [
        (f"{stocked.id}/MUG-1", usd("27.00"))
    ]
    assert await DECISIONS.count(stocked.scope, Is("run_id", "eq", whole.id)) == 11


async def test_a_catalogue_import_is_one_run_however_it_comes_in(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.publish(guardrails("changedShare: 60%, fromListings: 1"))
    await stocked.settle()
    # Its marks are soon more than a small run takes; what comes up beside them is one all the same.
    monkeypatch.setattr("services.chunks.CHUNK", 3)
    monkeypatch.setattr("services.repricing.judge_and_write", None)
    operation = await operations.start(stocked.scope, OperationKind.CATALOG_IMPORT, actor="me")
    async with operations.running(stocked.scope, operation) as progress:
        for number in MUGS[:-1]:
            row = [a_mug(number, "19.00")]
            await products.import_catalog(stocked.runtime, stocked.scope, row, progress)
            assert await stocked.reprice() == 0
        await stocked.override(usd("21.00"), "MUG-12")
        assert await stocked.reprice() == 1

    monkeypatch.undo()
    await stocked.settle()

    assert sent_prices(stocked) == ["21.00"]
    assert (await last_run(stocked)).status is RunStatus.HELD


async def test_guardrails_of_a_store_hold_single_prices_too(stocked: Shop) -> None:
    await stocked.publish(guardrails('minimumPrice: "18.50", largestStep: 8%'))
    await stocked.publish(
        "kind: pricing\nname: Some\nrules:\n"
        "  - {key: low, type: standard, when: {fact: sku, eq: MUG-1}, adjust: {decrease: 7.6%}}\n"
        "  - {key: far, type: standard, when: {fact: sku, eq: MUG-2}, adjust: {increase: 9%}}\n"
        "  - {key: fine, type: standard, when: {fact: sku, eq: MUG-3}, adjust: {decrease: 5%}}\n"
    )
    await stocked.settle()

    rows = await stocked.listings()
    assert [(rows[sku].hold, rows[sku].price) for sku in SKUS[:3]] == [
        (DecisionReason.BELOW_MINIMUM, usd("20.00")),
        (DecisionReason.STEP_TOO_LARGE, usd("20.00")),
        (None, usd("19.00")),
    ]


async def test_a_person_is_not_stopped_by_the_run_but_by_the_minimum(stocked: Shop) -> None:
    await stocked.publish(guardrails('minimumPrice: "5.00", changedShare: 1%, fromListings: 1'))
    await stocked.override(usd("9.00"), "MUG-1")
    await stocked.override(usd("4.99"), "MUG-2")
    await stocked.settle()

    assert (await stocked.listing("MUG-1")).price == usd("9.00")
    assert (await stocked.listing("MUG-2")).hold is DecisionReason.BELOW_MINIMUM


async def test_a_plan_says_that_its_run_would_be_held_and_changes_nothing(stocked: Shop) -> None:
    plan = await plans.make(
        stocked.runtime, stocked.scope, stocked.id, [percent_off(40)], author="me"
    )
    assert plan.effect is not None
    assert [breach.limit for breach in plan.effect.breaches] == [
        RunLimit.TOTAL_FALL,
        RunLimit.MEDIAN_FALL,
    ]
    tighter = [percent_off(10), guardrails("totalFall: 9%")]
    plan = await plans.make(stocked.runtime, stocked.scope, stocked.id, tighter, author="me")
    assert plan.effect is not None
    assert [breach.note for breach in plan.effect.breaches] == [
        "The prices that change fall by 10.0% in total; 9% is allowed"
    ]
    runs_before = await all_runs(stocked)
    await stocked.settle()
    assert await all_runs(stocked) == runs_before


FOLLOW_THE_LOWEST = """
kind: pricing
name: Follow the lowest
rules:
  - key: follow
    type: intelligent
    competitor: {source: lowest}
    adjust: {decrease: "0.01"}
    floor: {source: minimum}
"""


async def at_a_cent(shop: Shop, numbers: Sequence[int] = MUGS) -> None:
    for number in numbers:
        await shop.see(an_offer(price="0.02"), number=number)


@pytest.mark.parametrize("step", [Decimal(50), None])
async def test_prices_without_a_minimum_do_not_go_to_a_cent(
    stocked: Shop, step: Decimal | None
) -> None:
    """2012: a repricer took an empty minimum for zero, and listings went to one cent for up to two hours."""
    await stocked.change_settings(price=PriceSettings(largest_step_percent=step))
    await stocked.publish(FOLLOW_THE_LOWEST)
    await at_a_cent(stocked)
    await stocked.settle()

    assert sent_prices(stocked) == []
    assert await live_prices(stocked) == {"20.00"}


@pytest.mark.parametrize("chunk", [5, 200])
async def test_a_whole_catalogue_does_not_fall_to_a_penny(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """2014: for an hour a repricer set everything to 1p; whoever had shipped had to honour it."""
    monkeypatch.setattr("services.chunks.CHUNK", chunk)
    await stocked.change_settings(price=PriceSettings(largest_step_percent=None))
    await stocked.publish(
        "kind: pricing\nname: Wrong\nrules:\n"
        '  - {key: all, type: standard, adjust: {decrease: "19.99"}}\n'
    )
    await stocked.settle()

    assert sent_prices(stocked) == []
    run = await last_run(stocked)
    assert run.status is RunStatus.HELD
    assert run.breaches[0].note == "The prices that change fall by 100.0% in total; 30% is allowed"


async def test_a_minimum_in_the_wrong_unit_does_not_let_prices_go(stocked: Shop) -> None:
    """A price list in the wrong unit: every cost a hundredth of what it was, and rivals who dump."""
    await stocked.change_settings(price=PriceSettings(largest_step_percent=None))
    await stocked.publish(FOLLOW_THE_LOWEST.replace("minimum", "cost, increase: 10%"))
    await stocked.settle()
    await stocked.import_products(
        *(a_mug(number, prices={"price": usd("20.00"), "cost": Money(8, "USD")}) for number in MUGS)
    )
    await at_a_cent(stocked)
    await stocked.settle()

    assert sent_prices(stocked) == []
    assert (await last_run(stocked)).status is RunStatus.HELD


async def test_every_published_price_is_justified_by_a_decision_of_its_run(stocked: Shop) -> None:
    await stocked.publish(percent_off(40))
    await stocked.settle()
    await runs.resume(stocked.runtime, stocked.scope, (await last_run(stocked)).id, actor="Ada")
    await stocked.settle()
    run = await last_run(stocked)

    found = await decisions.of_run(stocked.scope, run.id, "", 100)

    assert len(found) == 24  # each held once and let go once
    by_id = {decision.id: decision for decision in found}
    for sku in SKUS:
        submission = (await stocked.submissions(sku))[-1]
        assert by_id[submission.price_decision_id or ""].price_after == submission.price
    assert await RUNS.count(stocked.scope, EVERYTHING) == 2


async def test_prices_that_fall_one_by_one_within_an_hour_are_judged_together(
    stocked: Shop,
) -> None:
    await stocked.change_settings(price=PriceSettings(largest_step_percent=None))
    for number in MUGS:
        await stocked.import_products(a_mug(number, "12.00"))
        await stocked.reprice()

    rows = await stocked.listings()
    assert [rows[sku].hold for sku in SKUS] == [None] * 9 + [DecisionReason.RUN_HELD] * 3
    run = (await all_runs(stocked))[-1]
    assert run.breaches[0].note == (
        "Together with the hour before: The prices that change fall by 40.0% in total; "
        "30% is allowed"
    )

    stocked.amazon.advance(61)
    await stocked.import_products(a_mug(1, "11.00"))
    await stocked.settle()
    assert (await stocked.listing("MUG-1")).price == usd("11.00")


async def test_the_prices_of_a_run_of_the_hour_are_read_once_and_count_as_though_read_each_time(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.change_settings(price=PriceSettings(largest_step_percent=None))
    asked: list[str] = []
    read = decisions.moves_of_runs

    async def counted(scope: Scope, run_ids: Sequence[str]) -> Any:
        asked.extend(run_ids)
        return await read(scope, run_ids)

    monkeypatch.setattr("storage.decisions.moves_of_runs", counted)
    for number in MUGS:
        await stocked.import_products(a_mug(number, "12.00"))
        await stocked.reprice()
    assert len(asked) == len(set(asked)) >= 9

    store, rails = await stocked.store(), DEFAULT_GUARDRAILS
    falls = NewPrices([NewPrice(f"{store.id}/MUG-12", usd("20.00"), usd("12.00"))])
    now = stocked.runtime.clock.now()
    monkeypatch.setattr("services.hour._REMEMBERED", 3)
    forgetful = LastHour()
    told = [
        await hour.breaches_of(stocked.scope, store.id, rails, falls, now)
        for hour in (stocked.runtime.last_hour, LastHour(), forgetful, forgetful)
    ]
    assert told[0] != ()
    assert told == [told[0]] * 4


async def test_a_price_that_falls_step_by_step_counts_with_what_it_was_an_hour_ago(
    stocked: Shop,
) -> None:
    await stocked.publish(guardrails("medianFall: 20%, fromListings: 1"))
    for price, hold in (("18.00", None), ("16.50", None), ("15.50", DecisionReason.RUN_HELD)):
        await stocked.import_products(a_mug(1, price))
        await stocked.reprice()
        assert (await stocked.listing()).hold is hold


async def test_prices_below_cost_are_counted_over_the_hour(stocked: Shop) -> None:
    await stocked.change_settings(price=PriceSettings(largest_step_percent=None))
    await stocked.publish(guardrails("belowCost: 2"))
    for number in (1, 2, 3):
        prices = {"price": usd("12.00"), "cost": usd("13.00")}
        await stocked.import_products(a_mug(number, prices=prices))
        await stocked.reprice()

    rows = await stocked.listings()
    assert [rows[sku].hold for sku in SKUS[:3]] == [None, None, DecisionReason.RUN_HELD]
