"""A process killed before each step of its work, in turn: whoever goes on comes to the same end as undisturbed.

NIGHTLY=1 dies before every step, otherwise before two of each kind of work.
"""

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from domain.decision import DecisionOutcome
from domain.run import RunStatus
from services import runs
from services.runtime import Runtime
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING, Is
from storage.keyset import Sort
from storage.runs import RUNS
from storage.submissions import SUBMISSIONS
from tests.services.amazon import Amazon, an_item
from tests.services.mortal import Life, in_a_process_with
from tests.services.shop import Shop, a_mug, open_shop, wipe
from tests.services.trouble import Killed

IS_NIGHTLY = bool(os.environ.get("NIGHTLY"))
MUGS = range(1, 6)
SKUS = [f"MUG-{number}" for number in MUGS]
TEN_OFF = """
kind: pricing
name: Off
rules:
  - {key: off, type: standard, adjust: {decrease: 10%}}
"""
MOST_MAY_NOT_CHANGE = """
kind: guardrails
name: Brakes
limits: {changedShare: 60%, fromListings: 1}
"""

pytestmark = pytest.mark.timeout(3600 if IS_NIGHTLY else 120)

Act = Callable[[Shop], Awaitable[object]]


@dataclass(frozen=True)
class Scenario:
    """Work in the middle of which a process dies: what leads to it, and what it does."""

    given: Act
    act: Act
    chunk: int = 2
    feed_from: int = 3_000


async def _reprice(shop: Shop) -> None:
    await shop.reprice()


async def _cheaper(shop: Shop) -> None:
    await shop.import_products(*(a_mug(n, "19.00", stock=Decimal(n)) for n in MUGS))


async def _other_rules(shop: Shop) -> None:
    await shop.publish(TEN_OFF)


async def _too_much(shop: Shop) -> None:
    await shop.publish(MOST_MAY_NOT_CHANGE)
    await shop.settle()
    await shop.publish(TEN_OFF)


async def _too_much_of_what_is_marked(shop: Shop) -> None:
    await shop.publish(MOST_MAY_NOT_CHANGE)
    await shop.settle()
    await _cheaper(shop)


async def _held(shop: Shop) -> None:
    await _too_much(shop)
    await shop.settle()


async def _resumed(shop: Shop) -> None:
    await _held(shop)
    await runs.resume(shop.runtime, shop.scope, await _last_run(shop), actor="me")


async def _discarded(shop: Shop) -> None:
    await _held(shop)
    await runs.discard(shop.runtime, shop.scope, await _last_run(shop), actor="me")


async def _undone(shop: Shop) -> None:
    await shop.publish(TEN_OFF)
    await shop.settle()
    await runs.undo(shop.runtime, shop.scope, await _last_run(shop), actor="me")


async def _decided(shop: Shop) -> None:
    await _cheaper(shop)
    await shop.reprice()


async def _sent(shop: Shop) -> None:
    await _decided(shop)
    await shop.push()
    shop.amazon.advance(30)


async def _send_and_read_back(shop: Shop) -> None:
    await shop.push()
    shop.amazon.advance(30)
    await shop.push()  # looks at feeds
    await shop.confirm()


async def _last_run(shop: Shop) -> str:
    found = await RUNS.find(shop.scope, EVERYTHING, sort=Sort("_id", descending=True), limit=1)
    return found[0].id


SCENARIOS = {
    "small-run": Scenario(_cheaper, _reprice, chunk=200),
    "run-of-many": Scenario(_cheaper, _reprice),
    "pass": Scenario(_other_rules, _reprice),
    "held-run": Scenario(_too_much_of_what_is_marked, _reprice),
    "held-pass": Scenario(_too_much, _reprice),
    "resumed": Scenario(_resumed, _reprice),
    "discarded": Scenario(_discarded, _reprice),
    "undo": Scenario(_undone, _reprice),
    "push": Scenario(_decided, _send_and_read_back),
    "push-by-feed": Scenario(_decided, _send_and_read_back, feed_from=2),
}

MUCH_LIKE_OTHERS = {"held-run", "discarded", "resumed", "pass", "run-of-many"}


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    return simulator


@pytest.mark.parametrize(
    "name", [each for each in SCENARIOS if IS_NIGHTLY or each not in MUCH_LIKE_OTHERS]
)
async def test_whoever_dies_at_any_step_changes_nothing_about_the_end(
    runtime: Runtime, amazon: Amazon, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scenario = SCENARIOS[name]
    monkeypatch.setattr("services.repricing._CHUNK", scenario.chunk)
    monkeypatch.setattr("services.repricing._BATCH", scenario.chunk)
    monkeypatch.setattr("services.runs._BATCH", scenario.chunk)
    settings = runtime.settings.model_copy(update={"amazon_feed_from": scenario.feed_from})
    runtime = replace(runtime, settings=settings)

    steps, undisturbed = await _play(runtime, amazon, scenario, Life())

    assert len(steps) > 3
    for number in _worth_dying_at(steps):
        taken, ending = await _play(runtime, amazon, scenario, Life(ends_before=number))
        where = f"{name} that dies before step {number} of {len(steps)}, {steps[number]}"
        assert len(taken) == number, where
        assert ending == undisturbed, where


def _worth_dying_at(steps: list[str]) -> list[int]:
    return list(range(len(steps))) if IS_NIGHTLY else [len(steps) // 3, 2 * len(steps) // 3]


async def _play(
    runtime: Runtime, amazon: Amazon, scenario: Scenario, life: Life
) -> tuple[list[str], dict[str, Any]]:
    """The steps that the process took, and the end that the shop came to after it."""
    await wipe(runtime)
    amazon.begin([an_item(number) for number in MUGS])
    shop = await open_shop(runtime, amazon)
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await scenario.given(shop)
    mortal = in_a_process_with(life, shop)
    if life.ends_before is None:
        await scenario.act(mortal)
    else:
        with pytest.raises(Killed):
            await scenario.act(mortal)
    await runtime.database.handle.leases.delete_many({})  # as if it had been away for long enough
    steps = list(life.steps)
    await shop.settle()
    return steps, await _ending(shop)


async def _ending(shop: Shop) -> dict[str, Any]:
    """All that must not depend on who died; also shows that every price is justified, and decided once a run."""
    decisions = await DECISIONS.find(shop.scope, EVERYTHING, sort=Sort("_id"))
    told = [(row.run_id, row.listing_id, row.outcome, row.reason) for row in decisions]
    of_runs = Counter(each for each in told if each[0])
    assert set(of_runs.values()) <= {1}, "a run decided a listing twice"
    by_id = {row.id: row for row in decisions}
    submissions = await SUBMISSIONS.find(shop.scope, EVERYTHING, sort=Sort("_id"))
    for row in submissions:
        decision = by_id[row.price_decision_id or row.decision_id]
        assert row.price is None or row.price == decision.price_after
        assert row.price is None or decision.outcome is not DecisionOutcome.HOLD
    for sku in SKUS:
        id_ = shop.listing_id(sku)
        justified = {
            row.price_after.amount
            for row in decisions
            if row.listing_id == id_ and row.outcome is DecisionOutcome.CHANGE and row.price_after
        }
        sent = {price for price, _ in shop.amazon.written(sku) if price}
        assert sent <= justified, "Amazon was told a price that nobody decided"
    runs_ = await RUNS.find(shop.scope, Is("ended_at", "eq", None))
    assert runs_ == []
    held = await RUNS.find(shop.scope, Is("status", "not_in", [RunStatus.PASSED]), sort=Sort("_id"))
    return {
        "listings": {
            sku: (
                *(row.status, row.reason, row.price, row.quantity, row.wanted_price),
                *(row.wanted_quantity, row.hold, row.held and row.held.price, row.due),
                row.issues,
            )
            for sku, row in (await shop.listings()).items()
        },
        "decisions": {
            sku: [
                (row.outcome, row.reason, row.price_before, row.price_after, row.quantity_after)
                for row in decisions
                if row.listing_id == shop.listing_id(sku)
            ]
            for sku in SKUS
        },
        "submissions": {
            sku: [
                (row.kind, row.price, row.quantity, row.state)
                for row in submissions
                if row.seller_sku == sku
            ]
            for sku in SKUS
        },
        # What was sent and not noted may be sent again.
        "amazon": {sku: [told for told, _ in groupby(shop.amazon.written(sku))] for sku in SKUS},
        "runs that did not simply pass": [
            (row.status, row.moved, row.taken_back, row.left_alone, row.breaches) for row in held
        ],
    }
