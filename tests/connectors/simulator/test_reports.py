"""Reports: asked for, made on the clock, fetched in time, and not too often."""

import csv

import pytest

from connectors.simulator import state_file
from connectors.simulator.listings_report import COLUMNS
from connectors.simulator.settings import SimulatorSettings
from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    OTHER_SELLER,
    REPORTS,
    SELLER,
    Amazon,
    asin,
    offer_attributes,
    scenario,
)
from tests.connectors.simulator.conftest import Sign


def _there(sku: str, number: int = 1, seller: str = SELLER) -> dict[str, object]:
    return {
        "sellerId": seller,
        "sellerSku": sku,
        "asin": asin(number),
        "price": "18.50",
        "quantity": 5,
    }


async def _begin(amazon: Amazon, *listed: dict[str, object], title: str = "Blue mug") -> None:
    world = scenario(scenarioId="reports", thirdPartyListings=list(listed))
    world["items"][1]["title"] = title
    await amazon.control("scenario", world)
    await amazon.sign_in()


async def _rows(amazon: Amazon, report_id: str) -> list[dict[str, str]]:
    document_id = (await amazon.state_of_report(report_id))["reportDocumentId"]
    content = await amazon.download(f"{REPORTS}/documents/{document_id}")
    lines = content.decode("cp1252").split("\r\n")
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


async def test_a_report_waits_is_made_and_tells_every_listing(amazon: Amazon) -> None:
    await _begin(
        amazon, _there("A"), _there("B", 2), _there("C", seller=OTHER_SELLER), title="Ça\tva 茶"
    )
    report_id = await amazon.report()

    waiting = await amazon.state_of_report(report_id)
    assert waiting["processingStatus"] == "IN_QUEUE"
    assert "reportDocumentId" not in waiting
    await amazon.advance(1, frozen=True)
    assert (await amazon.state_of_report(report_id))["processingStatus"] == "IN_PROGRESS"
    await amazon.advance(3, frozen=True)
    done = await amazon.state_of_report(report_id)

    assert done["processingStatus"] == "DONE"
    assert done["createdTime"] < done["processingStartTime"] < done["processingEndTime"]
    first, second = await _rows(amazon, report_id)
    assert list(first) == COLUMNS
    assert (first["seller-sku"], second["seller-sku"]) == ("A", "B")
    assert first["item-name"] == "Ça va ?"  # a tab cannot be in a table, a tea leaf not in Cp1252
    assert (first["asin1"], first["price"], first["quantity"]) == (asin(1), "18.50", "5")
    assert (first["fulfillment-channel"], first["item-condition"]) == ("DEFAULT", "11")
    assert first["status"] == "Active"


async def test_reports_are_about_active_or_inactive_listings(amazon: Amazon) -> None:
    await _begin(amazon, _there("A"), {**_there("GONE", 2), "quantity": 0})
    active = await amazon.report("GET_MERCHANT_LISTINGS_DATA")
    inactive = await amazon.report("GET_MERCHANT_LISTINGS_INACTIVE_DATA")
    await amazon.advance(10, frozen=True)

    assert [row["seller-sku"] for row in await _rows(amazon, active)] == ["A"]
    assert [row["seller-sku"] for row in await _rows(amazon, inactive)] == ["GONE"]
    # One at a time is made for a seller.
    one, other = await amazon.state_of_report(active), await amazon.state_of_report(inactive)
    assert one["processingEndTime"] <= other["processingStartTime"]


async def test_a_report_without_data_is_cancelled(amazon: Amazon) -> None:
    report_id = await amazon.report()
    await amazon.advance(5, frozen=True)
    assert (await amazon.state_of_report(report_id))["processingStatus"] == "CANCELLED"


async def test_a_report_that_is_asked_for_too_often_is_fatal(amazon: Amazon) -> None:
    await _begin(amazon, _there("A"))
    first = await amazon.report()
    await amazon.advance(5, frozen=True)
    second = await amazon.report()
    await amazon.advance(15, frozen=True)
    third = await amazon.report()
    await amazon.advance(5, frozen=True)

    found = [await amazon.state_of_report(one) for one in (first, second, third)]
    assert [one["processingStatus"] for one in found] == ["DONE", "FATAL", "DONE"]
    assert "reportDocumentId" not in found[1]


async def test_a_waiting_report_can_be_cancelled_and_no_other(amazon: Amazon) -> None:
    await _begin(amazon, _there("A"))
    report_id = await amazon.report()
    path = f"{REPORTS}/reports/{report_id}"
    cancelled = await amazon.call("DELETE", path)
    assert (cancelled.status_code, cancelled.content) == (200, b"")
    await amazon.advance(5, frozen=True)
    assert (await amazon.state_of_report(report_id))["processingStatus"] == "CANCELLED"
    assert (await amazon.call("DELETE", path)).status_code == 400


async def test_reports_are_found_again_in_pages(amazon: Amazon) -> None:
    made = [await amazon.report() for _ in range(3)]
    path, wanted = f"{REPORTS}/reports", {"reportTypes": "GET_MERCHANT_LISTINGS_ALL_DATA"}
    first = (await amazon.call("GET", path, pageSize="2", **wanted)).json()
    second = (await amazon.call("GET", path, nextToken=first["nextToken"])).json()

    assert [one["reportId"] for one in first["reports"] + second["reports"]] == made[::-1]
    assert "nextToken" not in second
    for query in (
        {"nextToken": first["nextToken"], "pageSize": "2"},
        {},
        {**wanted, "processingStatuses": "BAD_VALUE"},
        {**wanted, "createdSince": "yesterday"},
    ):
        assert (await amazon.call("GET", path, **query)).status_code == 400
    later = await amazon.call("GET", path, createdSince="2026-06-01T00:00:00Z", **wanted)
    assert later.json()["reports"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"reportType": "GET_NOTHING"},
        {"marketplaceIds": None},
        {"marketplaceIds": []},
        {"dataStartTime": "soon"},
        {"dataEndTime": "2030-01-01T00:00:00Z"},
    ],
)
async def test_a_report_that_cannot_be_is_refused(
    amazon: Amazon, change: dict[str, object]
) -> None:
    body = {
        "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "marketplaceIds": [MARKETPLACE],
        **change,
    }
    assert (await amazon.call("POST", f"{REPORTS}/reports", body)).status_code == 400


async def test_an_address_is_good_for_five_minutes_and_one_document(amazon: Amazon) -> None:
    await _begin(amazon, _there("A"))
    report_id = await amazon.report()
    await amazon.advance(5, frozen=True)
    document_id = (await amazon.state_of_report(report_id))["reportDocumentId"]
    path = f"{REPORTS}/documents/{document_id}"
    url = (await amazon.call("GET", path)).json()["url"]

    await amazon.advance(5, frozen=True)
    assert (await amazon.http.get(url)).status_code == 200
    assert (await amazon.http.put(url, content=b"mine")).status_code == 403
    assert (await amazon.http.get(f"{url}0")).status_code == 403
    await amazon.advance(1, frozen=True)
    expired = await amazon.http.get(url)
    assert (expired.status_code, "expired" in expired.text) == (403, True)


async def test_nobody_sees_another_sellers_reports(amazon: Amazon, sign: Sign) -> None:
    await _begin(amazon, _there("A"))
    report_id = await amazon.report()
    await amazon.advance(5, frozen=True)
    document_id = (await amazon.state_of_report(report_id))["reportDocumentId"]
    other = await sign(amazon.app, OTHER_SELLER)

    assert (await other.call("GET", f"{REPORTS}/reports/{report_id}")).status_code == 404
    assert (await other.call("GET", f"{REPORTS}/documents/{document_id}")).status_code == 404
    found = await other.call(
        "GET", f"{REPORTS}/reports", reportTypes="GET_MERCHANT_LISTINGS_ALL_DATA"
    )
    assert found.json()["reports"] == []


async def test_a_report_outlives_the_simulator(amazon: Amazon, settings: SimulatorSettings) -> None:
    await amazon.put("A", offer_attributes(asin(1), 25))
    await amazon.advance(20, frozen=True)
    report_id = await amazon.report()
    await amazon.advance(1, frozen=True)
    assert settings.state_file is not None
    loaded = state_file.load(settings.state_file)
    assert loaded.reports[report_id].status == "IN_PROGRESS"
    await amazon.advance(3, frozen=True)
    loaded = state_file.load(settings.state_file)
    assert loaded.documents[loaded.reports[report_id].result_id or ""].content
