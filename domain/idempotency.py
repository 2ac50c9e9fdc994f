"""Idempotency keys: how a client that heard no answer asks again without doing a thing twice."""

from dataclasses import dataclass
from datetime import timedelta

KEPT = timedelta(hours=24)
"""How long a key is remembered after its request was done."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that its caller gave a key to."""

    mutation: str
    key: str
    digest: str
    """SHA-256 of the rest of the input: a key stands for one request."""
