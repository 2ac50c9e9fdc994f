from pathlib import Path
from typing import Any

import pytest

from domain.change import ChangeKind
from domain.ids import new_id
from domain.listing import ListingStatus
from domain.operation import OperationKind
from domain.store import StoreStatus
from embedded.servers import ServerUrls
from services import operations
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.changes import CHANGES
from storage.filters import Is
from storage.listings import LISTINGS
from storage.markings import asked
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.rulesets import RULESETS
from storage.stores import STORES
from tests.factories import MERCHANT, a_listing, a_store
from tests.graphql_api.conftest import Ask, asker, browser, gid
from tests.graphql_api.seeds import PRICING, stock_shop

ERRORS = "userErrors { __typename field message code }"

STORE_CREATE = f"""mutation ($input: StoreCreateInput!) {{ storeCreate(input: $input) {{
  store {{ id name status currency version settings {{ handlingDays timeZone price {{ absoluteMinimum {{ amount currencyCode }} }} }} }}
  {ERRORS} }} }}"""
SETTINGS = f"""mutation ($input: StoreSettingsUpdateInput!) {{ storeSettingsUpdate(input: $input) {{
  store {{ version settings {{
    listAction handlingDays thirdPartySkuAttribute importsOrders
    stock {{ outOfStockThreshold maximum }}
    catalogSearch {{ general ean acceptsGeneralMatch }}
    price {{ source vatPercent largestStepPercent absoluteMinimum {{ amount currencyCode }}
      comparesBoundsWithVat comparesWithShipping business {{ discounts {{ atLeast percentOff }} }} }}
  }} }} {ERRORS} }} }}"""
OVERRIDE = f"""mutation ($input: ListingPriceOverrideInput!) {{ listingPriceOverride(input: $input) {{
  listing {{ version override {{ price {{ amount currencyCode }} actor }} store {{ name }} }} {ERRORS} }} }}"""
CLEAR = f"""mutation ($input: ListingPriceOverrideClearInput!) {{ listingPriceOverrideClear(input: $input) {{
  listing {{ version override {{ actor }} }} {ERRORS} }} }}"""
CREATE_RULES = """mutation ($input: RulesetCreateInput!) { rulesetCreate(input: $input) {
  ruleset { id kind version status author rules {
    key priority conditions { path operator fact expected }
    action { __typename
      ... on AdjustPriceAction { adjustment { isIncrease percent } }
      ... on FollowCompetitorAction { competitor { source } floor { source adjustment { percent } } ceiling { source } }
    }
  } }
  userErrors { field message code line column documentPath } } }"""

MUG = gid("Listing", "store1/MUG-1")
SHOP = gid("Store", "store1")


async def test_a_store_is_created_with_defaults_and_with_settings(scope: Scope, ask: Ask) -> None:
    data = await ask(
        STORE_CREATE,
        input={
            "name": "Shop",
            "email": "me@shop.com",
            "country": "UK",
            "catalogCurrency": "USD",
            "settings": {
                "timeZone": "Europe/London",
                "price": {"absoluteMinimum": {"amount": "1.5", "currencyCode": "GBP"}},
            },
        },
    )
    payload = data["storeCreate"]
    assert payload["userErrors"] == []
    assert payload["store"] | {"id": None} == {
        "id": None,
        "name": "Shop",
        "status": "IN_SETUP",
        "currency": "GBP",
        "version": 1,
        "settings": {
            "handlingDays": 2,
            "timeZone": "Europe/London",
            "price": {"absoluteMinimum": {"amount": "1.50", "currencyCode": "GBP"}},
        },
    }
    assert (
        await ask("query ($id: ID!) { store(id: $id) { name } }", id=payload["store"]["id"])
    ) == {"store": {"name": "Shop"}}
    [entry] = await CHANGES.find(scope, Is("kind", "eq", ChangeKind.STORE))
    assert entry.actor == "local user"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, ["input", "name"]),
        ({"email": "me"}, ["input", "email"]),
        ({"country": "XX"}, ["input", "country"]),
        ({"catalogCurrency": "ZZZ"}, ["input", "catalogCurrency"]),
        ({"settings": {"handlingDays": -1}}, ["input", "settings", "handlingDays"]),
        (
            {"settings": {"stock": {"outOfStockThreshold": -1}}},
            ["input", "settings", "stock", "outOfStockThreshold"],
        ),
        (
            {"settings": {"price": {"absoluteMinimum": {"amount": "1", "currencyCode": "EUR"}}}},
            ["input", "settings", "price", "absoluteMinimum", "currencyCode"],
        ),
        (
            {
                "settings": {
                    "price": {"absoluteMinimum": {"amount": "1.001", "currencyCode": "USD"}}
                }
            },
            ["input", "settings", "price", "absoluteMinimum", "amount"],
        ),
    ],
)
async def test_a_mistake_is_told_with_the_path_to_it_and_creates_nothing(
    scope: Scope, ask: Ask, wrong: dict[str, Any], field: list[str]
) -> None:
    sound = {"name": "Shop", "email": "me@shop.com", "country": "US", "catalogCurrency": "USD"}
    payload = (await ask(STORE_CREATE, input=sound | wrong))["storeCreate"]
    assert payload["store"] is None
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", field)
    assert error["__typename"] == "StoreCreateUserError"
    assert await STORES.count(scope) == 0


async def test_settings_left_out_stay_and_null_clears(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    given = {
        "handlingDays": 5,
        "thirdPartySkuAttribute": None,
        "stock": {"maximum": 7},
        "catalogSearch": {"ean": "ean", "acceptsGeneralMatch": True},
        "price": {"vatPercent": "19.5", "largestStepPercent": None},
    }
    first = (await ask(SETTINGS, input={"storeId": SHOP, "settings": given}))["storeSettingsUpdate"]
    assert first["userErrors"] == []
    assert first["store"] == {
        "version": 2,
        "settings": {
            "listAction": "AUTO",
            "handlingDays": 5,
            "thirdPartySkuAttribute": None,
            "importsOrders": True,
            "stock": {"outOfStockThreshold": 0, "maximum": 7},
            "catalogSearch": {"general": "name", "ean": "ean", "acceptsGeneralMatch": True},
            "price": {
                "source": "price",
                "vatPercent": "19.5",
                "largestStepPercent": None,
                "absoluteMinimum": None,
                "comparesBoundsWithVat": False,
                "comparesWithShipping": True,
                "business": None,
            },
        },
    }
    again = {"price": {"vatPercent": None}, "catalogSearch": {"ean": None}}
    second = (await ask(SETTINGS, input={"storeId": SHOP, "settings": again}))[
        "storeSettingsUpdate"
    ]
    assert second["store"]["settings"]["price"]["vatPercent"] is None
    assert second["store"]["settings"]["catalogSearch"]["acceptsGeneralMatch"] is True
    assert second["store"]["settings"]["handlingDays"] == 5


async def _price_settings(ask: Ask, **given: Any) -> Any:
    payload = (await ask(SETTINGS, input={"storeId": SHOP, "settings": {"price": given}}))[
        "storeSettingsUpdate"
    ]
    assert payload["userErrors"] == []
    return payload["store"]["settings"]["price"]


async def test_how_competitors_are_compared_can_be_set(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    price = await _price_settings(ask, comparesBoundsWithVat=True, comparesWithShipping=False)
    assert (price["comparesBoundsWithVat"], price["comparesWithShipping"]) == (True, False)
    price = await _price_settings(ask, comparesWithShipping=True)
    assert (price["comparesBoundsWithVat"], price["comparesWithShipping"]) == (True, True)


async def test_prices_for_businesses_are_offered_kept_and_withdrawn(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    assert (await _price_settings(ask, business={}))["business"] == {"discounts": []}
    ten = {"atLeast": 10, "percentOff": "7.5"}
    five = {"atLeast": 5, "percentOff": "5"}
    given = await _price_settings(ask, business={"discounts": [ten, five]})
    assert given["business"] == {"discounts": [five, ten]}
    assert (await _price_settings(ask, business={}))["business"] == {"discounts": [five, ten]}
    assert (await _price_settings(ask, vatPercent="20"))["business"] == {"discounts": [five, ten]}
    assert (await _price_settings(ask, business=None))["business"] is None


@pytest.mark.parametrize(
    ("discounts", "told"),
    [
        ([(number, number) for number in range(1, 7)], "5 discounts at most"),
        ([(1, 5)], "2 units or more"),
        ([(2, 0)], "above 0"),
        ([(2, 100)], "below 100"),
        ([(5, 5), (5, 6)], "Two discounts start at 5"),
        ([(10, 5), (5, 5)], "Who buys 10 must save more than who buys 5: more than 5 %"),
        ([(5, 5), (10, 4)], "more than 5 %"),
    ],
)
async def test_discounts_that_make_no_sense_are_refused_by_name(
    scope: Scope, ask: Ask, discounts: list[tuple[int, int]], told: str
) -> None:
    await stock_shop(scope)
    business = {
        "discounts": [
            {"atLeast": quantity, "percentOff": str(percent)} for quantity, percent in discounts
        ]
    }
    given = {"storeId": SHOP, "settings": {"price": {"business": business}}}
    payload = (await ask(SETTINGS, input=given))["storeSettingsUpdate"]
    [error] = payload["userErrors"]
    assert error["field"] == ["input", "settings", "price", "business", "discounts"]
    assert error["code"] == "INVALID"
    assert told in error["message"]
    assert (await STORES.require(scope, "store1")).settings.price.business is None


async def test_businesses_get_no_offer_where_amazon_has_none_for_them(
    scope: Scope, ask: Ask
) -> None:
    given = {"name": "Shop", "email": "me@shop.com", "catalogCurrency": "CAD", "country": "CA"}
    settings: dict[str, Any] = {"price": {"business": {}}}
    payload = (await ask(STORE_CREATE, input=given | {"settings": settings}))["storeCreate"]
    [error] = payload["userErrors"]
    assert error["field"] == ["input", "settings", "price", "business"]
    assert "not in this store's country" in error["message"]
    assert (await ask(STORE_CREATE, input=given | {"settings": settings, "country": "UK"}))[
        "storeCreate"
    ]["userErrors"] == []


async def test_a_stale_version_is_refused_with_what_is_there_now(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    given = {"storeId": SHOP, "settings": {"handlingDays": 9}, "expectedVersion": 7}
    payload = (await ask(SETTINGS, input=given))["storeSettingsUpdate"]
    assert [error["code"] for error in payload["userErrors"]] == ["STALE_VERSION"]
    assert payload["store"]["version"] == 1
    assert payload["store"]["settings"]["handlingDays"] == 2

    price = {"amount": "9.99", "currencyCode": "USD"}
    given = {"listingId": MUG, "price": price, "expectedVersion": 7}
    override = (await ask(OVERRIDE, input=given))["listingPriceOverride"]
    assert [error["code"] for error in override["userErrors"]] == ["STALE_VERSION"]
    assert override["listing"] == {"version": 1, "override": None, "store": {"name": "Shop"}}


async def test_a_price_is_set_by_hand_and_given_back(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    price = {"amount": "9.9", "currencyCode": "USD"}
    set_ = await ask(OVERRIDE, input={"listingId": MUG, "price": price, "expectedVersion": 1})
    assert set_["listingPriceOverride"] == {
        "listing": {
            "version": 2,
            "override": {
                "price": {"amount": "9.90", "currencyCode": "USD"},
                "actor": "local user",
            },
            "store": {"name": "Shop"},
        },
        "userErrors": [],
    }
    cleared = (await ask(CLEAR, input={"listingId": MUG}))["listingPriceOverrideClear"]
    assert cleared == {"listing": {"version": 3, "override": None}, "userErrors": []}


@pytest.mark.parametrize(
    ("price", "field"),
    [
        ({"amount": "9.999", "currencyCode": "USD"}, ["input", "price", "amount"]),
        ({"amount": "0", "currencyCode": "USD"}, ["input", "price", "amount"]),
        ({"amount": "9", "currencyCode": "EUR"}, ["input", "price", "currencyCode"]),
        ({"amount": "9", "currencyCode": "ZZZ"}, ["input", "price", "currencyCode"]),
    ],
)
async def test_a_price_that_cannot_be_is_refused(
    scope: Scope, ask: Ask, price: dict[str, str], field: list[str]
) -> None:
    await stock_shop(scope)
    payload = (await ask(OVERRIDE, input={"listingId": MUG, "price": price}))[
        "listingPriceOverride"
    ]
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", field)
    listing = await LISTINGS.require(scope, "store1/MUG-1")
    assert (listing.override, listing.version) == (None, 1)


@pytest.mark.parametrize(
    ("mutation", "input_", "field"),
    [
        (
            "storeConnect",
            {
                "storeId": "%s",
                "sellerId": "S",
                "credentials": {"clientId": "a", "clientSecret": "b", "refreshToken": "c"},
            },
            "storeId",
        ),
        ("storeSettingsUpdate", {"storeId": "%s", "settings": {}}, "storeId"),
        ("storeActivate", {"storeId": "%s"}, "storeId"),
        ("storeDeactivate", {"storeId": "%s"}, "storeId"),
        ("rulesetCreate", {"storeId": "%s", "source": PRICING}, "storeId"),
        ("rulesetPublish", {"rulesetId": "%s"}, "rulesetId"),
        (
            "listingPriceOverride",
            {"listingId": "%s", "price": {"amount": "1", "currencyCode": "USD"}},
            "listingId",
        ),
        ("listingPriceOverrideClear", {"listingId": "%s"}, "listingId"),
        ("listingPublish", {"listingId": "%s"}, "listingId"),
        ("repriceRunStart", {"storeId": "%s"}, "storeId"),
        ("operationCancel", {"operationId": "%s"}, "operationId"),
    ],
)
async def test_another_merchants_thing_is_not_found_as_one_that_never_was_and_stays_as_it_is(
    runtime: Runtime,
    scope: Scope,
    ask: Ask,
    ask_as_stranger: Ask,
    mutation: str,
    input_: dict[str, Any],
    field: str,
) -> None:
    await stock_shop(scope)
    created = await ask(CREATE_RULES, input={"storeId": SHOP, "source": PRICING})
    running = await operations.start(scope, OperationKind.REPRICE, actor="x", store_id="store1")
    theirs = {
        "storeId": SHOP,
        "listingId": MUG,
        "rulesetId": created["rulesetCreate"]["ruleset"]["id"],
        "operationId": gid("Operation", running.id),
    }[field]
    name = mutation[0].upper() + mutation[1:]
    query = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
    before = await _everything(runtime)

    answers = []
    for id_ in (theirs, gid("Store", "never"), gid("Listing", "a/b"), "nonsense"):
        given = {key: id_ if value == "%s" else value for key, value in input_.items()}
        answers.append((await ask_as_stranger(query, input=given))[mutation])

    codes = {
        (error["code"], *error["field"]) for answer in answers for error in answer["userErrors"]
    }
    assert codes == {("NOT_FOUND", "input", field)}
    assert len({str(answer) for answer in answers}) == 1
    assert await _everything(runtime) == before


async def _everything(runtime: Runtime) -> dict[str, list[Any]]:
    names = await runtime.database.handle.list_collection_names()
    return {
        name: await runtime.database.handle[name].find({}).sort("_id").to_list(None)
        for name in sorted(names)
    }


async def test_rules_are_drafted_understood_and_published(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    payload = (await ask(CREATE_RULES, input={"storeId": SHOP, "source": PRICING}))["rulesetCreate"]
    assert payload["userErrors"] == []
    ruleset = payload["ruleset"]
    assert (ruleset["kind"], ruleset["version"], ruleset["status"]) == ("PRICING", 1, "DRAFT")
    assert ruleset["author"] == "local user"
    assert ruleset["rules"] == [
        {
            "key": "pens-only",
            "priority": 10,
            "conditions": [
                {"path": "", "operator": "ALL", "fact": None, "expected": None},
                {"path": "0", "operator": "GTE", "fact": "stock", "expected": "1"},
                {"path": "1", "operator": "CONTAINS", "fact": "sku", "expected": "PEN"},
            ],
            "action": {
                "__typename": "AdjustPriceAction",
                "adjustment": {"isIncrease": False, "percent": "5"},
            },
        },
        {
            "key": "buy-box-above-cost",
            "priority": 20,
            "conditions": [
                {"path": "", "operator": "ALL", "fact": None, "expected": None},
                {"path": "0", "operator": "EXISTS", "fact": "price.cost", "expected": "true"},
            ],
            "action": {
                "__typename": "FollowCompetitorAction",
                "competitor": {"source": "BUY_BOX"},
                "floor": {"source": "cost", "adjustment": {"percent": "10"}},
                "ceiling": {"source": "price"},
            },
        },
    ]
    published = await ask(
        f"""mutation ($input: RulesetPublishInput!) {{ rulesetPublish(input: $input) {{
              ruleset {{ status publishedAt store {{ rulesets {{ nodes {{ version status }} }} }} }} {ERRORS} }} }}""",
        input={"rulesetId": ruleset["id"]},
    )
    in_force = published["rulesetPublish"]["ruleset"]
    assert in_force["status"] == "PUBLISHED"
    assert in_force["store"]["rulesets"]["nodes"] == [{"version": 1, "status": "PUBLISHED"}]


async def test_every_mistake_of_a_document_is_told_with_its_place(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    source = "kind: pricing\nname: x\nrules:\n  - key: a\n    type: standard\n    adjust: {decrease: lots}\n  - key: b\n    type: odd\n"
    payload = (await ask(CREATE_RULES, input={"storeId": SHOP, "source": source}))["rulesetCreate"]
    assert payload["ruleset"] is None
    places = [(error["line"], error["documentPath"]) for error in payload["userErrors"]]
    assert [line for line, _ in places] == [6, 8]
    assert all(path.startswith("rules[") for _, path in places)
    assert {error["code"] for error in payload["userErrors"]} == {"INVALID_DOCUMENT"}
    assert {tuple(error["field"]) for error in payload["userErrors"]} == {("input", "source")}
    assert all(error["column"] > 1 and error["message"] for error in payload["userErrors"])
    assert await RULESETS.count(scope) == 0


async def test_only_a_listing_that_waits_for_it_is_published(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    await LISTINGS.insert(scope, [a_listing("NEW-1", status=ListingStatus.READY_TO_LIST)])
    query = f"""mutation ($input: ListingPublishInput!) {{ listingPublish(input: $input) {{
                  listing {{ status dueReason }} {ERRORS} }} }}"""
    published = await ask(query, input={"listingId": gid("Listing", "store1/NEW-1")})
    assert published["listingPublish"] == {
        "listing": {"status": "LIST_IN_PROGRESS", "dueReason": "PUBLISHED"},
        "userErrors": [],
    }
    refused = (await ask(query, input={"listingId": MUG}))["listingPublish"]
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]


async def test_a_run_is_started_watched_and_cancelled(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    started = await ask(
        f"""mutation ($input: RepriceRunStartInput!) {{ repriceRunStart(input: $input) {{
              operation {{ id kind status progress {{ done total }} actor store {{ name }} }} {ERRORS} }} }}""",
        input={"storeId": SHOP},
    )
    operation = started["repriceRunStart"]["operation"]
    assert operation | {"id": None} == {
        "id": None,
        "kind": "REPRICE",
        "status": "QUEUED",
        "progress": {"done": 0, "total": None},
        "actor": "local user",
        "store": {"name": "Shop"},
    }
    assert [each.reason for each in await asked(scope, "store1")] == ["BY_HAND"]
    query = f"""mutation ($input: OperationCancelInput!) {{ operationCancel(input: $input) {{
                  operation {{ isCancelRequested }} {ERRORS} }} }}"""
    cancelled = await ask(query, input={"operationId": operation["id"]})
    assert cancelled["operationCancel"]["operation"] == {"isCancelRequested": True}
    [kept] = await OPERATIONS.find(scope, Is("kind", "eq", OperationKind.REPRICE))
    assert kept.cancel_requested


async def test_a_store_is_paused_and_resumed_and_needs_a_connection(scope: Scope, ask: Ask) -> None:
    await STORES.insert(
        scope,
        [
            a_store(),
            a_store(id="store2", connection=None, status=StoreStatus.IN_SETUP),
        ],
    )
    query = """mutation ($input: Store{0}Input!) {{ store{0}(input: $input) {{
                 store {{ status authorization {{ sellerId }} }} {1} }} }}"""
    paused = await ask(query.format("Deactivate", ERRORS), input={"storeId": SHOP})
    assert paused["storeDeactivate"]["store"] == {
        "status": "INACTIVE",
        "authorization": {"sellerId": "SELLER"},
    }
    resumed = await ask(query.format("Activate", ERRORS), input={"storeId": SHOP})
    assert resumed["storeActivate"]["store"]["status"] == "ACTIVE"
    refused = await ask(query.format("Activate", ERRORS), input={"storeId": gid("Store", "store2")})
    assert [error["code"] for error in refused["storeActivate"]["userErrors"]] == ["CONFLICT"]


async def test_a_store_that_cannot_reach_amazon_is_not_connected(
    servers: ServerUrls, tmp_path: Path
) -> None:
    settings = Settings(
        database=f"test_{new_id()}",
        merchant=MERCHANT,
        data_dir=tmp_path,
        amazon_url="http://127.0.0.1:9",
    )
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as runtime:
        shop = a_store(connection=None, status=StoreStatus.IN_SETUP)
        await STORES.insert(runtime.scope(MERCHANT), [shop])
        async with browser(runtime) as client:
            data = await asker(client)(
                f"""mutation ($input: StoreConnectInput!) {{ storeConnect(input: $input) {{
                      store {{ status }} {ERRORS} }} }}""",
                input={
                    "storeId": SHOP,
                    "sellerId": "SELLER",
                    "credentials": {"clientId": "a", "clientSecret": "b", "refreshToken": "c"},
                },
            )
        assert await STORES.get(runtime.scope(MERCHANT), "store1") == shop
        await runtime.database.client.drop_database(runtime.database.name)
    assert data["storeConnect"]["store"] is None
    assert [error["code"] for error in data["storeConnect"]["userErrors"]] == ["NOT_CONNECTED"]


async def test_one_document_sees_what_its_earlier_mutation_wrote(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    data = await ask(
        """mutation ($listing: ID!, $store: ID!) {
             a: storeDeactivate(input: { storeId: $store }) { store { status } }
             b: listingPriceOverrideClear(input: { listingId: $listing }) { listing { store { status } } }
        }""",
        listing=MUG,
        store=SHOP,
    )
    assert data["b"]["listing"]["store"] == {"status": "INACTIVE"}
