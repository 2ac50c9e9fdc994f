"""From a change to a receiver, with a worker that is a process of its own, and that ends when it is told."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.processes import command, environment
from domain.access import Role, Viewer
from domain.clock import SystemClock
from domain.webhook import WebhookTopic
from embedded.servers import ServerUrls
from services import webhooks
from services.runtime import open_runtime
from services.settings import Settings
from storage.filters import EVERYTHING
from storage.webhook_deliveries import DELIVERIES
from tests.factories import MERCHANT, a_delivery, an_event
from tests.receivers import Receiver, receiving
from tests.services.shop import forget_jobs

COUNT = 100


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database="webhooks_of_a_process",
        merchant=MERCHANT,
        data_dir=tmp_path,
        webhooks_allow_http=True,
        webhooks_allow_private=True,
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


async def _until(receiver: Receiver, count: int) -> None:
    patience = time.monotonic() + 20
    while len(set(receiver.ids)) < count:
        assert time.monotonic() < patience, f"only {len(set(receiver.ids))} arrived"
        await asyncio.sleep(0.05)


def _worker(servers: ServerUrls, settings: Settings) -> subprocess.Popen[bytes]:
    env = environment(servers, settings)
    return subprocess.Popen(command("worker", "sync"), env={**os.environ, **env})


async def test_a_worker_tells_what_is_written_down_and_one_that_is_killed_loses_nothing(
    servers: ServerUrls, settings: Settings, receiver: Receiver
) -> None:
    receiver.seconds = 0.05
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as runtime:
        owner, now = Viewer.of_roles(MERCHANT, "me", [Role.OWNER]), SystemClock().now()
        topics = [WebhookTopic.LISTING_PRICE_CHANGED]
        scope = runtime.scope(MERCHANT)
        made = await webhooks.create(
            runtime, scope, owner, url=receiver.url, topics=topics, now=now
        )
        id_ = made.webhook.id
        rows = [
            a_delivery(an_event(id=f"event{n:03}"), id=f"event{n:03}/{id_}", webhook_id=id_)
            for n in range(COUNT)
        ]
        await DELIVERIES.insert(scope, rows)

        killed = _worker(servers, settings)
        await _until(receiver, 20)
        killed.kill()
        killed.wait()
        # What it had stands still for up to a minute; a test does not wait for that.
        await forget_jobs(servers)
        await runtime.database.handle.leases.delete_many({})
        taken = {"claim": {"$gt": ""}, "state": "PENDING"}
        await scope.update_many("webhook_deliveries", taken, {"$set": {"next_attempt_at": now}})

        ended = _worker(servers, settings)
        try:
            await _until(receiver, COUNT)
            while await scope.count("webhook_deliveries", {"state": "PENDING"}, 1):
                await asyncio.sleep(0.05)
        finally:
            ended.send_signal(signal.SIGTERM)
            assert ended.wait(15) == 0

        assert set(receiver.ids) == {row.event.id for row in rows}
        found = await DELIVERIES.find(scope, EVERYTHING)
        assert {row.state for row in found} == {"DELIVERED"}
        await runtime.database.client.drop_database(settings.database)
