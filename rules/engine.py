"""What a rule engine does for us: say which rules' conditions hold for which facts."""

from collections.abc import Sequence
from typing import Protocol

from rules.facts import Facts


class Matcher(Protocol):
    """The conditions of one document, ready to be asked.

    An implementation may hold memory outside Python: use it as a context manager, or close it. One process
    uses a matcher from one thread.
    """

    def match(self, batch: Sequence[Facts]) -> list[frozenset[str]]:
        """For each of the facts the keys of the active rules whose conditions hold, dates not considered."""

    def close(self) -> None:
        """Free what it holds; it cannot be used afterwards. Closing twice is closing once."""
