"""Identifiers: sortable by the time of their making, without meaning otherwise."""

import secrets
import time
from itertools import product

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = ["".join(pair) for pair in product(_ALPHABET, repeat=2)]
_SHIFTS = range(120, -1, -10)


def new_id() -> str:
    """A fresh id of 26 characters: 48 bits of milliseconds, 80 of chance, in Crockford's base 32 (ULID)."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(secrets.token_bytes(10))
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])
