"""Guard-rails over whole runs."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.run import Breach, RunLimit
from rules import guardrails
from rules.guardrails import DEFAULT_GUARDRAILS, Guardrails
from rules.new_prices import NewPrice, NewPrices
from tests.rules.given import usd


def change(before: str | None, after: str, cost: str | None = None, key: str = "a") -> NewPrice:
    return NewPrice(key, usd(before) if before else None, usd(after), usd(cost) if cost else None)


def judge_run(rails: Guardrails, prices: Sequence[NewPrice], size: int) -> tuple[Breach, ...]:
    return guardrails.judge_run(rails, NewPrices(prices), size)


def judge_hour(
    rails: Guardrails, prices: Sequence[NewPrice], earlier: Sequence[NewPrice], size: int
) -> tuple[Breach, ...]:
    return guardrails.judge_hour(rails, NewPrices(prices), earlier, size)


def limits(breaches: Sequence[Breach]) -> list[RunLimit]:
    return [breach.limit for breach in breaches]


def run(*changes: tuple[str, str], times: int = 1) -> list[NewPrice]:
    return [change(*each, key=f"{index}") for index, each in enumerate(changes * times)]


def test_a_quiet_run_breaks_nothing() -> None:
    rails = Guardrails(None, None, Decimal(50), Decimal(5), Decimal(5), 0)
    quiet = run(("10.00", "9.90"), ("20.00", "20.10"), times=10)
    assert judge_run(rails, quiet, 100) == ()
    assert judge_run(Guardrails(), run(("10.00", "0.01"), times=50), 50) == ()


def test_prices_that_fall_to_a_penny_hold_the_run_of_a_store_that_says_nothing() -> None:
    verdict = judge_run(DEFAULT_GUARDRAILS, run(("12.00", "0.01"), times=40), 1000)
    assert limits(verdict) == [RunLimit.TOTAL_FALL, RunLimit.MEDIAN_FALL]
    assert [breach.note for breach in verdict] == [
        "The prices that change fall by 100.0% in total; 30% is allowed",
        "Half of the prices that change fall by 100.0% or more; 30% is allowed",
    ]
    assert len(verdict[0].listing_ids) == 10


@pytest.mark.parametrize(
    ("rails", "prices", "size", "expected"),
    [
        (Guardrails(changed_share_percent=Decimal(20)), ("10", "9.99"), 50, []),
        (
            Guardrails(changed_share_percent=Decimal(20)),
            ("10", "9.99"),
            49,
            [RunLimit.CHANGED_SHARE],
        ),
        (Guardrails(total_fall_percent=Decimal(10)), ("10", "9"), 50, []),
        (Guardrails(total_fall_percent=Decimal(10)), ("10", "8.99"), 50, [RunLimit.TOTAL_FALL]),
        (Guardrails(total_fall_percent=Decimal(10)), ("10", "90"), 50, []),
        (Guardrails(median_fall_percent=Decimal(10)), ("10", "9"), 50, []),
        (Guardrails(median_fall_percent=Decimal(10)), ("10", "8.99"), 50, [RunLimit.MEDIAN_FALL]),
    ],
)
def test_a_limit_is_broken_only_beyond_it(
    rails: Guardrails, prices: tuple[str, str], size: int, expected: list[RunLimit]
) -> None:
    assert limits(judge_run(rails, run(prices, times=10), size)) == expected


def test_the_median_sees_what_the_total_does_not() -> None:
    rails = Guardrails(total_fall_percent=Decimal(10), median_fall_percent=Decimal(10))
    changes = [*run(("1.00", "0.50"), times=15), change("900.00", "899.00", key="dear")]
    assert limits(judge_run(rails, changes, 100)) == [RunLimit.MEDIAN_FALL]


def test_a_few_changes_are_not_judged_as_a_run() -> None:
    rails = Guardrails(changed_share_percent=Decimal(1), total_fall_percent=Decimal(1))
    assert judge_run(rails, run(("10.00", "5.00"), times=9), 10) == ()
    few = Guardrails(total_fall_percent=Decimal(1), from_listings=1)
    assert limits(judge_run(few, run(("10.00", "5.00")), 10)) == [RunLimit.TOTAL_FALL]


def test_prices_below_cost_are_counted() -> None:
    rails = Guardrails(below_cost=1)
    low = change("10.00", "4.00", "5.00", "low")
    lower = change("10.00", "1.00", "5.00", "lower")
    level = change("10.00", "5.00", "5.00", "level")
    assert judge_run(rails, [low, level], 10) == ()
    (breach,) = judge_run(rails, [low, lower, level], 10)
    assert breach.listing_ids == ("lower", "low")
    assert breach.note == "2 prices below cost; allowed: 1"


def test_first_prices_are_no_change_of_the_catalogue_but_may_be_below_cost() -> None:
    first = [NewPrice(str(index), None, usd("1.00"), usd("2.00")) for index in range(20)]
    rails = Guardrails(None, None, Decimal(10), Decimal(1), Decimal(1), 0, 1)
    assert limits(judge_run(rails, first, 20)) == [RunLimit.BELOW_COST]


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
    assert [(each.limit, each.note) for each in forwards] == [
        (each.limit, each.note) for each in backwards
    ]
    named = {id_ for breach in forwards for id_ in breach.listing_ids}
    assert named <= {each.listing_id for each in changes}


@given(_changes)
def test_prices_come_out_of_their_columns_as_they_went_in(changes: list[NewPrice]) -> None:
    prices = NewPrices(changes)
    assert list(prices) == changes
    known = [(each.before, each.after) for each in changes if each.before is not None]
    assert prices.up == sum(will > was for was, will in known)
    assert prices.down == sum(will < was for was, will in known)
    assert (prices.first, len(prices)) == (len(changes) - len(known), len(changes))
    assert prices.costs(prices.below_cost()) == {
        each.listing_id: each.cost for each in changes if each.cost and each.after < each.cost
    }


@given(_changes.filter(len))
def test_what_falls_most_and_the_median_are_exact(changes: list[NewPrice]) -> None:
    def fall(each: NewPrice) -> Fraction:
        assert each.before is not None
        return Fraction(100 * (each.before - each.after).minor, each.before.minor)

    moved = sorted((each for each in changes if each.before and each.before.minor), key=fall)
    limit = Decimal("0.01")
    rails = Guardrails(median_fall_percent=limit, from_listings=1)

    found = judge_run(rails, changes, 1)

    middle = median(map(fall, moved)) if moved else Fraction(0)
    assert bool(found) is (middle > Fraction(limit))
    for breach in found:
        worst = [fall(each) for each in moved[::-1]][:10]
        by_id = {each.listing_id: each for each in changes}
        assert [fall(by_id[id_]) for id_ in breach.listing_ids] == worst


_small_runs = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 3000), min_size=1, max_size=3),
    max_size=12,
)


@given(
    st.builds(
        Guardrails,
        st.none(),
        st.none(),
        _percents,
        _percents,
        _percents,
        st.none() | st.integers(0, 3),
        st.integers(1, 5),
    ),
    _small_runs,
)
def test_small_runs_within_an_hour_publish_nothing_that_one_run_could_not(
    rails: Guardrails, small_runs: list[dict[str, int]]
) -> None:
    size, cost = 8, Money(700, "USD")
    begun = dict.fromkeys("abcdefgh", Money(1000, "USD"))
    now, published = dict(begun), list[NewPrice]()
    for prices in small_runs:
        moved = [
            NewPrice(id_, now[id_], Money(minor, "USD"), cost)
            for id_, minor in prices.items()
            if now[id_].minor != minor
        ]
        if judge_run(rails, moved, size) or judge_hour(rails, moved, published, size):
            continue
        published += moved
        now |= {each.listing_id: each.after for each in moved}
        whole = [
            NewPrice(id_, begun[id_], price, cost)
            for id_, price in now.items()
            if price != begun[id_]
        ]
        assert judge_run(rails, whole, size) == ()


def test_what_somebody_else_set_in_between_is_where_the_fall_begins() -> None:
    rails = Guardrails(total_fall_percent=Decimal(30), from_listings=1)
    earlier = [change("20.00", "16.00", None, "a")]
    assert limits(judge_hour(rails, [change("16.00", "13.00", None, "a")], earlier, 1)) == [
        RunLimit.TOTAL_FALL
    ]
    assert judge_hour(rails, [change("15.00", "13.00", None, "a")], earlier, 1) == ()
