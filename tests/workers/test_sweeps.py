"""The sweeps: every active store is looked after, and paused ones are left alone."""

from typing import Any

from structlog.testing import capture_logs

from embedded.servers import ServerUrls
from services import stores
from services.queue import Job
from tests.factories import MERCHANT
from tests.services.amazon import Amazon
from tests.services.shop import Shop, forget_jobs, open_shop, queued
from workers.sweeps import crons


async def swept(shop: Shop, name: str) -> None:
    (cron,) = [cron for cron in crons() if cron.name == name]
    context: dict[Any, Any] = {"runtime": shop.runtime}
    await cron.coroutine(context)


def test_every_job_but_importing_listings_is_swept() -> None:
    names = [cron.name for cron in crons()]
    assert len(set(names)) == len(names) == 7


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
    # These two are someone's wish: what was started and stands still is picked up as an operation.
    wished = {Job.IMPORT_LISTINGS, Job.SIMULATE}
    assert {name for name, _ in await queued(servers)} == set(Job) - wished


async def test_an_authorisation_that_ends_soon_is_warned_of(shop: Shop, amazon: Amazon) -> None:
    with capture_logs() as logs:
        await swept(shop, "reminding")
        for _ in range(48):
            amazon.advance(7 * 24 * 60)
        await swept(shop, "reminding")

    (told,) = [entry for entry in logs if entry["event"] == "store.authorization.ends"]
    assert (told["store"], told["at"][:10]) == (shop.id, "2027-01-05")
