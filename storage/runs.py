"""Runs: what was decided and judged together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.run import Run, RunStatus
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.mongo import Scope, reader, to_field

RUNS = Collection("runs", Run)
_money = reader(Money)


async def interrupted(scope: Scope, store_id: str) -> Run | None:
    """The run of a store of which not everything is written."""
    where = AllOf((Is("store_id", "eq", store_id), Is("ended_at", "eq", None)))
    found = await RUNS.find(scope, where, limit=1)
    return found[0] if found else None


async def undoing(scope: Scope, store_id: str) -> Run | None:
    """A run of a store that is being undone."""
    where = AllOf((Is("store_id", "eq", store_id), Is("status", "eq", RunStatus.UNDOING)))
    found = await RUNS.find(scope, where, sort=Sort("_id"), limit=1)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Passed:
    """Of a run that guard-rails let go, what there is to know of its prices besides its decisions."""

    id: str
    moved: int
    costs: dict[str, Money]
    has_ended: bool
    """Whether all of it is written."""


async def passed_since(scope: Scope, store_id: str, moment: datetime, limit: int) -> list[Passed]:
    """Runs of a store after a moment that guard-rails let go and nobody took back, newest first."""
    where = {
        "store_id": store_id,
        "started_at": {"$gt": moment},
        "status": RunStatus.PASSED.value,
    }
    fields = ("up", "down", "first_priced", "costs", "ended_at")
    found = await scope.find(
        RUNS.name, where, fields=fields, sort=[("started_at", -1)], limit=limit
    )
    return [
        Passed(
            row["_id"],
            row["up"] + row["down"] + row["first_priced"],
            {id_: _money(cost) for id_, cost in row.get("costs", {}).items()},
            row["ended_at"] is not None,
        )
        for row in found
    ]


async def end(scope: Scope, id_: str, at: datetime) -> None:
    """Note that all of a run is written."""
    await scope.update(RUNS.name, {"_id": id_}, {"$set": {"ended_at": at}})


async def change(scope: Scope, run: Run, fields: Mapping[str, object]) -> bool:
    """Set fields of a run that is as it was read; false where its status changed meanwhile."""
    return await scope.update(
        RUNS.name,
        {"_id": run.id, "status": run.status.value},
        {"$set": {name: to_field(value) for name, value in fields.items()}},
    )
