"""The page for merchants: every example parses, and no word of the language is left out."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from domain.ruleset import RulesetKind
from rules.action_reader import OTHERWISE_FIELDS
from rules.bound_reader import FEE_FIELDS
from rules.competitor_reader import COMPETITOR_FIELDS
from rules.document import DOCUMENT_FIELDS, LISTING_FIELDS, PRICING_FIELDS, parse_all
from rules.facts import CATALOGUE, FAMILIES
from rules.guardrail_reader import FROM_LISTINGS
from rules.guardrails import LIMITS
from rules.language import Fallback, Operator, Quantifier
from rules.shape_reader import SHAPE_FIELDS

_PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
_BLOCKS = [dedent(block) for block in re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL)]


@pytest.mark.parametrize("block", _BLOCKS, ids=[f"block {index}" for index in range(len(_BLOCKS))])
def test_every_example_is_sound(block: str) -> None:
    assert parse_all(block, currency="USD")


def test_every_kind_of_document_has_an_example() -> None:
    kinds = {document.kind for block in _BLOCKS for document in parse_all(block)}
    assert kinds == set(RulesetKind)


def test_every_key_has_an_example() -> None:
    keys = {
        *(key for fields in DOCUMENT_FIELDS.values() for key in fields),
        *LISTING_FIELDS,
        *PRICING_FIELDS,
        *COMPETITOR_FIELDS,
        *OTHERWISE_FIELDS,
        *FEE_FIELDS,
        *SHAPE_FIELDS,
        *LIMITS,
        FROM_LISTINGS,
        "margin",
    }
    written = "\n".join(_BLOCKS)
    assert {key for key in keys if not re.search(rf"\b{key}:", written)} == set()


def test_every_word_is_explained() -> None:
    words = {*CATALOGUE, *(f"{prefix}<code>" for prefix in FAMILIES), *Fallback, *Quantifier}
    prose = re.sub(r"```.*?```", "", _PAGE, flags=re.DOTALL)
    told = set(re.findall(r"`([^`]+)`", prose))
    single = {word for each in told for word in re.split(r"[ ,]+", each)}
    assert words - single == set()
    assert {operator.value for operator in Operator} - single == set()
