"""Money: whole minor units, exact arithmetic, half-up rounding."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import CURRENCY_DIGITS, Money, convert, half_up

amounts = st.builds(
    Money, st.integers(-(10**14), 10**14), st.sampled_from(["USD", "JPY", "KWD", "CLF"])
)


@given(amounts)
def test_an_amount_is_read_back_as_written(money: Money) -> None:
    assert Money.parse(money.amount, money.currency) == money
    assert Money.parse(Decimal(money.amount), money.currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "USD", 1250),
        (" 12.500 ", "USD", 1250),
        ("-0.01", "USD", -1),
        ("7", "JPY", 7),
        ("7.00", "JPY", 7),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_read(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.234", "USD"),
        ("0.5", "JPY"),
        ("1e3", "USD"),
        ("1,50", "USD"),
        ("", "USD"),
        ("٣", "USD"),
        ("NaN", "USD"),
        ("1" * 16, "USD"),
        ("1.00", "XXX"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|currency|decimals"):
        Money.parse(text, currency)


@given(st.decimals(-(10**9), 10**9, places=6))
def test_a_half_goes_away_from_zero(value: Decimal) -> None:
    assert half_up(Fraction(value)) == int(value.quantize(Decimal(1), ROUND_HALF_UP))


@given(amounts, st.fractions(0, 1000))
def test_scaling_is_off_by_half_a_unit_at_most(money: Money, factor: Fraction) -> None:
    assert abs(money.times(factor).minor - money.minor * factor) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("money", "rate", "currency", "expected"),
    [
        (Money(1999, "USD"), "0.8123", "GBP", Money(1624, "GBP")),
        (Money(1000, "USD"), "151.237", "JPY", Money(1512, "JPY")),
        (Money(1512, "JPY"), "0.0066", "USD", Money(998, "USD")),
        (Money(1000, "USD"), "0.3071", "KWD", Money(3071, "KWD")),
    ],
)
def test_exchange_rounds_to_the_new_currency(
    money: Money, rate: str, currency: str, expected: Money
) -> None:
    assert convert(money, Fraction(rate), currency) == expected


@given(amounts, amounts)
def test_sums_and_comparisons_stay_in_one_currency(one: Money, other: Money) -> None:
    if one.currency == other.currency:
        assert (one + other) - other == one
        assert (one < other) is (one.minor < other.minor)
        assert (one <= other) is not (one > other)
        assert (one >= other) is not (one < other)
        return
    for operation in (lambda: one + other, lambda: one - other, lambda: one < other):
        with pytest.raises(ValueError, match="cannot mix"):
            operation()


def test_every_currency_has_its_digits() -> None:
    assert {CURRENCY_DIGITS[code] for code in ("USD", "CAD", "MXN", "GBP")} == {2}
    assert str(Money(-5, "USD")) == "-0.05 USD"
    assert str(Money(1500, "JPY")) == "1500 JPY"
