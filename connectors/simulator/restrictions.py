"""Listings Restrictions 2021-08-01: getListingsRestrictions."""

import re

from connectors.simulator.attributes import CONDITIONS
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, SpApiError

_ASIN = re.compile(r"[A-Z0-9]{10}", re.ASCII)


def get_listings_restrictions(call: Call) -> JsonObject:
    """Why the seller may not list an item: in one condition, or in each that is closed to it."""
    asin, condition = call.query.one("asin"), call.query.one("conditionType")
    if asin is None or not _ASIN.fullmatch(asin):
        raise _bad("asin")
    if condition not in {*CONDITIONS, None}:
        raise _bad("conditionType")
    call.require_marketplaces(call.query.many("marketplaceIds"))
    call.require_seller(call.query.one("sellerId"))
    return {"restrictions": _restrictions(call, asin, condition)}


def _restrictions(call: Call, asin: str, condition: str | None) -> list[JsonObject]:
    item = call.world.items.get(asin)
    if item is None:
        told = {"reasonCode": "ASIN_NOT_FOUND", "message": f"{asin} is not in the catalogue."}
        return [{"marketplaceId": call.world.marketplace_id, "reasons": [told]}]
    return [
        {
            "marketplaceId": call.world.marketplace_id,
            "conditionType": closed,
            "reasons": [_reason(call, asin, code)],
        }
        for closed, code in sorted(item.restrictions.items())
        if condition in {closed, None}
    ]


def _reason(call: Call, asin: str, code: str) -> JsonObject:
    told = {"reasonCode": code, "message": "You cannot list the product in this condition."}
    if code != "APPROVAL_REQUIRED":
        return told
    host = call.world.marketplace.seller_central
    link = {
        "resource": f"https://{host}/hz/approvalrequest/restrictions/approve?asin={asin}",
        "verb": "GET",
        "title": "Request approval in Seller Central.",
        "type": "text/html",
    }
    return {**told, "links": [link]}


def _bad(name: str) -> SpApiError:
    return SpApiError(400, "BAD_REQUEST", f"Invalid '{name}' provided.")
