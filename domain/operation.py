"""A long piece of work with progress and a result."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.access import AccessScope


class OperationKind(StrEnum):
    """Which work."""

    CATALOG_IMPORT = "CATALOG_IMPORT"
    """By a command, out of a file at hand."""
    PRODUCTS_IMPORT = "PRODUCTS_IMPORT"
    """By a worker, out of a file that was uploaded."""
    LISTINGS_IMPORT = "LISTINGS_IMPORT"
    MATCH = "MATCH"
    OFFERS_PULL = "OFFERS_PULL"
    EXPORT = "EXPORT"
    REPRICE = "REPRICE"
    SIMULATE = "SIMULATE"


class OperationStatus(StrEnum):
    """Whether the work ran."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"
    """Given up after an error that is not the user's."""


class OperationOutcome(StrEnum):
    """What it came to."""

    OK = "OK"
    PARTIAL = "PARTIAL"
    """Some of it could not be done; `errors` says which."""
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class OperationError:
    """One thing that could not be done, and where."""

    where: str
    """Line and column of a file, or a SKU."""
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Work that someone started and can watch, cancel and read the result of."""

    id: str
    merchant_id: str
    store_id: str | None
    kind: OperationKind
    status: OperationStatus
    outcome: OperationOutcome | None
    done: int
    total: int | None
    """None while it is not known how much there is."""
    result: dict[str, int]
    """Counts by name, such as ``created`` or ``unchanged``."""
    errors: tuple[OperationError, ...]
    """The first hundred."""
    cancel_requested: bool
    actor: str
    created_at: datetime
    updated_at: datetime
    cursor: str | None = None
    """Id of the last thing that is done, from which interrupted work goes on."""
    result_until: datetime | None = None
    """Until when the file of its id can be downloaded; None where there is none."""
    result_scopes: tuple[AccessScope, ...] = ()
    """What whoever wants that file must be allowed."""

    @property
    def is_over(self) -> bool:
        """Whether nobody works on it any more."""
        return self.status in {OperationStatus.DONE, OperationStatus.DEAD}
