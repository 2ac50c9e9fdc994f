"""Feeds on orders, in tables with tabs: what was shipped, and what is cancelled."""

from collections.abc import Callable

from connectors.simulator.clock import parse_iso
from connectors.simulator.world import Batch, Order, World

_REASONS = frozenset(
    """NoInventory ShippingAddressUndeliverable CustomerExchange BuyerCanceled GeneralAdjustment
    CarrierCreditDecision RiskAssessmentInformationNotValid CarrierCoverageFailure CustomerReturn
    MerchandiseNotReceived""".split()
)
_TEXT = "text/plain; charset=UTF-8"

Row = dict[str, str]


class _Refused(ValueError):
    """A record that cannot be."""


def ship(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Confirm shipments; confirming one again changes nothing."""
    return _each_row(world, feed, content, {"order-id", "ship-date"}, _ship)


def cancel(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Cancel orders, which is all that the acknowledgement in this form does."""
    return _each_row(world, feed, content, {"order-id", "cancellation-reason-code"}, _cancel)


def _ship(world: World, order: Order, row: Row) -> None:
    try:
        parse_iso(row["ship-date"] if "T" in row["ship-date"] else f"{row['ship-date']}T00:00Z")
    except ValueError as error:
        raise _Refused(f"'{row['ship-date']}' is not a ship-date.") from error
    if not row.get("carrier-code") and not row.get("carrier-name"):
        raise _Refused("A carrier-code or carrier-name is required.")
    if order.status == "SHIPPED":
        return
    _move(world, order, "SHIPPED")


def _cancel(world: World, order: Order, row: Row) -> None:
    if row["cancellation-reason-code"] not in _REASONS:
        raise _Refused(f"'{row['cancellation-reason-code']}' is not a reason to cancel.")
    if order.status == "CANCELLED":
        return
    _move(world, order, "CANCELLED")


def _move(world: World, order: Order, status: str) -> None:
    if order.fulfilled_by_amazon:
        raise _Refused("Amazon fulfils this order itself.")
    if order.status != "UNSHIPPED":
        raise _Refused(f"The order is {order.status}.")
    order.status, order.updated_ms = status, world.now_ms


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
        except _Refused as error:
            wrong.append((number, str(error)))
    return "DONE", _summary(len(rows), wrong).encode(), _TEXT


def _order_of(world: World, feed: Batch, row: Row, required: set[str]) -> Order:
    order = world.orders.get(row.get("order-id", ""))
    if order is None or order.seller_id != feed.seller_id:
        raise _Refused("There is no such order.")
    if missing := sorted(name for name in required if not row.get(name)):
        raise _Refused(f"{missing[0]} is required.")
    if row.get("order-item-id", order.item_id) not in {order.item_id, ""}:
        raise _Refused("The order has no such item.")
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
