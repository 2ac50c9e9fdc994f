"""The workload in the product's own words: a rule document, and the facts of listings."""

import json
from decimal import Decimal
from typing import Any

from bench.workload import Group, Listing, Test, Tree
from domain.money import Money
from rules.document import parse
from rules.facts import Facts, Known
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


def document(trees: list[Tree]) -> RulesetDocument:
    """A pricing document whose rules are called by their numbers."""
    return parse(source(trees))


def source(trees: list[Tree]) -> str:
    """The text of that document."""
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
    return json.dumps({"kind": "pricing", "name": "Benchmark", "rules": rules})


def facts(listing: Listing) -> Facts:
    """What the product knows of a listing, as `rules.facts.facts_of` tells it."""
    others = listing.keys() - {*_ATTRIBUTES, "cost"}
    return Facts(
        {_NAMES[name]: _known(name, listing[name]) for name in _NAMES if name in others},
        {"cost": _money(listing["cost"])} if "cost" in listing else {},
        {name: str(listing[name]) for name in _ATTRIBUTES if name in listing},
    )


def plain(known: Facts) -> dict[str, Any]:
    """Facts as other engines need them: one mapping, money in cents. The way back from `facts`."""
    values: dict[str, Any] = known.values
    get, attribute = values.get, known.attributes.get
    cost, lowest, buybox = known.prices.get("cost"), get("lowestPrice"), get("buyBoxPrice")
    return {
        "brand": attribute("brand"),
        "color": attribute("color"),
        "category": values["category"][0],
        "condition": get("condition"),
        "fulfilment": get("fulfilment"),
        "set": get("attributeSet"),
        "price": values["price"].minor,
        "cost": cost and cost.minor,
        "stock": int(values["stock"]),
        "quantity": get("quantity"),
        "lowest": lowest and lowest.minor,
        "buybox": buybox and buybox.minor,
        "rivals": get("competitorCount"),
        "owned": get("buyBoxOwned"),
    }


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


def _known(name: str, value: str | int) -> Known:
    if name == "category":
        return (str(value),)
    if name in _MONEY:
        return _money(value)
    return Decimal(value) if name == "stock" else value


def _money(cents: str | int) -> Money:
    return Money(int(cents), "USD")
