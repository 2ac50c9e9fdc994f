"""JSON Schema of single values, as wide as the parser reads them: quoted or not."""

from collections.abc import Iterable
from typing import Any

from rules.adjustment_reader import DURATION
from rules.reader import MAX_TEXT

Schema = dict[str, Any]

NUMBER = r"^\s*[+-]?[0-9]{1,19}(\.[0-9]{1,9})?\s*$"
POSITIVE = r"^\s*\+?[0-9]{1,19}(\.[0-9]{1,9})?\s*$"
PERCENT = r"^\s*\+?[0-9]{1,19}(\.[0-9]{1,9})?%\s*$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_NOT_BLANK = r"\S"


def object_of(
    fields: dict[str, Schema],
    required: Iterable[str],
    *,
    title: str | None = None,
    description: str | None = None,
    least: int = 0,
) -> Schema:
    """A mapping with these keys and no others."""
    found: Schema = {"type": "object"}
    if title:
        found["title"] = title
    if description:
        found["description"] = description
    if least:
        found["minProperties"] = least
    found |= {"properties": fields, "additionalProperties": False}
    if required := list(required):
        found["required"] = required
    return found


def enum(words: Iterable[str], description: str) -> Schema:
    """One of a few words."""
    return {"description": description, "enum": [str(word) for word in words]}


def text(description: str, longest: int = MAX_TEXT) -> Schema:
    """A text; numbers and truths without quotes are read as they are written."""
    return {
        "description": description,
        "type": ["string", "number", "boolean"],
        "pattern": _NOT_BLANK,
        "maxLength": longest,
    }


def matching(pattern: str, description: str, example: str) -> Schema:
    """A text of a certain form."""
    return {
        "description": description,
        "type": "string",
        "pattern": pattern,
        "examples": [example],
    }


def flag(description: str) -> Schema:
    """True or false."""
    words = [True, False, "true", "false", "True", "False", "TRUE", "FALSE"]
    return {"description": description, "enum": words}


def number(description: str) -> Schema:
    """A number of any sign."""
    return {"description": description, "type": ["number", "string"], "pattern": NUMBER}


def amount(description: str) -> Schema:
    """An amount of money above zero; in quotes it keeps its decimals."""
    return {
        "description": description,
        "type": ["number", "string"],
        "pattern": POSITIVE,
        "exclusiveMinimum": 0,
        "examples": ["19.99"],
    }


def percentage(description: str) -> Schema:
    """A percentage above zero."""
    return matching(PERCENT, description, "15%")


def size(description: str) -> Schema:
    """A percentage or an amount."""
    return {
        "description": description,
        "type": ["number", "string"],
        "pattern": f"{POSITIVE}|{PERCENT}",
        "exclusiveMinimum": 0,
        "examples": ["10%", "2.00"],
    }


def whole(description: str, least: int, most: int) -> Schema:
    """A whole number between two others."""
    return {
        "description": description,
        "type": ["integer", "string"],
        "pattern": r"^\s*\+?[0-9]{1,19}(\.0{1,9})?\s*$",
        "minimum": least,
        "maximum": most,
    }


def duration(description: str) -> Schema:
    """Minutes, hours or days."""
    return matching(rf"^\s*{DURATION.pattern}\s*$", description, "30m")
