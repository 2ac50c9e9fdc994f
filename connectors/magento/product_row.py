"""Makes a product of one row of Magento's product export."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.magento import cells
from connectors.magento.attributes import (
    BadCell,
    Catalogue,
    attributes_of,
    prices_among,
    read_cell,
)
from connectors.magento.website_prices import ViewRow, website_prices
from domain.product import Product, ProductType, content_hash, product_id

REQUIRED_COLUMNS = (
    "sku",
    "attribute_set_code",
    "product_type",
    "name",
    "product_online",
    "price",
    "qty",
)
"""Without one of these no product can be told rightly; every export of Magento's has them."""

_TYPES = {kind.value.lower().replace("_", ""): kind for kind in ProductType}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = {"sku": 64, "name": 255}
"""Magento's own limits, in characters."""


def read_product(row: Mapping[str, str], views: Sequence[ViewRow], catalogue: Catalogue) -> Product:
    """The product of a row, given its content by column without the cells that are empty.

    Of the rows of its store views only prices are read.

    Stock is zero where the shop says out of stock, whatever the quantity: it would not sell it either.

    Raises:
        BadCell: the first cell that cannot be used.
    """
    sku = _text(row, "sku")
    type_ = _type(row)
    attributes = attributes_of(row)
    prices = prices_among(attributes, catalogue)
    if type_.can_be_listed and "price" not in prices:
        raise BadCell("price", "the price is missing; write one such as 12.50")
    product = Product(
        id=product_id(catalogue.merchant_id, sku),
        merchant_id=catalogue.merchant_id,
        sku=sku,
        name=_text(row, "name"),
        type=type_,
        attribute_set=row.get("attribute_set_code", ""),
        categories=cells.categories(row.get("categories", "")),
        is_enabled=read_cell(row, "product_online", cells.is_enabled),
        prices=prices,
        attributes={
            code: text
            for code, (_, text) in attributes.items()
            if code not in catalogue.price_codes
        },
        stock=_stock(row),
        manages_stock=_manages_stock(row),
        content_hash="",
        version=1,
        created_at=catalogue.now,
        updated_at=catalogue.now,
        website_prices=website_prices(row, views, catalogue),
    )
    return replace(product, content_hash=content_hash(product))


def _text(row: Mapping[str, str], column: str) -> str:
    text = row.get(column, "")
    if not text:
        raise BadCell(column, f"the {column} is missing")
    if len(text) > _LONGEST[column]:
        raise BadCell(
            column, f"it has {len(text)} characters; at most {_LONGEST[column]} are possible"
        )
    if _CONTROL.search(text):
        raise BadCell(column, f"{text!r} has a line end or another control character; remove it")
    return text


def _type(row: Mapping[str, str]) -> ProductType:
    name = row.get("product_type", "")
    type_ = _TYPES.get(name.lower())
    if type_ is None:
        raise BadCell(
            "product_type", f"{name!r} is no product type; write one of {', '.join(_TYPES)}"
        )
    return type_


def _stock(row: Mapping[str, str]) -> Decimal:
    quantity = read_cell(row, "qty", cells.quantity)
    in_stock = read_cell(row, "is_in_stock", lambda cell: cells.flag(cell, default=True))
    return quantity if in_stock else min(quantity, Decimal(0))


def _manages_stock(row: Mapping[str, str]) -> bool:
    """A product that leaves it to the shop's configuration is taken to be managed, the default there."""
    by_config = read_cell(
        row, "use_config_manage_stock", lambda cell: cells.flag(cell, default=True)
    )
    return by_config or read_cell(row, "manage_stock", lambda cell: cells.flag(cell, default=True))
