"""The process in which a rule document meets the rule engine for the first time: it may crash or hang as it likes.

Reads a pickled pair of document text and facts from its standard input, and writes the keys that match each as JSON.
"""

import faulthandler
import pickle
import sys
from collections.abc import Sequence

import orjson

from rules.document import parse
from rules.durable_engine import DurableMatcher
from rules.facts import Facts


def main() -> None:
    """Compile and match."""
    faulthandler.enable()
    given: tuple[str, Sequence[Facts]] = pickle.load(sys.stdin.buffer)  # noqa: S301  # our parent's own
    source, facts = given
    with DurableMatcher(parse(source)) as matcher:
        matched = [sorted(keys) for keys in matcher.match(facts)]
    sys.stdout.buffer.write(orjson.dumps(matched))


if __name__ == "__main__":
    main()
