"""What should be looked at in rule documents, over the API: of versions, of plans, each shown on a listing."""

import sys
from dataclasses import replace
from typing import Any

from services.examinations import Examinations
from services.runtime import Runtime
from storage.mongo import Scope
from tests.graphql_api.conftest import Ask, asker, browser, gid
from tests.graphql_api.seeds import stock_shop

SHOP = gid("Store", "store1")
FOUND = """hasAllFindings findings { code severity ruleKeys message line column documentPath
  witness { isConstructed sellerSku decidedAt price { amount currencyCode } outcome reason isEligible ineligibleReason
    facts { name value } rules { ruleKey isApplied } trace { step } listing { id title } } }"""
CREATE = f"""mutation ($input: RulesetCreateInput!) {{ rulesetCreate(input: $input) {{
  ruleset {{ id {FOUND} }} userErrors {{ message }} }} }}"""
SIMULATE = f"""mutation ($input: RulesetSimulateInput!) {{ rulesetSimulate(input: $input) {{
  plan {{ documents {{ kind {FOUND} }} }} userErrors {{ message }} }} }}"""
SALE = """\
kind: pricing
name: Sale
rules:
  - key: all
    type: standard
    priority: 1
    stop: true
    adjust: {decrease: 10%}
  - key: mugs
    type: standard
    priority: 2
    when: {fact: sku, contains: MUG}
    adjust: {decrease: 20%}
  - key: never
    type: standard
    when:
      all:
        - {fact: price, gte: 20}
        - {fact: price, lt: 20}
    adjust: {decrease: 1%}
"""
CONTRADICTION = """\
kind: listing
name: Contradiction
rules:
  - {key: gloves, when: {fact: category, contains: Gloves}, then: list}
  - {key: no-clothes, when: {fact: category, in: [Gloves, Hats]}, then: keepOut}
"""


async def created(ask: Ask, source: str) -> Any:
    payload = (await ask(CREATE, input={"storeId": SHOP, "source": source}))["rulesetCreate"]
    assert payload["userErrors"] == []
    return payload["ruleset"]


async def test_a_version_tells_its_findings_with_place_and_a_listing_of_the_store(
    scope: Scope, ask: Ask
) -> None:
    await stock_shop(scope, ["MUG-1", "PEN-1"])
    ruleset = await created(ask, SALE)
    assert ruleset["hasAllFindings"] is True
    shadowed, unreachable = ruleset["findings"]
    assert (shadowed["code"], shadowed["severity"]) == ("SHADOWED", "ERROR")
    assert shadowed["ruleKeys"] == ["mugs", "all"]
    assert (shadowed["line"], shadowed["column"]) == (9, 5)
    assert shadowed["documentPath"] == "rules[1]"
    assert shadowed["message"].startswith("It never runs")
    witness = shadowed["witness"]
    assert (witness["isConstructed"], witness["sellerSku"]) == (False, "MUG-1")
    assert witness["listing"] == {"id": gid("Listing", "store1/MUG-1"), "title": "Product MUG-1"}
    assert {"name": "sku", "value": "MUG-1"} in witness["facts"]
    assert witness["price"] == {"amount": "18.00", "currencyCode": "USD"}
    assert (witness["reason"], witness["isEligible"]) == ("RULES", None)
    assert {"ruleKey": "all", "isApplied": True} in witness["rules"]
    assert {"ruleKey": "mugs", "isApplied": False} in witness["rules"]
    assert [step["step"] for step in witness["trace"]][:2] == ["SOURCE", "RULE"]
    assert (unreachable["code"], unreachable["witness"]) == ("UNREACHABLE", None)
    assert (unreachable["line"], unreachable["documentPath"]) == (19, "rules[2].when.all[1]")


async def test_documents_of_a_plan_tell_their_findings(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    payload = (await ask(SIMULATE, input={"storeId": SHOP, "sources": [SALE, CONTRADICTION]}))[
        "rulesetSimulate"
    ]
    assert payload["userErrors"] == []
    listing, pricing = payload["plan"]["documents"]
    assert [each["code"] for each in pricing["findings"]] == ["SHADOWED", "UNREACHABLE"]
    (finding,) = listing["findings"]
    assert (finding["code"], finding["ruleKeys"]) == (
        "LIST_AND_KEEP_OUT",
        ["gloves", "no-clothes"],
    )
    witness = finding["witness"]
    assert (witness["isConstructed"], witness["listing"]) == (True, None)
    assert (witness["isEligible"], witness["ineligibleReason"]) == (False, "RULE")
    assert (witness["price"], witness["outcome"], witness["trace"]) == (None, None, [])


async def test_a_document_with_nothing_to_look_at_has_an_empty_list(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    assert (await created(ask, "kind: pricing\nname: None\nrules: []\n"))["findings"] == []


async def test_where_the_rule_engine_breaks_the_document_is_shown_without_findings(
    runtime: Runtime, scope: Scope
) -> None:
    await stock_shop(scope)
    broken = Examinations((sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"))
    async with browser(replace(runtime, examinations=broken)) as client:
        ruleset = await created(asker(client), SALE)
    assert ruleset["id"]
    assert (ruleset["findings"], ruleset["hasAllFindings"]) == (None, None)


async def test_nobody_examines_who_does_not_ask(runtime: Runtime, scope: Scope) -> None:
    await stock_shop(scope)
    broken = Examinations(("/nowhere/at/all",))
    query = "mutation ($input: RulesetCreateInput!) { rulesetCreate(input: $input) { ruleset { id rules { key } } } }"
    async with browser(replace(runtime, examinations=broken)) as client:
        data = await asker(client)(query, input={"storeId": SHOP, "source": SALE})
    assert len(data["rulesetCreate"]["ruleset"]["rules"]) == 3
