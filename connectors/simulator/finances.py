"""Finances 2024-06-19: listTransactions."""

from connectors.simulator.chance import digest
from connectors.simulator.clock import DAY, MINUTE, iso, parse_iso
from connectors.simulator.ledger import Entry, entries
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, invalid, number, paging_token, read_token
from connectors.simulator.world import World

_PAGE = 100
_BEHIND = 2 * MINUTE
_LONGEST = 180 * DAY
_FREE = frozenset({"nextToken"})


def list_transactions(call: Call) -> JsonObject:
    """What was posted in a span of time, or belongs to an order, oldest first."""
    after, before = _span(call)
    order_id = _order_id(call)
    status, marketplace_id = call.query.one("transactionStatus"), call.query.one("marketplaceId")
    found = sorted(
        (
            entry
            for entry in entries(call.world, call.seller_id)
            if after <= entry.posted_ms < before
            and order_id in {None, entry.order.order_id}
            and status in {None, _status(call.world, entry)}
            and (marketplace_id is None or _is_of(call.world, entry, marketplace_id))
        ),
        key=lambda entry: (entry.posted_ms, entry.transaction_id),
    )
    bound_to = digest(call.seller_id, call.query.fingerprint(without=_FREE)).hex()
    token = call.query.one("nextToken")
    start = int(read_token(token, bound_to)["at"]) if token else 0
    page = found[start : start + _PAGE]
    payload: JsonObject = {"transactions": [_transaction(call.world, entry) for entry in page]}
    if start + _PAGE < len(found):
        payload["nextToken"] = paging_token({"for": bound_to, "at": start + _PAGE})
    return {"payload": payload}


def _span(call: Call) -> tuple[int, int]:
    """From when, and until before when. More than 180 days are answered with nothing."""
    now = call.world.now_ms
    moments: dict[str, int] = {}
    for name in ("postedAfter", "postedBefore"):
        if text := call.query.one(name):
            try:
                moments[name] = parse_iso(text)
            except ValueError as error:
                raise invalid(f"{name} must be an ISO 8601 moment.") from error
            if moments[name] > now - _BEHIND:
                raise invalid(f"{name} must be more than two minutes before now.")
    after, before = moments.get("postedAfter"), moments.get("postedBefore", now - _BEHIND)
    if after is None:
        if call.query.one("relatedIdentifierName") is None:
            raise invalid("Start date cannot be null")
        return 0, now + 1
    if before < after:
        raise invalid("postedBefore must be later than postedAfter.")
    return (after, before) if before - after <= _LONGEST else (now, now)


def _order_id(call: Call) -> str | None:
    name = call.query.one("relatedIdentifierName")
    value = call.query.one("relatedIdentifierValue")
    if (name is None) != (value is None):
        raise invalid("relatedIdentifierName and relatedIdentifierValue go together.")
    if name not in {None, "ORDER_ID"}:
        raise invalid(f"{name} is not simulated; ORDER_ID is.")
    return value


def _is_of(world: World, entry: Entry, marketplace_id: str) -> bool:
    """Whether an entry is found by a marketplace: in the United States those that sellers ship themselves are not."""
    by_seller = not entry.order.fulfilled_by_amazon
    hidden = by_seller and world.marketplace.country == "US"
    return marketplace_id == world.marketplace_id and not hidden


def _status(world: World, entry: Entry) -> str:
    return "DEFERRED_RELEASED" if entry.released_ms <= world.now_ms else "DEFERRED"


def _transaction(world: World, entry: Entry) -> JsonObject:
    order = entry.order
    network = "AFN" if order.fulfilled_by_amazon else "MFN"
    fees = [("Commission", entry.commission)]
    if entry.fulfilment:
        fees.append(("FBAPerUnitFulfillmentFee", entry.fulfilment))
    breakdowns = [
        _breakdown(world, "ProductCharges", ("OurPricePrincipal", entry.principal)),
        _breakdown(world, "AmazonFees", *fees),
    ]
    total = _amount(world, entry.total)
    return {
        "sellingPartnerMetadata": {
            "sellingPartnerId": order.seller_id,
            "accountType": "Standard Orders",
            "marketplaceId": world.marketplace_id,
        },
        "relatedIdentifiers": [
            {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order.order_id},
            {
                "relatedIdentifierName": "SHIPMENT_ID",
                "relatedIdentifierValue": f"{order.order_id}/{entry.parcel.reference}",
            },
        ],
        "transactionType": "Shipment",
        "transactionId": entry.transaction_id,
        "transactionStatus": _status(world, entry),
        "description": "Order Payment",
        "postedDate": iso(entry.posted_ms),
        "totalAmount": total,
        "marketplaceDetails": {
            "marketplaceId": world.marketplace_id,
            "marketplaceName": world.marketplace.domain.capitalize(),
        },
        "items": [
            {
                "description": order.title,
                "totalAmount": total,
                "breakdowns": breakdowns,
                "contexts": [
                    {
                        "contextType": "ProductContext",
                        "asin": order.asin,
                        "sku": order.sku,
                        "quantityShipped": entry.parcel.quantity,
                        "fulfillmentNetwork": network,
                    }
                ],
            }
        ],
        "contexts": [
            {
                "contextType": "DeferredContext",
                "deferralReason": "DD7",
                "maturityDate": iso(entry.released_ms),
            }
        ],
        "breakdowns": breakdowns,
    }


def _breakdown(world: World, kind: str, *parts: tuple[str, int]) -> JsonObject:
    return {
        "breakdownType": kind,
        "breakdownAmount": _amount(world, sum(amount for _, amount in parts)),
        "breakdowns": [
            {"breakdownType": name, "breakdownAmount": _amount(world, amount)}
            for name, amount in parts
        ],
    }


def _amount(world: World, minor: int) -> JsonObject:
    return {"currencyCode": world.currency, "currencyAmount": number(minor, world.currency)}
