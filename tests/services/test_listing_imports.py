"""The import of listings by report: complete, resumable, and with names that are whole."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import NotReady, Rejected, Unavailable
from domain.operation import Operation, OperationKind, OperationOutcome, OperationStatus
from embedded.servers import ServerUrls
from services import listing_imports
from storage.filters import Is
from storage.keyset import Sort
from storage.operations import OPERATIONS
from tests.factories import MERCHANT, an_offer, usd
from tests.services.amazon import Amazon, an_item, asin_of, on_amazon
from tests.services.shop import Shop, forget_jobs, queued
from tests.services.trouble import Killed, killed_after, with_connector


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin(
        [an_item(number, title=f"茶 {number}") for number in (1, 2)],
        listed=[on_amazon(f"S-{number:02}") for number in range(45)],
    )
    return simulator


async def _operation(shop: Shop) -> Operation:
    found = await OPERATIONS.find(
        shop.scope,
        Is("kind", "eq", OperationKind.LISTINGS_IMPORT),
        sort=Sort("updated_at", descending=True),
        limit=1,
    )
    return found[0]


def _asked(amazon: Amazon) -> int:
    made: int = amazon.status()["requests"].get("createReport", {}).get("202", 0)
    return made


async def _import(shop: Shop) -> Operation:
    await shop.import_listings()
    return await _operation(shop)


async def test_an_import_waits_for_its_report_and_is_complete(shop: Shop, amazon: Amazon) -> None:
    with pytest.raises(NotReady) as caught:
        await shop.import_listings_once()
    assert caught.value.retry_after.total_seconds() == 10
    waiting = await _operation(shop)
    assert (waiting.status, waiting.done) == (OperationStatus.RUNNING, 0)
    assert not await shop.listings()

    operation = await _import(shop)

    assert (operation.status, operation.outcome) == (OperationStatus.DONE, OperationOutcome.OK)
    assert (operation.done, operation.total) == (45, 45)
    assert operation.result == {"imported": 45, "known": 0}
    listing = (await shop.listings())["S-07"]
    assert (listing.title, listing.product_type) == ("茶 1", "DRINKING_CUP")
    assert (listing.asin, listing.price, listing.quantity) == (asin_of(1), usd("18.00"), 5)
    assert _asked(amazon) == 1


async def test_a_thousand_and_more_are_taken_up(shop: Shop, amazon: Amazon) -> None:
    amazon.begin([an_item(1)], listed=[on_amazon(f"S-{number:04}") for number in range(1_050)])
    operation = await _import(shop)
    assert operation.outcome is OperationOutcome.OK
    assert operation.result == {"imported": 1_050, "known": 0}
    assert len(await shop.listings()) == 1_050


async def test_offers_that_were_known_before_say_whose_buy_box_it_is(shop: Shop) -> None:
    await shop.see(an_offer("US", is_own=True, is_buy_box_winner=True))
    await shop.import_listings()
    assert (await shop.listings())["S-07"].owns_buy_box is True


async def test_what_is_known_is_not_read_again(shop: Shop, amazon: Amazon) -> None:
    await shop.import_listings()
    searches = amazon.calls("searchListingsItems")
    amazon.advance(20)
    operation = await _import(shop)
    assert operation.result == {"imported": 0, "known": 45}
    assert amazon.calls("searchListingsItems") == searches


KILLS = (
    *("request_listings_report", "report", "read_listings_report"),
    "listings",
)


@pytest.mark.parametrize("method", KILLS)
async def test_an_import_that_is_killed_goes_on_with_the_same_report(
    shop: Shop, amazon: Amazon, method: str
) -> None:
    killed = with_connector(shop, **killed_after(method))
    while not (await _was_killed(killed)):
        amazon.advance(3)

    operation = await _import(shop)

    assert _asked(amazon) == 1
    assert len(await shop.listings()) == 45
    assert operation.outcome is OperationOutcome.OK
    assert sum(operation.result.values()) == 45


async def _was_killed(shop: Shop) -> bool:
    try:
        await shop.import_listings_once()
    except Killed:
        # The process ends without a word: the operation is as it was before `running` heard of it.
        operation = await _operation(shop)
        await shop.scope.update(
            "operations", {"_id": operation.id}, {"$set": {"status": "RUNNING", "outcome": None}}
        )
        return True
    except NotReady:
        pass
    return False


async def test_an_import_goes_on_at_the_row_where_it_was_interrupted(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(1)], listed=[on_amazon(f"S-{number:04}") for number in range(450)])
    calls = [0]

    def failing(inner: Any) -> Callable[..., Any]:
        async def listings(skus: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == 15:
                raise Unavailable("away", operation="searchListingsItems")
            return await inner.listings(skus, **named)

        return listings

    with pytest.raises(NotReady):
        await shop.import_listings_once()
    amazon.advance(5)
    with pytest.raises(Unavailable):
        await with_connector(shop, listings=failing).import_listings_once()
    before = amazon.calls("searchListingsItems")
    operation = await _import(shop)

    assert operation.result == {"imported": 450 - 80, "known": 80}
    assert operation.done == 450
    # What was taken up is not read again; of the batch under way at most what was not stored.
    assert amazon.calls("searchListingsItems") - before == (450 - 280) // 20 + 1


async def test_a_request_whose_answer_is_lost_is_found_again(shop: Shop, amazon: Amazon) -> None:
    amazon.trouble("createReport", "empty", 1)
    with pytest.raises(Unavailable):
        await shop.import_listings_once()
    operation = await _import(shop)
    assert operation.outcome is OperationOutcome.OK
    assert amazon.calls("getReports") == 1
    assert len(await shop.listings()) == 45


async def test_a_report_is_waited_for_since_amazon_has_the_request(
    shop: Shop, amazon: Amazon
) -> None:
    def late(inner: Any) -> Callable[..., Any]:
        async def request() -> Any:
            amazon.advance(30)
            return await inner.request_listings_report()

        return request

    with pytest.raises(NotReady):
        await with_connector(shop, request_listings_report=late).import_listings_once()

    since = listing_imports.waits_since(await _operation(shop))
    assert since == shop.runtime.clock.now()


async def test_without_a_report_listings_are_paged_through(shop: Shop, amazon: Amazon) -> None:
    await shop.import_listings()
    await shop.scope.update_many("operations", {}, {"$set": {"status": "DONE"}})
    # A second report so soon after the first is FATAL.
    operation = await _import(shop)
    assert (operation.outcome, operation.result["known"]) == (OperationOutcome.OK, 45)
    assert _asked(amazon) == 2


async def test_without_listings_there_is_no_report_and_nothing_to_import(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(1)])
    operation = await _import(shop)
    assert (operation.status, operation.outcome) == (OperationStatus.DONE, OperationOutcome.OK)
    assert operation.result.get("imported", 0) == 0


async def test_more_than_can_be_paged_through_is_told_where_there_is_no_report(
    shop: Shop, amazon: Amazon
) -> None:
    amazon.begin([an_item(1)], listed=[on_amazon(f"S-{number:04}") for number in range(1_010)])
    amazon.trouble("createReport", "429", 1)

    def refuse(_: Any) -> Callable[..., Any]:
        async def request() -> str:
            raise Rejected("No.", operation="createReport", code="InvalidInput")

        return request

    await with_connector(shop, request_listings_report=refuse).import_listings()
    operation = await _operation(shop)
    assert operation.outcome is OperationOutcome.PARTIAL
    assert [error.where for error in operation.errors] == ["LISTINGS_CAPPED"]
    assert len(await shop.listings()) == 1_000


async def test_what_listings_do_not_show_is_taken_as_the_report_has_it_with_its_name_mended(
    shop: Shop, amazon: Amazon
) -> None:
    def hide(inner: Any) -> Callable[..., Any]:
        async def listings(skus: Any, **named: Any) -> Any:
            return [one for one in await inner.listings(skus, **named) if one.seller_sku != "S-03"]

        return listings

    await with_connector(shop, listings=hide).import_listings()
    found = await shop.listings()
    assert len(found) == 45
    hidden = found["S-03"]
    assert (hidden.title, hidden.product_type) == ("茶 1", "DRINKING_CUP")
    assert (hidden.price, hidden.quantity) == (usd("18.00"), 5)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("getReport", "503"), ("getReportDocument", "reset"), ("downloadDocument", "empty")],
)
async def test_trouble_on_the_way_does_not_show(
    shop: Shop, amazon: Amazon, operation: str, kind: str
) -> None:
    amazon.trouble(operation, kind, 2)
    done = await _import(shop)
    assert done.outcome is OperationOutcome.OK
    assert len(await shop.listings()) == 45


async def test_an_import_is_woken_when_amazon_tells_of_its_reports_end(
    shop: Shop, amazon: Amazon, servers: ServerUrls
) -> None:
    with pytest.raises(NotReady):
        await shop.import_listings_once()
    waiting = await _operation(shop)
    await forget_jobs(servers)
    amazon.advance(5)

    assert await shop.receive() > 0

    woken = ("import_listings", (MERCHANT, shop.id, waiting.id))
    assert woken in await queued(servers)
    await shop.import_listings_once()
    assert (await _operation(shop)).status is OperationStatus.DONE
