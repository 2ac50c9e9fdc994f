"""The attributes of a product in a row of Magento's product export, prices among them."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from connectors.magento import cells
from domain.money import Money

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

SPECIAL_FROM, SPECIAL_TO = "special_price_from_date", "special_price_to_date"

T = TypeVar("T")


class BadCell(Exception):
    """The cell of `column` cannot be used; `message` says why and what would be right.

    `line` is that of its row where it is another row than the product's own.
    """

    def __init__(self, column: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is the same for all rows of a file."""

    merchant_id: str
    currency: str
    now: datetime
    price_codes: frozenset[str]
    websites: Mapping[str, Collection[str]]
    """Websites whose own prices count, in that order, with the codes of their store views."""


def read_cell(row: Mapping[str, str], column: str, read: Callable[[str], T]) -> T:
    """What a cell says.

    Raises:
        BadCell: it cannot be read.
    """
    try:
        return read(row.get(column, ""))
    except ValueError as error:
        raise BadCell(column, str(error)) from None


def attributes_of(row: Mapping[str, str]) -> dict[str, tuple[str, str]]:
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
    for code, text in read_cell(row, "additional_attributes", cells.attributes).items():
        found.setdefault(code, ("additional_attributes", text))
    return found


def prices_among(
    attributes: Mapping[str, tuple[str, str]], catalogue: Catalogue
) -> dict[str, Money]:
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
    if SPECIAL_FROM in dates and now < read_cell(dates, SPECIAL_FROM, cells.moment):
        return False
    return SPECIAL_TO not in dates or now <= read_cell(dates, SPECIAL_TO, cells.last_moment)
