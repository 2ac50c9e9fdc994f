from dataclasses import replace
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.listing import Due
from graphql_api.explorer import examples
from services import listings as use_cases
from services import repricing, rulesets
from services.runtime import Runtime
from storage import offers
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.products import PRODUCTS
from storage.stores import STORES
from tests.factories import NOW, a_listing, a_product, a_store, an_offer, usd
from tests.graphql_api.conftest import Ask, Commands, gid
from tests.graphql_api.seeds import PRICING, a_snapshot, asin_of, stock_shop

PAGE = """
query Page($first: Int, $after: String, $last: Int, $before: String, $sort: ListingSort,
           $where: ListingWhereInput) {
  listings(first: $first, after: $after, last: $last, before: $before, sort: $sort, where: $where) {
    edges { cursor node { sellerSku } }
    nodes { sellerSku }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def _priced_shop(runtime: Runtime, scope: Scope) -> Runtime:
    """A shop whose one listing was decided by published rules, overridden by hand and given back."""
    runtime = replace(runtime, clock=FixedClock(NOW))
    await STORES.insert(scope, [a_store()])
    await PRODUCTS.insert(scope, [a_product()])
    await LISTINGS.insert(scope, [a_listing(due=Due(NOW, "OFFERS_CHANGED"))])
    await offers.write(scope, [a_snapshot()])
    draft = await rulesets.create(runtime, scope, "store1", PRICING, author="Ann")
    await rulesets.publish(runtime, scope, draft.id, actor="Ann")
    await repricing.reprice(runtime, scope, "store1", None)
    await use_cases.override_price(runtime, scope, "store1/MUG-1", usd("25.00"), actor="Ann")
    await use_cases.override_price(runtime, scope, "store1/MUG-1", None, actor="Ben")
    return runtime


async def test_one_query_answers_why_a_price_is_what_it_is(
    runtime: Runtime, scope: Scope, ask: Ask
) -> None:
    await _priced_shop(runtime, scope)
    query = next(each["query"] for each in examples() if each["title"] == "why this price")

    [listing] = (await ask(query))["listings"]["nodes"]

    decision = listing["priceDecision"]
    assert listing["price"] == {"amount": "20.00", "currencyCode": "USD"}
    assert listing["wantedPrice"] == {"amount": "18.99", "currencyCode": "USD"}
    assert listing["priceBounds"] == {"floor": {"amount": "8.80"}, "ceiling": {"amount": "23.00"}}
    assert (decision["outcome"], decision["reason"]) == ("CHANGE", "RULES")
    assert (decision["before"], decision["after"]) == ({"amount": "20.00"}, {"amount": "18.99"})
    assert decision["ruleset"] == {"name": "Win the Buy Box, never below cost", "version": 1}
    assert decision["trace"][0]["step"] == "SOURCE"
    assert {step["ruleKey"] for step in decision["trace"]} == {None, "buy-box-above-cost"}
    not_matched, matched = decision["rules"]
    assert (matched["ruleKey"], matched["isMatched"], matched["isApplied"]) == (
        "buy-box-above-cost",
        True,
        True,
    )
    assert matched["failedConditions"] == []
    assert (not_matched["ruleKey"], not_matched["isMatched"]) == ("pens-only", False)
    assert not_matched["failedConditions"] == [
        {
            "path": "1",
            "fact": "sku",
            "operator": "CONTAINS",
            "expected": "PEN",
            "actual": "MUG-1",
        }
    ]
    assert decision["submission"]["state"] == "PENDING"
    assert listing["featuredOffer"]["sellerId"] == "RIVAL-B"
    assert [offer["sellerId"] for offer in listing["offers"]["nodes"]] == [
        "RIVAL-A",
        "RIVAL-B",
        "RIVAL-C",
    ]
    assert [
        (each["kind"], each["after"], each["actor"]) for each in listing["changes"]["nodes"]
    ] == [
        ("OVERRIDE", None, "Ben"),
        ("OVERRIDE", "25.00 USD", "Ann"),
    ]


async def test_explain_decides_now_and_writes_nothing(
    runtime: Runtime, scope: Scope, ask: Ask
) -> None:
    await _priced_shop(runtime, scope)
    kept = await DECISIONS.count(scope)

    data = await ask(
        """query ($id: ID!) { listing(id: $id) {
             explain { id isStored outcome after { amount } rules { ruleKey } listing { sellerSku } submission { id } }
        } }""",
        id=gid("Listing", "store1/MUG-1"),
    )

    explained = data["listing"]["explain"]
    assert (explained["outcome"], explained["after"]) == ("KEEP", {"amount": "18.99"})
    assert explained["listing"] == {"sellerSku": "MUG-1"}
    assert (explained["isStored"], explained["submission"]) == (False, None)
    assert await DECISIONS.count(scope) == kept
    assert await ask("query ($id: ID!) { node(id: $id) { id } }", id=explained["id"]) == {
        "node": None
    }


async def test_a_decision_shows_what_businesses_pay_and_the_price_struck_through(
    scope: Scope, ask: Ask
) -> None:
    await STORES.insert(scope, [a_store()])
    prices = {"price": usd("20.00"), "msrp": usd("30.00")}
    await PRODUCTS.insert(scope, [a_product("MUG-1", prices=prices)])
    await LISTINGS.insert(scope, [a_listing("MUG-1")])
    mug = gid("Listing", "store1/MUG-1")
    settings = """mutation ($input: StoreSettingsUpdateInput!) { storeSettingsUpdate(input: $input) {
      userErrors { message } } }"""
    price = {
        "msrpAttribute": "msrp",
        "business": {"discounts": [{"atLeast": 5, "percentOff": "5"}]},
    }
    query = """query ($id: ID!) { listing(id: $id) { explain { after { amount } listPrice { amount }
      businessPrice { price { amount } tiers { atLeast price { amount } } } } } }"""
    before = (await ask(query, id=mug))["listing"]["explain"]
    assert (before["businessPrice"], before["listPrice"]) == (None, None)

    await ask(settings, input={"storeId": gid("Store", "store1"), "settings": {"price": price}})

    after = (await ask(query, id=mug))["listing"]["explain"]
    assert (after["after"], after["listPrice"]) == ({"amount": "20.00"}, {"amount": "30.00"})
    assert after["businessPrice"] == {
        "price": {"amount": "20.00"},
        "tiers": [{"atLeast": 5, "price": {"amount": "19.00"}}],
    }


async def test_a_listing_is_found_by_its_store_and_sku(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope, ["A/1 ü"])
    data = await ask(
        """query ($store: ID!) {
             found: listingBySku(storeId: $store, sellerSku: "A/1 ü") { id sellerSku store { name } }
             unknown: listingBySku(storeId: $store, sellerSku: "A") { id }
             nonsense: listingBySku(storeId: "no id", sellerSku: "A") { id }
        }""",
        store=gid("Store", "store1"),
    )
    assert data["found"] == {
        "id": gid("Listing", "store1/A/1 ü"),
        "sellerSku": "A/1 ü",
        "store": {"name": "Shop"},
    }
    assert data["unknown"] is None
    assert data["nonsense"] is None


@pytest.mark.parametrize("field", ["SELLER_SKU", "UPDATED_AT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("backwards", [False, True])
async def test_pages_meet_every_listing_once_from_either_end(
    scope: Scope, ask: Ask, field: str, direction: str, backwards: bool
) -> None:
    skus = [f"S{number}" for number in range(7)]
    await stock_shop(scope, skus)
    seen: list[str] = []
    cursor = None
    while True:
        where_from = {"last": 3, "before": cursor} if backwards else {"first": 3, "after": cursor}
        data = await ask(PAGE, sort={"field": field, "direction": direction}, **where_from)
        page = data["listings"]
        found = [node["sellerSku"] for node in page["nodes"]]
        assert [edge["node"]["sellerSku"] for edge in page["edges"]] == found
        seen = found + seen if backwards else seen + found
        info = page["pageInfo"]
        assert info["startCursor"] == page["edges"][0]["cursor"]
        if not (info["hasPreviousPage"] if backwards else info["hasNextPage"]):
            break
        cursor = info["startCursor"] if backwards else info["endCursor"]
    assert seen == (skus if direction == "ASC" else skus[::-1])


async def test_a_page_goes_on_where_it_ended_though_rows_came_and_went(
    scope: Scope, ask: Ask
) -> None:
    await stock_shop(scope, ["B", "D", "F"])
    first = (await ask(PAGE, first=2))["listings"]
    await LISTINGS.insert(scope, [a_listing("A"), a_listing("E")])

    second = (await ask(PAGE, first=5, after=first["pageInfo"]["endCursor"]))["listings"]

    assert [node["sellerSku"] for node in second["nodes"]] == ["E", "F"]
    assert second["pageInfo"]["hasPreviousPage"] is True


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"status": {"eq": "INELIGIBLE"}}, ["C"]),
        ({"status": {"in": ["INELIGIBLE", "ENDED"]}}, ["C"]),
        ({"status": {"in": []}}, []),
        ({"status": {"notIn": ["INELIGIBLE"]}}, ["A", "B"]),
        ({"sellerSku": {"prefix": "B"}}, ["B"]),
        ({"isHeld": True}, ["B"]),
        ({"isHeld": False}, ["A", "C"]),
        ({"isBuyBoxOwner": True}, ["A"]),
        ({"hold": {"eq": "UNBOUNDED"}}, ["B"]),
        ({"storeId": {"eq": gid("Store", "store1")}}, ["A", "B", "C"]),
        ({"storeId": {"in": [gid("Store", "elsewhere")]}}, []),
        (
            {"updatedAt": {"gte": "2026-01-05T09:00:00+01:00", "lt": "2026-01-05T08:00:00.001Z"}},
            ["A", "B", "C"],
        ),
        ({"updatedAt": {"lt": "2026-01-05T08:00:00Z"}}, []),
        ({"or": [{"sellerSku": {"eq": "A"}}, {"isHeld": True}]}, ["A", "B"]),
        ({"or": []}, []),
        ({"and": [{"sellerSku": {"in": ["A", "B"]}}, {"isHeld": True}]}, ["B"]),
        ({"not": {"sellerSku": {"eq": "A"}}}, ["B", "C"]),
        ({}, ["A", "B", "C"]),
        (None, ["A", "B", "C"]),
    ],
)
async def test_conditions_find_what_they_say(
    scope: Scope, ask: Ask, where: dict[str, Any] | None, expected: list[str]
) -> None:
    await LISTINGS.insert(
        scope,
        [
            a_listing("A", owns_buy_box=True),
            a_listing("B", hold="UNBOUNDED", owns_buy_box=False),
            a_listing("C", status="INELIGIBLE"),
        ],
    )
    found = (await ask(PAGE, where=where))["listings"]["nodes"]
    assert [node["sellerSku"] for node in found] == expected
    count = await ask(
        "query ($where: ListingWhereInput) { listingsCount(where: $where) { count precision } }",
        where=where,
    )
    assert count["listingsCount"] == {"count": len(expected), "precision": "EXACT"}


@pytest.mark.parametrize("size", [2, 100])
async def test_a_page_with_its_children_takes_five_commands_however_long_it_is(
    scope: Scope, watched: tuple[Ask, Commands], size: int
) -> None:
    await stock_shop(scope, [f"S{number:03}" for number in range(size)])
    ask, commands = watched

    data = await ask(
        """{ listings(first: 100) { nodes {
             sellerSku product { sku } store { name } featuredOffer { sellerId }
             offers { nodes { sellerId } } latestDecision { trace { step } }
             priceBounds { floor { amount } }
        } } }"""
    )

    nodes = data["listings"]["nodes"]
    assert len(nodes) == size
    assert all(node["featuredOffer"] and node["latestDecision"]["trace"] for node in nodes)
    assert commands.names == ["find"] * 5


async def test_children_of_children_take_one_command_for_each_kind(
    scope: Scope, watched: tuple[Ask, Commands]
) -> None:
    await stock_shop(scope, [f"S{number:03}" for number in range(50)])
    ask, commands = watched

    data = await ask(
        """{ changes { edges { node {
             listing { sellerSku openSubmission { state decision { outcome } } ...Place }
             store { listingCounts { status count } }
             decision { submission { listing { sellerSku } } }
        } } } }
        fragment Place on Listing { store { name buyBoxShare { percent } } }"""
    )

    first = data["changes"]["edges"][0]["node"]
    assert first["listing"]["openSubmission"]["decision"] == {"outcome": "CHANGE"}
    assert first["decision"]["submission"]["listing"] == {"sellerSku": "S049"}
    assert first["store"]["listingCounts"] == [{"status": "ACTIVE", "count": 50}]
    assert len(commands.names) <= 10


async def test_offers_are_paged_by_landed_price_and_seller(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    query = """query ($store: ID!, $after: String) {
      offers(storeId: $store, asin: "B000000000", first: 2, after: $after) {
        nodes { sellerId landedPrice { amount } } pageInfo { hasNextPage endCursor }
      } }"""
    store = gid("Store", "store1")
    first = (await ask(query, store=store))["offers"]
    second = (await ask(query, store=store, after=first["pageInfo"]["endCursor"]))["offers"]
    assert [node["sellerId"] for node in first["nodes"]] == ["RIVAL-A", "RIVAL-B"]
    assert second["nodes"] == [{"sellerId": "RIVAL-C", "landedPrice": {"amount": "21.50"}}]
    assert second["pageInfo"]["hasNextPage"] is False


async def test_an_item_without_known_offers_has_none(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    data = await ask(
        '{ offers(storeId: "x", asin: "B000000000") { nodes { sellerId } pageInfo { endCursor } } }'
    )
    assert data == {"offers": {"nodes": [], "pageInfo": {"endCursor": None}}}
    assert asin_of(0) == "B000000000"


async def test_the_featured_offer_is_the_same_with_and_without_the_others(
    scope: Scope, ask: Ask
) -> None:
    await stock_shop(scope, ["MUG-1", "PEN-1", "CUP-1"])
    nobody = a_snapshot(asin_of(1), offers=(an_offer("RIVAL-B", "19.00"),))
    await offers.write(scope, [nobody])
    query = """{ listings { nodes { asin featuredOffer { sellerId landedPrice { amount } observedAt } %s } } }"""

    alone = (await ask(query % ""))["listings"]["nodes"]
    among = (await ask(query % "offers { nodes { sellerId } }"))["listings"]["nodes"]

    featured = {node["asin"]: node["featuredOffer"] for node in alone}
    assert featured[asin_of(1)] is None
    assert featured[asin_of(0)]["sellerId"] == "RIVAL-B"
    assert featured == {node["asin"]: node["featuredOffer"] for node in among}
