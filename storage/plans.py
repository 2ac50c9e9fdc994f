"""Plans: what rule documents would do, kept until they are published and afterwards."""

from collections.abc import Sequence
from datetime import datetime

from domain.plan import Effect, InForce, Plan
from storage.collection import Collection
from storage.filters import AllOf, Is, NotOf
from storage.keyset import Sort
from storage.mongo import Scope, to_field

PLANS = Collection("plans", Plan)


async def newest(scope: Scope, store_id: str, documents_hash: str) -> Plan | None:
    """The plan of exactly these documents that was made last, to be looked at, and is worked out."""
    where = AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("documents_hash", "eq", documents_hash),
            Is("awaits_answer", "eq", False),
            NotOf(Is("effect", "eq", None)),
        )
    )
    found = await PLANS.find(scope, where, sort=Sort("_id", descending=True), limit=1)
    return found[0] if found else None


async def complete(
    scope: Scope, id_: str, in_force: Sequence[InForce], effect: Effect, digests: bytes
) -> None:
    """Write down what a plan was found to do."""
    fields = {"in_force": to_field(in_force), "effect": to_field(effect), "digests": digests}
    await scope.update(PLANS.name, {"_id": id_}, {"$set": fields})


async def mark_published(scope: Scope, id_: str, ruleset_ids: Sequence[str], at: datetime) -> None:
    """Note the versions that a plan became."""
    fields = {"ruleset_ids": list(ruleset_ids), "published_at": at}
    await scope.update(PLANS.name, {"_id": id_}, {"$set": fields})
