"""What single cells of a Magento product export say. Each function raises ValueError with what would be right."""

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from domain.money import CURRENCY_DIGITS, Money

# What an export with its option "fields enclosure" writes: every value in quotes, quotes in it doubled,
# the values of a multiple choice each in quotes with a bar between them.
_ENCLOSED = re.compile(r'"(?:[^"]|"")*+"(?:\|"(?:[^"]|"")*+")*+(?=,|\Z)')
_ENCLOSED_PART = re.compile(r'"((?:[^"]|"")*+)"')
_CODE = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=")
_NEXT_CODE = re.compile(r",(?=[A-Za-z][A-Za-z0-9_]*=)")
_COMMA = re.compile(r"(?<!\\),")
_QUANTITY = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)

_EMPTY = "__EMPTY__VALUE__"
"""How Magento writes that an attribute is to have no value."""

_YES = frozenset({"1", "yes", "true"})
_NO = frozenset({"0", "no", "false"})
_ENABLED = frozenset({"1", "enabled", "yes", "true"})
_DISABLED = frozenset({"0", "2", "disabled", "no", "false"})

_MOMENTS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%m/%d/%y",
    "%m/%d/%Y",
    "%m/%d/%y, %I:%M %p",
    "%m/%d/%Y, %I:%M %p",
)


def content(cell: str) -> str:
    """The cell without the space around it, which Magento puts before a leading ``=``, ``+`` or ``-``."""
    text = cell.strip()
    return "" if text == _EMPTY else text


def attributes(cell: str) -> dict[str, str]:
    """Values by attribute code of a cell such as ``size=XS,material=Wool, cotton``.

    A comma belongs to the value unless an attribute code and ``=`` follow it at once. A value that
    stands in quotes is taken out of them. Several choices keep the bar between them: ``Red|Blue``.
    Codes are lower case; attributes without a value are left out.
    """
    found = {}
    at = 0
    while at < len(cell):
        code = _CODE.match(cell, at)
        if code is None:
            raise ValueError(
                f"{cell[at : at + 40]!r} does not start with a code, as in color=Black"
            )
        value, at = _value(cell, code.end())
        if value := content(value):
            found[code[1].lower()] = value
    return found


def _value(cell: str, start: int) -> tuple[str, int]:
    """The value that starts there, and where the next code starts."""
    if enclosed := _ENCLOSED.match(cell, start):
        parts = _ENCLOSED_PART.findall(enclosed[0])
        return "|".join(part.replace('""', '"') for part in parts), enclosed.end() + 1
    following = _NEXT_CODE.search(cell, start)
    end = following.start() if following else len(cell)
    return cell[start:end], end + 1


def categories(cell: str) -> tuple[str, ...]:
    r"""Paths of a cell such as ``Default Category/Men,Default Category/Sale``, each once.

    A comma in a name may be written ``\,``. Magento itself does not mark it, so a piece that starts
    with a space and not with the first path's root is taken for the rest of a name.
    """
    root = cell.strip().partition("/")[0]
    paths: list[str] = []
    for piece in _COMMA.split(cell):
        if paths and piece[:1].isspace() and piece.strip().partition("/")[0] != root:
            paths[-1] += "," + piece
        else:
            paths.append(piece)
    return tuple(dict.fromkeys(path.replace("\\,", ",").strip() for path in paths if path.strip()))


def amount(cell: str, currency: str) -> Money:
    """A price of zero or more, such as ``12.50``."""
    try:
        money = Money.parse(cell, currency)
    except ValueError:
        digits = CURRENCY_DIGITS[currency]
        example = f"12.{'5':0<{digits}}" if digits else "12"
        raise ValueError(
            f"{cell!r} is not a price; write digits with at most {digits} decimals after a point, as in {example}"
        ) from None
    if money.minor < 0:
        raise ValueError(f"{cell!r} is negative; a price is zero or more")
    return money


def quantity(cell: str) -> Decimal:
    """Stock such as ``100`` or ``2.5000``, below zero where backorders are; nothing is zero."""
    if not cell:
        return Decimal(0)
    if not _QUANTITY.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a quantity; write a number such as 100 or 2.5")
    whole, _, decimals = cell.partition(".")
    decimals = decimals.rstrip("0")
    number = Decimal(f"{whole}.{decimals}" if decimals else whole)
    return number or Decimal(0)


def flag(cell: str, *, default: bool) -> bool:
    """Yes (``1``) or no (``0``); nothing is the default."""
    return default if not cell else _choose(cell, _YES, _NO, "1 for yes or 0 for no")


def is_enabled(cell: str) -> bool:
    """Magento's product status: ``1`` is enabled, ``2`` disabled, and imports take ``0`` for that too."""
    return _choose(cell, _ENABLED, _DISABLED, "1 for enabled or 2 for disabled")


def _choose(cell: str, yes: frozenset[str], no: frozenset[str], right: str) -> bool:
    word = cell.lower()
    if word not in yes and word not in no:
        raise ValueError(f"{cell!r} is not possible here; write {right}")
    return word in yes


def moment(cell: str) -> datetime:
    """A date, with a time or without, as databases or Magento's English (US) exports write it; taken as UTC."""
    text = " ".join(cell.split())
    for form in _MOMENTS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"{cell!r} is not a date; write it as 2026-01-31 or 1/31/26")


def last_moment(cell: str) -> datetime:
    """The end of a period: a date without a time counts to the end of its day, as in Magento."""
    end = moment(cell)
    return end if end.time() != time.min else end + timedelta(days=1, microseconds=-1)
