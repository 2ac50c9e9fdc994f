"""Reads the conditions of a rule from its document, and says what is wrong with them."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar

from rules.alternatives import MAX_ALTERNATIVES, count
from rules.conditions import LONGEST_PATH, folded
from rules.facts import (
    ATTRIBUTE,
    CATALOGUE,
    CODE,
    DATE,
    OPTIONS,
    PRICE,
    FactDefinition,
    FactKind,
    FactScope,
    definition_of,
)
from rules.language import Expected, Group, Leaf, Operator, Quantifier, When, leaves
from rules.reader import At, Wrong, day, decimal, did_you_mean, flag, listed, text

_T = TypeVar("_T", str, Decimal)

MAX_DEPTH = 5
MAX_CONDITIONS = 32
MAX_VALUES = 1000

_EQUALITY = frozenset({Operator.EQ, Operator.NE})
_ORDER = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
_LIST = frozenset({Operator.IN, Operator.NOT_IN})
_PART = frozenset({Operator.CONTAINS, Operator.NOT_CONTAINS})

OPERATORS: dict[FactKind, frozenset[Operator]] = {
    FactKind.TEXT: _EQUALITY | _LIST | _PART | {Operator.EXISTS},
    FactKind.NUMBER: _EQUALITY | _ORDER | _LIST | {Operator.EXISTS},
    FactKind.MONEY: _EQUALITY | _ORDER | _LIST | {Operator.EXISTS},
    FactKind.FLAG: _EQUALITY | {Operator.EXISTS},
    FactKind.CATEGORY: _LIST | _PART | {Operator.EXISTS},
    FactKind.ATTRIBUTE: frozenset(Operator),
    FactKind.DATE: _EQUALITY | _ORDER | _LIST | {Operator.EXISTS},
    FactKind.OPTIONS: _LIST | _PART | {Operator.EXISTS},
}
"""The operators that fit each kind of fact (behaviour 12)."""


def read_when(at: At, scopes: frozenset[FactScope]) -> When | None:
    """The conditions of a rule, None where something is wrong with them.

    Only facts of `scopes` are known where the rule is asked.
    """
    when = _when(at, scopes, depth=0)
    if when is None:
        return None
    if sum(1 for _ in leaves(when)) > MAX_CONDITIONS:
        raise Wrong(at, f"A rule can have {MAX_CONDITIONS} conditions; make it several rules")
    if count(when) > MAX_ALTERNATIVES:
        raise Wrong(at, "These groups combine to too many cases; make it several rules")
    return when


def _when(at: At, scopes: frozenset[FactScope], depth: int) -> When | None:
    if any(at.has(quantifier) for quantifier in Quantifier):
        return _group(at, scopes, depth + 1)
    return _leaf(at, scopes)


def _group(at: At, scopes: frozenset[FactScope], depth: int) -> When | None:
    if depth > MAX_DEPTH:
        raise Wrong(at, f"Groups can be nested {MAX_DEPTH} deep; make it several rules")
    fields = at.fields(Quantifier, "A group of conditions")
    if len(fields) != 1:
        raise Wrong(at, "A group has one of all, any, none or notAll; nest a group for another")
    (word, inner), *_ = fields.items()
    items = inner.items(f"`{word}`")
    if not items:
        raise Wrong(inner, "A group needs a condition; leave `when` out to match everything")
    children = [item.attempt(lambda each: _when(each, scopes, depth)) for item in items]
    known = tuple(child for child in children if child is not None)
    return Group(Quantifier(word), known) if len(known) == len(children) else None


def _leaf(at: At, scopes: frozenset[FactScope]) -> When | None:
    before = len(at.errors)
    fields = at.fields(["fact", *Operator], "A condition")
    has_stray_key = len(at.errors) > before
    fact = at.required(fields, "fact", partial(_fact, scopes=scopes), "price")
    operators = [Operator(key) for key in fields if key != "fact"]
    if len(operators) != 1:
        if operators or not has_stray_key:
            at.report("A condition needs one comparison, such as `gte: 20`; write a line for each")
        return None
    operator = operators[0]
    if fact is None:
        return None
    if operator not in OPERATORS[fact.kind]:
        raise Wrong(at, _misfit(fact, operator))
    value = fields[operator].attempt(lambda each: _expected(each, fact, operator))
    return None if value is None else Leaf(fact.name, operator, value)


def _fact(at: At, scopes: frozenset[FactScope]) -> FactDefinition:
    name = text(at)
    definition = definition_of(name)
    if definition is None:
        hint = did_you_mean(name, list(CATALOGUE))
        if not hint and CODE.fullmatch(name):
            hint = (
                f"; a price attribute is {PRICE}{name}, any other attribute {ATTRIBUTE}{name},"
                f" {DATE}{name} or {OPTIONS}{name}"
            )
        raise Wrong(at, f"There is no fact {name!r}{hint}")
    if definition.scope not in scopes:
        raise Wrong(at, f"{name!r} is not known while it is decided what to list")
    return definition


def _misfit(fact: FactDefinition, operator: Operator) -> str:
    fitting = listed(each.value for each in Operator if each in OPERATORS[fact.kind])
    if fact.kind is FactKind.CATEGORY:
        return f"A product can be in several categories, so write {fitting}"
    if fact.kind is FactKind.OPTIONS:
        return f"Several options can be chosen, so write {fitting}"
    return f"{fact.name!r} is a {fact.kind.lower()}, which cannot be asked with {operator.value}; use {fitting}"


def _expected(at: At, fact: FactDefinition, operator: Operator) -> Expected | None:
    """What a fact is compared with, in the type of the fact."""
    if operator is Operator.EXISTS or fact.kind is FactKind.FLAG:
        return flag(at)
    if operator in _LIST:
        return _values(at, fact)
    if fact.kind is FactKind.DATE:
        return _day(at)
    if operator in _PART:
        return _word(at, fact, is_part=True)
    if _is_number(at, fact) or operator in _ORDER:
        return decimal(at)
    return _word(at, fact, is_part=False)


def _values(at: At, fact: FactDefinition) -> tuple[str, ...] | tuple[Decimal, ...] | None:
    items = at.items("`in` and `notIn`")
    if not 1 <= len(items) <= MAX_VALUES:
        raise Wrong(at, f"A list needs 1 to {MAX_VALUES} values")
    if fact.kind is FactKind.DATE:
        return _all_read(items, _day)
    if all(_is_number(item, fact) for item in items):
        return _all_read(items, decimal)
    return _all_read(items, partial(_word, fact=fact, is_part=False))


def _all_read(items: list[At], read: Callable[[At], _T | None]) -> tuple[_T, ...] | None:
    values = [item.attempt(read) for item in items]
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None


def _is_number(at: At, fact: FactDefinition) -> bool:
    """Whether a whole value is compared as a number: always for numbers, for attributes where it has no quotes."""
    if fact.kind is FactKind.ATTRIBUTE:
        return at.is_plain_number
    return fact.kind in {FactKind.NUMBER, FactKind.MONEY}


def _day(at: At) -> str:
    return day(at).isoformat()


def _word(at: At, fact: FactDefinition, *, is_part: bool) -> str:
    value = text(at)
    if fact.kind is FactKind.CATEGORY and value.count("/") >= LONGEST_PATH:
        raise Wrong(at, f"A path can name {LONGEST_PATH} categories; leave out the first ones")
    if fact.choices and not is_part and folded(value) not in map(folded, fact.choices):
        raise Wrong(
            at, f"{fact.name!r} is {listed(fact.choices)}{did_you_mean(value, fact.choices)}"
        )
    return value
