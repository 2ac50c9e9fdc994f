"""What goes out with a price: the offer to businesses and the struck-through price; and prices by website."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.decision import BusinessPrice, DecisionOutcome, QuantityPrice
from domain.listing import Listing, OfferTerms
from domain.money import Money
from domain.product import Product, WebsitePrices
from domain.store import BusinessSettings, PriceSettings, QuantityDiscount, Store
from rules.business import Saving, saving
from rules.facts import facts_of
from tests.rules.given import a_listing, a_product, a_store, an_offer, decided, offers, usd

TIERS = BusinessSettings((QuantityDiscount(5, Decimal(5)), QuantityDiscount(10, Decimal("7.5"))))
TENTH = "kind: pricing\nname: x\nrules:\n  - {key: r, type: standard, adjust: {decrease: 10%}}\n"


def store_with(**price: Any) -> Store:
    return a_store(replace(PriceSettings(largest_step_percent=None), **price))


def test_businesses_pay_the_price_after_all_rules_less_by_quantity() -> None:
    verdict = decided(TENTH, store=store_with(business=TIERS), product=a_product({"price": "9.99"}))
    assert verdict.business == BusinessPrice(
        usd("8.99"), (QuantityPrice(5, usd("8.54")), QuantityPrice(10, usd("8.32")))
    )
    assert [verdict.business.of(count).amount for count in (1, 4, 5, 9, 10, 99)] == [
        "8.99", "8.99", "8.54", "8.54", "8.32", "8.32",
    ]  # fmt: skip
    assert verdict.trace[-2].note == (
        "Businesses pay 8.99 USD, 8.54 USD each from 5 units, 8.32 USD each from 10 units"
    )


def test_a_persons_price_is_that_of_businesses_too() -> None:
    listing = a_listing(override=usd("50.00"))
    verdict = decided(TENTH, store=store_with(business=BusinessSettings()), listing=listing)
    assert verdict.business == BusinessPrice(usd("50.00"))


@pytest.mark.parametrize(("price", "is_offered"), [("0.99", False), ("1.00", True)])
def test_businesses_are_asked_for_no_less_than_one(price: str, *, is_offered: bool) -> None:
    store = store_with(business=TIERS)
    verdict = decided(store=store, product=a_product({"price": price}))
    assert (verdict.business is not None) is is_offered
    assert verdict.trace[-2].step == "BUSINESS"


@pytest.mark.parametrize(("country", "is_offered"), [("US", True), ("CA", False)])
def test_businesses_are_offered_something_only_where_amazon_sells_to_them(
    country: str, *, is_offered: bool
) -> None:  # F035
    store = replace(store_with(business=TIERS), country=country)
    verdict = decided(store=store, product=a_product(currency=store.currency))
    assert (verdict.business is not None) is is_offered
    if not is_offered:
        assert verdict.trace[-2].note == (
            "No offer to businesses: there is no Amazon Business in CA"
        )


def test_a_discount_that_comes_to_nothing_in_whole_cents_is_not_offered() -> None:
    percents = ("0.1", "1", "1.4", "50", "100")
    steps = [QuantityDiscount(5 * n, Decimal(each)) for n, each in enumerate(percents, start=1)]
    store = store_with(business=BusinessSettings(tuple(steps)))
    verdict = decided(store=store, product=a_product({"price": "1.00"}))
    assert verdict.business == BusinessPrice(
        usd("1.00"), (QuantityPrice(10, usd("0.99")), QuantityPrice(20, usd("0.50")))
    )


def live_at(price: str, **terms: Any) -> Listing:
    """A listing at a price that was told with these terms."""
    listing = a_listing(price=usd(price), quantity=5, wanted_price=usd(price), wanted_quantity=5)
    return replace(listing, wanted_terms=OfferTerms(**terms))


HUNDRED = BusinessPrice(usd("100.00"))


@pytest.mark.parametrize(
    ("listing", "price", "outcome"),
    [
        (live_at("100.00"), {}, DecisionOutcome.KEEP),
        (live_at("100.00"), {"business": BusinessSettings()}, DecisionOutcome.CHANGE),
        (live_at("100.00", business=HUNDRED), {"business": BusinessSettings()}, DecisionOutcome.KEEP),
        (live_at("100.00", business=HUNDRED), {"business": TIERS}, DecisionOutcome.CHANGE),
        (live_at("100.00", business=HUNDRED), {}, DecisionOutcome.CHANGE),
        (live_at("100.00", withdraws_business=True), {}, DecisionOutcome.KEEP),
        (live_at("100.00"), {"msrp_attribute": "msrp"}, DecisionOutcome.CHANGE),
        (live_at("100.00", list_price=usd("120.00")), {"msrp_attribute": "msrp"}, DecisionOutcome.KEEP),
        (live_at("100.00", list_price=usd("110.00")), {"msrp_attribute": "msrp"}, DecisionOutcome.CHANGE),
        (live_at("100.00", list_price=usd("120.00")), {}, DecisionOutcome.CHANGE),
    ],
)  # fmt: skip
def test_what_goes_out_with_a_price_that_stays_is_a_change_of_its_own(
    listing: Listing, price: dict[str, Any], outcome: DecisionOutcome
) -> None:
    product = a_product({"price": "100.00", "msrp": "120.00"})
    verdict = decided(store=store_with(**price), product=product, listing=listing)
    assert verdict.outcome is outcome


def test_without_the_setting_nothing_is_offered_or_told() -> None:
    verdict = decided(TENTH)
    assert verdict.business is None
    assert {step.step for step in verdict.trace} == {"SOURCE", "RULE", "QUANTITY"}


def test_what_is_held_is_not_offered_to_businesses_either() -> None:
    store = store_with(business=TIERS, absolute_minimum="500.00", msrp_attribute="msrp")
    verdict = decided(TENTH, store=store, product=a_product({"price": "100.00", "msrp": "120.00"}))
    assert not verdict.publishes_price
    assert (verdict.business, verdict.list_price) == (None, None)


def test_a_higher_list_price_goes_out_and_shows_what_is_saved() -> None:
    store = store_with(msrp_attribute="msrp", currency_rate=Decimal("1.5"))
    product = a_product({"price": "10.00", "msrp": "20.00"}, currency="GBP")
    verdict = decided(store=store, product=product)
    assert verdict.list_price == usd("30.00")
    assert verdict.price_after is not None
    shown = saving(verdict.price_after, verdict.list_price, owns_buy_box=True)
    assert shown == Saving(usd("30.00"), usd("15.00"), 50)
    assert saving(verdict.price_after, verdict.list_price, owns_buy_box=None) is None


def test_a_list_price_that_is_no_higher_is_none() -> None:
    for msrp in ("10.00", "9.99", "0.00"):
        product = a_product({"price": "10.00", "msrp": msrp})
        assert decided(store=store_with(msrp_attribute="msrp"), product=product).list_price is None


# Prices by website


def with_websites(*websites: tuple[int, dict[str, str]]) -> Product:
    scoped = tuple(
        WebsitePrices(
            f"w{index}", order, {code: Money.parse(amount, "USD") for code, amount in own.items()}
        )
        for index, (order, own) in enumerate(websites)
    )
    return replace(a_product({"price": "31.99", "cost": "20.00"}), website_prices=scoped)


@pytest.mark.parametrize(
    ("websites", "expected"),
    [
        ((), "31.99"),
        (((2, {"price": "27.99"}), (1, {"price": "24.99"})), "24.99"),
        (((2, {"price": "27.99"}), (1, {})), "27.99"),
        (((1, {"price": "0.00"}), (2, {"price": "27.99"})), "27.99"),
        (((1, {"price": "0.00"}),), "31.99"),
        (((1, {"price": "26.00"}), (1, {"price": "25.00"})), "26.00"),
    ],
)
def test_the_first_website_with_a_price_of_its_own_counts(
    websites: tuple[tuple[int, dict[str, str]], ...], expected: str
) -> None:
    product = with_websites(*websites)
    assert decided(product=product).price_after == usd(expected)
    assert facts_of(product, a_store()).get("price") == Decimal(expected)


def test_bounds_and_conditions_are_scoped_too() -> None:
    rules = (
        "kind: pricing\nname: x\nrules:\n  - {key: r, type: intelligent, competitor: {source: buyBox},"
        " adjust: match, floor: {source: cost}, when: {fact: price.cost, lt: 16}}\n"
    )
    product = with_websites((1, {"cost": "15.00"}))
    verdict = decided(rules, product=product, market=offers(an_offer("9.00", wins=True)))
    assert verdict.price_after == usd("15.00")


def test_a_source_that_no_website_has_falls_back_to_the_price_of_the_websites() -> None:
    product = with_websites((1, {"price": "24.99"}))
    assert decided(store=store_with(source="special"), product=product).price_after == usd("24.99")
    own = with_websites((1, {"price": "24.99"}), (2, {"special": "22.00"}))
    assert decided(store=store_with(source="special"), product=own).price_after == usd("22.00")
