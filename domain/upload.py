"""An upload: a file that a client may bring, once."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """Room for one file of a size that is told beforehand, so that half a file never passes for a whole one."""

    id: str
    merchant_id: str
    size: int
    """Bytes."""
    actor: str
    created_at: datetime
    expires_at: datetime
    """When room and file are gone."""
    file_id: str | None = None
    """What was brought; None until all of it is there."""
    received_at: datetime | None = None
