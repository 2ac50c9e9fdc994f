"""Estimates what Amazon takes of a sale (Product Fees v0)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.amazon.operations import (
    GET_FEES_ESTIMATE_FOR_ASIN,
    GET_FEES_ESTIMATE_FOR_SKU,
    GET_FEES_ESTIMATES,
)
from connectors.amazon.payload import Node, amount, moment, node, nodes, text
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.errors import Rejected, Unavailable, Unreadable
from connectors.pricing import Fee, FeesEstimate, FeesInquiry, ItemName, Named, Problem
from domain.listing import Fulfilment
from domain.marketplace import Marketplace
from domain.money import Money

BATCH = 20
"""Questions of a request, at most."""
_NO_ANSWER = Problem("NO_ANSWER", "The answer to this question is missing, or cannot be read")


async def one(transport: Transport, inquiry: FeesInquiry) -> FeesEstimate:
    """The fees of one sale.

    Raises:
        Rejected: Amazon knows of no such item.
        Unavailable: Amazon could not tell this time.
        Unreadable: an answer of another form.
    """
    name = inquiry.name
    operation, place = (
        (GET_FEES_ESTIMATE_FOR_ASIN, "Asin")
        if name.by is Named.ASIN
        else (GET_FEES_ESTIMATE_FOR_SKU, "SellerSKU")
    )
    answer = await transport.send(
        operation,
        path={place: name.value},
        body=_question(inquiry, transport.account.marketplace, "0"),
    )
    result = node(node(answer.get("payload")).get("FeesEstimateResult"))
    estimate = estimate_of(result, name)
    if estimate is None:
        raise Unreadable("The answer holds no estimate", operation=operation.name)
    if problem := estimate.problem:
        if result.get("Status") == "ServiceError":
            raise Unavailable(problem.message, operation=operation.name)
        raise Rejected(problem.message, operation=operation.name, code=problem.code)
    return estimate


async def several(transport: Transport, inquiries: Sequence[FeesInquiry]) -> list[FeesEstimate]:
    """The fees of at most 20 sales, in the order of the questions."""
    if len(inquiries) > BATCH:
        raise ValueError(f"{len(inquiries)} questions in one request, {BATCH} at most")
    if not inquiries:
        return []
    marketplace = transport.account.marketplace
    answer = await transport.send(
        GET_FEES_ESTIMATES,
        body=[
            {
                **_question(inquiry, marketplace, str(number)),
                "IdType": inquiry.name.by.value,
                "IdValue": inquiry.name.value,
            }
            for number, inquiry in enumerate(inquiries)
        ],
        priority=Priority.BACKGROUND,
    )
    return estimates_of(answer, inquiries)


def estimates_of(answer: Node, inquiries: Sequence[FeesInquiry]) -> list[FeesEstimate]:
    """The estimates in a batch's answer, found by the numbers that the questions carried, or by what they named."""
    rows: dict[object, Node] = {}
    for row in nodes(answer.get("items")):
        told = node(row.get("FeesEstimateIdentifier"))
        rows[text(told.get("SellerInputIdentifier"))] = row
        rows[text(told.get("IdType")), text(told.get("IdValue"))] = row
    return [
        estimate_of(_row_of(rows, number, inquiry.name), inquiry.name)
        or FeesEstimate(inquiry.name, None, (), None, _NO_ANSWER)
        for number, inquiry in enumerate(inquiries)
    ]


def _row_of(rows: Mapping[object, Node], number: int, name: ItemName) -> Node:
    return rows.get(str(number)) or rows.get((name.by.value, name.value)) or {}


def estimate_of(result: Node, name: ItemName) -> FeesEstimate | None:
    """One estimate; None where there is neither a sum nor a reason for there being none."""
    told = node(result.get("FeesEstimate"))
    total = amount(told.get("TotalFeesEstimate"))
    error = node(result.get("Error"))
    code = text(error.get("Code")) or text(error.get("Type"))
    status = text(result.get("Status"))
    # An error with nothing in it stands beside every success.
    if status == "Success" and total is not None:
        problem = None
    elif code is not None or status not in {None, "Success"}:
        problem = Problem(code or status or "", text(error.get("Message")) or "no reason given")
        total = None
    else:
        return None
    return FeesEstimate(
        name=name,
        total=total,
        fees=() if problem else _fees(told.get("FeeDetailList")),
        estimated_at=_moment(told.get("TimeOfFeesEstimation")),
        problem=problem,
    )


def _question(inquiry: FeesInquiry, marketplace: Marketplace, number: str) -> dict[str, Any]:
    price = {"ListingPrice": _amount(inquiry.price)}
    if inquiry.shipping is not None:
        price["Shipping"] = _amount(inquiry.shipping)
    return {
        "FeesEstimateRequest": {
            "MarketplaceId": marketplace.id,
            "IsAmazonFulfilled": inquiry.fulfilment is Fulfilment.AMAZON,
            "PriceToEstimateFees": price,
            "Identifier": number,
        }
    }


def _amount(money: Money) -> dict[str, Any]:
    return {"CurrencyCode": money.currency, "Amount": orjson.Fragment(money.amount)}


def _fees(rows: object) -> tuple[Fee, ...]:
    """The fees that can be read; included ones hold none themselves."""
    return tuple(
        fee
        for row in nodes(rows)
        if (fee := _fee(row, _included(row.get("IncludedFeeDetailList")))) is not None
    )


def _included(rows: object) -> tuple[Fee, ...]:
    return tuple(fee for row in nodes(rows) if (fee := _fee(row, ())) is not None)


def _fee(row: Node, included: tuple[Fee, ...]) -> Fee | None:
    before, final = amount(row.get("FeeAmount")), amount(row.get("FinalFee"))
    if before is None or final is None:
        return None
    return Fee(text(row.get("FeeType")) or "", before, final, included)


def _moment(value: object) -> datetime | None:
    """A moment as the model has it, or as its examples do: ``Mon Oct 28 18:49:32 UTC 2019``."""
    if (at := moment(value)) is not None or not isinstance(value, str):
        return at
    try:
        return datetime.strptime(value, "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
