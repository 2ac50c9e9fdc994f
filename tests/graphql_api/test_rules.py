"""All that a rule document says can be read back, typed."""

from typing import Any

import pytest

from storage.mongo import Scope
from tests.graphql_api.conftest import Ask, gid
from tests.graphql_api.seeds import stock_shop

SHOP = gid("Store", "store1")
SIZE = "{ percent amount }"
ADJUSTMENT = "{ isIncrease percent amount }"
BOUND = (
    f"""{{ source adjustment {ADJUSTMENT} fees {{ referralPercent fixedAmount }} margin {SIZE} }}"""
)
SHAPE = f"shape {{ rounding {{ multiple ending direction }} maxStep {SIZE} cooldownSeconds }}"
SAYS = f"""
  {SHAPE}
  guardrails {{ minimumPrice largestStepPercent changedSharePercent totalFallPercent medianFallPercent
    belowCostCount judgedFromCount }}
  rules {{ key isActive isLast {SHAPE}
    schedule {{ startsOn endsOn weekdays hours {{ start end }} }}
    action {{ __typename
      ... on FollowCompetitorAction {{
        competitor {{ source minFeedbackRating minFeedbackCount fulfilment onlySellerIds excludedSellerIds
          isAmazonExcluded maxAgeSeconds conditionMode conditionWorths {{ condition percent }} }}
        adjustment {ADJUSTMENT} floor {BOUND} ceiling {BOUND}
        otherwise {{ noCompetitor buyBoxOwned buyBoxOwnedIncrease {ADJUSTMENT} belowFloor aboveCeiling }} }}
      ... on ListProductAction {{ effect }} }} }}"""
CREATE = f"""mutation ($input: RulesetCreateInput!) {{ rulesetCreate(input: $input) {{
  ruleset {{ {SAYS} }} userErrors {{ message }} }} }}"""
SIMULATE = f"""mutation ($input: RulesetSimulateInput!) {{ rulesetSimulate(input: $input) {{
  plan {{ documents {{ kind {SAYS} }} }} userErrors {{ message }} }} }}"""
UNSAID = {"rounding": None, "maxStep": None, "cooldownSeconds": None}


@pytest.fixture
async def draft(scope: Scope, ask: Ask) -> Any:
    """Keeps a document and gives what is read of it."""
    await stock_shop(scope)

    async def keep(source: str) -> Any:
        payload = (await ask(CREATE, input={"storeId": SHOP, "source": source}))["rulesetCreate"]
        assert payload["userErrors"] == []
        return payload["ruleset"]

    return keep


async def test_every_word_of_an_intelligent_rule_is_shown(draft: Any) -> None:
    ruleset = await draft("""
kind: pricing
name: Everything
ending: ".99"
maxStep: "1.00"
cooldown: 30m
rules:
  - key: all-of-it
    type: intelligent
    priority: 3
    stop: true
    from: 2026-12-01
    to: 2026-12-31
    weekdays: [sat, fri]
    hours: 22:00-06:00
    competitor:
      source: lowest
      minFeedbackRating: 90
      minFeedbackCount: 50
      fulfilment: amazon
      excludeSellers: [A1DUMPING2SELLER]
      excludeAmazon: true
      maxAge: 24h
      conditions: {mode: variance, percents: {used_good: 65}}
    adjust: {decrease: "0.01"}
    floor: {source: cost, fees: {referral: 15%, fixed: "3.50"}, margin: 12%}
    ceiling: {source: msrp, decrease: 5%}
    otherwise: {noCompetitor: ceiling, belowFloor: hold, aboveCeiling: price}
    round: {to: "0.05", direction: down}
    maxStep: 10%
    cooldown: 2d
""")
    assert ruleset["shape"] == {
        "rounding": {"multiple": None, "ending": ".99", "direction": "NEAREST"},
        "maxStep": {"percent": None, "amount": "1.00"},
        "cooldownSeconds": 1800,
    }
    assert ruleset["guardrails"] is None
    assert ruleset["rules"] == [
        {
            "key": "all-of-it",
            "isActive": True,
            "isLast": True,
            "schedule": {
                "startsOn": "2026-12-01",
                "endsOn": "2026-12-31",
                "weekdays": ["FRIDAY", "SATURDAY"],
                "hours": {"start": "22:00", "end": "06:00"},
            },
            "action": {
                "__typename": "FollowCompetitorAction",
                "competitor": {
                    "source": "LOWEST",
                    "minFeedbackRating": 90,
                    "minFeedbackCount": 50,
                    "fulfilment": "AMAZON",
                    "onlySellerIds": [],
                    "excludedSellerIds": ["A1DUMPING2SELLER"],
                    "isAmazonExcluded": True,
                    "maxAgeSeconds": 86400,
                    "conditionMode": "VARIANCE",
                    "conditionWorths": [{"condition": "USED_GOOD", "percent": "65"}],
                },
                "adjustment": {"isIncrease": False, "percent": None, "amount": "0.01"},
                "floor": {
                    "source": "cost",
                    "adjustment": None,
                    "fees": {"referralPercent": "15", "fixedAmount": "3.50"},
                    "margin": {"percent": "12", "amount": None},
                },
                "ceiling": {
                    "source": "msrp",
                    "adjustment": {"isIncrease": False, "percent": "5", "amount": None},
                    "fees": None,
                    "margin": None,
                },
                "otherwise": {
                    "noCompetitor": "CEILING",
                    "buyBoxOwned": "KEEP",
                    "buyBoxOwnedIncrease": None,
                    "belowFloor": "HOLD",
                    "aboveCeiling": "PRICE",
                },
            },
            "shape": {
                "rounding": {"multiple": "0.05", "ending": None, "direction": "DOWN"},
                "maxStep": {"percent": "10", "amount": None},
                "cooldownSeconds": 172800,
            },
        }
    ]


async def test_what_a_rule_leaves_out_shows_what_it_means(draft: Any) -> None:
    ruleset = await draft("""
kind: pricing
name: Little
rules:
  - key: owner
    type: intelligent
    competitor: {source: buyBox, onlySellers: [A2RIVAL7OURS]}
    adjust: match
    floor: {source: cost, increase: 10%}
    ceiling: {source: price}
    cooldown: 2h
    otherwise: {buyBoxOwned: {increase: 1%}}
  - {key: plain, type: standard, active: false, adjust: {increase: "2.00"}}
""")
    owner, plain = ruleset["rules"]
    assert ruleset["shape"] == plain["shape"] == UNSAID
    assert owner["schedule"] == {"startsOn": None, "endsOn": None, "weekdays": [], "hours": None}
    assert owner["action"]["competitor"] == {
        "source": "BUY_BOX",
        "minFeedbackRating": 0,
        "minFeedbackCount": 0,
        "fulfilment": None,
        "onlySellerIds": ["A2RIVAL7OURS"],
        "excludedSellerIds": [],
        "isAmazonExcluded": False,
        "maxAgeSeconds": None,
        "conditionMode": "ALL",
        "conditionWorths": [],
    }
    assert owner["action"]["otherwise"] == {
        "noCompetitor": "PRICE",
        "buyBoxOwned": None,
        "buyBoxOwnedIncrease": {"isIncrease": True, "percent": "1", "amount": None},
        "belowFloor": "FLOOR",
        "aboveCeiling": "CEILING",
    }
    assert (plain["isActive"], plain["action"]) == (False, {"__typename": "AdjustPriceAction"})


async def test_documents_of_a_plan_are_shown_as_understood_too(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    rails = """
kind: guardrails
name: Brakes
limits: {minimumPrice: "1.00", largestStep: 50%, totalFall: 10%, belowCost: 0, fromListings: 20}
"""
    listing = """
kind: listing
name: No pens
rules:
  - {key: pens, when: {fact: sku, contains: PEN}, then: keepOut}
"""
    payload = (await ask(SIMULATE, input={"storeId": SHOP, "sources": [rails, listing]}))[
        "rulesetSimulate"
    ]
    assert payload["userErrors"] == []
    shown = {document["kind"]: document for document in payload["plan"]["documents"]}
    assert shown["GUARDRAILS"]["rules"] == []
    assert shown["GUARDRAILS"]["guardrails"] == {
        "minimumPrice": "1.00",
        "largestStepPercent": "50",
        "changedSharePercent": None,
        "totalFallPercent": "10",
        "medianFallPercent": "30",
        "belowCostCount": 0,
        "judgedFromCount": 20,
    }
    (rule,) = shown["LISTING"]["rules"]
    assert rule["action"] == {"__typename": "ListProductAction", "effect": "KEEP_OUT"}
    assert shown["LISTING"]["guardrails"] is None
