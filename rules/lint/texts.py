"""Texts, days and sets of paths or options that satisfy comparisons."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rules.conditions import folded
from rules.facts import Value
from rules.language import Leaf, Operator
from rules.lint.literals import unwanted, values_of, wanted

MOST = 8
"""Values that are offered."""

_JOINTS = "-x0 qz7_jvwk4~"
_PLAIN = "example"


@dataclass(frozen=True, slots=True)
class Found:
    """Values that may satisfy the comparisons; they must still be tried."""

    values: Sequence[Value]
    is_all: bool
    """Where none of them does, no value does."""


def texts(leaves: Sequence[Leaf], choices: Sequence[str] = ()) -> Found:
    """Texts that satisfy equality and parts; `choices` are all there can be, where they are few."""
    if choices:
        return Found(list(choices), is_all=True)
    named = _named(leaves)
    if named is not None:
        return Found(named[:MOST], is_all=True)
    parts = [folded(str(leaf.value)) for leaf in leaves if leaf.operator is Operator.CONTAINS]
    banned = [folded(str(leaf.value)) for leaf in leaves if leaf.operator is Operator.NOT_CONTAINS]
    is_impossible = any(each in part for part in parts for each in banned)
    excluded = {folded(str(value)) for values in unwanted(leaves) for value in values}
    joint = next((each for each in _JOINTS if not any(each in one for one in banned)), None)
    if joint is None:
        return Found([_PLAIN], is_all=is_impossible)
    whole = joint.join(parts) or (_PLAIN if not _has_any(_PLAIN, banned) else joint)
    while folded(whole) in excluded or not folded(whole):
        whole += joint if joint.strip() else _JOINTS[1]
    return Found([whole], is_all=is_impossible)


def _has_any(text: str, parts: Iterable[str]) -> bool:
    return any(part in text for part in parts)


def _named(leaves: Sequence[Leaf]) -> list[str] | None:
    """The texts of which the value must be one, less those it must not be; None where it may be any."""
    lists = [{folded(str(value)): str(value) for value in values} for values in wanted(leaves)]
    if not lists:
        return None
    excluded = {folded(str(value)) for values in unwanted(leaves) for value in values}
    shared = set.intersection(*map(set, lists)) - excluded
    parts = [leaf for leaf in leaves if leaf.operator in {Operator.CONTAINS, Operator.NOT_CONTAINS}]
    return [
        lists[0][text]
        for text in sorted(shared)
        if all(
            (folded(str(leaf.value)) in text) is (leaf.operator is Operator.CONTAINS)
            for leaf in parts
        )
    ]


def days(leaves: Sequence[Leaf], usual: date) -> Found:
    """Days, written like 2026-06-01. The days that are named and those beside them stand for all."""
    if (named := _named(leaves)) is not None:
        return Found(named, is_all=True)
    found = {usual}
    is_all = True
    for value in (value for leaf in leaves for value in values_of(leaf)):
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            is_all = is_all and isinstance(value, bool)
            continue
        found.add(day)
        if day > date.min:
            found.add(day - timedelta(days=1))
        if day < date.max:
            found.add(day + timedelta(days=1))
    return Found([day.isoformat() for day in sorted(found)], is_all=is_all)


def several(leaves: Sequence[Leaf], names: Callable[[tuple[str, ...]], frozenset[str]]) -> Found:
    """Paths or options of which one at least meets each comparison; `names` tells by what they can be called."""
    asked = [leaf for leaf in leaves if leaf.operator is not Operator.EXISTS]
    negative = {Operator.NE, Operator.NOT_IN, Operator.NOT_CONTAINS}
    banned = {
        folded(str(value))
        for leaf in asked
        if leaf.operator in negative
        for value in values_of(leaf)
    }
    chosen: list[str] = []
    for leaf in asked:
        if leaf.operator in negative:
            continue
        options = (str(value) for value in values_of(leaf))
        option = next((each for each in options if names((each,)).isdisjoint(banned)), None)
        if option is None:
            return Found([], is_all=True)
        if option not in chosen:
            chosen.append(option)
    plain = _PLAIN
    while folded(plain) in banned:
        plain += "x"
    return Found([tuple(chosen or [plain])], is_all=True)
