"""Rules that contradict themselves or each other."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import chain, islice

from domain.ruleset import RulesetKind
from rules.amounts import factor, told
from rules.bounds import Exchange, ceiling_of, floor_of
from rules.facts import PRICE
from rules.language import Adjustment, Bound, Intelligent, ListingAction, Rule, Standard
from rules.lint.case import Case
from rules.lint.examiner import ORDINARY, Examiner, Wish, applies
from rules.lint.finding import Finding, FindingCode, Severity, Witness
from rules.lint.seasons import covers
from rules.pricing import PricingVerdict

_SAME = Fraction(1, 200)
"""Two percentages undo each other where no more than this share of the price is left of them."""
_MOST_COMPARED = 1000
"""Real listings of which floor and ceiling of a rule are compared."""
_MOST_TRIED = 5
"""Partners of a rule that are tried."""


def floor_above_ceiling(examiner: Examiner) -> Iterator[Finding]:
    """Intelligent rules whose floor is above the ceiling, always or for some listings."""
    for rule in examiner.live:
        if not isinstance(rule.action, Intelligent) or rule.action.ceiling is None:
            continue
        floor, ceiling = rule.action.floor, rule.action.ceiling
        cases = chain(
            _crossed(rule, rule.action, examiner),
            examiner.cases([rule], wishes=_far_apart(floor, ceiling)),
        )
        found = examiner.witness(cases, {rule.key}.issubset, partial(_is_crossed, key=rule.key))
        if found is not None:
            yield _crossing(rule, floor, ceiling, found)


def _crossed(rule: Rule, action: Intelligent, examiner: Examiner) -> Iterator[tuple[Case, bool]]:
    """The real listings with the floor above the ceiling."""
    for case in islice(examiner.matching_sample([rule]), _MOST_COMPARED):
        examiner.effort.spend(50)
        settings = case.store.settings.price
        exchange = Exchange(
            settings.currency_rate,
            case.store.currency,
            settings.vat_percent,
            bounds_with_vat=settings.bounds_with_vat,
        )
        floor = floor_of(action.floor, case.product, exchange).price
        ceiling = ceiling_of(action.ceiling, case.product, exchange).price
        if floor is not None and ceiling is not None and floor > ceiling:
            yield case, False


def _is_crossed(verdict: PricingVerdict, key: str) -> bool:
    floor, ceiling = verdict.floor, verdict.ceiling
    if floor is None or ceiling is None:
        return False
    return floor > ceiling and applies(verdict, key)


def _far_apart(floor: Bound, ceiling: Bound) -> tuple[Wish, ...]:
    """Listings with the floor's source high and the ceiling's low."""
    if floor.source == ceiling.source:
        cheap = frozenset({PRICE + floor.source})
        return (*ORDINARY, Wish(low=cheap, prices=((floor.source, Decimal(1)),)))
    low, high = frozenset({PRICE + ceiling.source}), frozenset({PRICE + floor.source})
    prices = ((floor.source, Decimal(1000)), (ceiling.source, Decimal(100)))
    return (Wish(low, high, prices),)


def _crossing(rule: Rule, floor: Bound, ceiling: Bound, found: Witness) -> Finding:
    is_always = floor.source == ceiling.source and factor(floor.adjust) > factor(ceiling.adjust)
    severity = Severity.HINT if found.is_constructed else Severity.WARNING
    when = "always" if is_always else f"where {floor.source} is high beside {ceiling.source}"
    if floor.source == ceiling.source and not is_always:
        when = f"where {floor.source} is low beside fees and margin"
    message = (
        f"Its floor is above its ceiling {when}, and then the floor counts. "
        "Raise the ceiling, lower the floor, or add a condition that keeps such listings out."
    )
    code = FindingCode.FLOOR_ABOVE_CEILING
    return Finding(code, Severity.ERROR if is_always else severity, (rule.key,), message, found)


def undone(examiner: Examiner) -> Iterator[Finding]:
    """Standard rules of which one takes away what the other adds."""
    changes = [
        (rule, rule.action.adjust) for rule in examiner.live if isinstance(rule.action, Standard)
    ]
    increases = [each for each in changes if each[1].is_increase]
    decreases = [each for each in changes if not each[1].is_increase]
    for up, more in increases:
        tried = 0
        for down, less in decreases:
            examiner.effort.spend(1)
            if not _undoes(more, less) or not examiner.may_meet(up, down):
                continue
            both = partial(_apply, keys=(up.key, down.key))
            found = examiner.witness(examiner.cases([up, down]), {up.key, down.key}.issubset, both)
            if found is not None:
                yield _undoing(up, down, found, examiner)
                break
            tried += 1
            if tried == _MOST_TRIED:
                break


def _apply(verdict: PricingVerdict, keys: tuple[str, ...]) -> bool:
    return applies(verdict, *keys)


def _undoes(more: Adjustment, less: Adjustment) -> bool:
    if more.percent is None or less.percent is None:
        return more.amount == less.amount and more.percent == less.percent
    return more.percent == less.percent or abs(factor(more) * factor(less) - 1) < _SAME


def _undoing(up: Rule, down: Rule, found: Witness, examiner: Examiner) -> Finding:
    first, second = (each for each in examiner.rules if each in (up, down))
    is_always = any(
        covers(wide.schedule, narrow.schedule, examiner.since)
        and examiner.is_impossible([narrow], [wide])
        for wide, narrow in ((up, down), (down, up))
    )
    where = "Wherever the narrower of them runs" if is_always else "On some listings"
    adjusts = [
        told(each.action.adjust) for each in (first, second) if isinstance(each.action, Standard)
    ]
    message = (
        f"{where} it undoes what {first.key} does: {adjusts[0]}, then {adjusts[1]}. "
        "Remove both, or let their conditions exclude each other."
    )
    severity = Severity.WARNING if is_always else Severity.HINT
    return Finding(FindingCode.UNDONE, severity, (second.key, first.key), message, found)


def list_and_keep_out(examiner: Examiner) -> Iterator[Finding]:
    """Rules that list only what other rules keep out."""
    if examiner.document.kind is not RulesetKind.LISTING:
        return
    keepers = [rule for rule in examiner.rules if rule.action is ListingAction.KEEP_OUT]
    for rule in examiner.live:
        if rule.action is not ListingAction.LIST:
            continue
        culprits = _keepers_of(rule, keepers, examiner)
        found = _kept_out(rule, culprits, examiner) if culprits else None
        if found is not None:
            keys = " and ".join(each.key for each in culprits)
            message = (
                f"It lists nothing: all that it matches is kept out by {keys}, and keeping out comes first. "
                f"Narrow {keys}, or remove this rule."
            )
            names = (rule.key, *(each.key for each in culprits))
            yield Finding(FindingCode.LIST_AND_KEEP_OUT, Severity.ERROR, names, message, found)


def _keepers_of(rule: Rule, keepers: Sequence[Rule], examiner: Examiner) -> list[Rule]:
    """The fewest rules that keep out all that a rule lists."""
    meeting = [each for each in keepers if examiner.may_meet(rule, each)]
    for each in meeting:
        if each.when is None or examiner.is_impossible([rule], [each]):
            return [each]
    if len(meeting) < 2 or not examiner.is_impossible([rule], meeting):
        return []
    for each in list(meeting):
        fewer = [other for other in meeting if other is not each]
        if examiner.is_impossible([rule], fewer):
            meeting = fewer
    return meeting


def _kept_out(rule: Rule, keepers: Sequence[Rule], examiner: Examiner) -> Witness | None:
    for case, is_constructed in examiner.cases([rule]):
        eligibility = examiner.judge(case)
        applied = {verdict.rule_key for verdict in eligibility.rules if verdict.applied}
        is_kept = not eligibility.eligible and rule.key in applied
        if is_kept and any(each.key in applied for each in keepers):
            return Witness(case, is_constructed, eligibility)
    return None
