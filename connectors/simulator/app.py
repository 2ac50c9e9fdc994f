"""The simulator as one ASGI app: Amazon's APIs, the login, the queues and the control API on one port."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.simulator import state_file
from connectors.simulator.auth import LwaError, exchange
from connectors.simulator.consent import ConsentError, allow, page
from connectors.simulator.control import control_routes, keep, move_time
from connectors.simulator.documents import document_routes
from connectors.simulator.index import index, not_simulated
from connectors.simulator.operation_table import GRANTLESS, OPERATIONS
from connectors.simulator.operations import Simulator, operation
from connectors.simulator.rates import Buckets
from connectors.simulator.relay import relay
from connectors.simulator.scenario import build_world, read_scenario
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.sqs import sqs_endpoint
from connectors.simulator.wire import dumps

MINUTES_A_TICK = 5
"""Simulated minutes that pass at once where time runs by itself."""


def create_app(
    settings: SimulatorSettings, *, monotonic: Callable[[], float] = time.monotonic
) -> Starlette:
    """A simulator, with the world of its state file where there is one, or that of the scenario of its settings.

    `monotonic` tells real seconds, by which rate limits refill and received messages come back.
    """
    simulator = Simulator(
        Buckets(monotonic, settings.rate_scale), monotonic, relays=settings.sqs_url is not None
    )
    _begin(simulator, settings)

    async def token(request: Request) -> Response:
        media_type, body = request.headers.get("content-type", ""), await request.body()
        try:
            answer, status = exchange(simulator.world, media_type, body), 200
        except LwaError as error:
            answer, status = error.body, error.status
        return Response(dumps(answer), status, None, "application/json")

    async def consent(request: Request) -> Response:
        try:
            if request.method == "GET":
                return HTMLResponse(page(simulator.world, request.query_params))
            form = dict(parse_qsl((await request.body()).decode()))
            return RedirectResponse(allow(simulator.world, form), 303)
        except ConsentError as error:
            return HTMLResponse(f"<!doctype html><p>{error}</p>", 400)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    sqs = sqs_endpoint(simulator)
    controls = control_routes(simulator, settings)
    app = Starlette(
        routes=[
            *(
                Route(
                    path,
                    operation(simulator, name, handler, grantless=name in GRANTLESS),
                    methods=[method],
                )
                for method, path, name, handler in OPERATIONS
            ),
            Route("/auth/o2/token", token, methods=["POST"]),
            Route("/apps/authorize/consent", consent, methods=["GET", "POST"]),
            *(Route(path, sqs, methods=["POST"]) for path in ("/sqs", "/sqs/{rest:path}")),
            *document_routes(simulator),
            *controls,
            Route("/healthz", healthz),
            Route("/", index(simulator, OPERATIONS, controls)),
        ],
        exception_handlers={404: not_simulated, 405: not_simulated},
        lifespan=lambda _: _living(simulator, settings),
    )
    app.state.simulator = simulator
    app.add_middleware(EncodedPaths)
    return app


class EncodedPaths:
    """Routes by the path as it was sent, so that a seller SKU with an encoded slash stays one segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its raw path; the endpoints decode the parts."""
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].split(b"?")[0].decode("ascii")}
        await self._app(scope, receive, send)


def _begin(simulator: Simulator, settings: SimulatorSettings) -> None:
    """Take up the world that the settings name."""
    if settings.state_file is not None and settings.state_file.exists():
        simulator.enter(state_file.load(settings.state_file))
    elif settings.scenario is not None:
        simulator.enter(build_world(read_scenario(settings.scenario)))
    keep(simulator, settings)


@contextlib.asynccontextmanager
async def _living(simulator: Simulator, settings: SimulatorSettings) -> AsyncIterator[None]:
    """Do what goes on by itself; the world is saved at the end."""
    async with asyncio.TaskGroup() as working:
        running = [working.create_task(_run(simulator, settings))]
        if settings.sqs_url is not None:
            running.append(working.create_task(relay(simulator, settings.sqs_url)))
        yield
        for task in running:
            task.cancel()
    keep(simulator, settings)


async def _run(simulator: Simulator, settings: SimulatorSettings) -> None:
    """Let time pass by itself, at the speed of the settings."""
    while settings.speed:
        await asyncio.sleep(MINUTES_A_TICK * 60 / settings.speed)
        if simulator.world.scenario_id is not None:
            move_time(simulator, settings, MINUTES_A_TICK)
