"""Every query of the API and of the workers that can meet many documents is served by an index."""

from typing import Any

import pytest

from domain.listing import Due
from storage.filters import AllOf, Is, Where, to_query
from storage.keyset import PageRequest, Sort, bounds, order
from storage.listings import EPOCH, LISTINGS
from storage.mongo import Scope
from tests.factories import NOW, a_listing

OF_STORE = Is("store_id", "eq", "store1")
OF_WEBHOOK = Is("webhook_id", "eq", "webhook1")


def _stages(plan: dict[str, Any]) -> list[str]:
    return [plan["stage"], *(_stages(plan["inputStage"]) if "inputStage" in plan else [])]


@pytest.mark.parametrize(
    ("collection", "where", "sort"),
    [
        ("listings", AllOf((OF_STORE, Is("due.at", "gt", EPOCH))), Sort("due.at")),
        ("listings", AllOf((OF_STORE, Is("asin", "in", ["B1"]))), None),
        ("listings", AllOf((OF_STORE, Is("product_id", "in", ["p"]))), None),
        ("listings", OF_STORE, Sort("_id")),
        ("listings", OF_STORE, Sort("updated_at", descending=True)),
        ("submissions", AllOf((OF_STORE, Is("state", "eq", "PENDING"))), Sort("_id")),
        ("changes", Is("listing_id", "eq", "store1/MUG-1"), Sort("_id", descending=True)),
        ("decisions", Is("listing_id", "eq", "store1/MUG-1"), Sort("_id", descending=True)),
        ("orders", OF_STORE, Sort("purchased_at", descending=True)),
        (
            "plans",
            AllOf((OF_STORE, Is("documents_hash", "eq", "x"))),
            Sort("_id", descending=True),
        ),
        ("offer_history", AllOf((OF_STORE, Is("asin", "in", ["B1"]))), None),
        ("products", AllOf(), Sort("_id")),
        ("operations", AllOf(), Sort("_id", descending=True)),
        ("api_keys", AllOf(), Sort("_id", descending=True)),
        ("webhooks", AllOf(), Sort("_id", descending=True)),
        ("webhook_deliveries", AllOf(), Sort("_id", descending=True)),
        ("webhook_deliveries", OF_WEBHOOK, Sort("_id", descending=True)),
        (
            "webhook_deliveries",
            AllOf((OF_WEBHOOK, Is("state", "eq", "PENDING"), Is("next_attempt_at", "lte", NOW))),
            Sort("next_attempt_at"),
        ),
        ("runs", AllOf((OF_STORE, Is("ended_at", "eq", None))), None),
        ("runs", AllOf((OF_STORE, Is("status", "eq", "UNDOING"))), Sort("_id")),
        ("runs", AllOf((Is("store_id", "in", ["s"]), Is("started_at", "in", [NOW]))), None),
        ("decisions", AllOf((Is("run_id", "eq", "r"), Is("_id", "gt", "d"))), Sort("_id")),
        ("listings", AllOf((OF_STORE, Is("held.run_id", "eq", "r"))), None),
        # of exports, whole and of a store, going on after a key
        ("offers", AllOf((Is("_id", "gt", "k"),)), Sort("_id")),
        ("offers", AllOf((OF_STORE, Is("_id", "gt", "k"))), Sort("_id")),
        ("changes", AllOf((OF_STORE, Is("_id", "gt", "k"))), Sort("_id")),
        ("decisions", AllOf((Is("_id", "gt", "k"),)), Sort("_id")),
        ("orders", AllOf((Is("purchased_at", "gte", NOW),)), Sort("purchased_at")),
        ("operations", AllOf((Is("store_id", "eq", None), Is("kind", "eq", "EXPORT"))), None),
        # what keeps marks waiting, and the rules in force, before every run
        (
            "operations",
            AllOf((Is("store_id", "in", [None, "s"]), Is("kind", "in", ["MATCH", "EXPORT"]))),
            None,
        ),
        ("rulesets", AllOf((OF_STORE, Is("kind", "in", ["PRICING", "LISTING"]))), None),
    ],
)
async def test_a_query_walks_an_index_and_sorts_nothing(
    scope: Scope, collection: str, where: Where, sort: Sort | None
) -> None:
    await LISTINGS.insert(
        scope, [a_listing(f"S{n}", due=Due(NOW, "x") if n % 2 else Due()) for n in range(50)]
    )
    request = PageRequest(10)
    whole = AllOf((where, bounds(sort, request))) if sort else where
    keys = order(sort, request) if sort else []
    plan = await scope.explain(collection, to_query(whole), keys)
    stages = _stages(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages
    assert "COLLSCAN" not in stages
    assert "SORT" not in stages


@pytest.mark.parametrize(("where", "direction"), [({"end": {"$gt": 7}}, 1), ({}, -1)])
async def test_the_piece_that_has_a_byte_and_the_last_one_are_found_by_an_index(
    scope: Scope, where: dict[str, Any], direction: int
) -> None:
    plan = await scope.explain("file_pieces", {"file_id": "f", **where}, [("end", direction)])
    stages = _stages(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages
    assert "SORT" not in stages
