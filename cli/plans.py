"""`rules plan`, `rules apply`, `rules history`, `rules diff` and `rules roll-back`: the effect before the act."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.documents import read_documents, require_currency
from cli.effects import summary, told
from cli.rules import Files
from cli.session import ACTOR, console, open_session, run, the_store
from domain.errors import NotFound, UserError
from domain.plan import Plan
from domain.ruleset import Ruleset, RulesetKind
from domain.store import Store
from services import plans, rulesets, simulation
from services.runtime import Runtime
from storage.filters import Is
from storage.keyset import Sort
from storage.mongo import Scope
from storage.rulesets import RULESETS, of_version, published

StoreName = Annotated[str | None, typer.Option("--store", help="Store, where there are several.")]
Kind = Annotated[
    RulesetKind,
    typer.Argument(help="Which rules: listing, pricing or guardrails.", case_sensitive=False),
]

Watch = Callable[[int, int | None], None]


def plan(files: Files, store: StoreName = None) -> None:
    """Work out what rule documents would do to the catalogue as it is now, changing nothing.

    `rules apply` with the same files then publishes exactly that.
    """
    documents = read_documents(files)

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            require_currency(documents, chosen.currency)
            await _shown(runtime, scope, chosen, [written.text for written in documents])
            names = " ".join(str(file) for file in files)
            console.print(
                f"Nothing was changed. To publish this: sales-channel rules apply {names}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )

    run(main)


def apply(
    files: Files,
    store: StoreName = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Publish without asking where no plan was made before.")
    ] = False,
    tolerance: Annotated[
        str, typer.Option(help="Per cent of what changes that may change otherwise than planned.")
    ] = f"{plans.TOLERANCE}",
) -> None:
    """Publish rule documents as planned, all of them or none; every listing is decided again under them.

    Takes the newest plan of these very files. Without one it makes it, shows it and asks. It refuses when other
    rules came into force since the plan was made, or when too much would now change otherwise. Applying what is in
    force already changes nothing.
    """
    refused = "Nothing was published."
    documents = read_documents(files, refused)
    texts = [written.text for written in documents]

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            require_currency(documents, chosen.currency, refused)
            if not await plans.is_in_force(scope, chosen.id, texts):
                found = await plans.newest(scope, chosen.id, texts)
                if found is None:
                    found = await _shown(runtime, scope, chosen, texts, awaits_answer=True)
                    _ask(is_answered=yes)
                elif found.effect:
                    made = f"{found.created_at:%Y-%m-%d %H:%M} UTC by {found.author}"
                    console.print(f"As planned on {made}: {summary(found.effect)}", highlight=False)
                with progress("Looking again") as watch:
                    rows = await plans.publish(
                        runtime,
                        scope,
                        found.id,
                        actor=ACTOR,
                        tolerance=_percent(tolerance),
                        watch=watch,
                    )
                new = {row.content_hash for row in rows}
                is_held = bool(rows and found.effect and found.effect.breaches)
            else:
                new, is_held = set(), False
            for document in plans.documents_of(texts):
                row = await published(scope, chosen.id, document.kind)
                assert row is not None
                file = next(each.file for each in documents if each.text == document.source)
                when = "now" if document.content_hash in new else "already"
                console.print(
                    f"{file.name}: {row.kind.lower()} rules version {row.version} is in force {when}.",
                    highlight=False,
                    soft_wrap=True,
                )
            if is_held:
                console.print("What the guard-rails hold: sales-channel runs list --held")

    run(main)


def history(store: StoreName = None) -> None:
    """List the versions of a store's rules, newest first."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            table = Table(
                "rules", "version", "status", "name", "author", "written", "in force from"
            )
            newest_first = Sort("_id", descending=True)
            where = Is("store_id", "eq", chosen.id)
            for row in await RULESETS.find(scope, where, sort=newest_first, limit=50):
                restores = f", brings back {row.restores}" if row.restores else ""
                table.add_row(
                    row.kind.lower(),
                    f"{row.version}{restores}",
                    row.status,
                    row.name,
                    row.author,
                    f"{row.created_at:%Y-%m-%d %H:%M}",
                    f"{row.published_at:%Y-%m-%d %H:%M}" if row.published_at else "",
                )
            console.print(table)

    run(main)


def diff(
    kind: Kind,
    before: Annotated[int, typer.Argument(help="A version.", min=1)],
    after: Annotated[int, typer.Argument(help="Another version.", min=1)],
    store: StoreName = None,
    effect: Annotated[
        bool, typer.Option("--effect", help="Show what it means for the catalogue as it is now.")
    ] = False,
) -> None:
    """Compare two versions of rules, as text or by what they do."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            one = await _version(scope, chosen, kind, before)
            other = await _version(scope, chosen, kind, after)
            if not effect:
                text = rulesets.text_diff(one, other) or "The two say the same."
                console.print(text, highlight=False, markup=False, soft_wrap=True)
                return
            with progress("Simulating") as watch:

                async def report(done: int, total: int | None) -> None:
                    watch(done, total)

                found = await simulation.between(runtime, scope, chosen, one, other, report)
            console.print(told(found.effect))

    run(main)


def roll_back(
    kind: Kind,
    to: Annotated[
        int | None,
        typer.Option(help="The version to bring back; without it the one before.", min=1),
    ] = None,
    store: StoreName = None,
) -> None:
    """Put an older version of rules in force again at once, as a new version with the old text."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            row = await rulesets.roll_back(
                runtime, scope, chosen.id, kind, to_version=to, actor=ACTOR
            )
            console.print(
                f"{row.kind.lower()} rules version {row.version}, which brings back version "
                f"{row.restores}, is in force now.",
                highlight=False,
            )

    run(main)


async def _shown(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    sources: list[str],
    *,
    awaits_answer: bool = False,
) -> Plan:
    """Make a plan and show it."""
    with progress("Planning") as watch:
        made = await plans.make(
            runtime,
            scope,
            store.id,
            sources,
            author=ACTOR,
            awaits_answer=awaits_answer,
            watch=watch,
        )
    if made.effect is None:
        raise UserError("Someone stopped the planning. Nothing was published.")
    console.print(told(made.effect))
    return made


def _ask(*, is_answered: bool) -> None:
    """Go on only where a person says so."""
    if is_answered:
        return
    if not sys.stdin.isatty():
        raise UserError(
            "Nobody looked at this yet, so nothing was published. Look at it with `rules plan`, "
            "then run `rules apply` again; or give --yes."
        )
    if not typer.confirm("Publish this?"):
        raise UserError("Nothing was published.")


@contextmanager
def progress(title: str) -> Iterator[Watch]:
    """A bar for the length of a `with`; gives what to tell it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _percent(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not 0 <= found <= 100:
        raise UserError("A tolerance is 0 to 100 per cent.")
    return found


async def _version(scope: Scope, store: Store, kind: RulesetKind, version: int) -> Ruleset:
    found = await of_version(scope, store.id, kind, version)
    if found is None:
        raise NotFound(f"There is no version {version} of the {kind.lower()} rules.")
    return found
