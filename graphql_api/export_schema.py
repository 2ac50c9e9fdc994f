"""Writes schema.graphql, or with ``--check`` fails when it is not what the code says."""

import sys
from pathlib import Path

from graphql_api.schema import SCHEMA

FILE = Path(__file__).parents[1] / "schema.graphql"


def main(arguments: list[str]) -> int:
    """The command; gives the exit status."""
    text = f"{SCHEMA.as_str()}\n"
    if "--check" in arguments:
        if FILE.exists() and FILE.read_text() == text:
            return 0
        sys.stderr.write(f"{FILE.name} is not what the code says; run `make schema`.\n")
        return 1
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
