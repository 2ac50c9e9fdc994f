"""What rules would do: two rulebooks over a store's live catalogue, writing nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from domain.listing import listing_id
from domain.plan import Effect, InForce, PlannedDocument
from domain.product import Product
from domain.ruleset import Ruleset, RulesetKind, RulesetStatus
from domain.store import Store
from rules.eligibility import judge
from rules.facts import facts_of
from rules.new_prices import NewPrices
from rules.simulate import Comparison, Said
from services.decisions import Case, decide_all, look_up
from services.rulebooks import Rulebook, Rules, guardrails_of
from services.runtime import Runtime
from storage import listings, products, rulesets
from storage.collection import COUNTED
from storage.filters import Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.products import PRODUCTS

_BATCH = 200

Report = Callable[[int, int | None], Awaitable[None]]
"""Told how much is done, of how much; may raise to end the work."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The difference between two rulebooks, and the digests by which it is known again."""

    effect: Effect
    digests: bytes


async def in_force(scope: Scope, store_id: str) -> tuple[InForce, ...]:
    """The versions of a store's rules that are in force, one of a kind."""
    found = [await rulesets.published(scope, store_id, kind) for kind in RulesetKind]
    return tuple(InForce(row.kind, row.id, row.version) for row in found if row)


def with_documents(
    runtime: Runtime, store: Store, rulebook: Rulebook, documents: Sequence[PlannedDocument]
) -> Rulebook:
    """A rulebook with documents in the place of its own of the same kinds."""
    for document in documents:
        draft = _unpublished(runtime, store, document)
        rulebook = _with(rulebook, runtime.rulebooks.compile(draft))
    return rulebook


async def simulate(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    before: Rulebook,
    after: Rulebook,
    report: Report | None = None,
) -> Simulated:
    """Decide everything that can be decided under both rulebooks, batch by batch, and compare."""
    comparison, prices, now = Comparison(store), NewPrices(), runtime.clock.now()
    done, total = 0, await _size(scope, store.id)
    after_id = ""
    while rows := await listings.next_decidable(scope, store.id, after_id, _BATCH):
        after_id = rows[-1].id
        known = await look_up(scope, store, rows)
        was = decide_all(store, before, known, now)
        will = decide_all(store, after, known, now)
        for row, one, other in zip(known, was, will, strict=True):
            comparison.listing(row.listing, row.product, _said(one), _said(other))
        for case in will:
            if case.moves_price:
                prices.add(case.new_price(store))
        done += len(rows)
        if report:
            await report(done, total)
    after_id = ""
    while batch := await products.next_batch(scope, after_id, _BATCH):
        after_id = batch[-1].id
        ids = {row.id: listing_id(store.id, row.sku) for row in batch}
        listed = await listings.known_ids(scope, list(ids.values()))
        loose = [row for row in batch if ids[row.id] not in listed]
        was_eligible, is_eligible = (_eligible(side, store, loose) for side in (before, after))
        for product, one_, other_ in zip(loose, was_eligible, is_eligible, strict=True):
            comparison.product(product, eligible_before=one_, eligible_after=other_)
        done += len(batch)
        if report:
            await report(done, total)
    breaches = await runtime.last_hour.breaches_of(scope, store.id, after.guardrails, prices, now)
    return Simulated(replace(comparison.effect(), breaches=breaches), comparison.digests())


async def between(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    one: Ruleset,
    other: Ruleset,
    report: Report | None = None,
) -> Simulated:
    """What the second of two versions of a kind does otherwise than the first, all else as it is in force."""
    present = await runtime.rulebooks.in_force(scope, store.id)
    before, after = (_with(present, runtime.rulebooks.compile(row)) for row in (one, other))
    return await simulate(runtime, scope, store, before, after, report)


def _with(rulebook: Rulebook, rules: Rules) -> Rulebook:
    """A rulebook with other rules of one kind."""
    if rules.ruleset.kind is RulesetKind.LISTING:
        return replace(rulebook, listing=rules)
    if rules.ruleset.kind is RulesetKind.PRICING:
        return replace(rulebook, pricing=rules)
    return replace(rulebook, guardrails=guardrails_of(rules))


def _said(case: Case) -> Said:
    return Said(case.eligibility, case.decision)


def _eligible(rulebook: Rulebook, store: Store, rows: Sequence[Product]) -> list[bool]:
    """Which products a rulebook would list."""
    rules = rulebook.listing
    document = rules.document if rules else None
    facts = [facts_of(row, store) for row in rows]
    matched = rules.matcher.match(facts) if rules else [frozenset[str]()] * len(rows)
    return [
        judge(document, row, store, keys).eligible for row, keys in zip(rows, matched, strict=True)
    ]


async def _size(scope: Scope, store_id: str) -> int | None:
    """Listings and products to look at; None where counting them takes too long."""
    counts = (
        await LISTINGS.count(scope, Is("store_id", "eq", store_id)),
        await PRODUCTS.count(scope),
    )
    return None if max(counts) > COUNTED else sum(counts)


def _unpublished(runtime: Runtime, store: Store, document: PlannedDocument) -> Ruleset:
    """A document as a version that is nowhere kept. Its id is its content, so that it is compiled once."""
    return Ruleset(
        id=f"unpublished/{document.content_hash}",
        merchant_id=store.merchant_id,
        store_id=store.id,
        kind=document.kind,
        version=0,
        name=document.name,
        status=RulesetStatus.DRAFT,
        source=document.source,
        content_hash=document.content_hash,
        author="",
        created_at=runtime.clock.now(),
        published_at=None,
    )
