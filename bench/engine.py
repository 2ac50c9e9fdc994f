"""The benchmark of the rule engine: `python -m bench.engine`, or `make bench`.

Every contender runs in a process of its own, one after another, round after round, so that what else the machine
does falls on all of them alike. Times are CPU times; what is printed are medians, and ratios within a round.
"""

import argparse
import gc
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.columns import numpy_columns
from bench.measured import Contender, Work
from bench.node_engine import json_rules_engine
from bench.ours import COMPILING, sales_channel
from bench.peers import ZEN, ZEN_FROM_FACTS, durable_host, generated_python, zen
from bench.python_rules import python_function
from bench.workload import listings, rules

_CONTENDERS: dict[str, Contender] = {
    "sales-channel": sales_channel,
    "zen": zen,
    "durable-host": durable_host,
    "python": generated_python,
    "numpy": numpy_columns,
    "json-rules-engine": json_rules_engine,
}
_YARDSTICKS = (ZEN, ZEN_FROM_FACTS)
_NODE_MODULES = Path(__file__).parent / "node" / "node_modules"

_Round = dict[str, float]
"""Microseconds for a listing, by what was measured."""


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=_CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(_measured(options.only, options.seed, options.rules[0], options.listings)))
        return
    names = [name for name in _CONTENDERS if _is_there(name)]
    for count in options.rules:
        rounds = [
            _round(names, options.seed, count, options.listings) for _ in range(options.rounds)
        ]
        _print_table(rounds, count, options.listings)


def _is_there(name: str) -> bool:
    if name != "json-rules-engine" or (shutil.which("node") and _NODE_MODULES.is_dir()):
        return True
    print("json-rules-engine is left out: node, npm or its package is missing.")
    return False


def _round(names: list[str], seed: int, count: int, size: int) -> _Round:
    """Every contender once, in a process of its own."""
    found: _Round = {}
    for name in names:
        command = [sys.executable, "-m", "bench.engine", "--only", name, "--seed", str(seed)]
        command += ["--rules", str(count), "--listings", str(size)]
        answered = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
        found |= json.loads(answered.stdout)
    return found


def _measured(name: str, seed: int, count: int, size: int) -> _Round:
    """What a contender takes; its matches must be those of the generated function."""
    work = Work(rules(seed, count), listings(seed, size), listings(seed + 1, size))
    expected = list(map(python_function(work.rules), work.catalogue))
    contender = _CONTENDERS[name]
    for _ in contender(replace(work, catalogue=work.others)):
        pass  # a worker lives long: nobody's time has the first steps of a process in it
    gc.collect()
    gc.freeze()  # what the benchmark itself holds is not walked through in anybody's time
    found: _Round = {}
    for each in contender(work):
        if each.matches is not None and each.matches != expected[: len(each.matches)]:
            sys.exit(f"{each.name}: other matches than the generated function finds")
        found[each.name] = each.seconds / each.listings * 1e6
    return found


def _print_table(rounds: list[_Round], count: int, size: int) -> None:
    print(f"\n{count} rules, {size} listings, {len(rounds)} rounds: medians")
    print("\nTimes faster than zen: (1) that gets listings in its own form, (2) that gets facts\n")
    print(f"| {'':39} | us a listing | listings/s |   (1) |   (2) |")
    print(f"| {'-' * 39} | -----------: | ---------: | ----: | ----: |")
    for name in rounds[0]:
        if name == COMPILING:
            continue
        middle = median(each[name] for each in rounds)
        ready, from_facts = (
            median(each[yardstick] / each[name] for each in rounds) for yardstick in _YARDSTICKS
        )
        print(
            f"| {name:39} | {middle:12.2f} | {1e6 / middle:10,.0f} | {ready:5.1f} | {from_facts:5.1f} |"
        )
    compiling = median(each[COMPILING] for each in rounds)
    print(f"\nCompiling the rules: {compiling / 1000:.0f} ms")


if __name__ == "__main__":
    main()
