"""Reads the products of Magento's product export, a CSV file, row by row."""

import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TypeAlias

from connectors.magento import cells
from connectors.magento.attributes import PRICE_CODES, BadCell, Catalogue
from connectors.magento.product_row import REQUIRED_COLUMNS, read_product
from connectors.magento.rows import BadRow, Row, RowReader
from connectors.magento.website_prices import ViewRow, has_prices
from domain.errors import InvalidInput
from domain.money import CURRENCY_DIGITS
from domain.product import Product

Source: TypeAlias = Path | IO[bytes] | IO[str]
"""A file, or a stream of bytes or text at its beginning; a stream is left open."""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row gave no product. The rows after it are read all the same."""

    line: int
    """Line of the file, from 1, on which the row starts."""
    column: str | None
    """None when the row as a whole is wrong."""
    sku: str | None
    message: str
    """What is wrong, and what would be right."""


class ProductExport(Iterator[Product | RowError]):
    """Products and errors of one file in its order, to be read once.

    `bytes_read` of `total_bytes` tells how far the reading is. For a stream of text both count characters.
    """

    def __init__(self, source: Source, catalogue: Catalogue) -> None:
        self.total_bytes = _size(source)
        """None where it cannot be known, as for a pipe."""
        self.line = 0
        """Line of what was given last."""
        self._lines: dict[str, int] = {}
        self._reader: RowReader | None = None
        self._items = self._read(source, catalogue)

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read."""
        return self._reader.position if self._reader else 0

    def __next__(self) -> Product | RowError:
        item = next(self._items)
        self.line = item.line if isinstance(item, RowError) else self._lines[item.sku]
        return item

    def _read(self, source: Source, catalogue: Catalogue) -> Iterator[Product | RowError]:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
            self._reader = RowReader(stream)
            yield from _read_rows(self._reader, catalogue, self._lines)


def read_products(
    source: Source,
    *,
    merchant_id: str,
    currency: str,
    now: datetime,
    price_codes: Collection[str] = PRICE_CODES,
    websites: Mapping[str, Collection[str]] | None = None,
) -> ProductExport:
    """Products of an export, read as they are asked for; a bad row comes as a `RowError` in its place.

    Prices are in `currency`, the catalogue's. A special price is among the prices while it is in force at `now`.
    Every product is version 1, made now: storage knows better. `price_codes` are the attributes to read as prices.

    Rows of a store view are no products: of them only prices are read, those of the view's website. `websites`
    names the store views of each website, in the order in which the websites' own prices count. Without it
    views belong to the product's website where it is in one only; a product with other prices is refused.

    Raises:
        InvalidInput: no such file or currency; and when the first product is asked for: an empty file,
            one that is no CSV in UTF-8, or one that lacks required columns.
    """
    if currency not in CURRENCY_DIGITS:
        raise InvalidInput(f"{currency!r} is not an ISO 4217 currency code such as USD.")
    catalogue = Catalogue(merchant_id, currency, now, frozenset(price_codes), websites or {})
    return ProductExport(source, catalogue)


def _size(source: Source) -> int | None:
    if isinstance(source, Path):
        if not source.exists() or source.is_dir():
            raise InvalidInput(f"There is no file {str(source)!r}.")
        return source.stat().st_size if source.is_file() else None
    stream = getattr(source, "buffer", source)
    if not stream.seekable():
        return None
    here: int = stream.tell()
    end: int = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return end - here


@dataclass(frozen=True, slots=True)
class _Product:
    """A product's own row, until it is known that no store view of it follows."""

    sku: str
    line: int
    cells: dict[str, str]


def _read_rows(
    reader: RowReader, catalogue: Catalogue, lines: dict[str, int]
) -> Iterator[Product | RowError]:
    """Reads all rows; `lines` is filled with the line of each product by SKU."""
    header = reader.header()
    _check(header)
    views: dict[str, list[ViewRow]] = {}
    held: _Product | None = None
    for row in reader.rows(len(header)):
        found = {} if isinstance(row, BadRow) else _content(header, row)
        sku, is_view = found.get("sku", ""), "store_view_code" in found
        if held and not (is_view and sku == held.sku):
            yield _read_row(held, views.pop(held.sku, []), catalogue)
            held = None
        if isinstance(row, BadRow):
            yield RowError(row.line, None, None, row.message)
        elif is_view and sku in lines and not held:
            yield from _late(ViewRow(row.line, found), lines[sku], catalogue)
        elif is_view:
            views.setdefault(sku, []).append(ViewRow(row.line, found))
        elif sku in lines:
            message = f"line {lines[sku]} has the same SKU; keep one row for each product"
            yield RowError(row.line, "sku", sku, message)
        else:
            held = _Product(sku, row.line, found)
            if sku:
                lines[sku] = row.line
    if held:
        yield _read_row(held, views.pop(held.sku, []), catalogue)
    for sku, rows in views.items():
        message = "all rows of this SKU are of store views; export its default values too"
        yield RowError(rows[0].line, "store_view_code", sku or None, message)


def _late(row: ViewRow, line: int, catalogue: Catalogue) -> Iterator[RowError]:
    """A store view that comes after its product was given away: its prices cannot be added any more."""
    try:
        if not has_prices(row, catalogue):
            return
    except BadCell as error:
        yield RowError(row.line, error.column, row.cells["sku"], error.message)
        return
    message = f"the prices of this store view were not read: it must follow its product on line {line} at once"
    yield RowError(row.line, "store_view_code", row.cells["sku"], message)


def _check(header: list[str]) -> None:
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        hint = " Separate columns with commas." if len(header) == 1 else ""
        raise InvalidInput(
            f"The file lacks columns of a Magento product export: {', '.join(missing)}.{hint}"
        )
    twice = dict.fromkeys(name for name in header if name and header.count(name) > 1)
    if twice:
        raise InvalidInput(f"The file names columns more than once: {', '.join(twice)}.")


def _content(header: list[str], row: Row) -> dict[str, str]:
    """What the row says, by column, without empty cells."""
    return {
        name: text
        for name, cell in zip(header, row.cells, strict=True)
        if (text := cells.content(cell))
    }


def _read_row(row: _Product, views: list[ViewRow], catalogue: Catalogue) -> Product | RowError:
    try:
        return read_product(row.cells, views, catalogue)
    except BadCell as error:
        return RowError(error.line or row.line, error.column, row.sku or None, error.message)
