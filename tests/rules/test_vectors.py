"""The pricing vectors of the specification, through the document text, the engine and the decision."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.decision import DecisionOutcome
from domain.listing import Condition, Fulfilment, Listing
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from domain.product import Product
from domain.store import PriceSettings, StockSettings, Store
from rules.pricing import PricingVerdict
from tests.rules.given import a_listing, a_product, a_store, an_offer, decided, offers

_FILE = Path(__file__).parents[3] / "shared" / "spec" / "price-vectors.json"
_VECTORS: list[dict[str, Any]] = json.loads(_FILE.read_text())["vectors"] if _FILE.exists() else []
_NOT_YET = {
    "business_price": "business prices come with a later issue",
    "you_save": "strike-through prices come with a later issue",
    "price_source": "website scopes come with a later issue",
}
_NO_SUCH_STORE = {
    "der-currency-zero-decimals": "no marketplace of ours uses yen",
}
_RUNNABLE = [
    vector
    for vector in _VECTORS
    if vector["kind"] not in _NOT_YET and vector["id"] not in _NO_SUCH_STORE
]


def test_every_vector_is_run_or_left_out_for_a_reason() -> None:
    if not _VECTORS:
        pytest.skip("the specification's vectors are not beside this repository")
    left_out = [each["id"] for each in _VECTORS if each not in _RUNNABLE]
    assert sorted(left_out) == sorted(
        "doc-scope-1 doc-scope-2 der-scope-nonprice-none doc-b2b-tier der-b2b-tiers"
        " der-b2b-minimum doc-you-save der-msrp-not-lower der-msrp-no-buy-box"
        " der-currency-zero-decimals".split()
    )


@pytest.mark.parametrize("vector", _RUNNABLE, ids=[each["id"] for each in _RUNNABLE])
def test_vector(vector: dict[str, Any]) -> None:
    given = vector["given"]
    verdict = decided(
        _document(vector["rules"], vector["kind"]),
        store=_store(given),
        product=_product(given),
        listing=_listing(given),
        market=_market(given),
        eligible=given.get("listing", {}).get("eligible", True),
        now=datetime.fromisoformat(given.get("now", "2020-01-15")).replace(hour=12, tzinfo=UTC),
    )
    assert _outcome(vector, verdict) == vector["expected"]


def _outcome(vector: dict[str, Any], verdict: PricingVerdict) -> object:
    kind = vector["kind"]
    if kind == "quantity":
        return verdict.quantity_after
    if str(vector["expected"]).startswith("error:"):
        is_held = verdict.outcome is DecisionOutcome.HOLD and not verdict.publishes_price
        return "error:non_positive_price" if is_held else verdict.outcome
    money = verdict.price_after
    if kind == "floor":
        money = verdict.floor
    elif kind == "ceiling":
        money = verdict.ceiling
    elif kind == "landed_price":
        snapshot = _market(vector["given"])
        money = snapshot.offers[0].landed_price if snapshot else None
    elif kind == "variance_base":
        (money,) = [step.after for step in verdict.trace if step.step == "COMPETITOR"]
    return money and money.amount


def _store(given: dict[str, Any]) -> Store:
    settings = given.get("settings", {})
    vat, currency = settings.get("vat", {}), settings.get("currency", {})
    price = PriceSettings(
        source=settings.get("price_source", "price"),
        map_attribute=settings.get("map_attribute"),
        vat_percent=Decimal(vat["percent"]) if vat.get("enabled") else None,
        currency_rate=Decimal(currency["rate"]) if currency.get("enabled") else None,
        largest_step_percent=None,
    )
    return a_store(price, StockSettings(**settings.get("stock", {})), catalog_currency=_from(given))


def _from(given: dict[str, Any]) -> str:
    """The vectors name currencies now and then; ours sell in dollars, so the catalogue is in pounds."""
    return "GBP" if given.get("settings", {}).get("currency", {}).get("enabled") else "USD"


def _product(given: dict[str, Any]) -> Product:
    product = given.get("product", {})
    attrs = dict(product.get("attrs", {"price": "10.00"}))
    texts = {code: attrs.pop(code) for code in list(attrs) if code == "color"}
    return a_product(
        attrs,
        texts,
        currency=_from(given),
        categories=[f"Default Category/{each}" for each in product.get("category_ids", [])],
        stock=product.get("stock", "5"),
        manages_stock=product.get("manage_stock", True),
    )


def _listing(given: dict[str, Any]) -> Listing:
    listing = given.get("listing", {})
    current = _usd(listing.get("current_price"))
    return replace(
        a_listing(override=_usd(listing.get("override_price")), price=current),
        condition=Condition(given.get("product", {}).get("condition", "new_new")),
        fulfilment=Fulfilment(listing.get("fulfilled_by", "merchant").upper()),
    )


def _usd(amount: str | None) -> Money | None:
    return None if amount is None else Money.parse(amount, "USD")


def _market(given: dict[str, Any]) -> OfferSnapshot | None:
    market, shipping = given.get("market"), given.get("listing", {}).get("own_shipping")
    if market is None:
        return None
    found = [_offer(row, wins=True) for row in market.get("buy_box", [])]
    found += [_offer(row, wins=False) for row in market.get("offers", [])]
    if shipping:
        found.append(an_offer("60.00", shipping=shipping, own=True))
    return offers(*found)


def _offer(row: dict[str, Any], *, wins: bool) -> Offer:
    return an_offer(
        row["listing_price"],
        shipping=row["shipping_price"],
        condition=Condition(row["condition"]),
        rating=row.get("feedback_rating"),
        count=row.get("feedback_count"),
        wins=wins,
        own=row["is_seller"],
    )


def _document(rules: list[dict[str, Any]], kind: str) -> str | None:
    """The rules as a merchant would write them; JSON, which is YAML too."""
    if kind == "ceiling" and not rules:
        rules = [_CEILING_RULE]
    found = [_rule(f"rule-{index}", rule) for index, rule in enumerate(rules)]
    return json.dumps({"kind": "pricing", "name": "Vector", "rules": found}) if rules else None


_CEILING_RULE = {
    "type": "intelligent",
    "active": True,
    "priority": 1,
    "competitor": {"source": "buy_box"},
    "action": "match",
    "floor": None,
    "ceiling": {"source": "ceiling_attr", "action": "match"},
}
"""One vector asks for the ceiling of a setting without writing a rule."""


def _rule(key: str, rule: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"key": key, "type": rule["type"], "active": rule["active"]}
    written |= {name: rule[name] for name in ("from", "to", "priority") if rule.get(name)}
    if rule.get("discard_subsequent") and rule["priority"] is not None:
        written["stop"] = True
    if rule.get("conditions") and rule["conditions"]["conditions"]:
        written["when"] = _condition(rule["conditions"])
    written["adjust"] = _adjust(rule)
    if rule["type"] == "intelligent":
        written["competitor"] = _competitor(rule["competitor"])
        written["floor"] = _bound(rule["floor"] or {"source": "price", "action": "match"})
        if rule.get("ceiling"):
            written["ceiling"] = _bound(rule["ceiling"])
    return written


def _adjust(rule: dict[str, Any]) -> Any:
    if rule["action"] == "match":
        return "match"
    sign = "%" if rule["apply"] == "percent" else ""
    return {rule["action"]: f"{rule['amount']}{sign}"}


def _bound(bound: dict[str, Any]) -> dict[str, Any]:
    change = {} if bound["action"] == "match" else {bound["action"]: f"{bound['percent']}%"}
    return {"source": bound["source"], **change}


def _competitor(competitor: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"source": competitor["source"].replace("buy_box", "buyBox")}
    if competitor["source"] == "lowest":
        written["minFeedbackRating"] = competitor.get("min_positive_feedback", 0)
        written["minFeedbackCount"] = competitor.get("min_feedback_count", 0)
    variance = competitor.get("variance", {"mode": "all"})
    modes = {"all": "all", "matching_only": "matchingOnly", "apply_variance": "variance"}
    written["conditions"] = {"mode": modes[variance["mode"]]}
    if variance.get("percents"):
        written["conditions"]["percents"] = variance["percents"]
    return written


def _condition(condition: dict[str, Any]) -> dict[str, Any]:
    if "aggregator" in condition:
        groups = {
            ("all", True): "all",
            ("any", True): "any",
            ("all", False): "none",
            ("any", False): "notAll",
        }
        word = groups[condition["aggregator"], condition["value"]]
        return {word: [_condition(each) for each in condition["conditions"]]}
    if condition["attribute"] == "category_ids":
        assert condition["operator"] == "=="
        return {"fact": "category", "contains": condition["value"]}
    assert condition["operator"] == "=="
    return {"fact": f"attribute.{condition['attribute']}", "eq": condition["value"]}
