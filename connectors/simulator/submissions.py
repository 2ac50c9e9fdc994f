"""From an accepted submission to a live offer: the delay, and the issues that appear only then."""

import heapq

from connectors.simulator.attributes import (
    ASIN,
    BUSINESS,
    CONDITION,
    PRICE,
    STOCK,
    Reader,
    issue,
)
from connectors.simulator.chance import between
from connectors.simulator.clock import MINUTE, SECOND
from connectors.simulator.market import condition_group
from connectors.simulator.wire import JsonObject
from connectors.simulator.world import Attributes, Listing, Submission, World

_AMAZON_STOCK = 250
"""What lies in Amazon's warehouse of an offer that Amazon ships; sending stock in is not simulated."""


def submit(
    world: World, listing: Listing, attributes: Attributes | None, touched: list[str]
) -> None:
    """Take in new attributes, or with None a deletion. Sending the same again changes nothing."""
    if attributes == listing.accepted:
        return
    listing.accepted = attributes
    seen_after = between(20 * SECOND, 4 * MINUTE, world.seed, "visible", listing.sku)
    live_after = seen_after + between(30 * SECOND, 15 * MINUTE, world.seed, "live", listing.sku)
    newest = listing.pending[-1] if listing.pending else None
    if newest is not None and newest.live_at == world.now_ms + live_after:
        newest.attributes = attributes
        newest.touched = sorted({*newest.touched, *touched})
        return
    submission = Submission(
        world.now_ms + seen_after, world.now_ms + live_after, attributes, sorted(touched)
    )
    listing.pending.append(submission)
    world.schedule(listing, submission)


def settle(world: World) -> set[tuple[str, str]]:
    """Move on every submission whose time has come; gives items and conditions whose offers changed."""
    changed: set[tuple[str, str]] = set()
    while world.due and world.due[0][0] <= world.now_ms:
        at, seller_id, sku = heapq.heappop(world.due)
        listing = world.listing(seller_id, sku)
        if listing is not None:
            before, old_asin = _on_sale(listing), listing.asin
            _advance(world, listing, at)
            if _on_sale(listing) != before:
                changed |= _note_change(world, {(old_asin, before[1]), _on_sale(listing)[:2]})
    return changed


def _advance(world: World, listing: Listing, at: int) -> None:
    for submission in list(listing.pending):
        if submission.visible_at == at and submission.attributes is not None:
            listing.shown = submission.attributes
            listing.updated_ms = at
            listing.issues = _late_issues(world, submission.attributes)
        if submission.live_at == at:
            listing.pending.remove(submission)
            _go_live(world, listing, submission, at)


def _go_live(world: World, listing: Listing, submission: Submission, at: int) -> None:
    if submission.attributes is not None:
        _take_values(world, listing, submission.attributes, set(submission.touched))
        listing.updated_ms = at
        return
    listing.price, listing.business_price, listing.quantity = None, None, 0
    if not any(newer.visible_at <= at for newer in listing.pending):
        listing.shown, listing.issues = None, []
    if listing.accepted is None:
        world.remove(listing)


def _note_change(world: World, places: set[tuple[str | None, str]]) -> set[tuple[str, str]]:
    """Have the rivals on the items answer in the next tick or the one after it."""
    changed: set[tuple[str, str]] = set()
    for asin, condition in places:
        if asin is not None and (item := world.items.get(asin)):
            if item.react_at is None:
                item.react_at = world.tick + between(1, 2, world.seed, "react", asin, world.tick)
            world.buy_box.pop(asin, None)
            changed.add((asin, condition_group(condition)))
    return changed


def _take_values(world: World, listing: Listing, attributes: Attributes, touched: set[str]) -> None:
    reader = Reader(world.marketplace)
    if ASIN in touched:
        world.place(listing, reader.text(attributes, ASIN))
    if CONDITION in touched:
        listing.condition = reader.text(attributes, CONDITION) or listing.condition
    if PRICE in touched:
        price = reader.price(attributes)
        business = reader.price(attributes, BUSINESS)
        listing.price = price.minor if price else None
        listing.business_price = business.minor if business else None
    if STOCK in touched:
        stock = reader.stock(attributes)
        if stock.fulfilled_by_amazon and not listing.fulfilled_by_amazon:
            listing.quantity = _AMAZON_STOCK
        elif not stock.fulfilled_by_amazon:
            listing.quantity = stock.quantity
        listing.fulfilled_by_amazon = stock.fulfilled_by_amazon


def _on_sale(listing: Listing) -> tuple[str | None, str, int | None, bool]:
    """What buyers and rivals see of a listing; of its quantity only whether there is any."""
    price = listing.price if listing.is_buyable else None
    return (listing.asin, listing.condition, price, listing.fulfilled_by_amazon)


def _late_issues(world: World, attributes: Attributes) -> list[JsonObject]:
    """What Amazon finds only after it accepted a submission."""
    reader = Reader(world.marketplace)
    asin = reader.text(attributes, ASIN)
    item = world.items.get(asin or "")
    found: list[JsonObject] = []
    if item is None:
        found.append(issue("8560", f"{asin} does not match any ASIN.", [ASIN], "INVALID_ATTRIBUTE"))
    elif item.child_asins:
        found.append(issue("8541", f"{asin} is a variation parent.", [ASIN], "INVALID_ATTRIBUTE"))
    elif (reader.text(attributes, CONDITION) or "new_new") in item.restrictions:
        told = f"You need approval to list {asin} in this condition."
        found.append(issue("5461", told, [ASIN], "QUALIFICATION_REQUIRED"))
    price, minimum = reader.price(attributes), reader.minimum(attributes)
    if price is not None and minimum is not None and minimum > price:
        found.append(
            issue("18155", "The minimum price is above the price.", [PRICE], "INVALID_PRICE")
        )
    for entry in found:
        entry["enforcements"] = {
            "actions": [{"action": "LISTING_SUPPRESSED"}],
            "exemption": {"status": "NOT_EXEMPT"},
        }
        entry["marketplaceIds"] = [world.marketplace_id]
    return found
