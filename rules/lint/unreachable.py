"""Rules that never run: conditions that exclude each other, seasons that are over, rules that are switched off."""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations

from rules.conditions import written
from rules.language import Leaf, Rule, leaves
from rules.lint.examiner import Examiner
from rules.lint.finding import Finding, FindingCode, Severity
from rules.lint.search import Search
from rules.lint.seasons import meeting


def unreachable(examiner: Examiner) -> Iterator[Finding]:
    """What can be said of each rule alone. Whatever a real listing matches is left out."""
    for rule in examiner.document.rules:
        finding = _off(rule) or _never_in_season(rule, examiner) or _impossible(rule, examiner)
        if finding is not None:
            examiner.dead.add(rule.key)
            yield finding


def _off(rule: Rule) -> Finding | None:
    if rule.active:
        return None
    message = "It is switched off, so it does nothing. Remove it, or set `active: true`."
    return Finding(FindingCode.SWITCHED_OFF, Severity.HINT, (rule.key,), message)


def _never_in_season(rule: Rule, examiner: Examiner) -> Finding | None:
    if meeting((rule.schedule,), examiner.since) is not None:
        return None
    if meeting((rule.schedule,)) is None:
        message = "Its dates, weekdays and hours have no moment in common, so it never runs. Correct them."
        return Finding(FindingCode.OUT_OF_SEASON, Severity.ERROR, (rule.key,), message)
    message = f"Its last day was {rule.schedule.ends}, so it does nothing any more. Remove it, or move its dates."
    return Finding(FindingCode.OUT_OF_SEASON, Severity.HINT, (rule.key,), message)


def _impossible(rule: Rule, examiner: Examiner) -> Finding | None:
    is_matched = next(examiner.matching_sample([rule]), None) is not None
    if rule.when is None or is_matched or not examiner.is_impossible([rule]):
        return None
    conflict = _conflict(rule, examiner)
    told = " and ".join(f"`{told_leaf(leaf)}`" for leaf in conflict)
    message = (
        f"No listing can match it: {told} can never hold together. Correct one, or remove the rule."
        if len(conflict) > 1
        else f"No listing can match it: {told} can never be so. Correct it, or remove the rule."
    )
    code = FindingCode.UNREACHABLE
    return Finding(code, Severity.ERROR, (rule.key,), message, conflict=conflict)


def _conflict(rule: Rule, examiner: Examiner) -> tuple[Leaf, ...]:
    """A smallest set of conditions that already cannot be: none smaller where it is of one or two."""
    everything = tuple(dict.fromkeys(leaves(rule.when)))
    core = list(everything)
    for leaf in everything:
        fewer = [each for each in core if each != leaf]
        if _excludes(fewer, everything, rule, examiner):
            core = fewer
    if len(core) > 2:
        smaller = chain(combinations(everything, 1), combinations(everything, 2))
        found = next(
            (each for each in smaller if _excludes(each, everything, rule, examiner)), core
        )
        core = list(found)
    return tuple(core)


def _excludes(
    kept: Sequence[Leaf], everything: Sequence[Leaf], rule: Rule, examiner: Examiner
) -> bool:
    """Whether some conditions alone keep the rule from matching, whatever became of the others."""
    if rule.when is None:
        return False
    ignored = frozenset(everything) - frozenset(kept)
    domains = examiner.domains
    return Search(domains, [domains.forest.tree(rule.when)], ignored).shows_impossible()


def told_leaf(leaf: Leaf) -> str:
    """A comparison in a line, such as ``price lt 5``."""
    return f"{leaf.fact} {leaf.operator.value} {written(leaf.value)}"
