"""Rules that run together where their author may have meant one or the other."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from domain.ruleset import RulesetKind
from rules.language import Intelligent, Rule, RulesetDocument, Standard
from rules.lint.case import Case
from rules.lint.examiner import Examiner, applies, is_passed_over
from rules.lint.finding import Finding, FindingCode, Severity, Witness
from rules.pricing import PricingVerdict

_MOST_TRIED = 4
"""Partners of a rule that are tried."""
_MOST_CASES = 5
"""Listings on which two rules are tried in both orders."""


def overlapping_dates(examiner: Examiner) -> Iterator[Finding]:
    """Rules of one kind of which the second begins before the first has ended, and that run on the same listings."""
    dated = [rule for rule in examiner.live if rule.schedule.starts or rule.schedule.ends]
    for later in dated:
        tried = 0
        for earlier in dated:
            examiner.effort.spend(1)
            if not _follows(earlier, later) or not examiner.may_meet(earlier, later):
                continue
            may_run = partial(_may_run_too, one=earlier, other=later)
            runs_too = partial(_runs_too, one=earlier, other=later)
            found = examiner.witness(examiner.cases([earlier, later]), may_run, runs_too)
            if found is not None:
                yield _overlap(earlier, later, found)
                break
            tried += 1
            if tried == _MOST_TRIED:
                break


def _follows(earlier: Rule, later: Rule) -> bool:
    """Whether the later rule's dates begin and end after the earlier one's and before that is over."""
    one, other = earlier.schedule, later.schedule
    if type(earlier.action) is not type(later.action) or earlier is later:
        return False
    if other.starts is None or one.ends is None or (one.starts and one.starts >= other.starts):
        return False
    return other.starts <= one.ends and (other.ends is None or other.ends > one.ends)


def _may_run_too(running: frozenset[str], one: Rule, other: Rule) -> bool:
    keys = {one.key, other.key}
    return keys <= running if isinstance(one.action, Standard) else not keys.isdisjoint(running)


def _runs_too(verdict: PricingVerdict, one: Rule, other: Rule) -> bool:
    if isinstance(one.action, Standard):
        return applies(verdict, one.key, other.key)
    return any(
        applies(verdict, first.key) and is_passed_over(verdict, second.key)
        for first, second in ((one, other), (other, one))
    )


def _overlap(earlier: Rule, later: Rule, found: Witness) -> Finding:
    one, other = earlier.schedule, later.schedule
    both = (
        "both change the price"
        if isinstance(earlier.action, Standard)
        else "only one of them counts"
    )
    message = (
        f"It begins on {other.starts}, while {earlier.key} runs until {one.ends}, so on those days {both}. "
        f"If one is to follow the other, end {earlier.key} the day before."
    )
    keys = (later.key, earlier.key)
    return Finding(FindingCode.OVERLAPPING_DATES, Severity.WARNING, keys, message, found)


def equal_priority(examiner: Examiner) -> Iterator[Finding]:
    """Rules of equal priority whose order in the document makes a difference; one for each later rule."""
    if examiner.document.kind is not RulesetKind.PRICING:
        return
    groups: dict[int | None, list[Rule]] = {}
    for rule in examiner.live:
        groups.setdefault(rule.priority, []).append(rule)
    for group in groups.values():
        for place, later in enumerate(group):
            finding = _first_conflict(group[:place], later, examiner)
            if finding is not None:
                yield finding


def _first_conflict(group: list[Rule], later: Rule, examiner: Examiner) -> Finding | None:
    tried = 0
    for earlier in group:
        examiner.effort.spend(1)
        if not _order_may_matter(earlier, later) or not examiner.may_meet(earlier, later):
            continue
        for case, is_constructed in islice(examiner.cases([earlier, later]), _MOST_CASES):
            verdicts = _verdicts(earlier, later, case, examiner)
            if verdicts is not None:
                witness = Witness(case, is_constructed, verdicts[0])
                return _order_matters(earlier, later, witness, verdicts[1])
        tried += 1
        if tried == _MOST_TRIED:
            break
    return None


def _order_may_matter(one: Rule, other: Rule) -> bool:
    """Whether it may change a price by more than rounding which of two rules is first."""
    if not (isinstance(one.action, Standard) and isinstance(other.action, Standard)):
        return True
    is_percent = [
        each.action.adjust.percent is not None
        for each in (one, other)
        if isinstance(each.action, Standard)
    ]
    shapes_both = one.shape != type(one.shape)() and other.shape != type(other.shape)()
    return one.stop or other.stop or is_percent[0] is not is_percent[1] or shapes_both


def _verdicts(
    one: Rule, other: Rule, case: Case, examiner: Examiner
) -> tuple[PricingVerdict, PricingVerdict] | None:
    """The verdicts on a listing as the document is and with two rules the other way round, where they differ."""
    matched = examiner.matched(case)
    if examiner.running(case, matched).isdisjoint({one.key, other.key}):
        return None
    document = examiner.matching(matched)
    before = examiner.decide(case, document, matched)
    after = examiner.decide(case, _swapped(document, one, other), matched)
    return (before, after) if _differ(before, after, one, other) else None


def _swapped(document: RulesetDocument, one: Rule, other: Rule) -> RulesetDocument:
    exchanged = {one.key: other, other.key: one}
    rules = tuple(exchanged.get(rule.key, rule) for rule in document.rules)
    return replace(document, rules=rules)


def _differ(before: PricingVerdict, after: PricingVerdict, one: Rule, other: Rule) -> bool:
    """Whether other rules of the two apply, or the price differs by more than rounding does."""
    for rule in (one, other):
        if applies(before, rule.key) is not applies(after, rule.key):
            return True
    if before.price_after is None or after.price_after is None:
        return before.price_after is not after.price_after
    return abs(before.price_after.minor - after.price_after.minor) > 2


def _order_matters(earlier: Rule, later: Rule, witness: Witness, after: PricingVerdict) -> Finding:
    before = witness.verdict
    prices = ""
    if isinstance(before, PricingVerdict) and before.price_after != after.price_after:
        prices = f": {before.price_after} as it is, {after.price_after} the other way round"
    same = f"the same priority as {earlier.key}"
    if later.priority is None:
        same = f"no `priority`, as {earlier.key} has none"
    only = ""
    if isinstance(later.action, Intelligent) and isinstance(earlier.action, Intelligent):
        only = ", and only the first of them counts"
    message = (
        f"It has {same}, and both match some listings{only}, so their order in the document decides{prices}. "
        "Give each a `priority` of its own."
    )
    severity = Severity.HINT if later.priority is None else Severity.WARNING
    keys = (later.key, earlier.key)
    return Finding(FindingCode.EQUAL_PRIORITY, severity, keys, message, witness)
