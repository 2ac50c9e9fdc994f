"""Marking many listings due: asked for by whoever changes what they all depend on, carried out before repricing.

A whole catalogue cannot be marked in one transaction: MongoDB ends those that last too long. So what is written down
with the change is that there is to be marked. Whoever decides at that moment by what was before collides with it.
"""

from datetime import datetime

from domain.ids import new_id
from domain.marking import Marking
from storage import listings, markings
from storage.filters import EVERYTHING, Is
from storage.mongo import Scope


async def ask(
    scope: Scope, store_id: str, *, at: datetime, reason: str, run_id: str | None = None
) -> None:
    """Have all listings of a store decided again, or those whose price a run holds. In the change's transaction."""
    await markings.ask(scope, store_id, Marking(new_id(), reason, at, run_id))


async def carry_out(scope: Scope, store_id: str) -> None:
    """Mark what was asked for. Whoever is killed in the middle leaves the rest to the next, who marks all again."""
    for marking in await markings.asked(scope, store_id):
        whose = Is("held.run_id", "eq", marking.run_id) if marking.run_id else EVERYTHING
        await listings.mark_due(scope, store_id, whose, at=marking.at, reason=marking.reason)
        await markings.done(scope, store_id, marking)


async def count_due(scope: Scope, store_id: str) -> int:
    """How many listings of a store wait to be decided; those that are still to be marked count once for each marking."""
    count = await listings.count_due(scope, store_id)
    return count + len(await markings.asked(scope, store_id))
