"""Every list of the API that can grow is read along an index, in its order."""

from typing import Any

import pytest

from graphql_api.changes import NEWEST_FIRST
from storage.filters import EVERYTHING, AllOf, Is, Where, to_query
from storage.keyset import PageRequest, Sort, bounds, order
from storage.mongo import Scope
from tests.graphql_api.seeds import stock_shop


def _stages(plan: dict[str, Any]) -> list[str]:
    return [plan["stage"], *(_stages(plan["inputStage"]) if "inputStage" in plan else [])]


@pytest.mark.parametrize("from_the_middle", [False, True])
@pytest.mark.parametrize(
    ("collection", "where", "sort"),
    [
        ("stores", EVERYTHING, Sort("created_at")),
        ("products", EVERYTHING, Sort("_id")),
        ("products", EVERYTHING, Sort("updated_at", descending=True)),
        ("listings", EVERYTHING, Sort("_id")),
        ("listings", EVERYTHING, Sort("updated_at", descending=True)),
        ("listings", Is("hold", "gt", ""), Sort("_id")),
        ("rulesets", EVERYTHING, NEWEST_FIRST),
        ("plans", EVERYTHING, NEWEST_FIRST),
        ("decisions", EVERYTHING, NEWEST_FIRST),
        ("submissions", EVERYTHING, NEWEST_FIRST),
        ("submissions", Is("listing_id", "eq", "store1/A"), NEWEST_FIRST),
        ("orders", EVERYTHING, Sort("purchased_at", descending=True)),
        ("changes", EVERYTHING, NEWEST_FIRST),
        ("changes", Is("listing_id", "eq", "store1/A"), NEWEST_FIRST),
        ("changes", Is("order_id", "eq", "store1/1"), NEWEST_FIRST),
        ("operations", EVERYTHING, NEWEST_FIRST),
        ("runs", EVERYTHING, NEWEST_FIRST),
        ("decisions", Is("run_id", "eq", "run1"), NEWEST_FIRST),
    ],
)
async def test_a_page_walks_an_index_in_its_order(
    scope: Scope, collection: str, where: Where, sort: Sort, from_the_middle: bool
) -> None:
    await stock_shop(scope, [f"S{number}" for number in range(20)])
    key = ("m", "m") if from_the_middle else None
    request = PageRequest(10, after=key)
    plan = await scope.explain(
        collection, to_query(AllOf((where, bounds(sort, request)))), order(sort, request)
    )
    stages = _stages(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
    assert not {"COLLSCAN", "SORT"} & set(stages)
