"""Decisions: the documented stacks, the bounds, the guard, and what each step says."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import DecisionOutcome, DecisionReason
from domain.listing import Condition, Fulfilment
from domain.offer import Offer
from domain.store import PriceSettings, Store
from rules.document import parse
from rules.facts import facts_of
from rules.pricing import PricingVerdict, decide
from rules.sequence import EngineDisagrees
from rules.verdicts import verdicts_of
from tests.rules.given import (
    a_listing,
    a_product,
    a_store,
    an_offer,
    decided,
    inputs_of,
    offers,
    usd,
)


def rules(*written: str) -> str:
    return "kind: pricing\nname: Rules\nrules:\n" + "".join(f"  - {{{each}}}\n" for each in written)


def follow(
    source: str = "buyBox",
    adjust: str = "match",
    floor: str = "{source: cost}",
    more: str = "",
    key: str = "follow",
) -> str:
    competitor = source if source.startswith("{") else f"{{source: {source}}}"
    return f"key: {key}, type: intelligent, competitor: {competitor}, adjust: {adjust}, floor: {floor}{more}"


def less(size: str, more: str = "", key: str = "less") -> str:
    return f'key: {key}, type: standard, adjust: {{decrease: "{size}"}}{more}'


def store_with(**price: Any) -> Store:
    settings = PriceSettings(largest_step_percent=None)
    return a_store(replace(settings, **price))


def steps(verdict: PricingVerdict) -> list[tuple[str, str | None]]:
    return [(step.step, step.after.amount if step.after else None) for step in verdict.trace]


def notes(verdict: PricingVerdict) -> dict[str, str]:
    return {rule.rule_key: rule.note for rule in verdict.rules}


COSTLY = a_product({"price": "20.00", "cost": "10.00"})


# The documented stacks (behaviour 14)


def test_two_standard_rules_work_one_after_the_other() -> None:
    document = rules(less("10%", ", priority: 1", key="first"), less("10.00", ", priority: 2"))
    verdict = decided(document, product=a_product({"price": "45.49"}))

    assert verdict.outcome is DecisionOutcome.CHANGE
    assert verdict.reason is DecisionReason.RULES
    assert steps(verdict) == [
        ("SOURCE", "45.49"),
        ("RULE", "40.94"),
        ("RULE", "30.94"),
        ("QUANTITY", None),
    ]
    assert [step.rule_key for step in verdict.trace] == [None, "first", "less", None]


def test_the_buy_box_is_followed_down_to_the_floor() -> None:
    document = rules(follow(floor="{source: price, decrease: 20%}"))
    market = offers(an_offer("15.00", wins=True))
    low = decided(document, product=a_product({"price": "20.00"}), market=market)
    high = decided(document, product=a_product({"price": "15.00"}), market=market)

    assert steps(low)[1:3] == [("COMPETITOR", "15.00"), ("FLOOR", "16.00")]
    assert low.floor == usd("16.00")
    assert high.price_after == usd("15.00")


def test_the_lowest_competitor_is_that_of_our_own_condition() -> None:
    document = rules(follow("lowest", floor="{source: price}"))
    market = offers(
        an_offer("17.00"),
        an_offer("15.00"),
        an_offer("14.00", condition=Condition.USED_VERY_GOOD),
        an_offer("13.00", condition=Condition.USED_GOOD),
    )
    product = a_product({"price": "10.00"})

    def price(condition: Condition) -> object:
        listing = a_listing(condition=condition)
        return decided(document, product=product, listing=listing, market=market).price_after

    assert price(Condition.NEW) == usd("15.00")
    assert price(Condition.USED_VERY_GOOD) == usd("14.00")
    assert price(Condition.USED_ACCEPTABLE) == usd("13.00")  # its family first
    assert price(Condition.REFURBISHED) == usd("15.00")  # no family: New comes first
    assert price(Condition.COLLECTIBLE_GOOD) == usd("15.00")


# Rules


def test_rules_run_by_priority_then_as_written() -> None:
    document = rules(
        less("1.00", key="none"),
        less("2.00", ", priority: 2", key="second"),
        less("3.00", ", priority: 1", key="first"),
        less("4.00", ", priority: 2", key="second-too"),
    )
    ran = [step.rule_key for step in decided(document).trace if step.step == "RULE"]
    assert ran == ["first", "second", "second-too", "none"]


def test_every_rule_says_what_became_of_it() -> None:
    document = rules(
        less("1%", ", priority: 1, active: false", key="off"),
        less("1%", ", priority: 2, from: 2020-01-16", key="early"),
        less("1%", ", priority: 3, to: 2020-01-14", key="late"),
        less("1%", ", priority: 4, when: {fact: price, gt: 500}", key="dear"),
        less("1%", ", priority: 5, stop: true", key="stops"),
        less("1%", ", priority: 6", key="after"),
    )
    verdict = decided(document)
    rules_ = verdicts_of(parse(document), facts_of(a_product(), a_store()), verdict.rules)

    assert {rule.rule_key: rule.note for rule in rules_} == {
        "off": "The rule is switched off",
        "early": "It starts on 2020-01-16",
        "late": "It ended on 2020-01-14",
        "dear": "Its conditions do not hold",
        "stops": "It applied",
        "after": "Rule stops stopped the rules after it",
    }
    assert [each.rule_key for each in rules_ if each.applied] == ["stops"]
    (dear,) = [each for each in rules_ if each.rule_key == "dear"]
    assert dear.conditions is not None
    assert (dear.conditions.expected, dear.conditions.actual) == ("500", "100.00")


def test_dates_are_those_of_the_store() -> None:
    document = rules(less("10%", ", from: 2020-01-01, to: 2020-01-01"))
    late_in_london = datetime(2020, 1, 2, 3, tzinfo=UTC)
    in_chicago = decided(document, store=a_store(time_zone="America/Chicago"), now=late_in_london)
    assert in_chicago.price_after == usd("90.00")
    assert decided(document, now=late_in_london).price_after == usd("100.00")


def test_only_the_first_intelligent_rule_looks_for_a_competitor() -> None:
    document = rules(follow(more=", priority: 1"), follow("lowest", key="second"))
    market = offers(an_offer("15.00", wins=True), an_offer("12.00"))
    verdict = decided(document, product=COSTLY, market=market)
    assert verdict.price_after == usd("15.00")
    assert notes(verdict)["second"] == "Rule follow was the one that looks for a competitor"


def test_matches_that_the_conditions_contradict_are_never_priced() -> None:
    inputs = inputs_of(rules(less("10%", ", when: {fact: price, gt: 500}")))
    with pytest.raises(EngineDisagrees):
        decide(replace(inputs, matched=frozenset({"less"})))


@pytest.mark.parametrize("number", range(20))
def test_no_price_changes_where_the_engine_missed_a_rule(number: int) -> None:
    missed = [less("1.00", ", when: {fact: price, gt: 1}", key=f"missed-{n}") for n in range(3)]
    never = [less("1.00", ", when: {fact: price, gt: 999}", key=f"n{n}") for n in range(30)]
    listing = replace(a_listing(), id=f"store/SKU-{number}")
    inputs = inputs_of(rules(less("2.00"), *never, *missed), listing=listing)
    with pytest.raises(EngineDisagrees):
        decide(replace(inputs, matched=inputs.matched - {"missed-1"}))


# Competitors


def test_without_a_competitor_the_price_stays_and_the_trace_says_why() -> None:
    document = rules(follow("{source: lowest, minFeedbackRating: 95}"))
    poor = offers(an_offer("5.00", rating=94), an_offer("6.00", rating=None))
    verdict = decided(document, product=COSTLY, market=poor)
    assert verdict.price_after == usd("20.00")
    assert "No competitor passes the feedback filters" in verdict.trace[1].note
    unknown = decided(document, product=COSTLY)
    assert "No offers of competitors are known" in unknown.trace[1].note
    assert notes(unknown) == {"follow": "It applied, but found no competitor"}


def test_without_a_competitor_an_explicit_floor_still_holds() -> None:
    document = rules(follow(more=", priority: 1"), less("15.00"))
    verdict = decided(document, product=COSTLY)
    assert verdict.price_after == usd("10.00")
    no_cost = decided(document, product=a_product({"price": "20.00"}))
    assert no_cost.price_after == usd("5.00")


def test_matching_only_takes_no_other_condition() -> None:
    document = rules(follow("{source: lowest, conditions: {mode: matchingOnly}}"))
    market = offers(an_offer("15.00", condition=Condition.USED_GOOD))
    verdict = decided(document, product=COSTLY, market=market)
    assert verdict.price_after == usd("20.00")
    assert "No competitor offers it as new_new" in verdict.trace[1].note


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        ("{used_good: 80}", "12.00"),
        ("{used_good: 80, collectible_good: 150}", "12.00"),
        ("{used_acceptable: 80}", "20.00"),
    ],
)
def test_variance_needs_both_percentages(percents: str, expected: str) -> None:
    mode = f"{{source: lowest, conditions: {{mode: variance, percents: {percents}}}}}"
    verdict = decided(
        rules(follow(mode)),
        product=COSTLY,
        listing=a_listing(condition=Condition.USED_GOOD),
        market=offers(an_offer("15.00")),
    )
    assert verdict.price_after == usd(expected)


def test_a_condition_worth_nothing_beside_the_other_is_not_compared() -> None:
    mode = "{source: lowest, conditions: {mode: variance, percents: {used_good: 1, collectible_good: 150}}}"
    verdict = decided(
        rules(follow(mode)),
        product=COSTLY,
        listing=a_listing(condition=Condition.USED_GOOD),
        market=offers(an_offer("15.00", condition=Condition.COLLECTIBLE_GOOD)),
    )
    assert verdict.price_after == usd("20.00")


def test_prices_are_compared_with_shipping() -> None:
    document = rules(follow("lowest", '{decrease: "0.01"}'))
    market = offers(
        an_offer("11.00", shipping="9.00"),
        an_offer("18.00", shipping="1.00"),
        an_offer("30.00", shipping="4.00", own=True),
    )
    verdict = decided(document, product=COSTLY, market=market)
    assert steps(verdict)[1:4] == [
        ("COMPETITOR", "19.00"),
        ("RULE", "18.99"),
        ("SHIPPING", "14.99"),
    ]


def test_who_holds_the_buy_box_keeps_the_price() -> None:
    document = rules(follow(adjust="{decrease: 5%}", more=", priority: 1"), less("1.00"))
    market = offers(an_offer("15.00", wins=True, own=True), an_offer("14.00"))
    listing = a_listing(price=usd("15.00"), wanted_price=usd("15.00"), wanted_quantity=5)
    verdict = decided(document, product=COSTLY, listing=listing, market=market)
    assert verdict.outcome is DecisionOutcome.KEEP
    assert verdict.price_after == usd("15.00")
    assert "already shaped" in notes(verdict)["less"]


def test_a_price_is_not_kept_below_a_floor_that_has_risen() -> None:
    market = offers(an_offer("15.00", wins=True, own=True))
    listing = a_listing(price=usd("15.00"))
    dear = a_product({"price": "20.00", "cost": "16.50"})
    verdict = decided(rules(follow()), product=dear, listing=listing, market=market)
    assert verdict.price_after == usd("16.50")


def test_a_buy_box_of_ours_in_another_condition_is_not_this_listings() -> None:
    market = offers(
        an_offer("15.00", wins=True, own=True),
        an_offer("12.00", wins=True, condition=Condition.USED_GOOD),
    )
    listing = a_listing(condition=Condition.USED_GOOD)
    verdict = decided(rules(follow()), product=COSTLY, listing=listing, market=market)
    assert verdict.price_after == usd("12.00")


# Bounds, VAT, MAP


def test_a_bound_that_is_hit_carries_vat_and_later_rules_start_from_there() -> None:
    document = rules(
        follow(more=", priority: 1, ceiling: {source: cap}"),
        "key: more, type: standard, adjust: {increase: 5.00}",
    )
    product = a_product({"price": "8.00", "cost": "1.00", "cap": "10.00"}, currency="GBP")
    store = a_store(
        PriceSettings(
            vat_percent=Decimal(10), currency_rate=Decimal("1.25"), largest_step_percent=None
        )
    )
    verdict = decided(
        document, store=store, product=product, market=offers(an_offer("40", wins=True))
    )
    assert verdict.ceiling == usd("12.50")
    assert steps(verdict) == [
        ("SOURCE", "8.00"),
        ("CONVERT", "10.00"),
        ("COMPETITOR", "40.00"),
        ("CEILING", "12.50"),
        ("VAT", "13.75"),
        ("RULE", "18.75"),
        ("QUANTITY", None),
    ]


def test_later_rules_cannot_take_the_price_below_the_floor_with_vat() -> None:
    document = rules(follow(more=", priority: 1"), less("1.50"))
    verdict = decided(
        document,
        store=store_with(vat_percent=Decimal(20)),
        product=COSTLY,
        market=offers(an_offer("8.00", wins=True)),
    )
    assert [after for step, after in steps(verdict) if step in {"RULE", "FLOOR", "VAT"}] == [
        "10.00",
        "12.00",
        "10.50",
        "10.00",
        "12.00",
    ]


def test_map_lifts_a_price_before_vat() -> None:
    verdict = decided(
        rules(less("30%")),
        store=store_with(map_attribute="map", vat_percent=Decimal(10)),
        product=a_product({"price": "100.00", "map": "80.00"}),
    )
    assert steps(verdict)[-3:] == [("MAP", "80.00"), ("VAT", "88.00"), ("QUANTITY", None)]


def test_a_price_of_zero_is_no_price() -> None:
    product = a_product({"price": "20.00", "special": "0.00", "cost": "0.00"})
    verdict = decided(
        rules(follow()),
        store=store_with(source="special"),
        product=product,
        market=offers(an_offer("0.01", wins=True)),
    )
    assert verdict.trace[0].note == "The product has no special, so its price"
    assert verdict.floor == usd("20.00")
    assert verdict.price_after == usd("20.00")


# Holds


def held(verdict: PricingVerdict) -> DecisionReason:
    assert verdict.outcome is DecisionOutcome.HOLD
    assert not verdict.publishes_price
    return verdict.reason


def test_nothing_to_start_from_holds() -> None:
    verdict = decided(product=a_product({}))
    assert held(verdict) is DecisionReason.NO_SOURCE
    assert verdict.price_after is None
    assert verdict.quantity_after == 5


def test_a_currency_without_a_rate_holds() -> None:
    verdict = decided(product=a_product({"price": "10.00"}, currency="GBP"))
    assert held(verdict) is DecisionReason.NO_CONVERSION


def test_a_price_that_is_not_above_zero_holds() -> None:
    verdict = decided(rules(less("100.00")))
    assert held(verdict) is DecisionReason.BELOW_MINIMUM
    assert verdict.price_after == usd("0.00")


@pytest.mark.parametrize(("amount", "holds"), [("10.01", True), ("10.00", False)])
def test_a_price_under_the_absolute_minimum_holds(amount: str, *, holds: bool) -> None:
    verdict = decided(
        store=store_with(absolute_minimum=amount), product=a_product({"price": "10.00"})
    )
    assert (verdict.reason is DecisionReason.BELOW_MINIMUM) is holds


def test_a_price_that_follows_without_a_floor_holds() -> None:
    product = a_product({"amazon": "20.00"})
    verdict = decided(
        rules(follow()),
        store=store_with(source="amazon"),
        product=product,
        market=offers(an_offer("0.01", wins=True)),
    )
    assert held(verdict) is DecisionReason.UNBOUNDED
    assert verdict.price_after == usd("0.01")


@pytest.mark.parametrize(
    ("live", "wanted", "holds"),
    [
        ("200.00", None, False),
        ("200.02", None, True),
        ("66.67", None, False),
        ("66.66", None, True),
        (None, "10.00", True),
        ("150.00", "10.00", False),
        (None, None, False),
    ],
)
def test_a_step_too_large_holds(live: str | None, wanted: str | None, *, holds: bool) -> None:
    listing = a_listing(
        price=usd(live) if live else None, wanted_price=usd(wanted) if wanted else None
    )
    verdict = decided(store=store_with(largest_step_percent=Decimal(50)), listing=listing)
    assert (verdict.reason is DecisionReason.STEP_TOO_LARGE) is holds
    assert verdict.price_after == usd("100.00")


def test_a_held_price_does_not_hold_back_the_quantity() -> None:
    listing = a_listing(price=usd("1000.00"), quantity=7)
    verdict = decided(
        store=store_with(largest_step_percent=Decimal(50)),
        product=a_product(stock="0"),
        listing=listing,
    )
    assert held(verdict) is DecisionReason.STEP_TOO_LARGE
    assert verdict.quantity_after == 0


# Overrides and outcomes


def test_an_override_asks_no_rule() -> None:
    listing = a_listing(override=usd("55.00"), price=usd("10.00"))
    verdict = decided(
        rules(less("10%")),
        store=store_with(vat_percent=Decimal(20), largest_step_percent=Decimal(1)),
        listing=listing,
    )
    assert (verdict.outcome, verdict.reason) == (DecisionOutcome.CHANGE, DecisionReason.OVERRIDE)
    assert verdict.price_after == usd("55.00")
    assert verdict.rules == ()


def test_an_override_under_the_absolute_minimum_holds() -> None:
    listing = a_listing(override=usd("5.50"))
    verdict = decided(store=store_with(absolute_minimum="10.00"), listing=listing)
    assert held(verdict) is DecisionReason.BELOW_MINIMUM


@pytest.mark.parametrize(
    ("price", "quantity", "wanted_price", "wanted_quantity", "outcome"),
    [
        (None, None, None, None, DecisionOutcome.CHANGE),
        ("100.00", 5, None, 5, DecisionOutcome.KEEP),
        ("100.00", 5, "100.00", None, DecisionOutcome.CHANGE),
        ("90.00", 4, "100.00", 5, DecisionOutcome.KEEP),
        ("100.00", 5, "90.00", 5, DecisionOutcome.CHANGE),
        ("100.00", 4, None, None, DecisionOutcome.CHANGE),
        ("100.00", 5, None, 0, DecisionOutcome.CHANGE),
    ],
)
def test_what_is_as_wanted_is_kept(
    price: str | None,
    quantity: int | None,
    wanted_price: str | None,
    wanted_quantity: int | None,
    outcome: DecisionOutcome,
) -> None:
    listing = a_listing(
        price=usd(price) if price else None,
        quantity=quantity,
        wanted_price=usd(wanted_price) if wanted_price else None,
        wanted_quantity=wanted_quantity,
    )
    assert decided(listing=listing).outcome is outcome


def test_where_amazon_fulfils_only_the_price_counts() -> None:
    listing = a_listing(fulfilment=Fulfilment.AMAZON, price=usd("100.00"), quantity=3)
    verdict = decided(listing=listing)
    assert verdict.outcome is DecisionOutcome.KEEP
    assert verdict.quantity_after is None


def test_eligibility_decides_the_quantity_and_not_the_price() -> None:
    verdict = decided(rules(less("10%")), eligible=False)
    assert (verdict.price_after, verdict.quantity_after) == (usd("90.00"), 0)


def test_the_facts_that_counted_are_told() -> None:
    document = rules(less("1%", ", when: {fact: attribute.color, ne: red}"))
    told = {each.name: each.value for each in decided(document).facts}
    assert told["price"] == "100.00"
    assert told["condition"] == "new_new"
    assert told["attribute.color"] is None


# Whatever the market does

_cents = st.integers(1, 100_000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
_offers = st.lists(
    st.builds(
        lambda price, shipping, condition, rating, wins, own: an_offer(
            price, shipping=shipping, condition=condition, rating=rating, wins=wins, own=own
        ),
        _cents,
        _cents,
        st.sampled_from(Condition),
        st.none() | st.integers(0, 100),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)
_stacks = st.lists(
    st.sampled_from(
        [
            less("10%", key="a"),
            less("3.00", key="b"),
            "key: c, type: standard, adjust: {increase: 7%}",
            follow(key="d", adjust="{decrease: 5%}"),
            follow(
                "{source: lowest, minFeedbackRating: 50}", key="e", more=", ceiling: {source: msrp}"
            ),
        ]
    ),
    unique=True,
)
_products = st.dictionaries(st.sampled_from(["price", "cost", "msrp", "map"]), _cents)


@given(
    _offers,
    _stacks,
    _products,
    st.sampled_from(Condition),
    st.none() | _cents,
    st.none() | st.decimals(0, 25, places=2),
)
def test_no_published_price_crosses_a_bound(
    shown: list[Offer],
    stack: list[str],
    prices: dict[str, str],
    condition: Condition,
    live: str | None,
    vat: Decimal | None,
) -> None:
    settings = PriceSettings(vat_percent=vat, map_attribute="map", absolute_minimum="0.50")
    verdict = decided(
        rules(*stack) if stack else None,
        store=a_store(settings),
        product=a_product(prices),
        listing=a_listing(condition=condition, price=usd(live) if live else None),
        market=offers(*shown),
    )
    if not verdict.publishes_price:
        return
    price = verdict.price_after
    assert price is not None
    assert price >= usd("0.50")
    assert verdict.floor is None or price >= verdict.floor
    assert "map" not in prices or price >= usd(prices["map"])
    if live:
        assert abs((price - usd(live)).minor) * 2 <= usd(live).minor


@given(_offers, st.randoms())
def test_the_order_in_which_amazon_tells_offers_does_not_matter(
    shown: list[Offer], random: Random
) -> None:
    document = rules(follow("lowest", more=", priority: 1"), follow(key="box"))
    shuffled = random.sample(shown, len(shown))
    listing = a_listing(condition=Condition.USED_GOOD)
    first = decided(document, product=COSTLY, listing=listing, market=offers(*shown))
    again = decided(document, product=COSTLY, listing=listing, market=offers(*shuffled))
    assert first == again
