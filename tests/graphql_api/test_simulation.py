"""The effect before the act, over the API: simulate, look, publish the plan, compare, go back."""

from typing import Any

import pytest

from domain.ruleset import RulesetStatus
from embedded.servers import ServerUrls
from services import markings, plans
from services.runtime import Runtime
from storage.filters import Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.operations import OPERATIONS
from storage.plans import PLANS
from storage.rulesets import RULESETS
from tests.factories import MERCHANT
from tests.graphql_api.conftest import Ask, gid
from tests.graphql_api.seeds import stock_shop
from tests.services.shop import forget_jobs, queued

SHOP = gid("Store", "store1")
TEN_OFF = """
kind: pricing
name: Ten off mugs
rules:
  - {key: ten-off, type: standard, when: {all: [{fact: sku, contains: MUG}]}, adjust: {decrease: 10%}}
"""
NO_PENS = """
kind: listing
name: No pens
rules:
  - {key: pens, when: {all: [{fact: sku, contains: PEN}]}, then: keepOut}
"""
ERRORS = "userErrors { field message code }"
SIMULATE = """mutation ($input: RulesetSimulateInput!) { rulesetSimulate(input: $input) {
  plan { id author publishedAt effect { changedCount } documents { kind name }
    store { name } operation { status kind store { name } } }
  userErrors { field message code line column documentPath } } }"""
PUBLISH = f"""mutation ($input: RulesetPublishInput!) {{ rulesetPublish(input: $input) {{
  ruleset {{ version status }} plan {{ publishedAt documents {{ name }} }} {ERRORS} }} }}"""
ROLL_BACK = f"""mutation ($input: RulesetRollBackInput!) {{ rulesetRollBack(input: $input) {{
  ruleset {{ version restoredVersion status name }} {ERRORS} }} }}"""
PLAN = """query ($id: ID!) { plan(id: $id) {
  listingRulesetBefore { version } pricingRulesetBefore { version }
  operation { status resultCounts { name count } }
  effect {
    isEmpty listingCount unlistedProductCount changedCount upCount downCount unchangedCount
    heldCounts { reason count } newlyListedCount newlyIneligibleCount newlyIneligibleSkus onSaleCount
    priceDifference { amount currencyCode } belowCostAfter { listingCount amount { amount } }
    largestDown { sellerSku before { amount } after { amount } percent }
    examples { sellerSku
      before { price { amount } outcome isEligible trace { step } }
      after { price { amount } outcome isEligible ineligibleReason trace { step ruleKey } } } } } }"""


@pytest.fixture
async def stocked(scope: Scope) -> Scope:
    await stock_shop(scope, ["MUG-1", "MUG-2", "PEN-1"])
    return scope


async def simulated(runtime: Runtime, ask: Ask, *sources: str) -> str:
    """The global id of a plan that a worker worked out."""
    data = await ask(SIMULATE, input={"storeId": SHOP, "sources": list(sources)})
    assert data["rulesetSimulate"]["userErrors"] == []
    id_: str = data["rulesetSimulate"]["plan"]["id"]
    (plan,) = [row for row in await PLANS.find(_scope(runtime), _ALL) if gid("Plan", row.id) == id_]
    await plans.work_out(runtime, _scope(runtime), "store1", plan.id)
    return id_


_ALL = Is("store_id", "eq", "store1")


def _scope(runtime: Runtime) -> Scope:
    return runtime.scope(MERCHANT)


@pytest.mark.parametrize("mutation", ["rulesetSimulate", "rulesetCreate"])
async def test_amounts_that_the_stores_currency_does_not_have_are_told_with_their_place(
    stocked: Scope, ask: Ask, mutation: str
) -> None:
    precise = TEN_OFF.replace("10%", '"0.005"')
    is_plan = mutation == "rulesetSimulate"
    given = {"sources": [NO_PENS, precise]} if is_plan else {"source": precise}
    name = mutation[0].upper() + mutation[1:]
    query = f"""mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{
      userErrors {{ field code message line documentPath }} }} }}"""
    payload = (await ask(query, input={"storeId": SHOP, **given}))[mutation]
    assert payload["userErrors"] == [
        {
            "field": ["input", "sources", "1"] if is_plan else ["input", "source"],
            "code": "INVALID_DOCUMENT",
            "message": "Amounts in USD have 2 decimals at most, so 0.005 cannot be meant",
            "line": 5,
            "documentPath": "rules[0].adjust.decrease",
        }
    ]
    assert await RULESETS.count(stocked) + await PLANS.count(stocked) == 0


async def test_a_simulation_is_an_operation_whose_plan_can_be_watched(
    stocked: Scope, ask: Ask, servers: ServerUrls
) -> None:
    await forget_jobs(servers)
    data = await ask(SIMULATE, input={"storeId": SHOP, "sources": [TEN_OFF, NO_PENS]})
    plan = data["rulesetSimulate"]["plan"]
    assert data["rulesetSimulate"]["userErrors"] == []
    assert (plan["effect"], plan["publishedAt"]) == (None, None)
    assert plan["documents"] == [
        {"kind": "LISTING", "name": "No pens"},
        {"kind": "PRICING", "name": "Ten off mugs"},
    ]
    assert plan["operation"] == {
        "status": "QUEUED",
        "kind": "SIMULATE",
        "store": plan["store"],
    }
    ((job, (_, store_id, operation_id)),) = await queued(servers)
    assert (job, store_id, gid("Plan", operation_id)) == ("simulate", "store1", plan["id"])


async def test_a_plan_tells_what_would_change(stocked: Scope, ask: Ask, runtime: Runtime) -> None:
    before = await LISTINGS.find(stocked, _ALL)
    id_ = await simulated(runtime, ask, TEN_OFF, NO_PENS)

    plan = (await ask(PLAN, id=id_))["plan"]

    assert (plan["listingRulesetBefore"], plan["pricingRulesetBefore"]) == (None, None)
    assert plan["operation"] == {
        "status": "DONE",
        "resultCounts": [{"name": "changed", "count": 3}],
    }
    effect = plan["effect"]
    assert (effect["isEmpty"], effect["listingCount"], effect["changedCount"]) == (False, 3, 3)
    assert (effect["upCount"], effect["downCount"], effect["unchangedCount"]) == (0, 2, 1)
    assert effect["newlyIneligibleSkus"] == ["PEN-1"]
    assert effect["priceDifference"] == {"amount": "-4.00", "currencyCode": "USD"}
    assert effect["largestDown"][0] == {
        "sellerSku": "MUG-1",
        "before": {"amount": "20.00"},
        "after": {"amount": "18.00"},
        "percent": "-10.00",
    }
    by_sku = {example["sellerSku"]: example for example in effect["examples"]}
    assert by_sku["PEN-1"]["after"]["ineligibleReason"] == "RULE"
    assert {"step": "RULE", "ruleKey": "ten-off"} in by_sku["MUG-1"]["after"]["trace"]
    assert await LISTINGS.find(stocked, _ALL) == before


async def test_publishing_a_plan_publishes_all_of_it(
    stocked: Scope, ask: Ask, runtime: Runtime
) -> None:
    id_ = await simulated(runtime, ask, TEN_OFF, NO_PENS)
    published = (await ask(PUBLISH, input={"planId": id_}))["rulesetPublish"]
    assert (published["userErrors"], published["ruleset"]) == ([], None)
    assert published["plan"]["publishedAt"] is not None
    in_force = await RULESETS.find(stocked, Is("status", "eq", RulesetStatus.PUBLISHED))
    assert {row.source for row in in_force} == {TEN_OFF, NO_PENS}
    assert await markings.count_due(stocked, "store1") == 3


async def test_a_plan_is_refused_when_rules_or_catalogue_moved(
    stocked: Scope, ask: Ask, runtime: Runtime
) -> None:
    id_ = await simulated(runtime, ask, TEN_OFF)
    await stocked.update(
        "listings", {"_id": "store1/MUG-1"}, {"$set": {"override": _override("19.00")}}
    )
    moved = (await ask(PUBLISH, input={"planId": id_}))["rulesetPublish"]
    assert moved["plan"] is None
    (error,) = moved["userErrors"]
    assert (error["code"], error["field"]) == ("PLAN_OUTDATED", ["input", "planId"])
    assert "of 2 listings that change, 1 would now change otherwise" in error["message"]

    other = await simulated(runtime, ask, NO_PENS)
    assert (await ask(PUBLISH, input={"planId": other}))["rulesetPublish"]["userErrors"] == []
    (error,) = (await ask(PUBLISH, input={"planId": id_}))["rulesetPublish"]["userErrors"]
    assert (error["code"], "listing version 1" in error["message"]) == ("PLAN_OUTDATED", True)
    assert await RULESETS.find(stocked, Is("source", "eq", TEN_OFF)) == []


def _override(amount: str) -> dict[str, Any]:
    minor = int(amount.replace(".", ""))
    return {
        "price": {"minor": minor, "currency": "USD"},
        "actor": "me",
        "set_at": None,
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "INVALID"),
        ({"planId": gid("Plan", "x"), "rulesetId": gid("Ruleset", "x")}, "INVALID"),
        ({"planId": gid("Plan", "nothing")}, "NOT_FOUND"),
        ({"planId": gid("Ruleset", "nothing")}, "NOT_FOUND"),
        ({"rulesetId": gid("Ruleset", "nothing")}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_published_is_told(
    stocked: Scope, ask: Ask, given: dict[str, str], code: str
) -> None:
    payload = (await ask(PUBLISH, input=given))["rulesetPublish"]
    assert [error["code"] for error in payload["userErrors"]] == [code]


async def test_mistakes_of_a_document_are_told_with_their_places(stocked: Scope, ask: Ask) -> None:
    bad = TEN_OFF.replace("decrease: 10%", "decrease: lots")
    payload = (await ask(SIMULATE, input={"storeId": SHOP, "sources": [NO_PENS, bad]}))[
        "rulesetSimulate"
    ]
    (error,) = payload["userErrors"]
    assert payload["plan"] is None
    assert (error["code"], error["field"], error["line"]) == (
        "INVALID_DOCUMENT",
        ["input", "sources", "1"],
        5,
    )
    for sources, code in (([TEN_OFF, TEN_OFF], "INVALID"), ([], "INVALID")):
        payload = (await ask(SIMULATE, input={"storeId": SHOP, "sources": sources}))[
            "rulesetSimulate"
        ]
        assert [each["code"] for each in payload["userErrors"]] == [code]
    nowhere = {"storeId": gid("Store", "nowhere"), "sources": [TEN_OFF]}
    payload = (await ask(SIMULATE, input=nowhere))["rulesetSimulate"]
    assert [each["code"] for each in payload["userErrors"]] == ["NOT_FOUND"]
    assert await PLANS.count(stocked) == await OPERATIONS.count(stocked) == 0


async def test_versions_are_compared_and_brought_back(
    stocked: Scope, ask: Ask, runtime: Runtime
) -> None:
    for source in (TEN_OFF, TEN_OFF.replace("10%", "20%")):
        id_ = await simulated(runtime, ask, source)
        assert (await ask(PUBLISH, input={"planId": id_}))["rulesetPublish"]["userErrors"] == []
    one, two = sorted(await RULESETS.find(stocked, _ALL), key=lambda row: row.version)
    question = "query ($id: ID!, $other: ID!) { ruleset(id: $id) { diff(against: $other) } }"
    found = await ask(question, id=gid("Ruleset", two.id), other=gid("Ruleset", one.id))
    lines = found["ruleset"]["diff"].splitlines()
    assert [line[-22:] for line in lines if line.startswith("+ ")] == [
        "adjust: {decrease: 20%}}"[-22:]
    ]
    none = await ask(question, id=gid("Ruleset", two.id), other=gid("Ruleset", "nothing"))
    assert none["ruleset"]["diff"] is None

    back = (await ask(ROLL_BACK, input={"storeId": SHOP, "kind": "PRICING"}))["rulesetRollBack"]
    assert back == {
        "ruleset": {
            "version": 3,
            "restoredVersion": 1,
            "status": "PUBLISHED",
            "name": "Ten off mugs",
        },
        "userErrors": [],
    }
    for version, code in ((1, "CONFLICT"), (9, "NOT_FOUND")):
        given = {"storeId": SHOP, "kind": "PRICING", "version": version}
        payload = (await ask(ROLL_BACK, input=given))["rulesetRollBack"]
        assert [each["code"] for each in payload["userErrors"]] == [code]


async def test_plans_are_listed_and_belong_to_their_merchant(
    stocked: Scope, ask: Ask, ask_as_stranger: Ask, runtime: Runtime
) -> None:
    first = await simulated(runtime, ask, TEN_OFF)
    second = await simulated(runtime, ask, NO_PENS)
    listed = await ask(
        "query ($store: ID!) { plans(where: {storeId: {eq: $store}}) { nodes { id } } }", store=SHOP
    )
    assert [node["id"] for node in listed["plans"]["nodes"]] == [second, first]
    assert (await ask("query ($id: ID!) { node(id: $id) { id } }", id=first))["node"] is not None
    assert (await ask_as_stranger(PLAN, id=first))["plan"] is None
    assert (await ask_as_stranger("{ plans { nodes { id } } }"))["plans"]["nodes"] == []
    refused = await ask_as_stranger(PUBLISH, input={"planId": first})
    assert [each["code"] for each in refused["rulesetPublish"]["userErrors"]] == ["NOT_FOUND"]


async def test_a_plan_costs_a_few_queries_however_long_the_page(
    stocked: Scope, ask: Ask, runtime: Runtime
) -> None:
    await simulated(runtime, ask, TEN_OFF)
    found = await ask("{ plans { nodes { store { name } operation { status } } } }")
    assert found["plans"]["nodes"][0]["operation"] == {"status": "DONE"}
    assert await SNAPSHOTS.count(stocked) > 0
