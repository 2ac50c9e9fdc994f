"""The marketplaces: complete, and the same as what others know of them."""

import pytest
from sp_api.base import Marketplaces

from domain.marketplace import MARKETPLACES

_SAME = {"GB": "UK"}


def test_there_are_those_that_others_know_each_in_its_region() -> None:
    known = {
        (_SAME.get(other.name, other.name), other.marketplace_id, other.endpoint)
        for other in Marketplaces
    }

    ours = {
        (each.country, each.id, f"https://sellingpartnerapi-{each.region.lower()}.amazon.com")
        for each in MARKETPLACES.values()
    }

    assert ours == known
    assert len(MARKETPLACES) == 23


@pytest.mark.parametrize(
    ("country", "digits", "with_tax", "host"),
    [
        ("US", 2, False, "sellercentral.amazon.com"),
        ("DE", 2, True, "sellercentral-europe.amazon.com"),
        ("JP", 0, True, "sellercentral.amazon.co.jp"),
    ],
)
def test_what_prices_and_consent_need_is_known(
    country: str, digits: int, with_tax: bool, host: str
) -> None:
    marketplace = MARKETPLACES[country]

    assert marketplace.currency_digits == digits
    assert marketplace.shows_prices_with_tax is with_tax
    assert marketplace.seller_central == host
