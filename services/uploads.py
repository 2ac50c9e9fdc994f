"""Uploads: a client says how large its file is, gets an address for it, and sends it there."""

from collections.abc import AsyncIterator
from datetime import timedelta

from domain.clock import SystemClock
from domain.errors import Conflict, InvalidInput
from domain.file import File
from domain.ids import new_id
from domain.upload import Upload
from storage import files, uploads
from storage.mongo import Scope
from storage.uploads import UPLOADS

LARGEST = 512 * 1024 * 1024
"""Bytes of a file."""
KEPT = timedelta(days=1)
"""For how long there is room for a file, and then the file."""
_PIECE = 1024 * 1024

# Uploads expire by the machine's time, also where business time is virtual.
_machine = SystemClock()


async def create(scope: Scope, size: int, *, actor: str) -> Upload:
    """Make room for a file.

    Raises:
        InvalidInput: no file is of that size, or it is too large.
    """
    if not 1 <= size <= LARGEST:
        raise InvalidInput(
            f"A file has 1 to {LARGEST} bytes; split a larger one.", field=("input", "byteCount")
        )
    now = _machine.now()
    upload = Upload(new_id(), scope.merchant_id, size, actor, now, now + KEPT)
    await UPLOADS.insert(scope, [upload])
    return upload


async def receive(
    scope: Scope, upload_id: str, body: AsyncIterator[bytes], *, told: int | None
) -> None:
    """Keep the file of an upload, all of it or nothing; `told` is the size that the client announces now.

    Raises:
        NotFound: there is no room for it any more.
        Conflict: a file was received before.
        InvalidInput: the file is not of the size that was told when room was made; code TOO_LARGE where it is larger.
    """
    upload = await UPLOADS.require(scope, upload_id)
    if upload.file_id is not None:
        raise _had_before()
    if told is not None and told != upload.size:
        raise _of_other_size(upload, told)
    file_id = new_id()
    try:
        await _keep(scope, upload, file_id, body)
    except BaseException:  # also where the client goes away in the middle
        await files.discard(scope, file_id)
        raise


async def _keep(scope: Scope, upload: Upload, file_id: str, body: AsyncIterator[bytes]) -> None:
    piece = files.NOTHING
    async for data in _pieces(body):
        piece = piece.after(data, 0, None)
        if piece.end > upload.size:
            raise _of_other_size(upload, piece.end)
        await files.append(scope, file_id, piece, data, upload.expires_at)
    if piece.end != upload.size:
        raise _of_other_size(upload, piece.end)
    now = _machine.now()
    file = File(file_id, scope.merchant_id, "upload", piece.end, now, upload.expires_at)
    await files.complete(scope, file)
    if not await uploads.receive(scope, upload.id, file_id, now):
        raise _had_before()


async def _pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of a size to be kept."""
    waiting = bytearray()
    async for data in body:
        waiting += data
        while len(waiting) >= _PIECE:
            yield bytes(waiting[:_PIECE])
            del waiting[:_PIECE]
    if waiting:
        yield bytes(waiting)


def _had_before() -> Conflict:
    return Conflict("The file of this upload was received before; import it, or make a new upload.")


def _of_other_size(upload: Upload, size: int) -> InvalidInput:
    code = "TOO_LARGE" if size > upload.size else None
    return InvalidInput(
        f"A file of {upload.size} bytes was announced, and this one has {size} or more; nothing was kept."
        if code
        else f"A file of {upload.size} bytes was announced, and {size} came; nothing was kept.",
        code=code,
    )
