"""Listings as lines: what stands in a listing itself. What it refers to is another kind of export."""

from collections.abc import Iterator
from typing import Any

from domain.global_id import Kind
from domain.listing import Condition
from services.lines.columns import (
    Children,
    Column,
    Json,
    Row,
    amount,
    business_of,
    inner,
    mapped,
    maybe_money,
    moment_at,
    moment_of,
    money_of,
    named,
    plain,
    reference,
)
from services.lines.shape import Shape
from storage.listings import LISTINGS


def _issues(row: Row) -> Iterator[Json]:
    for issue in row["issues"]:
        yield {
            "code": issue["code"],
            "message": issue["message"],
            "severity": issue["severity"],
            "attributeNames": issue["attributes"],
        }


def _override(stored: Row) -> Json:
    return {
        "price": money_of(stored["price"]),
        "actor": stored["actor"],
        "setAt": moment_of(stored["set_at"]),
    }


def _wanted(name: str, write: Any) -> Column:
    """A part of what was told with the wanted price."""
    found = inner("wanted_terms", name)
    return Column(
        found.paths, lambda rows: [value and write(value) for value in found.values(rows)]
    )


def _due_at() -> Column:
    found = inner("due", "at")
    return Column(found.paths, lambda rows: [at and moment_of(at) for at in found.values(rows)])


LINES = Shape(
    Kind.LISTING,
    LISTINGS.name,
    {
        "store": reference("store_id", Kind.STORE),
        "product": reference("product_id", Kind.PRODUCT),
        "sellerSku": plain("seller_sku"),
        "asin": plain("asin"),
        "title": plain("title"),
        "marketplaceProductType": plain("product_type"),
        "condition": named("condition", Condition),
        "marketplaceCondition": plain("condition"),
        "fulfilment": plain("fulfilment"),
        "status": plain("status"),
        "reason": plain("reason"),
        "candidates": plain("candidates"),
        "issues": Children("issues", "Issue", _issues),
        "price": amount("price"),
        "businessPrice": mapped("business", business_of),
        "listPrice": amount("list_price"),
        "quantity": plain("quantity"),
        "wantedPrice": amount("wanted_price"),
        "wantedBusinessPrice": _wanted("business", business_of),
        "wantedListPrice": _wanted("list_price", maybe_money),
        "wantedQuantity": plain("wanted_quantity"),
        "override": mapped("override", _override),
        "isBuyBoxOwner": plain("owns_buy_box"),
        "hold": plain("hold"),
        "dueAt": _due_at(),
        "dueReason": inner("due", "reason"),
        "version": plain("version"),
        "createdAt": moment_at("created_at"),
        "updatedAt": moment_at("updated_at"),
    },
    batch=2_000,
)
