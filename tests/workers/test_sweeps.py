"""The sweeps: every active store is looked after, and paused ones are left alone."""

from datetime import timedelta
from typing import Any

from arq.connections import ArqRedis
from structlog.testing import capture_logs

from domain.clock import SystemClock
from domain.webhook import DisabledReason
from embedded.servers import ServerUrls
from services import stores
from services.queue import DELIVER, Job, unpack
from services.runtime import Runtime
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS
from tests.factories import MERCHANT, NOW, a_delivery, a_webhook
from tests.services.amazon import Amazon
from tests.services.shop import Shop, forget_jobs, open_shop, queued
from workers.sweeps import crons, delivering


async def swept(shop: Shop, name: str) -> None:
    (cron,) = [cron for cron in crons() if cron.name == name]
    context: dict[Any, Any] = {"runtime": shop.runtime}
    await cron.coroutine(context)


def test_every_job_but_importing_listings_is_swept() -> None:
    names = [cron.name for cron in crons()]
    assert len(set(names)) == len(names) == 8


async def test_a_sweep_asks_for_every_active_store_once_a_minute(
    shop: Shop, amazon: Amazon, servers: ServerUrls, monkeypatch: Any
) -> None:
    paused = await open_shop(shop.runtime, amazon)
    await stores.set_active(shop.runtime, shop.scope, paused.id, active=False, actor="me")
    await forget_jobs(servers)
    monkeypatch.setattr("services.queue.time.time", lambda: 60_000_000.0)

    await swept(shop, "moving")
    await swept(shop, "moving")

    wanted = {Job.RECEIVE_EVENTS, Job.REPRICE, Job.PUSH}
    assert sorted(await queued(servers)) == sorted(
        (job.value, (MERCHANT, shop.id, None)) for job in wanted
    )


async def test_the_sweeps_together_come_back_for_everything(
    shop: Shop, servers: ServerUrls
) -> None:
    await forget_jobs(servers)
    for cron in crons():
        await swept(shop, cron.name)
    # These are someone's wish: what was started and stands still is picked up as an operation.
    wished = {
        *(Job.IMPORT_LISTINGS, Job.PULL_OFFERS, Job.SIMULATE, Job.EXPORT),
        Job.IMPORT_PRODUCTS,
    }
    assert {name for name, _ in await queued(servers)} == set(Job) - wished - {Job.DELIVER}


async def test_webhooks_with_something_to_be_told_are_looked_for_each_second(
    runtime: Runtime, servers: ServerUrls
) -> None:
    scope = runtime.scope(MERCHANT)
    resting = a_webhook(id="resting", rests_until=SystemClock().now() + timedelta(minutes=1))
    disabled = a_webhook(id="disabled", disabled_at=NOW, disabled_reason=DisabledReason.BY_HAND)
    await WEBHOOKS.insert(scope, [a_webhook(id="idle"), a_webhook(id="due"), resting, disabled])
    await DELIVERIES.insert(
        scope,
        [a_delivery(id=f"event1/{id_}", webhook_id=id_) for id_ in ("due", "resting", "disabled")],
    )
    (cron,) = delivering()
    assert cron.second == set(range(60))

    for _ in range(2):
        await cron.coroutine({"runtime": runtime})

    redis = ArqRedis.from_url(servers.redis_url)
    redis.job_deserializer = unpack
    jobs = await redis.queued_jobs(queue_name=DELIVER)
    await redis.aclose()
    assert [(job.function, tuple(job.args)) for job in jobs] == [
        ("deliver", (MERCHANT, "due", None))
    ]


async def test_an_authorisation_that_ends_soon_is_warned_of(shop: Shop, amazon: Amazon) -> None:
    with capture_logs() as logs:
        await swept(shop, "reminding")
        for _ in range(48):
            amazon.advance(7 * 24 * 60)
        await swept(shop, "reminding")

    (told,) = [entry for entry in logs if entry["event"] == "store.authorization.ends"]
    assert (told["store"], told["at"][:10]) == (shop.id, "2027-01-05")
