"""Writing what a run came to, chunk by chunk, where what its decisions rest on is still the same.

A chunk is one transaction. Whatever else changes a listing, its product's or its market's mark in between collides
with it and the chunk is decided anew, so a decision never rests on what was true before; and a process that dies in
the middle leaves what is not written as due as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.decision import Decision
from domain.listing import Listing
from domain.run import Run, RunStatus
from domain.store import Store, StoreStatus
from rules.eligibility import Eligibility
from rules.pricing import PricingVerdict
from services.consequences import carry_out
from services.deciding import decide, look_at
from services.decisions import Case, look_up
from services.rulebooks import Rulebook
from services.runtime import Runtime
from storage import listings
from storage.filters import Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES

CHUNK = 200
"""Listings of which what follows is written in one transaction, at most."""


def size(*, is_urgent: bool) -> int:
    """How many of a large run are written together, while something urgent comes up or not."""
    return max(1, CHUNK // 8) if is_urgent else CHUNK


@dataclass(frozen=True, slots=True)
class Chunk:
    """Listings of a judged run of which what follows is written together."""

    digests: dict[str, str]
    """Of what each decision knew, by listing id."""
    kept: dict[str, tuple[Eligibility, PricingVerdict, Decision]]


async def write_chunk(
    runtime: Runtime,
    run: Run,
    judged: Chunk | None,
    ids: Sequence[str],
    scope: Scope,
    lane: int = 0,
) -> int | None:
    """Write what follows for listings of a run that know what they knew when it was judged; the others stay, or become, due.

    Of a run that is held nothing is left: what knows something else by now is decided anew, and held. Gives how many
    were written, or None where the store is paused.
    """
    store = await STORES.require(scope, run.store_id)
    if store.status is not StoreStatus.ACTIVE:
        return None
    found = await LISTINGS.rows(scope, ids)
    rows = [found[id_] for id_ in ids if id_ in found]
    if run.pass_for is None:
        rows = [row for row in rows if row.due.at is not None]
    rulebook = await runtime.rulebooks.in_force(scope, run.store_id)
    same: list[Case] = []
    if judged is not None:
        same, rows, left = await _compare(scope, store, rulebook, run, judged, rows)
        if left:
            now, reason = runtime.clock.now(), run.pass_for or ""
            await listings.mark_due(scope, store.id, Is("_id", "in", left), at=now, reason=reason)
    look = await look_at(scope, store, rulebook, rows)
    anew = await decide(scope, store, rulebook, look, run.started_at, run.pass_for)
    await carry_out(scope, run, [*same, *anew.cases], anew.settled, lane)
    return len(same) + len(rows)


async def _compare(
    scope: Scope,
    store: Store,
    rulebook: Rulebook,
    run: Run,
    judged: Chunk,
    rows: Sequence[Listing],
) -> tuple[list[Case], list[Listing], list[str]]:
    """Which decisions of a judged run stand, which listings are to be decided anew, and which are to become due."""
    digester = rulebook.digester(store, run.started_at)
    known = await look_up(scope, store, rows, rulebook, digests_only=not digester.reads_age)
    same: list[Case] = []
    anew: list[Listing] = []
    left: list[str] = []
    for row in known:
        id_ = row.listing.id
        digest = digester.of(row.product, row.listing, row.offers, row.answer)
        is_same = digest == judged.digests[id_]
        if is_same and id_ in judged.kept:
            same.append(Case(row, *judged.kept[id_]))
        elif is_same or run.status is RunStatus.HELD:
            anew.append(row.listing)
        elif row.listing.due.at is None:
            left.append(id_)
    return same, anew, left
