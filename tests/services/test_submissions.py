"""Sending and reading back: accepted is not live, and what was not told to Amazon stays to be told."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Retryable, Throttled, Unavailable
from connectors.port import Receipt
from domain.change import ChangeKind
from domain.errors import NotConnected
from domain.ids import new_id
from domain.listing import Fulfilment, Issue, ListingReason, ListingStatus
from domain.submission import SubmissionKind, SubmissionState
from services import repricing, stores
from storage import leases
from storage.filters import EVERYTHING
from storage.keyset import Sort
from storage.submissions import SUBMISSIONS
from tests.factories import usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug
from tests.services.trouble import Killed, killed_after, with_connector

PENDING, ACCEPTED, LIVE, REJECTED, SUPERSEDED = (
    SubmissionState.PENDING,
    SubmissionState.ACCEPTED,
    SubmissionState.LIVE,
    SubmissionState.REJECTED,
    SubmissionState.SUPERSEDED,
)


async def decided(shop: Shop, *numbers: int) -> None:
    """Products whose first offer is written down and not sent."""
    await shop.import_products(*(a_mug(number) for number in numbers or (1,)))
    await shop.match()
    await shop.reprice()


async def test_an_offer_is_sent_once_and_accepted_is_not_live(shop: Shop) -> None:
    await decided(shop)

    await shop.push()
    await shop.push()
    await shop.confirm()

    (submission,) = await shop.submissions()
    assert (submission.kind, submission.state) == (SubmissionKind.LIST, ACCEPTED)
    assert submission.amazon_submission_id == shop.amazon.journal()[0]["submissionId"]
    assert shop.amazon.written("MUG-1") == [("20.00", 10)]
    waiting = await shop.listing()
    assert (waiting.status, waiting.price) == (ListingStatus.LIST_IN_PROGRESS, None)

    shop.amazon.advance(30)
    await shop.confirm()

    assert await shop.states() == [LIVE]
    live = await shop.listing()
    assert (live.status, live.price, live.quantity) == (ListingStatus.ACTIVE, usd("20.00"), 10)
    log = {change.kind: (change.before, change.after) for change in await shop.changes()}
    assert log == {
        ChangeKind.PRICE: (None, "20.00 USD"),
        ChangeKind.QUANTITY: (None, "10"),
        ChangeKind.STATUS: ("LIST_IN_PROGRESS", "ACTIVE"),
    }


async def test_a_change_of_a_live_offer_names_only_what_changes(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.settle()
    await shop.import_products(a_mug(price="21.00", stock=Decimal(7)))
    await shop.settle()

    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("21.00", None), (None, 7)]
    assert await shop.states() == [LIVE, LIVE, LIVE]


async def test_a_new_offer_carries_the_handling_time_of_the_store(shop: Shop) -> None:  # F020
    drafts = []

    def watch(inner: Any) -> Callable[..., Any]:
        async def put(draft: Any) -> Receipt:
            drafts.append(draft)
            receipt: Receipt = await inner.put_offer(draft)
            return receipt

        return put

    await decided(shop)
    await with_connector(shop, put_offer=watch).push()

    assert [(draft.handling_days, draft.condition.value) for draft in drafts] == [(2, "new_new")]


async def test_what_amazon_refuses_at_once_is_told_in_its_own_words(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    shop.amazon.begin([an_item(number) for number in range(1, 6)])  # Amazon forgot the offer
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()

    await shop.push()

    assert await shop.states() == [LIVE, REJECTED]
    listing = await shop.listing()
    assert listing.issues == (Issue("13013", "This SKU does not exist.", "ERROR"),)
    assert (await shop.changes())[-1].after == "REJECTED: This SKU does not exist."


@pytest.fixture
def refusing() -> Callable[[Any], Any]:
    issue = Issue("90244", "The condition is not known.", "ERROR", ("condition_type",))

    def replacement(_: Any) -> Callable[..., Any]:
        async def refuse(_: object) -> Receipt:
            return Receipt(accepted=False, submission_id="s-1", issues=(issue,))

        return refuse

    return replacement


async def test_a_first_offer_that_amazon_refuses_is_inactive_with_the_reason(
    shop: Shop, refusing: Callable[[Any], Any]
) -> None:
    await decided(shop)

    await with_connector(shop, put_offer=refusing).push()

    listing = await shop.listing()
    assert (listing.status, listing.reason) == (ListingStatus.INACTIVE, ListingReason.REJECTED)
    assert [issue.message for issue in listing.issues] == ["The condition is not known."]
    (submission,) = await shop.submissions()
    assert (submission.state, submission.issues) == (REJECTED, listing.issues)


async def test_what_amazon_finds_wrong_after_accepting_it_makes_the_listing_inactive(
    shop: Shop, amazon: Amazon
) -> None:
    shop.amazon.begin([an_item(1, childAsins=["B000000002"]), an_item(2, parentAsin="B000000001")])
    await shop.import_products(a_mug())
    await shop.match()
    # A person chose the parent all the same.
    await shop.scope.update(
        "listings",
        {"_id": shop.listing_id()},
        {"$set": {"asin": "B000000001", "status": "LIST_IN_PROGRESS", "reason": None}},
    )
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")

    await shop.settle()

    listing = await shop.listing()
    assert listing.status is ListingStatus.INACTIVE
    assert [issue.code for issue in listing.issues] == ["8541"]


@pytest.mark.parametrize("kind", ["503", "429", "reset", "empty"])
async def test_a_call_that_goes_wrong_once_does_not_show(shop: Shop, kind: str) -> None:
    await decided(shop, 1, 2, 3)
    shop.amazon.trouble("putListingsItem", kind, 1)

    await shop.push()
    await shop.settle()

    for number in (1, 2, 3):
        assert await shop.states(f"MUG-{number}") == [LIVE]
        assert set(shop.amazon.written(f"MUG-{number}")) == {("20.00", 10)}


def failing_once(error: Exception, sku: str) -> dict[str, Callable[[Any], Any]]:
    """Amazon answers one SKU's first offer with trouble and takes the others."""
    left = [error]

    def replacement(inner: Any) -> Callable[..., Any]:
        async def put(draft: Any) -> Receipt:
            if draft.seller_sku == sku and left:
                raise left.pop()
            receipt: Receipt = await inner.put_offer(draft)
            return receipt

        return put

    return {"put_offer": replacement}


@pytest.mark.parametrize(
    "error",
    [
        Throttled("slow down", operation="putListingsItem", retry_after=timedelta(seconds=3)),
        Unavailable("away", operation="putListingsItem"),
    ],
)
async def test_trouble_with_one_leaves_it_pending_and_a_rerun_finishes(
    shop: Shop, error: Retryable
) -> None:
    await decided(shop, 1, 2, 3)
    troubled = with_connector(shop, **failing_once(error, "MUG-2"))

    with pytest.raises(type(error)):
        await troubled.push()
    (left,) = await shop.submissions("MUG-2")
    await troubled.push()

    assert (left.state, left.attempts) == (PENDING, 1)
    rows = await SUBMISSIONS.find(shop.scope, EVERYTHING)
    assert {row.state for row in rows} == {ACCEPTED}
    assert [len(shop.amazon.written(f"MUG-{number}")) for number in (1, 2, 3)] == [1, 1, 1]


async def test_after_trouble_the_rest_is_not_tried_in_vain(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.submissions._SENT_AT_ONCE", 1)
    await decided(shop, 1, 2, 3)
    (first, *_) = await SUBMISSIONS.find(shop.scope, EVERYTHING, sort=Sort("_id"))
    away = Unavailable("away", operation="putListingsItem")

    with pytest.raises(Unavailable):
        await with_connector(shop, **failing_once(away, first.seller_sku)).push()

    assert shop.amazon.journal() == []


async def test_a_process_that_dies_before_it_notes_what_it_sent_sends_the_same_again(
    shop: Shop,
) -> None:
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()

    with pytest.raises(Killed):
        await with_connector(shop, **killed_after("patch_offer")).push()
    assert await shop.states() == [LIVE, PENDING]
    await shop.settle()

    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("21.00", None), ("21.00", None)]
    assert await shop.states() == [LIVE, LIVE]
    assert (await shop.listing()).price == usd("21.00")


async def test_a_process_that_dies_in_a_first_offer_lists_it_once(shop: Shop) -> None:
    await decided(shop)

    with pytest.raises(Killed):
        await with_connector(shop, **killed_after("put_offer")).push()
    await shop.settle()

    assert shop.amazon.written("MUG-1") == [("20.00", 10)] * 2
    assert shop.amazon.status()["listingsLive"] == 1
    assert await shop.states() == [LIVE]


async def test_an_older_accepted_change_gives_way_to_a_newer_one(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    for price in ("21.00", "22.00"):
        await shop.import_products(a_mug(price=price))
        await shop.reprice()
        await shop.push()
    assert await shop.states() == [LIVE, ACCEPTED, ACCEPTED]

    shop.amazon.advance(30)
    await shop.confirm()

    assert await shop.states() == [LIVE, SUPERSEDED, LIVE]
    assert (await shop.listing()).price == usd("22.00")


async def test_a_change_decided_while_an_older_one_is_being_sent_wins(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()

    def slow(inner: Any) -> Callable[..., Any]:
        async def patch(offer: Any) -> Receipt:
            receipt: Receipt = await inner.patch_offer(offer)
            if offer.price == usd("21.00"):
                await shop.import_products(a_mug(price="22.00"))
                await shop.reprice()
            return receipt

        return patch

    await with_connector(shop, patch_offer=slow).push()
    await shop.settle()

    assert shop.amazon.written("MUG-1")[1:] == [("21.00", None), ("22.00", None)]
    assert await shop.states() == [LIVE, SUPERSEDED, LIVE]
    assert (await shop.listing()).price == usd("22.00")


async def test_what_is_superseded_while_it_waits_its_turn_in_a_batch_is_not_sent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.submissions._SENT_AT_ONCE", 1)
    await decided(shop, 1, 2)
    told: list[str] = []

    def decided_meanwhile(inner: Any) -> Callable[..., Any]:
        async def act(*arguments: Any) -> Receipt:
            told.append(arguments[0].seller_sku)
            if len(told) == 1:
                await shop.import_products(*(a_mug(number, "21.00") for number in (1, 2)))
                await shop.reprice()
            receipt: Receipt = await inner.put_offer(*arguments)
            return receipt

        return act

    busy = with_connector(shop, put_offer=decided_meanwhile)
    await busy.push()

    first = told[0]
    (second,) = {"MUG-1", "MUG-2"} - {first}
    assert shop.amazon.written(first) == [("20.00", 10), ("21.00", 10)]
    assert shop.amazon.written(second) == [("21.00", 10)]


async def test_of_one_listing_no_more_than_one_change_waits_to_be_sent(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    for price in ("21.00", "22.00", "23.00"):
        await shop.import_products(a_mug(price=price))
        await shop.reprice()

    assert await shop.states() == [LIVE, SUPERSEDED, SUPERSEDED, PENDING]
    await shop.settle()
    assert shop.amazon.written("MUG-1") == [("20.00", 10), ("23.00", None)]


async def test_an_accepted_change_that_never_shows_is_sent_again(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()
    await with_connector(shop, patch_offer=forgetful).push()
    shop.amazon.advance(119)
    await shop.confirm()
    waiting = await shop.states()

    shop.amazon.advance(2)
    await shop.confirm()
    again = await shop.states()
    await shop.settle()

    assert (waiting, again) == ([LIVE, ACCEPTED], [LIVE, PENDING])
    assert (await shop.listing()).price == usd("21.00")


def forgetful(_: Any) -> Callable[..., Any]:
    """Amazon accepts and does nothing."""

    async def accept(_: object) -> Receipt:
        return Receipt(accepted=True, submission_id=new_id(), issues=())

    return accept


async def test_what_is_to_be_sent_again_does_not_wait_beside_something_newer(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()
    await with_connector(shop, patch_offer=forgetful).push()
    await shop.import_products(a_mug(price="22.00"))
    await shop.reprice()
    shop.amazon.advance(180)

    await shop.confirm()

    assert (await shop.states()).count(PENDING) == 1
    await shop.settle()
    assert (await shop.listing()).price == usd("22.00")


async def test_a_price_that_amazon_lost_is_not_given_up_for_a_newer_quantity(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.import_products(a_mug(price="21.00"))
    await shop.reprice()
    await with_connector(shop, patch_offer=forgetful).push()
    await shop.import_products(a_mug(price="21.00", stock=Decimal(4)))
    await shop.settle()

    shop.amazon.advance(180)
    await shop.confirm()
    await shop.settle()

    listing = await shop.listing()
    assert (listing.price, listing.quantity) == (usd("21.00"), 4)


async def test_more_stock_is_live_only_when_amazon_shows_it(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(stock=Decimal(3)))
    await shop.import_products(a_mug(stock=Decimal(9)))
    await shop.reprice()
    await shop.push()
    shop.amazon.advance(1)
    await shop.confirm()
    early = (await shop.states(), (await shop.listing()).quantity)

    shop.amazon.advance(30)
    await shop.confirm()

    assert early == ([LIVE, ACCEPTED], 3)
    assert await shop.states() == [LIVE, LIVE]
    assert (await shop.listing()).quantity == 9


async def test_a_quantity_that_orders_lowered_meanwhile_counts_as_live(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(1)], orders_per_tick=2)
    await shop.put_on_sale(a_mug(stock=Decimal(50)))
    await shop.import_products(a_mug(stock=Decimal(200)))
    await shop.reprice()
    await shop.push()

    amazon.advance(60, frozen=False)
    amazon.advance(60, frozen=False)
    await shop.confirm()

    assert await shop.states() == [LIVE, LIVE]
    sold = (await shop.listing()).quantity
    assert sold is not None
    assert 50 < sold < 200


async def test_nothing_leaves_for_a_paused_store_and_all_of_it_when_it_is_resumed(
    shop: Shop,
) -> None:  # F010
    await decided(shop, 1, 2)
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
    with pytest.raises(NotConnected, match="paused"):
        await shop.push()
    assert shop.amazon.journal() == []

    await stores.set_active(shop.runtime, shop.scope, shop.id, active=True, actor="me")
    await shop.settle()

    assert [await shop.states(sku) for sku in ("MUG-1", "MUG-2")] == [[LIVE], [LIVE]]


async def test_a_store_that_is_paused_while_it_sends_stops_between_two_batches(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:  # F010
    await decided(shop, 1, 2)
    monkeypatch.setattr("services.submissions._BATCH", 1)

    def pausing(inner: Any) -> Callable[..., Any]:
        async def put(draft: Any) -> Receipt:
            await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
            receipt: Receipt = await inner.put_offer(draft)
            return receipt

        return put

    with pytest.raises(NotConnected, match="paused"):
        await with_connector(shop, put_offer=pausing).push()

    assert len(shop.amazon.journal()) == 1


async def test_one_process_at_a_time_sends_for_a_store(shop: Shop) -> None:
    await decided(shop)
    async with leases.hold(shop.runtime.database, f"push:{shop.id}"):
        await shop.push()
    assert shop.amazon.journal() == []


async def test_what_amazon_fulfils_is_sent_without_a_quantity(shop: Shop) -> None:  # F042
    await shop.change_settings(fulfilled_by=Fulfilment.AMAZON)
    await shop.put_on_sale(a_mug(stock=Decimal(0)))
    await shop.import_products(a_mug(price="21.00", stock=Decimal(3)))
    await shop.settle()

    assert shop.amazon.written("MUG-1") == [("20.00", None), ("21.00", None)]
    assert (await shop.listing()).status is ListingStatus.ACTIVE
