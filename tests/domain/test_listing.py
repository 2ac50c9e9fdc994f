"""What is told with a price: only what we set is ever changed or taken back."""

import pytest

from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import NO_TERMS, OfferTerms
from tests.factories import usd

BUSINESS = BusinessPrice(usd("20.00"), (QuantityPrice(5, usd("19.00")),))
LIST_PRICE = usd("25.00")
BOTH = NO_TERMS.then(BUSINESS, LIST_PRICE)


def test_what_was_never_set_is_not_withdrawn() -> None:
    assert NO_TERMS.then(None, None) == NO_TERMS
    assert OfferTerms(list_price=LIST_PRICE).then(None, LIST_PRICE).withdraws_business is False


def test_what_was_set_is_withdrawn_until_that_is_live() -> None:
    gone = BOTH.then(None, None)
    assert gone == OfferTerms(withdraws_business=True, withdraws_list_price=True)
    assert gone.then(None, None) == gone
    assert gone.once_live().then(None, None) == NO_TERMS
    assert gone.then(BUSINESS, None) == OfferTerms(BUSINESS, withdraws_list_price=True)


def test_what_is_set_stays_set_once_it_is_live() -> None:
    assert BOTH.once_live() == BOTH == OfferTerms(BUSINESS, LIST_PRICE)


@pytest.mark.parametrize(
    ("terms", "is_met_by"),
    [
        (NO_TERMS, [True, True, True]),
        (BOTH, [True, False, False]),
        (BOTH.then(BusinessPrice(usd("20.00")), LIST_PRICE), [False, True, False]),
        (BOTH.then(None, None), [False, False, True]),
    ],
)
def test_terms_are_live_where_all_that_they_tell_is_shown(
    terms: OfferTerms, is_met_by: list[bool]
) -> None:
    shown = [(BUSINESS, LIST_PRICE), (BusinessPrice(usd("20.00")), LIST_PRICE), (None, None)]
    assert [terms.are_met_by(*each) for each in shown] == is_met_by
