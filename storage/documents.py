"""GraphQL documents that clients name by their hash instead of sending them again."""

from datetime import datetime, timedelta

from storage.mongo import Scope

_NAME = "documents"
KEPT = timedelta(days=30)
"""How long a document is kept after it was last sent in full."""


async def find(scope: Scope, digest: str) -> str | None:
    """The text of a document by its SHA-256; None where the merchant's clients never sent it."""
    found = await scope.find(_NAME, {"_id": _id(scope, digest)}, limit=1)
    return found[0]["text"] if found else None


async def keep(scope: Scope, digest: str, text: str, at: datetime) -> None:
    """Remember a document."""
    row = {"_id": _id(scope, digest), "merchant_id": scope.merchant_id, "text": text}
    await scope.insert_new(_NAME, [row])
    await scope.update(_NAME, {"_id": row["_id"]}, {"$set": {"kept_at": at}})


def _id(scope: Scope, digest: str) -> str:
    return f"{scope.merchant_id}/{digest}"
