"""What a visitor is told who does not know where to go."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.simulator.operations import Handler, Simulator
from connectors.simulator.wire import SpApiError, dumps


def index(
    simulator: Simulator, operations: Sequence[tuple[str, str, str, Handler]], controls: list[Route]
) -> Callable[[Request], Awaitable[Response]]:
    """The page at the root: what there is."""

    async def endpoint(_: Request) -> Response:
        return JSONResponse(
            {
                "this": "A simulated Amazon: the Selling Partner API, its login and its queues.",
                "scenario": simulator.world.scenario_id or "none; POST one to /control/scenario",
                "login": "POST /auth/o2/token",
                "queues": "POST /sqs, in the protocol of SQS",
                "operations": {name: f"{method} {path}" for method, path, name, _ in operations},
                "control": [route.path for route in controls],
            }
        )

    return endpoint


async def not_simulated(request: Request, _: Exception) -> Response:
    """The refusal of everything else, in the form that clients of the SP-API read."""
    error = SpApiError(
        404, "NotFound", f"{request.method} {request.url.path} is not simulated.", "See /."
    )
    return Response(dumps(error.body), error.status, None, "application/json")
