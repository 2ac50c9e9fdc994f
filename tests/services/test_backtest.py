"""Recorded offers, and how rules would have fared over them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from domain.listing import Condition
from domain.offer import Offer, OfferSnapshot
from services.backtest import Backtest, backtest, holder
from services.plans import documents_of
from services.simulation import with_documents
from storage import offer_history
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from tests.factories import MERCHANT, NOW, a_listing, an_offer, usd
from tests.services.amazon import asin_of
from tests.services.shop import Shop, a_mug

UNDERCUT = """
kind: pricing
name: A cent below the cheapest
rules:
  - key: under
    type: intelligent
    competitor: {source: lowest}
    adjust: {decrease: "0.01"}
    floor: {source: cost, increase: 10%}
"""
HOUR = timedelta(hours=1)
MINE = an_offer("ME", "20.00", is_own=True, feedback_rating=None)


def at(hour: int, *rivals: Offer, mine: Offer | None = MINE) -> OfferSnapshot:
    """Amazon's word on the mug at an hour; whoever is cheapest holds the Buy Box."""
    found = [*rivals, *([mine] if mine else [])]
    winner = min(found, key=lambda offer: offer.landed_price.minor)
    return OfferSnapshot(
        id="",
        merchant_id=MERCHANT,
        store_id="",
        asin=asin_of(1),
        offers=tuple(replace(offer, is_buy_box_winner=offer is winner) for offer in found),
        observed_at=NOW + hour * HOUR,
        seen_at={Condition.NEW: NOW + hour * HOUR},
    )


@pytest.fixture
async def selling(shop: Shop) -> Shop:
    """A shop with one mug on sale at 20.00, which cost 8.00, and no history."""
    await shop.put_on_sale(a_mug())
    await shop.runtime.database.handle[offer_history.NAME].delete_many({})
    return shop


async def recorded(shop: Shop, *snapshots: OfferSnapshot) -> None:
    rows = [replace(snapshot, store_id=shop.id) for snapshot in snapshots]
    await offer_history.record(shop.scope, rows, datetime.now(UTC))


async def played(shop: Shop) -> Backtest:
    """Undercutting against the rules in force, which let the price be."""
    runtime, store = shop.runtime, await shop.store()
    in_force = await runtime.rulebooks.in_force(shop.scope, store.id)
    drafts = with_documents(runtime, store, in_force, documents_of([UNDERCUT]))
    return await backtest(shop.scope, store, in_force, drafts, over=timedelta(days=1))


def the_end(hour: int = 4) -> OfferSnapshot:
    """Something about another item, with which the history ends."""
    return replace(at(hour), asin=asin_of(2))


async def test_undercutting_wins_the_buy_box_for_less_margin(selling: Shop) -> None:
    await recorded(selling, at(0, an_offer("R", "16.00")), at(2, an_offer("R", "8.00")), the_end())

    found = await played(selling)

    assert (found.listings, found.snapshots, found.first) == (1, 2, NOW)
    assert found.before.buy_box_share == 0
    assert (found.before.average_margin, found.before.changes) == (Fraction(12, 20), 0)
    # Two hours at 15.99 ahead of 16.00, then two at the floor of 8.80 behind 8.00.
    assert found.after.buy_box_share == Fraction(1, 2)
    won, lost = Fraction(1599 - 800, 1599), Fraction(80, 880)
    assert found.after.average_margin == (won + lost) / 2
    assert found.after.changes == 2


async def test_time_counts_and_not_how_often_something_was_told(selling: Shop) -> None:
    rival = an_offer("R", "21.00")
    await recorded(selling, at(0, rival), at(3, an_offer("R", "19.00")), the_end())
    assert (await played(selling)).before.buy_box_share == Fraction(3, 4)


async def test_of_several_words_at_one_moment_the_last_counts(selling: Shop) -> None:
    rival = an_offer("R", "21.00")
    await recorded(selling, at(0, an_offer("R", "19.00")))
    await recorded(selling, at(0, rival), the_end())
    found = await played(selling)
    assert found.snapshots == 1
    assert found.before.buy_box_share == 1


async def test_the_same_history_gives_the_same_result_and_writes_nothing(selling: Shop) -> None:
    await recorded(
        selling, *(at(hour, an_offer("R", f"{17 - hour}.00")) for hour in range(4)), the_end()
    )
    before = await LISTINGS.find(selling.scope, EVERYTHING)
    assert await played(selling) == await played(selling)
    assert await LISTINGS.find(selling.scope, EVERYTHING) == before


async def test_the_result_says_how_well_the_model_fits(selling: Shop) -> None:
    rival, distrusted = an_offer("R", "19.00"), an_offer("D", "15.00", feedback_rating=50)
    # At the second, Amazon showed a seller whom the model takes for unfit.
    await recorded(selling, at(0, rival), at(1, rival, distrusted))
    found = await played(selling)
    assert (found.named, found.shown) == (1, 2)


async def test_older_history_and_listings_without_any_do_not_count(selling: Shop) -> None:
    assert (await played(selling)).until is None
    await recorded(selling, at(-30, an_offer("R", "16.00")), the_end())
    found = await played(selling)
    assert (found.listings, found.before.buy_box_share, found.before.average_margin) == (
        0,
        None,
        None,
    )


def test_the_buy_box_goes_to_the_cheapest_in_our_condition_whom_buyers_trust() -> None:
    listing = a_listing()
    cheap, dear = an_offer("A", "10.00"), an_offer("B", "11.00")
    used = an_offer("C", "5.00", condition=Condition.USED_GOOD)
    bad = an_offer("D", "6.00", feedback_rating=89)
    equal = an_offer("Z", "10.00", is_buy_box_winner=True)
    assert holder([dear, used, bad, cheap], listing) is cheap
    assert holder([cheap, equal], listing) is equal
    shipped = an_offer("S", "9.00", shipping=usd("2.00"))
    assert holder([shipped, cheap], listing) is cheap
    assert holder([used, bad], listing) is None


async def test_what_changed_is_recorded_and_what_is_said_again_is_not(selling: Shop) -> None:
    rival = an_offer("R", "17.00", is_buy_box_winner=True, feedback_count=None)
    await selling.see(rival, MINE)
    selling.amazon.advance(1)
    await selling.see(rival, MINE)
    selling.amazon.advance(1)
    await selling.see(replace(rival, listing_price=usd("16.00")), MINE)
    await selling.see()

    found = await offer_history.of_asins(
        selling.scope, selling.id, [asin_of(1)], datetime(2000, 1, 1, tzinfo=UTC)
    )

    told = [{offer.seller_id: offer for offer in row.offers} for row in found[asin_of(1)]]
    assert [row["R"].listing_price for row in told] == [usd("17.00"), usd("16.00")]
    assert told[0] == {"R": rival, "ME": MINE}
    stranger = selling.runtime.scope("somebody else")
    assert await offer_history.of_asins(stranger, selling.id, [asin_of(1)], NOW) == {}
