"""Orders 2026-01-01: searchOrders and getOrder."""

from connectors.simulator.clock import DAY, HOUR, MINUTE, iso, parse_iso
from connectors.simulator.operations import Call
from connectors.simulator.order_document import INCLUDED, document
from connectors.simulator.wire import JsonObject, SpApiError, invalid, paging_token, read_token
from connectors.simulator.world import Order

_STATUSES = frozenset(
    "PENDING_AVAILABILITY PENDING UNSHIPPED PARTIALLY_SHIPPED SHIPPED CANCELLED UNFULFILLABLE".split()
)
_CHANNELS = frozenset({"MERCHANT", "AMAZON"})
_FREE = frozenset({"paginationToken", "maxResultsPerPage", "includedData"})
_BEHIND = 2 * MINUTE
"""Amazon answers only up to this long ago."""
MOST_MARKETPLACES = 50


def search_orders(call: Call) -> JsonObject:
    """Orders created, or changed, in a span of time, oldest first."""
    included = call.query.choices("includedData", INCLUDED)
    marketplaces = call.query.many("marketplaceIds", most=MOST_MARKETPLACES)
    if marketplaces:
        call.require_marketplaces(marketplaces)
    size = call.query.whole("maxResultsPerPage", 100, 1, 100)
    by_update, after, before = _span(call)
    bound_to = f"{call.seller_id}:{call.query.fingerprint(without=_FREE)}"
    place, before = _continue(call, bound_to, before)
    found = sorted(
        (moment, order.order_id)
        for order in _mine(call)
        if after <= (moment := order.updated_ms if by_update else order.created_ms) <= before
        and (moment, order.order_id) > place
    )
    chosen = found[:size]
    answer: JsonObject = {
        "orders": [document(call.world, call.world.orders[key], included) for _, key in chosen],
        "lastUpdatedBefore" if by_update else "createdBefore": iso(before),
    }
    if len(found) > size:
        answer["pagination"] = {
            "nextToken": paging_token(
                {"for": bound_to, "at": chosen[-1], "until": before, "since": call.world.now_ms}
            )
        }
    return answer


def get_order(call: Call) -> JsonObject:
    """One order of the seller."""
    included = call.query.choices("includedData", INCLUDED)
    order = call.world.orders.get(call.path["order_id"])
    if order is None or order.seller_id != call.seller_id:
        raise SpApiError(404, "NotFound", "The order does not exist.")
    return {"order": document(call.world, order, included)}


def _mine(call: Call) -> list[Order]:
    statuses = call.query.choices("fulfillmentStatuses", _STATUSES)
    channels = call.query.choices("fulfilledBy", _CHANNELS)
    return [
        order
        for order in call.world.orders.values()
        if order.seller_id == call.seller_id
        and (not statuses or order.status in statuses)
        and (not channels or ("AMAZON" if order.fulfilled_by_amazon else "MERCHANT") in channels)
    ]


def _span(call: Call) -> tuple[bool, int, int]:
    """Whether it is about updates, and the first and last moment, both included."""
    moments: dict[str, int] = {}
    for name in ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore"):
        if text := call.query.one(name):
            try:
                moments[name] = parse_iso(text)
            except ValueError as error:
                raise invalid(f"{name} must be an ISO 8601 moment.") from error
    by_update = "lastUpdatedAfter" in moments
    kind, other = ("lastUpdated", "created") if by_update else ("created", "lastUpdated")
    if f"{kind}After" not in moments or {f"{other}After", f"{other}Before"} & moments.keys():
        raise invalid("Exactly one of createdAfter and lastUpdatedAfter is required.")
    latest = call.world.now_ms - _BEHIND
    after, before = moments[f"{kind}After"], moments.get(f"{kind}Before", latest)
    if before > latest:
        raise invalid(f"{kind}Before must be at least two minutes before now.")
    if f"{kind}Before" in moments and before < after:
        raise invalid(f"{kind}Before must not be before {kind}After.")
    return by_update, after, before


def _continue(call: Call, bound_to: str, before: int) -> tuple[tuple[int, str], int]:
    """Where the last page ended, and the end of the span when the first page was read."""
    token = call.query.one("paginationToken")
    if token is None:
        return (-HOUR, ""), before
    content = read_token(token, bound_to)
    if content["since"] + DAY < call.world.now_ms:
        raise invalid("The pagination token has expired.")
    moment, order_id = content["at"]
    return (moment, order_id), content["until"]
