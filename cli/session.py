"""What every command needs: settings, servers, runtime, and how to tell a user what went wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import typer
from rich.console import Console

from domain.errors import SalesChannelError, UserError
from domain.store import Store
from embedded.servers import open_servers
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.filters import EVERYTHING
from storage.mongo import Scope
from storage.stores import STORES

console = Console()
"""Where results go."""
errors = Console(stderr=True)
"""Where everything else goes."""

ACTOR = "command line"


@asynccontextmanager
async def open_session(settings: Settings | None = None) -> AsyncIterator[Runtime]:
    """The runtime on the servers of the environment, or on embedded ones, started where none run yet."""
    settings = settings or Settings()
    with open_servers(settings.data_dir) as urls:
        async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
            yield runtime


def run(
    main: Callable[[], Coroutine[Any, Any, None]],
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Run a command; a user's mistake ends it with one clear line and status 1."""
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(main())
    except UserError as error:
        where = f" ({'.'.join(error.field)})" if error.field else ""
        errors.print(f"[red]{error.message}[/red]{where}", highlight=False)
        raise typer.Exit(1) from None
    except SalesChannelError as error:
        errors.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def the_store(scope: Scope, name: str | None) -> Store:
    """The store of a name or id; without one, the only store.

    Raises:
        UserError: there is none, or more than one to choose from.
    """
    stores = await STORES.find(scope, EVERYTHING)
    named = [store for store in stores if name in {None, store.id, store.name}]
    if len(named) == 1:
        return named[0]
    known = ", ".join(sorted(store.name for store in stores)) or "none yet"
    raise UserError(
        f"Name one store with --store; there are: {known}. `sales-channel store connect` opens one."
    )
