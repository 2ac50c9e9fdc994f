"""The linter of rule documents: finds rules that do not do what they say, each shown on a listing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.store import Store
from rules.catalog import CATALOG_PRICE
from rules.durable_engine import DurableMatcher
from rules.facts import PRICE
from rules.language import Intelligent, RulesetDocument, leaves
from rules.lint.case import Case
from rules.lint.construct import USUAL_PRICE, Template, plain_store, usual_time
from rules.lint.contradictory import floor_above_ceiling, list_and_keep_out, undone
from rules.lint.effort import Effort, Exhausted
from rules.lint.examiner import Examiner
from rules.lint.finding import Finding, FindingCode, Review
from rules.lint.overlapping import equal_priority, overlapping_dates
from rules.lint.places import RulePlace, places
from rules.lint.shadowed import shadowed
from rules.lint.unbounded import chain_of_decreases, no_floor, not_above_zero
from rules.lint.unreachable import unreachable
from rules.pricing import PricingVerdict
from rules.verdicts import told, verdicts_of

EFFORT = 6_000_000
"""Work that one examination may do, in units of about half a microsecond; each check gets half of what is left."""

_FLOOR, _CEILING = Decimal(60), Decimal(150)
"""Prices of which floors and ceilings of constructed listings are made; their price is 100."""

_CHECKS: tuple[Callable[[Examiner], Iterator[Finding]], ...] = (
    unreachable,
    shadowed,
    list_and_keep_out,
    floor_above_ceiling,
    undone,
    not_above_zero,
    no_floor,
    chain_of_decreases,
    overlapping_dates,
    equal_priority,
)


def findings(
    document: RulesetDocument,
    sample: Sequence[Case] = (),
    *,
    source: str | None = None,
    store: Store | None = None,
    now: datetime | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with a document, see `review`."""
    return review(document, sample, source=source, store=store, now=now).findings


def review(
    document: RulesetDocument,
    sample: Sequence[Case] = (),
    *,
    source: str | None = None,
    store: Store | None = None,
    now: datetime | None = None,
    effort: int = EFFORT,
) -> Review:
    """Examine a document.

    What is found was seen on a listing, a real one of `sample` where there is one, through the rule engine and
    the pricing pipeline; only that something never matches or never runs is shown by excluding every case.
    `source` is the document's text, for places. `store` is the one that constructed listings are in,
    by default that of the sample or a new one. `now` makes rules that are over known. `effort` bounds the work: a document
    that needs more is examined in part, and the review says so.
    """
    place = store or next((case.store for case in sample), None) or plain_store()
    template = Template(place, usual_time(now), _usual_prices(document, place))
    spent, reserve = Effort(0), effort
    found: list[Finding] = []
    is_complete = True
    with DurableMatcher(document) as matcher:
        examiner = Examiner(document, sample, template, now, matcher, spent)
        for check in _CHECKS:
            spent.left = reserve = reserve // 2
            try:
                for finding in check(examiner):
                    found.append(finding)  # noqa: PERF402 - what was found stays when the check breaks off
            except Exhausted:
                is_complete = False
            reserve += max(spent.left, 0)
    ordered = [_told(each, document) for each in _ordered(document, _without_repeats(found))]
    if source is not None:
        where = places(source)
        ordered = [_placed(each, document, where) for each in ordered]
    return Review(tuple(ordered), is_complete)


def _usual_prices(document: RulesetDocument, store: Store) -> dict[str, Decimal]:
    """Price attributes that constructed listings have: those that the rules' bounds are made of."""
    prices: dict[str, Decimal] = {}
    for rule in document.rules:
        if isinstance(rule.action, Intelligent):
            prices.setdefault(rule.action.floor.source, _FLOOR)
            if rule.action.ceiling is not None:
                prices.setdefault(rule.action.ceiling.source, _CEILING)
    return {**prices, store.settings.price.source: USUAL_PRICE, "price": USUAL_PRICE}


def _without_repeats(found: Sequence[Finding]) -> list[Finding]:
    """Without those on the order of two rules of which one never runs because of the other."""
    shadows = {
        frozenset({each.rule_keys[0], other})
        for each in found
        if each.code is FindingCode.SHADOWED
        for other in each.rule_keys[1:]
    }
    return [
        each
        for each in found
        if each.code is not FindingCode.EQUAL_PRIORITY or frozenset(each.rule_keys) not in shadows
    ]


def _ordered(document: RulesetDocument, found: Sequence[Finding]) -> list[Finding]:
    rank = {rule.key: place for place, rule in enumerate(document.rules)}
    codes = list(FindingCode)
    return sorted(found, key=lambda each: (rank[each.rule_keys[0]], codes.index(each.code)))


def _told(finding: Finding, document: RulesetDocument) -> Finding:
    """A finding whose witness tells the facts that matter."""
    if finding.witness is None:
        return finding
    names = {"sku", "price"}
    for rule in document.rules:
        if rule.key in finding.rule_keys:
            names |= {leaf.fact for leaf in leaves(rule.when)}
            if isinstance(rule.action, Intelligent):
                bounds = filter(None, (rule.action.floor, rule.action.ceiling))
                names |= {PRICE + bound.source for bound in bounds if bound.source != CATALOG_PRICE}
    witness = finding.witness
    facts = witness.case.facts(document.kind)
    if isinstance(witness.verdict, PricingVerdict):
        asked = {each.rule_key for each in witness.verdict.rules}
        document = replace(
            document, rules=tuple(rule for rule in document.rules if rule.key in asked)
        )
    rules = verdicts_of(document, facts, witness.verdict.rules)
    return replace(finding, witness=replace(witness, rules=rules, facts=told(facts, sorted(names))))


def _placed(finding: Finding, document: RulesetDocument, where: dict[str, RulePlace]) -> Finding:
    """A finding with its place: that of the last of the conditions that exclude each other, or of its rule."""
    key = finding.rule_keys[0]
    if key not in where:
        return finding
    place = where[key].start
    rule = next(each for each in document.rules if each.key == key)
    conditions = list(leaves(rule.when))
    if finding.conflict and len(conditions) == len(where[key].conditions):
        found = zip(conditions, where[key].conditions, strict=True)
        place = [at for leaf, at in found if leaf in finding.conflict][-1]
    return replace(finding, line=place.line, column=place.column, path=place.path)
