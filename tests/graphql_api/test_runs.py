"""Runs over the API: what is held and why, and what a person says to it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.listing import HeldPrice, listing_id
from domain.run import Breach, Run, RunLimit, RunStatus
from graphql_api.ids import Kind, to_id
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.runs import RUNS
from storage.stores import STORES
from tests.factories import MERCHANT, NOW, a_listing, a_store, usd
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import a_decision

SHOWN = """
{
  repriceRuns(first: 10, where: {status: {eq: HELD}}) {
    nodes {
      id status movedCount upCount downCount firstPricedCount startedAt endedAt answeredBy
      store { name }
      breaches { kind note sellerSkus }
      triggerCounts { trigger count }
      decisions(first: 5) { nodes { after { amount } run { status } listing { sellerSku } } }
    }
  }
  repriceRunsCount { count }
  listings { nodes { sellerSku hold held { price { amount } run { status } } } }
}
"""
ANSWER = """
mutation ($id: ID!) {
  %s(input: {runId: $id}) { run { status answeredBy } userErrors { code field message } }
}
"""


def a_run(**changes: Any) -> Run:
    run = Run(
        id="run1",
        merchant_id=MERCHANT,
        store_id="store1",
        status=RunStatus.HELD,
        breaches=(Breach(RunLimit.TOTAL_FALL, "They fall", (listing_id("store1", "MUG-1"),)),),
        triggers={"RULES_PUBLISHED": 3},
        up=0,
        down=1,
        first_priced=0,
        started_at=NOW,
        marked_until=NOW,
        ended_at=NOW + timedelta(seconds=1),
    )
    return replace(run, **changes)


@pytest.fixture
async def held(scope: Scope) -> Run:
    """A store with a listing whose new price is held with its run."""
    run = a_run()
    await STORES.insert(scope, [a_store()])
    await LISTINGS.insert(scope, [a_listing(held=HeldPrice(run.id, usd("9.00")))])
    await DECISIONS.insert(scope, [a_decision(1, run_id=run.id, price_after=usd("9.00"))])
    await RUNS.insert(scope, [run])
    return run


async def test_a_held_run_says_why_and_what_it_holds(ask: Ask, held: Run) -> None:
    shown = await ask(SHOWN)

    (run,) = shown["repriceRuns"]["nodes"]
    assert run == {
        "id": to_id(Kind.RUN, held.id),
        "status": "HELD",
        "movedCount": 1,
        "upCount": 0,
        "downCount": 1,
        "firstPricedCount": 0,
        "startedAt": "2026-01-05T08:00:00.000Z",
        "endedAt": "2026-01-05T08:00:01.000Z",
        "answeredBy": None,
        "store": {"name": "Shop"},
        "breaches": [{"kind": "TOTAL_FALL", "note": "They fall", "sellerSkus": ["MUG-1"]}],
        "triggerCounts": [{"trigger": "RULES_PUBLISHED", "count": 3}],
        "decisions": {
            "nodes": [
                {
                    "after": {"amount": "9.00"},
                    "run": {"status": "HELD"},
                    "listing": {"sellerSku": "MUG-1"},
                }
            ]
        },
    }
    assert shown["repriceRunsCount"] == {"count": 1}
    (listing,) = shown["listings"]["nodes"]
    assert listing["held"] == {"price": {"amount": "9.00"}, "run": {"status": "HELD"}}


@pytest.mark.parametrize(
    ("mutation", "before", "after"),
    [
        ("repriceRunResume", RunStatus.HELD, "RESUMED"),
        ("repriceRunDiscard", RunStatus.HELD, "DISCARDED"),
        ("repriceRunUndo", RunStatus.PASSED, "UNDOING"),
    ],
)
async def test_a_person_answers_once(
    ask: Ask, scope: Scope, held: Run, mutation: str, before: RunStatus, after: str
) -> None:
    run = a_run(id="run2", status=before)
    await RUNS.insert(scope, [run])
    id_ = to_id(Kind.RUN, run.id)

    answered = (await ask(ANSWER % mutation, id=id_))[mutation]
    again = (await ask(ANSWER % mutation, id=id_))[mutation]

    assert answered["userErrors"] == []
    assert answered["run"]["status"] == after
    assert answered["run"]["answeredBy"]
    (error,) = again["userErrors"]
    assert (again["run"], error["code"], error["field"]) == (None, "CONFLICT", ["input", "runId"])


@pytest.mark.parametrize("mutation", ["repriceRunResume", "repriceRunDiscard", "repriceRunUndo"])
@pytest.mark.parametrize("id_", [to_id(Kind.RUN, "other"), to_id(Kind.STORE, "store1"), "nonsense"])
async def test_what_is_no_run_of_the_merchant_is_not_there(
    ask: Ask, scope: Scope, runtime: Any, held: Run, mutation: str, id_: str
) -> None:
    await RUNS.insert(runtime.scope("other"), [a_run(id="other", merchant_id="other")])

    answered = (await ask(ANSWER % mutation, id=id_))[mutation]

    assert [error["code"] for error in answered["userErrors"]] == ["NOT_FOUND"]
    assert await RUNS.require(scope, held.id) == held
    assert await CHANGES.count(scope, EVERYTHING) == 0


async def test_what_is_not_written_to_its_end_has_to_wait(
    ask: Ask, scope: Scope, held: Run
) -> None:
    await RUNS.insert(scope, [a_run(id="run2", ended_at=None)])
    answered = await ask(ANSWER % "repriceRunResume", id=to_id(Kind.RUN, "run2"))
    (error,) = answered["repriceRunResume"]["userErrors"]
    assert error["message"] == "Not all of this run is written yet. Try again in a moment."
