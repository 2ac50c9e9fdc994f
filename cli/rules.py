"""`rules check`, and reading the files of all commands on rules."""

from pathlib import Path
from typing import Annotated

import typer

from cli.findings import tell_findings
from cli.session import ACTOR, console, errors
from domain.ruleset import RulesetStatus
from rules.document import DocumentInvalid, parse
from services import rulesets
from services.runtime import Runtime

app = typer.Typer(
    help="Rules as documents: which products are listed, and at what price.",
    no_args_is_help=True,
)

Files = Annotated[
    list[Path], typer.Argument(help="Rule documents (YAML or JSON).", exists=True, dir_okay=False)
]


@app.command()
def check(files: Files) -> None:
    """Read rule documents and say what is wrong with them, line by line, changing nothing.

    Of sound documents it tells rules that never run, contradict each other or leave prices without bounds.
    """
    sound = {file: _is_sound(file) for file in files}
    for file in (file for file, is_sound in sound.items() if is_sound):
        tell_findings(str(file), file.read_text(encoding="utf-8"))
    if not all(sound.values()):
        raise typer.Exit(1)


def sources_of(files: list[Path], consequence: str = "") -> dict[str, str]:
    """The texts of rule documents by path; where one has mistakes, they are told and the command ends."""
    sound = [_is_sound(file) for file in files]
    if not all(sound):
        if consequence:
            errors.print(consequence)
        raise typer.Exit(1)
    return {str(file): file.read_text(encoding="utf-8") for file in files}


async def publish_document(runtime: Runtime, store_id: str, source: str) -> str:
    """Publish one document; gives what came of it, in words."""
    scope = runtime.scope(runtime.settings.merchant)
    draft = await rulesets.create(runtime, scope, store_id, source, author=ACTOR)
    told = f"{draft.kind.lower()} rules version {draft.version}"
    if draft.status is RulesetStatus.PUBLISHED:
        return f"{told} is in force already."
    await rulesets.publish(runtime, scope, draft.id, actor=ACTOR)
    return f"{told} is in force now."


def _is_sound(file: Path) -> bool:
    try:
        document = parse(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        errors.print(f"[red]{file}[/red]: not UTF-8 text")
        return False
    except DocumentInvalid as invalid:
        for error in invalid.errors:
            place = f"{file}:{error.line}:{error.column}"
            errors.print(f"{place}: {error.message}", highlight=False, markup=False)
        return False
    count = len(document.rules)
    console.print(f"{file}: {count} {document.kind.lower()} rule{'s' * (count != 1)}, sound")
    return True
