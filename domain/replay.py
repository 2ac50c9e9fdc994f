"""Deciding a recorded decision again, from what was kept of it."""

from dataclasses import dataclass
from enum import StrEnum


class ReplayOutcome(StrEnum):
    """What deciding again comes to."""

    SAME = "SAME"
    """The same decision, byte for byte."""
    DIFFERENT = "DIFFERENT"
    """Another one: what is recorded was changed afterwards, or does not follow from what was kept."""
    NOT_KEPT = "NOT_KEPT"
    """What it was decided from was not kept yet, or cannot be read any more."""
    OTHER_VERSION = "OTHER_VERSION"
    """Another version of the program decided it; this one may decide otherwise by right."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a decision is not what deciding again comes to."""

    path: str
    """The field of `domain.decision.Decision`, and the place in it, such as ``trace.2.note``."""
    recorded: str | None
    """None where there is nothing."""
    again: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision, decided again."""

    outcome: ReplayOutcome
    differences: tuple[Difference, ...] = ()
    """Empty but where the outcome is DIFFERENT."""
