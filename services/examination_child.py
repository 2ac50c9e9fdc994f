"""The process in which a rule document is examined.

Reads a pickle of the document's text, a sample of listings, the store and the present moment from its standard
input, and writes a pickle of the review.
"""

import faulthandler
import pickle
import sys
from collections.abc import Sequence
from datetime import datetime

from domain.store import Store
from rules.document import parse
from rules.lint import Case, review


def main() -> None:
    """Examine."""
    faulthandler.enable()
    given: tuple[str, Sequence[Case], Store, datetime] = pickle.load(sys.stdin.buffer)  # noqa: S301  # our parent's own
    source, sample, store, now = given
    found = review(parse(source), sample, source=source, store=store, now=now)
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    main()
