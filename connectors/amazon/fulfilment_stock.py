"""Counts the stock that Amazon keeps (FBA Inventory v1)."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import structlog

from connectors.amazon.operations import GET_INVENTORY_SUMMARIES
from connectors.amazon.payload import Node, iso, moment, node, nodes, text, whole
from connectors.amazon.transport import Transport
from connectors.back_office import FulfilmentStock
from connectors.budget import Priority

log = structlog.get_logger()

MOST_SKUS = 50


async def read(
    transport: Transport, seller_skus: Sequence[str], changed_since: datetime | None
) -> AsyncIterator[list[FulfilmentStock]]:
    """Pages of the stock. A page's token lives half a minute."""
    if seller_skus and changed_since is not None:
        raise ValueError("Amazon takes seller SKUs or a moment, and of both only the moment")
    if len(seller_skus) > MOST_SKUS:
        raise ValueError(f"at most {MOST_SKUS} seller SKUs can be asked for at once")
    # Joined by commas, a SKU that holds one would be two; alone it is told by another parameter.
    for alone in [sku for sku in seller_skus if "," in sku]:
        async for page in _pages(transport, {"sellerSku": alone}, changed_since):
            yield page
    several = [sku for sku in seller_skus if "," not in sku]
    if several or not seller_skus:
        named = {"sellerSkus": ",".join(several)} if several else {}
        async for page in _pages(transport, named, changed_since):
            yield page


async def _pages(
    transport: Transport, named: dict[str, str], changed_since: datetime | None
) -> AsyncIterator[list[FulfilmentStock]]:
    marketplace_id = transport.account.marketplace.id
    query: dict[str, str | int] = {
        "granularityType": "Marketplace",
        "granularityId": marketplace_id,
        "marketplaceIds": marketplace_id,
        "details": "true",
        **named,
    }
    if changed_since is not None:
        query["startDateTime"] = iso(changed_since)
    token: str | None = ""
    while token is not None:
        page = {"nextToken": token} if token else {}
        answer = await transport.send(
            GET_INVENTORY_SUMMARIES, query={**query, **page}, priority=Priority.BACKGROUND
        )
        rows = nodes(node(answer.get("payload")).get("inventorySummaries"))
        found = [stock for row in rows if (stock := stock_of(row))]
        if len(found) < len(rows):
            log.error("amazon.stock.unreadable", rows=len(rows) - len(found))
        token = text(node(answer.get("pagination")).get("nextToken"))
        yield found


def stock_of(row: Node) -> FulfilmentStock | None:
    """What Amazon keeps of a SKU; None where it does not name one."""
    seller_sku = text(row.get("sellerSku"))
    if seller_sku is None:
        return None
    details = node(row.get("inventoryDetails"))
    return FulfilmentStock(
        seller_sku=seller_sku,
        asin=text(row.get("asin")),
        fulfilment_sku=text(row.get("fnSku")),
        condition=text(row.get("condition")),
        total=whole(row.get("totalQuantity")),
        changed_at=moment(row.get("lastUpdatedTime")),
        fulfillable=whole(details.get("fulfillableQuantity")),
        inbound=_inbound(details),
        reserved=_total(details, "reservedQuantity", "totalReservedQuantity"),
        researching=_total(details, "researchingQuantity", "totalResearchingQuantity"),
        unfulfillable=_total(details, "unfulfillableQuantity", "totalUnfulfillableQuantity"),
    )


def _inbound(details: Node) -> int | None:
    stages = [whole(details.get(f"inbound{stage}Quantity")) for stage in _STAGES]
    told = [quantity for quantity in stages if quantity is not None]
    return sum(told) if told else None


_STAGES = ("Working", "Shipped", "Receiving")


def _total(details: Node, part: str, name: str) -> int | None:
    return whole(node(details.get(part)).get(name))
