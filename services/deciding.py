"""Deciding listings batch by batch, leaving out those of which nothing is other than last time."""

import asyncio
from collections import Counter
from collections.abc import (
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from domain.listing import Listing
from domain.store import Store
from rules.new_prices import NewPrices
from services.consequences import settled_by
from services.decisions import Case, Known, decide_all, keep_bases, look_up, still_open
from services.rulebooks import Rulebook
from storage.listings import Settled
from storage.mongo import Scope

T = TypeVar("T")
_AT_ONCE = 50
"""Decisions after which others get a turn."""


@dataclass(frozen=True, slots=True)
class Look:
    """Listings, and what decisions on them rest on."""

    rows: Sequence[Listing]
    known: Sequence[Known]
    """Of those that have a product."""
    is_light: bool
    """Of products and offers no more is known than shows which decisions are left out."""

    def triggers(self, reason: str | None) -> Counter[str]:
        """How many are looked at for what reason; `reason` is that of those that are not marked."""
        return Counter(row.due.reason or reason or "" for row in self.rows)


@dataclass(frozen=True, slots=True)
class Decided:
    """Listings that were decided: those from which something follows, and those from which nothing does."""

    cases: list[Case]
    settled: list[Settled]
    looked_at: int
    """How many could not be left out."""

    def prices(self, store: Store) -> NewPrices:
        """The prices that would be published, for guard-rails to judge."""
        return NewPrices(case.new_price(store) for case in self.cases if case.moves_price)


async def look_at(
    scope: Scope,
    store: Store,
    rulebook: Rulebook,
    rows: Sequence[Listing],
    *,
    lightly: bool = False,
) -> Look:
    """Look up what decisions on listings rest on; `lightly` pays where most are left out."""
    known = await look_up(scope, store, rows, rulebook, digests_only=lightly)
    return Look(rows, known, lightly)


async def decide(
    scope: Scope,
    store: Store,
    rulebook: Rulebook,
    look: Look,
    now: datetime,
    reason: str | None,
    *,
    is_kept: bool = True,
) -> Decided:
    """Decide listings by what is known at this moment, leaving out those of which nothing is other than last time.

    What is not kept is decided once more to be written.
    """
    open_ = still_open(store, rulebook, look.known, now)
    if look.is_light and open_:
        # Looked up anew: what has changed in between is seen, or has left a mark.
        open_ = await look_up(scope, store, [row.listing for row in open_], rulebook)
    cases: list[Case] = []
    for some in slices(open_, _AT_ONCE):
        cases += decide_all(store, rulebook, some, now, reason)
        if len(open_) > _AT_ONCE:
            await asyncio.sleep(0)
    unchanged = settled_by(cases)
    nothing = {each.listing.id for each in unchanged}
    looked_at = {row.listing.id for row in open_}
    with_product = {row.listing.id for row in look.known}
    for row in look.rows:
        if row.id not in with_product:
            unchanged.append(Settled(row, None, None))
        elif row.id not in looked_at:
            unchanged.append(Settled(row, row.inputs_hash, row.decide_again_at))
    moving = [case for case in cases if case.listing.id not in nothing]
    if is_kept:
        moving = keep_bases(store, rulebook, moving)
    return Decided(moving, unchanged, len(open_))


def slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of a size, the last of which may be shorter."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
