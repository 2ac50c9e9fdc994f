"""What becomes of a report when its time has come."""

from collections.abc import Callable

from connectors.simulator import documents
from connectors.simulator.clock import MINUTE, iso
from connectors.simulator.listing_document import statuses
from connectors.simulator.listings_report import write
from connectors.simulator.world import Batch, Listing, World

_TOO_SOON = 15 * MINUTE
"""A report of a type that was made this recently is not made again."""
_A_LISTING = 1
"""Milliseconds that one row takes."""
_CONTENT_TYPE = "text/plain;charset=Cp1252"


def _is_active(listing: Listing) -> bool:
    return "BUYABLE" in statuses(listing)


REPORT_TYPES: dict[str, Callable[[Listing], bool]] = {
    "GET_MERCHANT_LISTINGS_ALL_DATA": lambda _: True,
    "GET_MERCHANT_LISTINGS_DATA": _is_active,
    "GET_MERCHANT_LISTINGS_INACTIVE_DATA": lambda listing: not _is_active(listing),
}
"""The reports that are simulated, with the listings that each is about."""


def lasts(world: World, report: Batch) -> int:
    """Milliseconds of work, which grow with the listings."""
    return len(world.listings.get(report.seller_id, {})) * _A_LISTING


def finish(world: World, report: Batch) -> None:
    """Make the report: FATAL where one was made a moment ago, CANCELLED where nothing is to be told."""
    if any(_is_just_before(report, other) for other in world.reports.values()):
        report.status = "FATAL"
        return
    concerns = REPORT_TYPES[report.type]
    found = [
        listing
        for listing in world.listings.get(report.seller_id, {}).values()
        if listing.shown is not None and concerns(listing)
    ]
    if not found:
        report.status = "CANCELLED"
        return
    content = write(world, found)
    name = ("report", report.seller_id, report.batch_id, iso(world.now_ms))
    result = documents.store(world, report.seller_id, content, _CONTENT_TYPE, *name)
    report.status, report.result_id = "DONE", result.document_id


def _is_just_before(report: Batch, other: Batch) -> bool:
    return (
        other.status == "DONE"
        and (other.seller_id, other.type) == (report.seller_id, report.type)
        and bool({*other.marketplace_ids} & {*report.marketplace_ids})
        and 0 <= report.created_ms - other.created_ms < _TOO_SOON
    )
