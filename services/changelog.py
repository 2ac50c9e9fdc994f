"""Entries of the change log."""

from datetime import datetime

from domain.change import Change, ChangeKind
from domain.ids import new_id
from domain.listing import Listing


def of_listing(
    listing: Listing,
    kind: ChangeKind,
    *,
    before: object | None,
    after: object | None,
    actor: str,
    at: datetime,
    decision_id: str | None = None,
) -> Change:
    """An entry about a listing."""
    return Change(
        id=new_id(),
        merchant_id=listing.merchant_id,
        store_id=listing.store_id,
        listing_id=listing.id,
        order_id=None,
        kind=kind,
        before=None if before is None else str(before),
        after=None if after is None else str(after),
        actor=actor,
        decision_id=decision_id,
        at=at,
    )


def of_store(
    merchant_id: str,
    store_id: str,
    kind: ChangeKind,
    *,
    before: object | None,
    after: object | None,
    actor: str,
    at: datetime,
    order_id: str | None = None,
) -> Change:
    """An entry about a store, its rules, or one of its orders."""
    return Change(
        id=new_id(),
        merchant_id=merchant_id,
        store_id=store_id,
        listing_id=None,
        order_id=order_id,
        kind=kind,
        before=None if before is None else str(before),
        after=None if after is None else str(after),
        actor=actor,
        decision_id=None,
        at=at,
    )
