"""Uploads."""

from datetime import datetime

from domain.upload import Upload
from storage.collection import Collection
from storage.mongo import Scope

UPLOADS = Collection("uploads", Upload)


async def receive(scope: Scope, id_: str, file_id: str, at: datetime) -> bool:
    """Note what was brought; false where something was brought before."""
    return await scope.update(
        UPLOADS.name,
        {"_id": id_, "file_id": None},
        {"$set": {"file_id": file_id, "received_at": at}},
    )
