"""Prices that are finished: endings, rounding, steps and pauses, never across a bound."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import DecisionOutcome, DecisionReason
from domain.money import Money
from domain.store import PriceSettings
from rules.language import Direction, Rounding, Shape, Size
from rules.running import Running
from rules.shaping import Window, shaped
from tests.rules.given import NOW, a_listing, a_product, a_store, an_offer, decided, offers, usd


def finished(
    price: str,
    shape: Shape,
    least: str | None = None,
    most: str | None = None,
    before: str | None = None,
    minutes_ago: int | None = None,
) -> str:
    window = Window(usd(least) if least else None, usd(most) if most else None)
    changed = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    start = Running(usd(price), ())
    was = usd(before) if before else None
    return shaped(start, shape, window, was, changed, NOW).price.amount


def ending(text: str) -> Shape:
    return Shape(Rounding(ending=text))


def to(amount: str, direction: Direction = Direction.NEAREST) -> Shape:
    return Shape(Rounding(to=Decimal(amount), direction=direction))


@pytest.mark.parametrize(
    ("shape", "price", "expected"),
    [
        (ending(".99"), "10.10", "9.99"),
        (ending(".99"), "10.50", "10.99"),
        (ending(".99"), "10.49", "10.99"),
        (ending(".99"), "9.99", "9.99"),
        (ending(".99"), "0.40", "0.99"),
        (ending(".9"), "10.10", "9.90"),
        (ending("9.95"), "23.00", "19.95"),
        (ending("9.95"), "27.00", "29.95"),
        (ending("0.00"), "27.00", "30.00"),
        (to("0.05"), "10.02", "10.00"),
        (to("0.05"), "10.03", "10.05"),
        (to("0.10"), "10.05", "10.10"),
        (to("0.05", Direction.DOWN), "10.04", "10.00"),
        (to("0.05", Direction.UP), "10.01", "10.05"),
        (to("5"), "12.40", "10.00"),
        (to("0.05", Direction.DOWN), "0.04", "0.05"),
    ],
)
def test_a_price_is_rounded_as_asked(shape: Shape, price: str, expected: str) -> None:
    assert finished(price, shape) == expected


@pytest.mark.parametrize(
    ("price", "least", "most", "expected"),
    [
        ("10.10", "10.00", None, "10.99"),
        ("10.10", "10.00", "10.50", "10.10"),
        ("10.80", "10.00", "10.90", "10.80"),
        ("10.80", "9.99", "10.90", "9.99"),
        ("10.80", "9.00", "10.99", "10.99"),
        ("10.80", None, "10.20", "9.99"),
    ],
)
def test_a_price_is_never_rounded_across_a_bound(
    price: str, least: str | None, most: str | None, expected: str
) -> None:
    assert finished(price, ending(".99"), least, most) == expected


def test_an_ending_that_the_currency_does_not_have_is_told_and_left() -> None:
    start = Running(usd("10.10"), ())
    window = Window(None, None)
    for odd in (".995", "99"):
        left = shaped(start, ending(odd), window, None, None, NOW)
        assert left.price == usd("10.10")
        assert "which no price in USD does" in left.trace[-1].note
    yen = Running(Money(1234, "JPY"), ())
    assert shaped(yen, ending("980"), window, None, None, NOW).price == Money(980, "JPY")
    assert shaped(yen, to("0.5"), window, None, None, NOW).price == Money(1234, "JPY")


@pytest.mark.parametrize(
    ("price", "size", "least", "most", "expected"),
    [
        ("15.00", Size(percent=Decimal(10)), None, None, "18.00"),
        ("25.00", Size(percent=Decimal(10)), None, None, "22.00"),
        ("19.00", Size(percent=Decimal(10)), None, None, "19.00"),
        ("15.00", Size(amount=Decimal("0.50")), None, None, "19.50"),
        ("30.00", Size(percent=Decimal(10)), "25.00", None, "25.00"),
        ("12.00", Size(percent=Decimal(10)), None, "15.00", "15.00"),
    ],
)
def test_a_price_moves_a_step_at_a_time_unless_a_bound_asks_for_more(
    price: str, size: Size, least: str | None, most: str | None, expected: str
) -> None:
    assert finished(price, Shape(max_step=size), least, most, before="20.00") == expected


def test_a_step_and_an_ending_go_together() -> None:
    shape = Shape(Rounding(ending=".99"), Size(percent=Decimal(10)))
    assert finished("12.00", shape, before="19.99") == "18.99"


@pytest.mark.parametrize(
    ("minutes", "least", "expected"),
    [(10, None, "20.00"), (30, None, "20.00"), (31, None, "15.00"), (10, "21.00", "15.00")],
)
def test_a_price_stands_for_its_cooldown_unless_it_breaks_a_bound(
    minutes: int, least: str | None, expected: str
) -> None:
    shape = Shape(cooldown=timedelta(minutes=30))
    assert finished("15.00", shape, least, None, "20.00", minutes) == expected


_prices = st.integers(1, 100_000)
_roundings = st.one_of(
    st.sampled_from([".99", ".5", "9.95", "00.00", "9.99"]).map(lambda e: Rounding(ending=e)),
    st.builds(
        lambda minor, direction: Rounding(to=Decimal(minor) / 100, direction=direction),
        st.integers(1, 5000),
        st.sampled_from(Direction),
    ),
)


@given(_prices, _roundings, st.none() | _prices, st.none() | _prices, st.none() | _prices)
def test_finishing_never_takes_a_price_across_a_bound(
    price: int, rounding: Rounding, least: int | None, most: int | None, before: int | None
) -> None:
    if least is not None and most is not None and least > most:
        most = None
    inside = max(least or 1, min(most or price, price))
    window = Window(
        None if least is None else Money(least, "USD"), None if most is None else Money(most, "USD")
    )
    shape = Shape(rounding, Size(percent=Decimal(10)))
    was = None if before is None else Money(before, "USD")
    end = shaped(Running(Money(inside, "USD"), ()), shape, window, was, None, NOW).price
    assert window.holds(end)
    assert end.minor > 0
    if was is not None and window.holds(was):
        assert abs(end.minor - was.minor) <= was.minor * 10 // 100


# Through the document


def document(**more: Any) -> str:
    said = "".join(f", {key}: {value}" for key, value in more.items())
    return f"kind: pricing\nname: x\nrules:\n  - {{key: r, type: standard, adjust: {{decrease: 10%}}{said}}}\n"


def test_the_ending_comes_after_vat() -> None:
    store = a_store(PriceSettings(vat_percent=Decimal(19), largest_step_percent=None))
    verdict = decided(document(ending='".99"'), store=store)
    assert [step.step for step in verdict.trace] == ["SOURCE", "RULE", "VAT", "ROUND", "QUANTITY"]
    assert verdict.price_after == usd("106.99")


def test_the_last_rule_that_ran_and_says_something_counts_then_the_document() -> None:
    general = document().replace("rules:", "ending: .95\nrules:")
    assert decided(general).price_after == usd("89.95")
    own = document(round='{to: "5.00"}').replace("rules:", "ending: .95\nrules:")
    assert decided(own).price_after == usd("90.00")
    idle = document(round='{to: "7.00"}', active="false")
    assert decided(idle.replace("rules:", "ending: .95\nrules:")).price_after == usd("99.95")


def test_map_and_the_absolute_minimum_are_bounds_too() -> None:
    with_map = a_store(PriceSettings(map_attribute="map", largest_step_percent=None))
    product = a_product({"price": "100.00", "map": "90.00"})
    down = document(round='{to: "50", direction: down}')
    assert decided(down, store=with_map, product=product).price_after == usd("100.00")
    minimum = a_store(PriceSettings(absolute_minimum="60.00", largest_step_percent=None))
    assert decided(down, store=minimum).price_after == usd("100.00")
    assert decided(down).price_after == usd("50.00")


def test_a_limited_step_is_decided_again_soon() -> None:
    listing = a_listing(price=usd("100.00"), wanted_price=usd("100.00"), quantity=5)
    verdict = decided(document(maxStep="2%"), listing=listing)
    assert verdict.price_after == usd("98.00")
    assert verdict.outcome is DecisionOutcome.CHANGE
    assert verdict.decide_again_at == NOW + timedelta(minutes=5)


def test_the_store_has_the_last_word_on_steps() -> None:
    store = a_store(PriceSettings(largest_step_percent=Decimal(5)))
    listing = a_listing(price=usd("100.00"), wanted_price=usd("100.00"))
    assert decided(document(), store=store, listing=listing).reason is DecisionReason.STEP_TOO_LARGE
    stepped = decided(document(maxStep="4%"), store=store, listing=listing)
    assert stepped.price_after == usd("96.00")
    assert stepped.reason is DecisionReason.RULES


def test_a_kept_price_is_not_rounded_again() -> None:
    rules = (
        "kind: pricing\nname: x\nending: .99\nrules:\n"
        "  - {key: r, type: intelligent, competitor: {source: buyBox}, adjust: match, floor: {source: cost}}\n"
    )
    listing = a_listing(price=usd("15.00"), wanted_price=usd("15.00"))
    market = offers(an_offer("15.00", wins=True, own=True))
    product = a_product({"price": "20.00", "cost": "9.00"})
    kept = decided(rules, listing=listing, market=market, product=product)
    assert kept.price_after == usd("15.00")
    lost = offers(an_offer("15.20", wins=True))
    assert decided(rules, listing=listing, market=lost, product=product).price_after == usd("14.99")


def test_a_cooldown_is_part_of_what_was_known() -> None:
    listing = replace(
        a_listing(price=usd("100.00"), wanted_price=usd("100.00")),
        price_changed_at=NOW - timedelta(minutes=5),
    )
    assert decided(document(cooldown="10m"), listing=listing).price_after == usd("100.00")
    later = decided(document(cooldown="10m"), listing=listing, now=NOW + timedelta(minutes=6))
    assert later.price_after == usd("90.00")
