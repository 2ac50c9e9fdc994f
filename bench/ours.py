"""The product's own matching, from facts to keys of rules."""

import gc
import time
from collections.abc import Iterator, Sequence

from bench.document import document, facts
from bench.measured import Measured, Work
from rules.durable_engine import DurableMatcher
from rules.facts import Facts

BATCH = 500
COMPILING = "compiling"


def sales_channel(work: Work) -> Iterator[Measured]:
    """Ours, from facts to keys of rules, in batches as repricing does it."""
    parsed = document(work.rules)
    catalogue, others = list(map(facts, work.catalogue)), list(map(facts, work.others))
    gc.freeze()
    started = time.process_time()
    matcher = DurableMatcher(parsed)
    yield Measured(COMPILING, time.process_time() - started, 1)
    with matcher:
        for name in ("sales-channel, cold", "sales-channel, the same again"):
            seconds, found = _in_batches(matcher, catalogue)
            yield Measured(name, seconds, len(catalogue), found)
        seconds, _ = _in_batches(matcher, others[len(others) // 2 :])
        yield Measured("sales-channel, new listings, warm", seconds, len(others) - len(others) // 2)
        few = others[:2000]
        seconds, _ = _in_batches(matcher, few, size=1)
        yield Measured("sales-channel, a new listing alone, warm", seconds, len(few))
        yield from _coded(matcher, catalogue)
    with DurableMatcher(parsed) as matcher:
        seconds, _ = _in_batches(matcher, few, size=1)
        yield Measured("sales-channel, a new listing alone, cold", seconds, len(few))


def _coded(matcher: DurableMatcher, catalogue: list[Facts]) -> Iterator[Measured]:
    """Where the time of a warm catalogue goes: to turning facts to codes, or to finding the answers."""
    rows = matcher._encoder.rows(catalogue)  # noqa: SLF001 - looked at, not used
    started = time.process_time()
    found = list(map(matcher._known.__getitem__, rows))  # noqa: SLF001
    yield Measured(
        "(of which finding answers by codes)",
        time.process_time() - started,
        len(found),
        _numbers(found),
    )


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
