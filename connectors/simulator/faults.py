"""Trouble on command: server errors, empty answers, lost connections, slowness."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from connectors.simulator.chance import fraction


class FaultKind(StrEnum):
    """What goes wrong."""

    ERROR_500 = "500"
    """A JSON error of code InternalFailure; the request has no effect."""
    HTML_503 = "503"
    """A web page with status 503; the request has no effect."""
    EMPTY_200 = "empty"
    """Status 200 without a body. The request takes effect."""
    THROTTLE = "429"
    """QuotaExceeded; the request has no effect."""
    FORBIDDEN = "403"
    """Access is denied, as where the application lacks the operation's role."""
    RESET = "reset"
    """The connection breaks in mid-answer. The request takes effect."""
    SLOW = "slow"
    """The answer waits `seconds` of real time."""


class FaultRule(BaseModel):
    """One rule: which operation, what trouble, how often. `next` counts down, `probability` stays."""

    model_config = ConfigDict(extra="forbid")

    operation: str
    """An operation id, or ``*`` for all."""
    kind: FaultKind
    probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    next: Annotated[int, Field(ge=0)] = 0
    """This many calls from now on are hit, whatever the probability."""
    seconds: Annotated[float, Field(ge=0, le=60)] = 1.0


@dataclass(slots=True)
class Faults:
    """The rules in force. The first that strikes decides."""

    rules: list[FaultRule] = field(default_factory=list)
    _calls: int = 0

    def strike(self, seed: int, operation: str) -> FaultRule | None:
        """The trouble that this call meets."""
        self._calls += 1
        for place, rule in enumerate(self.rules):
            if rule.operation not in {operation, "*"}:
                continue
            if rule.next > 0:
                rule.next -= 1
                return rule
            if fraction(seed, "fault", operation, place, self._calls) < rule.probability:
                return rule
        return None
