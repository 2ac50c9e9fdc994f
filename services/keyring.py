"""API keys as they were a moment ago, so that not every request asks the database for its own."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from domain.api_key import ApiKey

T = TypeVar("T")

FRESH = timedelta(seconds=5)
"""How long an answer of the database is taken for true, and so how long a revoked key may still open something."""
_KEPT = 1_000


class _Remembered(Generic[T]):
    """What was read lately, by what it was read for; the oldest goes when there is too much."""

    def __init__(self) -> None:
        self._read: OrderedDict[object, tuple[datetime, T]] = OrderedDict()

    async def get(self, key: object, now: datetime, read: Callable[[], Awaitable[T]]) -> T:
        known = self._read.get(key)
        if known is None or not known[0] <= now < known[0] + FRESH:
            known = now, await read()
            self._read[key] = known
            self._read.move_to_end(key)
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return known[1]

    def replace(self, key: object, found: T) -> None:
        """Know better without having read again."""
        if key in self._read:
            self._read[key] = self._read[key][0], found

    def clear(self) -> None:
        self._read.clear()


class Keyring:
    """What a process knows of keys; by the machine's moment that it is told."""

    def __init__(self) -> None:
        self._keys: _Remembered[ApiKey | None] = _Remembered()
        self._stand: _Remembered[bool] = _Remembered()

    async def key(
        self, digest: bytes, now: datetime, read: Callable[[], Awaitable[ApiKey | None]]
    ) -> ApiKey | None:
        """The key that a credential claims to be; None where there is none.

        By the credential's hash and not by the key's id, so that one which a rotation just made is not held against
        what was read before, and a wrong one is remembered by itself.
        """
        return await self._keys.get(digest, now, read)

    async def any_stands(
        self, merchant_id: str, now: datetime, read: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Whether the merchant has a key that nobody revoked."""
        return await self._stand.get(merchant_id, now, read)

    def note(self, digest: bytes, key: ApiKey) -> None:
        """Remember what was written down of a key."""
        self._keys.replace(digest, key)

    def forget(self) -> None:
        """Ask again: a key was made, rotated or revoked in this process."""
        self._keys.clear()
        self._stand.clear()
