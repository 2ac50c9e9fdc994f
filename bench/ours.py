"""The product's own matching, from facts to keys of rules."""

import gc
import time
from collections.abc import Iterator, Sequence

from bench.document import document, facts
from bench.measured import Measured, Work
from bench.workload import copied
from rules.durable_engine import DurableMatcher
from rules.facts import Facts

BATCH = 500
COMPILING = "compiling"


def sales_channel(work: Work) -> Iterator[Measured]:
    """Ours, from facts to keys of rules, in batches as repricing does it."""
    parsed = document(work.rules)
    catalogue, others = list(map(facts, work.catalogue)), list(map(facts, work.others))
    again = list(map(facts, copied(work.catalogue)))
    gc.freeze()
    started = time.process_time()
    matcher = DurableMatcher(parsed)
    yield Measured(COMPILING, time.process_time() - started, 1)
    few = others[:2000]
    with matcher:
        seconds, found = _in_batches(matcher, catalogue)
        yield Measured("sales-channel, cold", seconds, len(catalogue), found)
        seconds, found = _in_batches(matcher, again)
        yield Measured("sales-channel, the same again", seconds, len(catalogue), found)
        seconds, _ = _in_batches(matcher, others[len(others) // 2 :])
        yield Measured("sales-channel, new listings, warm", seconds, len(others) - len(others) // 2)
        seconds, _ = _in_batches(matcher, few, size=1)
        yield Measured("sales-channel, a new listing alone, warm", seconds, len(few))
        started = time.process_time()
        for start in range(0, len(again), BATCH):
            matcher._encoder.columns(again[start : start + BATCH])  # noqa: SLF001 - looked at, not used
        yield Measured(
            "(of the same again: reading facts)", time.process_time() - started, len(again)
        )
    with DurableMatcher(parsed) as matcher:
        seconds, _ = _in_batches(matcher, few, size=1)
        yield Measured("sales-channel, a new listing alone, cold", seconds, len(few))


def _in_batches(
    matcher: DurableMatcher, listings: list[Facts], size: int = BATCH
) -> tuple[float, list[list[int]]]:
    found: list[frozenset[str]] = []
    started = time.process_time()
    for start in range(0, len(listings), size):
        found += matcher.match(listings[start : start + size])
    return time.process_time() - started, _numbers(found)


def _numbers(found: Sequence[frozenset[str]]) -> list[list[int]]:
    return [sorted(map(int, keys)) for keys in found]
