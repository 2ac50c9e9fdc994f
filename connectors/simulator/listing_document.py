"""A listing as Amazon describes it to its seller."""

from connectors.simulator.attributes import ASIN, BUSINESS, CONDITION, Reader
from connectors.simulator.clock import iso
from connectors.simulator.wire import JsonObject, text_amount
from connectors.simulator.world import Listing, World

INCLUDED = frozenset(
    """summaries attributes issues offers fulfillmentAvailability procurement relationships
    productTypes""".split()
)


def document(world: World, listing: Listing, included: set[str]) -> JsonObject:
    """A visible listing with the data sets asked for."""
    at = {"marketplaceId": world.marketplace_id}
    answer: JsonObject = {"sku": listing.sku}
    for name in sorted(included):
        match name:
            case "summaries":
                answer[name] = [{**at, **_summary(world, listing)}]
            case "attributes":
                answer[name] = listing.shown or {}
            case "issues":
                answer[name] = listing.issues
            case "offers":
                answer[name] = _offers(world, listing)
            case "fulfillmentAvailability":
                answer[name] = [_availability(world, listing)]
            case "productTypes":
                answer[name] = [{**at, "productType": listing.product_type}]
            case _:
                answer[name] = []
    return answer


def statuses(listing: Listing) -> list[str]:
    """Where buyers meet the listing: found by search, and ready to be ordered."""
    if listing.is_suppressed or listing.price is None:
        return []
    return ["BUYABLE", "DISCOVERABLE"] if listing.is_buyable else ["DISCOVERABLE"]


def _summary(world: World, listing: Listing) -> JsonObject:
    reader = Reader(world.marketplace)
    shown = listing.shown or {}
    asin = reader.text(shown, ASIN)
    item = world.items.get(asin or "")
    summary: JsonObject = {
        "productType": listing.product_type,
        "conditionType": reader.text(shown, CONDITION) or listing.condition,
        "status": statuses(listing),
        "createdDate": iso(listing.created_ms),
        "lastUpdatedDate": iso(listing.updated_ms),
    }
    if item is not None:
        summary |= {"asin": item.asin, "itemName": item.title}
    return summary


def _offers(world: World, listing: Listing) -> list[JsonObject]:
    return [
        {
            "marketplaceId": world.marketplace_id,
            "offerType": kind,
            "price": text_amount(price, world.currency),
            "audience": {"value": audience, "displayName": name},
        }
        for kind, price, audience, name in (
            ("B2C", listing.price, "ALL", "Sell on Amazon"),
            ("B2B", listing.business_price, BUSINESS, "Amazon Business"),
        )
        if price is not None
    ]


def _availability(world: World, listing: Listing) -> JsonObject:
    if listing.fulfilled_by_amazon:
        region = "EU" if world.marketplace.region == "EU" else "NA"
        return {"fulfillmentChannelCode": f"AMAZON_{region}"}
    return {"fulfillmentChannelCode": "DEFAULT", "quantity": listing.quantity}
