"""The page at /graphql: GraphiQL with tabs of example queries, and a plain form where its scripts cannot be loaded."""

from functools import cache
from pathlib import Path

import orjson

_FOLDER = Path(__file__).parent / "graphiql"


@cache
def examples() -> list[dict[str, str]]:
    """The example operations in the order of their file names, each with its title, query and variables."""
    return [
        {
            "title": file.stem.partition("-")[2].replace("-", " "),
            "query": file.read_text(),
            "variables": _beside(file),
        }
        for file in sorted(_FOLDER.glob("*.graphql"))
    ]


@cache
def page() -> str:
    """The page's HTML."""
    # A script element ends at the first "</" whatever language it holds.
    tabs = orjson.dumps(examples()).decode().replace("</", "<\\/")
    return (_FOLDER / "index.html").read_text().replace("/*EXAMPLES*/[]", tabs)


def _beside(file: Path) -> str:
    variables = file.with_suffix(".json")
    return variables.read_text() if variables.exists() else ""
