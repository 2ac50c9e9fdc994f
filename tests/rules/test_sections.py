"""How a program is divided into sections: by the facts that are read, joined while few kinds of listings remain."""

import json
from typing import Any

from rules.compiler import Program, compile_document
from rules.document import parse
from rules.sections import MOST_CLASSES, MOST_SECTIONS


def _program(*conditions: Any) -> Program:
    rules = [
        {"key": f"r{index}", "type": "standard", "adjust": {"decrease": "1%"}, "when": when}
        for index, when in enumerate(conditions)
    ]
    return compile_document(parse(json.dumps({"kind": "pricing", "name": "Some", "rules": rules})))


def _number(fact: str, count: int) -> list[dict[str, Any]]:
    return [{"fact": fact, "gte": each} for each in range(1, count + 1)]


def test_rules_over_few_values_are_one_section() -> None:
    program = _program(*_number("price", 5), *_number("stock", 5), {"fact": "sku", "eq": "a"})
    assert [set(section.checks) for section in program.sections] == [{"price", "stock", "sku"}]


def test_rules_that_would_tell_too_many_listings_apart_are_apart() -> None:
    program = _program(*_number("price", 60), *_number("stock", 60))
    assert sorted(next(iter(section.checks)) for section in program.sections) == ["price", "stock"]
    assert all(section.classes <= MOST_CLASSES for section in program.sections)


def test_a_section_that_is_large_by_itself_takes_what_reads_the_same() -> None:
    both = [
        {"all": [price, stock]}
        for price, stock in zip(_number("price", 60), _number("stock", 60), strict=True)
    ]
    program = _program(*both, *_number("price", 60), *_number("stock", 60))
    assert [set(section.checks) for section in program.sections] == [{"price", "stock"}]


def test_every_chain_is_in_one_section() -> None:
    conditions = [*_number("price", 60), *_number("stock", 60), *_number("quantity", 60)]
    program = _program(*conditions)
    keys = [key for section in program.sections for _, found in section.members for key in found]
    assert sorted(keys) == program.keys == sorted(f"r{each}" for each in range(180))


def test_rules_that_all_read_something_else_are_few_sections() -> None:
    program = _program(
        *[
            {"fact": f"attribute.a{index}", "eq": f"v{value}"}
            for index in range(2 * MOST_SECTIONS)
            for value in range(40)
        ]
    )
    assert len(program.sections) == MOST_SECTIONS
    keys = [key for section in program.sections for _, found in section.members for key in found]
    assert sorted(keys) == program.keys
