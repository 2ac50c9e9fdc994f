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

from connectors.simulator import (
    catalog,
    feeds,
    finances,
    fulfilment_stock,
    listings,
    notifications,
    offers,
    orders,
    report_schedules,
    reports,
    restricted,
    sellers,
    shipments,
    state_file,
)
from connectors.simulator.auth import LwaError, exchange
from connectors.simulator.consent import ConsentError, allow, page
from connectors.simulator.control import control_routes, keep, move_time
from connectors.simulator.documents import document_routes
from connectors.simulator.index import index, not_simulated
from connectors.simulator.operations import Handler, Simulator, operation
from connectors.simulator.rates import Buckets
from connectors.simulator.relay import relay
from connectors.simulator.scenario import build_world, read_scenario
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.sqs import sqs_endpoint
from connectors.simulator.wire import dumps

MINUTES_A_TICK = 5
"""Simulated minutes that pass at once where time runs by itself."""

_LISTING = "/listings/2021-08-01/items/{seller_id}"
_FEEDS, _REPORTS = "/feeds/2021-06-30", "/reports/2021-06-30"
_SCHEDULES = f"{_REPORTS}/schedules"
_SCHEDULE = f"{_SCHEDULES}/{{schedule_id}}"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_DESTINATIONS = "/notifications/v1/destinations"
_OPERATIONS: list[tuple[str, str, str, Handler]] = [
    ("PATCH", f"{_LISTING}/{{sku}}", "patchListingsItem", listings.patch_listings_item),
    ("PUT", f"{_LISTING}/{{sku}}", "putListingsItem", listings.put_listings_item),
    ("GET", f"{_LISTING}/{{sku}}", "getListingsItem", listings.get_listings_item),
    ("DELETE", f"{_LISTING}/{{sku}}", "deleteListingsItem", listings.delete_listings_item),
    ("GET", _LISTING, "searchListingsItems", listings.search_listings_items),
    ("GET", "/catalog/2022-04-01/items", "searchCatalogItems", catalog.search_catalog_items),
    ("GET", "/catalog/2022-04-01/items/{asin}", "getCatalogItem", catalog.get_catalog_item),
    (
        "POST",
        "/batches/products/pricing/v0/itemOffers",
        "getItemOffersBatch",
        offers.get_item_offers_batch,
    ),
    ("GET", "/products/pricing/v0/items/{asin}/offers", "getItemOffers", offers.get_item_offers),
    ("GET", "/orders/2026-01-01/orders", "searchOrders", orders.search_orders),
    ("GET", "/orders/2026-01-01/orders/{order_id}", "getOrder", orders.get_order),
    (
        "POST",
        "/orders/v0/orders/{order_id}/shipmentConfirmation",
        "confirmShipment",
        shipments.confirm_shipment,
    ),
    (
        "GET",
        "/fba/inventory/v1/summaries",
        "getInventorySummaries",
        fulfilment_stock.get_inventory_summaries,
    ),
    (
        "GET",
        "/finances/2024-06-19/transactions",
        "listTransactions",
        finances.list_transactions,
    ),
    ("POST", _SCHEDULES, "createReportSchedule", report_schedules.create_report_schedule),
    ("GET", _SCHEDULES, "getReportSchedules", report_schedules.get_report_schedules),
    ("GET", _SCHEDULE, "getReportSchedule", report_schedules.get_report_schedule),
    ("DELETE", _SCHEDULE, "cancelReportSchedule", report_schedules.cancel_report_schedule),
    ("POST", f"{_FEEDS}/documents", "createFeedDocument", feeds.create_feed_document),
    (
        "GET",
        f"{_FEEDS}/documents/{{document_id}}",
        "getFeedDocument",
        feeds.get_feed_document,
    ),
    ("POST", f"{_FEEDS}/feeds", "createFeed", feeds.create_feed),
    ("GET", f"{_FEEDS}/feeds", "getFeeds", feeds.get_feeds),
    ("GET", f"{_FEEDS}/feeds/{{feed_id}}", "getFeed", feeds.get_feed),
    ("DELETE", f"{_FEEDS}/feeds/{{feed_id}}", "cancelFeed", feeds.cancel_feed),
    ("POST", f"{_REPORTS}/reports", "createReport", reports.create_report),
    ("GET", f"{_REPORTS}/reports", "getReports", reports.get_reports),
    ("GET", f"{_REPORTS}/reports/{{report_id}}", "getReport", reports.get_report),
    ("DELETE", f"{_REPORTS}/reports/{{report_id}}", "cancelReport", reports.cancel_report),
    (
        "GET",
        f"{_REPORTS}/documents/{{document_id}}",
        "getReportDocument",
        reports.get_report_document,
    ),
    (
        "GET",
        "/sellers/v1/marketplaceParticipations",
        "getMarketplaceParticipations",
        sellers.get_marketplace_participations,
    ),
    (
        "POST",
        "/tokens/2021-03-01/restrictedDataToken",
        "createRestrictedDataToken",
        restricted.create_restricted_data_token,
    ),
    ("GET", _SUBSCRIPTIONS, "getSubscriptions", notifications.get_subscriptions),
    (
        "POST",
        f"{_SUBSCRIPTIONS}/{{notification_type}}",
        "createSubscription",
        notifications.create_subscription,
    ),
    (
        "GET",
        f"{_SUBSCRIPTIONS}/{{notification_type}}",
        "getSubscription",
        notifications.get_subscription,
    ),
    (
        "GET",
        f"{_SUBSCRIPTIONS}/{{notification_type}}/{{subscription_id}}",
        "getSubscriptionById",
        notifications.get_subscription_by_id,
    ),
    (
        "DELETE",
        f"{_SUBSCRIPTIONS}/{{notification_type}}/{{subscription_id}}",
        "deleteSubscriptionById",
        notifications.delete_subscription_by_id,
    ),
    ("GET", _DESTINATIONS, "getDestinations", notifications.get_destinations),
    ("POST", _DESTINATIONS, "createDestination", notifications.create_destination),
    (
        "GET",
        f"{_DESTINATIONS}/{{destination_id}}",
        "getDestination",
        notifications.get_destination,
    ),
    (
        "DELETE",
        f"{_DESTINATIONS}/{{destination_id}}",
        "deleteDestination",
        notifications.delete_destination,
    ),
]
_GRANTLESS = frozenset(
    """createDestination getDestinations getDestination deleteDestination getSubscriptionById
    deleteSubscriptionById""".split()
)


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
                    operation(simulator, name, handler, grantless=name in _GRANTLESS),
                    methods=[method],
                )
                for method, path, name, handler in _OPERATIONS
            ),
            Route("/auth/o2/token", token, methods=["POST"]),
            Route("/apps/authorize/consent", consent, methods=["GET", "POST"]),
            *(Route(path, sqs, methods=["POST"]) for path in ("/sqs", "/sqs/{rest:path}")),
            *document_routes(simulator),
            *controls,
            Route("/healthz", healthz),
            Route("/", index(simulator, _OPERATIONS, controls)),
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
