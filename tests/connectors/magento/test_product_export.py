"""Products of an export: what is read, what is refused and where, and how far the reading is."""

import csv
import io
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.magento.attributes import PRICE_CODES
from connectors.magento.product_export import ProductExport, RowError, Source, read_products
from connectors.magento.product_row import REQUIRED_COLUMNS
from domain.errors import InvalidInput, UserError
from domain.money import Money
from domain.product import Product, ProductType

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
LUMA = ROOT.parent / "shared/data/magento-luma-products.csv"

PLAIN = {
    "sku": "A-1",
    "attribute_set_code": "Desk",
    "product_type": "simple",
    "name": "Desk Lamp",
    "product_online": "1",
    "price": "12.500000",
    "qty": "7.0000",
}


def export(*rows: dict[str, str]) -> bytes:
    columns = dict.fromkeys(column for row in (PLAIN, *rows) for column in row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(source: bytes | Source, *, currency: str = "USD", now: datetime = NOW) -> ProductExport:
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    return read_products(stream, merchant_id="m1", currency=currency, now=now)


def only_product(**cells: str) -> Product:
    (item,) = read(export(PLAIN | cells))
    assert isinstance(item, Product), item
    return item


def only_error(**cells: str) -> RowError:
    (item,) = read(export(PLAIN | cells))
    assert isinstance(item, RowError), item
    return item


def test_a_row_becomes_a_product() -> None:
    product = only_product(
        categories="Default Category/Desk,Default Category/Sale",
        description="<p>Long</p>",
        base_image="/l/a/lamp.jpg",
        use_config_manage_stock="1",
        weight="0.500000",
        msrp_price="15.00",
        map_price="11",
        country_of_manufacture="Sweden",
        additional_attributes="brand=Quillbarn,ean=2900000000018,cost=6.2500",
    )

    assert product.id == "m1/A-1"
    assert product.type is ProductType.SIMPLE
    assert product.attribute_set == "Desk"
    assert product.categories == ("Default Category/Desk", "Default Category/Sale")
    assert product.is_enabled
    assert {code: str(price) for code, price in product.prices.items()} == {
        "price": "12.50 USD",
        "msrp": "15.00 USD",
        "map": "11.00 USD",
        "cost": "6.25 USD",
    }
    assert product.attributes == {
        "weight": "0.500000",
        "country_of_manufacture": "Sweden",
        "brand": "Quillbarn",
        "ean": "2900000000018",
    }
    assert product.stock == Decimal(7)
    assert product.manages_stock
    assert (product.version, product.created_at, product.updated_at) == (1, NOW, NOW)


@pytest.mark.parametrize(
    ("cells", "column", "word"),
    [
        ({"sku": ""}, "sku", "missing"),
        ({"sku": "x" * 65}, "sku", "64"),
        ({"sku": "a\nb"}, "sku", "control"),
        ({"name": " "}, "name", "missing"),
        ({"product_type": "simpel"}, "product_type", "simple"),
        ({"product_online": ""}, "product_online", "enabled"),
        ({"product_online": "on sale"}, "product_online", "enabled"),
        ({"price": ""}, "price", "12.50"),
        ({"price": "twelve"}, "price", "12.50"),
        ({"price": "-1"}, "price", "negative"),
        ({"price": "1.005"}, "price", "2 decimals"),
        ({"msrp_price": "1,50"}, "msrp_price", "msrp"),
        ({"additional_attributes": "cost=cheap"}, "additional_attributes", "cost"),
        ({"additional_attributes": "Black"}, "additional_attributes", "color=Black"),
        ({"qty": "many"}, "qty", "100"),
        ({"is_in_stock": "2"}, "is_in_stock", "0 for no"),
        ({"manage_stock": "x", "use_config_manage_stock": "0"}, "manage_stock", "0 for no"),
        (
            {"special_price": "9", "special_price_to_date": "31/12/26"},
            "special_price_to_date",
            "1/31/26",
        ),
    ],
)
def test_a_bad_cell_is_named_and_the_next_row_is_read(
    cells: dict[str, str], column: str, word: str
) -> None:
    error, product = read(export(PLAIN | cells, PLAIN | {"sku": "A-2"}))

    assert isinstance(error, RowError)
    assert (error.line, error.column, error.sku) == (2, column, cells.get("sku", "A-1") or None)
    assert word in error.message
    assert isinstance(product, Product)
    assert product.sku == "A-2"


def test_errors_tell_the_line_in_the_file_across_cells_of_several_lines() -> None:
    first = PLAIN | {"description": "<p>one</p>\n<p>two</p>\n"}
    items = list(read(export(first, PLAIN | {"sku": "A-2", "qty": "x"}, PLAIN)))

    assert [(item.line, item.column) for item in items if isinstance(item, RowError)] == [
        (5, "qty"),
        (6, "sku"),
    ]


def test_the_second_row_of_a_sku_is_an_error_that_names_the_first() -> None:
    product, error = read(export(PLAIN, PLAIN | {"price": "1"}))

    assert isinstance(product, Product)
    assert isinstance(error, RowError)
    assert (error.line, error.column, error.sku) == (3, "sku", "A-1")
    assert "line 2" in error.message


def test_rows_of_store_views_are_no_products_of_their_own() -> None:
    german = {"sku": "A-1", "store_view_code": "de", "name": "Lampe"}
    (product,) = read(export(german, PLAIN, german))

    assert isinstance(product, Product)
    assert product.name == "Desk Lamp"


def test_a_sku_with_store_view_rows_only_is_not_lost_in_silence() -> None:
    product, error = read(export(PLAIN, {"sku": "B", "store_view_code": "de", "name": "Lampe"}))

    assert isinstance(product, Product)
    assert isinstance(error, RowError)
    assert (error.line, error.column, error.sku) == (3, "store_view_code", "B")


@pytest.mark.parametrize(
    ("status", "is_enabled"), [("1", True), ("2", False), ("0", False), ("Disabled", False)]
)
def test_status_as_magento_numbers_it(status: str, is_enabled: bool) -> None:
    assert only_product(product_online=status).is_enabled is is_enabled


@pytest.mark.parametrize(
    ("by_config", "own", "manages"),
    [("1", "0", True), ("0", "0", False), ("0", "1", True), ("", "", True)],
)
def test_stock_is_managed_unless_the_product_itself_says_no(
    by_config: str, own: str, manages: bool
) -> None:
    product = only_product(use_config_manage_stock=by_config, manage_stock=own)

    assert product.manages_stock is manages


def test_what_the_shop_calls_out_of_stock_has_no_stock() -> None:
    assert only_product(is_in_stock="0").stock == 0
    assert only_product(is_in_stock="0", qty=" -2").stock == -2


@pytest.mark.parametrize(
    ("first", "last", "in_force"),
    [
        ("", "", True),
        ("3/1/26", "", True),
        ("3/2/26", "", False),
        ("", "3/1/26", True),
        ("", "2/28/26", False),
        ("2026-02-01", "2026-03-01 11:59:00", False),
    ],
)
def test_a_special_price_counts_while_it_is_in_force(first: str, last: str, in_force: bool) -> None:
    product = only_product(
        special_price="9", special_price_from_date=first, special_price_to_date=last
    )

    assert ("special_price" in product.prices) is in_force


@pytest.mark.parametrize("kind", ["configurable", "grouped", "bundle", "giftcard"])
def test_parents_may_be_without_price(kind: str) -> None:
    assert only_product(product_type=kind, price="").prices == {}


def test_columns_that_magento_does_not_know_are_attributes() -> None:
    product = only_product(ean="2900000000018", Amazon_Price="10", **{"not a code": "x"})

    assert product.attributes == {"ean": "2900000000018"}
    assert product.prices["amazon_price"] == Money(1000, "USD")


def test_the_merchant_can_name_further_prices() -> None:
    source = io.BytesIO(export(PLAIN | {"additional_attributes": "haendler=3.10,color=Red"}))
    codes = PRICE_CODES | {"haendler"}
    (product,) = read_products(source, merchant_id="m", currency="EUR", now=NOW, price_codes=codes)

    assert isinstance(product, Product)
    assert product.prices["haendler"] == Money(310, "EUR")
    assert product.attributes == {"color": "Red"}


def test_a_second_reading_gives_the_same_content() -> None:
    again = only_product(additional_attributes="b=2,a=1", qty="7", price="12.5")
    later = export(PLAIN | {"additional_attributes": "a=1,b=2", "description": "new"})
    (other,) = read(later, now=NOW + timedelta(days=1))

    assert isinstance(other, Product)
    assert other.content_hash == again.content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"price": "12.51"},
        {"qty": "8"},
        {"product_online": "2"},
        {"use_config_manage_stock": "0", "manage_stock": "0"},
        {"categories": "Root"},
        {"attribute_set_code": "Other"},
        {"product_type": "virtual"},
        {"additional_attributes": "color=Red"},
    ],
)
def test_a_change_changes_the_content_hash(change: dict[str, str]) -> None:
    assert only_product(**change).content_hash != only_product().content_hash


@pytest.mark.parametrize("column", REQUIRED_COLUMNS)
def test_a_missing_column_stops_at_once_and_is_named(column: str) -> None:
    data = export(PLAIN).replace(column.encode(), b"other_" + column.encode(), 1)

    with pytest.raises(InvalidInput, match=rf": {column}\.") as caught:
        next(read(data))
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"sku;name;price\n", "commas"),
        (export(PLAIN).replace(b"qty", b"qty,qty", 1), "more than once"),
        ("sku,name".encode("utf-16"), "UTF-8"),
    ],
)
def test_what_is_no_export_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        next(read(data))


def test_a_file_that_is_not_there_and_an_unknown_currency_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no file"):
        read(tmp_path / "none.csv")
    with pytest.raises(InvalidInput, match="no file"):
        read(tmp_path)
    with pytest.raises(InvalidInput, match="XXX"):
        read(export(PLAIN), currency="XXX")


def test_files_streams_and_pipes_give_the_same_and_tell_how_far_they_are(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + export(*(PLAIN | {"sku": f"é-{number}"} for number in range(50)))
    path = tmp_path / "export.csv"
    path.write_bytes(data)
    receiving, sending = os.pipe()
    with os.fdopen(sending, "wb") as pipe:
        pipe.write(data)

    with (
        os.fdopen(receiving, "rb") as piped,
        path.open("rb") as binary,
        path.open(encoding="ascii") as text,
    ):
        for source, total in (
            (path, len(data)),
            (binary, len(data)),
            (text, len(data)),
            (piped, None),
        ):
            products = read(source)
            assert (products.bytes_read, products.total_bytes) == (0, total)
            first = next(products)
            assert isinstance(first, Product)
            assert first.sku == "é-0"
            assert 0 < products.bytes_read < len(data)
            assert len(list(products)) == 49
            assert products.bytes_read == len(data)


def test_text_in_memory_is_read_too() -> None:
    products = read(io.StringIO(export(PLAIN).decode()))

    assert [type(item) for item in products] == [Product]
    assert products.bytes_read == products.total_bytes


TEXT = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda text: text not in ("", "__EMPTY__VALUE__"))
)
PRICE = st.integers(0, 10**9)


@given(
    st.dictionaries(
        TEXT, st.tuples(TEXT, PRICE, st.none() | PRICE, st.integers(-99, 10**6), TEXT), max_size=6
    )
)
def test_what_is_written_is_read_back(
    written: dict[str, tuple[str, int, int | None, int, str]],
) -> None:
    rows = []
    for sku, (name, price, msrp, stock, brand) in written.items():
        enclosed = brand.replace('"', '""')
        rows.append(
            PLAIN
            | {
                "sku": sku,
                "name": name,
                "price": Money(price, "JPY").amount + ".0000",
                "msrp_price": "" if msrp is None else str(msrp),
                "qty": str(stock),
                "description": f"{name}\n{brand}",
                "additional_attributes": f'brand="{enclosed}",x="1"',
            }
        )
    found = {}
    for item in read(export(*rows), currency="JPY"):
        assert isinstance(item, Product), item
        msrp_read = item.prices.get("msrp")
        found[item.sku] = (
            item.name,
            item.prices["price"].minor,
            msrp_read.minor if msrp_read else None,
            int(item.stock),
            item.attributes["brand"],
        )

    assert found == written


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_crash_the_reading(data: bytes, has_header: bool) -> None:
    head = ",".join(REQUIRED_COLUMNS).encode() + b"\n" if has_header else b""
    try:
        items = list(read(head + data))
    except UserError:
        assert not has_header
    else:
        assert all(isinstance(item, Product | RowError) for item in items)


ROWS = [PLAIN | {"sku": f"A-{number}", "description": "two\nlines"} for number in range(6)]
ROW_LENGTH = len(export(*ROWS[:2])) - len(export(*ROWS[:1]))


@given(
    st.integers(0, 2 * ROW_LENGTH - 1),
    st.sampled_from([b'"', b",", b"\n", b"\0", b"\xff", b"\r", b""]),
)
def test_a_damaged_byte_costs_no_row_beyond_its_own_and_the_next(at: int, damage: bytes) -> None:
    data = export(*ROWS)
    start = data.index(b"\n") + 1 + at
    items = read(data[:start] + damage + data[start + 1 :])

    skus = {item.sku for item in items if isinstance(item, Product)}
    own, place = divmod(at, ROW_LENGTH)
    assert {row["sku"] for row in ROWS} - skus <= {f"A-{own}", f"A-{own + 1}"}
    assert skus <= {row["sku"] for row in ROWS} or place < len("A-0,")


def test_the_luma_catalogue_is_read_without_an_error() -> None:
    if not LUMA.exists():
        pytest.skip("the Luma sample data of Magento is not here; it is not part of the project")

    items = list(read(LUMA))
    products = [item for item in items if isinstance(item, Product)]

    assert [item for item in items if isinstance(item, RowError)] == []
    assert Counter(product.type for product in products) == {
        ProductType.SIMPLE: 1847,
        ProductType.CONFIGURABLE: 147,
    }
    first = products[0]
    assert first.sku == "MH01-XS-Black"
    assert first.prices == {"price": Money(5200, "USD")}
    assert first.attributes["color"] == "Black"
    assert first.attributes["size"] == "XS"
    assert first.categories[-1] == "Default Category"
    assert first.stock == 100
    assert all(product.manages_stock and product.is_enabled for product in products)
    again = [item.content_hash for item in read(LUMA) if isinstance(item, Product)]
    assert again == [product.content_hash for product in products]
