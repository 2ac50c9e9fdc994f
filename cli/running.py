"""`up`, `serve`, `worker` and `simulator`: running the processes."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from cli.processes import environment, free_port, programs
from cli.session import configure_logging, console, run
from connectors.simulator.answers import KEEPS_ANSWERS, keep_in
from connectors.simulator.app import create_app as create_simulator
from connectors.simulator.settings import SimulatorSettings
from embedded.servers import open_servers
from embedded.supervisor import Supervisor
from graphql_api.app import create_app
from graphql_api.limits import BODY
from services.settings import Settings
from workers.runner import run_bulk_worker, run_reprice_worker, run_sync_worker


class Kind(StrEnum):
    """The kinds of worker."""

    SYNC = "sync"
    REPRICE = "reprice"
    BULK = "bulk"


_WORKERS = {
    Kind.SYNC: run_sync_worker,
    Kind.REPRICE: run_reprice_worker,
    Kind.BULK: run_bulk_worker,
}


def up(
    port: Annotated[int, typer.Option(help="Port of the API on 127.0.0.1.")] = 8000,
) -> None:
    """Run everything in this terminal: MongoDB, Valkey, the API and the workers.

    Data lives under `.data` (SALES_CHANNEL_DATA_DIR). With MONGODB_URL or REDIS_URL set, those servers are used
    instead of embedded ones. Ctrl-C stops all of it.
    """
    settings = _settings()

    async def main() -> None:
        with open_servers(settings.data_dir) as urls, Supervisor() as supervisor:
            env = environment(urls, settings)
            chosen = free_port(port)
            for each in programs(env, port=chosen, log_dir=None):
                supervisor.start(each)
            console.print(f"GraphQL: http://127.0.0.1:{chosen}/graphql   (Ctrl-C stops)")
            await asyncio.Event().wait()

    run(main)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Serve the GraphQL API.

    Callers send `Authorization: Bearer` with a key of `sales-channel keys create`. Until there is one, it answers this
    machine alone.
    """
    settings = _settings()

    async def main() -> None:
        with open_servers(settings.data_dir) as urls:
            app = create_app(settings, urls.mongodb_url, urls.redis_url)
            await _serve(app, host, port)

    run(main, uvloop.new_event_loop)


def worker(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="`sync` talks to Amazon, `reprice` computes prices, `bulk` reads and writes files."
        ),
    ],
) -> None:
    """Run a worker until it is stopped. Run one `sync` at least, and as many `reprice` as there are cores."""
    settings = _settings()

    async def main() -> None:
        with open_servers(settings.data_dir) as urls:
            await _WORKERS[kind](settings, urls.mongodb_url, urls.redis_url)

    run(main)


def simulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8600,
    state: Annotated[Path | None, typer.Option(help="File that keeps its world.")] = None,
    clock: Annotated[Path | None, typer.Option(help="File to write its time into.")] = None,
    rate_scale: Annotated[int, typer.Option(help="Widens Amazon's rate limits.")] = 1,
    speed: Annotated[
        float, typer.Option(help="Virtual seconds a second; 0 waits for advances.")
    ] = 0,
    answers: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps what it answers.", envvar=KEEPS_ANSWERS, hidden=True),
    ] = None,
) -> None:
    """Run the Amazon simulator: SP-API, tokens and notifications on one port, steered under /control."""
    settings = SimulatorSettings(
        state_file=state, clock_file=clock, rate_scale=rate_scale, speed=speed
    )
    if answers is not None:
        keep_in(answers)
    run(lambda: _serve(create_simulator(settings), host, port))


def _settings() -> Settings:
    """The settings of a process that runs for long, and so tells what it does."""
    settings = Settings()
    configure_logging(settings.log_level)
    return settings


async def _serve(app: object, host: str, port: int) -> None:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        ws_max_size=BODY,
    )
    await uvicorn.Server(config).serve()
