"""`rules check`, and what all commands on rules share."""

from pathlib import Path
from typing import Annotated

import typer

from cli.documents import Written, read_documents
from cli.findings import tell_findings
from cli.session import ACTOR, console
from domain.ruleset import RulesetKind, RulesetStatus
from services import rulesets
from services.runtime import Runtime

app = typer.Typer(
    help="Rules as documents: which products are listed, and at what price.",
    no_args_is_help=True,
)

Files = Annotated[
    list[Path],
    typer.Argument(
        help="Rule documents (YAML or JSON); a file can hold several, divided by lines of ---.",
        exists=True,
        dir_okay=False,
    ),
]


@app.command()
def check(files: Files) -> None:
    """Read rule documents and say what is wrong with them, line by line, changing nothing.

    Of sound documents it tells rules that never run, contradict each other or leave prices without bounds.
    """
    documents = read_documents(files)
    for written in documents:
        console.print(f"{written.file}: {_told(written)}, sound", highlight=False, soft_wrap=True)
    for written in documents:
        tell_findings(written)


async def publish_document(runtime: Runtime, store_id: str, source: str) -> str:
    """Publish one document; gives what came of it, in words."""
    scope = runtime.scope(runtime.settings.merchant)
    draft = await rulesets.create(runtime, scope, store_id, source, author=ACTOR)
    told = f"{draft.kind.lower()} rules version {draft.version}"
    if draft.status is RulesetStatus.PUBLISHED:
        return f"{told} is in force already."
    await rulesets.publish(runtime, scope, draft.id, actor=ACTOR)
    return f"{told} is in force now."


def _told(written: Written) -> str:
    document = written.document
    if document.kind is RulesetKind.GUARDRAILS:
        return "guard-rails"
    count = len(document.rules)
    return f"{count} {document.kind.lower()} rule{'s' * (count != 1)}"
