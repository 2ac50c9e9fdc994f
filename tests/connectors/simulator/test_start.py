"""How a simulator begins, and what it tells a visitor."""

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from tests.connectors.simulator.amazon import Amazon, scenario


def _visitor(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://amazon.test")


async def test_a_visitor_is_told_what_there_is(amazon: Amazon) -> None:
    told = (await amazon.http.get("/")).json()
    assert told["scenario"] == "test-7-30"
    assert told["operations"]["searchOrders"] == "GET /orders/2026-01-01/orders"
    assert "/control/advance" in told["control"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/orders/v0/orders"), ("DELETE", "/orders/2026-01-01/orders")]
)
async def test_what_is_not_simulated_says_so_as_the_api_would(
    amazon: Amazon, method: str, path: str
) -> None:
    answer = await amazon.http.request(method, path)
    assert answer.status_code == 404
    (error,) = answer.json()["errors"]
    assert (error["code"], error["message"]) == ("NotFound", f"{method} {path} is not simulated.")


async def test_it_begins_with_the_world_of_its_settings(settings: SimulatorSettings) -> None:
    settings = replace(settings, scenario=scenario(scenarioId="given"))
    async with _visitor(create_app(settings)) as visitor:
        assert (await visitor.get("/control/status")).json()["scenarioId"] == "given"
        advanced = await visitor.post("/control/advance", json={"minutes": 5})
        assert advanced.json()["tick"] == 1

    # The story that is saved goes on.
    async with _visitor(create_app(settings)) as visitor:
        assert (await visitor.get("/control/status")).json()["tick"] == 1


def test_a_world_that_makes_no_sense_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="sellers"):
        create_app(SimulatorSettings(scenario=scenario(sellers=[])))
