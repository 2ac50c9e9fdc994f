"""The sample catalogue: made by its generator, free of errors, and varied enough to try everything."""

import importlib.util
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from connectors.magento.product_export import RowError, read_products
from domain.product import Product, ProductType

SAMPLES = Path(__file__).parents[3] / "samples"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_catalog", SAMPLES / "make_catalog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def products() -> list[Product]:
    items = list(read_products(SAMPLES / "catalog.csv", merchant_id="m", currency="USD", now=NOW))
    assert [item for item in items if isinstance(item, RowError)] == []
    return [item for item in items if isinstance(item, Product)]


def test_the_file_is_what_its_generator_writes(maker: ModuleType) -> None:
    assert (SAMPLES / "catalog.csv").read_bytes() == maker.catalog().encode()


def test_it_has_all_kinds_of_products(products: list[Product]) -> None:
    kinds = Counter(product.type for product in products)

    assert 250 <= kinds[ProductType.SIMPLE] <= 270
    assert kinds[ProductType.CONFIGURABLE] >= 15
    assert {ProductType.BUNDLE, ProductType.GROUPED, ProductType.VIRTUAL} <= kinds.keys()
    assert 280 <= len(products) <= 310


def test_eans_are_right_unique_and_nobodys_and_a_few_are_missing(products: list[Product]) -> None:
    simple = [product for product in products if product.type is ProductType.SIMPLE]
    eans = [product.attributes["ean"] for product in simple if "ean" in product.attributes]

    assert len(set(eans)) == len(eans)
    assert 5 <= len(simple) - len(eans) <= 20
    for ean in eans:
        assert len(ean) == 13
        assert 200 <= int(ean[:3]) <= 299
        assert sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(ean)) % 10 == 0


def test_prices_and_stock_vary_and_every_simple_product_earns_money(
    products: list[Product],
) -> None:
    simple = [product for product in products if product.type is ProductType.SIMPLE]

    for product in simple:
        lowest = product.prices.get("special_price", product.prices["price"])
        assert product.prices["cost"] < lowest <= product.prices["price"]
        price = product.prices["price"]
        assert product.prices.get("map", price) <= price <= product.prices.get("msrp", price)
    for code in ("special_price", "map", "msrp"):
        assert 10 <= sum(code in product.prices for product in simple) <= 130
    assert 10 <= sum(product.manages_stock and not product.stock for product in simple) <= 40
    assert 5 <= sum(not product.manages_stock for product in simple) <= 20
    assert 5 <= sum(not product.is_enabled for product in simple) <= 20


def test_names_skus_and_categories_have_what_breaks_careless_readers(
    products: list[Product],
) -> None:
    names = "".join(product.name for product in products)
    skus = "".join(product.sku for product in products)
    categories = {path for product in products for path in product.categories}

    assert {",", '"', "é", "º"} <= set(names)
    assert {" ", "/"} <= set(skus)
    assert {"Default Category/Sale", "Default Category/Kitchen/Pots, Pans & Lids"} <= categories
    assert any("|" in product.attributes.get("features", "") for product in products)


def test_parents_name_products_that_are_there(maker: ModuleType, products: list[Product]) -> None:
    skus = {product.sku for product in products}
    named = set()
    for row in maker.rows():
        for variation in filter(None, row.get("configurable_variations", "").split("|")):
            named.add(variation.split(",")[0].removeprefix("sku="))
        for part in filter(None, row.get("associated_skus", "").split(",")):
            named.add(part.split("=")[0])
        for part in filter(None, row.get("bundle_values", "").replace("|", ",").split(",")):
            if part.startswith("sku="):
                named.add(part.removeprefix("sku="))

    assert len(named) > 100
    assert named <= skus
