"""What facts are read from says as much as the facts themselves."""

from hypothesis import given
from hypothesis import strategies as st

from rules.facts import CATALOGUE, FAMILIES, Facts
from rules.sources import Sources, alone
from tests.rules.written import facts

_NAMES = [*CATALOGUE, *(f"{family}{code}" for family in FAMILIES for code in ("cost", "color"))]


@given(st.lists(facts, min_size=1, max_size=5))
def test_a_source_alone_has_the_value_of_its_fact(batch: list[Facts]) -> None:
    for fact, column in zip(_NAMES, Sources(_NAMES).columns(batch), strict=True):
        found = [alone(fact, source).get(fact) for source in column]
        assert found == [listing.get(fact) for listing in batch]
