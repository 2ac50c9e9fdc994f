"""`up`, `serve`, `worker` and `simulator`: running the processes."""

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from cli.processes import environment, free_port, programs
from cli.scenario import SAMPLES, products_of, scenario_of
from cli.session import console, run
from connectors.simulator.answers import KEEPS_ANSWERS, keep_in
from connectors.simulator.app import create_app as create_simulator
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.world import World
from embedded.servers import open_servers
from embedded.supervisor import Supervisor
from graphql_api.app import create_app
from graphql_api.limits import BODY
from services.logs import configure_logging
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
    """Run a worker until it is stopped. Run one `sync` at least, and no more `reprice` than there are cores."""
    settings = _settings()

    async def main() -> None:
        with open_servers(settings.data_dir) as urls:
            await _WORKERS[kind](settings, urls.mongodb_url, urls.redis_url)

    run(main, uvloop.new_event_loop)


def simulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8600,
    sample: Annotated[
        bool, typer.Option("--sample", help="Begin with the sample catalogue, rivals and a seller.")
    ] = False,
    scenario: Annotated[
        Path | None, typer.Option(help="Begin with the world that this JSON file tells.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="File that keeps its world; one that is there goes on.")
    ] = None,
    clock: Annotated[Path | None, typer.Option(help="File to write its time into.")] = None,
    sqs: Annotated[
        str | None,
        typer.Option(
            help="Endpoint of SQS, or what speaks its protocol, to send notifications to."
        ),
    ] = None,
    rate_scale: Annotated[
        float, typer.Option(help="How many times faster than Amazon's the rate limits refill.")
    ] = 1,
    speed: Annotated[
        float, typer.Option(help="Virtual seconds a second; 0 leaves time to /control/advance.")
    ] = 0,
    answers: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps what it answers.", envvar=KEEPS_ANSWERS, hidden=True),
    ] = None,
) -> None:
    """Run the Amazon simulator: SP-API, tokens and notifications on one port, steered under /control."""
    settings = SimulatorSettings(
        state_file=state,
        clock_file=clock,
        scenario=_scenario(scenario, sample=sample),
        sqs_url=sqs,
        rate_scale=rate_scale,
        speed=speed,
    )
    try:
        app = create_simulator(settings)
    except ValueError as error:
        raise typer.BadParameter(f"The scenario cannot be: {error}") from error
    _introduce(app.state.simulator.world, f"http://{host}:{port}")
    if answers is not None:
        keep_in(answers)
    run(lambda: _serve(app, host, port))


def _scenario(file: Path | None, *, sample: bool) -> object | None:
    if file is not None and sample:
        raise typer.BadParameter("Give --sample or --scenario, not both.")
    if sample:
        return scenario_of("sample", 7, products_of(SAMPLES / "catalog.csv"))
    try:
        return None if file is None else json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from error


def _introduce(world: World, url: str) -> None:
    """Say where it is, and with what to sign in."""
    console.print(f"A simulated Amazon is at {url}, which tells what it can do. Ctrl-C stops it.")
    if world.scenario_id is None:
        console.print(
            "It is empty: start it with --sample, or POST a scenario to /control/scenario."
        )
    for seller in world.sellers.values():
        console.print(
            f"{seller.name}: seller id {seller.seller_id}, client id {seller.client_id}, "
            f"client secret {seller.client_secret}, refresh token {seller.refresh_token}",
            soft_wrap=True,
        )


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
