"""Idempotency keys of mutations: which request a key stands for, and telling that an answer is given again."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeVar

import orjson
from strawberry import UNSET, Some

from domain.idempotency import Claim
from graphql_api.context import Info
from graphql_api.scalars import IdempotencyKey
from services import idempotency
from storage.collection import Collection
from storage.mongo import Scope

KEY = (
    "A key of the client's own for this request: sent again within 24 hours, it answers with what was made, as it is "
    "then, and makes nothing twice."
)
"""Describes the field."""


class _Keyed(Protocol):
    idempotency_key: IdempotencyKey | None


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_HasId)


async def once(
    info: Info,
    given: _Keyed,
    made: Collection[T],
    work: Callable[[Scope], Awaitable[T]],
    *,
    dry_run: bool = False,
) -> T:
    """What a mutation makes; of a request that was done before under the same key, what it made then.

    A dry run takes no notice of keys.

    Raises:
        KeyReused: the key was given to another request before.
    """
    context = info.context
    if given.idempotency_key is None or dry_run:
        return await work(context.written(dry_run=dry_run))
    claim = Claim(info.field_name, given.idempotency_key, _digest(given))
    row, is_replay = await idempotency.once(context.scope, claim, made, work)
    context.is_replay = context.is_replay or is_replay
    return row


def _digest(given: _Keyed) -> str:
    """The same for inputs that say the same, also where the schema has gained fields in between."""
    told = _told(given)
    told.pop("idempotency_key")
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def _told(value: Any) -> Any:
    if isinstance(value, Some):
        return _told(value.value)
    if isinstance(value, list):
        return [_told(each) for each in value]
    if is_dataclass(value):
        told = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _told(part) for name, part in told if part is not None and part is not UNSET}
    return value
