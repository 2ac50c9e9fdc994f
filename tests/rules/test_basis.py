"""What is kept of a decision's inputs."""

import base64
import hashlib
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import HeldPrice, OfferTerms
from domain.money import Money
from domain.offer import Offer
from domain.product import WebsitePrices
from domain.run import RunStatus
from domain.store import (
    BusinessSettings,
    PriceSettings,
    QuantityDiscount,
    StockSettings,
)
from rules.basis import BasisWriter
from rules.basis_reader import Damaged, read
from rules.conditions import ReferenceMatcher
from rules.document import parse
from rules.facts import facts_of
from rules.guardrails import Guardrails
from rules.inputs import Digester
from rules.pricing import PricingInputs, PricingVerdict, decide
from tests.rules.given import NOW, a_listing, a_product, a_store, an_offer, offers, usd

RULES = parse("""
kind: pricing
name: Rules
cooldown: 30m
rules:
  - key: follow
    type: intelligent
    when: {all: [{fact: category, contains: Men}, {fact: attribute.color, eq: red}]}
    competitor: {source: lowest, maxAge: 2h}
    adjust: {decrease: 1%}
    floor: {source: cost, increase: 5%}
  - {key: less, type: standard, when: {fact: name, contains: Hood}, adjust: {decrease: "1.00"}}
""")
STORE = a_store(
    PriceSettings(
        map_attribute="map",
        msrp_attribute="msrp",
        vat_percent=Decimal("7.5"),
        currency_rate=Decimal("1.10"),
        absolute_minimum="0.50",
        business=BusinessSettings((QuantityDiscount(5, Decimal("2.5")),)),
        bounds_with_vat=True,
    ),
    StockSettings(1, 50, 7),
    time_zone="America/New_York",
)
PRODUCT = replace(
    a_product(
        {"price": "40.00", "cost": "8.00", "map": "9.00", "msrp": "60.00"},
        {"color": "red", "unasked": "x"},
        currency="GBP",
        categories=["Men/Tops"],
    ),
    website_prices=(WebsitePrices("us", 1, {"price": Money(4100, "GBP")}),),
    content_hash="a" * 64,
)
LISTING = replace(
    a_listing(price=usd("22.00"), quantity=3, wanted_price=usd("21.50"), wanted_quantity=4),
    wanted_terms=OfferTerms(BusinessPrice(usd("21.50"), (QuantityPrice(5, usd("20.00")),))),
    price_changed_at=NOW - timedelta(hours=1),
    held=HeldPrice("run", usd("19.00"), usd("23.00")),
)
MARKET = replace(
    offers(an_offer("25.00", shipping="1.99", wins=True), an_offer("30.00", own=True)),
    seen_at={LISTING.condition: NOW - timedelta(minutes=5)},
)
RAILS = Guardrails(minimum_price=Decimal(2), largest_step_percent=Decimal(80))

KEPT = """
eAGlUstuwjAQ/Je91sDakAK58QgPqQQEoVJlRSiCVEKEBCWkPVT8e8cJbcKll1rJ2t61d2dnrKWwBClW3GDZkJYnlc2M76mw
JGg5mTjrzW40G7hTZ0xC03YD9+Acpsd90HLDz91bkp5M4AJPiNg5uBibpWbqNi1Y2ZSMiZuWmYzR2hRG0PfFNc3DwvhCAxCL
LhakcLLHJq4pO+XYbeaL1YtD5fmvez1bd5hZ0HS4Il/QPsmuZOtezWXw2Lpf9xhstn6uLt4AiPKMhBS1xPL3zg0wCJ0UUCn4
5yAU2SdRkpJNaXigm6BZkhyOYC/OowgNL8K45SWXrN7+EHCLIcFFDOLxY7Vw1kYdD8vByJu/giClALwtlASXnTLlg8jyUeR7
zTSP0b/hSbWZQbsuEhilkI99UFCcfA+iLBSFLcT54/mA1Apo/Zy0Lat6ZiaNpvT4EUT11pQFLLLfr/eIHbxcClFiAF1GuaoS
0LPAk6iY+blVQjcimm5o646XrkP+N75v1Lw=
"""
VERDICT = "b863995eaa6d10a9cf46c820a08bb9aaf84869adde910a65717411affcb671e6"


def made(kept: bytes) -> tuple[str, PricingVerdict]:
    """The digest and the verdict that what was kept comes to."""
    basis = read(kept, "merchant", "store")
    assert basis is not None, "The pipeline has another version: write KEPT and VERDICT anew."
    facts = facts_of(basis.product, basis.store, basis.listing, basis.offers)
    (matched,) = ReferenceMatcher(RULES).match([facts])
    inputs = PricingInputs(
        *(basis.store, basis.product, basis.listing, basis.offers, RULES, matched),
        eligible=True,
        now=basis.now,
        guardrails=basis.guardrails,
        answer=basis.answer,
    )
    digester = Digester(basis.store, basis.now, RULES, None, basis.guardrails)
    digest = digester.of(basis.product, basis.listing, basis.offers, basis.answer)
    return digest, decide(inputs)


def kept() -> bytes:
    writer = BasisWriter(STORE, RAILS, RULES.facts)
    return writer.of(PRODUCT, LISTING, MARKET, RunStatus.UNDONE, NOW, "OFFERS_CHANGED")


def test_a_decision_of_an_earlier_day_is_made_again_as_it_was() -> None:
    told = hashlib.sha256(repr(made(base64.b64decode(KEPT))).encode()).hexdigest()
    assert told == VERDICT, "The same inputs come to something else: raise PIPELINE."


def test_what_no_rule_asks_for_is_not_kept() -> None:
    asked = kept()
    basis = read(asked, "merchant", "store")
    assert basis is not None
    assert basis.product.attributes == {"color": "red"}
    writer = BasisWriter(STORE, RAILS, ())
    unasked = writer.of(PRODUCT, LISTING, MARKET, RunStatus.UNDONE, NOW, "OFFERS_CHANGED")
    assert len(unasked) < len(asked) < 600


@pytest.mark.parametrize(
    "damaged", [b"", b"x", kept()[:-1], kept()[:40] + bytes([kept()[40] ^ 1]) + kept()[41:]]
)
def test_what_is_damaged_is_not_read(damaged: bytes) -> None:
    with pytest.raises(Damaged):
        read(damaged, "merchant", "store")


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        *((PriceSettings, 10), (BusinessSettings, 1), (QuantityDiscount, 2), (StockSettings, 3)),
        *((WebsitePrices, 3), (Money, 2), (HeldPrice, 3), (OfferTerms, 4), (BusinessPrice, 2)),
        *((QuantityPrice, 2), (Offer, 9)),
    ],
)
def test_these_are_kept_whole(kind: Any, count: int) -> None:
    assert len(fields(kind)) == count, "Keep the new field in rules/basis.py, then count it here."
