"""The listings report: its charset, its table, and what Amazon does to both."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.amazon.account import AmazonAccount
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.reports import report_of
from connectors.errors import Unavailable, Unreadable
from connectors.port import ListingsReport, TaskState
from domain.listing import Condition, Fulfilment
from domain.marketplace import MARKETPLACES
from domain.money import Money

_HEADER = (
    "item-name item-description listing-id seller-sku price quantity open-date image-url "
    "item-is-marketplace product-id-type zshop-shipping-fee item-note item-condition "
    "zshop-category1 zshop-browse-path zshop-storefront-feature asin1 asin2 asin3 "
    "will-ship-internationally expedited-shipping zshop-boldface product-id "
    "bid-for-featured-placement add-delete pending-quantity fulfillment-channel "
    "merchant-shipping-group status"
).split()
_US = MARKETPLACES["US"]


def _line(**cells: str) -> str:
    row = {
        "item-name": "Mug",
        "seller-sku": "A",
        "price": "18.50",
        "quantity": "5",
        "item-condition": "11",
        "asin1": "B000000001",
        "fulfillment-channel": "DEFAULT",
        "status": "Active",
        **{name.replace("_", "-"): value for name, value in cells.items()},
    }
    return "\t".join(row.get(name, "") for name in _HEADER)


def _read(*lines: str, charset: str = "cp1252", told: str | None = None) -> ListingsReport:
    table = "\r\n".join(["\t".join(_HEADER), *lines, ""])
    return report_of(table.encode(charset, errors="replace"), told, _US)


def test_a_row_is_a_listing() -> None:
    (listing,) = _read(_line(item_name="Tasse für 3 €")).listings
    assert (listing.seller_sku, listing.asin, listing.title) == ("A", "B000000001", "Tasse für 3 €")
    assert (listing.price, listing.quantity) == (Money(1850, "USD"), 5)
    assert (listing.condition, listing.fulfilment) == (Condition.NEW, Fulfilment.MERCHANT)
    assert listing.is_buyable
    assert listing.product_type is None


def test_what_amazon_ships_has_no_quantity_of_ours() -> None:
    (listing,) = _read(_line(fulfillment_channel="AMAZON_NA", quantity="")).listings
    assert (listing.fulfilment, listing.quantity) == (Fulfilment.AMAZON, None)


def test_an_incomplete_listing_is_one_all_the_same() -> None:
    (listing,) = _read(
        _line(status="Incomplete", price="", quantity="", asin1="", item_condition="99")
    ).listings
    assert (listing.asin, listing.price, listing.quantity) == (None, None, None)
    assert (listing.condition, listing.is_buyable) == (None, False)


@pytest.mark.parametrize("sku", [' A"1', "a,b", "ü/#%", "00012"])
def test_a_sku_is_taken_as_it_stands(sku: str) -> None:
    (listing,) = _read(_line(seller_sku=sku)).listings
    assert listing.seller_sku == sku


def test_a_broken_line_is_counted_and_stops_nothing() -> None:
    found = _read(_line(), "half\ta\tline", _line(seller_sku=""), _line(seller_sku="B") + "\tx")
    assert [listing.seller_sku for listing in found.listings] == ["A"]
    assert found.unreadable == (3, 4, 5)


def test_columns_that_come_after_those_we_know_may_be_missing_in_a_row() -> None:
    table = "\t".join([*_HEADER, "Minimum order quantity", "Sell remainder"]) + "\n" + _line()
    assert len(report_of(table.encode(), None, _US).listings) == 1


def test_a_sku_that_comes_twice_is_one_listing() -> None:
    assert len(_read(_line(), _line()).listings) == 1


def test_the_charset_is_that_of_the_answer_where_it_names_one() -> None:
    for charset, told in (("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "klingon")):
        (listing,) = _read(_line(item_name="Größe"), charset=charset, told=told).listings
        assert listing.title == "Größe"
    japan = "\r\n".join(["\t".join(_HEADER), _line(item_name="茶碗")]).encode("cp932")
    (listing,) = report_of(japan, None, replace(_US, country="JP")).listings
    assert listing.title == "茶碗"


def test_other_columns_are_not_guessed() -> None:
    with pytest.raises(Unreadable, match="seller-sku"):
        report_of(b"Artikelbezeichnung\tPreis\nTasse\t3\n", None, _US)


@given(st.binary())
def test_no_bytes_break_the_reader(content: bytes) -> None:
    header = "\t".join(_HEADER).encode() + b"\n"
    found = report_of(header + content, None, _US)
    lines = [line for line in content.replace(b"\r\n", b"\n").split(b"\n") if line]
    assert len(found.listings) + len(found.unreadable) <= len(lines)


@given(st.lists(st.text(st.characters(codec="cp1252", exclude_characters="\t\r\n")), unique=True))
def test_every_sku_comes_through(skus: list[str]) -> None:
    found = _read(*(_line(seller_sku=sku) for sku in skus))
    assert [one.seller_sku for one in found.listings] == [sku for sku in skus if sku]


_ADDRESS = {"reportDocumentId": "d", "url": "http://storage.test/d"}


async def test_a_packed_report_is_fetched_without_a_token(
    connector: AmazonConnector, wire: Any
) -> None:
    content = gzip.compress(("\t".join(_HEADER) + "\n" + _line()).encode("cp1252"))
    wire.answer(
        httpx.Response(200, json={**_ADDRESS, "compressionAlgorithm": "GZIP"}),
        httpx.Response(503, text="<Error/>"),
        httpx.Response(200),
        httpx.ReadError("cut"),
        httpx.Response(200, content=content),
    )
    found = await connector.read_listings_report("d")
    assert len(found.listings) == 1
    assert "x-amz-access-token" not in wire.requests[-1].headers
    assert len(wire.slept) == 3


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, text="<Error><Message>Request has expired</Message></Error>"),
        httpx.Response(200, content=gzip.compress(bytes(range(256)) * 4)[:50]),
    ],
)
async def test_an_expired_address_or_a_damaged_document_is_asked_for_again_later(
    connector: AmazonConnector, wire: Any, answer: httpx.Response
) -> None:
    wire.answer(httpx.Response(200, json={**_ADDRESS, "compressionAlgorithm": "GZIP"}), answer)
    with pytest.raises(Unavailable):
        await connector.read_listings_report("d")
    assert len(wire.requests) == 2


async def test_a_state_that_we_do_not_know_is_waited_for(
    connector: AmazonConnector, wire: Any
) -> None:
    row = {"reportId": "1", "processingStatus": "ON_HOLD", "surprise": [1]}
    wire.answer(httpx.Response(200, json=row))
    assert (await connector.report("1")).state is TaskState.WORKING


async def test_no_report_since_then_is_none(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(httpx.Response(200, json={"reports": []}))
    assert await connector.listings_report_since(datetime(2026, 5, 4, tzinfo=UTC)) is None
    assert wire.requests[0].url.params["createdSince"] == "2026-05-04T00:00:00.000Z"


async def test_an_answer_without_an_id_is_unreadable(
    connector: AmazonConnector, wire: Any, account: AmazonAccount
) -> None:
    wire.answer(httpx.Response(202, json={"id": "1"}))
    with pytest.raises(Unreadable, match="reportId"):
        await connector.request_listings_report()
