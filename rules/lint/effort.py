"""How much work an examination may do, counted and not timed, so that equal documents get equal findings."""

from dataclasses import dataclass


class Exhausted(Exception):
    """The work that is allowed is done; what was found until then stands."""


@dataclass(slots=True)
class Effort:
    """Work that is left, in units of about half a microsecond."""

    left: int

    def spend(self, units: int) -> None:
        """Count work.

        Raises:
            Exhausted: nothing is left.
        """
        self.left -= units
        if self.left < 0:
            raise Exhausted
