"""Hypothesis strategies for all that a decision is made from, as it comes out of the database."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import bson
from bson.codec_options import CodecOptions
from hypothesis import assume
from hypothesis import strategies as st

from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import (
    NO_TERMS,
    Condition,
    Due,
    Fulfilment,
    HeldPrice,
    Listing,
    ListingStatus,
    OfferTerms,
    PriceOverride,
)
from domain.money import Money
from domain.offer import Offer, OfferSnapshot, offers_hash
from domain.product import Product, ProductType, WebsitePrices
from domain.ruleset import Ruleset, RulesetKind, RulesetStatus
from domain.run import RunStatus
from domain.store import (
    BusinessSettings,
    PriceSettings,
    QuantityDiscount,
    StockSettings,
    Store,
)
from rules.conditions import ReferenceMatcher
from rules.document import DocumentInvalid, parse
from rules.guardrails import Guardrails
from services.decisions import Known
from services.rulebooks import Rulebook, Rules
from storage.mongo import to_document
from storage.rows import rows_of
from tests.rules import whole
from tests.rules.given import NOW, a_listing, a_product, a_store
from tests.rules.written import DAYS, OPTIONS, PATHS, words

T = TypeVar("T")

_ZONED: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_percents = st.none() | st.decimals(0, 90, places=2)
_minor = st.sampled_from([0, 1, 20, 1999, 2000]) | st.integers(0, 2**40)
_codes = st.sampled_from(["price", "cost", "msrp", "map", "special"])
_moments = st.integers(-(10**9), 10**9).map(lambda ms: NOW + timedelta(milliseconds=ms))
_texts = st.sampled_from(["", "Hoodie", "Mug"]) | words


def _money(currency: str) -> st.SearchStrategy[Money]:
    return _minor.map(lambda minor: Money(minor, currency))


def _terms(money: st.SearchStrategy[Money]) -> st.SearchStrategy[OfferTerms]:
    tiers = st.lists(st.builds(QuantityPrice, st.integers(2, 99), money), max_size=2).map(tuple)
    return st.just(NO_TERMS) | st.builds(
        OfferTerms,
        st.none() | st.builds(BusinessPrice, money, tiers),
        st.none() | money,
        withdraws_business=st.booleans(),
        withdraws_list_price=st.booleans(),
    )


def as_read(kind: type[T], value: T) -> T:
    """The value as a row that came out of the database."""
    document = bson.decode(bson.encode(to_document(value)), codec_options=_ZONED)
    return rows_of(kind, [document])[0]


_stores = st.builds(
    lambda price, stock, country, zone: a_store(price, stock, country=country, time_zone=zone),
    st.builds(
        PriceSettings,
        source=st.sampled_from(["price", "special"]),
        map_attribute=st.none() | st.just("map"),
        msrp_attribute=st.none() | st.just("msrp"),
        vat_percent=_percents,
        currency_rate=st.none() | st.decimals("0.01", 200, places=4),
        absolute_minimum=st.none() | st.sampled_from(["0.50", "19"]),
        largest_step_percent=_percents,
        business=st.none()
        | st.lists(
            st.builds(QuantityDiscount, st.integers(2, 99), st.decimals(0, 50, places=1)),
            max_size=3,
        ).map(lambda discounts: BusinessSettings(tuple(discounts))),
        bounds_with_vat=st.booleans(),
        compares_with_shipping=st.booleans(),
    ),
    st.builds(StockSettings, *[st.integers(0, 200)] * 3),
    st.sampled_from(["US", "US", "UK", "JP"]),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
)
_guardrails = st.builds(
    Guardrails, st.none() | st.decimals(0, 30, places=2), _percents, total_fall_percent=_percents
)


@st.composite
def _products(draw: st.DrawFn) -> Product:
    prices = st.dictionaries(_codes, _money(draw(st.sampled_from(["USD", "USD", "GBP"]))))
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "color": words,
            "size": st.sampled_from(["1", "20", "no"]),
            "new_from": st.sampled_from([*DAYS, "6/1/26"]),
            "material": st.sampled_from(OPTIONS),
            "unasked": words,
        },
    )
    websites = st.lists(st.builds(WebsitePrices, words, st.integers(0, 9), prices), max_size=2).map(
        tuple
    )
    product = replace(
        a_product(
            attributes=draw(attributes),
            categories=draw(st.lists(st.sampled_from(PATHS), max_size=3)),
            kind=draw(st.sampled_from(ProductType)),
            is_enabled=draw(st.booleans()),
            manages_stock=draw(st.booleans()),
        ),
        sku=draw(words),
        name=draw(_texts),
        attribute_set=draw(_texts),
        prices=draw(prices),
        website_prices=draw(websites),
        stock=draw(st.decimals(-5, 300, places=2) | st.just(Decimal("1E+2"))),
    )
    return as_read(Product, product)


@st.composite
def _listings(draw: st.DrawFn, currency: str) -> Listing:
    money = _money(currency)
    held = st.builds(HeldPrice, st.just("run"), money, st.none() | money)
    listing = replace(
        a_listing(
            condition=draw(st.sampled_from(Condition)),
            fulfilment=draw(st.sampled_from(Fulfilment)),
            price=draw(st.none() | money),
            quantity=draw(st.none() | st.integers(0, 99)),
            wanted_price=draw(st.none() | money),
            wanted_quantity=draw(st.none() | st.integers(0, 99)),
            owns_buy_box=draw(st.none() | st.booleans()),
        ),
        asin=draw(st.none() | st.just("B000000001")),
        status=draw(st.sampled_from(ListingStatus)),
        wanted_terms=draw(_terms(money)),
        price_changed_at=draw(st.none() | _moments),
        override=draw(st.none() | st.none() | st.builds(PriceOverride, money, words, _moments)),
        held=draw(st.none() | held),
        due=draw(st.just(Due()) | st.just(Due(NOW, "OFFERS_CHANGED", 1))),
    )
    return as_read(Listing, listing)


def _offers(money: st.SearchStrategy[Money]) -> st.SearchStrategy[Offer]:
    return st.builds(
        Offer,
        st.sampled_from(["us", "rival", "A1X", "ATVPDKIKX0DER"]),
        st.sampled_from(Condition),
        money,
        money,
        st.sampled_from(Fulfilment),
        st.none() | st.integers(0, 100),
        st.none() | st.integers(0, 9999),
        st.booleans(),
        st.booleans(),
    )


@st.composite
def _snapshots(draw: st.DrawFn, currency: str) -> OfferSnapshot:
    foreign = st.sampled_from([currency, currency, "EUR"]).flatmap(_money)
    offers = tuple(draw(st.lists(_offers(foreign), max_size=4)))
    snapshot = OfferSnapshot(
        "store/B000000001",
        "merchant",
        "store",
        "B000000001",
        offers,
        draw(_moments),
        draw(st.dictionaries(st.sampled_from(Condition), _moments, max_size=3)),
        draw(st.sampled_from([None, offers_hash(offers)])),
    )
    return as_read(OfferSnapshot, snapshot)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Store, Known]:
    """A store, and a listing of it with all that is known of it."""
    store = draw(_stores)
    known = Known(
        draw(_listings(store.currency)),
        draw(_products()),
        draw(_snapshots(store.currency) | st.none() | _snapshots(store.currency)),
        draw(st.none() | st.sampled_from(RunStatus)),
    )
    return store, known


_asked = st.sampled_from(["name", "attributeSet", "sku", "attribute.color"]).flatmap(
    lambda fact: _texts.filter(str.strip).map(lambda text: {"fact": fact, "contains": text})
) | st.sampled_from(PATHS).map(lambda path: {"fact": "category", "contains": path})
_listing_rules = st.lists(
    st.fixed_dictionaries(
        {"then": st.sampled_from(["list", "list", "keepOut"])}, optional={"when": _asked}
    ),
    max_size=3,
)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    pricing = draw(
        st.none() | whole.documents().filter(lambda document: document["kind"] == "pricing")
    )
    rules = draw(st.none() | _listing_rules)
    listing = None
    if rules is not None:
        named = [{"key": f"l{place}", **rule} for place, rule in enumerate(rules)]
        listing = {"kind": "listing", "name": "Listed", "rules": named}
    return Rulebook(_rules(listing), _rules(pricing), draw(_guardrails))


def _rules(document: dict[str, Any] | None) -> Rules | None:
    if document is None:
        return None
    source = json.dumps(document, ensure_ascii=False)
    try:
        parsed = parse(source)
    except DocumentInvalid:
        assume(False)  # some combine to more cases than are allowed
        raise
    kind = RulesetKind(document["kind"].upper())
    ruleset = Ruleset(
        *(f"{kind}-1", "merchant", "store", kind, 1, "Rules", RulesetStatus.PUBLISHED, source),
        *(parsed.content_hash, "me", NOW, NOW),
    )
    return Rules(ruleset, parsed, ReferenceMatcher(parsed))
