"""Listings by the batch: prices by hand and publishing, for many in one transaction and a few commands."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.batch import LARGEST, ErrorPolicy
from domain.change import Change, ChangeKind
from domain.errors import InvalidInput, NotFound, StaleVersion, UserError
from domain.listing import Due, Listing, ListingStatus, PriceOverride
from domain.money import Money
from domain.store import Store
from services import webhook_events
from services.changelog import of_listing
from services.listings import check_override, check_publish
from services.queue import Job
from services.runtime import Runtime
from storage import listings
from storage.changes import CHANGES
from storage.filters import Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES


@dataclass(frozen=True, slots=True)
class PriceWish:
    """A price to set by hand, or None to give the listing back to the rules."""

    listing_id: str
    price: Money | None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: the listing as it is now, or the mistake."""

    listing: Listing | None
    mistake: UserError | None = None
    """Its field is a path from the item; where it is stale, the listing is beside it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of all items, in their order."""

    outcomes: tuple[Outcome, ...]
    is_rejected: bool
    """Whether nothing was done because of some."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What is to be written of one item."""

    fields: dict[str, Any]
    entry: Change
    marks_due: bool = False


Judge = Callable[[Listing, Store, int], _Step | None]
"""The step that an item takes; None where it is so already. Raises a `UserError` where it cannot be done."""


async def override_prices(
    runtime: Runtime,
    scope: Scope,
    wishes: Sequence[PriceWish | UserError],
    *,
    policy: ErrorPolicy,
    actor: str,
) -> Batch:
    """Set prices by hand, or clear them; see `services.listings.override_price`.

    Items that could not be read come as the mistake in them.

    Raises:
        InvalidInput: there are no items, or too many.
    """
    now = runtime.clock.now()

    def step(listing: Listing, store: Store, place: int) -> _Step | None:
        wish = wishes[place]
        assert isinstance(wish, PriceWish)
        check_override(listing, store, wish.price, wish.expected_version)
        before = listing.override.price if listing.override else None
        if wish.price == before:
            return None
        override = PriceOverride(wish.price, actor, now) if wish.price else None
        entry = of_listing(
            listing, ChangeKind.OVERRIDE, before=before, after=wish.price, actor=actor, at=now
        )
        return _Step({"override": override}, entry, marks_due=True)

    ids = [each if isinstance(each, UserError) else each.listing_id for each in wishes]
    return await _run(runtime, scope, ids, step, policy, now)


async def publish(
    runtime: Runtime,
    scope: Scope,
    ids: Sequence[str | UserError],
    *,
    policy: ErrorPolicy,
    actor: str,
) -> Batch:
    """Send listings that wait for it to Amazon; see `services.listings.publish`.

    Raises:
        InvalidInput: there are no items, or too many.
    """
    now = runtime.clock.now()

    def step(listing: Listing, store: Store, place: int) -> _Step:
        del store, place
        check_publish(listing)
        status = ListingStatus.LIST_IN_PROGRESS
        entry = of_listing(
            listing, ChangeKind.STATUS, before=listing.status, after=status, actor=actor, at=now
        )
        return _Step({"status": status, "due": Due(now, "PUBLISHED")}, entry)

    return await _run(runtime, scope, ids, step, policy, now)


async def _run(
    runtime: Runtime,
    scope: Scope,
    ids: Sequence[str | UserError],
    judge: Judge,
    policy: ErrorPolicy,
    now: datetime,
) -> Batch:
    if not 1 <= len(ids) <= LARGEST:
        raise InvalidInput(f"Give 1 to {LARGEST} items at a time.", field=("input", "items"))
    batch = await scope.transaction(lambda inside: _write(inside, ids, judge, policy, now))
    if not batch.is_rejected:
        done = [each.listing for each in batch.outcomes if each.listing and not each.mistake]
        for store_id in sorted({listing.store_id for listing in done}):
            await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    return batch


async def _write(
    scope: Scope, ids: Sequence[str | UserError], judge: Judge, policy: ErrorPolicy, now: datetime
) -> Batch:
    """Judge all, and write what can be done. As many commands for one item as for all."""
    found = await LISTINGS.get_many(scope, (id_ for id_ in ids if isinstance(id_, str)))
    stores = await STORES.get_many(scope, {listing.store_id for listing in found.values()})
    judged = list(_judged(ids, found, stores, judge))
    is_rejected = policy is ErrorPolicy.REJECT_ALL and any(
        isinstance(each, UserError) for each in judged
    )
    after: Mapping[str, Listing] = {}
    if not is_rejected:
        steps = {
            id_: step
            for id_, step in zip(ids, judged, strict=True)
            if isinstance(id_, str) and isinstance(step, _Step)
        }
        after = await _carry_out(scope, found, steps, now)
    outcomes = (
        _outcome(id_, each, found, after, is_rejected=is_rejected)
        for id_, each in zip(ids, judged, strict=True)
    )
    return Batch(tuple(outcomes), is_rejected)


def _judged(
    ids: Sequence[str | UserError],
    found: Mapping[str, Listing],
    stores: Mapping[str, Store],
    judge: Judge,
) -> Iterable[_Step | UserError | None]:
    """For each item its step, None where there is nothing to do, or its mistake."""
    places: dict[str, int] = {}
    for place, id_ in enumerate(ids):
        if isinstance(id_, UserError):
            yield id_
        elif id_ not in found:
            yield NotFound("No listing of that id.", field=("listingId",))
        elif places.setdefault(id_, place) != place:
            message = f"Item {places[id_]} names the same listing; name each once."
            yield InvalidInput(message, field=("listingId",))
        else:
            try:
                yield judge(found[id_], stores[found[id_].store_id], place)
            except UserError as mistake:
                yield mistake


async def _carry_out(
    scope: Scope, found: Mapping[str, Listing], steps: Mapping[str, _Step], now: datetime
) -> Mapping[str, Listing]:
    """Write steps; gives the changed listings as they are then."""
    if not steps:
        return {}
    await listings.change(
        scope, ((id_, {**step.fields, "updated_at": now}) for id_, step in steps.items())
    )
    due: defaultdict[str, list[str]] = defaultdict(list)
    for id_, step in steps.items():
        if step.marks_due:
            due[found[id_].store_id].append(id_)
    for store_id, marked in due.items():
        await listings.mark_due(scope, store_id, Is("_id", "in", marked), at=now, reason="OVERRIDE")
    await CHANGES.insert(scope, [step.entry for step in steps.values()])
    after = await LISTINGS.get_many(scope, steps)
    moved = (webhook_events.listing_status(found[id_], after[id_], at=now) for id_ in steps)
    await webhook_events.tell(scope, [event for events in moved for event in events])
    return after


def _outcome(
    id_: str | UserError,
    judged: _Step | UserError | None,
    found: Mapping[str, Listing],
    after: Mapping[str, Listing],
    *,
    is_rejected: bool,
) -> Outcome:
    if isinstance(judged, UserError):
        is_stale = isinstance(judged, StaleVersion) and isinstance(id_, str)
        return Outcome(found[str(id_)] if is_stale else None, judged)
    assert isinstance(id_, str)
    return Outcome(None if is_rejected else after.get(id_, found[id_]))
