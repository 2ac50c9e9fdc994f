"""Intelligent rules in the cases in which they do not simply follow, and whom they follow at all."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from domain.decision import DecisionOutcome, DecisionReason
from domain.listing import Condition, Fulfilment
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from domain.store import PriceSettings
from rules.market import AMAZON_SELLERS
from rules.pricing import PricingVerdict
from tests.rules.given import (
    NOW,
    a_listing,
    a_product,
    a_store,
    an_offer,
    decided,
    offers,
    usd,
)

PRODUCT = a_product({"price": "20.00", "cost": "10.00", "cap": "30.00"})
OURS = offers(an_offer("15.00", wins=True, own=True), an_offer("14.00"))


def follow(competitor: str = "{source: buyBox}", **more: str) -> str:
    rule = {
        "key": "follow",
        "type": "intelligent",
        "competitor": competitor,
        "adjust": "match",
        "floor": "{source: cost}",
        **more,
    }
    body = "".join(f"\n    {key}: {value}" for key, value in rule.items()).replace("\n    ", "", 1)
    return f"kind: pricing\nname: Rules\nrules:\n  - {body}\n"


def priced(document: str, market: OfferSnapshot | None = None, **given: Any) -> PricingVerdict:
    given = {"product": PRODUCT, **given}
    return decided(document, market=market, **given)


def at(price: str) -> Any:
    return a_listing(price=usd(price), wanted_price=usd(price))


# Nobody to follow


@pytest.mark.parametrize(
    ("word", "expected"),
    [("price", "20.00"), ("keep", "18.00"), ("floor", "10.00"), ("ceiling", "30.00")],
)
def test_without_a_competitor_the_rule_says_what_is_asked(word: str, expected: str) -> None:
    document = follow(otherwise=f"{{noCompetitor: {word}}}", ceiling="{source: cap}")
    verdict = priced(document, listing=at("18.00"))
    assert verdict.price_after == usd(expected)
    assert "No offers of competitors are known" in verdict.trace[1].note


def test_without_a_competitor_a_rule_may_ask_for_a_person() -> None:
    verdict = priced(follow(otherwise="{noCompetitor: hold}"), listing=at("18.00"))
    assert verdict.outcome is DecisionOutcome.HOLD
    assert verdict.reason is DecisionReason.RULE_HOLDS
    assert verdict.quantity_after == 5
    assert "a person should look" in verdict.trace[-2].note


def test_what_is_not_there_to_be_taken_leaves_the_price() -> None:
    keep = follow(otherwise="{noCompetitor: keep}")
    assert priced(keep).price_after == usd("20.00")
    ceiling = follow(otherwise="{noCompetitor: ceiling}", ceiling="{source: unknown}")
    assert priced(ceiling, listing=at("18.00")).price_after == usd("20.00")


def test_a_kept_price_is_not_changed_again_by_later_rules() -> None:
    document = follow(otherwise="{noCompetitor: keep}", priority="1")
    document += '  - {key: less, type: standard, adjust: {decrease: "1.00"}}\n'
    verdict = priced(document, listing=at("18.00"))
    assert verdict.price_after == usd("18.00")
    assert "already shaped" in verdict.rules[1].note


def test_a_kept_price_still_rises_to_the_floor() -> None:
    verdict = priced(follow(otherwise="{noCompetitor: keep}"), listing=at("8.00"))
    assert verdict.price_after == usd("10.00")


def test_the_floor_that_stands_in_for_a_competitor_carries_vat() -> None:
    store = a_store(PriceSettings(vat_percent=Decimal(20), largest_step_percent=None))
    verdict = priced(follow(otherwise="{noCompetitor: floor}"), store=store)
    assert verdict.price_after == usd("12.00")


# The Buy Box is ours


@pytest.mark.parametrize(
    ("word", "expected"),
    [("keep", "15.00"), ("price", "20.00"), ("floor", "10.00"), ("ceiling", "30.00")],
)
def test_who_holds_the_buy_box_takes_what_the_rule_says(word: str, expected: str) -> None:
    document = follow(otherwise=f"{{buyBoxOwned: {word}}}", ceiling="{source: cap}")
    assert priced(document, OURS, listing=at("15.00")).price_after == usd(expected)


def test_who_holds_the_buy_box_may_ask_for_more_up_to_the_ceiling() -> None:
    document = follow(
        otherwise="{buyBoxOwned: {increase: 2%}}", ceiling="{source: cap}", cooldown="1h"
    )
    assert priced(document, OURS, listing=at("15.00")).price_after == usd("15.30")
    high = offers(an_offer("29.90", wins=True, own=True))
    assert priced(document, high, listing=at("29.90")).price_after == usd("30.00")


def test_a_price_that_rises_waits_for_its_cooldown() -> None:
    document = follow(
        otherwise="{buyBoxOwned: {increase: 2%}}", ceiling="{source: cap}", cooldown="1h"
    )
    listing = replace(at("15.00"), price_changed_at=NOW - timedelta(minutes=20))
    verdict = priced(document, OURS, listing=listing)
    assert verdict.outcome is DecisionOutcome.CHANGE  # of the quantity
    assert verdict.price_after == usd("15.00")
    assert "changed on 2020-01-15 11:40 and stands for 1 hour" in verdict.trace[-2].note
    assert verdict.decide_again_at == NOW + timedelta(minutes=40, milliseconds=1)


# Bounds


@pytest.mark.parametrize(
    ("word", "expected"),
    [("floor", "10.00"), ("keep", "18.00"), ("price", "20.00"), ("ceiling", "30.00")],
)
def test_below_the_floor_the_rule_says_what_is_asked(word: str, expected: str) -> None:
    document = follow(otherwise=f"{{belowFloor: {word}}}", ceiling="{source: cap}")
    market = offers(an_offer("7.00", wins=True))
    assert priced(document, market, listing=at("18.00")).price_after == usd(expected)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("floor", "10.00"), ("keep", "18.00"), ("price", "20.00"), ("ceiling", "30.00")],
)
def test_above_the_ceiling_the_rule_says_what_is_asked(word: str, expected: str) -> None:
    document = follow(otherwise=f"{{aboveCeiling: {word}}}", ceiling="{source: cap}")
    market = offers(an_offer("70.00", wins=True))
    assert priced(document, market, listing=at("18.00")).price_after == usd(expected)


def test_a_held_price_below_the_floor_is_told_and_not_published() -> None:
    document = follow(otherwise="{belowFloor: hold}")
    verdict = priced(document, offers(an_offer("7.00", wins=True)), listing=at("18.00"))
    assert verdict.reason is DecisionReason.RULE_HOLDS
    assert not verdict.publishes_price
    assert verdict.business is None
    assert any("7.00 USD is below the floor" in step.note for step in verdict.trace)


def test_every_step_starts_where_the_one_before_it_ended() -> None:
    for case in ("floor", "keep", "price", "ceiling", "hold"):
        document = follow(otherwise=f"{{belowFloor: {case}}}", ceiling="{source: cap}")
        document = document.replace("rules:", 'ending: ".99"\nrules:')
        verdict = priced(document, offers(an_offer("7.00", wins=True)), listing=at("18.00"))
        told = [step for step in verdict.trace if step.before and step.after]
        for before, after in pairwise(told):
            assert after.before == before.after


# Whom to follow


def buy_box(**changed: Any) -> Offer:
    return replace(an_offer("15.00", wins=True, seller="A1RIVAL"), **changed)


@pytest.mark.parametrize(
    ("filters", "offer", "counts"),
    [
        ("fulfilment: amazon", buy_box(), False),
        ("fulfilment: amazon", buy_box(fulfilment=Fulfilment.AMAZON), True),
        ("fulfilment: merchant", buy_box(fulfilment=Fulfilment.AMAZON), False),
        ("onlySellers: [A1RIVAL]", buy_box(), True),
        ("onlySellers: [A2OTHER]", buy_box(), False),
        ("excludeSellers: [A1RIVAL]", buy_box(), False),
        ("excludeSellers: [A2OTHER]", buy_box(), True),
        ("excludeAmazon: true", buy_box(seller_id=AMAZON_SELLERS["US"]), False),
        ("excludeAmazon: true", buy_box(fulfilment=Fulfilment.AMAZON), True),
        ("excludeAmazon: false", buy_box(seller_id=AMAZON_SELLERS["US"]), True),
        ("maxAge: 1h", buy_box(), True),
    ],
)
@pytest.mark.parametrize("source", ["buyBox", "lowest"])
def test_only_who_counts_is_followed(
    source: str, filters: str, offer: Offer, *, counts: bool
) -> None:
    verdict = priced(follow(f"{{source: {source}, {filters}}}"), offers(offer))
    assert verdict.price_after == usd("15.00" if counts else "20.00")
    assert counts or "does not count for this rule" in verdict.trace[1].note


def test_the_next_who_counts_is_followed() -> None:
    market = offers(an_offer("12.00", seller="A1LOW"), an_offer("13.00", seller="A2NEXT"))
    verdict = priced(follow("{source: lowest, excludeSellers: [A1LOW]}"), market)
    assert verdict.price_after == usd("13.00")


def test_what_was_told_too_long_ago_is_not_followed() -> None:
    document = follow("{source: buyBox, maxAge: 30m}")
    market = offers(an_offer("15.00", wins=True))
    fresh = priced(document, market, now=NOW + timedelta(minutes=30))
    stale = priced(document, market, now=NOW + timedelta(minutes=31))
    assert fresh.price_after == usd("15.00")
    assert fresh.decide_again_at == NOW + timedelta(minutes=30, milliseconds=1)
    assert stale.price_after == usd("20.00")
    assert stale.decide_again_at is None
    assert "older than 30 minutes" in stale.trace[1].note


def test_the_age_is_that_of_the_condition() -> None:
    used = an_offer("12.00", condition=Condition.USED_GOOD)
    seen = {Condition.NEW: NOW, Condition.USED_GOOD: NOW - timedelta(days=3)}
    market = replace(offers(an_offer("15.00"), used), seen_at=seen)
    listing = a_listing(condition=Condition.USED_GOOD)
    old = priced(follow("{source: lowest, maxAge: 1d}"), market, listing=listing)
    assert old.price_after == usd("15.00")


def test_a_stale_buy_box_of_ours_is_no_buy_box() -> None:
    document = follow("{source: buyBox, maxAge: 30m}")
    verdict = priced(document, OURS, listing=at("15.00"), now=NOW + timedelta(hours=1))
    assert verdict.price_after == usd("20.00")


def test_shipping_can_be_left_out_of_the_comparison() -> None:
    store = a_store(PriceSettings(compares_with_shipping=False, largest_step_percent=None))
    market = offers(
        an_offer("15.00", shipping="4.00", wins=True), an_offer("30.00", shipping="2.00", own=True)
    )
    assert priced(follow(), market, store=store).price_after == usd("15.00")
    assert priced(follow(), market).price_after == usd("17.00")


# Floors that know fees and margin


def fee_floor(floor: str, product: dict[str, str], vat: Decimal | None = None) -> Money | None:
    store = a_store(PriceSettings(vat_percent=vat, largest_step_percent=None))
    market = offers(an_offer("1.00", wins=True))
    return priced(follow(floor=floor), market, store=store, product=a_product(product)).floor


@pytest.mark.parametrize(
    ("floor", "cost", "expected"),
    [
        ("{source: cost, fees: {referral: 15%}}", "8.50", "10.00"),
        ('{source: cost, fees: {referral: 15%, fixed: "3.50"}}', "8.50", "14.12"),
        ('{source: cost, fees: {fixed: "3.50"}}', "8.50", "12.00"),
        ("{source: cost, margin: 20%}", "8.00", "10.00"),
        ('{source: cost, margin: "2.00"}', "8.00", "10.00"),
        ("{source: cost, fees: {referral: 15%}, margin: 25%}", "6.00", "10.00"),
        ("{source: cost, increase: 10%, fees: {referral: 12%}}", "8.00", "10.00"),
        ('{source: cost, fees: {referral: 15%, fixed: "0.305"}}', "0.01", "0.38"),
    ],
)
def test_a_floor_covers_cost_fees_and_margin(floor: str, cost: str, expected: str) -> None:
    assert fee_floor(floor, {"price": "20.00", "cost": cost}) == usd(expected)


def test_the_fee_is_taken_of_the_price_with_vat() -> None:
    floor = "{source: cost, fees: {referral: 15%}}"
    net = fee_floor(floor, {"price": "20.00", "cost": "8.20"}, Decimal(20))
    assert net == usd("10.00")  # 12.00 with VAT: 1.80 fee, 2.00 tax, 8.20 left


def test_a_competitor_is_held_against_such_a_floor_with_vat() -> None:
    store = a_store(PriceSettings(vat_percent=Decimal(20), largest_step_percent=None))
    product = a_product({"price": "20.00", "cost": "8.20"})
    market = offers(an_offer("11.00", wins=True))
    knowing = follow(floor="{source: cost, fees: {referral: 15%}}")
    assert priced(knowing, market, store=store, product=product).price_after == usd("12.00")
    assert priced(follow(), market, store=store, product=product).price_after == usd("11.00")


def test_plain_bounds_can_be_held_against_with_vat_too() -> None:
    settings = PriceSettings(
        vat_percent=Decimal(20), largest_step_percent=None, bounds_with_vat=True
    )
    document = follow(ceiling="{source: cap}")

    def price(rival: str) -> Money | None:
        market = offers(an_offer(rival, wins=True))
        return priced(document, market, store=a_store(settings)).price_after

    assert price("11.99") == usd("12.00")
    assert price("12.01") == usd("12.01")
    assert price("35.99") == usd("35.99")
    assert price("36.01") == usd("36.00")


def test_fees_that_leave_nothing_are_no_floor_and_so_nothing_is_published() -> None:
    store = a_store(PriceSettings(vat_percent=Decimal(20), largest_step_percent=None))
    document = follow(floor="{source: cost, fees: {referral: 85%}}")
    market = offers(an_offer("11.00", wins=True))
    verdict = priced(document, market, store=store)
    assert verdict.reason is DecisionReason.UNBOUNDED


def test_without_a_cost_such_a_floor_is_the_catalogue_price() -> None:
    floor = "{source: cost, fees: {referral: 15%}}"
    assert fee_floor(floor, {"price": "20.00"}) == usd("20.00")
