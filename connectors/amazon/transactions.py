"""Reads what money moved (Finances 2024-06-19)."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import structlog

from connectors.amazon.operations import LIST_TRANSACTIONS
from connectors.amazon.payload import Node, first, iso, moment, money, node, nodes, text, whole
from connectors.amazon.transport import Transport
from connectors.back_office import (
    Charge,
    Transaction,
    TransactionItem,
    TransactionPage,
    TransactionStatus,
)
from connectors.budget import Priority
from domain.money import Money

log = structlog.get_logger()

_LONGEST = timedelta(days=180)
"""Amazon answers longer spans with nothing, and says nothing of it."""
_DEEPEST = 20
"""Amazon's charges are a few levels deep; an answer that goes deeper is not one of its own."""


async def posted(
    transport: Transport, after: datetime, before: datetime | None, now: datetime
) -> AsyncIterator[TransactionPage]:
    """Pages of what was posted in a span of time."""
    while (before or now) - after > _LONGEST:
        part = {"postedAfter": iso(after), "postedBefore": iso(after + _LONGEST)}
        async for page in _pages(transport, part):
            yield page
        after += _LONGEST
    last = {"postedAfter": iso(after)} | ({"postedBefore": iso(before)} if before else {})
    async for page in _pages(transport, last):
        yield page


def of_order(transport: Transport, order_number: str) -> AsyncIterator[TransactionPage]:
    """Pages of what belongs to one order."""
    named = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_number}
    return _pages(transport, named)


async def _pages(transport: Transport, query: Mapping[str, str]) -> AsyncIterator[TransactionPage]:
    # No marketplace is named: with one, Amazon leaves out what sellers ship themselves in the United States.
    token: str | None = ""
    while token is not None:
        page = {"nextToken": token} if token else {}
        answer = await transport.send(
            LIST_TRANSACTIONS, query={**query, **page}, priority=Priority.BACKGROUND
        )
        payload = node(answer.get("payload"))
        rows = nodes(payload.get("transactions"))
        found = tuple(one for row in rows if (one := transaction_of(row)))
        if unreadable := len(rows) - len(found):
            log.error("amazon.transactions.unreadable", count=unreadable)
        token = text(payload.get("nextToken"))
        yield TransactionPage(found, unreadable)


def transaction_of(row: Node) -> Transaction | None:
    """A transaction as Amazon tells it; None where its time is missing."""
    posted_at = moment(row.get("postedDate"))
    if posted_at is None:
        return None
    return Transaction(
        id=text(row.get("transactionId")),
        type=text(row.get("transactionType")) or "",
        status=_status(text(row.get("transactionStatus"))),
        description=text(row.get("description")) or "",
        posted_at=posted_at,
        total=_amount(row.get("totalAmount")),
        marketplace_id=_marketplace(row),
        related={
            name: value
            for one in nodes(row.get("relatedIdentifiers"))
            if (name := text(one.get("relatedIdentifierName")))
            and (value := text(one.get("relatedIdentifierValue")))
        },
        items=tuple(_item(item) for item in nodes(row.get("items"))),
        charges=_charges(row),
    )


def _marketplace(row: Node) -> str | None:
    details, seller = node(row.get("marketplaceDetails")), node(row.get("sellingPartnerMetadata"))
    return text(details.get("marketplaceId")) or text(seller.get("marketplaceId"))


def _item(row: Node) -> TransactionItem:
    # Contexts of several kinds stand in one list; the product's is the one that names it.
    product = first(one for one in nodes(row.get("contexts")) if one.get("sku") or one.get("asin"))
    return TransactionItem(
        description=text(row.get("description")) or "",
        seller_sku=text(product.get("sku")),
        asin=text(product.get("asin")),
        quantity=whole(product.get("quantityShipped")),
        total=_amount(row.get("totalAmount")),
        charges=_charges(row),
    )


def _charges(row: Node, depth: int = 0) -> tuple[Charge, ...]:
    if depth == _DEEPEST:
        return ()
    return tuple(
        Charge(
            text(part.get("breakdownType")) or "",
            _amount(part.get("breakdownAmount")),
            _charges(part, depth + 1),
        )
        for part in nodes(row.get("breakdowns"))
    )


def _amount(value: object) -> Money | None:
    told = node(value)
    return money(told.get("currencyAmount"), told.get("currencyCode"))


def _status(word: str | None) -> TransactionStatus:
    try:
        return TransactionStatus(word or "")
    except ValueError:
        return TransactionStatus.UNKNOWN
