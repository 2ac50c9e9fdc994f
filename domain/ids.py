"""Identifiers: sortable by the time of their making, without meaning otherwise."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """A fresh id of 26 characters: 48 bits of milliseconds, 80 of chance, in Crockford's base 32 (ULID)."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def made_at(id_: str) -> float:
    """When a fresh id was made, in seconds since the epoch, to a millisecond."""
    value = 0
    for character in id_:
        value = value << 5 | _ALPHABET.index(character)
    return (value >> 80) / 1000
