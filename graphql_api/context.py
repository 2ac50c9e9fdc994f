"""What every resolver of one operation shares: who asks, for which merchant, and what was read already."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import strawberry

from domain.access import Viewer
from services.runtime import Runtime
from storage.collection import Collection
from storage.mongo import Scope

if TYPE_CHECKING:
    from graphql_api.charging import Charge

T = TypeVar("T")

SECONDS = 10.0
"""Seconds that an operation may take."""
DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""The event loop's time by which every field of the operation must have answered."""


@dataclass(slots=True)
class RequestContext:
    """Made anew for each operation; nothing that it remembers outlives it."""

    runtime: Runtime
    viewer: Viewer
    address: str = ""
    """Where the caller reaches the API, for links into it."""
    charge: "Charge | None" = None
    """What the operation was charged; None where it was refused before."""
    is_replay: bool = False
    """Whether a mutation answered with what an earlier request of the same idempotency key made."""
    _rows: dict[tuple[str, str], Any] = field(default_factory=dict)
    _asked: dict[tuple[str, ...], asyncio.Task[Any]] = field(default_factory=dict)

    @property
    def caller(self) -> str:
        """Whose bucket of points the operation takes from."""
        return f"{self.viewer.merchant_id}:{self.viewer.actor}"

    @property
    def scope(self) -> Scope:
        """The viewer's part of the database."""
        return self.runtime.scope(self.viewer.merchant_id)

    def written(self, *, dry_run: bool) -> Scope:
        """The same for a mutation to write to; of a dry run nothing stays."""
        return self.scope.dry() if dry_run else self.scope

    async def rows(self, collection: Collection[T], keys: Iterable[str]) -> dict[str, T]:
        """Those of the keys that exist, each read once for the operation."""
        wanted = dict.fromkeys(keys)
        missing = [key for key in wanted if (collection.name, key) not in self._rows]
        if missing:
            found = await collection.rows(self.scope, missing)
            for key in missing:
                self._rows[collection.name, key] = found.get(key)
        known = {key: self._rows[collection.name, key] for key in wanted}
        return {key: cast("T", row) for key, row in known.items() if row is not None}

    async def once(self, key: tuple[str, ...], read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer of `read`, asked for once in the operation however often the query shows it."""
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(read())
        answer: T = await self._asked[key]
        return answer

    def anew(self) -> "RequestContext":
        """For the next event of a subscription: it reads everything again, and has its own time."""
        DEADLINE.set(asyncio.get_running_loop().time() + SECONDS)
        return RequestContext(self.runtime, self.viewer, self.address)

    def forget(self) -> None:
        """Read everything again: a mutation wrote."""
        self._rows.clear()
        self._asked.clear()


Info = strawberry.Info[RequestContext, None]
"""What a resolver is told."""
