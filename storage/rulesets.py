"""Rulesets: every version of a store's rules."""

from datetime import datetime

from domain.ruleset import Ruleset, RulesetKind, RulesetStatus
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.mongo import Scope

RULESETS = Collection("rulesets", Ruleset)


async def published(scope: Scope, store_id: str, kind: RulesetKind) -> Ruleset | None:
    """The version in force."""
    found = await RULESETS.find(
        scope,
        AllOf((_of(store_id, kind), Is("status", "eq", RulesetStatus.PUBLISHED))),
        limit=1,
    )
    return found[0] if found else None


async def published_ids(scope: Scope, store_id: str) -> dict[RulesetKind, str]:
    """The ids of all versions of a store that are in force, without their texts."""
    where = {
        "store_id": store_id,
        "kind": {"$in": [kind.value for kind in RulesetKind]},
        "status": RulesetStatus.PUBLISHED.value,
    }
    found = await scope.find(RULESETS.name, where, fields=["kind"])
    return {RulesetKind(row["kind"]): row["_id"] for row in found}


async def newest(scope: Scope, store_id: str, kind: RulesetKind) -> Ruleset | None:
    """The version made last, whatever its status."""
    found = await RULESETS.find(
        scope, _of(store_id, kind), sort=Sort("version", descending=True), limit=1
    )
    return found[0] if found else None


async def of_version(
    scope: Scope, store_id: str, kind: RulesetKind, version: int
) -> Ruleset | None:
    """The version of a number."""
    where = AllOf((_of(store_id, kind), Is("version", "eq", version)))
    found = await RULESETS.find(scope, where, limit=1)
    return found[0] if found else None


async def in_force_before(scope: Scope, store_id: str, kind: RulesetKind) -> Ruleset | None:
    """The version that was in force before the present one: of those that retired, the one published last."""
    where = AllOf((_of(store_id, kind), Is("status", "eq", RulesetStatus.RETIRED)))
    retired = await RULESETS.find(scope, where)
    return max(
        retired, key=lambda row: (row.published_at or row.created_at, row.version), default=None
    )


async def put_in_force(scope: Scope, ruleset: Ruleset, at: datetime) -> None:
    """Publish one version and retire the one before it; to be called in a transaction."""
    await scope.update_many(
        RULESETS.name,
        {
            "store_id": ruleset.store_id,
            "kind": ruleset.kind.value,
            "status": RulesetStatus.PUBLISHED.value,
        },
        {"$set": {"status": RulesetStatus.RETIRED.value}},
    )
    await scope.update(
        RULESETS.name,
        {"_id": ruleset.id},
        {"$set": {"status": RulesetStatus.PUBLISHED.value, "published_at": at}},
    )


def _of(store_id: str, kind: RulesetKind) -> AllOf:
    return AllOf((Is("store_id", "eq", store_id), Is("kind", "eq", kind)))
