"""Operations: long pieces of work that can be watched."""

from collections.abc import Iterable
from datetime import datetime

from domain.operation import Operation, OperationKind, OperationStatus
from storage.collection import Collection
from storage.filters import AllOf, Is, to_query
from storage.keyset import Sort
from storage.mongo import Document, Scope, from_document, to_document

OPERATIONS = Collection("operations", Operation)


async def report(
    scope: Scope, id_: str, *, done: int, total: int | None, cursor: str | None, at: datetime
) -> Operation | None:
    """Note progress and read back the operation, whose `cancel_requested` the work should heed."""
    fields: Document = {"done": done, "updated_at": at, "status": OperationStatus.RUNNING.value}
    if total is not None:
        fields["total"] = total
    if cursor is not None:
        fields["cursor"] = cursor
    found = await scope.find_and_update(OPERATIONS.name, {"_id": id_}, {"$set": fields})
    return from_document(Operation, found) if found else None


async def unfinished(scope: Scope, store_id: str, kind: OperationKind) -> Operation | None:
    """The newest operation of a kind that a store has and that is not over."""
    where = AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("kind", "eq", kind),
            Is("status", "in", [OperationStatus.QUEUED, OperationStatus.RUNNING]),
        )
    )
    found = await OPERATIONS.find(scope, where, sort=Sort("_id", descending=True), limit=1)
    return found[0] if found else None


async def running(
    scope: Scope, store_id: str, kinds: Iterable[OperationKind]
) -> set[tuple[str | None, OperationKind]]:
    """Of which kinds work goes on, for a store or, without one, for the whole catalogue."""
    where = AllOf(
        (
            Is("store_id", "in", [None, store_id]),
            Is("kind", "in", list(kinds)),
            Is("status", "eq", OperationStatus.RUNNING),
        )
    )
    found = await scope.find(OPERATIONS.name, to_query(where), fields=("store_id", "kind"))
    return {(row["store_id"], OperationKind(row["kind"])) for row in found}


async def count_unfinished(scope: Scope, kind: OperationKind) -> int:
    """How many operations of a kind that are for no store wait or run."""
    return await OPERATIONS.count(
        scope,
        AllOf(
            (
                Is("store_id", "eq", None),
                Is("kind", "eq", kind),
                Is("status", "in", [OperationStatus.QUEUED, OperationStatus.RUNNING]),
            )
        ),
    )


async def finish(scope: Scope, operation: Operation) -> None:
    """Write an operation's end, leaving alone whether someone asked to cancel it."""
    document = to_document(operation)
    del document["cancel_requested"]
    await scope.update(OPERATIONS.name, {"_id": document.pop("_id")}, {"$set": document})


async def request_cancel(scope: Scope, id_: str, at: datetime) -> bool:
    """Ask running work to stop at its next step; false when it is over already."""
    running = [OperationStatus.QUEUED.value, OperationStatus.RUNNING.value]
    return await scope.update(
        OPERATIONS.name,
        {"_id": id_, "status": {"$in": running}},
        {"$set": {"cancel_requested": True, "updated_at": at}},
    )
