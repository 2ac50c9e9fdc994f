"""Decisions: what the rules say of listings, with everything that they rest on. Nothing is written here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.decision import Decision, DecisionOutcome, DecisionReason, FactValue, RuleVerdict
from domain.ids import new_id
from domain.listing import Listing
from domain.offer import OfferSnapshot, snapshot_id
from domain.product import Product
from domain.run import RunStatus
from domain.store import Store
from rules.basis import BasisWriter
from rules.catalog import cost_of
from rules.eligibility import Eligibility, judge
from rules.facts import Facts, attribute_codes, facts_of
from rules.inputs import Digester, PricingInputs
from rules.new_prices import NewPrice
from rules.pricing import PricingVerdict, decide
from rules.verdicts import ToldFacts, told, verdicts_of
from services.rulebooks import Rulebook, Rules
from services.runtime import Runtime
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.offers import rows_for_digests as offer_rows_for_digests
from storage.products import rows_for_digests, rows_for_pricing
from storage.rulesets import RULESETS
from storage.runs import RUNS
from storage.stores import STORES


@dataclass(frozen=True, slots=True)
class Known:
    """One listing with all that a decision on it rests on, besides the rules."""

    listing: Listing
    product: Product
    offers: OfferSnapshot | None
    answer: RunStatus | None = None
    """What became of the run that the listing's held price belongs to."""


@dataclass(frozen=True, slots=True)
class Case:
    """One listing with everything that was decided of it."""

    known: Known
    eligibility: Eligibility
    verdict: PricingVerdict
    decision: Decision

    @property
    def listing(self) -> Listing:
        """The listing as it was before."""
        return self.known.listing

    @property
    def is_answered(self) -> bool:
        """Whether a person has let this very price go, or had it set again: no guard-rail judges it any more."""
        held, reason = self.listing.held, self.decision.reason
        if reason is DecisionReason.UNDONE:
            return True
        is_resumed = self.known.answer is RunStatus.RESUMED and reason is DecisionReason.RULES
        return is_resumed and held is not None and held.price == self.decision.price_after

    @property
    def moves_price(self) -> bool:
        """Whether it would publish another price that no person has spoken for."""
        decision = self.decision
        if decision.outcome is DecisionOutcome.HOLD or decision.reason is DecisionReason.OVERRIDE:
            return False
        if decision.price_after in {None, decision.price_before} or self.is_answered:
            return False
        return decision.price_before is not None or self.eligibility.eligible

    def new_price(self, store: Store) -> NewPrice:
        """The price that it would publish, for guard-rails to judge."""
        decision = self.decision
        assert decision.price_after is not None
        cost = cost_of(self.known.product, store)
        return NewPrice(self.listing.id, decision.price_before, decision.price_after, cost)


async def look_up(
    scope: Scope,
    store: Store,
    rows: Sequence[Listing],
    rulebook: Rulebook | None = None,
    *,
    digests_only: bool = False,
) -> list[Known]:
    """What decisions on listings rest on; a listing without a product is left out.

    Where a rulebook is given, of the attributes of products only those are read that it asks for; with `digests_only`
    no more of products and offers than `still_open` reads.
    """
    ids = {row.product_id for row in rows if row.product_id}
    items = {snapshot_id(store.id, row.asin) for row in rows if row.asin}
    if digests_only:
        products = await rows_for_digests(scope, ids)
        snapshots = await offer_rows_for_digests(scope, items)
        if any(row.content_hash is None for row in snapshots.values()):
            snapshots = await SNAPSHOTS.rows(scope, items)
    else:
        codes = None if rulebook is None else attribute_codes(rulebook.facts)
        products = await rows_for_pricing(scope, ids, codes)
        snapshots = await SNAPSHOTS.rows(scope, items)
    run_ids = {row.held.run_id for row in rows if row.held}
    runs = await RUNS.get_many(scope, run_ids) if run_ids else {}
    return [
        Known(
            row,
            products[row.product_id],
            snapshots.get(snapshot_id(store.id, row.asin or "")),
            runs[row.held.run_id].status if row.held and row.held.run_id in runs else None,
        )
        for row in rows
        if row.product_id in products
    ]


def decide_all(
    store: Store,
    rulebook: Rulebook,
    known: Sequence[Known],
    now: datetime,
    trigger: str | None = None,
) -> list[Case]:
    """What a rulebook says of listings at a moment, in their order; nothing is read or written.

    `trigger` says why those are decided that are not marked.
    """
    digester = rulebook.digester(store, now)
    facts = [facts_of(row.product, store, row.listing, row.offers) for row in known]
    in_listing, in_pricing = _match(rulebook.listing, facts), _match(rulebook.pricing, facts)
    return [
        _decide(store, rulebook, row, seen, listed, priced, now, digester, trigger)
        for row, seen, listed, priced in zip(known, facts, in_listing, in_pricing, strict=True)
    ]


def keep_bases(store: Store, rulebook: Rulebook, cases: Sequence[Case]) -> list[Case]:
    """The same, their decisions with what they were decided from: of those that are going to be written."""
    writer = BasisWriter(store, rulebook.guardrails, rulebook.facts)
    kept: list[Case] = []
    for case in cases:
        known, decision = case.known, case.decision
        basis = writer.of(
            *(known.product, known.listing, known.offers, known.answer),
            decision.decided_at,
            decision.trigger,
        )
        decision = replace(decision, basis=basis)
        kept.append(Case(known, case.eligibility, case.verdict, decision))
    return kept


def still_open(
    store: Store, rulebook: Rulebook, known: Sequence[Known], now: datetime
) -> list[Known]:
    """Those of the listings of which a decision may come to something else than the last one.

    The others know the same as then, and no moment has come since at which time alone could matter.
    """
    digester = rulebook.digester(store, now)
    return [
        row
        for row in known
        if row.listing.inputs_hash != digester.of(row.product, row.listing, row.offers, row.answer)
        or (row.listing.decide_again_at is not None and row.listing.decide_again_at <= now)
    ]


async def explain(runtime: Runtime, scope: Scope, listing: Listing) -> Decision | None:
    """What would be decided of a listing now, writing nothing; None where no product belongs to it."""
    store = await STORES.require(scope, listing.store_id)
    rulebook = await runtime.rulebooks.in_force(scope, store.id)
    known = await look_up(scope, store, [listing])
    cases = decide_all(store, rulebook, known, runtime.clock.now())
    return cases[0].decision if cases else None


async def verdicts(
    runtime: Runtime, scope: Scope, decisions: Sequence[Decision]
) -> list[tuple[RuleVerdict, ...]]:
    """What every rule had to do with each decision, listing rules first; see `rules.verdicts`."""
    ids = {id_ for row in decisions for id_ in (row.listing_ruleset_id, row.ruleset_id) if id_}
    found = await RULESETS.get_many(scope, ids) if ids else {}
    documents = {id_: runtime.rulebooks.compile(row).document for id_, row in found.items()}

    def of(row: Decision) -> tuple[RuleVerdict, ...]:
        facts = ToldFacts(row.facts)
        parts = (
            (row.listing_ruleset_id, row.listing_rules),
            (row.ruleset_id if row.asked_rules else None, row.rules),
        )
        return tuple(
            verdict
            for id_, outcomes in parts
            if id_ in documents
            for verdict in verdicts_of(documents[id_], facts, outcomes)
        )

    return [of(row) for row in decisions]


def _facts(verdict: PricingVerdict, listing: Rules | None, seen: Facts) -> tuple[FactValue, ...]:
    """All that the rules asked for: those on prices, and those on what is listed."""
    if listing is None:
        return verdict.facts
    further = listing.document.facts - {fact.name for fact in verdict.facts}
    return (*verdict.facts, *told(seen, sorted(further)))


def _match(rules: Rules | None, facts: Sequence[Any]) -> list[frozenset[str]]:
    return rules.matcher.match(facts) if rules else [frozenset()] * len(facts)


def _decide(
    store: Store,
    rulebook: Rulebook,
    known: Known,
    seen: Facts,
    listed: frozenset[str],
    priced: frozenset[str],
    now: datetime,
    digester: Digester,
    trigger: str | None,
) -> Case:
    listing = known.listing
    eligibility = judge(
        rulebook.listing.document if rulebook.listing else None,
        known.product,
        store,
        listed,
        listing.fulfilment,
    )
    inputs = PricingInputs(
        store=store,
        product=known.product,
        listing=listing,
        offers=known.offers,
        document=rulebook.pricing.document if rulebook.pricing else None,
        matched=priced,
        eligible=eligibility.eligible,
        now=now,
        guardrails=rulebook.guardrails,
        answer=known.answer,
    )
    verdict = decide(inputs, seen)
    decision = Decision(
        id=new_id(),
        merchant_id=store.merchant_id,
        store_id=store.id,
        listing_id=listing.id,
        ruleset_id=rulebook.pricing.ruleset.id if rulebook.pricing else None,
        trigger=listing.due.reason or trigger or "ASKED",
        outcome=verdict.outcome,
        reason=verdict.reason,
        price_before=verdict.price_before,
        price_after=verdict.price_after,
        quantity_after=verdict.quantity_after,
        floor=verdict.floor,
        ceiling=verdict.ceiling,
        trace=verdict.trace,
        rules=verdict.rules,
        facts=_facts(verdict, rulebook.listing, seen),
        inputs_hash=digester.of(known.product, listing, known.offers, known.answer),
        decided_at=now,
        business=verdict.business,
        list_price=verdict.list_price,
        listing_ruleset_id=rulebook.listing.ruleset.id if rulebook.listing else None,
        listing_rules=eligibility.rules,
    )
    return Case(known, eligibility, verdict, decision)
