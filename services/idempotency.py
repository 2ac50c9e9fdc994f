"""Idempotency: a request with a key is done once, however often it is sent.

The key is written down in the transaction that does what is asked, so there is no moment at which one stands without
the other: a crash leaves both or none, and of two requests at once one collides with the other and finds what it made.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from domain.clock import SystemClock
from domain.errors import Conflict, UserError
from domain.idempotency import Claim
from storage import idempotency
from storage.collection import Collection
from storage.mongo import Scope

# A client's patience runs by the machine's time, also where business time is virtual.
_machine = SystemClock()


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_HasId)


class KeyReused(Conflict):
    """The key was given to another request before."""

    code = "IDEMPOTENCY_KEY_REUSED"


async def once(
    scope: Scope, claim: Claim, made: Collection[T], work: Callable[[Scope], Awaitable[T]]
) -> tuple[T, bool]:
    """What `work` makes, and False; or what it made for the same request before, as it is now, and True.

    `work` calls `settle` in its transaction. Its mistakes are not remembered: who mends them uses the same key.

    Raises:
        KeyReused: the key was given to another request before.
        NotFound: what was made is gone.
    """
    if done := await _done(scope, claim, made):
        return done, True
    try:
        return await work(replace(scope, claim=claim)), False
    except UserError:
        # The same request, sent twice at once: the other one was done, and this one collided with it. Outside of a
        # transaction the other's may not be shown yet, since the database has not made it safe.
        if done := await scope.transaction(lambda inside: _done(inside, claim, made)):
            return done, True
        raise


async def settle(scope: Scope, made: str) -> None:
    """Remember under the request's key, if it has one, what it made. In the transaction that makes it."""
    if scope.claim:
        await idempotency.keep(scope, scope.claim, made, _machine.now())


async def _done(scope: Scope, claim: Claim, made: Collection[T]) -> T | None:
    found = await idempotency.find(scope, claim)
    if found is None:
        return None
    digest, result = found
    if digest != claim.digest:
        raise KeyReused(
            "This key was given to another request before. Take a new one.",
            field=("input", "idempotencyKey"),
        )
    return await made.require(scope, result)
