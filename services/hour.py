"""What a store published within the hour before a run, which guard-rails judge together with it (ADR 32).

Many small runs are to reach no further than one large one.
"""

from datetime import datetime, timedelta

from rules.guardrails import Guardrails, NewPrice
from storage import decisions, runs
from storage.mongo import Scope

_LENGTH = timedelta(hours=1)
_RUNS, _PRICES = 500, 1_000
"""No more are looked at, the newest first: a small run is not to wait for the sum of an hour."""


async def prices_before(
    scope: Scope, store_id: str, rails: Guardrails, now: datetime, moving: int
) -> list[NewPrice]:
    """The prices of the hour before a moment, oldest first; none where they cannot matter to a run that moves so many."""
    if not moving:
        return []
    found = await runs.passed_since(scope, store_id, now - _LENGTH, _RUNS)
    costs, chosen = {}, []
    total = 0
    for run in found:
        total += run.moved
        if total > _PRICES:
            break
        chosen.append(run.id)
        costs[run.id] = run.costs
    if not any(costs.values()) and total + moving < rails.from_listings:
        return []
    return [
        NewPrice(listing_id, before, after, costs[run_id].get(listing_id))
        for run_id, listing_id, before, after in await decisions.moves_of_runs(scope, chosen)
    ]
