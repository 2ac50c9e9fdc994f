"""`rules check` and `rules apply`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import ACTOR, console, errors, open_session, run, the_store
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
    """Read rule documents and say what is wrong with them, line by line, changing nothing."""
    sound = [_is_sound(file) for file in files]
    if not all(sound):
        raise typer.Exit(1)


@app.command()
def apply(
    files: Files,
    store: Annotated[str | None, typer.Option(help="Store, where there are several.")] = None,
) -> None:
    """Publish rule documents for a store; every listing is decided again under them.

    Nothing is published unless all the files are sound. Applying what is in force already changes nothing.
    """
    sound = [_is_sound(file) for file in files]
    if not all(sound):
        errors.print("Nothing was published.")
        raise typer.Exit(1)
    sources = {file.name: file.read_text(encoding="utf-8") for file in files}

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            for name, source in sources.items():
                told = await publish_document(runtime, chosen.id, source)
                console.print(f"{name}: {told}", highlight=False)

    run(main)


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
