"""The three worked stacks of the pricing manual (behaviour 14), published and read through the API, to the cent."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.listing import Condition, Due
from domain.offer import Offer, OfferSnapshot, snapshot_id
from rules.durable_engine import DurableMatcher
from services import repricing
from services.rulebooks import Rulebooks
from services.runtime import Runtime
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.products import PRODUCTS
from storage.stores import STORES
from tests.factories import MERCHANT, NOW, a_listing, a_product, a_store, an_offer

Ask = Callable[..., Awaitable[dict[str, Any]]]

STANDARD = """
kind: pricing
name: Two standard rules
rules:
  - {key: tenth, type: standard, priority: 1, adjust: {decrease: 10%}}
  - {key: ten-off, type: standard, priority: 2, adjust: {decrease: "10.00"}}
"""
BUY_BOX = """
kind: pricing
name: Buy Box, no lower than a fifth off
rules:
  - key: buy-box
    type: intelligent
    competitor: {source: buyBox}
    adjust: match
    floor: {source: price, decrease: 20%}
"""
LOWEST = """
kind: pricing
name: Lowest competitor in our own condition
rules:
  - key: lowest
    type: intelligent
    competitor: {source: lowest}
    adjust: match
    floor: {source: price}
"""
USED_AND_NEW = (
    an_offer("A", "17.00"),
    an_offer("B", "15.00"),
    an_offer("C", "14.00", condition=Condition.USED_VERY_GOOD),
    an_offer("D", "13.00", condition=Condition.USED_GOOD),
)


@pytest.mark.parametrize(
    ("document", "source", "offers", "expected", "steps"),
    [
        (STANDARD, "45.49", (), "30.94", ["45.49", "40.94", "30.94"]),
        (BUY_BOX, "20.00", (an_offer(price="15.00", is_buy_box_winner=True),), "16.00", ["16.00"]),
        (BUY_BOX, "15.00", (an_offer(price="15.00", is_buy_box_winner=True),), "15.00", ["15.00"]),
        (LOWEST, "10.00", USED_AND_NEW, "15.00", ["15.00"]),
    ],
    ids=["two standard rules", "Buy Box under the floor", "Buy Box", "lowest by condition"],
)
async def test_a_documented_stack_comes_out_to_the_cent(
    runtime: Runtime,
    scope: Scope,
    ask: Ask,
    document: str,
    source: str,
    offers: tuple[Offer, ...],
    expected: str,
    steps: list[str],
) -> None:
    await _on_sale(scope, source, offers)
    await _publish(ask, document)

    await repricing.reprice(_computing(runtime), scope, "store1", None)

    answer = await ask(
        """query ($store: ID!) { listingBySku(storeId: $store, sellerSku: "MUG-1") {
             wantedPrice { amount currencyCode }
             priceDecision { outcome after { amount } trace { after { amount } } } } }""",
        store=_id("Store", "store1"),
    )
    listing = answer["listingBySku"]
    assert listing["wantedPrice"] == {"amount": expected, "currencyCode": "USD"}
    assert listing["priceDecision"]["outcome"] == "CHANGE"
    assert listing["priceDecision"]["after"]["amount"] == expected
    prices = [
        step["after"]["amount"] for step in listing["priceDecision"]["trace"] if step["after"]
    ]
    assert set(steps) <= set(prices)


async def _on_sale(scope: Scope, price: str, offers: tuple[Offer, ...]) -> None:
    listing = a_listing(
        price=None, wanted_price=None, quantity=None, wanted_quantity=None, due=Due(NOW, "MATCHED")
    )
    await STORES.insert(scope, [a_store()])
    await PRODUCTS.insert(scope, [a_product(price=price)])
    await LISTINGS.insert(scope, [listing])
    asin = listing.asin or ""
    snapshot = OfferSnapshot(snapshot_id("store1", asin), MERCHANT, "store1", asin, offers, NOW)
    await SNAPSHOTS.insert(scope, [snapshot])


async def _publish(ask: Ask, document: str) -> None:
    created = await ask(
        """mutation ($input: RulesetCreateInput!) { rulesetCreate(input: $input) {
             ruleset { id } userErrors { message } } }""",
        input={"storeId": _id("Store", "store1"), "source": document},
    )
    assert created["rulesetCreate"]["userErrors"] == []
    published = await ask(
        """mutation ($input: RulesetPublishInput!) { rulesetPublish(input: $input) {
             ruleset { status } userErrors { message } } }""",
        input={"rulesetId": created["rulesetCreate"]["ruleset"]["id"]},
    )
    assert published["rulesetPublish"]["ruleset"]["status"] == "PUBLISHED"


def _computing(runtime: Runtime) -> Runtime:
    """The runtime as the process that computes prices has it."""
    return replace(runtime, rulebooks=Rulebooks(DurableMatcher))


def _id(type_: str, key: str) -> str:
    return base64.b64encode(f"{type_}:{key}".encode()).decode()
