"""What facts are read from says as much as the facts themselves."""

from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from rules.facts import CATALOGUE, FAMILIES, Facts
from rules.sources import Sources, alone, decimal
from tests.rules.written import facts

_NAMES = [*CATALOGUE, *(f"{family}{code}" for family in FAMILIES for code in ("cost", "color"))]


@given(st.lists(facts, min_size=1, max_size=5))
def test_a_source_alone_has_the_value_of_its_fact(batch: list[Facts]) -> None:
    sources = Sources(_NAMES)
    for fact, column in zip(sources.facts, sources.columns(batch), strict=True):
        found = [alone(fact, source).get(fact) for source in column]
        assert found == [listing.get(fact) for listing in batch]


@given(st.integers(-(2**63), 2**63), st.sampled_from(["USD", "JPY", "KWD"]))
def test_a_price_is_worth_what_its_fact_is(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert decimal(money) == Facts({}, {"cost": money}).get("price.cost")
