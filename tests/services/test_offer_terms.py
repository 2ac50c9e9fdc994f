"""Business prices and list prices (behaviour 10, 11): they leave with the price, and live means that Amazon shows them."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.port import MarketplaceListing, OfferPatch, Receipt
from domain.change import ChangeKind
from domain.decision import BusinessPrice, DecisionOutcome, DecisionReason, QuantityPrice
from domain.listing import NO_TERMS, Listing, OfferTerms
from domain.product import Product
from domain.run import RunStatus
from domain.store import BusinessSettings, PriceSettings, QuantityDiscount
from domain.submission import SubmissionState
from services import repricing, runs
from storage.filters import EVERYTHING, Is
from storage.keyset import Sort
from storage.runs import RUNS
from tests.factories import usd
from tests.services.amazon import an_item, on_amazon
from tests.services.shop import Shop, a_mug
from tests.services.test_submissions import forgetful
from tests.services.trouble import Killed, killed_after, with_connector

TIERED = BusinessSettings((QuantityDiscount(5, Decimal(5)), QuantityDiscount(10, Decimal(10))))
OFF = PriceSettings()
BUSINESS = PriceSettings(business=TIERED)
BOTH = PriceSettings(business=TIERED, msrp_attribute="msrp")
FAR_TOO_CHEAP = """
kind: pricing
name: Far too cheap
rules:
  - {key: far-too-cheap, type: standard, adjust: {decrease: 90%}}
"""


def tiered(one: str, five: str, ten: str) -> BusinessPrice:
    return BusinessPrice(usd(one), (QuantityPrice(5, usd(five)), QuantityPrice(10, usd(ten))))


TWENTY = tiered("20.00", "19.00", "18.00")


def a_dear_mug(
    price: str = "20.00", msrp: str = "25.00", *, number: int = 1, **changes: Any
) -> Product:
    """A mug with a suggested price."""
    mug = a_mug(number, price)
    return a_mug(number, price, prices={**mug.prices, "msrp": usd(msrp)}, **changes)


async def shown(shop: Shop, sku: str = "MUG-1") -> MarketplaceListing:
    """What Amazon shows of a SKU."""
    connector = await shop.runtime.connections.of(await shop.store())
    (found,) = await connector.listings([sku])
    return found


async def is_as_amazon_shows(shop: Shop) -> Listing:
    """The listing, when all its submissions are settled and it knows what Amazon shows."""
    listing, found = await shop.listing(), await shown(shop)
    assert (listing.price, listing.business, listing.list_price) == (
        found.price,
        found.business,
        found.list_price,
    )
    assert set(await shop.states()) <= {SubmissionState.LIVE, SubmissionState.SUPERSEDED}
    return listing


async def test_a_first_offer_leaves_with_its_business_price_and_list_price(
    shop: Shop,
) -> None:  # F028, F033, F034
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())

    listing = await is_as_amazon_shows(shop)
    assert (listing.business, listing.list_price) == (TWENTY, usd("25.00"))
    (submission,) = await shop.submissions()
    (decision,) = await shop.decisions()
    assert submission.terms == OfferTerms(decision.business, decision.list_price)
    assert submission.price_decision_id == decision.id
    assert shop.amazon.written("MUG-1") == [("20.00", 10)]
    log = {change.kind: (change.before, change.after) for change in await shop.changes()}
    assert log[ChangeKind.BUSINESS_PRICE] == (
        None,
        "20.00 USD, 19.00 USD each from 5 units, 18.00 USD each from 10 units",
    )
    assert log[ChangeKind.LIST_PRICE] == (None, "25.00 USD")


async def test_a_price_that_changes_takes_them_along_in_one_patch(shop: Shop) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())

    await shop.import_products(a_dear_mug("22.00"))
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert listing.business == tiered("22.00", "20.90", "19.80")
    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("22.00", None)]


async def test_a_price_that_reaches_the_suggested_one_takes_the_list_price_away(
    shop: Shop,
) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())

    await shop.import_products(a_dear_mug("25.00"))
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.list_price) == (usd("25.00"), None)
    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("25.00", None)]


@pytest.mark.parametrize(
    ("before", "after", "business", "list_price"),
    [
        (OFF, BOTH, TWENTY, usd("25.00")),
        (OFF, BUSINESS, TWENTY, None),
        (BOTH, BUSINESS, TWENTY, None),
        (BOTH, PriceSettings(msrp_attribute="msrp"), None, usd("25.00")),
        (BOTH, OFF, None, None),
        (BUSINESS, PriceSettings(business=BusinessSettings()), BusinessPrice(usd("20.00")), None),
    ],
    ids=["both set", "one set", "one withdrawn", "other withdrawn", "both withdrawn", "no tiers"],
)
async def test_they_change_although_the_price_stays(
    shop: Shop,
    before: PriceSettings,
    after: PriceSettings,
    business: BusinessPrice | None,
    list_price: object,
) -> None:
    await shop.change_settings(price=before)
    await shop.put_on_sale(a_dear_mug())

    await shop.change_settings(price=after)
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.business, listing.list_price) == (business, list_price)
    last = (await shop.decisions())[-1]
    assert (last.outcome, last.price_before, last.price_after) == (
        DecisionOutcome.CHANGE,
        usd("20.00"),
        usd("20.00"),
    )
    assert listing.price_decision_id == (await shop.submissions())[-1].decision_id == last.id
    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("20.00", None)]
    assert listing.wanted_terms == OfferTerms(business, usd("25.00") if list_price else None)


async def test_a_business_price_alone_is_no_change_of_the_price(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    before = await shop.listing()
    shop.amazon.advance(60)

    await shop.change_settings(price=BUSINESS)
    await shop.settle()

    assert (await shop.listing()).price_changed_at == before.price_changed_at is not None


async def test_what_stays_as_it_is_is_not_told_again(shop: Shop) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())
    decisions = await shop.decisions()

    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")
    await shop.settle()
    await shop.import_products(a_dear_mug(stock=Decimal(4)))
    await shop.settle()

    assert shop.amazon.written("MUG-1") == [("20.00", 10), (None, 4)]
    assert (await shop.submissions())[-1].terms == NO_TERMS
    assert len(await shop.decisions()) == len(decisions) + 1
    assert (await is_as_amazon_shows(shop)).business == TWENTY


async def test_what_was_withdrawn_is_not_withdrawn_for_ever(shop: Shop) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())
    await shop.change_settings(price=OFF)
    await shop.settle()

    await shop.import_products(a_dear_mug("21.00"))
    await shop.settle()

    terms = [submission.terms for submission in await shop.submissions()]
    gone = OfferTerms(withdraws_business=True, withdraws_list_price=True)
    assert terms == [OfferTerms(TWENTY, usd("25.00")), gone, NO_TERMS]


async def test_a_held_price_sends_neither(shop: Shop) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())
    await shop.publish(FAR_TOO_CHEAP)
    await shop.import_products(a_dear_mug(msrp="30.00", stock=Decimal(3)))
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert listing.hold is DecisionReason.STEP_TOO_LARGE
    assert (listing.business, listing.list_price) == (TWENTY, usd("25.00"))
    assert shop.amazon.written("MUG-1")[1:] == [(None, 3)]


async def test_a_held_run_sends_neither(shop: Shop) -> None:
    shop.amazon.begin([an_item(number) for number in range(1, 13)])
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(*(a_dear_mug(number=number) for number in range(1, 13)))
    await shop.import_products(*(a_dear_mug("12.00", number=number) for number in range(1, 13)))

    await shop.settle()
    held = await is_as_amazon_shows(shop)
    (run,) = await RUNS.find(shop.scope, Is("status", "eq", RunStatus.HELD))
    await runs.resume(shop.runtime, shop.scope, run.id, actor="me")
    await shop.settle()
    resumed = await is_as_amazon_shows(shop)

    assert (held.hold, held.price, held.business) == (
        DecisionReason.RUN_HELD,
        usd("20.00"),
        TWENTY,
    )
    assert resumed.business == tiered("12.00", "11.40", "10.80")
    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("12.00", None)]


async def test_a_run_is_undone_with_all_that_went_with_its_prices(shop: Shop) -> None:
    await shop.put_on_sale(a_dear_mug())
    await shop.import_products(a_dear_mug("18.00"))
    await shop.settle()
    run = (await RUNS.find(shop.scope, EVERYTHING, sort=Sort("_id")))[-1]
    await shop.change_settings(price=BOTH)  # what goes with the price changes, the price does not
    await shop.settle()

    await runs.undo(shop.runtime, shop.scope, run.id, actor="me")
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.business, listing.list_price) == (
        usd("20.00"),
        TWENTY,
        usd("25.00"),
    )
    assert (await RUNS.require(shop.scope, run.id)).taken_back == 1


async def test_a_business_price_that_a_person_made_at_amazon_is_shown_and_left_alone(
    shop: Shop,
) -> None:
    shop.amazon.begin([an_item(1)], listed=[on_amazon("MUG-1")])
    by_hand = OfferTerms(BusinessPrice(usd("17.00")), usd("21.00"))
    connector = await shop.runtime.connections.of(await shop.store())
    await connector.patch_offer(OfferPatch("MUG-1", "DRINKING_CUP", usd("18.00"), None, by_hand))
    shop.amazon.advance(30)
    await shop.import_products(a_mug())

    await shop.import_listings()
    imported = await shop.listing()
    await shop.settle()

    assert (imported.business, imported.list_price) == (by_hand.business, by_hand.list_price)
    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.business) == (usd("20.00"), by_hand.business)
    assert listing.list_price == by_hand.list_price

    await shop.change_settings(price=BUSINESS)
    await shop.settle()
    await shop.change_settings(price=OFF)
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.business, listing.list_price) == (None, by_hand.list_price)


async def test_a_change_is_live_only_when_amazon_shows_the_business_price_too(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.change_settings(price=BUSINESS)
    await shop.reprice()
    await shop.push()
    shop.amazon.advance(1)

    await shop.confirm()

    assert (await shop.states())[-1] is SubmissionState.ACCEPTED
    assert (await shop.listing()).business is None
    assert (await shop.listing()).wanted_terms.business == TWENTY


async def test_what_was_not_sent_goes_with_the_quantity_that_follows(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.change_settings(price=BUSINESS)
    await shop.reprice()
    await shop.import_products(a_mug(stock=Decimal(4)))

    await shop.settle()

    sent = (await shop.submissions())[-1]
    assert (sent.terms.business, sent.quantity) == (TWENTY, 4)
    assert sent.price_decision_id == (await shop.submissions())[-2].decision_id
    assert shop.amazon.written("MUG-1")[1:] == [("20.00", 4)]
    assert (await is_as_amazon_shows(shop)).business == TWENTY


async def test_a_withdrawal_that_was_not_sent_is_not_forgotten_over_a_newer_price(
    shop: Shop,
) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())
    await shop.change_settings(price=OFF)
    await shop.reprice()
    await shop.import_products(a_dear_mug("21.00"))

    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.business, listing.list_price) == (usd("21.00"), None, None)
    assert len(shop.amazon.journal("MUG-1")) == 2


@pytest.mark.parametrize("price", ["20.00", "21.00"])
async def test_a_withdrawal_that_amazon_lost_is_told_again(shop: Shop, price: str) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())
    await shop.change_settings(price=OFF)
    await shop.reprice()
    await with_connector(shop, patch_offer=forgetful).push()
    await shop.import_products(a_dear_mug(price, stock=Decimal(4)))
    await shop.settle()

    shop.amazon.advance(180)
    await shop.confirm()
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.quantity) == (usd(price), 4)
    assert (listing.business, listing.list_price) == (None, None)


async def test_a_withdrawal_on_its_way_is_not_forgotten_when_an_older_one_is_live(
    shop: Shop,
) -> None:
    await shop.change_settings(price=BUSINESS)
    await shop.put_on_sale(a_mug())
    for price in (OFF, BUSINESS):
        await shop.change_settings(price=price)
        await shop.reprice()
        await shop.push()
        if price is OFF:
            shop.amazon.advance(30)
    await shop.change_settings(price=OFF)
    await shop.reprice()

    await shop.confirm()
    await shop.import_products(a_mug(price="21.00"))
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.business) == (usd("21.00"), None)


async def test_a_withdrawal_that_amazon_refused_is_told_with_the_next_price(shop: Shop) -> None:
    await shop.change_settings(price=BUSINESS)
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()
    await shop.push()
    await shop.change_settings(price=OFF)
    await shop.reprice()

    def refusing(_: Any) -> Callable[..., Any]:
        async def refuse(_: object) -> Receipt:
            return Receipt(accepted=False, submission_id="s-1", issues=())

        return refuse

    await with_connector(shop, patch_offer=refusing).push()
    shop.amazon.advance(30)
    await shop.confirm()
    await shop.import_products(a_mug(price="22.00"))
    await shop.settle()

    assert ((await shop.listing()).price, (await shop.listing()).business) == (usd("22.00"), None)


async def test_what_is_left_of_a_lost_change_is_told_without_what_a_newer_one_told(
    shop: Shop,
) -> None:
    await shop.put_on_sale(a_mug())
    await shop.change_settings(price=BUSINESS)
    await shop.import_products(a_mug(stock=Decimal(4)))
    await shop.reprice()
    await with_connector(shop, patch_offer=forgetful).push()
    await shop.import_products(a_mug(price="22.00", stock=Decimal(4)))

    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.quantity, listing.business) == (4, tiered("22.00", "20.90", "19.80"))
    assert shop.amazon.written("MUG-1")[1:] == [("22.00", None), (None, 4)]


async def test_a_first_offer_that_is_told_again_while_the_next_price_is_held_is_whole(
    shop: Shop,
) -> None:
    await shop.change_settings(price=BOTH)
    await shop.import_products(a_dear_mug())
    await shop.match()
    await shop.reprice()
    await shop.push()
    await shop.publish(FAR_TOO_CHEAP)
    await shop.import_products(a_dear_mug(stock=Decimal(4)))

    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert (listing.price, listing.quantity) == (usd("20.00"), 4)
    assert (listing.business, listing.list_price) == (TWENTY, usd("25.00"))


async def test_a_process_that_dies_in_the_middle_leaves_no_half(shop: Shop) -> None:
    await shop.change_settings(price=BOTH)
    await shop.put_on_sale(a_dear_mug())
    await shop.import_products(a_dear_mug("22.00", msrp="24.00"))
    await shop.reprice()

    with pytest.raises(Killed):
        await with_connector(shop, **killed_after("patch_offer")).push()
    await shop.settle()

    listing = await is_as_amazon_shows(shop)
    assert listing.business == tiered("22.00", "20.90", "19.80")
    assert listing.list_price == usd("24.00")


async def test_a_patch_that_amazon_refuses_changes_nothing(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.change_settings(price=BUSINESS)
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()

    def broken(inner: Any) -> Callable[..., Any]:
        async def patch(offer: OfferPatch) -> object:
            # Amazon does not know discounts for one unit.
            business = BusinessPrice(usd("21.00"), (QuantityPrice(1, usd("20.00")),))
            terms = replace(offer.terms, business=business)
            return await inner.patch_offer(replace(offer, terms=terms))

        return patch

    await with_connector(shop, patch_offer=broken).push()
    shop.amazon.advance(30)

    assert (await shop.states())[-1] is SubmissionState.REJECTED
    found = await shown(shop)
    assert (found.price, found.business) == (usd("20.00"), None)
