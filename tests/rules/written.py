"""Hypothesis strategies for rule documents, as merchants would write them, and for facts about listings."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from domain.listing import Condition
from domain.money import Money
from rules.facts import Facts

WORDS = [
    "red",
    "RED",
    "rot",
    "größe",
    "GRÖSSE",
    "e\u0301té",
    "été",
    'say "hi"',
    "a/b",
    "\\",
    "0012",
    "no",
]
PATHS = ["Men", "Men/Tops", "Default Category/Men/Tops", "Women/Sale", "Sale", "sale"]
NUMBERS = ["0", "1", "1.0", "-1", "19.99", "20", "20.00", "0.000000001"]
NUMBERS += [str(2**63 - 1), str(-(2**63) + 1), str(2**53), str(2**53 + 1)]

_LETTERS = st.characters(codec="utf-8", exclude_categories=["C"])
words = st.sampled_from(WORDS) | st.text(_LETTERS, min_size=1, max_size=6).filter(str.strip)
numbers = st.sampled_from(NUMBERS) | st.integers(-50, 50).map(str)


def _leaf(fact: str, operators: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    lists = {
        f"{word}": st.lists(operators["eq"], min_size=1, max_size=11) for word in ("in", "notIn")
    }
    known = {**operators, **lists, "exists": st.booleans()}
    return st.sampled_from(sorted(known)).flatmap(
        lambda operator: known[operator].map(lambda value: {"fact": fact, operator: value})
    )


def _texts(fact: str) -> st.SearchStrategy[Any]:
    return _leaf(fact, dict.fromkeys(("eq", "ne", "contains", "notContains"), words))


def _numbers(fact: str) -> st.SearchStrategy[Any]:
    return _leaf(fact, dict.fromkeys(("eq", "ne", "gt", "gte", "lt", "lte"), numbers))


_flags = st.sampled_from(["eq", "ne", "exists"]).flatmap(
    lambda operator: st.booleans().map(lambda value: {"fact": "buyBoxOwned", operator: value})
)
_categories = st.sampled_from(["contains", "notContains"]).flatmap(
    lambda operator: st.sampled_from(PATHS).map(lambda path: {"fact": "category", operator: path})
) | st.lists(st.sampled_from(PATHS), min_size=1).map(
    lambda paths: {"fact": "category", "in": paths}
)
_condition = st.sampled_from(["eq", "ne"]).flatmap(
    lambda operator: st.sampled_from(list(Condition)).map(
        lambda value: {"fact": "condition", operator: value.value}
    )
)
DAYS = ["2026-06-01", "2026-06-02", "2025-12-31"]
OPTIONS = ["Wool", "wool", "Silk", "a/b", "Silk|Wool"]
_days = st.sampled_from(DAYS)
_options = st.sampled_from(["contains", "notContains"]).flatmap(
    lambda operator: st.sampled_from(OPTIONS).map(
        lambda option: {"fact": "options.material", operator: option}
    )
) | st.sampled_from(["in", "notIn"]).flatmap(
    lambda operator: st.lists(st.sampled_from(OPTIONS), min_size=1).map(
        lambda chosen: {"fact": "options.material", operator: chosen}
    )
)
leaves = st.one_of(
    _leaf("date.new_from", dict.fromkeys(("eq", "ne", "gt", "gte", "lt", "lte"), _days)),
    _options,
    _texts("sku"),
    _texts("attribute.color"),
    _numbers("attribute.size"),
    _numbers("price"),
    _numbers("price.cost"),
    _numbers("stock"),
    _flags,
    _categories,
    _condition,
)


def groups(depth: int) -> st.SearchStrategy[Any]:
    """Conditions nested at most so deep."""
    if depth == 0:
        return leaves
    inner = st.lists(groups(depth - 1), min_size=1, max_size=3)
    return leaves | st.sampled_from(["all", "any", "none", "notAll"]).flatmap(
        lambda word: inner.map(lambda children: {word: children})
    )


_rule = st.fixed_dictionaries(
    {}, optional={"when": groups(3), "active": st.sampled_from([True, True, True, False])}
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Pricing documents with standard rules only; some may combine to more cases than are allowed."""
    rules = [
        {"key": f"r{index}", "type": "standard", "adjust": {"decrease": "1%"}, **rule}
        for index, rule in enumerate(draw(st.lists(_rule, max_size=12)))
    ]
    return json.dumps({"kind": "pricing", "name": "Generated", "rules": rules}, ensure_ascii=False)


_near = [-100, -1, 0, 1, 20, 100, 1000, 1999, 2000, 19990, 20000]
"""The numbers above, in the smallest units of some currency."""
_amounts = st.builds(
    Money,
    st.sampled_from(_near) | st.integers(-(2**63), 2**63),
    st.sampled_from(["USD", "USD", "JPY", "KWD"]),
)
_values: dict[str, st.SearchStrategy[Any]] = {
    "sku": words | st.just("x" * 70_000),
    "category": st.lists(st.sampled_from(PATHS)).map(tuple),
    "buyBoxOwned": st.booleans(),
    "condition": st.sampled_from([each.value for each in Condition]),
    "price": _amounts,
    "stock": numbers.map(Decimal) | st.integers(-50, 50),
}

facts = st.builds(
    Facts,
    st.fixed_dictionaries({}, optional=_values),
    st.fixed_dictionaries(
        {},
        optional={
            "cost": _amounts,
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "color": words,
            "size": numbers | words,
            "new_from": _days | st.sampled_from(["6/1/26", "12/31/2025, 1:00 PM", "soon"]),
            "material": st.sampled_from(["Wool", "Silk|Wool", " Silk | a/b ", "|", "a"]),
        },
    ),
)
