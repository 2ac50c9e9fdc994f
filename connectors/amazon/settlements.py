"""Settlement reports (flat file V2): Amazon makes them by itself, about every two weeks."""

import re
from datetime import UTC, datetime

import structlog

from connectors.amazon.documents import fetch, task_of
from connectors.amazon.operations import GET_REPORT_DOCUMENT, GET_REPORTS
from connectors.amazon.payload import iso, money, nodes, text
from connectors.amazon.payload import moment as iso_moment
from connectors.amazon.table import Row, decoded, rows
from connectors.amazon.transport import Transport
from connectors.back_office import Settlement, SettlementLine
from connectors.budget import Priority
from connectors.errors import Unreadable
from connectors.port import Task
from domain.clock import truncate
from domain.money import Money

log = structlog.get_logger()

TYPE = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
_NEEDED = {"settlement-id", "total-amount", "currency", "transaction-type", "amount-type", "amount"}
_DATES = ("%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S")
"""How Amazon writes moments in Europe and Japan; elsewhere it is ISO 8601. All are in UTC."""
_COMMA = re.compile(r"-?[\d.]*\d,\d{1,2}", re.ASCII)
"""An amount with a decimal comma, as in most of Europe."""


async def made_since(transport: Transport, moment: datetime) -> list[Task]:
    """The settlement reports that were made since a moment, newest first."""
    query: dict[str, str | int] = {
        "reportTypes": TYPE,
        "createdSince": iso(moment),
        "pageSize": 100,
    }
    found: list[Task] = []
    while query:
        answer = await transport.send(GET_REPORTS, query=query, priority=Priority.BACKGROUND)
        found += [task_of(row, "report", GET_REPORTS) for row in nodes(answer.get("reports"))]
        token = text(answer.get("nextToken"))
        query = {"nextToken": token} if token else {}
    return sorted(found, key=lambda task: task.created_at or moment, reverse=True)


async def read(transport: Transport, document_id: str) -> Settlement:
    """What a settlement report says."""
    content, charset = await fetch(transport, GET_REPORT_DOCUMENT, "reportDocumentId", document_id)
    return settlement_of(content, charset)


def settlement_of(content: bytes, charset: str | None) -> Settlement:
    """The settlement in a report's table: its first line tells the whole, the others what it is made of.

    Raises:
        Unreadable: the table has other columns, or no first line with a total.
    """
    head: Row | None = None
    total: Money | None = None
    lines: list[SettlementLine] = []
    unreadable: list[int] = []
    for number, row in rows(decoded(content, charset or "utf-8"), _NEEDED, cut_short=True):
        if head is None:
            if row is None:
                break
            head, total = row, _amount(row["total-amount"], row["currency"])
            continue
        line = _line(row, head["currency"]) if row else None
        if line is None:
            unreadable.append(number)
        else:
            lines.append(line)
    if head is None or total is None:
        raise Unreadable("The settlement has no total", operation=GET_REPORT_DOCUMENT.name)
    if unreadable:
        log.error("amazon.settlement.unreadable", lines=unreadable[:100], count=len(unreadable))
    return Settlement(
        id=head["settlement-id"],
        begins_at=_moment(head.get("settlement-start-date", "")),
        ends_at=_moment(head.get("settlement-end-date", "")),
        deposited_at=_moment(head.get("deposit-date", "")),
        total=total,
        lines=tuple(lines),
        unreadable=tuple(unreadable),
    )


def _line(row: Row, currency: str) -> SettlementLine | None:
    amount = _amount(row["amount"], currency)
    if amount is None:
        return None
    quantity = row.get("quantity-purchased", "").strip()
    return SettlementLine(
        transaction_type=row["transaction-type"],
        order_number=row.get("order-id") or None,
        amount_type=row["amount-type"],
        amount_description=row.get("amount-description", ""),
        amount=amount,
        posted_at=_moment(row.get("posted-date-time", "")) or _moment(row.get("posted-date", "")),
        seller_sku=row.get("sku") or None,
        quantity=int(quantity) if quantity.isascii() and quantity.isdigit() else None,
    )


def _amount(told: str, currency: str) -> Money | None:
    told = told.strip()
    if _COMMA.fullmatch(told):
        told = told.replace(".", "").replace(",", ".")
    return money(told, currency.strip())


def _moment(told: str) -> datetime | None:
    """A moment without a word on its zone, or with ``UTC`` behind it."""
    bare = told.strip().removesuffix("UTC").strip()
    for form in _DATES:
        try:
            return truncate(datetime.strptime(bare, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    return iso_moment(bare)
