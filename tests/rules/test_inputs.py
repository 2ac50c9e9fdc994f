"""The digest of a decision's inputs."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.listing import (
    Condition,
    Fulfilment,
    HeldPrice,
    Listing,
    ListingStatus,
    OfferTerms,
)
from domain.offer import offers_hash
from domain.run import RunStatus
from domain.store import PriceSettings
from rules.document import parse
from rules.guardrails import Guardrails
from rules.inputs import Digester
from rules.pricing import PricingInputs, decide
from tests.rules.given import NOW, a_listing, a_product, a_store, an_offer, inputs_of, offers, usd

RULES = """\
kind: pricing
name: Rules
rules:
  - {key: less, type: standard, adjust: {decrease: 10%}}
"""
LISTING = a_listing(price=usd("10.00"), quantity=1)
MARKET = offers(an_offer("9.00", wins=True), an_offer("8.00"))


def given() -> PricingInputs:
    return inputs_of(RULES, listing=LISTING, market=MARKET)


def inputs_hash(inputs: PricingInputs, listing_rules: str | None = None) -> str:
    listing_document = parse(listing_rules) if listing_rules else None
    digester = Digester(
        inputs.store, inputs.now, inputs.document, listing_document, inputs.guardrails
    )
    return digester.of(inputs.product, inputs.listing, inputs.offers, inputs.answer)


def test_equal_inputs_have_equal_hashes_and_verdicts() -> None:
    assert inputs_hash(given()) == inputs_hash(given())
    assert decide(given()) == decide(given())


def test_what_no_decision_reads_does_not_change_the_hash() -> None:
    later = NOW + timedelta(hours=3)
    unread = replace(
        given(),
        now=later,
        listing=replace(
            LISTING,
            title="Other",
            version=9,
            updated_at=later,
            last_decision_id="d",
            list_price=usd("12.00"),
        ),
        offers=replace(MARKET, observed_at=later, offers=MARKET.offers[::-1]),
        store=replace(given().store, name="Other", version=9),
    )
    assert inputs_hash(unread) == inputs_hash(given())


@pytest.mark.parametrize(
    "listing",
    [
        replace(LISTING, price=usd("11.00")),
        replace(LISTING, quantity=2),
        replace(LISTING, wanted_price=usd("10.00")),
        replace(LISTING, wanted_quantity=1),
        replace(LISTING, wanted_terms=OfferTerms(list_price=usd("12.00"))),
        replace(LISTING, condition=Condition.USED_GOOD),
        replace(LISTING, fulfilment=Fulfilment.AMAZON),
        replace(LISTING, status=ListingStatus.INACTIVE),
        replace(LISTING, held=HeldPrice("run", usd("9.00"))),
        replace(LISTING, asin="B000000002"),
        replace(LISTING, override=a_listing(override=usd("1.00")).override),
    ],
)
def test_what_a_decision_reads_of_the_listing_changes_the_hash(listing: Listing) -> None:
    assert inputs_hash(replace(given(), listing=listing)) != inputs_hash(given())


def test_what_a_decision_reads_besides_changes_the_hash() -> None:
    settings = PriceSettings(vat_percent=Decimal(20))
    changed = [
        replace(given(), answer=RunStatus.HELD),
        replace(given(), guardrails=Guardrails(minimum_price=Decimal(2))),
        replace(given(), offers=None),
        replace(given(), offers=offers(an_offer("9.00", wins=True), an_offer("8.01"))),
        replace(given(), product=a_product({"price": "100.01"})),
        replace(given(), store=a_store(settings)),
        inputs_of(RULES + "# changed\n", listing=LISTING, market=MARKET),
        inputs_of(None, listing=LISTING, market=MARKET),
    ]
    hashes = {inputs_hash(each) for each in [given(), *changed]}
    hashes.add(inputs_hash(given(), "kind: listing\nname: All\nrules: []\n"))
    assert len(hashes) == len(changed) + 2


def test_whose_buy_box_it_is_counts_where_no_offers_say_it() -> None:
    ours = replace(LISTING, owns_buy_box=True)
    assert inputs_hash(replace(given(), listing=ours)) == inputs_hash(given())
    unseen = replace(given(), offers=None)
    assert inputs_hash(replace(unseen, listing=ours)) != inputs_hash(unseen)


def test_a_digest_that_came_with_the_offers_is_theirs() -> None:
    hashed = replace(MARKET, content_hash=offers_hash(MARKET.offers))
    assert inputs_hash(replace(given(), offers=hashed)) == inputs_hash(given())


TIMED = """\
kind: pricing
name: Rules
cooldown: 1h
rules:
  - {key: day, type: standard, adjust: {decrease: 10%}, hours: 08:00-18:00, weekdays: [wed]}
  - {key: follow, type: intelligent, competitor: {source: buyBox, maxAge: 2h}, adjust: match, floor: {source: price}}
"""


@pytest.mark.parametrize(
    ("hours", "is_other"),
    [(0.5, False), (1.5, True), (2.5, True), (7, True)],
)
def test_time_changes_the_hash_where_rules_see_it(hours: float, *, is_other: bool) -> None:
    listing = replace(LISTING, price_changed_at=NOW)
    now = inputs_of(TIMED, listing=listing, market=MARKET)
    later = replace(now, now=NOW + timedelta(hours=hours))
    assert (inputs_hash(later) != inputs_hash(now)) is is_other


def test_when_the_price_changed_counts_only_for_a_cooldown() -> None:
    changed = replace(LISTING, price_changed_at=NOW)
    assert inputs_hash(replace(given(), listing=changed)) == inputs_hash(given())
    timed = inputs_of(TIMED, listing=LISTING, market=MARKET)
    assert inputs_hash(replace(timed, listing=changed)) != inputs_hash(timed)
