"""Which products are listed."""

import pytest

from domain.listing import Fulfilment, ListingReason
from domain.product import Product, ProductType
from domain.store import StockSettings, Store
from rules.document import parse
from rules.durable_engine import DurableMatcher
from rules.eligibility import Eligibility, judge
from rules.facts import facts_of
from tests.rules.given import a_product, a_store

SHOES = "{key: shoes, when: {fact: category, contains: Shoes}, then: list}"
HATS = "{key: hats, when: {fact: category, contains: Hats}, then: list}"
NOT_SALE = "{key: not-sale, when: {fact: category, contains: Sale}, then: keepOut}"


def judged(rules: list[str] | None, product: Product, store: Store | None = None) -> Eligibility:
    store = store or a_store()
    if rules is None:
        return judge(None, product, store, frozenset())
    document = parse(f"kind: listing\nname: L\nrules: [{', '.join(rules)}]")
    with DurableMatcher(document) as matcher:
        (matched,) = matcher.match([facts_of(product, store)])
    return judge(document, product, store, matched)


@pytest.mark.parametrize(
    ("rules", "categories", "eligible"),
    [
        (None, [], True),
        ([], [], True),
        ([SHOES], ["Men/Shoes"], True),
        ([SHOES], ["Men/Hats"], False),
        ([SHOES, HATS], ["Men/Hats"], True),
        ([SHOES, NOT_SALE], ["Men/Shoes", "Sale"], False),
        ([NOT_SALE], ["Men/Hats"], True),
        ([NOT_SALE], ["Sale"], False),
        ([NOT_SALE.replace("when", "active: false, when")], ["Sale"], True),
        ([SHOES.replace("when", "active: false, when")], ["Hats"], False),
    ],
)
def test_listing_rules(rules: list[str] | None, categories: list[str], *, eligible: bool) -> None:
    verdict = judged(rules, a_product(categories=categories))
    assert verdict.eligible is eligible
    assert verdict.reason is (None if eligible else ListingReason.RULE)


def test_every_rule_says_why() -> None:
    verdict = judged([SHOES, NOT_SALE], a_product(categories=["Shoes", "Sale"]))
    assert [(each.rule_key, each.applied, each.note) for each in verdict.rules] == [
        ("shoes", True, "It lists the product"),
        ("not-sale", True, "It keeps the product out"),
    ]
    assert judged([SHOES], a_product(categories=["Hats"])).rules == ()


def test_what_the_catalogue_disabled_is_not_listed() -> None:
    assert judged(None, a_product(is_enabled=False)).reason is ListingReason.PRODUCT_DISABLED


@pytest.mark.parametrize("kind", ProductType)
def test_only_single_things_are_listed(kind: ProductType) -> None:
    reason = judged(None, a_product(kind=kind)).reason
    assert reason is (None if kind.can_be_listed else ListingReason.PRODUCT_TYPE)


def test_stock_below_the_threshold_keeps_a_product_out_unless_amazon_fulfils() -> None:
    store = a_store(stock=StockSettings(out_of_stock_threshold=5))
    low = a_product(stock="4.9")
    assert judged(None, low, store).reason is ListingReason.STOCK
    assert judged(None, a_product(stock="5"), store).eligible
    assert judged(None, a_product(stock="0", manages_stock=False), store).eligible
    assert judge(None, low, store, frozenset(), Fulfilment.AMAZON).eligible
