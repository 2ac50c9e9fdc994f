"""Rules as one Python function, generated: the reference of the benchmark, and one of its contenders."""

from collections.abc import Callable
from typing import Any

from bench.workload import SOMETIMES_MISSING, Group, Listing, Test, Tree


def python_function(rules: list[Tree]) -> Callable[[Listing], list[int]]:
    """A function that gives the numbers of the rules that match a listing."""
    facts = sorted({fact for tree in rules for fact in _facts(tree)})
    lines = ["def matching(listing):", " get = listing.get", " found = []"]
    lines += [f" {fact} = get({fact!r})" for fact in facts]
    lines += [f" if {_text(tree)}: found.append({index})" for index, tree in enumerate(rules)]
    names: dict[str, Any] = {}
    exec("\n".join([*lines, " return found"]), names)  # noqa: S102 - of our own making
    function: Callable[[Listing], list[int]] = names["matching"]
    return function


def _facts(tree: Tree) -> set[str]:
    return (
        {tree.fact} if isinstance(tree, Test) else {f for part in tree.parts for f in _facts(part)}
    )


def _text(tree: Tree) -> str:
    if isinstance(tree, Group):
        return f"({(' and ' if tree.joins == 'all' else ' or ').join(map(_text, tree.parts))})"
    match tree.operator:
        case "missing":
            return f"{tree.fact} is None"
        case "eq":
            return f"{tree.fact} == {tree.value!r}"
        case "in":
            return f"{tree.fact} in {tree.value!r}"
    compared = f"{tree.fact} {'>=' if tree.operator == 'gte' else '<'} {tree.value}"
    return (
        f"({tree.fact} is not None and {compared})" if tree.fact in SOMETIMES_MISSING else compared
    )
