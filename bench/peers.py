"""Other engines in Python: GoRules' zen, durable_rules as its manual has it, and generated Python."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator

from bench.document import facts, plain
from bench.measured import Measured, Work
from bench.python_rules import python_function
from bench.workload import SOMETIMES_MISSING, Group, Tree

ZEN = "zen"
ZEN_FROM_FACTS = "zen, from the product's facts"


def zen(work: Work) -> Iterator[Measured]:
    """GoRules' engine: one compiled expression that gives the truth of every rule."""
    from zen import compile_expression  # noqa: PLC0415 - installed for the benchmark only

    expression = compile_expression(f"[{', '.join(map(_zen_text, work.rules))}]")
    started = time.process_time()
    found = [
        [index for index, holds in enumerate(expression.evaluate(listing)) if holds]
        for listing in work.catalogue
    ]
    yield Measured(ZEN, time.process_time() - started, len(found), found)
    known = list(map(facts, work.catalogue))
    started = time.process_time()
    found = [
        [index for index, holds in enumerate(expression.evaluate(plain(each))) if holds]
        for each in known
    ]
    yield Measured(ZEN_FROM_FACTS, time.process_time() - started, len(found), found)


def _zen_text(tree: Tree) -> str:
    if isinstance(tree, Group):
        joint = " and " if tree.joins == "all" else " or "
        return f"({joint.join(map(_zen_text, tree.parts))})"
    match tree.operator:
        case "missing":
            return f"{tree.fact} == null"
        case "eq":
            return f"{tree.fact} == {json.dumps(tree.value)}"
        case "in":
            return f"{tree.fact} in {json.dumps(tree.value)}"
    compared = f"{tree.fact} {'>=' if tree.operator == 'gte' else '<'} {tree.value}"
    return f"({tree.fact} != null and {compared})" if tree.fact in SOMETIMES_MISSING else compared


def durable_host(work: Work) -> Iterator[Measured]:
    """durable_rules as its manual has it: a host, one fact after another, a function for each rule."""
    from durable.engine import Host, MessageNotHandledException  # noqa: PLC0415

    met: list[int] = []

    def consequent(index: int) -> Callable[[object], None]:
        return lambda _: met.append(index)

    host = Host(
        {
            "rules": {
                f"r{index}": {"all": [{"m": _durable(tree)}], "run": consequent(index)}
                for index, tree in enumerate(work.rules)
            }
        }
    )
    few = work.catalogue[:4000]
    found = []
    started = time.process_time()
    for index, listing in enumerate(few):
        fact = {**listing, "id": index}
        with contextlib.suppress(MessageNotHandledException):
            host.assert_fact("rules", fact)
        host.retract_fact("rules", fact)
        found.append(sorted(set(met)))
        met.clear()
    yield Measured("durable_rules, its own host", time.process_time() - started, len(few), found)


def _durable(tree: Tree) -> dict[str, object]:
    if isinstance(tree, Group):
        return {"$and" if tree.joins == "all" else "$or": list(map(_durable, tree.parts))}
    match tree.operator:
        case "missing":
            return {"$nex": {tree.fact: 1}}
        case "eq":
            return {tree.fact: tree.value}
        case "in":
            values = tree.value if isinstance(tree.value, tuple) else (tree.value,)
            return {"$or": [{tree.fact: value} for value in values]}
    return {f"${tree.operator}": {tree.fact: tree.value}}


def generated_python(work: Work) -> Iterator[Measured]:
    """One Python function written for these rules: what an engine saves or costs against no engine."""
    function = python_function(work.rules)
    started = time.process_time()
    found = [function(listing) for listing in work.catalogue]
    yield Measured("generated Python", time.process_time() - started, len(found), found)
