"""Operations: long pieces of work that can be watched and cancelled."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import operation as domain
from domain.access import AccessScope
from domain.clock import SystemClock
from graphql_api import stores
from graphql_api.access import needs
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.files import download_url
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, on, where_of
from graphql_api.idempotency import KEY, once
from graphql_api.ids import Kind, Node, require_key, to_id
from graphql_api.loaders import Noun, pick
from graphql_api.scalars import IdempotencyKey
from graphql_api.selection import Selection
from services import operations as use_cases
from services import repricing
from storage.keyset import Sort
from storage.mongo import Scope
from storage.operations import OPERATIONS

if TYPE_CHECKING:
    from graphql_api.stores import Store


# Links expire by the machine's time, also where business time is virtual.
_machine = SystemClock()


@strawberry.type(description="How far work is.")
class Progress:
    """Steps done, of how many."""

    done: int = strawberry.field(description="How much is done.")
    total: int | None = strawberry.field(description="Of how much; null while that is not known.")


@strawberry.type(description="A count out of an operation's result.")
class OperationCount:
    """A count by its name."""

    name: str = strawberry.field(description="What was counted, such as `created` or `unchanged`.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="One thing that an operation could not do.")
class OperationError:
    """An error with its place."""

    where: str = strawberry.field(description="Line and column of a file, or a SKU.")
    message: str = strawberry.field(description="What is wrong.")


@strawberry.type(
    description="Work that someone started and can watch, cancel and read the result of."
)
class Operation(Node):
    """An operation."""

    kind: domain.OperationKind = strawberry.field(description="Which work.")
    status: domain.OperationStatus = strawberry.field(description="Whether it ran.")
    outcome: domain.OperationOutcome | None = strawberry.field(
        description="What it came to; null while it is not over."
    )
    progress: Progress = strawberry.field(description="How far it is.")
    result_counts: list[OperationCount] = strawberry.field(description="What it did, in numbers.")
    errors: list[OperationError] = strawberry.field(
        description="What it could not do; the first hundred."
    )
    result_url: str | None = strawberry.field(
        description="Where its result can be downloaded by whoever has this address; null while there is none, once it has expired, and for callers without the scopes that reading its content takes."
    )
    result_expires_at: datetime | None = strawberry.field(
        description="Until when; null where there is nothing to download."
    )
    is_cancel_requested: bool = strawberry.field(description="Whether someone asked it to stop.")
    actor: str = strawberry.field(description="Who started it.")
    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] | None = strawberry.field(
        description="The store it works for; null where it is for the whole catalogue."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it was last heard of.")


@strawberry.input(description="Conditions on operations. Every field that is given must hold.")
class OperationWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    kind: Maybe[EnumFilter[domain.OperationKind]] = strawberry.field(
        description="Which work.", default=None, metadata=on("kind")
    )
    status: Maybe[EnumFilter[domain.OperationStatus]] = strawberry.field(
        description="Whether it ran.", default=None, metadata=on("status")
    )
    outcome: Maybe[EnumFilter[domain.OperationOutcome]] = strawberry.field(
        description="What it came to.", default=None, metadata=on("outcome")
    )
    created_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was asked for.", default=None, metadata=on("created_at")
    )
    and_: Maybe[list["OperationWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["OperationWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["OperationWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.Operation], wanted: Selection
) -> list[Operation]:
    """The nodes of operations with the children that are asked for."""
    places = await stores.NOUN.by_keys(
        context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
    )
    return [
        Operation(
            id=to_id(Kind.OPERATION, row.id),
            kind=row.kind,
            status=row.status,
            outcome=row.outcome,
            progress=Progress(done=row.done, total=row.total),
            result_counts=[
                OperationCount(name=name, count=count) for name, count in sorted(row.result.items())
            ],
            errors=[
                OperationError(where=error.where, message=error.message) for error in row.errors
            ],
            result_url=_result_url(context, row),
            result_expires_at=row.result_until,
            is_cancel_requested=row.cancel_requested,
            actor=row.actor,
            store=pick(places, row.store_id),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _result_url(context: RequestContext, row: domain.Operation) -> str | None:
    is_there = row.result_until is not None and row.result_until > _machine.now()
    # Whoever may see that something was exported may not therefore have it.
    if not is_there or not context.viewer.scopes.issuperset(row.result_scopes):
        return None
    assert row.result_until is not None
    return download_url(context, row.id, row.result_until)


NOUN: Noun[domain.Operation, Operation] = Noun(Kind.OPERATION, OPERATIONS, assemble)


@strawberry.type
class OperationQueries:
    """Query fields on operations."""

    @described
    async def operation(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Operation | None:
        """An operation by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def operations(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            OperationWhereInput | None,
            strawberry.argument(description="Only operations that match."),
        ] = strawberry.UNSET,
    ) -> Connection[Operation]:
        """Operations, newest first."""
        paging = Paging(first, after, last, before)
        newest_first = Sort("_id", descending=True)
        return await NOUN.page(info, paging, sort=newest_first, where=where_of(where))


@error_codes("Why a repricing run was not started.")
class RepriceRunStartErrorCode(Enum):
    """Codes of `repriceRunStart`."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NOT_FOUND = "NOT_FOUND"


@strawberry.type(description="Why a repricing run was not started.")
class RepriceRunStartUserError(UserError):
    """An error of `repriceRunStart`."""

    code: RepriceRunStartErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Which store to reprice.")
class RepriceRunStartInput:
    """Input of `repriceRunStart`."""

    store_id: strawberry.ID = strawberry.field(description="The store.")
    idempotency_key: IdempotencyKey | None = strawberry.field(description=KEY, default=None)


@strawberry.type(description="What `repriceRunStart` gives.")
class RepriceRunStartPayload:
    """Payload of `repriceRunStart`."""

    operation: Operation | None = strawberry.field(description="The run, to watch.")
    user_errors: list[RepriceRunStartUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@error_codes("Why an operation was not cancelled.")
class OperationCancelErrorCode(Enum):
    """Codes of `operationCancel`."""

    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@strawberry.type(description="Why an operation was not cancelled.")
class OperationCancelUserError(UserError):
    """An error of `operationCancel`."""

    code: OperationCancelErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="Which operation to stop.")
class OperationCancelInput:
    """Input of `operationCancel`."""

    operation_id: strawberry.ID = strawberry.field(description="The operation.")


@strawberry.type(description="What `operationCancel` gives.")
class OperationCancelPayload:
    """Payload of `operationCancel`."""

    operation: Operation | None = strawberry.field(
        description="The operation; it stops at its next step."
    )
    user_errors: list[OperationCancelUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class OperationMutations:
    """Mutations of operations."""

    @described
    @needs(AccessScope.RUN)
    async def reprice_run_start(
        self,
        info: Info,
        given: Annotated[
            RepriceRunStartInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> RepriceRunStartPayload:
        """Decide every price and quantity of a store again."""
        context = info.context

        async def start(scope: Scope) -> domain.Operation:
            store = require_key(Kind.STORE, given.store_id, ("storeId",))
            return await repricing.mark_all_due(
                context.runtime, scope, store, actor=context.viewer.actor
            )

        work = once(info, given, OPERATIONS, start)
        row, errors = await attempt(work, RepriceRunStartUserError, RepriceRunStartErrorCode)
        context.forget()
        wanted = Selection.of(info)["operation"]
        operation = await NOUN.of(context, row, wanted) if row else None
        return RepriceRunStartPayload(operation=operation, user_errors=errors)

    @described
    @needs(AccessScope.RUN)
    async def operation_cancel(
        self,
        info: Info,
        given: Annotated[
            OperationCancelInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> OperationCancelPayload:
        """Ask an operation to stop at its next step. What is done stays done."""
        context = info.context

        async def cancel() -> domain.Operation:
            key = require_key(Kind.OPERATION, given.operation_id, ("operationId",))
            return await use_cases.cancel(context.scope, key)

        row, errors = await attempt(cancel(), OperationCancelUserError, OperationCancelErrorCode)
        context.forget()
        wanted = Selection.of(info)["operation"]
        operation = await NOUN.of(context, row, wanted) if row else None
        return OperationCancelPayload(operation=operation, user_errors=errors)
