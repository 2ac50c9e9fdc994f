"""The ceiling: numpy over columns that are ready, every condition evaluated for all listings at once."""

import time
from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from bench.measured import Measured, Work
from bench.workload import Fact, Group, Listing, Tree

Columns = dict[str, Any]
_MISSING = -1


def numpy_columns(work: Work) -> Iterator[Measured]:
    """Numbers as they are, words as numbers, missing as -1, which no listing has."""
    words: dict[str, int] = {}
    columns = _columns(work.catalogue, words)
    started = time.process_time()
    truths = np.stack([_holds(tree, columns, words) for tree in work.rules], axis=1)
    pairs = np.nonzero(truths)
    seconds = time.process_time() - started
    found: list[list[int]] = [[] for _ in work.catalogue]
    for listing, rule in zip(*(each.tolist() for each in pairs), strict=True):
        found[listing].append(rule)
    yield Measured("numpy, columns ready", seconds, len(found), found)


def _columns(catalogue: list[Listing], words: dict[str, int]) -> Columns:
    def coded(value: Fact | None) -> int:
        if value is None:
            return _MISSING
        return words.setdefault(value, len(words)) if isinstance(value, str) else int(value)

    facts = sorted({fact for listing in catalogue for fact in listing})
    return {
        fact: np.array([coded(listing.get(fact)) for listing in catalogue], dtype=np.int32)
        for fact in facts
    }


def _holds(tree: Tree, columns: Columns, words: dict[str, int]) -> Any:
    if isinstance(tree, Group):
        parts = [_holds(part, columns, words) for part in tree.parts]
        return reduce(np.logical_and if tree.joins == "all" else np.logical_or, parts)
    column = columns[tree.fact]
    match tree.operator:
        case "missing":
            return column == _MISSING
        case "eq":
            return column == (
                words.get(tree.value, -2) if isinstance(tree.value, str) else tree.value
            )
        case "in":
            assert isinstance(tree.value, tuple)
            return np.isin(column, [words.get(value, -2) for value in tree.value])
        case "gte":
            return column >= tree.value
    return (column < tree.value) & (column != _MISSING)
