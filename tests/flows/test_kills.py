"""The demonstration's story with processes killed in the middle of it ends as it does undisturbed."""

import asyncio
import csv
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from cli.catalog import import_file
from cli.stage import Stage, open_stage, open_store, put_on_amazon, sample_rules
from cli.story import Story
from domain.decision import DecisionOutcome
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING
from storage.listings import LISTINGS, count_due
from storage.mongo import Scope
from storage.orders import ORDERS

CATALOG = Path(__file__).parents[2] / "samples" / "catalog.csv"
TICKS = 6

Kill = Callable[[Stage], Awaitable[int]]


@dataclass(frozen=True)
class Ending:
    """Everything that must not depend on what was killed."""

    listings: dict[str, Any]
    orders: dict[str, Any]
    amazon: str


async def _pid_of_mongod(stage: Stage) -> int:
    status = await stage.runtime.database.client.admin.command("serverStatus")
    return int(status["pid"])


async def _pid_of_valkey(stage: Stage) -> int:
    async with Redis.from_url(stage.urls.redis_url) as redis:
        return int((await redis.info("server"))["process_id"])


def _pid_of(program: str) -> Kill:
    async def pid(stage: Stage) -> int:
        return stage.supervisor.state(program).pid

    return pid


KILLS: dict[int, Kill] = {
    1: _pid_of("worker-reprice"),
    2: _pid_of_valkey,
    3: _pid_of_mongod,
    4: _pid_of("worker-sync"),
}


@pytest.mark.timeout(280)
async def test_killing_workers_and_servers_changes_nothing_about_the_end(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.csv"
    _some_of_the_catalog(catalog)

    undisturbed = await _play(catalog, tmp_path / "undisturbed", {})
    disturbed = await _play(catalog, tmp_path / "disturbed", KILLS)

    assert undisturbed.orders, "a story without orders shows nothing"
    assert disturbed.orders == undisturbed.orders
    assert disturbed.listings == undisturbed.listings
    assert disturbed.amazon == undisturbed.amazon


def _some_of_the_catalog(path: Path) -> None:
    with CATALOG.open(newline="", encoding="utf-8") as source, path.open("w", newline="") as target:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(target, rows.fieldnames or [])
        writer.writeheader()
        writer.writerows(row for n, row in enumerate(rows) if n % 3 == 0)


async def _play(catalog: Path, data_dir: Path, kills: dict[int, Kill]) -> Ending:
    async with open_stage(data_dir, 0) as stage:
        eans = await put_on_amazon(stage, catalog, seed=11)
        await import_file(stage.runtime, catalog, "USD")
        store = await open_store(stage, sample_rules(), products_have_ean=eans)
        scope = stage.runtime.scope(store.merchant_id)
        story = Story(stage.runtime, store, stage.amazon)
        await story.begin()
        await story.list_everything(_nobody)
        for tick in range(TICKS):
            killing = (
                [_kill_when_busy(stage, scope, store.id, kills[tick])] if tick in kills else []
            )
            await asyncio.gather(story.tick(_nobody), *killing)
        await story.settle(_nobody)
        return await _ending(stage, scope)


async def _kill_when_busy(stage: Stage, scope: Scope, store_id: str, victim: Kill) -> None:
    """Wait until repricing is under way, then kill -9."""
    pid = await victim(stage)
    while not await count_due(scope, store_id):
        await asyncio.sleep(0.002)
    os.kill(pid, signal.SIGKILL)


async def _ending(stage: Stage, scope: Scope) -> Ending:
    listings = await LISTINGS.find(scope, EVERYTHING)
    orders = await ORDERS.find(scope, EVERYTHING)
    async with httpx.AsyncClient(base_url=stage.runtime.settings.amazon_url or "") as http:
        status = (await http.get("/control/status")).json()
        journal = (await http.get("/control/journal")).json()["entries"]
    assert len(orders) == status["orders"], "an order is missing or twice"
    await _assert_every_price_is_justified(scope, journal)
    return Ending(
        {
            row.seller_sku: (
                *(row.status, row.reason, row.price, row.quantity, row.wanted_price),
                *(row.wanted_quantity, row.owns_buy_box, row.hold, row.due),
            )
            for row in listings
        },
        {row.marketplace_order_id: (row.status, row.lines, row.total) for row in orders},
        status["stateDigest"],
    )


async def _assert_every_price_is_justified(scope: Scope, journal: list[dict[str, Any]]) -> None:
    decided = {
        (decision.listing_id.partition("/")[2], decision.price_after.amount)
        for decision in await DECISIONS.find(scope, EVERYTHING)
        if decision.outcome is DecisionOutcome.CHANGE and decision.price_after
    }
    sent = {(entry["sellerSku"], entry["price"]) for entry in journal if entry["price"]}
    assert sent, "nothing was sent"
    assert sent <= decided


def _nobody(_moment: str, _tally: object) -> None:
    """Nobody watches."""
