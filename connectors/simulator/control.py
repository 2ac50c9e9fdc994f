"""The control API: load a scenario, move time, look inside, cause trouble. Not part of Amazon's."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.simulator.auth import revoke
from connectors.simulator.clock import iso, write_atomically
from connectors.simulator.documents import DOWNLOAD, UPLOAD
from connectors.simulator.faults import FaultRule
from connectors.simulator.market import buy_box_holder
from connectors.simulator.operations import Simulator
from connectors.simulator.rates import PLANS, Plan
from connectors.simulator.scenario import build_world, read_scenario
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.state_file import save, state_digest
from connectors.simulator.tick import Advance, advance
from connectors.simulator.wire import JsonObject, dumps, loads
from connectors.simulator.world import Delivery

LONGEST_ADVANCE = 7 * 24 * 60
M = TypeVar("M", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class AdvanceBody(_Body):
    """How far time moves, and whether rivals and buyers rest meanwhile."""

    minutes: Annotated[int, Field(ge=1, le=LONGEST_ADVANCE)]
    market_frozen: bool = False


class FaultsBody(_Body):
    """The rules that replace those in force."""

    faults: list[FaultRule]


class RevokeBody(_Body):
    """The seller who takes back what it allowed."""

    seller_id: str


class PlanBody(_Body):
    """A plan of one operation: requests a second, and how many may come at once."""

    rate: Annotated[float, Field(gt=0, le=1_000_000)]
    burst: Annotated[int, Field(ge=1, le=1_000_000)]


class DeliveryBody(_Body):
    """Which shares of the notifications of offers are lost, come late, and come twice."""

    lost: Annotated[float, Field(ge=0, le=1)] = 0.0
    late: Annotated[float, Field(ge=0, le=1)] = 0.0
    twice: Annotated[float, Field(ge=0, le=1)] = 0.0


class RatesBody(_Body):
    """How many times faster than Amazon's the buckets refill, and operations with a plan of their own from now on."""

    scale: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    plans: dict[str, PlanBody] | None = None


def move_time(
    simulator: Simulator, settings: SimulatorSettings, minutes: int, *, market_frozen: bool = False
) -> Advance:
    """Advance the world, then tell the time and save what came of it."""
    happened = advance(simulator.world, minutes, market_frozen=market_frozen)
    keep(simulator, settings)
    return happened


def keep(simulator: Simulator, settings: SimulatorSettings) -> None:
    """Write the state file, then the clock file: a reader of the new time finds the world in it."""
    if simulator.world.scenario_id is None:
        return
    if settings.state_file is not None:
        save(simulator.world, settings.state_file)
    if settings.clock_file is not None:
        write_atomically(settings.clock_file, str(simulator.world.now_ms).encode())


def control_routes(simulator: Simulator, settings: SimulatorSettings) -> list[Route]:
    """The routes under /control."""

    def load_scenario(body: bytes, _: Request) -> JsonObject:
        scenario = read_scenario(loads(body))
        loaded = scenario.scenario_id != simulator.world.scenario_id
        if loaded:
            simulator.enter(build_world(scenario))
            keep(simulator, settings)
        return {"loaded": loaded, "now": iso(simulator.world.now_ms), "tick": simulator.world.tick}

    def advance_time(body: bytes, _: Request) -> JsonObject:
        if simulator.world.scenario_id is None:
            raise ValueError("no scenario is loaded")
        asked = _parse(AdvanceBody, body)
        happened = move_time(simulator, settings, asked.minutes, market_frozen=asked.market_frozen)
        return {
            "now": iso(simulator.world.now_ms),
            "tick": simulator.world.tick,
            "offersChanged": happened.offers_changed,
            "ordersPlaced": happened.orders_placed,
            "notificationsSent": happened.notifications_sent,
            "notificationsLost": happened.of_offers.lost,
            "notificationsLate": happened.of_offers.late,
            "notificationsTwice": happened.of_offers.twice,
        }

    def set_faults(body: bytes, _: Request) -> JsonObject:
        simulator.faults.rules = _parse(FaultsBody, body).faults
        for rule in simulator.faults.rules:
            if rule.operation not in {"*", DOWNLOAD, UPLOAD, *PLANS}:
                raise ValueError(f"{rule.operation} is not a simulated operation")
        return {"faults": [rule.model_dump(mode="json") for rule in simulator.faults.rules]}

    def journal(_: bytes, request: Request) -> JsonObject:
        asked = request.query_params
        after = int(asked.get("after", "0"))
        entries = [
            {
                "order": entry.order,
                "tick": entry.tick,
                "at": iso(entry.at_ms),
                "operation": entry.operation,
                "sellerId": entry.seller_id,
                "sellerSku": entry.sku,
                "price": entry.price,
                "quantity": entry.quantity,
                "status": entry.status,
                "submissionId": entry.submission_id,
            }
            for entry in simulator.world.journal
            if entry.order > after
            and asked.get("operation") in {None, entry.operation}
            and asked.get("sellerSku") in {None, entry.sku}
        ]
        return {"entries": entries}

    return [
        Route("/control/scenario", _endpoint(load_scenario), methods=["POST"]),
        Route("/control/advance", _endpoint(advance_time), methods=["POST"]),
        Route("/control/faults", _endpoint(set_faults), methods=["POST"]),
        Route("/control/rates", _endpoint(partial(set_rates, simulator)), methods=["POST"]),
        Route("/control/delivery", _endpoint(partial(set_delivery, simulator)), methods=["POST"]),
        Route("/control/revoke", _endpoint(partial(take_back, simulator)), methods=["POST"]),
        Route("/control/journal", _endpoint(journal), methods=["GET"]),
        Route("/control/queues", _endpoint(lambda *_: queues(simulator)), methods=["GET"]),
        Route("/control/status", _endpoint(lambda *_: status(simulator)), methods=["GET"]),
    ]


def set_rates(simulator: Simulator, body: bytes, _: Request) -> JsonObject:
    """Set how fast buckets refill, the plans of some operations, or both; what is not named stays."""
    asked, buckets = _parse(RatesBody, body), simulator.buckets
    for name in asked.plans or {}:
        if name not in PLANS:
            raise ValueError(f"{name} is not a simulated operation")
    if asked.scale is not None:
        buckets.scale = asked.scale
    if asked.plans is not None:
        buckets.plans = {name: Plan(p.rate, p.burst) for name, p in asked.plans.items()}
    plans = {name: {"rate": p.rate, "burst": p.burst} for name, p in buckets.plans.items()}
    return {"scale": buckets.scale, "plans": plans}


def set_delivery(simulator: Simulator, body: bytes, _: Request) -> JsonObject:
    """Set how notifications of offers go astray; what is not named does not happen."""
    asked = _parse(DeliveryBody, body)
    simulator.world.delivery = Delivery(asked.lost, asked.late, asked.twice)
    return asked.model_dump()


def take_back(simulator: Simulator, body: bytes, _: Request) -> JsonObject:
    """End all that a seller allowed, as the seller can in Seller Central."""
    return {"ended": revoke(simulator.world, _parse(RevokeBody, body).seller_id)}


def queues(simulator: Simulator) -> JsonObject:
    """How many messages wait and how many are out, by queue; cheap enough to be asked all the time."""
    return simulator.world.queues.depth(simulator.monotonic)


def status(simulator: Simulator) -> JsonObject:
    """What an observer wants to know at a glance."""
    world = simulator.world
    listings = [listing for by_sku in world.listings.values() for listing in by_sku.values()]
    live = [listing for listing in listings if listing.is_buyable]
    owned = sum(
        buy_box_holder(world, listing.asin) == f"{listing.seller_id}/{listing.sku}"
        for listing in live
        if listing.asin is not None
    )
    depth = world.queues.depth(simulator.monotonic)
    return {
        "scenarioId": world.scenario_id,
        "now": iso(world.now_ms),
        "tick": world.tick,
        "queues": depth,
        "queueDepth": {
            part: sum(queue[part] for queue in depth.values()) for part in ("visible", "inFlight")
        },
        "listingsLive": len(live),
        "pendingSubmissions": sum(len(listing.pending) for listing in listings),
        "orders": len(world.orders),
        "requests": world.requests,
        "buyBoxesOwned": owned,
        "buyBoxShare": round(owned / len(live), 4) if live else 0.0,
        "rateScale": simulator.buckets.scale,
        "stateDigest": state_digest(world),
    }


def _endpoint(
    act: Callable[[bytes, Request], JsonObject],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            answer, code = act(body, request), 200
        except ValueError as error:
            answer, code = {"error": str(error)}, 400
        return Response(dumps(answer), code, None, "application/json")

    return endpoint


def _parse(model: type[M], body: bytes) -> M:
    try:
        document: Any = loads(body)
        return model.model_validate(document)
    except ValidationError as error:
        raise ValueError(
            "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        ) from error
