"""Reads nodes as typed values and gathers every mistake on the way, each with its place."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from rules.conditions import number
from rules.source import DocumentError, Items, Mapping, Node, Scalar

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)

MAX_TEXT = 200
MAX_ERRORS = 100
"""Mistakes after which reading ends: more would help nobody."""
_LARGEST = 2**63 - 1
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_FIRST_YEAR = 1970
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Wrong(Exception):
    """A value cannot be read. Caught where the value belongs to, so that reading goes on beside it."""

    def __init__(self, at: "At", message: str) -> None:
        super().__init__(message)
        self.error = at.error(message)


@dataclass(frozen=True, slots=True)
class At:
    """A node, where it is in the document, and the list in which mistakes are gathered."""

    node: Node
    path: str
    errors: list[DocumentError] = field(repr=False)
    currency: str | None = None
    """That of the store which the document is for, where it is known."""

    def error(self, message: str) -> DocumentError:
        """A mistake at this place."""
        return DocumentError(self.node.place.line, self.node.place.column, self.path, message)

    def report(self, message: str) -> None:
        """Note a mistake and go on."""
        self.errors.append(self.error(message))

    def attempt(self, read: Callable[["At"], _T]) -> _T | None:
        """What `read` makes of this node; None where it cannot, with the mistake noted."""
        try:
            return read(self)
        except Wrong as wrong:
            self.errors.append(wrong.error)
            return None

    def fields(self, allowed: Iterable[str], what: str) -> dict[str, "At"]:
        """The values of a mapping by key. Unknown keys and keys given twice are mistakes."""
        allowed = [str(key) for key in allowed]
        if not isinstance(self.node, Mapping):
            raise Wrong(self, f"{what} must be a mapping, such as {{{allowed[0]}: ...}}")
        found: dict[str, At] = {}
        for key, value in self.node.entries:
            if len(self.errors) >= MAX_ERRORS:
                break
            name = key.text[:MAX_TEXT]
            path = f"{self.path}.{name}" if self.path else name
            if key.text not in allowed:
                hint = did_you_mean(name, allowed) or f"; it can have {listed(allowed)}"
                self._at(key, path).report(f"{what} has no {name!r}{hint}")
            elif key.text in found:
                self._at(key, path).report(f"{name!r} is given twice; remove one")
            else:
                found[key.text] = self._at(value, path)
        return found

    def required(
        self, fields: dict[str, "At"], key: str, read: Callable[["At"], _T], example: str
    ) -> _T | None:
        """The value of a key that must be there; None with the mistake noted where it is not."""
        if key in fields:
            return fields[key].attempt(read)
        self.report(f"{key!r} is missing; write for example `{key}: {example}`")
        return None

    def has(self, key: str) -> bool:
        """Whether this is a mapping with a key."""
        return isinstance(self.node, Mapping) and any(
            entry.text == key for entry, _ in self.node.entries
        )

    def inner(self, key: str) -> "At":
        """The value of a key that `has` found."""
        entries = self.node.entries if isinstance(self.node, Mapping) else ()
        node = next(value for entry, value in entries if entry.text == key)
        return self._at(node, f"{self.path}.{key}")

    def items(self, what: str) -> list["At"]:
        """The items of a sequence."""
        if not isinstance(self.node, Items):
            raise Wrong(self, f"{what} must be a list, lines that start with `-`")
        return [
            self._at(item, f"{self.path}[{index}]") for index, item in enumerate(self.node.items)
        ]

    def _at(self, node: Node, path: str) -> "At":
        """A node further inside."""
        return At(node, path, self.errors, self.currency)

    def is_word(self, word: str) -> bool:
        """Whether this is one certain word."""
        return isinstance(self.node, Scalar) and self.node.text == word

    @property
    def is_null(self) -> bool:
        """Whether nothing stands here."""
        node = self.node
        return isinstance(node, Scalar) and node.is_plain and node.text in _NULLS

    @property
    def is_plain_number(self) -> bool:
        """Whether this is a number without quotes."""
        return (
            isinstance(self.node, Scalar)
            and self.node.is_plain
            and number(self.node.text) is not None
        )

    def scalar(self, what: str) -> str:
        """A single value as written. Nothing is a mistake: what is left empty may have been meant to limit."""
        if not isinstance(self.node, Scalar):
            raise Wrong(self, f"Expected {what}, not a list or a mapping")
        if self.is_null:
            raise Wrong(
                self, f"Expected {what}, but nothing is here; leave the key out to do without"
            )
        return self.node.text


def text(at: At, *, longest: int = MAX_TEXT) -> str:
    """A text that is not blank; numbers and words such as `no` are taken as written."""
    value = at.scalar("a text").strip()
    if not value:
        raise Wrong(at, "Expected a text; this one is empty")
    if len(value) > longest:
        raise Wrong(at, f"This text is longer than {longest} characters")
    return value


def flag(at: At) -> bool:
    """`true` or `false`; YAML 1.2 knows no `yes` and `no`."""
    value = at.scalar("true or false")
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise Wrong(at, f"Expected true or false, not {value[:MAX_TEXT]!r}")


def decimal(at: At) -> Decimal:
    """An exact number such as 20 or "20.00", within 64 bits."""
    written = at.scalar("a number")
    value = number(written)
    if value is None:
        raise Wrong(at, f"Expected a number such as 20 or 19.99, not {written[:MAX_TEXT]!r}")
    if abs(value) > _LARGEST:
        raise Wrong(at, "This number is too large")
    return value


def integer(at: At, least: int, most: int) -> int:
    """A whole number between two others."""
    value = decimal(at)
    if value != value.to_integral_value() or not least <= value <= most:
        raise Wrong(at, f"Expected a whole number from {least} to {most}")
    return int(value)


def day(at: At) -> date:
    """A date such as 2026-06-01."""
    written = at.scalar("a date")
    try:
        if _DATE.fullmatch(written) and (found := date.fromisoformat(written)).year >= _FIRST_YEAR:
            return found
    except ValueError:
        pass
    raise Wrong(at, f"Expected a date such as 2026-06-01, not {written[:MAX_TEXT]!r}")


def choice(at: At, choices: type[_E]) -> _E:
    """One of a few words."""
    written = at.scalar(f"one of {listed(choices)}")
    try:
        return choices(written)
    except ValueError:
        words = [each.value for each in choices]
        message = (
            f"Expected {listed(words)}, not {written[:MAX_TEXT]!r}{did_you_mean(written, words)}"
        )
        raise Wrong(at, message) from None


def listed(words: Iterable[str]) -> str:
    """Words in a row: a, b or c."""
    *most, last = [str(word) for word in words]
    return f"{', '.join(most)} or {last}" if most else last


def did_you_mean(word: str, words: Sequence[str]) -> str:
    """A hint at the nearest word; empty where none is near."""
    near = difflib.get_close_matches(word[:MAX_TEXT], words, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""
