"""The world over time: one story, the same for everybody who tells it, and not lost in a restart."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from tests.connectors.simulator.amazon import (
    SELLER,
    Amazon,
    asin,
    offer_attributes,
    scenario,
)
from tests.connectors.simulator.conftest import Sign

_FAST = SimulatorSettings(rate_scale=1_000_000)


async def _start(app: Starlette, sign: Sign, **changes: Any) -> Amazon:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://amazon.test"
    ) as control:
        answer = await control.post("/control/scenario", json=scenario(**changes))
        assert answer.json()["loaded"] is True
    return await sign(app)


async def _market(amazon: Amazon, numbers: range) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for first in range(numbers.start, numbers.stop, 20):
        part = range(first, min(first + 20, numbers.stop))
        body = (await amazon.offers([asin(number) for number in part])).json()
        for one in body["responses"]:
            payload = one["body"]["payload"]
            found[payload["ASIN"]] = payload["Offers"]
    return found


async def test_a_merchant_lists_meets_rivals_wins_buy_boxes_and_sells(
    sign: Sign, tmp_path: Path
) -> None:
    settings = SimulatorSettings(rate_scale=1_000_000, clock_file=tmp_path / "clock")
    lively = {"changeShare": 0.1, "ordersPerTick": 60.0}
    amazon = await _start(create_app(settings), sign, items=60, market=lively)
    before = await _market(amazon, range(60))

    for number in range(60):
        await amazon.put(f"S{number}", offer_attributes(asin(number), 20 + number, 40))
    assert (await amazon.status())["pendingSubmissions"] == 60
    await amazon.advance(20, frozen=True)
    status = await amazon.status()
    assert (status["listingsLive"], status["pendingSubmissions"]) == (60, 0)
    assert 0 < status["buyBoxShare"] < 1
    assert (tmp_path / "clock").read_text() == str(1_777_881_600_000 + 20 * 60_000)

    # Undercutting everybody by a fifth wins most Buy Boxes for the moment, and provokes rivals.
    for number in range(60):
        await amazon.reprice(f"S{number}", (20 + number) * 8 // 10)
    await amazon.advance(20, frozen=True)
    undercut = (await amazon.status())["buyBoxShare"]
    assert undercut > status["buyBoxShare"]
    ordered = 0
    for _ in range(8):
        ordered += (await amazon.advance())["ordersPlaced"]
    after = await _market(amazon, range(60))
    moved = [
        one
        for one, offers in after.items()
        if {(o["SellerId"], o["ListingPrice"]["Amount"]) for o in offers if not o["MyOffer"]}
        != {(o["SellerId"], o["ListingPrice"]["Amount"]) for o in before[one]}
    ]
    assert len(moved) > 15
    assert 0 < (await amazon.status())["buyBoxShare"] < undercut

    assert ordered == (await amazon.status())["orders"] > 0
    quantities = [
        (await amazon.get(f"S{number}")).json()["fulfillmentAvailability"][0]["quantity"]
        for number in range(60)
    ]
    assert sum(quantities) <= 60 * 40 - ordered


async def test_about_the_configured_share_of_items_changes_in_a_tick(sign: Sign) -> None:
    amazon = await _start(create_app(_FAST), sign, items=1_000)
    changed = [(await amazon.advance())["offersChanged"] for _ in range(5)]
    assert 40 < sum(changed) / len(changed) < 110


async def test_a_frozen_market_stands_still(sign: Sign) -> None:
    amazon = await _start(create_app(_FAST), sign, items=40)
    before = await _market(amazon, range(40))
    happened = await amazon.advance(600, frozen=True)
    assert (happened["offersChanged"], happened["ordersPlaced"]) == (0, 0)
    assert await _market(amazon, range(40)) == before


async def _tell(sign: Sign, order: int, *, twice: bool = False) -> dict[str, Any]:
    """The same decisions, with the requests of each tick in an order of its own."""
    amazon = await _start(create_app(_FAST), sign, market={"changeShare": 0.3, "ordersPerTick": 40})
    shuffle = random.Random(order).shuffle
    for tick in range(4):
        numbers = list(range(30))
        shuffle(numbers)
        for number in numbers:
            for _ in range(1 + twice):
                if tick == 0:
                    await amazon.put(f"S{number}", offer_attributes(asin(number), 20 + number))
                elif number % 3:
                    await amazon.reprice(f"S{number}", 18 + number + tick)
            await amazon.get(f"S{number}")
        await amazon.advance()
    return await amazon.status()


async def test_the_order_and_number_of_requests_in_a_tick_leaves_no_trace(sign: Sign) -> None:
    first = await _tell(sign, 1)
    second = await _tell(sign, 2, twice=True)
    assert first["stateDigest"] == second["stateDigest"]
    assert first["orders"] == second["orders"] > 0


async def test_another_seed_tells_another_story(sign: Sign) -> None:
    digests = set()
    for seed in (1, 2):
        amazon = await _start(create_app(_FAST), sign, seed=seed)
        await amazon.advance()
        digests.add((await amazon.status())["stateDigest"])
    assert len(digests) == 2


async def test_the_world_survives_a_stop_with_writes_after_the_last_save(
    sign: Sign, settings: SimulatorSettings
) -> None:
    first = create_app(settings)
    async with first.router.lifespan_context(first):
        amazon = await _start(first, sign)
        queue = {"x-amz-target": "AmazonSQS.CreateQueue"}
        await amazon.http.post("/sqs", content=b'{"QueueName":"q"}', headers=queue)
        send = json.dumps({"QueueUrl": "http://x/q", "MessageBody": "hello"}).encode()
        await amazon.http.post(
            "/sqs", content=send, headers={"x-amz-target": "AmazonSQS.SendMessage"}
        )
        for number in range(10):
            await amazon.put(f"S{number}", offer_attributes(asin(number), 21.5))
        await amazon.advance(20)
        await amazon.reprice("S1", 19.25)
        before = await amazon.status()
        token = amazon.token

    second = create_app(settings)
    later = await sign(second)
    later.token = token
    after = await later.status()
    assert after["stateDigest"] == before["stateDigest"]
    assert after["queues"] == before["queues"] == {"q": {"visible": 1, "inFlight": 0}}
    assert after["requests"] == before["requests"]
    assert len(await later.journal(operation="patchListingsItem")) == 1
    assert (await later.get("S1")).status_code == 200

    # Both go on alike.
    one, other = await amazon.advance(15), await later.advance(15)
    assert one == other
    assert (await later.get("S1")).json()["offers"][0]["price"]["amount"] == "19.25"
    assert (await amazon.status())["stateDigest"] == (await later.status())["stateDigest"]


async def test_a_scenario_is_loaded_once_and_another_replaces_it(amazon: Amazon) -> None:
    await amazon.advance()
    again = await amazon.control("scenario", scenario())
    assert (again["loaded"], again["tick"]) == (False, 1)
    other = await amazon.control("scenario", scenario(items=3))
    assert (other["loaded"], other["tick"]) == (True, 0)


async def test_a_scenario_that_makes_no_sense_is_refused_with_the_reason(amazon: Amazon) -> None:
    good = scenario(items=2, scenarioId="fresh")
    stray = {"sellerId": SELLER, "sellerSku": "x", "asin": "B0", "price": "1", "quantity": 1}
    for changes, told in (
        ({"start": "2026-05-04"}, "start"),
        ({"sellers": []}, "sellers"),
        ({"items": [good["items"][0]] * 2}, "twice"),
        ({"currency": "EUR"}, "marketplaceId"),
        ({"thirdPartyListings": [stray]}, "no item B0"),
        ({"items": [{**good["items"][0], "referencePrice": "1.005"}]}, "decimals"),
        ({"surprise": 1}, "surprise"),
    ):
        answer = await amazon.http.post("/control/scenario", json={**good, **changes})
        assert answer.status_code == 400
        assert told in answer.json()["error"]
    assert (await amazon.status())["scenarioId"] == "test-7-30"


async def test_third_party_listings_stand_from_the_beginning(amazon: Amazon) -> None:
    listing = {
        "sellerId": SELLER,
        "sellerSku": "OLD 1/2",
        "asin": asin(1),
        "price": "19.90",
        "quantity": 4,
    }
    await amazon.control("scenario", scenario(scenarioId="old", thirdPartyListings=[listing]))
    await amazon.sign_in()
    found = (await amazon.get("OLD 1/2")).json()
    assert found["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    assert found["offers"][0]["price"]["amount"] == "19.90"
    assert (await amazon.status())["listingsLive"] == 1


async def test_the_journal_tells_every_write_accepted_or_not(amazon: Amazon) -> None:
    await amazon.put("A", offer_attributes(asin(1), 25, 3))
    await amazon.put("B", offer_attributes(asin(2), 0))
    await amazon.advance(20, frozen=True)
    await amazon.reprice("A", 24)
    await amazon.delete("A")
    told = [
        (
            e["order"],
            e["tick"],
            e["operation"],
            e["sellerSku"],
            e["price"],
            e["quantity"],
            e["status"],
        )
        for e in await amazon.journal()
    ]
    assert told == [
        (1, 0, "putListingsItem", "A", "25.00", 3, "ACCEPTED"),
        (2, 0, "putListingsItem", "B", None, None, "INVALID"),
        (3, 1, "patchListingsItem", "A", "24.00", None, "ACCEPTED"),
        (4, 1, "deleteListingsItem", "A", None, None, "ACCEPTED"),
    ]
    assert len(await amazon.journal(sellerSku="A", operation="putListingsItem")) == 1
    assert [entry["order"] for entry in await amazon.journal(after="2")] == [3, 4]


async def test_without_a_scenario_nobody_can_sign_in_and_time_stands_still() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=create_app(_FAST)), base_url="http://amazon.test"
    ) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/control/status")).json()["scenarioId"] is None
        form = {"grant_type": "refresh_token", "client_id": "c", "refresh_token": "r"}
        assert (await http.post("/auth/o2/token", data=form)).status_code == 401
        assert (await http.post("/control/advance", json={"minutes": 1})).status_code == 400


async def test_at_a_speed_time_passes_by_itself(sign: Sign) -> None:
    app = create_app(SimulatorSettings(rate_scale=1_000_000, speed=100_000))
    async with app.router.lifespan_context(app):
        amazon = await _start(app, sign)
        while (await amazon.status())["tick"] < 3:
            await asyncio.sleep(0.001)
    stopped = await amazon.status()
    assert stopped["now"] >= "2026-05-04T08:15:00.000Z"
