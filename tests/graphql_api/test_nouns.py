from datetime import timedelta

import httpx

from domain.communication_error import CallCount
from domain.decision import DecisionOutcome, DecisionReason
from domain.offer import Look
from domain.operation import OperationKind, OperationStatus
from domain.order import OrderStatus
from domain.product import WebsitePrices
from domain.submission import SubmissionState
from rules.facts import CATALOGUE
from services import operations
from services.runtime import Runtime
from storage.changes import CHANGES
from storage.communication_errors import CALLS
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.looks import LOOKS
from storage.mongo import Scope
from storage.orders import ORDERS
from storage.products import PRODUCTS
from storage.rulesets import RULESETS
from storage.stores import STORES
from storage.submissions import SUBMISSIONS
from tests.factories import MERCHANT, NOW, a_listing, a_product, a_store, usd
from tests.graphql_api.conftest import Ask, gid
from tests.graphql_api.seeds import (
    a_change,
    a_decision,
    a_ruleset,
    a_submission,
    an_order,
    stock_shop,
)


async def test_anything_is_found_by_its_id_in_the_order_asked(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    await ORDERS.insert(scope, [an_order(1)])
    ids = [
        gid("Order", "store1/111-0000001"),
        gid("Listing", "store1/MUG-1"),
        gid("Listing", "never"),
        "nonsense",
        gid("Store", "store1"),
        gid("Product", "acme/MUG-1"),
        gid("PriceDecision", "decision0000"),
        gid("Change", "change0000"),
        gid("Submission", "submission-decision0000"),
        gid("Listing", "store1/MUG-1"),
    ]
    data = await ask(
        """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
             ... on Listing { store { name } } ... on PriceDecision { listing { sellerSku } } } }""",
        ids=ids,
    )
    found = data["nodes"]
    assert [node and node["__typename"] for node in found] == [
        "Order",
        "Listing",
        None,
        None,
        "Store",
        "Product",
        "PriceDecision",
        "Change",
        "Submission",
        "Listing",
    ]
    assert [node["id"] for node in found if node] == [ids[i] for i in range(10) if found[i]]
    assert found[1]["store"] == {"name": "Shop"}
    assert found[6]["listing"] == {"sellerSku": "MUG-1"}


async def test_a_store_tells_how_it_stands(scope: Scope, ask: Ask) -> None:
    await STORES.insert(scope, [a_store()])
    await LISTINGS.insert(
        scope,
        [
            a_listing("A", owns_buy_box=True),
            a_listing("B", owns_buy_box=False),
            a_listing("C", owns_buy_box=False),
            a_listing("D"),
            a_listing("E", status="INELIGIBLE", owns_buy_box=True),
        ],
    )
    data = await ask(
        """query ($id: ID!) { store(id: $id) {
             marketplace { country region hasBusiness } currency listingCounts { status count }
             buyBoxShare { wonCount lostCount openCount percent } createdAt
        } }""",
        id=gid("Store", "store1"),
    )
    assert data["store"] == {
        "marketplace": {"country": "US", "region": "NA", "hasBusiness": True},
        "currency": "USD",
        "listingCounts": [{"status": "ACTIVE", "count": 4}, {"status": "INELIGIBLE", "count": 1}],
        "buyBoxShare": {"wonCount": 1, "lostCount": 2, "openCount": 1, "percent": "33.3"},
        "createdAt": "2026-01-05T08:00:00.000Z",
    }


async def test_a_store_tells_how_old_its_offers_are(scope: Scope, ask: Ask) -> None:
    await STORES.insert(scope, [a_store()])
    query = """query ($id: ID!) { store(id: $id) {
        offersAge { itemCount neverSeenCount oldestSeenAt medianSeenAt } } }"""
    nothing = await ask(query, id=gid("Store", "store1"))
    seen = [None, None, *(NOW + timedelta(hours=hour) for hour in (3, 1, 2))]
    await LOOKS.insert(
        scope,
        [
            Look(f"{store}/{number}", MERCHANT, store, str(number), NOW, at)
            for store in ("store1", "store2")
            for number, at in enumerate(seen if store == "store1" else [NOW])
        ],
    )
    told = await ask(query, id=gid("Store", "store1"))
    assert nothing["store"]["offersAge"] == {
        "itemCount": 0,
        "neverSeenCount": 0,
        "oldestSeenAt": None,
        "medianSeenAt": None,
    }
    assert told["store"]["offersAge"] == {
        "itemCount": 5,
        "neverSeenCount": 2,
        "oldestSeenAt": "2026-01-05T09:00:00.000Z",
        "medianSeenAt": "2026-01-05T10:00:00.000Z",
    }


async def test_a_store_tells_how_often_it_called_amazon_lately(
    runtime: Runtime, scope: Scope, ask: Ask, client: httpx.AsyncClient
) -> None:
    await STORES.insert(scope, [a_store()])
    now = runtime.clock.now()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    seen = [("store1", "patch", 0, 3), ("store1", "patch", 1, 2), ("store1", "patch", 2, 9)]
    seen += [("store1", "get", 0, 4), ("store2", "patch", 0, 9)]
    await CALLS.insert(
        scope,
        [
            CallCount(
                id=f"{store}/{operation}/{ago}",
                merchant_id=MERCHANT,
                store_id=store,
                operation=operation,
                hour=this_hour - timedelta(hours=ago),
                count=count,
                throttled=ago,
                total_milliseconds=100 * count,
                slowest_milliseconds=200 + ago,
                expires_at=now + timedelta(days=7),
            )
            for store, operation, ago, count in seen
        ],
    )
    query = """query ($id: ID!, $hours: Int!) { store(id: $id) { calls(hours: $hours) {
        operation count throttledCount meanMilliseconds slowestMilliseconds } } }"""

    told = await ask(query, id=gid("Store", "store1"), hours=2)

    assert [tuple(each.values()) for each in told["store"]["calls"]] == [
        ("patch", 5, 1, 100, 201),
        ("get", 4, 0, 100, 200),
    ]
    for hours in (0, 169):
        variables = {"id": gid("Store", "store1"), "hours": hours}
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        assert response.json()["errors"][0]["message"] == "`hours` is 1 to 168."


async def test_a_store_tells_what_it_has_on_its_way_to_amazon(scope: Scope, ask: Ask) -> None:
    await STORES.insert(scope, [a_store()])
    query = """query ($id: ID!) { store(id: $id) {
        outbox { waitingCount sentCount acceptedCount expectedAt } } }"""
    nothing = await ask(query, id=gid("Store", "store1"))
    states = [SubmissionState.PENDING] * 2 + [SubmissionState.ACCEPTED, SubmissionState.SENT]
    rows = [a_submission(a_decision(number), state=state) for number, state in enumerate(states)]
    await SUBMISSIONS.insert(scope, rows)
    told = (await ask(query, id=gid("Store", "store1")))["store"]["outbox"]

    assert nothing["store"]["outbox"] == {
        "waitingCount": 0,
        "sentCount": 0,
        "acceptedCount": 0,
        "expectedAt": None,
    }
    assert (told["waitingCount"], told["sentCount"], told["acceptedCount"]) == (2, 1, 1)
    assert told["expectedAt"] is not None


async def test_a_product_shows_the_prices_of_its_websites_in_their_order(
    scope: Scope, ask: Ask
) -> None:
    own = (
        WebsitePrices("eu", 2, {"price": usd("12.00")}),
        WebsitePrices("base", 1, {"cost": usd("5.00")}),
    )
    await PRODUCTS.insert(scope, [a_product("A", website_prices=own)])
    data = await ask(
        """{ productBySku(sku: "A") { prices { code } websitePrices { website sortOrder prices {
             code price { amount } } } } }"""
    )
    assert data["productBySku"]["websitePrices"] == [
        {
            "website": "base",
            "sortOrder": 1,
            "prices": [{"code": "cost", "price": {"amount": "5.00"}}],
        },
        {
            "website": "eu",
            "sortOrder": 2,
            "prices": [{"code": "price", "price": {"amount": "12.00"}}],
        },
    ]


async def test_products_are_found_by_sku_and_by_condition(scope: Scope, ask: Ask) -> None:
    await PRODUCTS.insert(scope, [a_product("A", stock=a_product().stock + 5), a_product("B")])
    data = await ask(
        """{ productBySku(sku: "A") { sku stock prices { code price { amount } } attributes { code value } }
             products(where: { stock: { gt: "10.5" } }) { nodes { sku } }
             productsCount { count precision } }"""
    )
    assert data["productBySku"] == {
        "sku": "A",
        "stock": "15",
        "prices": [
            {"code": "cost", "price": {"amount": "8.00"}},
            {"code": "price", "price": {"amount": "20.00"}},
        ],
        "attributes": [{"code": "ean", "value": "2900000000018"}],
    }
    assert data["products"]["nodes"] == [{"sku": "A"}]
    assert data["productsCount"] == {"count": 2, "precision": "EXACT"}


async def test_orders_come_newest_first_with_what_was_sold(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    await ORDERS.insert(
        scope,
        [an_order(1), an_order(2, "GONE-1", status=OrderStatus.SHIPPED, total=None)],
    )
    order = "store1/111-0000001"
    await CHANGES.insert(
        scope, [a_change(9, listing_id=None, order_id=order, before=None, after="UNSHIPPED")]
    )
    data = await ask(
        """query ($store: ID!) {
             orders { nodes { marketplaceOrderId total { amount } lines { sellerSku listing { title } } } }
             oldest: orders(first: 1, sort: { field: PURCHASED_AT, direction: ASC }) { nodes { marketplaceOrderId } }
             shipped: orders(where: { status: { eq: SHIPPED } }) { nodes { marketplaceOrderId } }
             orderByMarketplaceId(storeId: $store, marketplaceOrderId: "111-0000001") {
               purchasedAt changes { nodes { after listing { id } order { marketplaceOrderId } } } }
        }""",
        store=gid("Store", "store1"),
    )
    assert data["orders"]["nodes"] == [
        {
            "marketplaceOrderId": "111-0000002",
            "total": None,
            "lines": [{"sellerSku": "GONE-1", "listing": None}],
        },
        {
            "marketplaceOrderId": "111-0000001",
            "total": {"amount": "20.00"},
            "lines": [{"sellerSku": "MUG-1", "listing": {"title": "Product MUG-1"}}],
        },
    ]
    assert data["oldest"]["nodes"] == [{"marketplaceOrderId": "111-0000001"}]
    assert data["shipped"]["nodes"] == [{"marketplaceOrderId": "111-0000002"}]
    assert data["orderByMarketplaceId"] == {
        "purchasedAt": "2026-01-05T08:01:00.000Z",
        "changes": {
            "nodes": [
                {
                    "after": "UNSHIPPED",
                    "listing": None,
                    "order": {"marketplaceOrderId": "111-0000001"},
                }
            ]
        },
    }


async def test_a_listing_leads_to_its_own_history_only(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope, ["A", "B"])
    held = a_decision(
        9, "A", outcome=DecisionOutcome.HOLD, reason=DecisionReason.UNBOUNDED, ruleset_id="gone"
    )
    live = a_submission(held, state=SubmissionState.LIVE, settled_at=NOW + timedelta(hours=1))
    await DECISIONS.insert(scope, [held])
    await SUBMISSIONS.insert(scope, [live])
    data = await ask(
        """query ($id: ID!) { listing(id: $id) {
             decisions { nodes { outcome ruleset { name } submission { state settledAt } } }
             submissions { nodes { state decision { outcome } } }
             openSubmission { state price { amount } }
             changes { nodes { before after decision { outcome } } }
        } }""",
        id=gid("Listing", "store1/A"),
    )
    assert data["listing"] == {
        "decisions": {
            "nodes": [
                {
                    "outcome": "HOLD",
                    "ruleset": None,
                    "submission": {"state": "LIVE", "settledAt": "2026-01-05T09:00:00.000Z"},
                },
                {
                    "outcome": "CHANGE",
                    "ruleset": None,
                    "submission": {"state": "PENDING", "settledAt": None},
                },
            ]
        },
        "submissions": {
            "nodes": [
                {"state": "LIVE", "decision": {"outcome": "HOLD"}},
                {"state": "PENDING", "decision": {"outcome": "CHANGE"}},
            ]
        },
        "openSubmission": {"state": "PENDING", "price": {"amount": "18.99"}},
        "changes": {
            "nodes": [
                {"before": "20.00 USD", "after": "18.99 USD", "decision": {"outcome": "CHANGE"}}
            ]
        },
    }


async def test_decisions_are_counted_and_found_by_outcome(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    await RULESETS.insert(scope, [a_ruleset()])
    held = a_decision(5, outcome=DecisionOutcome.HOLD, ruleset_id="ruleset1")
    await DECISIONS.insert(scope, [held])
    data = await ask(
        """{ decisions(where: { outcome: { eq: HOLD } }) { nodes { decidedAt rules { ruleKey isApplied note
               conditionTree { operator holds children { fact holds actual } } conditions { path depth } } } }
             decisionsCount(where: { outcome: { in: [HOLD, CHANGE] } }) { count } }"""
    )
    assert data["decisionsCount"] == {"count": 2}
    [decision] = data["decisions"]["nodes"]
    assert decision["rules"] == [
        {
            "ruleKey": "pens-only",
            "isApplied": False,
            "note": "Its conditions do not hold",
            "conditionTree": {
                "operator": "ALL",
                "holds": False,
                "children": [
                    {"fact": "stock", "holds": True, "actual": "10"},
                    {"fact": "sku", "holds": False, "actual": "MUG-1"},
                ],
            },
            "conditions": [
                {"path": "", "depth": 0},
                {"path": "0", "depth": 1},
                {"path": "1", "depth": 1},
            ],
        },
        {
            "ruleKey": "buy-box-above-cost",
            "isApplied": True,
            "note": "It applied",
            "conditionTree": {
                "operator": "ALL",
                "holds": True,
                "children": [{"fact": "price.cost", "holds": True, "actual": "8.00"}],
            },
            "conditions": [{"path": "", "depth": 0}, {"path": "0", "depth": 1}],
        },
    ]


async def test_operations_come_newest_first_with_their_result(scope: Scope, ask: Ask) -> None:
    for kind in (OperationKind.MATCH, OperationKind.REPRICE):
        operation = await operations.start(scope, kind, actor="Ann")
        async with operations.running(scope, operation) as progress:
            progress.counts["decided"] += 3
            progress.fail("line 7", "no SKU")
            await progress.report(3, 4)
    data = await ask(
        """{ operations { nodes { kind status outcome progress { done total }
               resultCounts { name count } errors { where message } store { id } } }
             one: operations(where: { kind: { eq: MATCH } }) { nodes { id } } }"""
    )
    assert [node["kind"] for node in data["operations"]["nodes"]] == ["REPRICE", "MATCH"]
    assert data["operations"]["nodes"][0] == {
        "kind": "REPRICE",
        "status": OperationStatus.DONE,
        "outcome": "PARTIAL",
        "progress": {"done": 3, "total": 4},
        "resultCounts": [{"name": "decided", "count": 3}],
        "errors": [{"where": "line 7", "message": "no SKU"}],
        "store": None,
    }
    [found] = data["one"]["nodes"]
    one = await ask("query ($id: ID!) { operation(id: $id) { kind } }", id=found["id"])
    assert one == {"operation": {"kind": "MATCH"}}


async def test_the_catalogue_of_facts_is_told(ask: Ask) -> None:
    facts = (await ask("{ ruleFacts { name kind unit description choices } }"))["ruleFacts"]
    assert [fact["name"] for fact in facts] == list(CATALOGUE)
    assert {"name", "kind", "unit", "description", "choices"} == set(facts[0])
