"""What guard-rails say of a run, by itself and together with what its store published within the hour before (ADR 32).

Many small runs are to reach no further than one large one.
"""

from datetime import datetime, timedelta

from domain.run import Breach
from rules.guardrails import Guardrails, judge_hour, judge_run
from rules.new_prices import NewPrice, NewPrices
from storage import decisions, listings, runs
from storage.mongo import Scope

_LENGTH = timedelta(hours=1)
_RUNS, _PRICES = 500, 1_000
"""No more are looked at, the newest first: a small run is not to wait for the sum of an hour."""


async def breaches_of(
    scope: Scope, store_id: str, rails: Guardrails, prices: NewPrices, now: datetime
) -> tuple[Breach, ...]:
    """The limits that the prices of a run break by themselves, or else together with the hour before a moment."""
    earlier = await _prices_before(scope, store_id, rails, now, len(prices))
    size, most = 0, len(prices) + len(earlier)
    if rails.changed_share_percent is not None and most >= rails.from_listings:
        size = await listings.count_of(scope, store_id)
    return judge_run(rails, prices, size) or judge_hour(rails, prices, earlier, size)


async def _prices_before(
    scope: Scope, store_id: str, rails: Guardrails, now: datetime, moving: int
) -> list[NewPrice]:
    """The prices of the hour, oldest first; none where they cannot matter to a run that moves so many."""
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
