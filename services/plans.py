"""Plans: seeing what rule documents would do, and publishing exactly that."""

import hashlib
from collections.abc import Callable, Sequence
from decimal import Decimal

from domain.errors import Conflict, InvalidInput, PlanOutdated, TrialFailed
from domain.operation import Operation, OperationKind
from domain.plan import Plan, PlannedDocument
from domain.ruleset import Ruleset
from domain.store import Store
from rules.document import parse
from rules.simulate import Drift, drift
from services import idempotency, operations, rulesets, trial
from services.queue import Job
from services.runtime import Runtime
from services.simulation import Report, Simulated, in_force, simulate, with_documents
from storage import plans
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.plans import PLANS
from storage.rulesets import published
from storage.stores import STORES

TOLERANCE = Decimal(5)
"""Per cent of the listings that change which may change otherwise than planned."""

Watch = Callable[[int, int | None], None]


def documents_of(
    sources: Sequence[str], currency: str | None = None
) -> tuple[PlannedDocument, ...]:
    """Rule documents as they are planned, in the order of their kinds; `currency` is the store's, where it is known.

    Raises:
        DocumentInvalid: one has errors, each with its place.
        InvalidInput: there is none, or two of a kind.
    """
    found: dict[str, PlannedDocument] = {}
    for source in sources:
        document = parse(source, currency=currency)
        if document.kind in found:
            raise InvalidInput(
                f"Give one document of a kind; there are two of {document.kind.lower()} rules.",
                field=("input", "sources"),
            )
        digest = hashlib.sha256(source.encode()).hexdigest()
        found[document.kind] = PlannedDocument(document.kind, document.name, source, digest)
    if not found:
        raise InvalidInput("Give a rule document at least.", field=("input", "sources"))
    return tuple(found[kind] for kind in sorted(found))


async def start(
    runtime: Runtime, scope: Scope, store_id: str, sources: Sequence[str], *, author: str
) -> Plan:
    """Write down a plan and have a worker work it out; its operation has the same id.

    Raises:
        NotFound: no such store.
        DocumentInvalid, InvalidInput: see `documents_of`.
    """
    plan, operation = await _write_down(runtime, scope, store_id, sources, author)
    await runtime.queue.wake(Job.SIMULATE, scope.merchant_id, store_id, operation.id)
    return plan


async def make(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    sources: Sequence[str],
    *,
    author: str,
    awaits_answer: bool = False,
    watch: Watch | None = None,
) -> Plan:
    """Write down a plan and work it out here and now; its `effect` is None where someone cancelled that.

    One that `awaits_answer` is not found by `newest`: whoever says no to it has not agreed to it later.

    Raises:
        NotFound: no such store.
        DocumentInvalid, InvalidInput: see `documents_of`.
        TrialFailed: the rule engine does not get along with a document.
    """
    plan, operation = await _write_down(
        runtime, scope, store_id, sources, author, awaits_answer=awaits_answer
    )
    refusal = await _fill(runtime, scope, plan, operation, watch)
    if refusal:
        raise refusal
    return await PLANS.require(scope, plan.id)


async def work_out(runtime: Runtime, scope: Scope, store_id: str, operation_id: str | None) -> None:
    """Work out a plan that waits for it: the job."""
    plan = await PLANS.get(scope, operation_id or "")
    if plan and plan.store_id == store_id and plan.effect is None:
        operation = await OPERATIONS.require(scope, plan.id)
        await _fill(runtime, scope, plan, operation, None)


async def newest(scope: Scope, store_id: str, sources: Sequence[str]) -> Plan | None:
    """The plan of exactly these documents that was made last and looked at."""
    return await plans.newest(scope, store_id, _hash_of(documents_of(sources)))


async def is_in_force(scope: Scope, store_id: str, sources: Sequence[str]) -> bool:
    """Whether all of the documents are what the store has in force."""
    return await _is_in_force(scope, store_id, documents_of(sources))


async def publish(
    runtime: Runtime,
    scope: Scope,
    plan_id: str,
    *,
    actor: str,
    tolerance: Decimal = TOLERANCE,
    watch: Watch | None = None,
) -> list[Ruleset]:
    """Publish exactly what was planned, all documents or none; gives the versions that came into force.

    The effect is worked out anew. Publishing what is in force already changes nothing.

    Raises:
        NotFound: no such plan.
        Conflict: it is not worked out.
        PlanOutdated: other rules came into force since, or more than `tolerance` per cent of the listings that
            change would now change otherwise.
        TrialFailed: the rule engine does not get along with a document.
    """
    plan = await PLANS.require(scope, plan_id, field=("input", "planId"))
    store = await STORES.require(scope, plan.store_id)
    if await _is_in_force(scope, store.id, plan.documents):
        return []
    if plan.effect is None:
        raise Conflict("This plan is not worked out yet.", field=("input", "planId"))
    await _require_same_rules(scope, plan)
    await trial.try_out(scope, store, [document.source for document in plan.documents])

    async def report(done: int, total: int | None) -> None:
        if watch:
            watch(done, total)

    now = await _simulated(runtime, scope, store, plan, report)
    _require_near(drift(plan.digests, now.digests), tolerance)

    async def write(inside: Scope) -> list[Ruleset]:
        await _require_same_rules(inside, plan)
        drafts = [
            await rulesets.keep(
                runtime,
                inside,
                store.id,
                parse(document.source),
                document.source,
                author=plan.author,
            )
            for document in plan.documents
        ]
        new = await rulesets.put_in_force(runtime, inside, drafts, actor=actor)
        ids = [draft.id for draft in drafts]
        await plans.mark_published(inside, plan.id, ids, runtime.clock.now())
        return new

    new = await scope.transaction(write)
    await rulesets.wake(runtime, scope, store.id, new)
    return new


async def _write_down(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    sources: Sequence[str],
    author: str,
    *,
    awaits_answer: bool = False,
) -> tuple[Plan, Operation]:
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    documents = documents_of(sources, store.currency)

    async def write(inside: Scope) -> tuple[Plan, Operation]:
        operation = await operations.start(
            inside, OperationKind.SIMULATE, actor=author, store_id=store_id
        )
        plan = Plan(
            id=operation.id,
            merchant_id=scope.merchant_id,
            store_id=store_id,
            documents=documents,
            documents_hash=_hash_of(documents),
            author=author,
            created_at=runtime.clock.now(),
            awaits_answer=awaits_answer,
        )
        await PLANS.insert(inside, [plan])
        await idempotency.settle(inside, plan.id)
        return plan, operation

    return await scope.transaction(write)


async def _fill(
    runtime: Runtime, scope: Scope, plan: Plan, operation: Operation, watch: Watch | None
) -> TrialFailed | None:
    """Work out a plan; gives why the rule engine refused a document, which the operation tells as well."""
    async with operations.running(scope, operation, watch) as progress:
        store = await STORES.require(scope, plan.store_id)
        try:
            await trial.try_out(scope, store, [document.source for document in plan.documents])
        except TrialFailed as refusal:
            progress.fail("documents", refusal.message)
            return refusal
        compared_with = await in_force(scope, store.id)
        found = await _simulated(runtime, scope, store, plan, progress.report)
        await plans.complete(scope, plan.id, compared_with, found.effect, found.digests)
        progress.counts["changed"] = found.effect.changed
    return None


async def _simulated(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    plan: Plan,
    report: Report,
) -> Simulated:
    before = await runtime.rulebooks.in_force(scope, store.id)
    after = with_documents(runtime, store, before, plan.documents)
    return await simulate(runtime, scope, store, before, after, report)


async def _require_same_rules(scope: Scope, plan: Plan) -> None:
    present = await in_force(scope, plan.store_id)
    if present == plan.in_force:
        return
    planned = {row.kind: row.version for row in plan.in_force}
    moved = ", ".join(
        f"{row.kind.lower()} version {row.version}"
        for row in present
        if planned.get(row.kind) != row.version
    )
    raise PlanOutdated(
        f"Other rules came into force since this was planned ({moved}). Nothing was published; plan it anew.",
        field=("input", "planId"),
    )


def _require_near(found: Drift, tolerance: Decimal) -> None:
    if found.differing * 100 <= tolerance * found.total:
        return
    raise PlanOutdated(
        f"The catalogue or the market moved since this was planned: of {found.total} listings that change, "
        f"{found.differing} would now change otherwise, and {tolerance:f} % may. "
        "Nothing was published; plan it anew.",
        field=("input", "planId"),
    )


async def _is_in_force(scope: Scope, store_id: str, documents: Sequence[PlannedDocument]) -> bool:
    for document in documents:
        present = await published(scope, store_id, document.kind)
        if present is None or present.content_hash != document.content_hash:
            return False
    return True


def _hash_of(documents: Sequence[PlannedDocument]) -> str:
    text = "\n".join(f"{document.kind} {document.content_hash}" for document in documents)
    return hashlib.sha256(text.encode()).hexdigest()
