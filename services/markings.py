"""Having very many listings decided again: asked for by whoever changes what they all depend on.

A whole catalogue cannot be marked in one transaction: MongoDB ends those that last too long. So what is written down
with the change is what is asked for. Whoever decides at that moment by what was before collides with it. A whole store
is never marked; `services.repricing` passes over it. The listings of a run are marked before repricing.
"""

from datetime import datetime

from domain.ids import new_id
from domain.marking import Marking
from storage import listings, markings
from storage.filters import Is
from storage.mongo import Scope


async def ask(
    scope: Scope, store_id: str, *, at: datetime, reason: str, run_id: str | None = None
) -> None:
    """Have all listings of a store decided again, or those whose price a run holds. In the change's transaction."""
    await markings.ask(scope, store_id, Marking(new_id(), reason, at, run_id))


async def carry_out(scope: Scope, store_id: str) -> None:
    """Mark what is asked for of runs. Whoever is killed in the middle leaves the rest to the next, who marks all again."""
    for marking in await markings.asked(scope, store_id):
        if marking.run_id is not None:
            whose = Is("held.run_id", "eq", marking.run_id)
            await listings.mark_due(scope, store_id, whose, at=marking.at, reason=marking.reason)
            await markings.done(scope, store_id, marking)


async def count_due(scope: Scope, store_id: str) -> int:
    """How many listings of a store wait to be decided: all of them while a pass over the store is asked for."""
    if await markings.asked(scope, store_id):
        return max(1, await listings.count_decidable(scope, store_id))
    return await listings.count_due(scope, store_id)
