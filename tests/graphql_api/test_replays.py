"""Deciding recorded decisions again over the API."""

from dataclasses import replace

from domain.clock import FixedClock
from domain.listing import Due
from graphql_api.ids import Kind, to_id
from services import repricing, rulesets
from services.runtime import Runtime
from storage import offers
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.products import PRODUCTS
from storage.stores import STORES
from tests.factories import NOW, a_listing, a_product, a_store
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import PRICING, a_decision, a_snapshot

QUERY = """query ($id: ID!) { decision(id: $id) { replay {
  outcome differences { path recorded again } } } }"""


async def test_a_decision_is_decided_again_and_compared(
    runtime: Runtime, scope: Scope, ask: Ask
) -> None:
    runtime = replace(runtime, clock=FixedClock(NOW))
    await STORES.insert(scope, [a_store()])
    await PRODUCTS.insert(scope, [a_product()])
    await LISTINGS.insert(scope, [a_listing(due=Due(NOW, "OFFERS_CHANGED"))])
    await offers.write(scope, [a_snapshot()])
    draft = await rulesets.create(runtime, scope, "store1", PRICING, author="Ann")
    await rulesets.publish(runtime, scope, draft.id, actor="Ann")
    await repricing.reprice(runtime, scope, "store1", None)
    (made,) = await DECISIONS.find(scope, EVERYTHING)
    id_ = to_id(Kind.DECISION, made.id)

    same = await ask(QUERY, id=id_)
    change = {"$set": {"trace.0.rule_key": "somebody", "price_before.minor": 1}}
    await scope.update(DECISIONS.name, {}, change)
    different = await ask(QUERY, id=id_)

    assert same == {"decision": {"replay": {"outcome": "SAME", "differences": []}}}
    assert different["decision"]["replay"] == {
        "outcome": "DIFFERENT",
        "differences": [
            {"path": "priceBefore.minor", "recorded": "1", "again": "2000"},
            {"path": "trace.0.ruleKey", "recorded": "somebody", "again": None},
        ],
    }


async def test_what_was_not_kept_or_not_recorded_is_not_decided_again(
    scope: Scope, ask: Ask
) -> None:
    await STORES.insert(scope, [a_store()])
    await PRODUCTS.insert(scope, [a_product()])
    await LISTINGS.insert(scope, [a_listing()])
    await DECISIONS.insert(scope, [a_decision(1)])

    data = await ask(
        """{ decisions { nodes { replay { outcome } } } listings { nodes { explain { replay { outcome } } } } }"""
    )

    assert data["decisions"]["nodes"] == [{"replay": {"outcome": "NOT_KEPT"}}]
    assert data["listings"]["nodes"] == [{"explain": {"replay": None}}]
