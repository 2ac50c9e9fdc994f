"""API keys."""

from collections.abc import Mapping
from datetime import datetime

from domain.api_key import ApiKey
from storage.collection import Collection
from storage.filters import Is
from storage.mongo import Database, Scope, from_document, to_field

API_KEYS = Collection("api_keys", ApiKey)


async def look_up(database: Database, id_: str) -> ApiKey | None:
    """The key of an id, whosever it is: it is the key that tells whose request it is."""
    found = await database.handle[API_KEYS.name].find_one({"_id": id_})
    return from_document(ApiKey, found) if found else None


async def any_stands(scope: Scope) -> bool:
    """Whether the merchant has a key that nobody revoked; one that has expired counts."""
    return bool(await API_KEYS.find(scope, Is("revoked_at", "eq", None), limit=1))


async def note_use(scope: Scope, id_: str, at: datetime) -> None:
    """Note that a key was used; moments only move forwards."""
    await scope.update(API_KEYS.name, {"_id": id_}, {"$max": {"last_used_at": at}})


async def change(scope: Scope, key: ApiKey, fields: Mapping[str, object]) -> bool:
    """Set fields of a key that is as it was read; false where it was rotated or revoked meanwhile."""
    return await scope.update(
        API_KEYS.name,
        {"_id": key.id, "digest": key.digest, "revoked_at": None},
        {"$set": {name: to_field(value) for name, value in fields.items()}},
    )
