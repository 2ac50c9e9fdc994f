"""json-rules-engine, in a process of node."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.measured import Measured, Work
from bench.workload import Group, Tree

_SCRIPT = Path(__file__).parent / "node" / "match.js"
_OPERATORS = {
    "eq": "equal",
    "in": "in",
    "gte": "greaterThanInclusive",
    "lt": "lessThan",
    "missing": "missing",
}
_LISTINGS = 1000
"""It is slow, and takes the same time for each."""


def json_rules_engine(work: Work) -> Iterator[Measured]:
    """One engine, run for each listing."""
    rules = [
        _conditions(tree if isinstance(tree, Group) else Group("all", (tree,)))
        for tree in work.rules
    ]
    asked = json.dumps({"rules": rules, "listings": work.catalogue[:_LISTINGS]})
    answered = subprocess.run(  # noqa: S603
        ["node", str(_SCRIPT)],  # noqa: S607 - whichever node there is
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(answered.stdout)
    yield Measured("json-rules-engine, on node", result["seconds"], _LISTINGS, result["found"])


def _conditions(tree: Tree) -> dict[str, object]:
    if isinstance(tree, Group):
        return {tree.joins: list(map(_conditions, tree.parts))}
    return {"fact": tree.fact, "operator": _OPERATORS[tree.operator], "value": tree.value}
