"""A backtest: how rules would have fared over the offers that were recorded.

The model is simple, and told here in full. Rivals do what they did and do not answer to us. Our price changes the
moment it is decided. Stock, cost, settings and overrides are those of today. The Buy Box goes to the lowest landed
price in our own condition among sellers with at least 90 % positive feedback, or about whom nothing is told; between
equals whoever was recorded as holding it keeps it. Amazon's own choice weighs more than that and is not public, so the
result says how often the model names the holder that Amazon showed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from domain.decision import DecisionOutcome
from domain.listing import Listing
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from domain.store import Store
from rules.catalog import cost_of
from services.decisions import Known, decide_all, look_up
from services.rulebooks import Rulebook
from services.simulation import Report
from storage import listings, offer_history
from storage.mongo import Scope

_BATCH = 50
_GOOD_FEEDBACK = 90
_US = "us"


@dataclass(slots=True)
class Score:
    """How one set of rules fared. Times are in seconds, summed over listings."""

    offered: Fraction = Fraction(0)
    """Time in which we had an offer."""
    won: Fraction = Fraction(0)
    """Time in which it held the Buy Box."""
    costed: Fraction = Fraction(0)
    """Time in which we had one whose cost is known."""
    margin: Fraction = Fraction(0)
    """Sum over that time of the part of the price that is above cost, Amazon's fees left aside."""
    changes: int = 0
    """How often a price changed."""

    @property
    def buy_box_share(self) -> Fraction | None:
        """Part of the time in which our offer held the Buy Box; None where we had none."""
        return self.won / self.offered if self.offered else None

    @property
    def average_margin(self) -> Fraction | None:
        """Average part of the price above cost, by time; None where no cost is known."""
        return self.margin / self.costed if self.costed else None


@dataclass(slots=True)
class Backtest:
    """Two sets of rules over the same history."""

    before: Score
    after: Score
    listings: int = 0
    """Listings with recorded offers."""
    snapshots: int = 0
    named: int = 0
    """Recorded snapshots with a holder of the Buy Box whom the model names, too."""
    shown: int = 0
    """Recorded snapshots with a holder."""
    first: datetime | None = None
    until: datetime | None = None


async def backtest(
    scope: Scope,
    store: Store,
    before: Rulebook,
    after: Rulebook,
    *,
    over: timedelta,
    report: Report | None = None,
) -> Backtest:
    """Run two rulebooks over the last of what was recorded, up to its end. Nothing is written."""
    until = await offer_history.newest(scope, store.id)
    result = Backtest(Score(), Score(), until=until)
    if until is None:
        return result
    done, after_id = 0, ""
    while rows := await listings.next_decidable(scope, store.id, after_id, _BATCH):
        after_id = rows[-1].id
        known = [row for row in await look_up(scope, store, rows) if row.listing.asin]
        asins = {row.listing.asin or "" for row in known}
        history = await offer_history.of_asins(scope, store.id, asins, until - over)
        for row in known:
            recorded = history.get(row.listing.asin or "", [])
            if not recorded:
                continue
            _note(result, row.listing, recorded)
            for score, rulebook in ((result.before, before), (result.after, after)):
                _play(store, rulebook, row, recorded, until, score)
        done += len(rows)
        if report:
            await report(done, None)
    return result


def holder(offers: Sequence[Offer], listing: Listing) -> Offer | None:
    """Who holds the Buy Box by the model; the offers say who held it before."""
    fit = [
        offer
        for offer in offers
        if offer.condition is listing.condition
        and (offer.feedback_rating is None or offer.feedback_rating >= _GOOD_FEEDBACK)
    ]
    return min(
        fit,
        key=lambda offer: (
            offer.landed_price.minor,
            not offer.is_buy_box_winner,
            offer.seller_id,
        ),
        default=None,
    )


def _play(
    store: Store,
    rulebook: Rulebook,
    row: Known,
    recorded: Sequence[OfferSnapshot],
    until: datetime,
    score: Score,
) -> None:
    """Decide at every recorded change, and count what came of it until the next."""
    ours = next((offer for offer in recorded[0].offers if offer.is_own), None)
    price = ours.listing_price if ours else None
    changed_at: datetime | None = None
    ends = [snapshot.observed_at for snapshot in recorded[1:]] + [until]
    cost = cost_of(row.product, store)
    for snapshot, end in zip(recorded, ends, strict=True):
        ours = next((offer for offer in snapshot.offers if offer.is_own), ours)
        listing = replace(
            row.listing, price=price, wanted_price=price, price_changed_at=changed_at, held=None
        )
        seen = _as_seen(snapshot, listing, price, ours)
        winner = next((offer for offer in seen.offers if offer.is_buy_box_winner), None)
        listing = replace(listing, owns_buy_box=winner.is_own if winner else None)
        (case,) = decide_all(
            store, rulebook, [Known(listing, row.product, seen)], snapshot.observed_at
        )
        decision = case.decision
        wanted = decision.price_after
        if decision.outcome is not DecisionOutcome.HOLD and wanted not in {None, price}:
            score.changes += price is not None
            price, changed_at = wanted, snapshot.observed_at
        span = Fraction((end - snapshot.observed_at) // timedelta(milliseconds=1), 1000)
        if price is None or span <= 0 or not case.eligibility.eligible:
            continue
        if decision.quantity_after == 0:
            continue
        _count(score, span, price, cost, _as_seen(seen, listing, price, ours))


def _count(
    score: Score, span: Fraction, price: Money, cost: Money | None, seen: OfferSnapshot
) -> None:
    score.offered += span
    score.won += span * any(offer.is_own and offer.is_buy_box_winner for offer in seen.offers)
    if cost is not None and price.minor > 0:
        score.costed += span
        score.margin += span * Fraction((price - cost).minor, price.minor)


def _as_seen(
    snapshot: OfferSnapshot, listing: Listing, price: Money | None, ours: Offer | None
) -> OfferSnapshot:
    """A snapshot with our offer at the price of the backtest, and the holder that the model names."""
    offers = [offer for offer in snapshot.offers if not offer.is_own]
    if price is not None:
        offers.append(_ours(listing, price, ours))
    winner = holder(offers, listing)
    return replace(
        snapshot,
        offers=tuple(replace(offer, is_buy_box_winner=offer is winner) for offer in offers),
    )


def _ours(listing: Listing, price: Money, known: Offer | None) -> Offer:
    if known is not None:
        return replace(known, listing_price=price)
    return Offer(
        seller_id=_US,
        condition=listing.condition,
        listing_price=price,
        shipping=Money(0, price.currency),
        fulfilment=listing.fulfilment,
        feedback_rating=None,
        feedback_count=None,
        is_buy_box_winner=False,
        is_own=True,
    )


def _note(result: Backtest, listing: Listing, recorded: Sequence[OfferSnapshot]) -> None:
    """Count the history, and how well the model tells what Amazon showed in it."""
    result.listings += 1
    result.snapshots += len(recorded)
    first = recorded[0].observed_at
    result.first = first if result.first is None else min(first, result.first)
    for snapshot in recorded:
        if snapshot.buy_box is None:
            continue
        # Without the marks, or the model would be told what it is to guess.
        offers = [replace(offer, is_buy_box_winner=False) for offer in snapshot.offers]
        named = holder(offers, listing)
        result.shown += 1
        result.named += named is not None and named.seller_id == snapshot.buy_box.seller_id
