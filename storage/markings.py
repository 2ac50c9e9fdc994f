"""Markings that are asked for and not carried out, in one document a store."""

from domain.marking import Marking
from storage.mongo import Scope, Update, from_document, to_document

_NAME = "markings"


async def ask(scope: Scope, store_id: str, marking: Marking) -> None:
    """Have a marking carried out. In the transaction of what makes it needed."""
    change = {"$push": {"asked": to_document(marking)}, "$inc": {"touched": 1}}
    await scope.update_each(_NAME, [Update({"_id": store_id}, change, upsert=True)])


async def touch(scope: Scope, store_id: str) -> None:
    """Collide with whoever asks for a marking of the store in another transaction at this moment."""
    await scope.update_each(
        _NAME, [Update({"_id": store_id}, {"$inc": {"touched": 1}}, upsert=True)]
    )


async def asked(scope: Scope, store_id: str) -> list[Marking]:
    """The markings of a store that are to be carried out, oldest first."""
    found = await scope.find(_NAME, {"_id": store_id}, limit=1)
    return [from_document(Marking, row) for row in found[0].get("asked", ())] if found else []


async def done(scope: Scope, store_id: str, marking: Marking) -> None:
    """Note that a marking is carried out."""
    await scope.update(_NAME, {"_id": store_id}, {"$pull": {"asked": {"_id": marking.id}}})
