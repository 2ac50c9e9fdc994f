"""Does memory stay flat? `python -m bench.soak`, or `make soak`: a million listings, a thousand replaced rule sets.

Prints the resident memory as it goes; ends with an error where the second half of either took more than a little.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.document import document, facts
from bench.workload import listings, rules
from rules.durable_engine import DurableMatcher

_BATCH = 500
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ALLOWED_MB = 20
"""Growth from half-way to the end that is still called flat; a leak of 1 % of what passes would be far more."""


def main() -> None:
    """Run both halves of the soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=1_000_000)
    parser.add_argument("--replacements", type=int, default=1000)
    options = parser.parse_args()
    _watch("listings", _listings(options.listings), options.listings)
    _watch("replaced rule sets", _replacements(options.replacements), options.replacements)


def _watch(what: str, steps: Iterator[int], total: int) -> None:
    """Print the memory ten times on the way."""
    seen: list[float] = []
    for done in steps:
        if done >= total * (len(seen) + 1) // 10:
            seen.append(_resident_mb())
            print(f"{done:9,} {what}: {seen[-1]:.0f} MB", flush=True)
    growth = seen[-1] - max(seen[: len(seen) // 2])
    print(f"{what}: {growth:+.1f} MB in the second half")
    if growth > _ALLOWED_MB:
        sys.exit(1)


def _listings(total: int) -> Iterator[int]:
    """One matcher of 200 rules, and listings none of which comes twice."""
    with DurableMatcher(document(rules(1, 200))) as matcher:
        for done in range(0, total, _BATCH):
            matcher.match(list(map(facts, listings(done, _BATCH))))
            yield done + _BATCH


def _replacements(total: int) -> Iterator[int]:
    """A matcher of 50 rules after another, each of other rules and asked about a few listings."""
    few = list(map(facts, listings(1, 200)))
    for done in range(total):
        with DurableMatcher(document(rules(done, 50))) as matcher:
            matcher.match(few)
        yield done + 1


def _resident_mb() -> float:
    """Memory of this process now, not at its peak."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


if __name__ == "__main__":
    main()
