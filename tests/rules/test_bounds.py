"""Floors that know fees and margin: never a price that earns less, and the lowest that does not."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from rules.bounds import Exchange, floor_of
from rules.language import Bound, Fees, Size
from tests.rules.given import a_product

_shares = st.decimals("0", "45", places=2)
_amounts = st.decimals("0", "9", places=3)


@given(
    st.integers(1, 100_000),
    _shares,
    _amounts,
    st.one_of(_shares.map(lambda x: Size(percent=x)), _amounts.map(lambda x: Size(amount=x))),
    st.none() | st.decimals("0", "9", places=1),
    st.sampled_from([None, "0.8137", "1.25"]),
)
def test_the_floor_is_the_lowest_price_that_earns_the_margin(
    cost: int,
    referral: Decimal,
    fixed: Decimal,
    margin: Size,
    vat: Decimal | None,
    rate: str | None,
) -> None:
    currency = "USD" if rate is None else "GBP"
    product = a_product({"cost": f"{cost // 100}.{cost % 100:02d}"}, currency=currency)
    exchange = Exchange(Decimal(rate) if rate else None, "USD", vat)
    limit = floor_of(Bound("cost", None, Fees(referral, fixed), margin), product, exchange)

    def earns(minor: int) -> bool:
        gross = minor * (1 + Fraction(vat or 0) / 100)
        fee = ceil(gross * Fraction(referral) / 100) + Fraction(fixed) * 100
        wanted = minor * Fraction(margin.percent or 0) / 100 + Fraction(margin.amount or 0) * 100
        return minor - fee - cost * Fraction(rate or 1) >= wanted

    assert limit.price is not None
    assert earns(limit.price.minor)
    assert not earns(limit.price.minor - 1) or limit.price.minor - 1 < 0
