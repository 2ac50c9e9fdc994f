"""Prices by website, from rows of store views as Magento's export writes them (behaviour 10)."""

import csv
import io
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.magento.product_export import RowError, read_products
from domain.product import Product
from rules.catalog import prices_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAMP = {
    "sku": "LAMP",
    "attribute_set_code": "Desk",
    "product_type": "simple",
    "product_websites": "base",
    "name": "Desk Lamp",
    "product_online": "1",
    "price": "10.0000",
    "qty": "7",
}
BOTH = LAMP | {"product_websites": "base,eu"}
TWO: dict[str, Collection[str]] = {"base": ["default"], "eu": ["german", "french"]}


def view(code: str, sku: str = "LAMP", **cells: str) -> dict[str, str]:
    """A row as the export writes it: type and set are always there, else only what differs."""
    always = {"sku": sku, "store_view_code": code, "attribute_set_code": "Desk"}
    return always | {"product_type": "simple"} | cells


def read(
    *rows: Mapping[str, str], websites: Mapping[str, Collection[str]] | None = None
) -> list[Any]:
    columns = dict.fromkeys(column for row in rows for column in row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    stream = io.BytesIO(text.getvalue().encode())
    return list(read_products(stream, merchant_id="m1", currency="USD", now=NOW, websites=websites))


def told(product: Product) -> list[tuple[str, int, dict[str, str]]]:
    return [
        (each.website, each.sort_order, {code: price.amount for code, price in each.prices.items()})
        for each in product.website_prices
    ]


def only_error(*rows: Mapping[str, str], **options: Any) -> RowError:
    (error,) = read(*rows, **options)
    assert isinstance(error, RowError)
    return error


def test_prices_of_a_products_only_website_are_read() -> None:
    german = view("german", price="12.5000", name="Lampe")
    (product,) = read(LAMP, german, view("french", name="Lampe de bureau"))
    assert product.prices["price"].amount == "10.00"
    assert told(product) == [("base", 1, {"price": "12.50"})]
    assert prices_of(product)["price"].amount == "12.50"
    assert product.name == "Desk Lamp"


def test_websites_count_in_the_order_in_which_they_are_named() -> None:
    rows = (BOTH, view("default", price="11.00"), view("german", price="12.00", cost="4.00"))
    (product,) = read(*rows, websites=TWO)
    assert told(product) == [
        ("base", 1, {"price": "11.00"}),
        ("eu", 2, {"price": "12.00", "cost": "4.00"}),
    ]
    assert {code: price.amount for code, price in prices_of(product).items()} == {
        "price": "11.00",
        "cost": "4.00",
    }
    (product,) = read(*rows, websites=dict(reversed(TWO.items())))
    assert [website for website, _, _ in told(product)] == ["eu", "base"]
    assert prices_of(product)["price"].amount == "12.00"


def test_a_website_that_uses_the_default_is_left_out() -> None:
    (product,) = read(BOTH, view("german", price="12.00"), websites=TWO)
    assert told(product) == [("eu", 2, {"price": "12.00"})]


def test_prices_of_a_website_in_which_a_product_is_not_do_not_count() -> None:
    (product,) = read(LAMP, view("german", price="12.00"), websites=TWO)
    assert told(product) == []


def test_without_a_word_on_websites_a_product_in_several_is_refused_and_told_what_to_do() -> None:
    error = only_error(BOTH, view("german", price="12.00"))
    assert (error.line, error.column, error.sku) == (3, "store_view_code", "LAMP")
    assert "store view 'german' has prices of its own" in error.message
    assert "--website eu=german" in error.message


def test_a_store_view_that_no_website_was_named_for_is_refused() -> None:
    error = only_error(BOTH, view("spanish", price="12.00"), websites=TWO)
    assert (error.line, error.column) == (3, "store_view_code")
    assert "'spanish'" in error.message


def test_where_views_have_no_prices_nobody_has_to_name_websites() -> None:
    (product,) = read(BOTH, view("german", name="Lampe"))
    assert told(product) == []


def test_views_of_a_website_share_their_prices() -> None:
    rows = (BOTH, view("german", price="12.00"), view("french", price="12.00"))
    (product,) = read(*rows, websites=TWO)
    assert told(product) == [("eu", 2, {"price": "12.00"})]

    error = only_error(*rows[:2], view("french", price="13.00"), websites=TWO)
    assert (error.line, error.column) == (4, "price")
    assert "12.00 USD as its price" in error.message


def test_a_price_that_cannot_be_read_is_told_on_its_own_line_and_the_next_product_is_read() -> None:
    error, product = read(LAMP, view("german", price="a lot"), LAMP | {"sku": "DESK"})
    assert (error.line, error.column, error.sku) == (3, "price", "LAMP")
    assert product.sku == "DESK"


def test_additional_attributes_of_a_view_may_hold_prices() -> None:
    (product,) = read(LAMP, view("german", additional_attributes="color=Rot,amazon_price=9.99"))
    assert told(product) == [("base", 1, {"amazon_price": "9.99"})]


def test_a_special_price_counts_in_the_time_that_holds_in_the_view() -> None:
    special = LAMP | {"special_price": "8.00", "special_price_from_date": "3/2/26"}
    (product,) = read(special, view("german", special_price="7.00"))
    assert told(product) == []
    (product,) = read(special, view("german", special_price_from_date="2/1/26"))
    assert told(product) == [("base", 1, {"special_price": "8.00"})]


def test_a_special_price_that_a_view_takes_back_is_refused() -> None:
    special = LAMP | {"special_price": "8.00"}
    error = only_error(special, view("german", special_price_to_date="2/1/26"))
    assert (error.line, error.column) == (3, "special_price_to_date")
    assert "cannot be kept" in error.message


def test_rows_of_a_view_may_stand_before_the_product() -> None:
    (product,) = read(view("german", price="12.00"), LAMP)
    assert told(product) == [("base", 1, {"price": "12.00"})]


def test_prices_of_a_view_that_come_too_late_are_told() -> None:
    lamp, desk, error = read(LAMP, LAMP | {"sku": "DESK"}, view("german", price="12.00"))
    assert (told(lamp), told(desk)) == ([], [])
    assert (error.line, error.column, error.sku) == (4, "store_view_code", "LAMP")
    assert "product on line 2" in error.message
    # Texts may come as late as they like.
    assert len(read(LAMP, LAMP | {"sku": "DESK"}, view("german", name="Lampe"))) == 2


def test_prices_of_websites_are_part_of_the_content() -> None:
    (plain,) = read(LAMP)
    (dear,) = read(LAMP, view("german", price="12.00"))
    (dearer,) = read(LAMP, view("german", price="13.00"))
    assert len({plain.content_hash, dear.content_hash, dearer.content_hash}) == 3


@pytest.mark.parametrize("copies", [1, 3])
def test_products_and_errors_come_in_the_order_of_the_file(copies: int) -> None:
    rows = [
        row
        for number in range(copies)
        for row in (
            LAMP | {"sku": f"A{number}"},
            view("german", sku=f"A{number}", price="12.00"),
            LAMP | {"sku": f"B{number}", "price": "free"},
        )
    ]
    found = [item.sku for item in read(*rows)]
    assert found == [sku for number in range(copies) for sku in (f"A{number}", f"B{number}")]
