"""Feeds on orders, in tables with tabs: what was shipped, and what is cancelled."""

from collections.abc import Callable

from connectors.simulator import shipments
from connectors.simulator.clock import parse_iso
from connectors.simulator.shipments import Refused, order_of
from connectors.simulator.world import Batch, Order, Parcel, World

_TEXT = "text/plain; charset=UTF-8"

Row = dict[str, str]


def ship(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Confirm shipments; confirming one again changes nothing."""
    return _each_row(world, feed, content, {"order-id", "ship-date"}, _ship)


def cancel(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Cancel orders, which is all that the acknowledgement in this form does."""
    return _each_row(world, feed, content, {"order-id", "cancellation-reason-code"}, _cancel)


def _ship(world: World, order: Order, row: Row) -> None:
    told = row["ship-date"]
    try:
        shipped_ms = parse_iso(told if "T" in told else f"{told}T00:00Z")
    except ValueError as error:
        raise Refused(f"'{told}' is not a ship-date.") from error
    carrier = row.get("carrier-name") or row.get("carrier-code")
    if not carrier:
        raise Refused("A carrier-code or carrier-name is required.")
    tracking = row.get("tracking-number", "")
    # A table numbers no parcels: one is known by how it travels.
    reference = f"{carrier} {tracking or told}"
    known = next((one for one in order.parcels if one.reference == reference), None)
    rest = known.quantity if known else order.quantity - order.shipped
    quantity = row.get("quantity") or str(rest)
    if not (quantity.isascii() and quantity.isdigit()):
        raise Refused(f"'{quantity}' is not a quantity.")
    parcel = Parcel(
        reference=reference,
        quantity=int(quantity),
        shipped_ms=shipped_ms,
        told_ms=world.now_ms,
        carrier=carrier,
        method=row.get("ship-method", ""),
        tracking=tracking,
    )
    shipments.ship(world, order, parcel, row.get("order-item-id") or order.item_id)


def _cancel(world: World, order: Order, row: Row) -> None:
    shipments.cancel(world, order, row["cancellation-reason-code"])


def _each_row(
    world: World,
    feed: Batch,
    content: bytes,
    required: set[str],
    act: Callable[[World, Order, Row], None],
) -> tuple[str, bytes, str]:
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    # The templates that Seller Central hands out begin with a line about the template.
    if lines and lines[0].startswith("TemplateType"):
        lines = lines[1:]
    header = lines[0].split("\t") if lines else []
    if required - {*header}:
        return "FATAL", b"The header names not all of the columns that are required.", _TEXT
    wrong: list[tuple[int, str]] = []
    rows = [line for line in lines[1:] if line.strip()]
    for number, line in enumerate(rows, 1):
        row: Row = dict(zip(header, line.split("\t"), strict=False))
        try:
            act(world, _order_of(world, feed, row, required), row)
        except Refused as error:
            wrong.append((number, str(error)))
    return "DONE", _summary(len(rows), wrong).encode(), _TEXT


def _order_of(world: World, feed: Batch, row: Row, required: set[str]) -> Order:
    order = order_of(world, feed.seller_id, row.get("order-id", ""))
    if missing := sorted(name for name in required if not row.get(name)):
        raise Refused(f"{missing[0]} is required.")
    if row.get("order-item-id", order.item_id) not in {order.item_id, ""}:
        raise Refused("The order has no such item.")
    return order


def _summary(processed: int, wrong: list[tuple[int, str]]) -> str:
    told = [
        "Feed Processing Summary:",
        f"\tNumber of records processed\t\t{processed}",
        f"\tNumber of records successful\t\t{processed - len(wrong)}",
    ]
    if wrong:
        told += ["", "original-record-number\terror-code\terror-type\terror-message"]
        told += [f"{number}\t18028\tError\t{message}" for number, message in wrong]
    return "\n".join([*told, ""])
