"""A process that can die, or whose servers can, before each step by which it changes anything outside of itself."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

from services.queue import Job, Queue
from storage.mongo import Database, Document, Scope
from tests.mortal_servers import MortalServer
from tests.services.shop import Shop
from tests.services.trouble import Killed, with_connector

SENDING = ("put_offer", "patch_offer", "upload_feed", "send_feed")


@dataclass
class Life:
    """The steps that a process has taken, and before which somebody dies; a dead process does nothing any more."""

    ends_before: int | None = None
    server: MortalServer | None = None
    """What dies instead of the process, which takes the step and goes on."""
    steps: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        if len(self.steps) == self.ends_before:
            if self.server is None:
                raise Killed
            self.server.die()
        self.steps.append(name)


@dataclass(frozen=True)
class _MortalDatabase(Database):
    life: Life = field(default_factory=Life)

    @property
    def handle(self) -> AsyncIOMotorDatabase[Document]:
        self.life.step("leases")  # they alone do without a scope
        return super().handle

    def scope(self, merchant_id: str) -> Scope:
        return _MortalScope(self, merchant_id)


class _MortalScope(Scope):
    def _writable(self, name: str) -> AsyncIOMotorCollection[Document]:
        life = cast("_MortalDatabase", self.database).life
        life.step(f"{name} in a transaction" if self.session else name)
        return super()._writable(name)

    def _collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        known = self.database._collections
        if name not in known:
            known[name] = Database.handle.__get__(self.database)[name]
        return known[name]


class _MortalQueue:
    def __init__(self, inner: Queue, life: Life) -> None:
        self._inner, self._life = inner, life

    async def wake(self, job: Job, *arguments: Any, **named: Any) -> None:
        self._life.step(f"wake {job}")
        await self._inner.wake(job, *arguments, **named)


def in_a_process_with(life: Life, shop: Shop) -> Shop:
    """The shop as a process of its own sees it, which has this life."""

    def sending(method: str) -> Callable[[Any], Any]:
        def replacement(inner: Any) -> Any:
            async def act(*arguments: Any, **named: Any) -> Any:
                life.step(method)
                return await getattr(inner, method)(*arguments, **named)

            return act

        return replacement

    mortal = with_connector(shop, **{method: sending(method) for method in SENDING})
    database = _MortalDatabase(shop.runtime.database.client, shop.runtime.database.name, life)
    queue = cast("Queue", _MortalQueue(shop.runtime.queue, life))
    runtime = replace(mortal.runtime, database=database, queue=queue)
    return replace(mortal, runtime=runtime, scope=runtime.scope(shop.scope.merchant_id))
