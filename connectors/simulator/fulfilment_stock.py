"""FBA Inventory v1: what Amazon keeps of the sellers' stock."""

from collections import Counter

from connectors.simulator.chance import digest
from connectors.simulator.clock import SECOND, iso, parse_iso
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, invalid, paging_token, read_token
from connectors.simulator.world import Listing, World

_PAGE = 50
_MOST_SKUS = 50
_TOKEN_LIFE = 30 * SECOND
_FREE = frozenset({"nextToken"})
_CONDITIONS = {"new_new": "NewItem"}


def get_inventory_summaries(call: Call) -> JsonObject:
    """The stock of the seller's listings that Amazon fulfils, by SKU."""
    if call.query.one("granularityType") != "Marketplace":
        raise invalid("granularityType must be Marketplace.")
    marketplaces = call.query.many("marketplaceIds", most=1)
    call.require_marketplaces(marketplaces)
    if call.query.one("granularityId") != marketplaces[0]:
        raise invalid("granularityId must be the marketplace.")
    with_details = (call.query.one("details") or "").lower() == "true"
    reserved, moved = _of_orders(call.world, call.seller_id)
    since = _since(call)
    found = [
        listing
        for sku, listing in sorted(call.world.listings.get(call.seller_id, {}).items())
        if listing.fulfilled_by_amazon
        and listing.price is not None
        and _is_asked_for(call, sku)
        and since <= max(listing.updated_ms, moved.get(sku, 0))
    ]
    start = _place(call)
    rows = [
        _summary(
            call.world,
            listing,
            reserved[listing.sku],
            moved.get(listing.sku, 0),
            with_details=with_details,
        )
        for listing in found[start : start + _PAGE]
    ]
    answer: JsonObject = {
        "payload": {
            "granularity": {"granularityType": "Marketplace", "granularityId": marketplaces[0]},
            "inventorySummaries": rows,
        }
    }
    if start + _PAGE < len(found):
        content = {"for": _bound_to(call), "at": start + _PAGE, "since": call.world.now_ms}
        answer["pagination"] = {"nextToken": paging_token(content)}
    return answer


def _since(call: Call) -> int:
    text = call.query.one("startDateTime")
    try:
        return parse_iso(text) if text else 0
    except ValueError as error:
        raise invalid("startDateTime must be an ISO 8601 moment.") from error


def _is_asked_for(call: Call, sku: str) -> bool:
    """Whether a SKU is asked for. Of a moment, several SKUs and one, the first that is given counts."""
    one, several = call.query.one("sellerSku"), call.query.many("sellerSkus", most=_MOST_SKUS)
    if call.query.one("startDateTime") is not None:
        return True
    return sku in several if several else one in {None, sku}


def _bound_to(call: Call) -> str:
    return digest(call.seller_id, call.query.fingerprint(without=_FREE)).hex()


def _place(call: Call) -> int:
    """Where the page begins; a token lives half a minute."""
    token = call.query.one("nextToken")
    if token is None:
        return 0
    content = read_token(token, _bound_to(call))
    if content["since"] + _TOKEN_LIFE < call.world.now_ms:
        raise invalid("The nextToken has expired.")
    return int(content["at"])


def _of_orders(world: World, seller_id: str) -> tuple[Counter[str], dict[str, int]]:
    """By SKU: units that wait to leave for buyers, and when an order last moved any."""
    reserved: Counter[str] = Counter()
    moved: dict[str, int] = {}
    for order in world.orders.values():
        if order.seller_id == seller_id and order.fulfilled_by_amazon:
            moved[order.sku] = max(order.updated_ms, moved.get(order.sku, 0))
            if order.status in {"PENDING", "UNSHIPPED"}:
                reserved[order.sku] += order.quantity
    return reserved, moved


def _summary(
    world: World, listing: Listing, reserved: int, moved: int, *, with_details: bool
) -> JsonObject:
    item = world.items.get(listing.asin or "")
    row: JsonObject = {
        "fnSku": f"X{digest('fnsku', listing.seller_id, listing.sku).hex()[:9].upper()}",
        "sellerSku": listing.sku,
        "condition": _CONDITIONS.get(listing.condition, listing.condition),
        "lastUpdatedTime": iso(max(listing.updated_ms, moved)),
        "totalQuantity": listing.quantity + reserved,
        "stores": [],
    }
    if item is not None:
        row |= {"asin": item.asin, "productName": item.title}
    if with_details:
        row["inventoryDetails"] = {
            "fulfillableQuantity": listing.quantity,
            "inboundWorkingQuantity": 0,
            "inboundShippedQuantity": 0,
            "inboundReceivingQuantity": 0,
            "reservedQuantity": {
                "totalReservedQuantity": reserved,
                "pendingCustomerOrderQuantity": reserved,
                "pendingTransshipmentQuantity": 0,
                "fcProcessingQuantity": 0,
            },
            "researchingQuantity": {"totalResearchingQuantity": 0},
            "unfulfillableQuantity": {"totalUnfulfillableQuantity": 0},
        }
    return row
