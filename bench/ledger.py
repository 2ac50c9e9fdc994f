"""The books of a month of trading, kept apart from the product's own, and what does not agree with them."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson
from redis.asyncio import Redis

from bench.chart import Panel
from cli.stage import Stage
from domain.decision import DecisionOutcome
from domain.operation import OperationStatus
from domain.product import Product
from domain.store import Store
from domain.submission import SubmissionState
from services import markings
from storage.decisions import DECISIONS
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.operations import OPERATIONS
from storage.runs import interrupted
from storage.submissions import count_in_states

ALLOWED_MB = {
    **dict.fromkeys(("api", "worker-sync", "worker-reprice", "worker-bulk"), 25.0),
    "simulator": 60.0,
    "valkey": 25.0,
    "mongod": 600.0,
}
"""Growth from the first days to the last that is called flat. The simulator keeps every order; MongoDB's cache may
take a gigabyte and fills slowly."""
_FLOOR = Fraction(11, 10)
"""What the rules of the month allow at least, as a share of the cost."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how much."""

    listings: int
    days: int
    step: int
    """Minutes by which time moves at once."""
    seed: int
    lost: float = 0.05
    late: float = 0.05
    twice: float = 0.1


@dataclass(frozen=True, slots=True)
class Day:
    """What happened in a day of the market."""

    number: int
    buy_boxes: float
    """Share of our live offers that hold the Buy Box at its end, in per cent."""
    happened: Mapping[str, int]
    unknown: int
    """Items whose offers were not known as they are, before the sweep."""
    seconds: float
    resident: Mapping[str, float]
    """Megabytes of each process at its end."""

    def told(self) -> str:
        """The day in one line."""
        count = self.happened.get
        memory = ", ".join(f"{name} {mb:.0f}" for name, mb in self.resident.items())
        return (
            f"day {self.number:2}: {self.seconds:4.0f} s, Buy Box {self.buy_boxes:.0f} %, "
            f"{count('prices', 0):,} prices, {count('ordersPlaced', 0)} orders, "
            f"{count('offersChanged', 0):,} offers changed, events lost {count('notificationsLost', 0)}, "
            f"late {count('notificationsLate', 0)}, twice {count('notificationsTwice', 0)}, "
            f"unknown before the sweep {self.unknown}; MB: {memory}"
        )


@dataclass(slots=True)
class Ledger:
    """The books."""

    stage: Stage
    store: Store
    world: Path
    """Where the simulator saves what it knows."""
    days: list[Day] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    prices: int = 0
    _floors: dict[str, Fraction] = field(default_factory=dict)
    _decided: set[tuple[str, str]] = field(default_factory=set)
    _decision: str = ""
    _entry: int = 0

    def know(self, shelf: Iterable[Product]) -> None:
        """Note what the products cost from now on."""
        self._floors = {row.sku: row.prices["cost"].minor * _FLOOR / 100 for row in shelf}

    async def check_prices(self) -> int:
        """Judge what reached Amazon since; gives how many prices that were."""
        await self._read_decisions()
        return self.judge(await self.stage.amazon.written(self._entry))

    def judge(self, entries: Iterable[Mapping[str, Any]]) -> int:
        """Hold prices of the journal against the floors in force, and look for their decisions; gives how many."""
        sent = 0
        for entry in entries:
            if entry["order"] != self._entry + 1:
                self._complain(f"the journal has no entry {self._entry + 1}")
            self._entry = entry["order"]
            sku, price = entry["sellerSku"], entry["price"]
            if price is None:
                continue
            sent += 1
            if Fraction(price) < self._floors[sku]:
                self._complain(f"{sku} at {price} is under its floor: {entry['at']}")
            if (sku, price) not in self._decided:
                self._complain(f"{sku} at {price} has no decision: {entry['at']}")
        self.prices += sent
        return sent

    async def _read_decisions(self) -> None:
        where = AllOf((Is("store_id", "eq", self.store.id), Is("_id", "gt", self._decision)))
        for row in await DECISIONS.find(self._scope, where, sort=Sort("_id")):
            self._decision = row.id
            if row.outcome is DecisionOutcome.CHANGE and row.price_after:
                sku = row.listing_id.partition("/")[2]
                self._decided.add((sku, row.price_after.amount))

    async def unknown_offers(self) -> list[str]:
        """Items of which rivals ask something else than is known here."""
        items = orjson.loads(self.world.read_bytes())["items"]
        mine = Is("store_id", "eq", self.store.id)
        listed = {row.asin for row in await LISTINGS.find(self._scope, mine) if row.asin}
        known = {
            row.asin: sorted(
                (offer.seller_id, offer.landed_price.minor)
                for offer in row.offers
                if offer.condition.value.startswith("new") and not offer.is_own
            )
            for row in await SNAPSHOTS.find(self._scope, mine)
        }
        return [asin for asin in listed if known.get(asin, []) != _asked(items[asin]["rivals"])]

    async def check_sweep(self) -> None:
        """Nothing that an event did not tell is unknown after a sweep."""
        if missed := await self.unknown_offers():
            self._complain(f"the sweep left {len(missed)} items unknown, such as {missed[:3]}")

    async def check_end(self) -> None:
        """Nothing is left to do, nothing had to be started again, and memory is where it was."""
        left = {
            "due": await markings.count_due(self._scope, self.store.id),
            "submissions": await count_in_states(
                self._scope,
                self.store.id,
                [SubmissionState.PENDING, SubmissionState.SENT, SubmissionState.ACCEPTED],
            ),
            "operations": await OPERATIONS.count(
                self._scope, Is("status", "in", [OperationStatus.QUEUED, OperationStatus.RUNNING])
            ),
            "runs": 1 if await interrupted(self._scope, self.store.id) else 0,
            "events": await self.stage.amazon.waiting_events(),
        }
        for name, count in left.items():
            if count:
                self._complain(f"{count} {name} left at the end")
        for name in ("simulator", "api", "worker-sync", "worker-reprice", "worker-bulk"):
            if self.stage.supervisor.state(name).starts > 1:
                self._complain(f"{name} had to be started again")
        for name, mb in self._growth().items():
            if mb > ALLOWED_MB[name]:
                self._complain(f"{name} grew by {mb:.0f} MB")

    async def close_day(
        self, number: int, happened: Mapping[str, int], unknown: int, seconds: float
    ) -> Day:
        """Write a day down."""
        status = await self.stage.amazon.status()
        share = 100 * float(status["buyBoxShare"])
        day = Day(number, share, dict(happened), unknown, seconds, await self._resident())
        self.days.append(day)
        return day

    def summary(self, seconds: float) -> str:
        """All of it in a few lines, and what went wrong."""
        total = sum((Counter(day.happened) for day in self.days), Counter[str]())
        growth = ", ".join(f"{name} {mb:+.0f}" for name, mb in self._growth().items())
        return "\n".join(
            (
                f"{len(self.days)} days in {seconds / 60:.1f} minutes",
                f"{self.prices:,} prices reached Amazon",
                f"{total['offersChanged']:,} offers changed, {total['ordersPlaced']:,} orders",
                f"events: {total['notificationsSent']:,} came, {total['notificationsLost']:,} were lost, {total['notificationsLate']:,} late, {total['notificationsTwice']:,} doubled",
                f"{fmean(day.unknown for day in self.days):.0f} items were not known as they are before a sweep (mean)",
                f"Buy Box: {self.days[0].buy_boxes:.0f} % on the first day, {self.days[-1].buy_boxes:.0f} % on the last",
                f"MB from the first days to the last: {growth}",
                *(f"WRONG: {what}" for what in self.wrong[:50]),
                f"{len(self.wrong)} things went wrong" if self.wrong else "Nothing went wrong.",
            )
        )

    def _growth(self) -> dict[str, float]:
        """Megabytes that each process has at the end above what it had when it had warmed up."""
        early = self.days[len(self.days) // 6 :][:3]
        return {
            name: fmean(day.resident[name] for day in self.days[-3:])
            - fmean(day.resident[name] for day in early)
            for name in self.days[-1].resident
        }

    async def _resident(self) -> dict[str, float]:
        stage = self.stage
        names = ("simulator", "api", "worker-sync", "worker-reprice", "worker-bulk")
        pids = {name: stage.supervisor.state(name).pid for name in names}
        server = await stage.runtime.database.client.admin.command("serverStatus")
        async with Redis.from_url(stage.urls.redis_url) as redis:
            pids |= {"mongod": server["pid"], "valkey": (await redis.info("server"))["process_id"]}
        return {name: _resident_mb(pid) for name, pid in pids.items()}

    @property
    def _scope(self) -> Scope:
        return self.stage.runtime.scope(self.store.merchant_id)

    def _complain(self, what: str) -> None:
        self.wrong.append(what)
        print(f"WRONG: {what}", flush=True)


def panels(days: Sequence[Day]) -> list[Panel]:
    """What the chart shows."""

    def counted(key: str) -> list[float]:
        return [float(day.happened.get(key, 0)) for day in days]

    return [
        Panel("Buy Boxes that are ours, %", {"share": [day.buy_boxes for day in days]}),
        Panel("Prices that reached Amazon, a day", {"prices": counted("prices")}),
        Panel(
            "Events that went astray, a day",
            {
                "lost": counted("notificationsLost"),
                "late": counted("notificationsLate"),
                "doubled": counted("notificationsTwice"),
                "unknown at sweep": [float(day.unknown) for day in days],
            },
        ),
        Panel(
            "Memory, MB",
            {name: [day.resident[name] for day in days] for name in days[0].resident},
        ),
    ]


def _asked(rivals: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return sorted(
        (rival["seller_id"], rival["price"] + rival["shipping"])
        for rival in rivals
        if rival["in_stock"] and rival["condition"] == "new_new"
    )


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
