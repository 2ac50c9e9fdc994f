"""A run: the prices that were decided together, judged together, and can be taken back together."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.money import Money


class RunStatus(StrEnum):
    """What became of a run's prices."""

    PASSED = "PASSED"
    """The guard-rails let them go."""
    HELD = "HELD"
    """The guard-rails hold them all until a person resumes or discards the run."""
    RESUMED = "RESUMED"
    """A person let exactly the held prices go."""
    DISCARDED = "DISCARDED"
    """A person turned the held prices down."""
    UNDOING = "UNDOING"
    """A person has them taken back; that is under way."""
    UNDONE = "UNDONE"
    """A person had them taken back."""


class RunLimit(StrEnum):
    """What guard-rails watch over a whole run; spelled as rule documents do."""

    CHANGED_SHARE = "changedShare"
    """No larger share of the catalogue gets another price at once."""
    TOTAL_FALL = "totalFall"
    """All the prices that change do not fall by more, taken together."""
    MEDIAN_FALL = "medianFall"
    """Half of the prices that change do not fall by more."""
    BELOW_COST = "belowCost"
    """Not more prices than so many are below cost."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a run breaks."""

    limit: RunLimit
    note: str
    """What was found and what is allowed, for people."""
    listing_ids: tuple[str, ...] = ()
    """The listings that count most, the worst first."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was marked in a store at one moment, or all of it. Kept where it moved a price or was held."""

    id: str
    merchant_id: str
    store_id: str
    status: RunStatus
    breaches: tuple[Breach, ...]
    """Why it was held; empty where it passed."""
    triggers: dict[str, int]
    """How many listings were due, by the reason for it."""
    up: int
    """Prices that rise, or would."""
    down: int
    first_priced: int
    """Prices of what had none before."""
    started_at: datetime
    """When it was decided; all of it by the rules, offers and stock of that moment."""
    marked_until: datetime
    """What was marked due up to then belongs to it. Clocks differ: it need not be before `started_at`."""
    ended_at: datetime | None
    """When the last of it was written; None while that is under way or was interrupted."""
    pass_for: str | None = None
    """Why all of the store was decided; None where the run was of what was marked."""
    answered_by: str | None = None
    """Who resumed, discarded or undid it."""
    answered_at: datetime | None = None
    taken_back: int = 0
    """Prices that the undoing set back, or set about to."""
    left_alone: int = 0
    """Prices that it left alone: changed again since, or the first of their listings."""
    undone_until: str = ""
    """Id of the last decision that the undoing looked at, from which it goes on."""
    costs: dict[str, Money] = field(default_factory=dict)
    """What a unit costs where its price is below that, by listing id; of a run that passed, where a limit asks."""

    @property
    def moved(self) -> int:
        """How many prices it moves, or would."""
        return self.up + self.down + self.first_priced
