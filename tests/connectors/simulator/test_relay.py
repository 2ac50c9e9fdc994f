"""Notifications that leave for queues elsewhere, over the protocol of SQS."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette

from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from tests.connectors.simulator.amazon import Amazon, asin, offer_attributes, scenario
from tests.connectors.simulator.conftest import Sign

_ARN = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture(params=["moto", "simulator"])
def elsewhere(request: pytest.FixtureRequest, port: int) -> Iterator[str]:
    """Where queues are: at moto's server, which is not ours, or at another simulator; both on real sockets."""
    if request.param == "simulator":
        yield f"http://127.0.0.1:{port}/sqs"
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def sqs(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of these queues."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client(
        "sqs",
        region_name="us-east-1",
        endpoint_url=elsewhere,
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


async def _subscribed(app: Starlette, sign: Sign, *queues: str) -> Amazon:
    starter = Amazon(app)
    await starter.control("scenario", scenario(scenarioId="relayed"))
    await starter.http.aclose()
    amazon = await sign(app)
    kinds = {"FEED_PROCESSING_FINISHED": queues[0], "REPORT_PROCESSING_FINISHED": queues[-1]}
    for kind, queue in kinds.items():
        body = {"name": queue, "resourceSpecification": {"sqs": {"arn": _ARN + queue}}}
        made = await amazon.grantless("POST", "/notifications/v1/destinations", body)
        if made.status_code == 409:
            continue
        wanted = {
            "destinationId": made.json()["payload"]["destinationId"],
            "payloadVersion": "2020-09-04",
        }
        path = f"/notifications/v1/subscriptions/{kind}"
        assert (await amazon.call("POST", path, wanted)).status_code == 200
    return amazon


async def _until(met: Callable[[], Any]) -> Any:
    for _ in range(100):
        if found := await asyncio.to_thread(met):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it never comes")


async def test_notifications_reach_queues_elsewhere(sqs: Any, elsewhere: str, sign: Sign) -> None:
    url = sqs.create_queue(QueueName="there")["QueueUrl"]
    app = create_app(SimulatorSettings(rate_scale=1_000_000, sqs_url=elsewhere))
    async with app.router.lifespan_context(app):
        amazon = await _subscribed(app, sign, "nowhere", "there")
        await amazon.put("A", offer_attributes(asin(1), 25))
        feed_id = await amazon.listings_feed({"sku": "A", "operationType": "DELETE"})
        report_id = await amazon.report()
        happened = await amazon.advance(20, frozen=True)
        assert happened["notificationsSent"] >= 2

        got = await _until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))

        told = json.loads(got[0]["Body"])["payload"]["reportProcessingFinishedNotification"]
        assert told["reportId"] == report_id
        assert (await amazon.state_of_feed(feed_id))["processingStatus"] == "DONE"
        # The queue that is not there lost its message, and held up nothing.
        await _until(lambda: not app.state.simulator.world.queues.outgoing)


async def test_messages_wait_while_the_queues_are_away(sign: Sign) -> None:
    app = create_app(SimulatorSettings(rate_scale=1_000_000, sqs_url="http://127.0.0.1:9/sqs"))
    async with app.router.lifespan_context(app):
        amazon = await _subscribed(app, sign, "a", "b")
        await amazon.put("A", offer_attributes(asin(1), 25))
        await amazon.report()
        await amazon.advance(20, frozen=True)
        await asyncio.sleep(0.2)
        assert len(app.state.simulator.world.queues.outgoing) == 1
