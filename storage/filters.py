"""Conditions on documents, as the API's filters and the services state them, made into Mongo queries."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.mongo import to_field

_OPERATORS = {
    "eq": "$eq",
    "in": "$in",
    "not_in": "$nin",
    "gt": "$gt",
    "gte": "$gte",
    "lt": "$lt",
    "lte": "$lte",
}


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "in": lambda value, others: value in others,
    "not_in": lambda value, others: value not in others,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "prefix": str.startswith,
}


@dataclass(frozen=True, slots=True)
class Is:
    """A field compared with a value: eq, in, not_in, gt, gte, lt, lte or prefix."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; without parts everything does."""

    parts: tuple["Where", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; without parts nothing does."""

    parts: tuple["Where", ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """The part does not hold."""

    part: "Where"


Where = Is | AllOf | AnyOf | NotOf

EVERYTHING = AllOf()


def to_query(where: Where) -> Mapping[str, Any]:
    """The Mongo filter of a condition."""
    match where:
        case Is(field, "prefix", value):
            return {field: {"$regex": f"^{re.escape(value)}"}}
        case Is(field, operator, value):
            return {field: {_OPERATORS[operator]: to_field(value)}}
        case NotOf(part):
            return {"$nor": [to_query(part)]}
        case AllOf(parts):
            return {"$and": [to_query(part) for part in parts]} if parts else {}
        case AnyOf(parts):
            # Mongo refuses an empty $or; nothing has an id out of an empty list.
            return {"$or": [to_query(part) for part in parts]} if parts else {"_id": {"$in": []}}


def matches(where: Where, row: object) -> bool:
    """Whether a condition holds for a domain value, as the query would find it; for fields that are no lists."""
    match where:
        case Is(field, comparison, value):
            own = getattr(row, "id" if field == "_id" else field)
            if own is None and comparison not in {"eq", "in", "not_in"}:
                return False  # nothing is before or after null
            return _COMPARED[comparison](own, value)
        case NotOf(part):
            return not matches(part, row)
        case AllOf(parts):
            return all(matches(part, row) for part in parts)
        case AnyOf(parts):
            return any(matches(part, row) for part in parts)
