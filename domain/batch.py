"""Many changes of one kind that are asked for together."""

from enum import StrEnum

LARGEST = 250
"""Items that one request may have."""


class ErrorPolicy(StrEnum):
    """What becomes of the others where some cannot be done."""

    REJECT_ALL = "REJECT_ALL"
    """Nothing is done."""
    SKIP_INVALID = "SKIP_INVALID"
    """They are done."""
