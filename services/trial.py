"""The trial of a rule document before it is published: the rule engine meets it in a process that may die of it.

The engine is C and can crash or hang on rules that are sound. A worker that did so would do it again after every
restart and reprice nothing any more, so a document is published only after a throw-away process compiled it and
gave the same matches as the plain evaluator for a sample of the store's own listings and products.
"""

import pickle
import sys
from collections.abc import Sequence

import orjson
import structlog

from domain.errors import TrialFailed
from domain.ruleset import RulesetKind
from domain.store import Store
from rules.conditions import ReferenceMatcher
from rules.document import parse
from rules.facts import Facts, facts_of
from services import child
from services.decisions import look_up
from storage import listings, products
from storage.mongo import Scope

log = structlog.get_logger()

SECONDS = 20.0
"""A trial takes well under one; one that takes this long hangs."""
_SAMPLE = 200
_COMMAND = (sys.executable, "-P", "-m", "services.trial_child")
_MATCHED_KINDS = frozenset({RulesetKind.LISTING, RulesetKind.PRICING})


async def try_out(
    scope: Scope, store: Store, sources: Sequence[str], *, command: Sequence[str] = _COMMAND
) -> None:
    """Have the rule engine compile documents and match a sample of the store's catalogue, in a process of its own.

    Raises:
        TrialFailed: it crashed, hung, or answered otherwise than the conditions say.
    """
    facts: list[Facts] = []
    for source in sources:
        document = parse(source)
        if document.kind not in _MATCHED_KINDS:
            continue
        facts = facts or await _sample(scope, store)
        found = await _matched(source, facts, document.name, command)
        wanted = [sorted(keys) for keys in ReferenceMatcher(document).match(facts)]
        if found != wanted:
            log.error("trial.disagrees", store=store.id, document=document.content_hash)
            raise TrialFailed(
                f"{document.name!r} is not published: the rule engine matches it otherwise than its conditions say. "
                "This is a mistake of ours; please report it with the document."
            )


async def _sample(scope: Scope, store: Store) -> list[Facts]:
    rows = await listings.next_decidable(scope, store.id, "", _SAMPLE)
    known = await look_up(scope, store, rows)
    loose = await products.next_batch(scope, "", _SAMPLE)
    return [
        Facts(
            {}
        ),  # so that the engine is asked at least once, also where the store has nothing yet
        *(facts_of(row.product, store, row.listing, row.offers) for row in known),
        *(facts_of(product, store) for product in loose),
    ]


async def _matched(
    source: str, facts: Sequence[Facts], name: str, command: Sequence[str]
) -> list[list[str]]:
    """The engine's answer, from a process that is gone afterwards."""
    try:
        ended = await child.run(command, pickle.dumps((source, facts)), SECONDS)
    except TimeoutError:
        raise TrialFailed(
            f"{name!r} is not published: the rule engine did not finish with it in {SECONDS:.0f} s."
        ) from None
    if status := ended.status:
        log.error("trial.failed", status=status, complaint=ended.complaint)
        how = f"signal {-status}" if status < 0 else f"status {status}"
        raise TrialFailed(
            f"{name!r} is not published: the rule engine broke on it ({how}). "
            "Nothing else was harmed; simplify the rules added last."
        )
    answer: list[list[str]] = orjson.loads(ended.output)
    return answer
