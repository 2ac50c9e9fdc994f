"""The rules of a pricing vector as the document that a merchant would write."""

import json
from typing import Any

_GROUPS = {
    ("all", True): "all",
    ("any", True): "any",
    ("all", False): "none",
    ("any", False): "notAll",
}
_OPERATORS = {
    "==": "eq",
    "!=": "ne",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "{}": "contains",
    "!{}": "notContains",
    "()": "in",
    "!()": "notIn",
}
_CATEGORY_OPERATORS = {**_OPERATORS, "==": "contains", "!=": "notContains"}
"""A product can be in several categories, so that being one means having it."""
_MODES = {"all": "all", "matching_only": "matchingOnly", "apply_variance": "variance"}
_BOUND_ALONE = {
    "type": "intelligent",
    "active": True,
    "priority": 1,
    "competitor": {"source": "buy_box"},
    "action": "match",
}
"""What a rule needs besides the bounds, for vectors that ask for a bound without writing a rule."""


def document_of(vector: dict[str, Any]) -> str | None:
    """The document as JSON, which is YAML too; None where there are no rules."""
    rules = vector["rules"]
    if not rules and vector["kind"] in {"floor", "ceiling"}:
        named = {"source": f"{vector['kind']}_attr", "action": "match"}
        rules = [{**_BOUND_ALONE, vector["kind"]: named}]
    if not rules:
        return None
    written = [_rule(f"rule-{index}", rule) for index, rule in enumerate(rules)]
    return json.dumps({"kind": "pricing", "name": "Vector", "rules": written})


def _rule(key: str, rule: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"key": key, "type": rule["type"], "active": rule["active"]}
    written |= {name: rule[name] for name in ("from", "to", "priority") if rule.get(name)}
    if rule.get("discard_subsequent") and rule["priority"] is not None:
        written["stop"] = True
    if rule.get("conditions") and rule["conditions"]["conditions"]:
        written["when"] = _condition(rule["conditions"])
    written["adjust"] = _adjust(rule)
    if rule["type"] == "intelligent":
        written["competitor"] = _competitor(rule["competitor"])
        written["floor"] = _bound(rule.get("floor") or {"source": "price", "action": "match"})
        if rule.get("ceiling"):
            written["ceiling"] = _bound(rule["ceiling"])
    return written


def _adjust(rule: dict[str, Any]) -> Any:
    if rule["action"] == "match":
        return "match"
    sign = "%" if rule["apply"] == "percent" else ""
    return {rule["action"]: f"{rule['amount']}{sign}"}


def _bound(bound: dict[str, Any]) -> dict[str, Any]:
    change = {} if bound["action"] == "match" else {bound["action"]: f"{bound['percent']}%"}
    return {"source": bound["source"], **change}


def _competitor(competitor: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"source": competitor["source"].replace("buy_box", "buyBox")}
    if competitor["source"] == "lowest":
        written["minFeedbackRating"] = competitor.get("min_positive_feedback", 0)
        written["minFeedbackCount"] = competitor.get("min_feedback_count", 0)
    variance = competitor.get("variance", {"mode": "all"})
    written["conditions"] = {"mode": _MODES[variance["mode"]]}
    if variance.get("percents"):
        written["conditions"]["percents"] = variance["percents"]
    return written


def _condition(condition: dict[str, Any]) -> dict[str, Any]:
    if "aggregator" in condition:
        word = _GROUPS[condition["aggregator"], condition["value"]]
        return {word: [_condition(each) for each in condition["conditions"]]}
    attribute, sign, value = condition["attribute"], condition["operator"], condition["value"]
    if attribute == "category_ids":
        return {"fact": "category", _CATEGORY_OPERATORS[sign]: value}
    fact = attribute if attribute in {"sku", "price"} else f"attribute.{attribute}"
    return {"fact": fact, _OPERATORS[sign]: value}
