"""Decisions: written once, never changed."""

from domain.decision import Decision
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.mongo import Scope

DECISIONS = Collection("decisions", Decision)


async def of_run(scope: Scope, run_id: str, after_id: str, limit: int) -> list[Decision]:
    """The decisions of a run that follow an id, oldest first."""
    where = AllOf((Is("run_id", "eq", run_id), Is("_id", "gt", after_id)))
    return await DECISIONS.find(scope, where, sort=Sort("_id"), limit=limit)
