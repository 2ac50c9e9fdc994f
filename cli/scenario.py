"""A simulated Amazon to sell a catalogue on: an item for each product, so that there is something to match."""

import base64
import hashlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from connectors.magento.product_export import read_products
from domain.clock import SystemClock
from domain.product import Product

SELLER = {
    "sellerId": "A3DEMOSELLER01",
    "name": "Demonstration seller",
    "clientId": "amzn1.application-oa2-client.demo",
    "clientSecret": "amzn1.oa2-cs.v1.demo",
    "refreshToken": "Atzr|demo",
}
SAMPLES = Path(__file__).parent.parent / "samples"
"""The catalogue and the rules that the project ships."""
_START = "2026-01-05T08:00:00Z"
_MARKET_LEVEL = Fraction(9, 10)
"""Rivals ask about this share of the shop's own price: a catalogue price alone seldom wins the Buy Box."""
_SECOND_ITEM_EVERY = 60
"""One product in so many has two items of its EAN on Amazon, as it happens there."""


def products_of(catalog: Path) -> list[Product]:
    """The products of a Magento product export that can be read."""
    rows = read_products(catalog, merchant_id="", currency="USD", now=SystemClock().now())
    return [row for row in rows if isinstance(row, Product)]


def scenario_of(name: str, seed: int, products: Iterable[Product]) -> dict[str, Any]:
    """The scenario for the simulator's control API: the same products and seed give the same one."""
    sold = sorted(
        (product for product in products if product.type.can_be_listed), key=lambda row: row.sku
    )
    items = [item for product in sold for item in _items(product)]
    digest = hashlib.sha256(repr((seed, items)).encode()).hexdigest()[:12]
    return {
        "scenarioId": f"{name}-{digest}",
        "seed": seed,
        "start": _START,
        "marketplaceId": "ATVPDKIKX0DER",
        "currency": "USD",
        "sellers": [SELLER],
        "items": items,
        "thirdPartyListings": _already_there(items),
        "market": {"changeShare": 0.05, "ordersPerTick": 6.0},
    }


def _items(product: Product) -> list[dict[str, Any]]:
    ean = product.attributes.get("ean")
    item: dict[str, Any] = {
        "asin": _asin(product.sku),
        "title": product.name,
        "brand": product.attributes.get("brand"),
        "productType": "PRODUCT",
        "identifiers": {"EAN": [ean]} if ean else {},
        "referencePrice": product.prices["price"].times(_MARKET_LEVEL).amount,
    }
    if not ean or _number(product.sku) % _SECOND_ITEM_EVERY:
        return [item]
    twin = {**item, "asin": _asin(f"{product.sku} twin"), "title": f"{product.name}, pack of 1"}
    return [item, twin]


def _already_there(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two listings that the seller made by hand before the story begins, of SKUs the catalogue does not know."""
    return [
        {
            "sellerId": SELLER["sellerId"],
            "sellerSku": f"BY-HAND-{number}",
            "asin": item["asin"],
            "price": item["referencePrice"],
            "quantity": 3,
        }
        for number, item in enumerate(items[:2], 1)
    ]


def _asin(key: str) -> str:
    digest = hashlib.sha256(key.encode()).digest()
    return "B0" + base64.b32encode(digest).decode()[:8]


def _number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
