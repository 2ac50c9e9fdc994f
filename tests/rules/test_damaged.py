"""Damaged documents are read or refused with a place, whatever the damage. NIGHTLY=1 tries ten thousand."""

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.document import DocumentInvalid, parse, parse_all
from tests.rules import whole
from tests.rules.test_language import FULL, LISTING, RAILS

_COUNT = 10_000 if os.environ.get("NIGHTLY") else 100
_PIECES = (
    *"{}[]:,-#&*!|>'\"%@`?\t\n\r\x00\x85\u2028",
    "- ", ": ", "---\n", "...", "null", "~", "true", "1e9", "-0", "9" * 40, "99999d", "\ud800", "é" * 300,
    "<<", "when", "all", "notAll", "otherwise", "floor", "10%", "100%", "0001-01-01", "9999-12-31", "24:00-25:00",
    "{all: ", "[[", "match",
)  # fmt: skip


@settings(
    max_examples=_COUNT,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(whole.texts | st.sampled_from([FULL, LISTING, RAILS]), st.randoms(use_true_random=False))
def test_a_damaged_document_is_read_or_refused_with_a_place(
    source: str, chance: random.Random
) -> None:
    for _ in range(chance.randint(1, 4)):
        source = _damaged(source, chance)
    lines = len(source.splitlines()) + 2
    for read in (parse, parse_all):
        try:
            read(source)
        except DocumentInvalid as invalid:
            for error in invalid.errors:
                assert 1 <= error.line <= lines
                assert error.column >= 1
                assert error.message


def _damaged(source: str, chance: random.Random) -> str:
    """The text with something put in, cut out, doubled or swapped."""
    start = chance.randrange(len(source) + 1)
    end = min(len(source), start + chance.randint(0, 40))
    piece: str = chance.choice(_PIECES)
    other = chance.randrange(len(source) + 1)
    middle: str = chance.choice(
        [piece + source[start:end], "", source[start:end] * 2, piece, source[other : other + 30]]
    )
    return source[:start] + middle + source[end:]


@pytest.mark.parametrize("source", ["[" * 5000, "a: " * 5000, "- " * 5000, "{a: " * 5000])
def test_deep_documents_end_quickly(source: str) -> None:
    with pytest.raises(DocumentInvalid):
        parse(source)
