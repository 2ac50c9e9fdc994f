"""Reads products of JSON Lines: an object a line, strictly, one after the other, whatever is wrong with some.

`docs/bulk.md` has the form. Amounts and stock are decimals in strings: a JSON number is refused, since programs on its
way may have made a float of it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import IO, Any, TypeVar

from connectors.magento import cells
from connectors.magento.product_export import RowError
from domain.errors import InvalidInput
from domain.money import CURRENCY_DIGITS, Money
from domain.product import Product, ProductType, WebsitePrices, content_hash, product_id

LONGEST = 2 * 1024 * 1024
"""Bytes of a line."""

_BOM = b"\xef\xbb\xbf"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_NAME = re.compile(r"\w{1,60}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FIELDS = frozenset(
    """
    sku name type attributeSet categories isEnabled prices websitePrices attributes stock isStockManaged
    """.split()
)

T = TypeVar("T")


class _Bad(Exception):
    """A line cannot be used because of what stands at `field`, a path with points."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class _Number(str):
    """A number as it was written, which is not read as one."""

    __slots__ = ()


class ProductLines(Iterator[Product | RowError]):
    """Products and errors of one file in its order, to be read once; lines without content are left out."""

    def __init__(
        self, source: IO[bytes], *, merchant_id: str, currency: str, now: datetime
    ) -> None:
        """Prices are in `currency`. Every product is version 1, made now: storage knows better.

        Raises:
            InvalidInput: no such currency.
        """
        if currency not in CURRENCY_DIGITS:
            raise InvalidInput(f"{currency!r} is not an ISO 4217 currency code such as USD.")
        self.line = 0
        """Line of what was given last."""
        self._source = source
        self._merchant_id = merchant_id
        self._currency = currency
        self._now = now
        self._lines: dict[str, int] = {}

    def __next__(self) -> Product | RowError:
        while text := self._source.readline(LONGEST + 1):
            self.line += 1
            if len(text) > LONGEST:
                self._skip(text)
                return RowError(self.line, None, None, f"the line is longer than {LONGEST} bytes")
            if self.line == 1:
                text = text.removeprefix(_BOM)
            if text.strip():
                return self._read(text)
        raise StopIteration

    def _skip(self, text: bytes) -> None:
        """Read on to the end of a line."""
        while text and not text.endswith(b"\n"):
            text = self._source.readline(LONGEST)

    def _read(self, text: bytes) -> Product | RowError:
        sku = None
        try:
            row = _object(text)
            sku = _word(row, "sku", 64)
            self._meet(sku)
            product = self._product(row, sku)
        except _Bad as error:
            return RowError(self.line, error.field, sku, error.message)
        return product

    def _meet(self, sku: str) -> None:
        line = self._lines.setdefault(sku, self.line)
        if line != self.line:
            raise _Bad("sku", f"line {line} has the same SKU; keep one line for each product")

    def _product(self, row: dict[str, Any], sku: str) -> Product:
        for name in row:
            if name not in _FIELDS:
                known = ", ".join(sorted(_FIELDS))
                where = name if _NAME.fullmatch(name) else None
                raise _Bad(where, f"there is no field {name!r}; there are {known}")
        type_ = _type(row)
        prices = self._prices(row.get("prices", {}), "prices")
        if type_.can_be_listed and "price" not in prices:
            raise _Bad("prices.price", 'the price is missing; write one such as "12.50"')
        product = Product(
            id=product_id(self._merchant_id, sku),
            merchant_id=self._merchant_id,
            sku=sku,
            name=_word(row, "name", 255),
            type=type_,
            attribute_set=_text(row.get("attributeSet", ""), "attributeSet"),
            categories=_categories(row),
            is_enabled=_flag(row, "isEnabled"),
            prices=prices,
            attributes=_attributes(row),
            stock=_stock(row),
            manages_stock=_flag(row, "isStockManaged"),
            content_hash="",
            version=1,
            created_at=self._now,
            updated_at=self._now,
            website_prices=self._website_prices(row),
        )
        return replace(product, content_hash=content_hash(product))

    def _prices(self, given: object, field: str) -> dict[str, Money]:
        prices = {}
        for code, text in _mapping(given, field).items():
            where = _coded(code, field)
            amount = _decimal(text, where)
            prices[code] = _try(partial(cells.amount, amount, self._currency), where)
        return prices

    def _website_prices(self, row: dict[str, Any]) -> tuple[WebsitePrices, ...]:
        found: dict[str, WebsitePrices] = {}
        for place, given in enumerate(_list(row.get("websitePrices", []), "websitePrices")):
            field = f"websitePrices.{place}"
            each = _mapping(given, field)
            if set(each) != {"website", "prices"}:
                raise _Bad(field, "write an object with `website` and `prices`, and nothing else")
            website = _word(each, "website", 64, field=f"{field}.website")
            if website in found:
                raise _Bad(f"{field}.website", f"{website!r} comes twice")
            prices = self._prices(each["prices"], f"{field}.prices")
            if prices:
                found[website] = WebsitePrices(website, place + 1, prices)
        return tuple(found.values())


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            text.decode(),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refused,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError as error:
        message = (
            f"byte 0x{text[error.start]:02X} is not UTF-8; save the file in the encoding UTF-8"
        )
        raise _Bad(None, message) from None
    except RecursionError:
        raise _Bad(None, "the line is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _Bad(None, f"the line is no JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(found, dict):
        raise _Bad(None, 'the line is no JSON object such as {"sku": "MUG-1", ...}')
    return found


def _refused(name: str) -> object:
    raise _Bad(None, f"{name} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Bad(None, f"{twice!r} comes twice in one object")
    return found


def _word(row: Mapping[str, Any], name: str, longest: int, *, field: str | None = None) -> str:
    """A text that must be there, on one line."""
    where = field or name
    text = _text(row.get(name, ""), where).strip()
    if not text:
        raise _Bad(where, f"the {name} is missing")
    if len(text) > longest:
        raise _Bad(where, f"it has {len(text)} characters; at most {longest} are possible")
    if _CONTROL.search(text):
        raise _Bad(where, f"{text!r} has a line end or another control character; remove it")
    return text


def _text(given: object, field: str) -> str:
    if not isinstance(given, str) or isinstance(given, _Number):
        raise _Bad(field, "write a text in quotes")
    if "\0" in given or any("\ud800" <= letter <= "\udfff" for letter in given):
        raise _Bad(field, "the text has a NUL or half a character; remove it")
    return given


def _type(row: dict[str, Any]) -> ProductType:
    name = _text(row.get("type", ProductType.SIMPLE.value), "type")
    if name not in set(ProductType):
        raise _Bad("type", f"{name!r} is no product type; write one of {', '.join(ProductType)}")
    return ProductType(name)


def _categories(row: dict[str, Any]) -> tuple[str, ...]:
    given = _list(row.get("categories", []), "categories")
    paths = (_text(path, f"categories.{place}").strip() for place, path in enumerate(given))
    return tuple(dict.fromkeys(path for path in paths if path))


def _attributes(row: dict[str, Any]) -> dict[str, str]:
    """Values by code; without those that are empty."""
    found = {}
    for code, value in _mapping(row.get("attributes", {}), "attributes").items():
        where = _coded(code, "attributes")
        if text := _text(value, where).strip():
            found[code] = text
    return found


def _coded(code: str, field: str) -> str:
    """The path to what stands under a code."""
    if not _CODE.fullmatch(code):
        raise _Bad(field, f"{code!r} is no attribute code such as list_price")
    return f"{field}.{code}"


def _stock(row: dict[str, Any]) -> Decimal:
    if "stock" not in row:
        raise _Bad("stock", 'the stock is missing; write one such as "100"')
    text = _decimal(row["stock"], "stock")
    return _try(partial(cells.quantity, text), "stock")


def _decimal(given: object, field: str) -> str:
    if isinstance(given, _Number):
        raise _Bad(field, f'write the number in quotes, "{given}", so that it stays exact')
    text = _text(given, field)
    if not text:
        raise _Bad(field, 'it is empty; write a number in quotes, such as "12.50"')
    return text


def _flag(row: dict[str, Any], name: str) -> bool:
    given = row.get(name, True)
    if not isinstance(given, bool):
        raise _Bad(name, "write true or false")
    return given


def _mapping(given: object, field: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _Bad(field, 'write an object such as {"price": "12.50"}')
    return given


def _list(given: object, field: str) -> list[Any]:
    if not isinstance(given, list):
        raise _Bad(field, "write a list such as [...]")
    return given


def _try(read: Callable[[], T], field: str) -> T:
    try:
        return read()
    except ValueError as error:
        raise _Bad(field, str(error)) from None
