"""The reference of the API in docs/api, made of the schema: `python -m graphql_api.reference`, a part of `make schema`.

A page for each noun, with its queries, mutations, subscriptions and the types that only it uses; one for what several
use; and one with what holds for all: errors, limits, costs. With ``--check`` it fails when the pages differ.
"""

import sys
from pathlib import Path

from graphql import GraphQLSchema

from graphql_api.reference_pages import Pages
from graphql_api.reference_rules import rules
from graphql_api.reference_types import noun_page, shared_page
from graphql_api.schema import SCHEMA

FOLDER = Path(__file__).parents[1] / "docs" / "api"


def reference(schema: GraphQLSchema) -> dict[str, str]:
    """The text of each file, by its name."""
    pages = Pages(schema)
    told = {f"{page}.md": noun_page(pages, page) for page in pages.nouns}
    return {"README.md": rules(pages), "shared.md": shared_page(pages), **told}


def main(arguments: list[str]) -> int:
    """The command; gives the exit status."""
    wanted = reference(SCHEMA._schema)  # noqa: SLF001 - graphql-core's own, which has the descriptions
    there = {file.name: file.read_text() for file in FOLDER.glob("*.md")}
    if "--check" not in arguments:
        FOLDER.mkdir(exist_ok=True)
        for name in there.keys() - wanted.keys():
            (FOLDER / name).unlink()
        for name, text in wanted.items():
            (FOLDER / name).write_text(text)
        return 0
    stale = sorted(
        name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)
    )
    if stale:
        sys.stderr.write(
            f"docs/api: {', '.join(stale)} not what the code says; run `make schema`.\n"
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
