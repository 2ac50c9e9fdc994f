"""Guard rails over whole runs, with the two known disasters of repricing among them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from rules.guardrails import Guardrails, Limit, NewPrice, RunVerdict, judge_run
from tests.rules.given import usd


def change(before: str | None, after: str, cost: str | None = None, key: str = "a") -> NewPrice:
    return NewPrice(key, usd(before) if before else None, usd(after), usd(cost) if cost else None)


def limits(verdict: RunVerdict) -> list[Limit]:
    return [breach.limit for breach in verdict.breaches]


def run(*changes: tuple[str, str], times: int = 1) -> list[NewPrice]:
    return [change(*each, key=f"{index}") for index, each in enumerate(changes * times)]


def test_a_quiet_run_breaks_nothing() -> None:
    rails = Guardrails(Decimal(1), Decimal(20), Decimal(50), Decimal(5), Decimal(5), 0)
    quiet = run(("10.00", "9.90"), ("20.00", "20.10"), times=10)
    assert judge_run(rails, quiet, 100) == RunVerdict(())
    assert judge_run(Guardrails(), run(("10.00", "0.01"), times=50), 50) == RunVerdict(())


def test_prices_that_fall_to_a_penny_hold_the_run() -> None:
    rails = Guardrails(largest_step_percent=Decimal(50), total_fall_percent=Decimal(10))
    verdict = judge_run(rails, run(("12.00", "0.01"), times=40), 1000)
    assert verdict.holds_run
    assert limits(verdict) == [Limit.LARGEST_STEP, Limit.TOTAL_FALL]
    assert len(verdict.held_listings) == 40


def test_a_single_bad_price_is_held_and_the_others_go() -> None:
    rails = Guardrails(Decimal("1.00"), Decimal(30))
    changes = [*run(("10.00", "9.50"), times=20), change("10.00", "0.50", key="bad")]
    verdict = judge_run(rails, changes, 100)
    assert not verdict.holds_run
    assert verdict.held_listings == {"bad"}
    assert [breach.note for breach in verdict.breaches] == [
        "1 price under 1.00, the lowest 0.50 USD",
        "1 price beyond a step of 30%, one from 10.00 USD to 0.50 USD",
    ]


@pytest.mark.parametrize(
    ("rails", "prices", "size", "expected"),
    [
        (Guardrails(changed_share_percent=Decimal(20)), ("10", "9.99"), 50, []),
        (Guardrails(changed_share_percent=Decimal(20)), ("10", "9.99"), 49, [Limit.CHANGED_SHARE]),
        (Guardrails(total_fall_percent=Decimal(10)), ("10", "9"), 50, []),
        (Guardrails(total_fall_percent=Decimal(10)), ("10", "8.99"), 50, [Limit.TOTAL_FALL]),
        (Guardrails(total_fall_percent=Decimal(10)), ("10", "90"), 50, []),
        (Guardrails(median_fall_percent=Decimal(10)), ("10", "9"), 50, []),
        (Guardrails(median_fall_percent=Decimal(10)), ("10", "8.99"), 50, [Limit.MEDIAN_FALL]),
        (Guardrails(largest_step_percent=Decimal(10)), ("10", "11"), 50, []),
        (Guardrails(largest_step_percent=Decimal(10)), ("10", "11.01"), 50, [Limit.LARGEST_STEP]),
    ],
)
def test_a_limit_is_broken_only_beyond_it(
    rails: Guardrails, prices: tuple[str, str], size: int, expected: list[Limit]
) -> None:
    assert limits(judge_run(rails, run(prices, times=10), size)) == expected


def test_the_median_sees_what_the_total_does_not() -> None:
    rails = Guardrails(total_fall_percent=Decimal(10), median_fall_percent=Decimal(10))
    changes = [*run(("1.00", "0.50"), times=15), change("900.00", "899.00", key="dear")]
    assert limits(judge_run(rails, changes, 100)) == [Limit.MEDIAN_FALL]


def test_a_few_changes_are_not_judged_as_a_run() -> None:
    rails = Guardrails(changed_share_percent=Decimal(1), total_fall_percent=Decimal(1))
    assert judge_run(rails, run(("10.00", "5.00"), times=9), 10).breaches == ()
    few = Guardrails(total_fall_percent=Decimal(1), from_listings=1)
    assert judge_run(few, run(("10.00", "5.00")), 10).holds_run


def test_prices_below_cost_are_counted() -> None:
    rails = Guardrails(below_cost=1)
    low = change("10.00", "4.00", "5.00", "low")
    lower = change("10.00", "1.00", "5.00", "lower")
    level = change("10.00", "5.00", "5.00", "level")
    assert not judge_run(rails, [low, level], 10).holds_run
    (breach,) = judge_run(rails, [low, lower, level], 10).breaches
    assert breach.listing_ids == ("lower", "low")
    assert breach.note == "2 prices below cost; allowed: 1"


def test_what_stays_is_no_change_but_still_a_price() -> None:
    same = run(("0.50", "0.50"), times=30)
    rails = Guardrails(Decimal(1), Decimal(1), Decimal(1), Decimal(1), Decimal(1), 0, 1)
    assert limits(judge_run(rails, same, 30)) == [Limit.MINIMUM_PRICE]


def test_first_prices_count_for_share_and_cost_but_cannot_fall() -> None:
    first = [NewPrice(str(index), None, usd("1.00"), usd("2.00")) for index in range(20)]
    rails = Guardrails(None, Decimal(1), Decimal(10), Decimal(1), Decimal(1), 0)
    assert limits(judge_run(rails, first, 20)) == [Limit.BELOW_COST, Limit.CHANGED_SHARE]


_changes = st.lists(
    st.builds(
        NewPrice,
        st.uuids().map(str),
        st.none() | st.integers(0, 10**6).map(lambda minor: Money(minor, "USD")),
        st.integers(1, 10**6).map(lambda minor: Money(minor, "USD")),
        st.none() | st.integers(0, 10**6).map(lambda minor: Money(minor, "USD")),
    ),
    max_size=40,
)
_percents = st.none() | st.decimals("0.01", "100", places=2)


@given(
    st.builds(
        Guardrails,
        _percents,
        _percents,
        _percents,
        _percents,
        _percents,
        st.none() | st.integers(0, 9),
    ),
    _changes,
    st.integers(0, 1000),
)
def test_every_run_can_be_judged_in_any_order(
    rails: Guardrails, changes: list[NewPrice], size: int
) -> None:
    forwards = judge_run(rails, changes, size)
    backwards = judge_run(rails, changes[::-1], size)
    assert limits(forwards) == limits(backwards)
    assert forwards.held_listings == backwards.held_listings
    assert forwards.held_listings <= {each.listing_id for each in changes}
