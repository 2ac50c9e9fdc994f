"""Decisions as lines: the price and, after it, what was done, which rules matched and what was known."""

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


def _matched(row: Row) -> Iterator[Json]:
    for rule in (*row["listing_rules"], *row["rules"]):
        yield {
            "ruleKey": rule["rule_key"],
            "priority": rule["priority"],
            "isApplied": rule["applied"],
            "note": rule["note"],
        }


def _facts(row: Row) -> Iterator[Json]:
    for fact in row["facts"]:
        value = fact["value"]
        yield {
            "name": fact["name"],
            "value": ", ".join(value) if isinstance(value, list) else value,
        }


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
        "matchedRules": Children("rules", "MatchedRule", _matched, others=("listing_rules",)),
        "facts": Children("facts", "Fact", _facts),
        "inputsHash": plain("inputs_hash"),
        "decidedAt": moment_at("decided_at"),
        "run": reference("run_id", Kind.RUN),
    },
    batch=200,
)
