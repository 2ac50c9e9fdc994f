"""The report of all listings: asked for, waited for, and read out of its table."""

from datetime import datetime

import structlog

from connectors.amazon.documents import fetch, id_of, note_end, task_of
from connectors.amazon.operations import (
    CREATE_REPORT,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
)
from connectors.amazon.payload import iso, money, nodes
from connectors.amazon.table import Row, decoded, rows
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.port import ListingsReport, MarketplaceListing, Task
from domain.communication_error import ErrorClass
from domain.listing import Condition, Fulfilment
from domain.marketplace import Marketplace

log = structlog.get_logger()

_TYPE = "GET_MERCHANT_LISTINGS_ALL_DATA"
_CHARSETS = {"JP": "cp932"}
"""Where a document names no charset; everywhere else it is Cp1252."""
_CONDITIONS = {
    "1": Condition.USED_LIKE_NEW,
    "2": Condition.USED_VERY_GOOD,
    "3": Condition.USED_GOOD,
    "4": Condition.USED_ACCEPTABLE,
    "5": Condition.COLLECTIBLE_LIKE_NEW,
    "6": Condition.COLLECTIBLE_VERY_GOOD,
    "7": Condition.COLLECTIBLE_GOOD,
    "8": Condition.COLLECTIBLE_ACCEPTABLE,
    "10": Condition.REFURBISHED,
    "11": Condition.NEW,
}
_NEEDED = {"seller-sku", "asin1", "price", "quantity", "fulfillment-channel", "status"}


async def request(transport: Transport) -> str:
    """Have a report made; gives its id."""
    answer = await transport.send(
        CREATE_REPORT,
        body={"reportType": _TYPE, "marketplaceIds": [transport.account.marketplace.id]},
        priority=Priority.BACKGROUND,
    )
    return id_of(answer, "reportId", CREATE_REPORT)


async def requested_since(transport: Transport, moment: datetime) -> str | None:
    """The id of the newest report that was asked for since a moment."""
    answer = await transport.send(
        GET_REPORTS,
        query={
            "reportTypes": _TYPE,
            "marketplaceIds": transport.account.marketplace.id,
            "createdSince": iso(moment),
        },
        priority=Priority.BACKGROUND,
    )
    tasks = [task_of(row, "report", GET_REPORTS) for row in nodes(answer.get("reports"))]
    newest = max(tasks, key=lambda task: task.created_at or moment, default=None)
    return newest.id if newest else None


async def state(transport: Transport, report_id: str) -> Task:
    """How far a report is."""
    answer = await transport.send(
        GET_REPORT, path={"reportId": report_id}, priority=Priority.BACKGROUND
    )
    task = task_of(answer, "report", GET_REPORT)
    note_end(transport, task, GET_REPORT, ErrorClass.REPORT_FATAL)
    return task


async def read(transport: Transport, document_id: str) -> ListingsReport:
    """What a report says."""
    content, charset = await fetch(transport, GET_REPORT_DOCUMENT, "reportDocumentId", document_id)
    return report_of(content, charset, transport.account.marketplace)


def report_of(content: bytes, charset: str | None, marketplace: Marketplace) -> ListingsReport:
    """The listings in a report's table.

    Raises:
        Unreadable: the table has other columns.
    """
    table = decoded(content, charset or _CHARSETS.get(marketplace.country, "cp1252"))
    listings: dict[str, MarketplaceListing] = {}
    unreadable = []
    for number, row in rows(table, _NEEDED):
        if row is None or not row["seller-sku"]:
            unreadable.append(number)
            continue
        listings.setdefault(row["seller-sku"], _listing(row, marketplace))
    if unreadable:
        log.error("amazon.report.unreadable", lines=unreadable[:100], count=len(unreadable))
    return ListingsReport(tuple(listings.values()), tuple(unreadable))


def _listing(row: Row, marketplace: Marketplace) -> MarketplaceListing:
    by_amazon = row["fulfillment-channel"].upper().startswith("AMAZON")
    quantity = row["quantity"].strip()
    return MarketplaceListing(
        seller_sku=row["seller-sku"],
        asin=row["asin1"] or None,
        title=row.get("item-name", ""),
        product_type=None,
        condition=_CONDITIONS.get(row.get("item-condition", "")),
        is_buyable=row["status"].strip().lower() == "active",
        price=money(row["price"].strip(), marketplace.currency),
        quantity=int(quantity) if quantity.isdecimal() and not by_amazon else None,
        fulfilment=Fulfilment.AMAZON if by_amazon else Fulfilment.MERCHANT,
        issues=(),
    )
