"""A file that is kept for some days: what an export gave, what an import answered, what was uploaded."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class File:
    """A file that is complete; its bytes never change."""

    id: str
    merchant_id: str
    name: str
    """As it should be called on a disk."""
    size: int
    """Bytes."""
    created_at: datetime
    expires_at: datetime
    """When nobody can have it any more."""
