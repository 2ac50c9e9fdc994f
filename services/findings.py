"""What rule documents should be looked at for, seen on a store's own listings."""

from dataclasses import replace

from domain.store import Store
from rules.lint import Case, Review
from services.decisions import look_up
from services.runtime import Runtime
from storage import listings
from storage.mongo import Scope

_SAMPLE = 200


async def review(runtime: Runtime, scope: Scope, store: Store, source: str) -> Review | None:
    """Examine a sound document; None where the rule engine does not get along with it.

    It takes up to some seconds, in a process of its own.
    """
    now = runtime.clock.now()
    place = replace(store, connection=None)

    async def sample() -> list[Case]:
        rows = await listings.next_decidable(scope, store.id, "", _SAMPLE)
        known = await look_up(scope, store, rows)
        return [Case(place, row.product, row.listing, row.offers, now) for row in known]

    return await runtime.examinations.of(place, source, now, sample)
