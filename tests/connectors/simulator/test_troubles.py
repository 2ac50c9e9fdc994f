"""Rate limits and trouble on command."""

import httpx
import pytest
from starlette.applications import Starlette

from connectors.simulator.app import create_app
from connectors.simulator.rates import PLANS
from connectors.simulator.settings import SimulatorSettings
from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    Amazon,
    asin,
    merge,
    offer_attributes,
    scenario,
)
from tests.connectors.simulator.conftest import Elapsed, Sign
from tests.connectors.simulator.official_models import MISSING, SHARED, OfficialModels

_SELLERS = "/sellers/v1/marketplaceParticipations"


@pytest.fixture
def slow_app(elapsed: Elapsed) -> Starlette:
    """A simulator at Amazon's own rates, with time standing still."""
    return create_app(SimulatorSettings(), monotonic=elapsed)


async def _opened(app: Starlette, sign: Sign) -> Amazon:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://amazon.test"
    ) as control:
        await control.post("/control/scenario", json=scenario())
    return await sign(app)


async def test_a_bucket_gives_its_burst_and_then_refuses(
    slow_app: Starlette, sign: Sign, elapsed: Elapsed
) -> None:
    amazon = await _opened(slow_app, sign)
    answers = [await amazon.reprice("A", 25) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["x-amzn-RateLimit-Limit"] == "5.0"
    refused = answers[-1]
    assert refused.json()["errors"][0]["code"] == "QuotaExceeded"
    assert "x-amzn-RateLimit-Limit" not in refused.headers
    assert "retry-after" not in refused.headers
    assert refused.headers["x-amzn-RequestId"]

    elapsed.seconds += 0.2
    assert (await amazon.reprice("A", 25)).status_code == 200
    assert (await amazon.reprice("A", 25)).status_code == 429


async def test_each_operation_and_seller_has_a_bucket_of_its_own(
    slow_app: Starlette, sign: Sign
) -> None:
    amazon = await _opened(slow_app, sign)
    assert [(await amazon.offers([asin(1)])).status_code for _ in range(2)] == [200, 429]
    assert (await amazon.search()).status_code == 200
    other = await sign(slow_app, "A3ANOTHER")
    assert (await other.offers([asin(1)])).status_code == 200


async def test_the_rate_can_be_scaled_while_it_runs(
    slow_app: Starlette, sign: Sign, elapsed: Elapsed
) -> None:
    amazon = await _opened(slow_app, sign)
    await amazon.control("rates", {"scale": 200})
    assert (await amazon.offers([asin(1)])).headers["x-amzn-RateLimit-Limit"] == "20.0"
    elapsed.seconds += 0.05
    assert (await amazon.offers([asin(1)])).status_code == 200


async def test_busy_sellers_get_other_plans_while_it_runs(
    slow_app: Starlette, sign: Sign, elapsed: Elapsed
) -> None:
    amazon = await _opened(slow_app, sign)
    plan = {"rate": 2.5, "burst": 3}
    told = await amazon.control("rates", {"plans": {"getItemOffersBatch": plan}})
    assert told == {"scale": 1.0, "plans": {"getItemOffersBatch": plan}}
    answers = [await amazon.offers([asin(1)]) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[0].headers["x-amzn-RateLimit-Limit"] == "2.5"
    elapsed.seconds += 0.4
    assert (await amazon.offers([asin(1)])).status_code == 200
    await amazon.control("rates", {"plans": {}})
    assert (await amazon.offers([asin(1)])).status_code == 429


async def test_an_application_has_limits_over_all_its_sellers(
    slow_app: Starlette, sign: Sign, elapsed: Elapsed
) -> None:
    """The messages are those of Amazon's page on the limits of the Listings Items API."""
    ours = await _opened(slow_app, sign)
    theirs = await sign(slow_app, "A3ANOTHER")
    plan = {"rate": 1000, "burst": 1000}
    names = ("patchListingsItem", "putListingsItem", "getListingsItem")
    await ours.control("rates", {"plans": dict.fromkeys(names, plan)})

    async def refusals(attribute: str, times: int) -> list[str]:
        elapsed.seconds += 60
        found = []
        for number in range(times):
            seller = ours if number % 2 else theirs
            answer = await seller.patch("A", merge(attribute, {"value": "x"}))
            if answer.status_code == 429:
                (error,) = answer.json()["errors"]
                assert error["code"] == "QuotaExceeded"
                found.append(error["message"])
        return found

    start = "The frequency of requests was greater than what is allowed for"
    assert await refusals("child_parent_sku_relationship", 7) == [f"{start} relationships."] * 2
    assert await refusals("item_name", 102) == [f"{start} product data."] * 2
    assert await refusals("purchasable_offer", 501) == [f"{start} the application."]

    elapsed.seconds += 60
    reads = [await ours.get("A") for _ in range(101)]
    assert reads[-1].json()["errors"][0]["message"].startswith("You exceeded your quota")
    previews = [
        await ours.put("A", offer_attributes(asin(1), 25), mode="VALIDATION_PREVIEW")
        for _ in range(2)
    ]
    assert [one.status_code for one in previews] == [200, 429]


@pytest.mark.parametrize(
    ("kind", "status", "content"),
    [
        ("500", 500, b"InternalFailure"),
        ("503", 503, b"<html>"),
        ("429", 429, b"QuotaExceeded"),
        ("empty", 200, b""),
    ],
)
async def test_the_next_calls_meet_the_trouble_asked_for(
    amazon: Amazon, kind: str, status: int, content: bytes
) -> None:
    await amazon.control(
        "faults", {"faults": [{"operation": "putListingsItem", "kind": kind, "next": 1}]}
    )
    hit = await amazon.put("A", offer_attributes(asin(1), 25))
    assert hit.status_code == status
    assert content in hit.content
    assert bool(content) == bool(hit.content)
    assert (await amazon.call("GET", _SELLERS)).status_code == 200
    written = 1 if kind == "empty" else 0
    assert len(await amazon.journal()) == written
    assert (await amazon.put("A", offer_attributes(asin(1), 25))).json()["status"] == "ACCEPTED"


async def test_a_broken_connection_is_one_and_the_request_took_effect(
    amazon: Amazon, port: int
) -> None:
    rule = {"operation": "deleteListingsItem", "kind": "reset", "next": 1}
    await amazon.control("faults", {"faults": [rule]})
    url = f"http://127.0.0.1:{port}/listings/2021-08-01/items/{amazon.seller}/A"
    headers, params = {"x-amz-access-token": amazon.token}, {"marketplaceIds": MARKETPLACE}
    async with httpx.AsyncClient(headers=headers, params=params) as http:
        with pytest.raises(httpx.TransportError):
            await http.delete(url)
    assert len(await amazon.journal()) == 1


async def test_a_slow_answer_comes(amazon: Amazon) -> None:
    rule = {"operation": "*", "kind": "slow", "next": 1, "seconds": 0.01}
    await amazon.control("faults", {"faults": [rule]})
    assert (await amazon.call("GET", _SELLERS)).status_code == 200


async def test_trouble_of_a_probability_is_the_same_in_every_run(
    settings: SimulatorSettings, sign: Sign
) -> None:
    runs = []
    for _ in range(2):
        amazon = await _opened(create_app(SimulatorSettings(rate_scale=1e9)), sign)
        rule = {"operation": "*", "kind": "500", "probability": 0.5}
        await amazon.control("faults", {"faults": [rule]})
        # The burst of this operation is 15.
        runs.append([(await amazon.call("GET", _SELLERS)).status_code for _ in range(15)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


async def test_faults_and_rates_are_checked(amazon: Amazon) -> None:
    for name, body in (
        ("faults", {"faults": [{"operation": "sellEverything", "kind": "500"}]}),
        ("faults", {"faults": [{"operation": "*", "kind": "earthquake"}]}),
        ("faults", {}),
        ("rates", {"scale": 0}),
        ("rates", {"plans": {"sellEverything": {"rate": 1, "burst": 1}}}),
        ("rates", {"plans": {"getOrder": {"rate": 0, "burst": 1}}}),
        ("advance", {"minutes": 0}),
        ("advance", {"hours": 1}),
    ):
        answer = await amazon.http.post(f"/control/{name}", json=body)
        assert answer.status_code == 400, body
        assert answer.json()["error"]


async def test_requests_are_counted_by_operation_and_status(amazon: Amazon) -> None:
    await amazon.call("GET", _SELLERS)
    await amazon.get("NOBODY")
    assert (await amazon.status())["requests"] == {
        "getMarketplaceParticipations": {"200": 1},
        "getListingsItem": {"404": 1},
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason=MISSING)
def test_the_plans_are_those_that_amazon_publishes(models: OfficialModels) -> None:
    published = {one["operationId"]: one for one in models.operations if not one["deprecated"]}
    for name, plan in PLANS.items():
        assert (plan.rate, plan.burst) == (published[name]["rate"], published[name]["burst"]), name
