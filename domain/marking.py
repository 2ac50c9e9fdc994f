"""Markings: that very many listings of a store are to be decided again."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Marking:
    """What is to be marked due, and why. To mark a whole catalogue takes longer than a transaction may."""

    id: str
    reason: str
    at: datetime
    run_id: str | None = None
    """The listings whose price this run holds; None for all of the store."""
