"""Offers: what everybody asks for the items that we list, by event and by sweep."""

from collections.abc import Sequence

from connectors.port import ItemOffers
from domain.clock import SystemClock
from domain.listing import Condition
from domain.offer import Offer, OfferSnapshot, offers_hash, snapshot_id
from domain.store import Store
from services import price_history
from services.runtime import Runtime
from storage import listings, offer_history, offers
from storage.filters import Is
from storage.mongo import Scope
from storage.offers import SNAPSHOTS

# How long history is kept is a matter of the machine's time, also where business time is virtual.
_machine = SystemClock()
_CONDITIONS = list(Condition)


async def record(
    runtime: Runtime, scope: Scope, store: Store, items: Sequence[ItemOffers], *, reason: str
) -> int:
    """Keep what is newer than what is known, and have the listings that it concerns decided again.

    Gives how many listings became due.
    """
    marked = await keep(runtime, scope, store, items, reason=reason)
    await note_buy_boxes(scope, store.id, [item.asin for item in items])
    return marked


async def keep(
    runtime: Runtime, scope: Scope, store: Store, items: Sequence[ItemOffers], *, reason: str
) -> int:
    """The same, leaving it to the caller to note who holds the Buy Boxes."""
    if not items:
        return 0

    async def write(inside: Scope) -> int:
        known = await SNAPSHOTS.get_many(
            inside, {snapshot_id(store.id, item.asin) for item in items}
        )
        folded = dict(known)
        for item in items:
            id_ = snapshot_id(store.id, item.asin)
            folded[id_] = _folded(store, folded.get(id_), item)
        fresh = [snapshot for id_, snapshot in folded.items() if snapshot is not known.get(id_)]
        await offers.write(inside, fresh)
        moved = {
            snapshot.asin: snapshot
            for snapshot in fresh
            if snapshot.id not in known or known[snapshot.id].offers != snapshot.offers
        }
        if not moved:
            return 0
        await offer_history.record(inside, moved.values(), _machine.now())
        await price_history.note_markets(
            inside, ((known.get(each.id), each) for each in moved.values()), store.currency
        )
        return await listings.mark_due(
            inside,
            store.id,
            Is("asin", "in", list(moved)),
            at=runtime.clock.now(),
            reason=reason,
        )

    return await scope.transaction(write)


async def note_buy_boxes(scope: Scope, store_id: str, asins: Sequence[str]) -> None:
    """Bring up to date which listings of some ASINs hold the Buy Box, for showing and counting.

    To be called after offers are written, and after listings are: a transaction that writes the one does not see
    what another adds of the other, but whoever is second here sees both. Decisions look at the offers themselves.
    """

    async def write(inside: Scope) -> None:
        held = await offers.buy_boxes(inside, [snapshot_id(store_id, asin) for asin in asins])
        won = {asin: held.get(snapshot_id(store_id, asin)) for asin in asins}
        owned = {asin: winner[0].is_own if winner else None for asin, winner in won.items()}
        await listings.set_buy_box(inside, store_id, owned)

    if asins:
        await scope.transaction(write)


def _folded(store: Store, known: OfferSnapshot | None, item: ItemOffers) -> OfferSnapshot:
    """What is known once an answer or event is taken in: of each condition the newest word counts."""
    seen = known.seen_at if known else {}
    newer = {
        condition
        for condition in item.covers
        if condition not in seen or seen[condition] < item.observed_at
    }
    if known and not newer:
        return known
    offers_ = [offer for offer in item.offers if offer.condition in newer]
    offers_ += [offer for offer in (known.offers if known else ()) if offer.condition not in newer]
    offers_.sort(key=_rank)
    return OfferSnapshot(
        id=snapshot_id(store.id, item.asin),
        merchant_id=store.merchant_id,
        store_id=store.id,
        asin=item.asin,
        offers=tuple(offers_),
        observed_at=max([item.observed_at, *seen.values()]),
        seen_at={**seen, **dict.fromkeys(newer, item.observed_at)},
        content_hash=offers_hash(offers_),
    )


def _rank(offer: Offer) -> tuple[int, int, str]:
    """New ones first, the cheapest first: the same offers always stand in the same order."""
    return _CONDITIONS.index(offer.condition), offer.landed_price.minor, offer.seller_id
