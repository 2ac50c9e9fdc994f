"""A condition means the same for a row in memory as in a query."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.decision import DecisionOutcome
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING, AllOf, AnyOf, Is, NotOf, Where, matches
from storage.mongo import Scope
from tests.factories import NOW
from tests.graphql_api.seeds import a_decision

ROWS = [
    replace(a_decision(1), ruleset_id="rules1", outcome=DecisionOutcome.HOLD),
    replace(a_decision(2), ruleset_id="rules2"),
    replace(a_decision(3, "PEN-1"), ruleset_id=None),
]
LATER = NOW + timedelta(minutes=2)
HELD = Is("outcome", "eq", DecisionOutcome.HOLD)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (EVERYTHING, 3),
        (HELD, 1),
        (NotOf(HELD), 2),
        (Is("_id", "eq", "decision0002"), 1),
        (Is("outcome", "in", []), 0),
        (Is("outcome", "not_in", [DecisionOutcome.HOLD]), 2),
        (Is("ruleset_id", "eq", None), 1),
        (Is("ruleset_id", "in", ["rules1", None]), 2),
        (Is("ruleset_id", "not_in", ["rules1"]), 2),
        (Is("ruleset_id", "gt", ""), 2),
        (Is("ruleset_id", "lt", "rules2"), 1),
        (NotOf(Is("ruleset_id", "gte", "rules2")), 2),
        (Is("listing_id", "prefix", "store1/P"), 1),
        (Is("decided_at", "gte", LATER), 2),
        (Is("decided_at", "gt", LATER), 1),
        (Is("decided_at", "lt", LATER), 1),
        (Is("decided_at", "lte", LATER), 2),
        (AnyOf(()), 0),
        (AnyOf((HELD, Is("ruleset_id", "eq", None))), 2),
        (AllOf((HELD, Is("ruleset_id", "eq", "rules2"))), 0),
    ],
)
async def test_memory_and_database_find_the_same(scope: Scope, where: Where, count: int) -> None:
    await DECISIONS.insert(scope, ROWS)
    found = {row.id for row in await DECISIONS.find(scope, where)}
    assert found == {row.id for row in ROWS if matches(where, row)}
    assert len(found) == count
