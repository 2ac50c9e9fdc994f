"""Rulesets: drafting, publishing, going back, comparing. Versions are only ever added."""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from domain.change import ChangeKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.ruleset import Ruleset, RulesetKind, RulesetStatus
from domain.store import Store
from rules.document import DocumentInvalid, RulesetDocument, parse
from services import idempotency, markings, trial, webhook_events
from services.changelog import of_store
from services.queue import Job
from services.runtime import Runtime
from storage import rulesets
from storage.changes import CHANGES
from storage.mongo import Scope
from storage.rulesets import RULESETS
from storage.stores import STORES


async def create(
    runtime: Runtime, scope: Scope, store_id: str, source: str, *, author: str
) -> Ruleset:
    """Keep a rule document as the store's next draft version.

    A document equal to the version in force or to the newest draft is that version; no second one is made.

    Raises:
        NotFound: no such store.
        DocumentInvalid: the document has errors, each with its place.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    document = parse(source, currency=store.currency)
    return await scope.transaction(
        lambda inside: keep(runtime, inside, store_id, document, source, author=author)
    )


async def keep(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    document: RulesetDocument,
    source: str,
    *,
    author: str,
    restores: int | None = None,
) -> Ruleset:
    """The version of a document: the one in force or the newest where it says the same, or a new draft.

    To be called in a transaction.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()
    present = await rulesets.published(scope, store_id, document.kind)
    newest = await rulesets.newest(scope, store_id, document.kind)
    for known in (present, newest):
        if known and known.content_hash == digest and known.status is not RulesetStatus.RETIRED:
            return known
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
        restores=restores,
    )
    await RULESETS.insert(scope, [draft])
    return draft


async def publish(runtime: Runtime, scope: Scope, ruleset_id: str, *, actor: str) -> Ruleset:
    """Put a version in force; the one before it retires and every listing of the store is decided again.

    Publishing what is in force already changes nothing.

    Raises:
        NotFound: no such ruleset.
        Conflict: it is retired; roll back to it instead.
        InvalidInput: it is a draft that would not be kept today.
        TrialFailed: the rule engine does not get along with it.
    """
    draft = await RULESETS.require(scope, ruleset_id, field=("input", "rulesetId"))
    if draft.status is RulesetStatus.DRAFT:
        store = await STORES.require(scope, draft.store_id)
        _require_sound(draft, store)
        await trial.try_out(scope, store, [draft.source])

    async def write(inside: Scope) -> list[Ruleset]:
        ruleset = await RULESETS.require(inside, ruleset_id, field=("input", "rulesetId"))
        if ruleset.status is RulesetStatus.RETIRED:
            raise Conflict(
                "This version is retired. Roll back to it to put it in force again.",
                field=("input", "rulesetId"),
            )
        return await put_in_force(runtime, inside, [ruleset], actor=actor)

    published = await scope.transaction(write)
    await wake(runtime, scope, draft.store_id, published)
    return published[0] if published else await RULESETS.require(scope, ruleset_id)


async def roll_back(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    kind: RulesetKind,
    *,
    to_version: int | None = None,
    actor: str,
) -> Ruleset:
    """Put an older version's text in force again, as a new version that names it.

    Without `to_version` it is the version that was in force before the present one, so that going back twice is
    going forth. The old version stays retired: each version is in force once, from its publication to the next,
    and what was in force at a moment can be read from the versions alone.

    Raises:
        NotFound: no such store or version, or nothing was in force before.
        Conflict: that version is in force.
        TrialFailed: the rule engine does not get along with it.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    target = await _target(scope, store_id, kind, to_version)
    await trial.try_out(scope, store, [target.source])
    document = parse(target.source)

    async def write(inside: Scope) -> list[Ruleset]:
        present = await rulesets.published(inside, store_id, kind)
        if present and present.content_hash == target.content_hash:
            raise Conflict(
                f"Version {present.version} is in force and says the same as version {target.version}.",
                field=("input", "version"),
            )
        draft = await keep(
            runtime,
            inside,
            store_id,
            document,
            target.source,
            author=actor,
            restores=target.version,
        )
        await idempotency.settle(inside, draft.id)
        return await put_in_force(runtime, inside, [draft], actor=actor)

    published = await scope.transaction(write)
    await wake(runtime, scope, store_id, published)
    return published[0]


def text_diff(before: Ruleset, after: Ruleset) -> str:
    """What changed between the texts of two versions, as a unified diff; empty where nothing did."""
    lines = difflib.unified_diff(
        before.source.splitlines(),
        after.source.splitlines(),
        f"{before.kind.lower()} version {before.version}",
        f"{after.kind.lower()} version {after.version}",
        lineterm="",
    )
    return "\n".join(lines)


async def put_in_force(
    runtime: Runtime, scope: Scope, drafts: Sequence[Ruleset], *, actor: str
) -> list[Ruleset]:
    """Publish drafts of one store and mark its listings; gives those that were not in force. In a transaction."""
    now, published, events = runtime.clock.now(), [], []
    for draft in drafts:
        if draft.status is RulesetStatus.PUBLISHED:
            continue
        before = await rulesets.published(scope, draft.store_id, draft.kind)
        await rulesets.put_in_force(scope, draft, now)
        after = f"{draft.kind} version {draft.version}"
        if draft.restores:
            after += f", which brings back version {draft.restores}"
        entry = of_store(
            scope.merchant_id,
            draft.store_id,
            ChangeKind.RULESET,
            before=f"{before.kind} version {before.version}" if before else None,
            after=after,
            actor=actor,
            at=now,
        )
        await CHANGES.insert(scope, [entry])
        events.append(webhook_events.ruleset_published(draft, at=now))
        published.append(replace(draft, status=RulesetStatus.PUBLISHED, published_at=now))
    if published:
        await markings.ask(scope, published[0].store_id, at=now, reason="RULES_PUBLISHED")
    await webhook_events.tell(scope, events)
    return published


def _require_sound(draft: Ruleset, store: Store) -> None:
    """Drafts may be older than what is demanded of documents now."""
    try:
        parse(draft.source, currency=store.currency)
    except DocumentInvalid as invalid:
        raise InvalidInput(invalid.message, field=("input", "rulesetId")) from None


async def wake(runtime: Runtime, scope: Scope, store_id: str, published: Sequence[Ruleset]) -> None:
    """Have the workers look at what a publication changed, if it changed anything."""
    if published:
        for job in (Job.MATCH_PRODUCTS, Job.REPRICE):
            await runtime.queue.wake(job, scope.merchant_id, store_id)


async def _target(
    scope: Scope, store_id: str, kind: RulesetKind, to_version: int | None
) -> Ruleset:
    """The version to go back to."""
    if to_version is not None:
        found = await rulesets.of_version(scope, store_id, kind, to_version)
        if found is None:
            raise NotFound(
                f"There is no version {to_version} of the {kind.lower()} rules.",
                field=("input", "version"),
            )
        return found
    found = await rulesets.in_force_before(scope, store_id, kind)
    if found is None:
        raise NotFound(
            f"No {kind.lower()} rules were in force before the present ones.",
            field=("input", "version"),
        )
    return found
