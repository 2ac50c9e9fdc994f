"""Files, kept in pieces beside everything else, so that any process on any host can write, go on with and serve them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from domain.file import File
from storage.collection import Collection
from storage.mongo import Document, Scope, to_document

FILES = Collection("files", File)
PIECES = "file_pieces"


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a file's last piece ends, and where its writer goes on after it."""

    number: int = -1
    end: int = 0
    done: int = 0
    """How much of the work is done with it."""
    place: Any = None
    """Whatever the writer needs to go on; plain values."""

    def after(self, data: bytes, done: int, place: Any) -> "Piece":
        """The piece that follows."""
        return Piece(self.number + 1, self.end + len(data), done, place)


NOTHING = Piece()
"""What a file has before its first piece."""


async def append(
    scope: Scope, file_id: str, piece: Piece, data: bytes, expires_at: datetime
) -> bool:
    """Add a piece; false where somebody else added one of its number."""
    row = {
        "_id": f"{file_id}/{piece.number:08}",
        "merchant_id": scope.merchant_id,
        "file_id": file_id,
        "number": piece.number,
        "end": piece.end,
        "done": piece.done,
        "place": piece.place,
        "data": data,
        "expires_at": expires_at,
    }
    try:
        await scope.insert(PIECES, [row])
    except DuplicateKeyError:
        return False
    return True


async def last(scope: Scope, file_id: str) -> Piece:
    """The last piece that a file has."""
    found = await scope.find(
        PIECES,
        {"file_id": file_id},
        fields=["number", "end", "done", "place"],
        sort=[("end", -1)],
        limit=1,
    )
    return _piece(found[0]) if found else NOTHING


async def complete(scope: Scope, file: File) -> None:
    """Say that all pieces of a file are there; what is complete stays as it is."""
    await scope.insert_new(FILES.name, [to_document(file)])


async def read(scope: Scope, file_id: str, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes of a file from `start` to before `end`, piece by piece; less where it expired meanwhile."""
    while start < end:
        found = await scope.find(
            PIECES,
            {"file_id": file_id, "end": {"$gt": start}},
            fields=["end", "data"],
            sort=[("end", 1)],
            limit=1,
        )
        if not found:
            return
        data, after = found[0]["data"], found[0]["end"]
        first = after - len(data)
        yield data[start - first : end - first]
        start = after


async def discard(scope: Scope, file_id: str) -> None:
    """Remove a file; none of it is served from the first moment on."""
    await scope.delete(FILES.name, {"_id": file_id})
    await scope.delete(PIECES, {"file_id": file_id})


def _piece(row: Document) -> Piece:
    return Piece(row["number"], row["end"], row["done"], row["place"])
