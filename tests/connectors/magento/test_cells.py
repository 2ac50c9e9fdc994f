"""What single cells of a product export say."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.magento import cells
from domain.money import CURRENCY_DIGITS, Money

CODES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(
    st.characters(codec="utf-8") | st.sampled_from(',="| '), min_size=1, max_size=12
).filter(lambda value: cells.content(value) == value)


@given(st.dictionaries(CODES, VALUES, max_size=5))
def test_enclosed_attributes_are_read_back_whatever_they_hold(written: dict[str, str]) -> None:
    cell = ",".join(
        '{}="{}"'.format(code, value.replace('"', '""')) for code, value in written.items()
    )

    assert cells.attributes(cell) == written


@given(
    st.dictionaries(
        CODES, VALUES.filter(lambda value: "=" not in value and '"' not in value), max_size=5
    )
)
def test_plain_attributes_may_hold_commas(written: dict[str, str]) -> None:
    assert (
        cells.attributes(",".join(f"{code}={value}" for code, value in written.items())) == written
    )


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", {}),
        ("size=XS,color=Black", {"size": "XS", "color": "Black"}),
        ("material=Wool, cotton,size=S", {"material": "Wool, cotton", "size": "S"}),
        ("note=a,b = c,size=S", {"note": "a,b = c", "size": "S"}),
        ("formula=a=b,size=S", {"formula": "a=b", "size": "S"}),
        ('size=12" pan,color=Red', {"size": '12" pan', "color": "Red"}),
        ('size="12"" pan",color="Red, dark"', {"size": '12" pan', "color": "Red, dark"}),
        ('size="12" pan,color=Red', {"size": '"12" pan', "color": "Red"}),
        ("activity=Hike|Run", {"activity": "Hike|Run"}),
        ('activity="Hike, far"|"Run"', {"activity": "Hike, far|Run"}),
        ("Color=Red", {"color": "Red"}),
        ("a=,b=__EMPTY__VALUE__,c=x", {"c": "x"}),
        ('a="",c="x"', {"c": "x"}),
    ],
)
def test_attributes_as_magento_writes_them(cell: str, found: dict[str, str]) -> None:
    assert cells.attributes(cell) == found


@pytest.mark.parametrize(
    ("cell", "paths"),
    [
        ("", ()),
        ("Default Category/Men,Default Category", ("Default Category/Men", "Default Category")),
        ("Root/Pots\\, Pans/Lids,Root/Sale", ("Root/Pots, Pans/Lids", "Root/Sale")),
        ("Root/Pots, Pans/Lids,Root/Sale", ("Root/Pots, Pans/Lids", "Root/Sale")),
        ("Root/A, Root/B", ("Root/A", "Root/B")),
        ("Root/A,Other/B", ("Root/A", "Other/B")),
        ("Root/A,Root/A,,", ("Root/A",)),
        ("Root/Salt\\/Pepper", ("Root/Salt\\/Pepper",)),
    ],
)
def test_categories_as_paths(cell: str, paths: tuple[str, ...]) -> None:
    assert cells.categories(cell) == paths


@given(st.integers(0, 10**12), st.sampled_from(sorted(CURRENCY_DIGITS)))
def test_amounts_are_read_exactly_in_every_currency(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    decimals = "" if "." in money.amount else "."

    assert cells.amount(money.amount, currency) == money
    assert cells.amount(f"{money.amount}{decimals}0000", currency) == money


@pytest.mark.parametrize("cell", ["", "abc", "1,50", "1.005", "-1", "1e3", "NaN", "\u0661", "$5"])
def test_no_amount_is_guessed(cell: str) -> None:
    with pytest.raises(ValueError, match=r"price"):
        cells.amount(cell, "USD")


@pytest.mark.parametrize(
    ("cell", "number"),
    [("", 0), ("100.0000", 100), ("2.5000", Decimal("2.5")), ("-3", -3), ("-0.000", 0)],
)
def test_equal_quantities_are_written_equally(cell: str, number: int | Decimal) -> None:
    assert str(cells.quantity(cell)) == str(Decimal(number))


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 10:20:30", datetime(2026, 1, 31, 10, 20, 30, tzinfo=UTC)),
        ("1/31/26", datetime(2026, 1, 31, tzinfo=UTC)),
        ("01/31/2026", datetime(2026, 1, 31, tzinfo=UTC)),
        ("1/31/26, 2:05\u202fPM", datetime(2026, 1, 31, 14, 5, tzinfo=UTC)),
    ],
)
def test_dates_as_magento_writes_them(cell: str, at: datetime) -> None:
    assert cells.moment(cell) == at


def test_a_last_day_counts_to_its_end() -> None:
    assert cells.last_moment("2026-01-31") == datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert cells.last_moment("2026-01-31 10:00:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "read",
    [
        cells.attributes,
        cells.categories,
        cells.quantity,
        cells.is_enabled,
        cells.moment,
        lambda cell: cells.amount(cell, "USD"),
        lambda cell: cells.flag(cell, default=True),
    ],
)
@given(cell=st.text() | st.text('a=",|\\/ 1.-:', max_size=20))
def test_no_cell_raises_anything_but_a_value_error(
    read: Callable[[str], object], cell: str
) -> None:
    with suppress(ValueError):
        read(cell)
