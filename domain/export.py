"""An export: many things of one kind as JSON Lines in a file."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ExportKind(StrEnum):
    """Things of which kind."""

    LISTINGS = "LISTINGS"
    OFFERS = "OFFERS"
    DECISIONS = "DECISIONS"
    CHANGES = "CHANGES"
    ORDERS = "ORDERS"


@dataclass(frozen=True, slots=True)
class Export:
    """What an export is to hold. Its operation and its file have the same id."""

    id: str
    merchant_id: str
    kind: ExportKind
    fields: tuple[str, ...]
    """As the API's schema spells them."""
    condition: bytes
    """Which of them, as storage keeps conditions."""
    created_at: datetime
    expires_at: datetime
