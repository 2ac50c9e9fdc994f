"""Rulesets: drafting, publishing."""

import hashlib
from dataclasses import replace

from domain.change import ChangeKind
from domain.errors import Conflict
from domain.ids import new_id
from domain.ruleset import Ruleset, RulesetStatus
from rules.document import parse
from services.changelog import of_store
from services.queue import Job
from services.runtime import Runtime
from storage import listings, rulesets
from storage.changes import CHANGES
from storage.filters import EVERYTHING
from storage.mongo import Scope
from storage.rulesets import RULESETS
from storage.stores import STORES


async def create(
    runtime: Runtime, scope: Scope, store_id: str, source: str, *, author: str
) -> Ruleset:
    """Keep a rule document as the store's next draft version.

    A document equal to the newest version is that version; no second one is made.

    Raises:
        NotFound: no such store.
        DocumentInvalid: the document has errors, each with its place.
    """
    await STORES.require(scope, store_id, field=("input", "storeId"))
    document = parse(source)
    digest = hashlib.sha256(source.encode()).hexdigest()

    async def write(inside: Scope) -> Ruleset:
        newest = await rulesets.newest(inside, store_id, document.kind)
        if newest and newest.content_hash == digest:
            return newest
        draft = Ruleset(
            id=new_id(),
            merchant_id=scope.merchant_id,
            store_id=store_id,
            kind=document.kind,
            version=newest.version + 1 if newest else 1,
            name=document.name,
            status=RulesetStatus.DRAFT,
            source=source,
            content_hash=digest,
            author=author,
            created_at=runtime.clock.now(),
            published_at=None,
        )
        await RULESETS.insert(inside, [draft])
        return draft

    return await scope.transaction(write)


async def publish(runtime: Runtime, scope: Scope, ruleset_id: str, *, actor: str) -> Ruleset:
    """Put a version in force; the one before it retires and every listing of the store is decided again.

    Publishing what is in force already changes nothing.

    Raises:
        NotFound: no such ruleset.
        Conflict: it is retired; publish a new version instead.
    """
    now = runtime.clock.now()

    async def write(inside: Scope) -> tuple[Ruleset, bool]:
        ruleset = await RULESETS.require(inside, ruleset_id, field=("input", "rulesetId"))
        if ruleset.status is RulesetStatus.PUBLISHED:
            return ruleset, False
        if ruleset.status is RulesetStatus.RETIRED:
            raise Conflict(
                "This version is retired. Create it anew to publish it again.",
                field=("input", "rulesetId"),
            )
        before = await rulesets.published(inside, ruleset.store_id, ruleset.kind)
        await rulesets.put_in_force(inside, ruleset, now)
        await listings.mark_due(
            inside, ruleset.store_id, EVERYTHING, at=now, reason="RULES_PUBLISHED"
        )
        entry = of_store(
            scope.merchant_id,
            ruleset.store_id,
            ChangeKind.RULESET,
            before=f"{before.kind} version {before.version}" if before else None,
            after=f"{ruleset.kind} version {ruleset.version}",
            actor=actor,
            at=now,
        )
        await CHANGES.insert(inside, [entry])
        return replace(ruleset, status=RulesetStatus.PUBLISHED, published_at=now), True

    ruleset, changed = await scope.transaction(write)
    if changed:
        for job in (Job.MATCH_PRODUCTS, Job.REPRICE):
            await runtime.queue.wake(job, scope.merchant_id, ruleset.store_id)
    return ruleset
