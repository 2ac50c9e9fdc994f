"""The workload in the product's own words: a rule document, and the facts of listings."""

import json
from decimal import Decimal
from typing import Any

from bench.workload import Group, Listing, Test, Tree
from domain.money import Money
from rules.document import parse
from rules.facts import Facts, Value
from rules.language import RulesetDocument

_NAMES = {
    "brand": "attribute.brand",
    "color": "attribute.color",
    "category": "category",
    "condition": "condition",
    "fulfilment": "fulfilment",
    "set": "attributeSet",
    "price": "price",
    "cost": "price.cost",
    "stock": "stock",
    "quantity": "quantity",
    "lowest": "lowestPrice",
    "buybox": "buyBoxPrice",
    "rivals": "competitorCount",
    "owned": "buyBoxOwned",
}
_MONEY = frozenset({"price", "cost", "lowest", "buybox"})
_ATTRIBUTES = ("brand", "color")
_BACK = {fact: name for name, fact in _NAMES.items()}
_MONEY_FACTS = frozenset(_NAMES[name] for name in _MONEY)


def document(trees: list[Tree]) -> RulesetDocument:
    """A pricing document whose rules are called by their numbers."""
    rules = [
        {
            "key": str(index),
            "type": "standard",
            "priority": 1,
            "adjust": {"decrease": "1%"},
            "when": _when(tree),
        }
        for index, tree in enumerate(trees)
    ]
    return parse(json.dumps({"kind": "pricing", "name": "Benchmark", "rules": rules}))


def facts(listing: Listing) -> Facts:
    """What the product knows of a listing."""
    others = listing.keys() - {*_ATTRIBUTES, "cost"}
    values = {_NAMES[name]: _value(name, listing[name]) for name in _NAMES if name in others}
    cost = listing.get("cost")
    return Facts(
        values,
        {"cost": Money(cost, "USD")} if isinstance(cost, int) else {},
        {name: str(listing[name]) for name in _ATTRIBUTES if name in listing},
    )


def plain(known: Facts) -> Listing:
    """Facts as other engines need them: one mapping, money in cents. The way back from `facts`."""
    listing: Listing = {}
    for name, value in known.values.items():
        if isinstance(value, Decimal):
            listing[_BACK[name]] = int(value.scaleb(2) if name in _MONEY_FACTS else value)
        else:
            listing[_BACK[name]] = value[0] if isinstance(value, tuple) else value
    for code, money in known.prices.items():
        listing[code] = money.minor
    listing.update(known.attributes)
    return listing


def _when(tree: Tree) -> dict[str, Any]:
    if isinstance(tree, Group):
        return {tree.joins: [_when(part) for part in tree.parts]}
    return {"fact": _NAMES[tree.fact], **_comparison(tree)}


def _comparison(test: Test) -> dict[str, Any]:
    if test.operator == "missing":
        return {"exists": False}
    if test.fact == "category":
        return {"contains": test.value}
    if isinstance(test.value, tuple):
        return {test.operator: list(test.value)}
    return {test.operator: _written(test.fact, test.value)}


def _written(fact: str, value: str | int) -> str | int:
    """Money as a rule document writes it."""
    return str(Decimal(value).scaleb(-2)) if fact in _MONEY else value


def _value(fact: str, value: str | int) -> Value:
    if fact == "category":
        return (str(value),)
    if isinstance(value, bool | str):
        return value
    return Decimal(value).scaleb(-2) if fact in _MONEY else Decimal(value)
