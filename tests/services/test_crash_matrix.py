"""A process, mongod or Valkey killed before each step of some work, in turn: it comes to the same end as undisturbed.

mongod comes back with what is on its disk, Valkey with nothing. NIGHTLY=1 dies before every step, otherwise before two
of each kind of work.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from connectors.errors import Retryable
from domain.decision import DecisionOutcome
from domain.operation import OperationKind, OperationStatus
from domain.run import RunStatus
from services import operations, repricing, runs
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage import feeds, leases
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING, Is
from storage.health import is_outage
from storage.keyset import Sort
from storage.operations import OPERATIONS, unfinished
from storage.runs import RUNS
from storage.submissions import SUBMISSIONS
from tests.mortal_servers import MortalServers, mortal_servers
from tests.services.amazon import Amazon, an_item
from tests.services.mortal import SENDING, Life, in_a_process_with
from tests.services.shop import Shop, a_mug, forget_jobs, open_shop, queued, wipe
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
    """Work in the middle of which somebody dies: what leads to it, and what it does."""

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


async def _all_by_hand(shop: Shop) -> None:
    await _other_rules(shop)
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")


async def _reprice_by_hand(shop: Shop) -> None:
    asked = await unfinished(shop.scope, shop.id, OperationKind.REPRICE)
    await repricing.reprice(shop.runtime, shop.scope, shop.id, asked.id if asked else None)


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
    "by-hand": Scenario(_all_by_hand, _reprice_by_hand),
    "held-run": Scenario(_too_much_of_what_is_marked, _reprice),
    "held-pass": Scenario(_too_much, _reprice),
    "resumed": Scenario(_resumed, _reprice),
    "discarded": Scenario(_discarded, _reprice),
    "undo": Scenario(_undone, _reprice),
    "push": Scenario(_decided, _send_and_read_back),
    "push-by-feed": Scenario(_decided, _send_and_read_back, feed_from=2),
}

MUCH_LIKE_OTHERS = {"held-run", "discarded", "resumed", "pass", "by-hand", "run-of-many"}
PROCESS, MONGOD, VALKEY = "process", "mongod", "valkey"
CASES = [(name, PROCESS) for name in SCENARIOS if IS_NIGHTLY or name not in MUCH_LIKE_OTHERS] + (
    [(name, server) for name in SCENARIOS for server in (MONGOD, VALKEY)]
    if IS_NIGHTLY
    else [("by-hand", MONGOD), ("push-by-feed", MONGOD), ("push", VALKEY)]
)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalServers]:
    with mortal_servers(tmp_path_factory.mktemp("mortal")) as servers:
        yield servers


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    return simulator


@pytest.fixture
async def runtime(mortal: MortalServers, settings: Settings) -> AsyncIterator[Runtime]:
    urls = mortal.urls
    async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, tuple[list[str], dict[str, Any]]]:
    """What was played already: the steps and the end, by scenario."""
    return {}


@pytest.mark.parametrize(("name", "victim"), CASES)
async def test_whoever_dies_at_any_step_changes_nothing_about_the_end(
    runtime: Runtime,
    amazon: Amazon,
    mortal: MortalServers,
    undisturbed: dict[str, tuple[list[str], dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    victim: str,
) -> None:
    scenario = SCENARIOS[name]
    monkeypatch.setattr("services.chunks.CHUNK", scenario.chunk)
    monkeypatch.setattr("services.due._BATCH", scenario.chunk)
    monkeypatch.setattr("services.runs._BATCH", scenario.chunk)
    monkeypatch.setattr("services.operations._STUCK_AFTER", timedelta())
    settings = runtime.settings.model_copy(update={"amazon_feed_from": scenario.feed_from})
    runtime = replace(runtime, settings=settings)
    server = {PROCESS: None, MONGOD: mortal.mongod, VALKEY: mortal.valkey}[victim]

    if name not in undisturbed:
        undisturbed[name] = await _play(runtime, amazon, mortal, scenario, Life())

    steps, expected = undisturbed[name]
    assert len(steps) > 3
    for number in _worth_dying_at(steps, victim):
        life = Life(ends_before=number, server=server)
        taken, ending = await _play(runtime, amazon, mortal, scenario, life)
        where = f"{victim} dies in {name} before step {number} of {len(steps)}, {steps[number]}"
        assert len(taken) > number if server else len(taken) == number, where
        assert ending == expected, where


def _worth_dying_at(steps: list[str], victim: str) -> list[int]:
    """The steps to die before. Valkey is asked for something by wakes and by calls only."""
    asking = ("wake", *SENDING)
    found = [n for n, step in enumerate(steps) if victim != VALKEY or step.startswith(asking)]
    return found if IS_NIGHTLY else [found[len(found) // 3], found[2 * len(found) // 3]]


async def _play(
    runtime: Runtime, amazon: Amazon, mortal: MortalServers, scenario: Scenario, life: Life
) -> tuple[list[str], dict[str, Any]]:
    """The steps that the process took, and the end that the shop came to after it."""
    await wipe(runtime)
    await forget_jobs(mortal.urls)
    amazon.begin([an_item(number) for number in MUGS])
    shop = await open_shop(runtime, amazon)
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await scenario.given(shop)
    disturbed = in_a_process_with(life, shop)
    if life.ends_before is None:
        await scenario.act(disturbed)
    elif life.server is None:
        with pytest.raises(Killed):
            await scenario.act(disturbed)
        await runtime.database.handle.leases.delete_many({})  # as if away for long enough
    else:
        with _a_job():
            await scenario.act(disturbed)
        life.server.wait()
        await _leases_end(runtime)
    steps = list(life.steps)
    await _pick_up_operations(shop, mortal)
    await shop.settle()
    return steps, await _ending(shop)


@contextmanager
def _a_job() -> Iterator[None]:
    """As arq and the sweep have it: trouble with a server ends a job, and another one goes on."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, Retryable) and not is_outage(error):
            raise


async def _leases_end(runtime: Runtime) -> None:
    """Wait until nobody holds a lease; whoever could not let go of one keeps others waiting for as long as it says."""
    held = {"$expr": {"$gt": ["$until", "$$NOW"]}}
    async with asyncio.timeout(leases.SECONDS + 1):
        while await runtime.database.handle.leases.count_documents(held):
            await asyncio.sleep(0.05)


async def _pick_up_operations(shop: Shop, mortal: MortalServers) -> None:
    """Have the sweep find operations that stand still, and do the jobs that it wakes for them."""
    await forget_jobs(mortal.urls)
    await operations.pick_up_stuck(shop.runtime)
    for _, (_, store_id, operation_id) in await queued(mortal.urls):
        await repricing.reprice(shop.runtime, shop.scope, store_id, operation_id)


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
    assert await RUNS.find(shop.scope, Is("ended_at", "eq", None)) == []
    assert await feeds.unfinished(shop.scope, shop.id) == []
    assert await shop.runtime.database.handle.leases.count_documents({}) == 0
    going_on = Is("status", "in", [OperationStatus.QUEUED, OperationStatus.RUNNING])
    assert await OPERATIONS.find(shop.scope, going_on) == []
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
        "operations": [
            (row.kind, row.status, row.outcome, row.errors)
            for row in await OPERATIONS.find(shop.scope, EVERYTHING, sort=Sort("_id"))
        ],
        # What was sent and not noted may be sent again.
        "amazon": {sku: [told for told, _ in groupby(shop.amazon.written(sku))] for sku in SKUS},
        "runs that did not simply pass": [
            (row.status, row.moved, row.taken_back, row.left_alone, row.breaches) for row in held
        ],
    }
