"""Conditions in plain Python: what they mean, and which of them held.

This is the specification that the rule engine is held against. A fact that is not known makes every
comparison false, `ne` and its like included; only `exists` asks for it.
"""

import operator as operators
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Any, Protocol

from domain.decision import ConditionVerdict
from rules.facts import OPTIONS, Facts, Value
from rules.language import Expected, Leaf, Operator, Quantifier, RulesetDocument, When

LONGEST_PATH = 12
"""Categories that one path in a condition can name."""

_NUMBER = re.compile(r"[+-]?\d{1,19}(\.\d{1,9})?", re.ASCII)

_ORDER: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GT: operators.gt,
    Operator.GTE: operators.ge,
    Operator.LT: operators.lt,
    Operator.LTE: operators.le,
}
_OPPOSITES = {
    Operator.NE: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
}


class KnowsFacts(Protocol):
    """Whatever can tell facts by their names."""

    def get(self, name: str) -> Value | None:
        """The value of a fact; None where it is not known."""


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """A text as it is compared: without regard to case, to blanks at its ends, or to how accents are encoded."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


@lru_cache(maxsize=8192)
def number(text: str) -> Decimal | None:
    """A plain decimal such as ``-12.50``; None for anything else, exponents and separators included."""
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def text_fact(facts: KnowsFacts, name: str) -> str | None:
    """A fact read as text, folded; None where it is not known, is empty, or is no text."""
    value = facts.get(name)
    return (folded(value) or None) if isinstance(value, str) else None


def number_fact(facts: KnowsFacts, name: str) -> Decimal | None:
    """A fact read as a number; None where it is not known or is no number."""
    value = facts.get(name)
    if isinstance(value, str):
        return number(value)
    return value if isinstance(value, Decimal) else None


@lru_cache(maxsize=8192)
def category_names(paths: tuple[str, ...]) -> frozenset[str]:
    """Everything by which categories and those above them can be called, folded.

    ``A/B/C`` is called C and B/C and A/B/C; the categories above it are called B, A/B and A.
    """
    names = set()
    for path in paths:
        parts = [folded(part) for part in path.split("/")]
        names |= {
            "/".join(parts[start:end])
            for start, end in combinations(range(len(parts) + 1), 2)
            if end - start <= LONGEST_PATH
        }
    return frozenset(names)


def leaf_holds(leaf: Leaf, facts: KnowsFacts) -> bool:
    """Whether one comparison is true."""
    test = leaf.test
    if test is None:
        # It is asked of every listing; all but the fact is worked out once.
        test = _test(leaf)
        object.__setattr__(leaf, "test", test)
    return test(facts.get(leaf.fact))


def holds(when: When, facts: KnowsFacts) -> bool:
    """Whether a tree of conditions is true (behaviour 12)."""
    if isinstance(when, Leaf):
        return leaf_holds(when, facts)
    return _joined(when.quantifier, (holds(child, facts) for child in when.children))


def explain(when: When, facts: KnowsFacts) -> ConditionVerdict:
    """The same answer as `holds`, with what every condition expected and found."""
    if isinstance(when, Leaf):
        return ConditionVerdict(
            operator=when.operator.value,
            holds=leaf_holds(when, facts),
            fact=when.fact,
            expected=written(when.value),
            actual=written(facts.get(when.fact)),
        )
    children = tuple(explain(child, facts) for child in when.children)
    name = "NOT_ALL" if when.quantifier is Quantifier.NOT_ALL else when.quantifier.upper()
    result = _joined(when.quantifier, [child.holds for child in children])
    return ConditionVerdict(operator=name, holds=result, children=children)


def written(value: Expected | Value | None) -> str | None:
    """A value as a rule document writes it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(written(item)) for item in value)
    return format(value, "f")


class ReferenceMatcher:
    """The conditions of a document, evaluated one by one in Python."""

    def __init__(self, document: RulesetDocument) -> None:
        self._rules = [rule for rule in document.rules if rule.active]

    def match(self, batch: Sequence[Facts]) -> list[frozenset[str]]:
        """For each of the facts the keys of the active rules whose conditions hold."""
        return [
            frozenset(
                rule.key for rule in self._rules if rule.when is None or holds(rule.when, facts)
            )
            for facts in batch
        ]

    def close(self) -> None:
        """Nothing to free."""


def _joined(quantifier: Quantifier, results: Iterable[bool]) -> bool:
    if quantifier is Quantifier.ALL:
        return all(results)
    if quantifier is Quantifier.ANY:
        return any(results)
    if quantifier is Quantifier.NONE:
        return not any(results)
    return not all(results)


def _is_known(value: Value | None) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != ()


def _test(leaf: Leaf) -> Callable[[Any], bool]:
    expected = leaf.value
    if leaf.operator is Operator.EXISTS:
        return lambda value: _is_known(value) is expected
    opposite = _OPPOSITES.get(leaf.operator)
    compare = _comparison(opposite or leaf.operator, expected, leaf.fact)
    return lambda value: compare(value) is (opposite is None)


def _comparison(
    operator: Operator, expected: Expected, name: str
) -> Callable[[Value | None], bool | None]:
    """Says whether it is so; None where the fact is not known. Negative operators are asked by their opposites."""
    wanted = expected if isinstance(expected, tuple) else (expected,)
    texts, is_path = _all_folded(wanted), not name.startswith(OPTIONS)
    if isinstance(expected, bool):
        of_one = _of_flags(expected)
    elif isinstance(wanted[0], Decimal):
        of_one = _of_numbers(operator, expected)
    else:
        of_one = _of_texts(operator, texts)

    def compare(value: Value | None) -> bool | None:
        if not isinstance(value, tuple):
            return of_one(value)
        if not value:
            return None
        # One of the categories or options is meant.
        names = category_names(value) if is_path else _all_folded(value)
        return not names.isdisjoint(texts)

    return compare


def _of_flags(expected: bool) -> Callable[[Value | None], bool | None]:
    return lambda value: value is expected if isinstance(value, bool) else None


def _of_texts(operator: Operator, wanted: frozenset[str]) -> Callable[[Value | None], bool | None]:
    order = _ORDER.get(operator)

    def compare(value: Value | None) -> bool | None:
        text = folded(value) if isinstance(value, str) else None
        if not text:
            return None
        if operator is Operator.CONTAINS:
            return any(part in text for part in wanted)
        if order is not None:
            (day,) = wanted  # dates alone are ordered as texts
            return bool(order(text, day))
        return text in wanted

    return compare


def _of_numbers(operator: Operator, expected: Expected) -> Callable[[Value | None], bool | None]:
    order = _ORDER.get(operator)
    wanted = expected if isinstance(expected, tuple) else (Decimal(expected),)

    def compare(value: Value | None) -> bool | None:
        actual = number(value) if isinstance(value, str) else value
        if not isinstance(actual, Decimal):
            return None
        return actual in wanted if order is None else bool(order(actual, wanted[0]))

    return compare


@lru_cache(maxsize=8192)
def _all_folded(expected: tuple[object, ...]) -> frozenset[str]:
    return frozenset(folded(str(item)) for item in expected)
