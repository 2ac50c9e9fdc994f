"""Authorisations that sellers were asked for."""

from datetime import datetime

from domain.authorization import Authorization
from storage.collection import Collection
from storage.mongo import Scope

AUTHORIZATIONS = Collection("authorizations", Authorization)


async def use(scope: Scope, id_: str, at: datetime) -> bool:
    """Mark one as used; False where it was used before, ran out, or is not this merchant's."""
    where = {"_id": id_, "used_at": None, "expires_at": {"$gt": at}}
    return await scope.update(AUTHORIZATIONS.name, where, {"$set": {"used_at": at}})
