"""Draws: within their bounds, and always the same for the same names."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.chance import between, fraction, pick, poisson, uuid

_NAMES = st.lists(st.one_of(st.integers(), st.text(max_size=20)), max_size=4)


@given(_NAMES, st.integers(-1_000, 1_000), st.integers(0, 1_000))
def test_draws_stay_within_their_bounds_and_repeat(
    names: list[object], low: int, span: int
) -> None:
    assert 0 <= fraction(*names) < 1
    assert low <= between(low, low + span, *names) <= low + span
    assert pick("abc", *names) in "abc"
    assert fraction(*names) == fraction(*names)
    assert uuid(*names) == uuid(*names)


def test_names_are_told_apart() -> None:
    assert fraction("ab", "c") != fraction("a", "bc")


def test_poisson_has_its_mean() -> None:
    counts = Counter(poisson(1.5, "test", number) for number in range(20_000))
    mean = sum(count * times for count, times in counts.items()) / 20_000
    assert 1.45 < mean < 1.55
    assert poisson(0, "test") == 0
