"""Product Fees v0: what Amazon would take of a sale, by the same measure as the ledger."""

from collections.abc import Callable
from decimal import Decimal

from connectors.simulator.clock import iso
from connectors.simulator.ledger import FULFILMENT, referral
from connectors.simulator.operations import Call
from connectors.simulator.wire import (
    JsonObject,
    SpApiError,
    amount_object,
    invalid,
    loads,
    read_object,
)
from domain.money import Money

MOST_REQUESTS = 20
_NO_ERROR = {"Type": "", "Code": "", "Message": "", "Detail": []}


def get_my_fees_estimate_for_sku(call: Call) -> JsonObject:
    """The fees of one listing of the seller."""
    return _single(call, "SellerSKU", call.path["sku"])


def get_my_fees_estimate_for_asin(call: Call) -> JsonObject:
    """The fees of one item of the catalogue."""
    return _single(call, "ASIN", call.path["asin"])


def get_my_fees_estimates(call: Call) -> list[JsonObject]:
    """Up to 20 of them, by ASIN or SKU."""
    try:
        asked = loads(call.body)
    except ValueError as error:
        raise invalid("The request body is not JSON.") from error
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_REQUESTS:
        raise invalid(f"The request body must be a list of 1 to {MOST_REQUESTS} requests.")
    return [_one_of_batch(call, one) for one in asked]


def _single(call: Call, kind: str, value: str) -> JsonObject:
    request = read_object(call.body).get("FeesEstimateRequest")
    return {"payload": {"FeesEstimateResult": _result(call, request, kind, value)}}


def _one_of_batch(call: Call, asked: object) -> JsonObject:
    if not isinstance(asked, dict):
        raise invalid("Each request must be an object.")
    kind, value = asked.get("IdType"), asked.get("IdValue")
    if kind not in _KNOWN or not isinstance(value, str):
        raise invalid("Each request needs IdType and IdValue.")
    return _result(call, asked.get("FeesEstimateRequest"), str(kind), value)


def _result(call: Call, request: object, kind: str, value: str) -> JsonObject:
    if not isinstance(request, dict) or not isinstance(request.get("Identifier"), str):
        raise invalid("FeesEstimateRequest with an Identifier is required.")
    if request.get("MarketplaceId") != call.world.marketplace_id:
        raise invalid("Incorrect Marketplace identifier.")
    by_amazon = request.get("IsAmazonFulfilled", False)
    if not isinstance(by_amazon, bool):
        raise invalid("IsAmazonFulfilled must be true or false.")
    prices = request.get("PriceToEstimateFees")
    price = _landed(call, prices)
    identifier = {
        "MarketplaceId": call.world.marketplace_id,
        "SellerId": call.seller_id,
        "IdType": kind,
        "IdValue": value,
        "IsAmazonFulfilled": by_amazon,
        "PriceToEstimateFees": prices,
        "SellerInputIdentifier": request["Identifier"],
    }
    if not _KNOWN[kind](call, value):
        error = {
            "Type": "Sender",
            "Code": "InvalidParameterValue",
            "Message": f"There is no {kind} {value} in the marketplace.",
            "Detail": [],
        }
        return {"Status": "ClientError", "FeesEstimateIdentifier": identifier, "Error": error}
    return {
        "Status": "Success",
        "FeesEstimateIdentifier": identifier,
        "FeesEstimate": _estimate(call, price, by_amazon=by_amazon),
        "Error": _NO_ERROR,
    }


_KNOWN: dict[str, Callable[[Call, str], bool]] = {
    "ASIN": lambda call, asin: asin in call.world.items,
    "SellerSKU": lambda call, sku: call.world.listing(call.seller_id, sku) is not None,
}
"""By what a request names its item, and whether there is such a one."""


def _estimate(call: Call, price: int, *, by_amazon: bool) -> JsonObject:
    fees = [_fee(call, "ReferralFee", referral(price))]
    if by_amazon:
        parts = [_fee(call, "FBAPickAndPack", FULFILMENT)]
        fees.append({**_fee(call, "FBAFees", FULFILMENT), "IncludedFeeDetailList": parts})
    total = referral(price) + (FULFILMENT if by_amazon else 0)
    return {
        "TimeOfFeesEstimation": iso(call.world.now_ms),
        "TotalFeesEstimate": amount_object(total, call.world.currency),
        "FeeDetailList": fees,
    }


def _fee(call: Call, kind: str, minor: int) -> JsonObject:
    amount = amount_object(minor, call.world.currency)
    nothing = amount_object(0, call.world.currency)
    return {"FeeType": kind, "FeeAmount": amount, "FeePromotion": nothing, "FinalFee": amount}


def _landed(call: Call, prices: object) -> int:
    """What the buyer would pay, in the currency's smallest unit."""
    if not isinstance(prices, dict) or "ListingPrice" not in prices:
        raise invalid("PriceToEstimateFees with a ListingPrice is required.")
    told = [prices[name] for name in ("ListingPrice", "Shipping") if name in prices]
    return sum(_minor(call, one) for one in told)


def _minor(call: Call, told: object) -> int:
    if not isinstance(told, dict) or told.get("CurrencyCode") != call.world.currency:
        raise invalid(f"Prices must be in {call.world.currency}.")
    amount = told.get("Amount")
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise invalid("Amount must be a number.")
    try:
        minor = Money.parse(Decimal(amount), call.world.currency).minor
    except ValueError as error:
        raise SpApiError(400, "InvalidInput", str(error)) from error
    if minor < 0:
        raise invalid("Amount must not be below 0.")
    return minor
