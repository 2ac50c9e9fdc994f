"""What a worker and the processes that take shares of its runs tell each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from domain.ruleset import RulesetKind
from domain.store import Store
from rules.new_prices import NewPrices
from services.settings import Settings
from storage.listings import Selection


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a process opens its runtime by."""

    settings: Settings
    mongodb_url: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be known of a run to take a share of it."""

    merchant_id: str
    store: Store
    ruleset_ids: Mapping[RulesetKind, str]
    """Of the rules in force when the run began, by which all of it is decided."""
    selection: Selection
    started_at: datetime
    reason: str | None
    """Why listings are decided that are not marked."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the decisions on a page come to, before anything but the marks is written."""

    page: int
    prices: NewPrices
    triggers: Counter[str]
    """How many listings were looked at for what reason."""
    settled: int
    """Listings of which nothing follows."""


class Sign(Enum):
    """What they say besides what there is to do and what came out."""

    READY = auto()
    NEXT_PAGE = auto()
    JUDGED = auto()
    GO_ON = auto()
    URGENT = auto()
    """Go on, while something urgent comes up."""
    WRITTEN = auto()
    PAUSED = auto()
