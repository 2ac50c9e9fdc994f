"""Decisions as lines: the price and, after it, what was done, which rules were asked and what was known."""

from collections.abc import Iterator, Sequence

from domain.global_id import Kind
from services.lines.columns import (
    Children,
    Column,
    Json,
    Row,
    amount,
    business_of,
    mapped,
    maybe_money,
    moment_at,
    plain,
    reference,
)
from services.lines.shape import Shape
from storage.decisions import DECISIONS


def _trace(row: Row) -> Iterator[Json]:
    for step in row["trace"]:
        yield {
            "step": step["step"],
            "note": step["note"],
            "before": maybe_money(step["before"]),
            "after": maybe_money(step["after"]),
            "ruleKey": step.get("rule_key"),
        }


def _rules(row: Row) -> Iterator[Json]:
    for rule in row["rules"]:
        tree = rule["conditions"]
        yield {
            "ruleKey": rule["rule_key"],
            "priority": rule["priority"],
            "isMatched": tree is None or tree["holds"],
            "isApplied": rule["applied"],
            "note": rule["note"],
            "conditions": [] if tree is None else list(_flat(tree, "", 0)),
        }


_OPERATORS = {"notIn": "NOT_IN", "notContains": "NOT_CONTAINS"}


def _flat(tree: Row, path: str, depth: int) -> Iterator[Json]:
    """A tree of conditions in one list, each group before what is in it."""
    yield {
        "path": path,
        "depth": depth,
        "operator": _OPERATORS.get(tree["operator"], tree["operator"].upper()),
        "holds": tree["holds"],
        "fact": tree["fact"],
        "expected": tree["expected"],
        "actual": tree["actual"],
    }
    before = f"{path}." if path else ""
    for position, child in enumerate(tree["children"]):
        yield from _flat(child, f"{before}{position}", depth + 1)


def _facts(row: Row) -> Iterator[Json]:
    for fact in row["facts"]:
        yield {"name": fact["name"], "value": fact["value"]}


def _bounds() -> Column:
    def values(rows: Sequence[Row]) -> Iterator[Json]:
        for row in rows:
            floor, ceiling = row.get("floor"), row.get("ceiling")
            yield {"floor": maybe_money(floor), "ceiling": maybe_money(ceiling)}

    return Column(("floor", "ceiling"), values)


LINES = Shape(
    Kind.DECISION,
    DECISIONS.name,
    {
        "listing": reference("listing_id", Kind.LISTING),
        "ruleset": reference("ruleset_id", Kind.RULESET),
        "trigger": plain("trigger"),
        "outcome": plain("outcome"),
        "reason": plain("reason"),
        "before": amount("price_before"),
        "after": amount("price_after"),
        "businessPrice": mapped("business", business_of),
        "listPrice": amount("list_price"),
        "quantityAfter": plain("quantity_after"),
        "bounds": _bounds(),
        "trace": Children("trace", "TraceStep", _trace),
        "rules": Children("rules", "RuleVerdict", _rules),
        "facts": Children("facts", "Fact", _facts),
        "inputsHash": plain("inputs_hash"),
        "decidedAt": moment_at("decided_at"),
        "run": reference("run_id", Kind.RUN),
    },
    batch=200,
)
