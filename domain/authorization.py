"""An authorisation that a seller was asked for and has not given yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LASTS = timedelta(minutes=15)
"""How long the seller has to sign in at Amazon and agree."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """One way to Amazon's consent page, good for one way back. Its times are the machine's."""

    id: str
    merchant_id: str
    store_id: str
    actor: str
    """Who asked for it."""
    expires_at: datetime
    used_at: datetime | None = None
