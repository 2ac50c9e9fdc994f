"""The web application: /graphql, /files, /amazon/callback, /healthz, /readyz."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from graphql_api.amazon_callback import callback
from graphql_api.files import download, upload
from graphql_api.view import GraphQLView
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.health import is_outage, ping

_OUTAGE = 3.0
"""Seconds after which a caller is told that the database is away."""
_BETWEEN_COLLECTIONS = 50_000
"""New objects after which the garbage collector looks at them."""
_PATIENCE = 2.0
"""Seconds in which the database must answer to be ready."""


def create_app(settings: Settings, mongodb_url: str, redis_url: str) -> Starlette:
    """The application of a process of its own: it opens its runtime when it starts."""
    calm_collector()
    return app_on(lambda: open_runtime(settings, mongodb_url, redis_url, patience=_OUTAGE))


def calm_collector() -> None:
    """Have the garbage collector walk through less, and less often.

    The schema and all modules live as long as the process. A page is some thousand objects in no circle, which go
    when it is sent: the collector looks for circles after every 700, and finds none.
    """
    gc.freeze()
    gc.set_threshold(_BETWEEN_COLLECTIONS)


def app_on(opened: Callable[[], AbstractAsyncContextManager[Runtime]]) -> Starlette:
    """The application on a runtime that `opened` gives for the length of its lifespan.

    Who has an open runtime passes ``lambda: nullcontext(runtime)``.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opened() as runtime:
            app.state.runtime = runtime
            yield

    view = GraphQLView()
    return Starlette(
        routes=[
            Route("/graphql", view),
            WebSocketRoute("/graphql", view),
            Route("/amazon/callback", callback),
            Route("/files/{link}", download, methods=["GET", "HEAD"]),
            Route("/files/{link}", upload, methods=["PUT"]),
            Route("/healthz", _alive),
            Route("/readyz", _ready),
        ],
        lifespan=lifespan,
    )


async def _alive(request: Request) -> PlainTextResponse:
    """Whether the process runs."""
    del request
    return PlainTextResponse("ok")


async def _ready(request: Request) -> PlainTextResponse:
    """Whether it can answer: the database is there."""
    runtime: Runtime = request.app.state.runtime
    try:
        async with asyncio.timeout(_PATIENCE):
            await ping(runtime.database)
    except TimeoutError:
        return PlainTextResponse("the database does not answer", 503)
    except Exception as error:
        if not is_outage(error):
            raise
        return PlainTextResponse("the database cannot be reached", 503)
    return PlainTextResponse("ready")
