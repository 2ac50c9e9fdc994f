"""What a write does to a listing, whether it came alone or in a feed: put, patch and delete."""

from typing import Any

from connectors.simulator.attributes import (
    ASIN,
    CONDITION,
    PRICE,
    STOCK,
    Reader,
    WrongValue,
    issue,
    patched,
)
from connectors.simulator.submissions import submit
from connectors.simulator.wire import JsonObject, invalid
from connectors.simulator.world import Attributes, JournalEntry, Listing, World

_OPERATIONS = frozenset({"add", "replace", "merge", "delete"})
_EVERYTHING = [ASIN, CONDITION, PRICE, STOCK]

Patch = tuple[str, str, list[dict[str, Any]] | None]
"""Operation, attribute, values."""


def put(
    world: World,
    seller_id: str,
    sku: str,
    product_type: str,
    attributes: Attributes,
    *,
    preview: bool = False,
) -> list[JsonObject]:
    """Create an offer on an item of the catalogue, or replace it whole; gives what is wrong with it."""
    reader = Reader(world.marketplace)
    issues = reader.missing(attributes) + reader.issues(attributes, list(attributes))
    if not issues and not preview:
        listing = world.listing(seller_id, sku)
        if listing is None:
            listing = _new_listing(world, seller_id, sku, product_type)
            world.add(listing)
        listing.product_type = product_type
        submit(world, listing, attributes, _EVERYTHING)
    return issues


def patch(
    world: World, seller_id: str, sku: str, patches: list[Patch], *, preview: bool = False
) -> tuple[Attributes | None, list[JsonObject]]:
    """Change attributes of an offer; gives those it then has, and what is wrong."""
    listing = world.listing(seller_id, sku)
    attributes = listing.accepted if listing else None
    for op, name, values in patches:
        attributes = patched(attributes or {}, op, name, values)
    if listing is None or listing.accepted is None:
        return attributes, [
            issue("13013", "This SKU does not exist.", [], "INVALID_ATTRIBUTE"),
        ]
    touched = touched_by(patches)
    issues = Reader(world.marketplace).issues(attributes or {}, touched)
    if not issues and not preview:
        submit(world, listing, attributes, touched)
    return attributes, issues


def delete(world: World, seller_id: str, sku: str) -> None:
    """Remove an offer. One that is not there is fine too, so that deleting twice is deleting once."""
    listing = world.listing(seller_id, sku)
    if listing is not None:
        submit(world, listing, None, _EVERYTHING)


def touched_by(patches: list[Patch]) -> list[str]:
    """The attributes that patches name."""
    return [name for _, name, _ in patches]


def read_patch(value: object) -> Patch:
    """One patch operation; raises the 400 that a malformed one earns."""
    if not isinstance(value, dict):
        raise invalid("Each patch must be an object.")
    op, path, values = value.get("op"), value.get("path"), value.get("value")
    if not isinstance(op, str) or op not in _OPERATIONS:
        raise invalid("op is one of add, replace, merge and delete.")
    if not isinstance(path, str) or not path.startswith("/attributes/") or path.count("/") != 2:
        raise invalid(
            "path must name a top-level attribute, such as /attributes/purchasable_offer."
        )
    if not (values is None and op == "delete") and not is_values(values):
        raise invalid("value must be an array of objects.")
    return op, path.removeprefix("/attributes/"), values


def is_values(values: object) -> bool:
    """Whether something has the form of an attribute."""
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def enter(
    world: World,
    operation: str,
    seller_id: str,
    sku: str,
    told: Attributes,
    *,
    accepted: bool,
    submission_id: str,
) -> None:
    """Enter a write in the journal, with the price and quantity that it asked for where they can be read."""
    price = quantity = None
    reader = Reader(world.marketplace)
    try:
        if money := reader.price(told):
            price = money.amount
        stock = reader.stock(told)
        if STOCK in told and not stock.fulfilled_by_amazon:
            quantity = stock.quantity
    except WrongValue:
        # The issues of the answer say what was wrong.
        pass
    world.journal.append(
        JournalEntry(
            order=world.journal[-1].order + 1 if world.journal else 1,
            tick=world.tick,
            at_ms=world.now_ms,
            operation=operation,
            seller_id=seller_id,
            sku=sku,
            price=price,
            quantity=quantity,
            status="ACCEPTED" if accepted else "INVALID",
            submission_id=submission_id,
        )
    )


def only(attributes: Attributes | None, names: list[str]) -> Attributes:
    """Those of the attributes that are named."""
    known = attributes or {}
    return {name: known[name] for name in names if name in known}


def _new_listing(world: World, seller_id: str, sku: str, product_type: str) -> Listing:
    return Listing(
        seller_id=seller_id,
        sku=sku,
        product_type=product_type,
        created_ms=world.now_ms,
        updated_ms=world.now_ms,
        accepted=None,
        shown=None,
    )
