"""The published quantity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.listing import Fulfilment
from domain.store import StockSettings
from rules.quantity import quantity_of
from tests.rules.given import a_product


@pytest.mark.parametrize(
    ("stock", "settings", "expected"),
    [
        ("5", StockSettings(), 5),
        ("2.99", StockSettings(), 2),
        ("-3", StockSettings(), 0),
        ("4.9", StockSettings(out_of_stock_threshold=5), 0),
        ("5", StockSettings(out_of_stock_threshold=5), 5),
        ("80", StockSettings(maximum=10), 10),
        ("80", StockSettings(out_of_stock_threshold=20, maximum=10), 10),
    ],
)
def test_stock_becomes_a_quantity(stock: str, settings: StockSettings, expected: int) -> None:
    quantity = quantity_of(settings, a_product(stock=stock), Fulfilment.MERCHANT, eligible=True)
    assert quantity.value == expected


def test_stock_that_is_not_counted_gives_the_fixed_quantity() -> None:
    product = a_product(stock="0", manages_stock=False)
    settings = StockSettings(out_of_stock_threshold=5)
    assert quantity_of(settings, product, Fulfilment.MERCHANT, eligible=True).value == 100


def test_what_is_not_eligible_is_not_offered() -> None:
    product = a_product(manages_stock=False)
    assert quantity_of(StockSettings(), product, Fulfilment.MERCHANT, eligible=False).value == 0


def test_amazon_counts_what_amazon_fulfils() -> None:
    assert (
        quantity_of(StockSettings(), a_product(), Fulfilment.AMAZON, eligible=False).value is None
    )


@given(
    st.decimals(-10, 10**6, places=3).map(str),
    st.builds(StockSettings, *[st.integers(0, 10**6)] * 3),
)
def test_never_more_than_is_there_or_allowed(stock: str, settings: StockSettings) -> None:
    product = a_product(stock=stock)
    value = quantity_of(settings, product, Fulfilment.MERCHANT, eligible=True).value
    assert value is not None
    assert 0 <= value <= settings.maximum
    assert value == 0 or value <= product.stock
