"""JSON Schema of conditions: groups, and comparisons by the kind of fact."""

import re
from typing import Any

from rules.condition_reader import MAX_CONDITIONS, MAX_VALUES, OPERATORS
from rules.facts import CATALOGUE, CODE, FAMILIES, FactDefinition, FactKind, FactScope
from rules.language import Operator, Quantifier
from rules.schema_values import DAY, Schema, flag, matching, number, object_of, text

_GROUPS = {
    Quantifier.ALL: "Every one of these holds.",
    Quantifier.ANY: "At least one of these holds.",
    Quantifier.NONE: "None of these holds.",
    Quantifier.NOT_ALL: "At least one of these does not hold.",
}
_TOLD = {
    Operator.EQ: "is",
    Operator.NE: "is known and is not",
    Operator.GT: "is more than",
    Operator.GTE: "is at least",
    Operator.LT: "is less than",
    Operator.LTE: "is at most",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is known and none of",
    Operator.CONTAINS: "contains",
    Operator.NOT_CONTAINS: "is known and does not contain",
    Operator.EXISTS: "is known at all",
}


def definitions() -> Schema:
    """What conditions of pricing rules and of listing rules may be, by name."""
    return {
        "condition": _condition("condition", frozenset(FactScope)),
        "productCondition": _condition("productCondition", frozenset({FactScope.PRODUCT})),
    }


def _condition(name: str, scopes: frozenset[FactScope]) -> Schema:
    kinds = [
        leaf
        for kind in FactKind
        for leaf in _leaves(kind, [fact for fact in CATALOGUE.values() if fact.scope in scopes])
    ]
    groups = [
        object_of(
            {
                word.value: {
                    "type": "array",
                    "description": told,
                    "minItems": 1,
                    "maxItems": MAX_CONDITIONS,
                    "items": {"$ref": f"#/$defs/{name}"},
                }
            },
            [word.value],
            title=told,
        )
        for word, told in _GROUPS.items()
    ]
    return {
        "description": "When the rule applies: a comparison, or a group of them.",
        "anyOf": [*groups, *kinds],
    }


def _leaves(kind: FactKind, known: list[FactDefinition]) -> list[Schema]:
    """Comparisons of facts of one kind; those with few values have their own."""
    found = []
    plain = [fact for fact in known if fact.kind is kind and not fact.choices]
    families = [prefix for prefix, fact in FAMILIES.items() if fact.kind is kind]
    names: list[Schema] = [
        {"const": fact.name, "description": _described(fact)} for fact in plain
    ] + [
        {
            "type": "string",
            "pattern": rf"^{re.escape(prefix)}{CODE.pattern}$",
            "description": f"{FAMILIES[prefix].description}: {prefix}<code>",
        }
        for prefix in families
    ]
    if names:
        found.append(_leaf(kind, {"anyOf": names}, ()))
    found += [
        _leaf(kind, {"const": fact.name, "description": _described(fact)}, fact.choices)
        for fact in known
        if fact.kind is kind and fact.choices
    ]
    return found


def _described(fact: FactDefinition) -> str:
    return f"{fact.description} ({fact.unit})" if fact.unit else fact.description


def _leaf(kind: FactKind, name: Schema, choices: tuple[str, ...]) -> Schema:
    fields: dict[str, Schema] = {"fact": {"description": "What is compared.", **name}}
    for operator in Operator:
        if operator in OPERATORS[kind]:
            fields[operator.value] = _value(kind, operator, choices)
    return {**object_of(fields, ["fact"], title=f"{kind.capitalize()}"), **_TWO_KEYS}


_TWO_KEYS: dict[str, Any] = {"minProperties": 2, "maxProperties": 2}
"""The fact and one comparison."""


def _value(kind: FactKind, operator: Operator, choices: tuple[str, ...]) -> Schema:
    told = _TOLD[operator]
    if operator is Operator.EXISTS or kind is FactKind.FLAG:
        return flag(told)
    if operator in {Operator.IN, Operator.NOT_IN}:
        return {
            "type": "array",
            "description": told,
            "minItems": 1,
            "maxItems": MAX_VALUES,
            "items": _single(kind, operator, choices),
        }
    return {**_single(kind, operator, choices), "description": told}


def _single(kind: FactKind, operator: Operator, choices: tuple[str, ...]) -> Schema:
    ordered = {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}
    if kind is FactKind.DATE:
        return matching(DAY, "A day.", "2026-06-01")
    if kind in {FactKind.NUMBER, FactKind.MONEY} or operator in ordered:
        return number("A number.")
    if choices and operator not in {Operator.CONTAINS, Operator.NOT_CONTAINS}:
        return {"description": "One of these; capitals do not matter.", "anyOf": _either(choices)}
    return text("A text; capitals do not matter.")


def _either(choices: tuple[str, ...]) -> list[Schema]:
    """The words to choose from, and a pattern that takes them in any capitals."""
    words = "|".join(
        "".join(f"[{char.upper()}{char.lower()}]" if char.isalpha() else char for char in word)
        for word in choices
    )
    return [{"enum": list(choices)}, {"type": "string", "pattern": rf"^\s*({words})\s*$"}]
