"""What every engine is asked: listings of 14 facts and rules over them, made from a seed.

Rules are neutral trees; `document.py` and the contenders write them in each engine's own words. Money counts in
cents, the form in which every engine is fastest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Literal

Fact = str | int | bool
"""What is known of a listing under one name. A name that is missing makes every comparison false."""
Listing = dict[str, Fact]

_BRANDS = [f"Brand {index}" for index in range(40)]
_CATEGORIES = [f"Category {index}" for index in range(25)]
_COLORS = ["Black", "White", "Blue", "Red", "Green", "Grey", "Brown", "Beige", "Yellow", "Pink"]
_SETS = ["Apparel", "Shoes", "Bags", "Gear", "Home"]
_CONDITIONS = ["new_new", "used_like_new", "used_very_good", "used_good", "refurbished_refurbished"]
_FULFILMENTS = ["MERCHANT", "AMAZON"]

SOMETIMES_MISSING = frozenset({"color", "cost", "quantity", "lowest", "buybox", "rivals", "owned"})
"""Facts that not every listing has; the others need no guard."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a fact. `missing` asks that the fact is not known, and has no value."""

    fact: str
    operator: Literal["eq", "in", "gte", "lt", "missing"]
    value: Fact | tuple[str, ...] = True


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all, or any, must hold."""

    joins: Literal["all", "any"]
    parts: tuple["Tree", ...]


Tree = Test | Group


def listings(seed: int, count: int) -> list[Listing]:
    """Listings as a catalogue has them: few brands are common, some facts are missing, prices differ."""
    chance = Random(f"listings:{seed}")
    return copied([_listing(chance) for _ in range(count)])


def copied(catalogue: list[Listing]) -> list[Listing]:
    """Equal listings, of which no two share a text: as if just read from a database."""
    return [
        {
            name: value.encode().decode() if isinstance(value, str) else value
            for name, value in listing.items()
        }
        for listing in catalogue
    ]


def rules(seed: int, count: int) -> list[Tree]:
    """Rules as a merchant has them: a fraction of a brand or a category, within a range of some number."""
    return list(islice(_rules(Random(f"rules:{seed}")), count))


def _listing(chance: Random) -> Listing:
    price = round(chance.lognormvariate(8.0, 0.9))
    facts: Listing = {
        "brand": _some_brand(chance),
        "category": chance.choice(_CATEGORIES),
        "condition": chance.choice(_CONDITIONS) if chance.random() < 0.4 else "new_new",
        "fulfilment": chance.choice(_FULFILMENTS),
        "set": chance.choice(_SETS),
        "color": chance.choice(_COLORS),
        "price": price,
        "cost": price * chance.randrange(40, 90) // 100,
        "stock": int(chance.expovariate(1 / 40)),
        "quantity": chance.randrange(60),
        "lowest": price * chance.randrange(80, 125) // 100,
        "buybox": price * chance.randrange(85, 130) // 100,
        "rivals": int(chance.expovariate(1 / 6)),
        "owned": chance.random() < 0.3,
    }
    for name in sorted(SOMETIMES_MISSING):
        if chance.random() < 0.15:
            del facts[name]
    return facts


def _some_brand(chance: Random) -> str:
    """A brand; the first ones are the common ones."""
    return _BRANDS[min(int(chance.expovariate(1 / 10)), len(_BRANDS) - 1)]


def _rules(chance: Random) -> Iterator[Tree]:
    while True:
        for template in _TEMPLATES:
            yield template(chance)


def _all(*parts: Tree) -> Group:
    return Group("all", parts)


def _any(*parts: Tree) -> Group:
    return Group("any", parts)


def _brand(chance: Random) -> Test:
    return Test("brand", "eq", _some_brand(chance))


def _category(chance: Random) -> Test:
    return Test("category", "eq", chance.choice(_CATEGORIES))


def _brands(chance: Random) -> Test:
    return Test("brand", "in", tuple(sorted(chance.sample(_BRANDS, chance.randrange(3, 7)))))


def _condition(chance: Random) -> Test:
    return Test("condition", "eq", chance.choice(_CONDITIONS))


def _from(chance: Random, fact: str) -> Test:
    return Test(fact, "gte", chance.choice(_STEPS[fact]))


def _below(chance: Random, fact: str) -> Test:
    return Test(fact, "lt", chance.choice(_STEPS[fact]))


def _range(chance: Random, fact: str) -> tuple[Test, Test]:
    low, high = sorted(chance.sample(_STEPS[fact], 2))
    return Test(fact, "gte", low), Test(fact, "lt", high)


_MONEY = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 7500, 10000, 15000, 20000]
_COUNTS = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50]
_STEPS = dict.fromkeys(("price", "cost", "lowest", "buybox"), _MONEY) | dict.fromkeys(
    ("stock", "quantity", "rivals"), _COUNTS
)
"""The numbers that rules name: merchants think in round ones."""

_TEMPLATES: tuple[Callable[[Random], Tree], ...] = (
    lambda c: _all(_brand(c), *_range(c, "price")),
    lambda c: _all(_category(c), _from(c, "stock"), _condition(c)),
    lambda c: _all(_brands(c), _condition(c), _from(c, "price")),
    lambda c: _all(_category(c), _any(_condition(c), _from(c, "rivals")), _below(c, "lowest")),
    lambda c: _any(_all(_brand(c), _from(c, "price")), _all(_brand(c), _below(c, "cost"))),
    lambda c: _all(_category(c), Test("owned", "eq", False), Test("lowest", "missing")),
    lambda c: _all(_brand(c), *_range(c, "stock"), _below(c, "quantity")),
    lambda c: _all(
        Test("color", "in", tuple(sorted(c.sample(_COLORS, 2)))),
        Test("set", "eq", c.choice(_SETS)),
        *_range(c, "price"),
        _from(c, "stock"),
        _below(c, "rivals"),
    ),
    lambda c: _all(
        _category(c), Test("fulfilment", "eq", c.choice(_FULFILMENTS)), *_range(c, "buybox")
    ),
    lambda c: _all(
        _category(c),
        _any(
            _all(*_range(c, "price"), _from(c, "quantity")),
            _all(Test("buybox", "missing"), _from(c, "stock")),
        ),
    ),
)
