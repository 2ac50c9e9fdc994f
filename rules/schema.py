"""The JSON Schema of rule documents, for editors: `python -m rules.schema` writes docs/rules.schema.json.

It is made of the tables by which documents are read, so that it cannot fall behind them. What a schema cannot
say, such as that a rule ends before it starts, the parser alone says.
"""

import json
import sys
from typing import Any

from domain.ruleset import RulesetKind
from domain.run import RunLimit
from rules.document import DOCUMENT_FIELDS
from rules.guardrail_reader import FROM_LISTINGS, MOST_LISTINGS
from rules.guardrails import DEFAULT_FROM_LISTINGS, LIMITS, PriceLimit
from rules.schema_actions import bodies, shape
from rules.schema_conditions import definitions as condition_definitions
from rules.schema_values import amount, enum, object_of, percentage, text, whole

FILE = "docs/rules.schema.json"

Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of a document of any kind."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of a sales channel",
        "description": "Which products are listed, at what price, or which runs of prices are held.",
        "type": "object",
        "required": ["kind", "name"],
        "properties": {"kind": enum([each.lower() for each in RulesetKind], "What it decides.")},
        "oneOf": [_document(kind) for kind in RulesetKind],
        "$defs": condition_definitions(),
    }


def text_of_schema() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _document(kind: RulesetKind) -> Schema:
    known = {
        "kind": {"const": kind.lower()},
        "name": text("What people call these rules."),
        "rules": {
            "type": "array",
            "description": "The rules, in the order in which equals run.",
            "maxItems": 2000,
            "items": bodies(kind),
        },
        "limits": _limits(),
        **shape(),
    }
    fields = DOCUMENT_FIELDS[kind]
    required = [key for key in fields if key in {"kind", "name", "rules", "limits"}]
    return object_of({key: known[key] for key in fields}, required, title=f"{kind.capitalize()}")


_LIMITS = {
    PriceLimit.MINIMUM_PRICE: amount("No price is lower, in marketplace currency."),
    PriceLimit.LARGEST_STEP: percentage("No price moves by more, up or down."),
    RunLimit.CHANGED_SHARE: percentage("No larger share of the catalogue changes at once."),
    RunLimit.TOTAL_FALL: percentage(
        "All prices that change do not fall by more, taken together; 30% where it is left out."
    ),
    RunLimit.MEDIAN_FALL: percentage(
        "Half of the prices that change do not fall by more; 30% where it is left out."
    ),
    RunLimit.BELOW_COST: whole("Not more prices than so many are below cost.", 0, MOST_LISTINGS),
}


def _limits() -> Schema:
    least = f"Share, total and median are judged from so many changes on; {DEFAULT_FROM_LISTINGS} where it is left out."
    fields = {**{str(key): each for key, each in _LIMITS.items()}}
    fields[FROM_LISTINGS] = whole(least, 1, MOST_LISTINGS)
    return {
        **object_of(fields, [], description="What a whole run must keep; at least one limit."),
        "anyOf": [{"required": [key]} for key in LIMITS],
    }


def main(arguments: list[str]) -> int:
    """Write the file, from the project's folder; with `--check`, say whether it is as it should be."""
    wanted = text_of_schema()
    if arguments != ["--check"]:
        with open(FILE, "w", encoding="utf-8") as file:  # noqa: PTH123 - rules know no paths
            file.write(wanted)
        return 0
    with open(FILE, encoding="utf-8") as file:  # noqa: PTH123 - rules know no paths
        if file.read() == wanted:
            return 0
    sys.stderr.write(f"{FILE} is not up to date; run python -m rules.schema\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
