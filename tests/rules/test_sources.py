"""What facts are read from says as much as the facts themselves."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from rules.facts import CATALOGUE, FAMILIES, Facts
from rules.sources import Sources, alone, number
from tests.rules.written import facts

_NAMES = [*CATALOGUE, *(f"{family}{code}" for family in FAMILIES for code in ("cost", "color"))]


@given(st.lists(facts, min_size=1, max_size=5))
def test_a_source_alone_has_the_value_of_its_fact(batch: list[Facts]) -> None:
    sources = Sources(_NAMES)
    for fact, column in zip(sources.facts, sources.columns(batch), strict=True):
        found = [alone(fact, source).get(fact) for source in column]
        assert found == [listing.get(fact) for listing in batch]


@given(st.lists(facts, min_size=1, max_size=5))
def test_a_number_of_a_source_is_the_number_of_its_fact(batch: list[Facts]) -> None:
    sources = Sources(_NAMES)
    for fact, column in zip(sources.facts, sources.columns(batch), strict=True):
        for listing, source in zip(batch, column, strict=True):
            value = number(fact, source)
            assert value is None or value == listing.get(fact)


def test_a_price_keeps_its_currency() -> None:
    sources = Sources(["price.cost"])
    ((yen, dollars),) = sources.columns(
        [Facts({}, {"cost": Money(100, currency)}) for currency in ("JPY", "USD")]
    )
    assert number("price.cost", yen) == 100
    assert number("price.cost", dollars) == Decimal(1)
