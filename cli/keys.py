"""`keys create`, `list`, `rotate` and `revoke`: who may use the API."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from cli.session import ACTOR, console, errors, open_session, run
from domain.access import AccessScope, Role, Viewer, ordered
from domain.api_key import ApiKey
from domain.clock import SystemClock
from services import api_keys
from services.api_keys import GRACE, Issued
from services.runtime import Runtime
from storage.api_keys import API_KEYS, any_stands
from storage.filters import EVERYTHING
from storage.keyset import Sort

app = typer.Typer(
    help="API keys: who may use the API, and for what. From the first key on, nobody gets in without one.",
    no_args_is_help=True,
)

KeyId = Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")]

_machine = SystemClock()
_HOUR = timedelta(hours=1)


@app.command("create")
def create_(
    name: Annotated[str, typer.Argument(help="What the key is for; changes are logged under it.")],
    role: Annotated[
        Role | None, typer.Option(case_sensitive=False, help="What its holder may do.")
    ] = None,
    scope: Annotated[
        list[AccessScope] | None,
        typer.Option(case_sensitive=False, help="Instead of a role; can be given several times."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, help="How many days it is good; always if not given."),
    ] = None,
) -> None:
    """Make an API key and show it, this once. Send it as `Authorization: Bearer <key>`."""

    async def main() -> None:
        async with open_session() as runtime:
            now = _machine.now()
            issued = await api_keys.create(
                runtime,
                _viewer(runtime),
                name=name,
                role=role,
                scopes=scope or (),
                expires_at=now + timedelta(days=days) if days else None,
                now=now,
            )
            _show(issued)

    run(main)


@app.command("list")
def list_() -> None:
    """Show the keys and what became of them, newest first."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            table = Table("id", "name", "may", "ends in", "made", "last used", "")
            newest_first = Sort("_id", descending=True)
            found = await API_KEYS.find(scope, EVERYTHING, sort=newest_first)
            for key in found:
                table.add_row(
                    key.id,
                    key.name,
                    key.role or ", ".join(ordered(key.scopes)),
                    key.last_four,
                    f"{_moment(key.created_at)} by {key.created_by}",
                    _moment(key.last_used_at),
                    _state(key, _machine.now()),
                )
            console.print(table if found else "There is none.")

    run(main)


@app.command()
def rotate(
    key_id: KeyId,
    grace_hours: Annotated[
        int, typer.Option(min=0, help="How long the key from before stays good.")
    ] = GRACE // _HOUR,
) -> None:
    """Replace a key by a new one with the same name and scopes, and show it, this once."""

    async def main() -> None:
        async with open_session() as runtime:
            grace = grace_hours * _HOUR
            _show(
                await api_keys.rotate(
                    runtime, _viewer(runtime), key_id, grace=grace, now=_machine.now()
                )
            )

    run(main)


@app.command()
def revoke(key_id: KeyId) -> None:
    """Have a key open nothing any more, at once."""

    async def main() -> None:
        async with open_session() as runtime:
            key = await api_keys.revoke(runtime, _viewer(runtime), key_id, now=_machine.now())
            console.print(f"{key.name} is revoked.", highlight=False)
            if not await any_stands(runtime.scope(key.merchant_id)):
                console.print("It was the last: the API serves this machine without a key now.")

    run(main)


def _viewer(runtime: Runtime) -> Viewer:
    """Whoever runs our commands can read the key of the vault, and so is an owner."""
    return Viewer.of_roles(runtime.settings.merchant, ACTOR, [Role.OWNER])


def _show(issued: Issued) -> None:
    """The credential alone goes to standard output, for a script to take."""
    errors.print(f"{issued.key.name} ({issued.key.id}). It cannot be shown again:", highlight=False)
    typer.echo(issued.credential)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return f"revoked {_moment(key.revoked_at)} by {key.revoked_by}"
    if key.expires_at:
        return f"{'expired' if key.is_over(now) else 'expires'} {_moment(key.expires_at)}"
    return ""


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"
