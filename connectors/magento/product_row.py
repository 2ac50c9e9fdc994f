"""Makes a product of one row of Magento's product export."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from connectors.magento import cells
from domain.money import Money
from domain.product import Product, ProductType, product_id

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

PRICE_CODES = frozenset(
    """
    price special_price msrp map cost
    amazon_price list_price retail_price wholesale_price min_price max_price floor_price ceiling_price
    """.split()
)
"""Attributes that hold prices. The file does not tell an attribute's type, so they are known by code."""

_COLUMN_CODES = {"msrp_price": "msrp", "map_price": "map"}
"""Columns whose name is not the code under which their value is kept."""

_FIELDS = frozenset(
    """
    sku store_view_code attribute_set_code product_type categories name product_online qty is_in_stock
    manage_stock additional_attributes
    """.split()
)
"""Columns that become fields of a product, or parts of them."""

# Texts, pictures, layout, links between products, settings of the shop's cart, and moments that
# change although the product does not. Every other column is an attribute.
_NO_ATTRIBUTE = re.compile(
    r"""
      description | short_description | meta_\w+ | \w*image\w* | hide_from_product_page
    | page_layout | custom_(design|layout|options)\w* | product_options_container | display_product_options_in
    | map_enabled | msrp_display_actual_price_type | gift_message_available
    | created_at | updated_at | new_(from|to)_date
    | (related|crosssell|upsell|associated|configurable|bundle|downloadable|giftcard)_\w+
    | use_config_\w+ | out_of_stock_qty | is_qty_decimal | allow_backorders | (min|max)_cart_qty
    | notify_on_stock_below | qty_increments | enable_qty_increments | is_decimal_divided | website_id
    """,
    re.VERBOSE,
)
_ATTRIBUTE_CODE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)

_TYPES = {kind.value.lower().replace("_", ""): kind for kind in ProductType}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = {"sku": 64, "name": 255}
"""Magento's own limits, in characters."""

T = TypeVar("T")


class BadCell(Exception):
    """The cell of `column` cannot be used; `message` says why and what would be right."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is the same for all rows of a file."""

    merchant_id: str
    currency: str
    now: datetime
    price_codes: frozenset[str]


def read_product(row: Mapping[str, str], catalogue: Catalogue) -> Product:
    """The product of a row, given its content by column without the cells that are empty.

    Stock is zero where the shop says out of stock, whatever the quantity: it would not sell it either.

    Raises:
        BadCell: the first cell that cannot be used.
    """
    sku = _text(row, "sku")
    type_ = _type(row)
    attributes = _attributes(row)
    prices = _prices(attributes, catalogue)
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
        is_enabled=_read(row, "product_online", cells.is_enabled),
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
    )
    return replace(product, content_hash=_content_hash(product))


def _read(row: Mapping[str, str], column: str, read: Callable[[str], T]) -> T:
    try:
        return read(row.get(column, ""))
    except ValueError as error:
        raise BadCell(column, str(error)) from None


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


def _attributes(row: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Column and text by attribute code, prices among them. A column of its own comes before the mixed one."""
    found = {}
    for column, text in row.items():
        code = _COLUMN_CODES.get(column, column.lower())
        if (
            column in _FIELDS
            or _NO_ATTRIBUTE.fullmatch(code)
            or not _ATTRIBUTE_CODE.fullmatch(code)
        ):
            continue
        found[code] = (column, text)
    for code, text in _read(row, "additional_attributes", cells.attributes).items():
        found.setdefault(code, ("additional_attributes", text))
    return found


def _prices(attributes: Mapping[str, tuple[str, str]], catalogue: Catalogue) -> dict[str, Money]:
    """Prices by code; a special price only while it is in force, since a price has no dates here."""
    prices = {}
    for code, (column, text) in attributes.items():
        if code not in catalogue.price_codes:
            continue
        try:
            prices[code] = cells.amount(text, catalogue.currency)
        except ValueError as error:
            raise BadCell(column, f"{code}: {error}" if column != code else str(error)) from None
    if "special_price" in prices and not _is_special_now(attributes, catalogue.now):
        del prices["special_price"]
    return prices


def _is_special_now(attributes: Mapping[str, tuple[str, str]], now: datetime) -> bool:
    dates = {code: text for code, (_, text) in attributes.items()}
    first, last = "special_price_from_date", "special_price_to_date"
    if first in dates and now < _read(dates, first, cells.moment):
        return False
    return last not in dates or now <= _read(dates, last, cells.last_moment)


def _stock(row: Mapping[str, str]) -> Decimal:
    quantity = _read(row, "qty", cells.quantity)
    in_stock = _read(row, "is_in_stock", lambda cell: cells.flag(cell, default=True))
    return quantity if in_stock else min(quantity, Decimal(0))


def _manages_stock(row: Mapping[str, str]) -> bool:
    """A product that leaves it to the shop's configuration is taken to be managed, the default there."""
    by_config = _read(row, "use_config_manage_stock", lambda cell: cells.flag(cell, default=True))
    return by_config or _read(row, "manage_stock", lambda cell: cells.flag(cell, default=True))


def _content_hash(product: Product) -> str:
    content = [
        product.id,
        product.name,
        product.type.value,
        product.attribute_set,
        product.categories,
        product.is_enabled,
        {code: str(price) for code, price in product.prices.items()},
        product.attributes,
        str(product.stock),
        product.manages_stock,
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
