"""Subscriptions: what happens, as it happens, each event with the object that it is about."""

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Executor

from domain.errors import InvalidInput
from domain.operation import Operation as OperationRow
from domain.operation import OperationStatus
from graphql_api import decisions, listings, operations, orders
from graphql_api.access import READS, check
from graphql_api.context import Info, RequestContext
from graphql_api.fields import streamed
from graphql_api.filters import where_of
from graphql_api.ids import Kind, require_key
from graphql_api.selection import Selection
from services.live import Gap
from storage.filters import EVERYTHING, Where, matches
from storage.live import (
    DECISIONS_MADE,
    LISTINGS_CHANGED,
    OPERATIONS_MOVED,
    ORDERS_IMPORTED,
    Event,
    Feed,
    is_position,
    moment_of,
)
from storage.operations import OPERATIONS
from storage.stores import STORES

T = TypeVar("T")

_OVER = {OperationStatus.DONE, OperationStatus.DEAD}

StoreId = Annotated[strawberry.ID, strawberry.argument(description="The store.")]
Since = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the last event that was taken; what happened since comes first. From now on where not given."
    ),
]


def by_event(executor: type[Executor] | None) -> type[Executor]:
    """An executor, Strawberry's own where none is given, that executes each event in the context made for it."""
    parent: Any = executor or Executor

    class EventExecutor(parent):  # type: ignore[misc]  # the class is chosen when the process starts
        def build_per_event_executor(self, payload: Any) -> Any:
            event = super().build_per_event_executor(payload)
            event.context_value = payload.context
            # graphql-core's memory of collected fields is by their identity, anew for each event: it would only grow.
            event._relevant_sub_fields = {}  # noqa: SLF001
            return event

    return EventExecutor


@strawberry.type(
    description="A stretch whose events are not told: it was taken too slowly, or is too long ago. Read again what you show."
)
class EventGap:
    """A gap in a subscription."""

    from_at: datetime | None = strawberry.field(
        description="Beginning, by the database's clock; null where it is not known."
    )
    to_at: datetime = strawberry.field(
        description="End, by the database's clock; what happened later follows."
    )


@strawberry.type(description="A decision was made, or some are not told.")
class DecisionMadePayload:
    """An event of `decisionMade`."""

    cursor: str = strawberry.field(description="The event's place; opaque, for `after`.")
    decision: decisions.PriceDecision | None = strawberry.field(
        description="The decision; null where a gap is told."
    )
    gap: EventGap | None = strawberry.field(description="What is not told; null almost always.")
    context: strawberry.Private[RequestContext]


@strawberry.type(description="A listing changed, or some changes are not told.")
class ListingChangedPayload:
    """An event of `listingChanged`."""

    cursor: str = strawberry.field(description="The event's place; opaque, for `after`.")
    listing: listings.Listing | None = strawberry.field(
        description="The listing as the event was read; null where a gap is told."
    )
    gap: EventGap | None = strawberry.field(description="What is not told; null almost always.")
    context: strawberry.Private[RequestContext]


@strawberry.type(description="An order was imported, or some are not told.")
class OrderImportedPayload:
    """An event of `orderImported`."""

    cursor: str = strawberry.field(description="The event's place; opaque, for `after`.")
    order: orders.Order | None = strawberry.field(
        description="The order as the event was read; null where a gap is told."
    )
    gap: EventGap | None = strawberry.field(description="What is not told; null almost always.")
    context: strawberry.Private[RequestContext]


@strawberry.type(description="How far an operation is.")
class OperationProgressedPayload:
    """An event of `operationProgressed`."""

    operation: operations.Operation | None = strawberry.field(description="The operation.")
    context: strawberry.Private[RequestContext]


@strawberry.type(
    description=(
        "What is told as it happens, over WebSocket with the sub-protocol graphql-transport-ws. Subscribing costs what "
        "a query of one event would; then each event costs what its selection reads beside the object itself. While "
        "the bucket is empty, events wait."
    )
)
class Subscription:
    """Subscriptions of all nouns."""

    @streamed
    async def decision_made(
        self,
        info: Info,
        store_id: StoreId,
        where: decisions.Where = strawberry.UNSET,
        after: Since = strawberry.UNSET,
    ) -> AsyncGenerator[DecisionMadePayload, None]:
        """Each decision of a store that changes something or is held, in the order in which they are made."""
        wanted = Selection.of(info)["decision"]
        async with aclosing(
            _of_store(info, Kind.DECISION, DECISIONS_MADE, store_id, after, where_of(where))
        ) as events:
            async for context, event in events:
                row = event.row if isinstance(event, Event) else None
                yield DecisionMadePayload(
                    cursor=_cursor(DECISIONS_MADE, event.position),
                    decision=await decisions.NOUN.of(context, row, wanted) if row else None,
                    gap=_gap(event),
                    context=context,
                )

    @streamed
    async def listing_changed(
        self, info: Info, store_id: StoreId, after: Since = strawberry.UNSET
    ) -> AsyncGenerator[ListingChangedPayload, None]:
        """Each change of a store's listings that raises their version. Changes of one listing come in their order."""
        wanted = Selection.of(info)["listing"]
        async with aclosing(
            _of_store(info, Kind.LISTING, LISTINGS_CHANGED, store_id, after)
        ) as events:
            async for context, event in events:
                row = event.row if isinstance(event, Event) else None
                yield ListingChangedPayload(
                    cursor=_cursor(LISTINGS_CHANGED, event.position),
                    listing=await listings.NOUN.of(context, row, wanted) if row else None,
                    gap=_gap(event),
                    context=context,
                )

    @streamed
    async def order_imported(
        self, info: Info, store_id: StoreId, after: Since = strawberry.UNSET
    ) -> AsyncGenerator[OrderImportedPayload, None]:
        """Each order of a store that is imported, and each newer state of one."""
        wanted = Selection.of(info)["order"]
        async with aclosing(
            _of_store(info, Kind.ORDER, ORDERS_IMPORTED, store_id, after)
        ) as events:
            async for context, event in events:
                row = event.row if isinstance(event, Event) else None
                yield OrderImportedPayload(
                    cursor=_cursor(ORDERS_IMPORTED, event.position),
                    order=await orders.NOUN.of(context, row, wanted) if row else None,
                    gap=_gap(event),
                    context=context,
                )

    @streamed
    async def operation_progressed(
        self,
        info: Info,
        operation_id: Annotated[
            strawberry.ID, strawberry.argument(description="The operation to watch.")
        ],
    ) -> AsyncGenerator[OperationProgressedPayload, None]:
        """An operation as it is now, and again each time it moves. Ends when the operation is over."""
        wanted = Selection.of(info)["operation"]
        async with aclosing(_of_operation(info, operation_id)) as rows:
            async for context, row in rows:
                node = await operations.NOUN.of(context, row, wanted)
                yield OperationProgressedPayload(operation=node, context=context)


async def _of_store(
    info: Info,
    kind: Kind,
    feed: Feed[T],
    store_id: str,
    after: str | None,
    where: Where = EVERYTHING,
) -> AsyncGenerator[tuple[RequestContext, Event[T] | Gap]]:
    """A store's events that match, each paid for and with a context of its own.

    Raises:
        Forbidden: the caller may not read all that it asks for.
        NotFound: the merchant has no such store.
    """
    check(info, READS[kind])
    scope = info.context.scope
    key = require_key(Kind.STORE, store_id, ("storeId",))
    await STORES.require(scope, key, field=("storeId",))
    position = _read_cursor(feed, after)
    async with info.context.runtime.live.listen(feed, key, position) as events:
        async for event in events:
            if isinstance(event, Event):
                if not matches(where, event.row):
                    continue
                await _pay(info.context)
            yield info.context.anew(), event


async def _of_operation(
    info: Info, id_: str
) -> AsyncGenerator[tuple[RequestContext, OperationRow]]:
    """An operation now and whenever it moves, until it is over.

    Raises:
        Forbidden: the caller may not read all that it asks for.
        NotFound: the merchant has no such operation.
    """
    check(info, READS[Kind.OPERATION])
    scope = info.context.scope
    key = require_key(Kind.OPERATION, id_, ("operationId",))
    await OPERATIONS.require(scope, key, field=("operationId",))
    async with info.context.runtime.live.listen(OPERATIONS_MOVED, key) as events:
        # Read when already listening, so that nothing happens between this look and the first event.
        row = await OPERATIONS.require(scope, key)
        yield info.context.anew(), row
        while row.status not in _OVER:
            event = await anext(events)
            # What was missed does not matter: the operation as it is now says all.
            row = event.row if isinstance(event, Event) else await OPERATIONS.require(scope, key)
            await _pay(info.context)
            yield info.context.anew(), row


async def _pay(context: RequestContext) -> None:
    """Take what an event costs out of the caller's bucket, as soon as there is enough in it."""
    assert context.charge is not None
    points = context.charge.requested - 1  # the object itself came with the event
    if points <= 0:
        return
    left = await context.runtime.allowance.take(context.caller, points)
    while left.wait:
        await asyncio.sleep(left.wait)
        left = await context.runtime.allowance.take(context.caller, points)


def _gap(event: Event[Any] | Gap) -> EventGap | None:
    if isinstance(event, Event):
        return None
    beginning = None if event.after is None else moment_of(event.after)
    # Positions are known to the second below.
    return EventGap(from_at=beginning, to_at=moment_of(event.position) + timedelta(seconds=1))


def _cursor(feed: Feed[Any], position: str) -> str:
    name = feed.collection.name.encode()
    return base64.b64encode(name + b":" + bytes.fromhex(position)).decode()


def _read_cursor(feed: Feed[Any], cursor: str | None) -> str | None:
    if cursor is None or cursor is strawberry.UNSET:
        return None
    try:
        name, _, written = base64.b64decode(cursor, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        name, written = b"", b""
    position = written.hex().upper()
    if name != feed.collection.name.encode() or not is_position(position):
        raise InvalidInput("This cursor is not of this subscription.", field=("after",))
    return position
