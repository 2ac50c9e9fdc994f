"""Chance without a shared stream: each draw follows from the names of what it is drawn for.

Two runs that ask in another order, or ask twice, draw the same.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


def digest(*parts: object, size: int = 8) -> bytes:
    """`size` bytes that follow from the parts."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=size).digest()


def fraction(*parts: object) -> float:
    """A number from 0 up to, never reaching, 1."""
    return (int.from_bytes(digest(*parts)) >> 11) / (1 << 53)


def between(low: int, high: int, *parts: object) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int.from_bytes(digest(*parts)) % (high - low + 1)


def pick(options: Sequence[T], *parts: object) -> T:
    """One of the options."""
    return options[between(0, len(options) - 1, *parts)]


def uuid(*parts: object) -> str:
    """An id in the form of a UUID."""
    return str(UUID(bytes=digest(*parts, size=16), version=4))


def poisson(mean: float, *parts: object) -> int:
    """How many of the rare events with this mean happen (inverse of the distribution function)."""
    left = fraction(*parts)
    count, term = 0, math.exp(-mean)
    while left >= term > 0:
        left -= term
        count += 1
        term *= mean / count
    return count
