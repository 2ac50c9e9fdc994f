"""Decisions: written once, never changed."""

from collections.abc import Collection as Members
from dataclasses import dataclass

import bson

from domain.decision import Decision, DecisionOutcome
from domain.money import Money
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.mongo import Document, Scope, reader, to_document

DECISIONS = Collection("decisions", Decision)
_money = reader(Money)


def content(decision: Decision) -> Document:
    """All that a decision says, as it is stored: neither its id nor what it was decided from."""
    document = to_document(decision)
    del document["_id"], document["basis"]
    return document


def content_bytes(decision: Decision) -> bytes:
    """The same as the bytes that are stored; equal bytes are equal decisions."""
    return bson.encode(content(decision))


async def of_run(scope: Scope, run_id: str, after_id: str, limit: int) -> list[Decision]:
    """The decisions of a run that follow an id, oldest first."""
    where = AllOf((Is("run_id", "eq", run_id), Is("_id", "gt", after_id)))
    return await DECISIONS.find(scope, where, sort=Sort("_id"), limit=limit)


@dataclass(frozen=True, slots=True)
class Move:
    """A price that a run set."""

    id: str
    """Of the decision."""
    run_id: str
    listing_id: str
    before: Money | None
    after: Money


async def moves_of_runs(scope: Scope, run_ids: Members[str]) -> list[Move]:
    """The prices that runs set, in no order."""
    where = {"run_id": {"$in": list(run_ids)}, "outcome": DecisionOutcome.CHANGE.value}
    fields = ("run_id", "listing_id", "price_before", "price_after")
    return [
        Move(
            row["_id"],
            row["run_id"],
            row["listing_id"],
            _money(row["price_before"]) if row["price_before"] else None,
            _money(row["price_after"]),
        )
        for row in await scope.find(DECISIONS.name, where, fields=fields)
        if row["price_after"]
    ]
