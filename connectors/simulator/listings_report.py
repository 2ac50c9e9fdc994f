"""The listings report: a table with tabs in Cp1252, in which other characters are lost."""

from datetime import UTC, datetime

from connectors.simulator.attributes import CONDITION, Reader
from connectors.simulator.listing_document import statuses
from connectors.simulator.world import Listing, World
from domain.money import Money

COLUMNS = (
    "item-name item-description listing-id seller-sku price quantity open-date image-url "
    "item-is-marketplace product-id-type zshop-shipping-fee item-note item-condition "
    "zshop-category1 zshop-browse-path zshop-storefront-feature asin1 asin2 asin3 "
    "will-ship-internationally expedited-shipping zshop-boldface product-id "
    "bid-for-featured-placement add-delete pending-quantity fulfillment-channel "
    "merchant-shipping-group status"
).split()
CONDITIONS = {
    "used_like_new": "1",
    "used_very_good": "2",
    "used_good": "3",
    "used_acceptable": "4",
    "collectible_like_new": "5",
    "collectible_very_good": "6",
    "collectible_good": "7",
    "collectible_acceptable": "8",
    "refurbished_refurbished": "10",
    "new_new": "11",
}
_ASIN = "1"
"""The product-id-type of an ASIN."""


def write(world: World, found: list[Listing]) -> bytes:
    """The report on some listings, by SKU."""
    rows = [_row(world, listing) for listing in sorted(found, key=lambda listing: listing.sku)]
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(_cell(row.get(name, "")) for name in COLUMNS) for row in rows]
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252", errors="replace")


def _row(world: World, listing: Listing) -> dict[str, str]:
    item = world.items.get(listing.asin or "")
    shown = listing.shown or {}
    condition = Reader(world.marketplace).text(shown, CONDITION) or listing.condition
    row = {
        "item-name": item.title if item else "",
        "listing-id": f"{listing.created_ms:X}"[-11:],
        "seller-sku": listing.sku,
        "price": "" if listing.price is None else Money(listing.price, world.currency).amount,
        "open-date": _open_date(listing.created_ms),
        "item-is-marketplace": "y",
        "product-id-type": _ASIN,
        "item-condition": CONDITIONS.get(condition, "11"),
        "asin1": listing.asin or "",
        "product-id": listing.asin or "",
        "merchant-shipping-group": "Default Amazon Template",
        "status": _status(listing),
    }
    if listing.fulfilled_by_amazon:
        region = "EU" if world.marketplace.region == "EU" else "NA"
        return {**row, "fulfillment-channel": f"AMAZON_{region}"}
    return {
        **row,
        "fulfillment-channel": "DEFAULT",
        "quantity": str(listing.quantity),
        "pending-quantity": "0",
    }


def _status(listing: Listing) -> str:
    if listing.price is None:
        return "Incomplete"
    return "Active" if "BUYABLE" in statuses(listing) else "Inactive"


def _open_date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _cell(text: str) -> str:
    """A cell cannot hold what the table is made of."""
    return text.replace("\t", " ").replace("\r", " ").replace("\n", " ")
