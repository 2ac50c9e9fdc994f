"""The servers in Python that the GraphQL benchmark asks, each an application for a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import strawberry
import uvicorn
from motor.motor_asyncio import AsyncIOMotorClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from strawberry.schema.config import StrawberryConfig

from bench.shop import SDL, page
from graphql_api.app import calm_collector, create_app
from graphql_api.scalars import SCALARS
from graphql_api.schema import Mutation, Query
from graphql_api.view import GraphQLView
from services import allowance
from services.settings import Settings

Server = Callable[[Settings, str, str], Any]
"""An application on settings and the addresses of MongoDB and Redis."""


def starlette(settings: Settings, mongodb_url: str, redis_url: str) -> Starlette:
    """The ceiling: no GraphQL at all, the answer written by hand."""
    del redis_url
    database = AsyncIOMotorClient[dict[str, Any]](mongodb_url)[settings.database]

    async def answer(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        listings = await page(database, asked["variables"]["first"])
        body = orjson.dumps({"data": {"listings": listings}})
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def sales_channel(settings: Settings, mongodb_url: str, redis_url: str) -> Starlette:
    """Ours as it is, with a caller whose bucket of points does not run empty. Taking them is in its time."""
    allowance.MOST = allowance.PER_SECOND = 10**9
    return create_app(settings, mongodb_url, redis_url)


def plain_strawberry(settings: Settings, mongodb_url: str, redis_url: str) -> Starlette:
    """Our schema and resolvers without limits, caches and plans."""
    app = create_app(settings, mongodb_url, redis_url)
    view = next(route.app for route in app.routes if isinstance(route, Route))
    assert isinstance(view, GraphQLView)
    view.schema = strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))
    return app


def ariadne(settings: Settings, mongodb_url: str, redis_url: str) -> Starlette:
    """Ariadne on the dictionaries of the ceiling, which have all that it has to look up."""
    from ariadne import QueryType, make_executable_schema  # noqa: PLC0415 - the benchmark's own
    from ariadne.asgi import GraphQL  # noqa: PLC0415

    del redis_url
    query = QueryType()
    database = AsyncIOMotorClient[dict[str, Any]](mongodb_url)[settings.database]

    async def listings(_: object, __: object, first: int) -> dict[str, Any]:
        return await page(database, first)

    query.set_field("listings", listings)
    return Starlette(routes=[Mount("/", GraphQL(make_executable_schema(SDL, query)))])


SERVERS: dict[str, Server] = {
    "starlette": starlette,
    "sales-channel": sales_channel,
    "strawberry": plain_strawberry,
    "ariadne": ariadne,
}


def serve(name: str, data_dir: Path, mongodb_url: str, redis_url: str, port: int) -> None:
    """Run one of them until the process is ended."""
    settings = Settings(data_dir=data_dir)
    app = SERVERS[name](settings, mongodb_url, redis_url)
    calm_collector()  # for all alike, and nobody pays for the modules of the others
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
