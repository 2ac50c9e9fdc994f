"""Runs: what was decided and judged together."""

from collections.abc import Mapping
from datetime import datetime

from domain.run import Run, RunStatus
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.mongo import Scope, to_field

RUNS = Collection("runs", Run)


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
