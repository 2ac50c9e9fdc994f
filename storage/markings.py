"""Markings that are asked for and not carried out, in one document a store, with another beside it.

Whatever is decided collides with whoever asks for a marking, and both write one of these documents for it. What is
decided of a store at once writes one each, lest it collides with itself; whoever asks writes them all.
"""

from domain.marking import Marking
from storage.mongo import Scope, Update, from_document, to_document

LANES = 9
"""Transactions that may decide listings of one store at the same time: two in each of a worker's processes, and one."""
URGENT = LANES - 1
"""The lane of small runs, which come in between."""
_NAME = "markings"


async def ask(scope: Scope, store_id: str, marking: Marking) -> None:
    """Have a marking carried out. In the transaction of what makes it needed."""
    asked_for = Update({"_id": store_id}, {"$push": {"asked": to_document(marking)}}, upsert=True)
    await scope.update_each(
        _NAME, [*(_touched(store_id, lane) for lane in range(LANES)), asked_for]
    )


async def touch(scope: Scope, store_id: str, lane: int = 0) -> None:
    """Collide with whoever asks for a marking of the store in another transaction, or is in the lane, at this moment."""
    await scope.update_each(_NAME, [_touched(store_id, lane)])


async def asked(scope: Scope, store_id: str) -> list[Marking]:
    """The markings of a store that are to be carried out, oldest first."""
    found = await scope.find(_NAME, {"_id": store_id}, limit=1)
    return [from_document(Marking, row) for row in found[0].get("asked", ())] if found else []


async def done(scope: Scope, store_id: str, marking: Marking) -> None:
    """Note that a marking is carried out."""
    await scope.update(_NAME, {"_id": store_id}, {"$pull": {"asked": {"_id": marking.id}}})


def _touched(store_id: str, lane: int) -> Update:
    assert lane < LANES, "nobody who asks would collide with it"
    id_ = f"{store_id}/{lane}" if lane else store_id
    return Update({"_id": id_}, {"$inc": {"touched": 1}}, upsert=True)
