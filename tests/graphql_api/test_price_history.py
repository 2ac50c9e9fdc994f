from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.listing import Condition
from domain.price_history import Market, OwnPrice
from services import price_history as use_cases
from services.runtime import Runtime
from storage import price_history
from storage.mongo import Scope
from tests.factories import NOW, usd
from tests.graphql_api.conftest import Ask, Commands, gid
from tests.graphql_api.seeds import asin_of, stock_shop

CHART = """
query ($id: ID!, $points: Int! = 4) {
  listing(id: $id) {
    priceHistory(fromAt: "2026-01-05T08:00:00Z", toAt: "2026-01-05T12:00:00Z", points: $points) {
      startsAt endsAt price { last { amount currencyCode } low { amount } high { amount } }
      wantedPrice { amount } buyBoxPrice { last { amount } } isBuyBoxOwner
      lowestCompetitorPrice { last { amount } } competitorCount
    }
  }
}
"""
MUG = gid("Listing", "store1/MUG-1")
HOUR = timedelta(hours=1)


@pytest.fixture
async def shop(scope: Scope) -> None:
    """A price of 18 that rises by way of 25 to 20 in the third hour, and a market of which one thing is known."""
    await stock_shop(scope)
    prices = [(-1, "18.00"), (2, "25.00"), (2.5, "20.00"), (5, "1.00")]
    await use_cases.note_own(
        scope,
        (
            OwnPrice("store1", "MUG-1", usd(price), usd("19.00"), NOW + hour * HOUR)
            for hour, price in prices
        ),
    )
    of_item = ("store1", asin_of(0), Condition.NEW)
    market = Market(*of_item, usd("17.00"), False, usd("16.00"), 2, NOW + HOUR)
    await price_history.record(scope, [market], NOW)


async def test_a_chart_has_a_point_where_something_changed(shop: None, ask: Ask) -> None:
    first, second, third = (await ask(CHART, id=MUG))["listing"]["priceHistory"]

    assert first == {
        "startsAt": "2026-01-05T08:00:00.000Z",
        "endsAt": "2026-01-05T09:00:00.000Z",
        "price": {
            "last": {"amount": "18.00", "currencyCode": "USD"},
            "low": {"amount": "18.00"},
            "high": {"amount": "18.00"},
        },
        "wantedPrice": {"amount": "19.00"},
        "buyBoxPrice": {"last": None},
        "isBuyBoxOwner": None,
        "lowestCompetitorPrice": {"last": None},
        "competitorCount": None,
    }
    assert second["startsAt"] == "2026-01-05T09:00:00.000Z"
    assert second["buyBoxPrice"] == {"last": {"amount": "17.00"}}
    assert second["lowestCompetitorPrice"] == {"last": {"amount": "16.00"}}
    assert (second["isBuyBoxOwner"], second["competitorCount"]) == (False, 2)
    assert third["startsAt"] == "2026-01-05T10:00:00.000Z"
    assert third["price"] == {
        "last": {"amount": "20.00", "currencyCode": "USD"},
        "low": {"amount": "18.00"},
        "high": {"amount": "25.00"},
    }


async def test_a_chart_of_today_is_asked_for_without_arguments(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    query = "query ($id: ID!) { listing(id: $id) { priceHistory { price { last { amount } } } } }"
    assert await ask(query, id=MUG) == {
        "listing": {"priceHistory": [{"price": {"last": {"amount": "20.00"}}}]}
    }


async def test_another_merchants_chart_is_not_there(shop: None, ask_as_stranger: Ask) -> None:
    assert await ask_as_stranger(CHART, id=MUG) == {"listing": None}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ("points: 0", "points"),
        ("points: 501", "points"),
        ('fromAt: "2026-02-01T00:00:00Z", toAt: "2026-02-01T00:00:00Z"', "fromAt"),
    ],
)
async def test_what_cannot_be_drawn_is_refused(
    shop: None, client: httpx.AsyncClient, arguments: str, field: str
) -> None:
    query = f'{{ listing(id: "{MUG}") {{ priceHistory({arguments}) {{ startsAt }} }} }}'
    body = (await client.post("/graphql", json={"query": query})).json()
    assert field in body["errors"][0]["message"]


async def test_charts_of_a_whole_page_cost_too_much(client: httpx.AsyncClient) -> None:
    query = "{ listings(first: 50) { nodes { priceHistory { startsAt } } } }"
    body = (await client.post("/graphql", json={"query": query})).json()
    assert body["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"


@pytest.mark.parametrize("moved", [False, True])
async def test_a_chart_is_one_query_by_indexes(
    shop: None, runtime: Runtime, scope: Scope, watched: tuple[Ask, Commands], moved: bool
) -> None:
    if moved:
        await price_history.move(scope, "store1")
    ask, commands = watched
    await ask(CHART, id=MUG)
    assert commands.names == ["find", "aggregate"]
    command: dict[str, Any] = dict(commands.sent[1])
    of_fresh, body = command["pipeline"][0]["$match"], command["pipeline"][1]["$unionWith"]
    assert body["coll"] == price_history.NAME
    for name, match in (
        (price_history.FRESH, of_fresh),
        (price_history.NAME, body["pipeline"][0]["$match"]),
    ):
        plain = {"aggregate": name, "pipeline": [{"$match": match}], "cursor": {}}
        told = str(await runtime.database.handle.command("explain", plain))
        assert "IXSCAN" in told or "EOF" in told, name
        assert "COLLSCAN" not in told, name
