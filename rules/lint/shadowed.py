"""Rules that other rules always keep from running."""

from collections.abc import Iterator, Sequence
from functools import partial

from domain.ruleset import RulesetKind
from rules.language import Intelligent, Rule
from rules.lint.examiner import Examiner, applies, is_passed_over
from rules.lint.finding import Finding, FindingCode, Severity
from rules.lint.seasons import covers
from rules.pricing import PricingVerdict

_MOST_BLOCKERS = 100
"""Earlier rules that are looked at for one rule."""


def shadowed(examiner: Examiner) -> Iterator[Finding]:
    """Rules whose every listing an earlier rule, or several together, take from them."""
    if examiner.document.kind is not RulesetKind.PRICING:
        return
    for place, rule in enumerate(examiner.rules):
        culprits = _culprits(rule, examiner.rules[:place], examiner)
        if not culprits or rule.key in examiner.dead:
            continue
        may_be = partial(_may_be_kept, rule=rule, culprits=culprits)
        is_kept = partial(_is_kept, rule=rule, culprits=culprits)
        found = examiner.witness(examiner.cases([rule]), may_be, is_kept)
        if found is not None:
            examiner.dead.add(rule.key)
            keys = (rule.key, *(each.key for each in culprits))
            message = _message(rule, culprits)
            yield Finding(FindingCode.SHADOWED, Severity.ERROR, keys, message, found)


def _may_be_kept(running: frozenset[str], rule: Rule, culprits: Sequence[Rule]) -> bool:
    return rule.key not in running and any(each.key in running for each in culprits)


def _is_kept(verdict: PricingVerdict, rule: Rule, culprits: Sequence[Rule]) -> bool:
    return is_passed_over(verdict, rule.key) and any(
        applies(verdict, each.key) for each in culprits
    )


def _culprits(rule: Rule, earlier: Sequence[Rule], examiner: Examiner) -> list[Rule]:
    """The fewest earlier rules that take all that a rule matches; none where something is left for it."""
    blockers: list[Rule] = []
    for each in earlier:
        if len(blockers) < _MOST_BLOCKERS and _blocks(each, rule, earlier, examiner):
            if each.when is None or examiner.is_impossible([rule], [each]):
                return [each]
            blockers.append(each)
    if len(blockers) < 2 or not examiner.is_impossible([rule], blockers):
        return []
    for each in list(blockers):
        fewer = [other for other in blockers if other is not each]
        if examiner.is_impossible([rule], fewer):
            blockers = fewer
    return blockers


def _blocks(other: Rule, rule: Rule, earlier: Sequence[Rule], examiner: Examiner) -> bool:
    """Whether a rule does not run on a listing that an earlier one matches too."""
    is_stop = other.stop and other.priority is not None
    takes_turn = isinstance(other.action, Intelligent) and isinstance(rule.action, Intelligent)
    if not (is_stop or takes_turn) or not covers(other.schedule, rule.schedule, examiner.since):
        return False
    if not examiner.may_meet(other, rule):
        return False
    return (
        takes_turn
        or not isinstance(other.action, Intelligent)
        or _always_runs(other, rule, earlier, examiner)
    )


def _always_runs(other: Rule, rule: Rule, earlier: Sequence[Rule], examiner: Examiner) -> bool:
    """Whether no rule without `stop` takes an intelligent rule's turn, which would keep it from stopping."""
    before = earlier[: earlier.index(other)]
    return not any(
        isinstance(each.action, Intelligent)
        and not each.stop
        and examiner.may_meet(each, other)
        and examiner.may_meet(each, rule)
        for each in before
    )


def _message(rule: Rule, culprits: Sequence[Rule]) -> str:
    keys = " and ".join(each.key for each in culprits)
    taken = isinstance(rule.action, Intelligent) and not any(each.stop for each in culprits)
    if taken:
        why = "only the first rule that looks for a competitor counts, and that is"
    else:
        why = "the rules are stopped before by"
    return (
        f"It never runs: for all that it matches, {why} {keys}. "
        f"Let it run first by a lower `priority`, narrow {keys}, or remove it."
    )
