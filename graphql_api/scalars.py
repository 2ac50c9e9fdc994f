"""The scalars: strings with a check, exact decimals, moments in UTC."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from domain.clock import moment
from domain.money import CURRENCY_DIGITS

Sku = NewType("Sku", str)
MarketplaceItemId = NewType("MarketplaceItemId", str)
Sha256 = NewType("Sha256", str)
CurrencyCode = NewType("CurrencyCode", str)
LocalTime = NewType("LocalTime", str)
IdempotencyKey = NewType("IdempotencyKey", str)

_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,9})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def read_moment(value: object) -> datetime:
    """A moment with its zone.

    Raises:
        ValueError: without zone, or not RFC 3339.
    """
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("expected RFC 3339 with a zone, such as 2026-01-31T09:30:00Z")
    return datetime.fromisoformat(value.upper()).astimezone(UTC)


def _write_decimal(value: Decimal | str) -> str:
    written = str(value)
    return format(Decimal(value), "f") if "E" in written else written


def _read_decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError('expected a decimal in a string, such as "12.50"')
    return Decimal(value)


def _read_date(value: object) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("expected a day such as 2026-01-31")
    return date.fromisoformat(value)


def _text(name: str, description: str, pattern: str) -> ScalarDefinition:
    compiled = re.compile(pattern, re.ASCII)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(f"expected {description[0].lower()}{description[1:].rstrip('.')}")
        return value

    return strawberry.scalar(name=name, description=description, serialize=str, parse_value=read)


SCALARS: dict[Any, ScalarDefinition] = {
    Sku: _text("Sku", "A stock keeping unit of 1 to 255 characters.", r"[^\x00-\x1f]{1,255}"),
    MarketplaceItemId: _text(
        "MarketplaceItemId",
        "An item's id in the marketplace's catalogue; at Amazon the ASIN of 10 letters and digits.",
        r"[0-9A-Z]{10}",
    ),
    Sha256: _text("Sha256", "A SHA-256 digest, 64 hexadecimal digits.", r"[0-9a-f]{64}"),
    CurrencyCode: _text(
        "CurrencyCode",
        f"An ISO 4217 currency code of three capitals, such as USD; {len(CURRENCY_DIGITS)} are known.",
        r"[A-Z]{3}",
    ),
    LocalTime: _text(
        "LocalTime",
        "A time of day on the store's clock, from 00:00 to 23:59.",
        r"([01]\d|2[0-3]):[0-5]\d",
    ),
    IdempotencyKey: _text(
        "IdempotencyKey",
        "A key of 8 to 64 letters, digits, `-`, `_`, `.` and `:`, such as a UUID.",
        r"[A-Za-z0-9._:-]{8,64}",
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal in a string, such as "12.50". A JSON number is refused.',
        serialize=_write_decimal,
        parse_value=_read_decimal,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of the store's calendar, such as 2026-01-31.",
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment by RFC 3339. Given in UTC with `Z`; taken with any zone, never without.",
        serialize=moment,
        parse_value=read_moment,
    ),
}
"""What the schema calls each type, and how it is written and read."""
SURE = {moment, _write_decimal}
"""Writers that give a text for whatever they do not fail of."""
