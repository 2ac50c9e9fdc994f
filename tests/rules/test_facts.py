"""The facts of a listing."""

from decimal import Decimal

from domain.listing import Condition, Fulfilment
from rules.facts import CATALOGUE, FactKind, FactScope, definition_of, facts_of
from tests.rules.given import a_listing, a_product, a_store, an_offer, offers, usd


def test_a_product_alone_has_the_facts_of_the_catalogue_and_no_others() -> None:
    product = a_product(
        {"price": "20.00", "cost": "8.50"}, {"color": "red"}, categories=["Men/Tops"]
    )
    facts = facts_of(product, a_store())

    assert facts.get("price") == Decimal("20.00")
    assert facts.get("price.cost") == Decimal("8.50")
    assert facts.get("attribute.color") == "red"
    assert facts.get("category") == ("Men/Tops",)
    assert facts.get("productType") == "SIMPLE"
    known = {name for name, fact in CATALOGUE.items() if fact.scope is FactScope.PRODUCT}
    assert {name for name in CATALOGUE if facts.get(name) is not None} == known


def test_every_fact_of_the_catalogue_is_known_of_a_listing_with_offers() -> None:
    listing = a_listing(condition=Condition.USED_GOOD, wanted_quantity=3, quantity=7)
    market = offers(
        an_offer("9.00", shipping="2.00", wins=True),
        an_offer("10.50", seller="other"),
        an_offer("1.00", own=True),
    )
    facts = facts_of(a_product(), a_store(), listing, market)

    assert all(facts.get(name) is not None for name in CATALOGUE)
    assert facts.get("condition") == "used_good"
    assert facts.get("fulfilment") == Fulfilment.MERCHANT.value
    assert facts.get("quantity") == Decimal(3)
    assert facts.get("buyBoxPrice") == Decimal("11.00")
    assert facts.get("buyBoxOwned") is False
    assert facts.get("lowestPrice") == Decimal("10.50")
    assert facts.get("competitorCount") == Decimal(2)


def test_offers_in_another_currency_are_no_competitors() -> None:
    market = offers(an_offer("9.00", currency="EUR", wins=True))
    facts = facts_of(a_product(), a_store(), a_listing(), market)
    assert facts.get("competitorCount") == Decimal(0)
    assert facts.get("buyBoxPrice") is None


def test_the_listing_tells_who_holds_the_buy_box_where_the_offers_do_not() -> None:
    listing = a_listing(price=usd("9.00"), owns_buy_box=True)
    assert facts_of(a_product(), a_store(), listing).get("buyBoxOwned") is True


def test_attributes_need_a_prefix() -> None:
    cost, color = definition_of("price.cost"), definition_of("attribute.color")
    assert cost is not None
    assert cost.kind is FactKind.MONEY
    assert color is not None
    assert color.kind is FactKind.ATTRIBUTE
    assert definition_of("cost") is None
    assert definition_of("attribute.no such") is None
