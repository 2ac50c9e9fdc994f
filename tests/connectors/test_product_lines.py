"""Products of JSON Lines: read strictly, each bad line told with its place, and the others read all the same."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.magento.product_export import RowError, read_products
from connectors.product_lines import LONGEST, ProductLines
from domain.errors import InvalidInput
from domain.money import Money
from domain.product import Product, ProductType

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
MUG = {"sku": "MUG-1", "name": "A mug", "prices": {"price": "20.00"}, "stock": "10"}


def read(data: bytes, currency: str = "USD") -> list[tuple[int, Product | RowError]]:
    lines = ProductLines(io.BytesIO(data), merchant_id="acme", currency=currency, now=NOW)
    return [(lines.line, row) for row in lines]


def one(**changes: Any) -> Product | RowError:
    row = {name: value for name, value in {**MUG, **changes}.items() if value is not None}
    [(_, found)] = read(json.dumps(row).encode())
    return found


def test_a_line_says_all_of_a_product() -> None:
    product = one(
        type="VIRTUAL",
        attributeSet="Mugs",
        categories=["Kitchen/Mugs", "Sale", "Sale"],
        isEnabled=False,
        prices={"price": "20", "cost": "8.50"},
        websitePrices=[
            {"website": "eu", "prices": {"price": "18.00"}},
            {"website": "us", "prices": {}},
        ],
        attributes={"ean": "2900000000018", "color": " "},
        stock="2.5000",
        isStockManaged=False,
    )
    assert isinstance(product, Product)
    assert (product.id, product.sku, product.type) == ("acme/MUG-1", "MUG-1", ProductType.VIRTUAL)
    assert (product.attribute_set, product.categories) == ("Mugs", ("Kitchen/Mugs", "Sale"))
    assert (product.is_enabled, product.manages_stock) == (False, False)
    assert product.prices == {"price": Money(2000, "USD"), "cost": Money(850, "USD")}
    [website] = product.website_prices
    assert (website.website, website.sort_order) == ("eu", 1)
    assert website.prices == {"price": Money(1800, "USD")}
    assert (product.attributes, product.stock) == ({"ean": "2900000000018"}, Decimal("2.5"))


def test_what_is_not_said_is_as_for_most_products() -> None:
    product = one()
    assert isinstance(product, Product)
    assert product.type is ProductType.SIMPLE
    assert (product.is_enabled, product.manages_stock) == (True, True)
    assert (product.categories, product.attributes, product.website_prices) == ((), {}, ())


def test_the_same_content_has_the_same_digest_whatever_the_format() -> None:
    csv = (
        b"sku,attribute_set_code,product_type,categories,name,product_online,price,cost,qty,additional_attributes\n"
        b'MUG-1,Mugs,simple,Kitchen/Mugs,A mug,1,20.00,8.50,10,"ean=2900000000018"\n'
    )
    [of_csv] = read_products(io.BytesIO(csv), merchant_id="acme", currency="USD", now=NOW)
    of_lines = one(
        attributeSet="Mugs",
        categories=["Kitchen/Mugs"],
        prices={"price": "20.00", "cost": "8.5"},
        attributes={"ean": "2900000000018"},
    )
    assert of_lines == of_csv


BAD: list[tuple[dict[str, Any], str | None, str]] = [
    ({"sku": None}, "sku", "missing"),
    ({"sku": ""}, "sku", "missing"),
    ({"sku": "x" * 65}, "sku", "64"),
    ({"sku": "a\nb"}, "sku", "control"),
    ({"sku": 5}, "sku", "quotes"),
    ({"name": None}, "name", "missing"),
    ({"name": "\ud800"}, "name", "half a character"),
    ({"type": "MUG"}, "type", "SIMPLE"),
    ({"prices": {}}, "prices.price", "missing"),
    ({"prices": {"price": 20.0}}, "prices.price", '"20.0"'),
    ({"prices": {"price": 20}}, "prices.price", '"20"'),
    ({"prices": {"price": "20.005"}}, "prices.price", "2 decimals"),
    ({"prices": {"price": "-1"}}, "prices.price", "zero or more"),
    ({"prices": {"price": "1e3"}}, "prices.price", "12.50"),
    ({"prices": {"price": None}}, "prices.price", "quotes"),
    ({"prices": {"price": "1", "Cost": "1"}}, "prices", "'Cost'"),
    ({"prices": {"price": "1", "a.b": "1"}}, "prices", "'a.b'"),
    ({"prices": [1]}, "prices", "object"),
    ({"websitePrices": {"eu": {}}}, "websitePrices", "list"),
    ({"websitePrices": [{"website": "eu"}]}, "websitePrices.0", "`prices`"),
    ({"websitePrices": [{"website": "eu", "prices": {"price": 1}}]}, "websitePrices.0.prices.price", '"1"'),
    ({"websitePrices": [{"website": "eu", "prices": {"price": "1"}}] * 2}, "websitePrices.1.website", "twice"),
    ({"attributes": {"ean": 29}}, "attributes.ean", "quotes"),
    ({"attributes": {"$where": "x"}}, "attributes", "'$where'"),
    ({"categories": "Mugs"}, "categories", "list"),
    ({"categories": [["Mugs"]]}, "categories.0", "quotes"),
    ({"stock": None}, "stock", "missing"),
    ({"stock": 10}, "stock", '"10"'),
    ({"stock": "ten"}, "stock", "quantity"),
    ({"isEnabled": "yes"}, "isEnabled", "true or false"),
    ({"isEnabled": 1}, "isEnabled", "true or false"),
    ({"price": "20.00"}, "price", "prices"),
    ({"na\u00efve \ud800": 1}, None, "no field"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "part"), BAD)
def test_what_cannot_be_used_is_told_with_its_place(
    changes: dict[str, Any], field: str | None, part: str
) -> None:
    error = one(**changes)
    assert isinstance(error, RowError)
    assert (error.line, error.column) == (1, field)
    assert part in error.message
    json.dumps(error.message).encode()
    (error.message + (error.sku or "") + (error.column or "")).encode()  # can be stored


NO_LINES = [
    b"{",
    b"[]",
    b'"x"',
    b"5",
    b"null",
    b"\xff{}",
    b'{"sku": NaN}',
    b'{"sku": "a", "sku": "b"}',
    b"[" * 100_000,
    b'{"sku": "\x01"}',
    b'{"a":' * 50_000,
]


@pytest.mark.parametrize("bad", NO_LINES, ids=range(len(NO_LINES)))
def test_a_line_that_is_no_object_costs_itself_and_no_other(bad: bytes) -> None:
    good = json.dumps(MUG).encode()
    other = json.dumps({**MUG, "sku": "MUG-2"}).encode()
    found = read(b"\xef\xbb\xbf" + good + b"\r\n\n" + bad + b"\n" + other)
    assert [line for line, _ in found] == [1, 3, 4]
    first, error, last = (row for _, row in found)
    assert isinstance(error, RowError)
    assert error.line == 3
    assert [row.sku for row in (first, last) if isinstance(row, Product)] == ["MUG-1", "MUG-2"]


def test_a_line_beyond_all_measure_is_left_out() -> None:
    data = b'{"sku": "' + b"x" * (3 * LONGEST) + b'"}\n' + json.dumps(MUG).encode()
    (_, error), (line, product) = read(data)
    assert isinstance(error, RowError)
    assert (line, isinstance(product, Product)) == (2, True)


def test_a_sku_comes_once() -> None:
    line = json.dumps(MUG).encode() + b"\n"
    _, (_, error) = read(line * 2)
    assert isinstance(error, RowError)
    assert (error.line, error.column, error.sku) == (2, "sku", "MUG-1")
    assert "line 1" in error.message


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(InvalidInput):
        read(b"", "XXX")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
AMOUNTS = st.decimals(0, 10**9, places=2).map(str)
FIELDS = [
    "sku",
    "name",
    "type",
    "attributeSet",
    "categories",
    "isEnabled",
    "prices",
    "websitePrices",
]
FIELDS += ["attributes", "stock", "isStockManaged", "other"]


@settings(max_examples=150)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(FIELDS), VALUES).map(json.dumps).map(str.encode)
        | st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"")),
        max_size=4,
    ),
    AMOUNTS,
)
def test_whatever_stands_around_it_a_good_line_is_read_exactly(
    others: list[bytes], amount: str
) -> None:
    good = {**MUG, "sku": "THE-GOOD-ONE", "prices": {"price": amount}, "stock": amount}
    found = read(b"\n".join([*others, json.dumps(good).encode(), *others]))
    assert all(isinstance(row, RowError) for line, row in found if line != len(others) + 1)
    [product] = [row for line, row in found if line == len(others) + 1]
    assert isinstance(product, Product)
    assert product.prices["price"].amount == amount
    assert product.stock == Decimal(amount)
