"""Listings."""

import dataclasses
from collections.abc import Collection as Members
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.listing import NOT_DUE, HeldPrice, Listing, ListingStatus
from storage.collection import Collection
from storage.filters import AllOf, Is, Where, to_query
from storage.keyset import PageRequest, Sort, order, part
from storage.mongo import Scope, Update, to_field
from storage.rows import rows_of

LISTINGS = Collection("listings", Listing)

# Any moment at all: the index of due listings holds those with a later one.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What can still be decided; the others wait for a person or are over.
_DECIDABLE = [
    ListingStatus.LIST_IN_PROGRESS.value,
    ListingStatus.ACTIVE.value,
    ListingStatus.INACTIVE.value,
    ListingStatus.INELIGIBLE.value,
]

_LONGEST, _IDS = Sort("due.at"), Sort("_id")

READ_TO_DECIDE = frozenset(field.name for field in dataclasses.fields(Listing)) - {
    *("title", "product_type", "candidates", "issues", "business", "list_price"),
    *("created_at", "updated_at"),
}
"""What is read of a listing to see whether its decision stays; what is written comes of whole ones."""
_ON_SALE = ("asin", "status", "price", "quantity")


@dataclass(frozen=True, slots=True)
class Settled:
    """A listing whose decision changes nothing."""

    listing: Listing
    inputs_hash: str | None
    decide_again_at: datetime | None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run looks at of a store: what was marked up to a moment or, in a pass, all that can be decided."""

    store_id: str
    until: datetime | None
    """None in a pass."""
    except_for: tuple[str, ...] = ()
    """Reasons of marks that are to wait."""

    @property
    def sort(self) -> Sort:
        """Those that wait longest first; in a pass, the order of ids."""
        return _LONGEST if self.until else _IDS

    @property
    def where(self) -> Where:
        """The condition that holds for what is looked at."""
        if self.until:
            stands = AllOf((Is("due.at", "gt", EPOCH), Is("due.at", "lte", self.until)))
        else:
            stands = AllOf((Is("status", "in", _DECIDABLE),))
        return AllOf((Is("store_id", "eq", self.store_id), stands, *_without(self.except_for)))


Key = tuple[datetime | None, str]
"""A place in the order of a selection: the mark of a listing, and its id."""


async def due(
    scope: Scope,
    store_id: str,
    limit: int,
    *,
    after: tuple[datetime, str] | None = None,
    except_for: Members[str] = (),
) -> list[Listing]:
    """Listings of a store that are marked, those that wait longest first; only those that follow a mark and id.

    `except_for` names reasons that are to wait.
    """
    marked = (Is("store_id", "eq", store_id), Is("due.at", "gt", EPOCH))
    where = AllOf((*marked, *_without(except_for), part(_LONGEST, after, None)))
    found = await scope.find(
        LISTINGS.name, to_query(where), sort=order(_LONGEST, PageRequest(1)), limit=limit
    )
    return rows_of(Listing, found)


async def selected(
    scope: Scope, selection: Selection, after: Key | None, end: Key | None
) -> list[Listing]:
    """What a selection holds after a place, up to and with another, in its order, as rows to decide."""
    where = AllOf((selection.where, part(selection.sort, after, end)))
    found = await scope.find(
        LISTINGS.name,
        to_query(where),
        fields=list(READ_TO_DECIDE - {"id"}),
        sort=order(selection.sort, PageRequest(1)),
    )
    return rows_of(Listing, found, READ_TO_DECIDE)


async def place_after(
    scope: Scope, selection: Selection, after: Key | None, count: int
) -> Key | None:
    """The place in a selection so many listings after another; None where no more are left, or fewer."""
    where = AllOf((selection.where, part(selection.sort, after, None)))
    found = await scope.find(
        LISTINGS.name,
        to_query(where),
        fields=["due.at"],
        sort=order(selection.sort, PageRequest(1)),
        skip=count - 1,
        limit=1,
    )
    return (found[0]["due"].get("at"), found[0]["_id"]) if found else None


def _without(reasons: Members[str]) -> tuple[Is, ...]:
    return (Is("due.reason", "not_in", list(reasons)),) if reasons else ()


async def count_decidable(scope: Scope, store_id: str) -> int:
    """How many listings of a store a pass over all of them looks at."""
    counts = await status_counts(scope, store_id)
    return sum(count for status, count in counts.items() if status in _DECIDABLE)


async def last_mark(scope: Scope, store_id: str) -> datetime | None:
    """The moment of the newest mark of a store's due listings, by the clock of whoever set it."""
    where = AllOf((Is("store_id", "eq", store_id), Is("due.at", "gt", EPOCH)))
    found = await LISTINGS.find(scope, where, sort=Sort("due.at", descending=True), limit=1)
    return found[0].due.at if found else None


async def next_decidable(scope: Scope, store_id: str, after_id: str, limit: int) -> list[Listing]:
    """The listings of a store that can be decided and follow an id, in the order of ids."""
    where = AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("_id", "gt", after_id),
            Is("status", "in", _DECIDABLE),
        )
    )
    return await LISTINGS.find(scope, where, sort=Sort("_id"), limit=limit)


async def mark_due(scope: Scope, store_id: str, where: Where, *, at: datetime, reason: str) -> int:
    """Have the matching listings decided again; one that is due already keeps its place in the queue.

    That one is written to all the same: whoever decides it just now has not seen what this mark is for.
    """
    matching = {"store_id": store_id, "status": {"$in": _DECIDABLE}, **to_query(where)}
    marked = {
        "due.at": {"$ifNull": ["$due.at", at]},
        "due.reason": {"$ifNull": ["$due.reason", reason]},
        "due.marks": {"$add": ["$due.marks", 1]},
    }
    return await scope.update_many(LISTINGS.name, matching, [{"$set": marked}])


async def count_due(scope: Scope, store_id: str) -> int:
    """How many listings of a store wait to be decided."""
    return await LISTINGS.count(
        scope, AllOf((Is("store_id", "eq", store_id), Is("due.at", "gt", EPOCH)))
    )


async def take_back(
    scope: Scope, store_id: str, former: Mapping[str, HeldPrice], *, at: datetime
) -> None:
    """Have the prices from before a run set again, by listing id."""
    await scope.update_each(
        LISTINGS.name,
        (Update({"_id": id_}, {"$set": {"held": to_field(held)}}) for id_, held in former.items()),
    )
    await mark_due(scope, store_id, Is("_id", "in", list(former)), at=at, reason="RUN_UNDONE")


async def change(scope: Scope, changes: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
    """Set fields of listings, by id, and raise their versions."""
    return await scope.update_each(
        LISTINGS.name,
        (
            Update(
                {"_id": id_},
                {
                    "$set": {name: to_field(value) for name, value in fields.items()},
                    "$inc": {"version": 1},
                },
            )
            for id_, fields in changes
        ),
    )


async def mark_timed(scope: Scope, store_id: str, now: datetime) -> int:
    """Have the listings decided again for which time alone may have changed something."""
    return await mark_due(scope, store_id, _timed(now), at=now, reason="TIME_PASSED")


async def count_timed(scope: Scope, store_id: str, now: datetime) -> int:
    """How many listings of a store are to be decided because time passed."""
    return await LISTINGS.count(scope, AllOf((Is("store_id", "eq", store_id), _timed(now))))


def _timed(now: datetime) -> AllOf:
    return AllOf((Is("decide_again_at", "gt", EPOCH), Is("decide_again_at", "lte", now)))


async def settle(scope: Scope, settled: Iterable[Settled]) -> None:
    """Take the marks off listings, and note what they were decided by, unless one was marked or decided since it was read.

    Needs no transaction: whatever a decision rests on marks the listing in the transaction that changes it.
    """
    same: dict[tuple[datetime, int], list[str]] = {}
    others = []
    for each in settled:
        listing, mark = each.listing, each.listing.due
        if (listing.inputs_hash, listing.decide_again_at) != (
            each.inputs_hash,
            each.decide_again_at,
        ):
            others.append(each)
        elif mark.at is not None:
            same.setdefault((mark.at, mark.marks), []).append(listing.id)
    unmarked = {"due": to_field(NOT_DUE)}
    for (at, marks), ids in same.items():
        as_read = {"_id": {"$in": ids}, "due.at": at, "due.marks": marks}
        await scope.update_many(LISTINGS.name, as_read, {"$set": unmarked})
    await scope.update_each(
        LISTINGS.name,
        (
            Update(
                {
                    "_id": each.listing.id,
                    "due.at": each.listing.due.at,
                    "due.marks": each.listing.due.marks,
                    "inputs_hash": each.listing.inputs_hash,
                },
                {
                    "$set": {
                        **(unmarked if each.listing.due.at is not None else {}),
                        "inputs_hash": each.inputs_hash,
                        "decide_again_at": each.decide_again_at,
                    }
                },
            )
            for each in others
        ),
    )


async def forget_wanted_quantity(scope: Scope, ids: Members[str]) -> int:
    """Have the quantities published anew, also where the number stays: a sale lowered what Amazon shows."""
    return await scope.update_many(
        LISTINGS.name, {"_id": {"$in": list(ids)}}, {"$set": {"wanted_quantity": None}}
    )


async def set_buy_box(scope: Scope, store_id: str, owned: Mapping[str, bool | None]) -> None:
    """Note who holds the Buy Boxes, by ASIN; what Amazon shows is not a change of ours."""
    for is_ours in (True, False, None):
        asins = [asin for asin, each in owned.items() if each is is_ours]
        if asins:
            others = {
                "store_id": store_id,
                "asin": {"$in": asins},
                "owns_buy_box": {"$ne": is_ours},
            }
            await scope.update_many(LISTINGS.name, others, {"$set": {"owns_buy_box": is_ours}})


async def with_asins(scope: Scope, store_id: str, asins: Members[str]) -> list[Listing]:
    """The store's listings of any of the ASINs, as rows that tell what is on sale of them."""
    where = {"store_id": store_id, "asin": {"$in": list(asins)}}
    found = await scope.find(LISTINGS.name, where, fields=_ON_SALE)
    return rows_of(Listing, found, {*_ON_SALE, "id"})


async def known_ids(scope: Scope, ids: Sequence[str]) -> set[str]:
    """Those of the ids that exist."""
    found = await scope.find(LISTINGS.name, {"_id": {"$in": list(ids)}}, fields=["_id"])
    return {row["_id"] for row in found}


async def product_types(scope: Scope, ids: Sequence[str]) -> dict[str, str | None]:
    """Amazon's product types of the listings, by id."""
    found = await scope.find(LISTINGS.name, {"_id": {"$in": list(ids)}}, fields=["product_type"])
    return {row["_id"]: row["product_type"] for row in found}


async def status_counts(scope: Scope, store_id: str) -> dict[str, int]:
    """How many listings of a store stand where."""
    return await scope.tally(LISTINGS.name, {"store_id": store_id}, "status")


async def count_of(scope: Scope, store_id: str) -> int:
    """How many listings a store has, however many they are."""
    return sum((await status_counts(scope, store_id)).values())


async def buy_box_counts(scope: Scope, store_id: str) -> dict[str, int]:
    """Of a store's active listings, how many hold the Buy Box: by ``True``, ``False`` and ``None``."""
    return await scope.tally(
        LISTINGS.name, {"store_id": store_id, "status": "ACTIVE"}, "owns_buy_box"
    )
