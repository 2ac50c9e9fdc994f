"""What crosses the wire: exact numbers, error bodies, arrays in query strings, paging tokens."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connectors.simulator.chance import digest
from domain.money import Money

JsonObject = dict[str, Any]

_LONGEST_NUMBER = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with a status other than 200: its JSON body."""

    status: int
    body: Any


class SpApiError(Exception):
    """A refusal in the form that all SP-API operations share."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errors": [{"code": code, "message": message, "details": details}]}


def invalid(message: str) -> SpApiError:
    """400 with the code that most operations use for a parameter that cannot be."""
    return SpApiError(400, "InvalidInput", message)


def dumps(value: object, *, sort_keys: bool = False) -> bytes:
    """JSON with decimals written digit for digit."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_SORT_KEYS if sort_keys else None)


def loads(body: bytes) -> Any:
    """JSON in which a number with a point is a Decimal.

    Raises:
        ValueError: not JSON, or with something that could not be written out again: half a
            surrogate pair, a number of more than 64 bits or 30 digits.
    """
    if b"\\u" in body:
        orjson.loads(body)
    return json.loads(body, parse_int=_whole, parse_float=_decimal, parse_constant=_no_constant)


def read_object(body: bytes) -> JsonObject:
    """The JSON object of a request; raises the 400 that a broken body earns."""
    try:
        value = loads(body)
    except ValueError as error:
        raise invalid("The request body is not JSON.") from error
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.")
    return value


def number(minor: int, currency: str) -> orjson.Fragment:
    """An amount as a JSON number with all of the currency's digits."""
    return orjson.Fragment(Money(minor, currency).amount)


def amount_object(minor: int, currency: str) -> JsonObject:
    """Money as pricing and notifications write it: capitalised, with a number."""
    return {"CurrencyCode": currency, "Amount": number(minor, currency)}


def text_amount(minor: int, currency: str) -> JsonObject:
    """Money as listings and orders write it: a decimal in a string."""
    return {"currencyCode": currency, "amount": Money(minor, currency).amount}


class Query:
    """The query string of one request."""

    def __init__(self, raw: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str | None:
        """The parameter's value; None when it is not there or empty."""
        return (self._values.get(name) or [""])[-1] or None

    def names(self) -> set[str]:
        """The parameters that there are."""
        return set(self._values)

    def many(self, name: str, *, most: int | None = None) -> list[str]:
        """A comma-joined or repeated parameter; refuses more than `most` values."""
        found = [
            part
            for value in self._values.get(name, ())
            for part in value.split(",")
            if part.strip()
        ]
        if most is not None and len(found) > most:
            raise invalid(f"{name} takes at most {most} values.")
        return found

    def choices(self, name: str, allowed: frozenset[str], default: str | None = None) -> set[str]:
        """An array of enumerated values."""
        found = set(self.many(name)) or ({default} if default else set())
        if unknown := found - allowed:
            raise invalid(f"{name} does not take {min(unknown)!r}.")
        return found

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number between two bounds."""
        text = self.one(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}.")
        return int(text)

    def fingerprint(self, *, without: frozenset[str]) -> str:
        """What a paging token is bound to: every parameter but those named."""
        bound = sorted((name, v) for name, v in self._values.items() if name not in without)
        return digest(bound).hex()


def paging_token(content: Mapping[str, object]) -> str:
    """An opaque token."""
    return base64.urlsafe_b64encode(dumps(content)).decode().rstrip("=")


def read_token(token: str, bound_to: str) -> JsonObject:
    """What a token holds; refuses one that was given for another request."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError) as error:
        raise invalid("The paging token is not valid.") from error
    if not isinstance(content, dict) or content.get("for") != bound_to:
        raise invalid("The paging token does not belong to this request.")
    return content


def _exact(value: object) -> object:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is not JSON")


def _whole(text: str) -> int:
    value = int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{text} is too large")
    return value


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if abs(value.adjusted()) > _LONGEST_NUMBER or len(text) > _LONGEST_NUMBER:
        raise ValueError(f"{text} is too long")
    return value


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")
