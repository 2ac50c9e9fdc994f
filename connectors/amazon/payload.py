"""Reads Amazon's JSON without trusting it: what is missing or odd is None, what is unknown is ignored."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domain.clock import truncate
from domain.money import Money

Node = Mapping[str, Any]

_LONGEST = 40
_DEEPEST = 50


def parse(content: bytes | str) -> object:
    """Parse JSON with every decimal exact.

    Raises:
        ValueError: it is not JSON, or nested too deep to be read.
    """
    try:
        return json.loads(content, parse_float=Decimal)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def folded(value: object, depth: int = 0) -> object:
    """The same with all keys in lower case: Amazon spells ``SellerId`` here and ``sellerId`` there.

    What is nested deeper than anything of Amazon's is nothing.
    """
    if depth == _DEEPEST:
        return None
    if isinstance(value, dict):
        return {key.lower(): folded(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [folded(item, depth + 1) for item in value]
    return value


def node(value: object) -> Node:
    """An object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def nodes(value: object) -> list[Node]:
    """The objects of a list; none where it is something else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def text(value: object) -> str | None:
    """A string with something in it."""
    return value if isinstance(value, str) and value else None


def whole(value: object) -> int | None:
    """A whole number; ``3.0`` is one too."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or _is_odd(value):
        return None
    return int(value) if value == int(value) else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 date and time, in UTC and whole milliseconds."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return truncate(at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def iso(at: datetime) -> str:
    """A moment as Amazon's parameters take it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(amount: object, currency: object) -> Money | None:
    """An amount that may come as number or as string; None where it is not exact in its currency."""
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal | str) or _is_odd(amount):
        return None
    try:
        return Money.parse(str(amount) if isinstance(amount, int) else amount, str(currency))
    except ValueError:
        return None


def amount(value: object) -> Money | None:
    """An object with an amount and a currency, in any of Amazon's spellings."""
    told = {key.lower(): part for key, part in node(value).items()}
    return money(told.get("amount"), told.get("currencycode"))


def _is_odd(value: object) -> bool:
    """Whether a number is none, or one such as 1E+999999999, whose digits would fill the memory."""
    return isinstance(value, Decimal) and (
        not value.is_finite() or abs(value.adjusted()) > _LONGEST or len(str(value)) > _LONGEST
    )


def of_marketplace(rows: object, marketplace_id: str) -> list[Node]:
    """Those rows that speak of a marketplace."""
    return [row for row in nodes(rows) if row.get("marketplaceId") == marketplace_id]


def first(rows: Iterable[Node]) -> Node:
    """The first row, or an empty one."""
    return next(iter(rows), {})
