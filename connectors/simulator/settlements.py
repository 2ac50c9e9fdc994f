"""Settlement reports: they come by themselves every two weeks, for what was released meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.simulator import documents
from connectors.simulator.chance import between
from connectors.simulator.clock import DAY
from connectors.simulator.ledger import Entry, entries
from connectors.simulator.world import Batch, World
from domain.money import Money

TYPE = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
_FORTNIGHT = 14 * DAY
_COLUMNS = (
    "settlement-id settlement-start-date settlement-end-date deposit-date total-amount currency "
    "transaction-type order-id merchant-order-id adjustment-id shipment-id marketplace-name "
    "amount-type amount-description amount fulfillment-id posted-date posted-date-time "
    "order-item-code merchant-order-item-id merchant-adjustment-item-id sku quantity-purchased "
    "promotion-id"
).split()

Row = dict[str, str]


def next_moment(world: World) -> int:
    """When the next ones are due."""
    return world.settled_ms - world.settled_ms % _FORTNIGHT + _FORTNIGHT


def make_due(world: World) -> list[Batch]:
    """Make those that are due now."""
    until = next_moment(world)
    if until > world.now_ms:
        return []
    world.settled_ms = until
    return [batch for seller_id in world.sellers for batch in _settle(world, seller_id, until)]


def _settle(world: World, seller_id: str, until: int) -> Iterator[Batch]:
    since = until - _FORTNIGHT
    found = sorted(
        (entry for entry in entries(world, seller_id) if since <= entry.released_ms < until),
        key=lambda entry: (entry.posted_ms, entry.transaction_id),
    )
    if not found:
        return
    name = (world.seed, "settlement", seller_id, until)
    content = _table(world, str(between(10**10, 10**11 - 1, *name)), since, until, found)
    document = documents.store(world, seller_id, content, "text/tab-separated-values", *name[1:])
    batch = Batch(
        batch_id=str(between(10**10, 10**11 - 1, *name, "report")),
        client_id=world.sellers[seller_id].client_id,
        seller_id=seller_id,
        type=TYPE,
        marketplace_ids=[world.marketplace_id],
        created_ms=until,
        ready_at=until,
        status="DONE",
        started_ms=until,
        ends_at=until,
        result_id=document.document_id,
        data_from_ms=since,
    )
    world.reports[batch.batch_id] = batch
    yield batch


def _table(world: World, id_: str, since: int, until: int, found: list[Entry]) -> bytes:
    total = sum(entry.total for entry in found)
    head = {
        "settlement-id": id_,
        "settlement-start-date": _moment(since),
        "settlement-end-date": _moment(until),
        "deposit-date": _moment(until + 2 * DAY),
        "total-amount": Money(total, world.currency).amount,
        "currency": world.currency,
    }
    rows = [head, *(row for entry in found for row in _rows(world, id_, entry))]
    lines = ["\t".join(_COLUMNS)]
    lines += ["\t".join(row.get(name, "") for name in _COLUMNS) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def _rows(world: World, id_: str, entry: Entry) -> Iterator[Row]:
    order = entry.order
    posted = _moment(entry.posted_ms)
    row = {
        "settlement-id": id_,
        "transaction-type": "Order",
        "order-id": order.order_id,
        "merchant-order-id": order.merchant_number or "",
        "shipment-id": entry.parcel.reference,
        "marketplace-name": world.marketplace.domain.capitalize(),
        "fulfillment-id": "AFN" if order.fulfilled_by_amazon else "MFN",
        "posted-date": posted.partition(" ")[0],
        "posted-date-time": posted,
        "order-item-code": order.item_id,
        "sku": order.sku,
        "quantity-purchased": str(entry.parcel.quantity),
    }
    amounts = [
        ("ItemPrice", "Principal", entry.principal),
        ("ItemFees", "Commission", entry.commission),
        ("ItemFees", "FBAPerUnitFulfillmentFee", entry.fulfilment),
    ]
    for kind, description, amount in amounts:
        if amount:
            yield {
                **row,
                "amount-type": kind,
                "amount-description": description,
                "amount": Money(amount, world.currency).amount,
            }


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
