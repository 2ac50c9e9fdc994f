"""Communication errors: calls to Amazon that did not end well, grouped."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import communication_error as domain
from graphql_api import stores
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, StringFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun, pick
from graphql_api.selection import Selection
from storage.communication_errors import ERRORS
from storage.keyset import Sort

if TYPE_CHECKING:
    from graphql_api.stores import Store

NEWEST_FIRST = Sort("last_seen_at", descending=True)


@strawberry.type(
    description="All calls of one operation in one store that met one kind of trouble with one code. "
    "It is kept for 30 days after it was seen last, and holds nothing of requests and answers but harmless words."
)
class CommunicationError(Node):
    """A group of errors."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store."
    )
    operation: str = strawberry.field(
        description="Amazon's name of the operation, such as `patchListingsItem`. `lwa.`, `sqs.` and `document.` begin "
        "those of Login with Amazon, of the queue and of documents."
    )
    error_class: domain.ErrorClass = strawberry.field(description="What kind of trouble it is.")
    code: str | None = strawberry.field(
        description="Amazon's own code, such as `QuotaExceeded`; null where it gave none."
    )
    message: str = strawberry.field(
        description="What the last one said, for people; `…` stands for what may be personal or secret."
    )
    verdict: domain.RetryVerdict = strawberry.field(description="What was done about the last one.")
    http_status: int | None = strawberry.field(
        description="Of the last answer; null where none came."
    )
    request_ids: list[str] = strawberry.field(
        description="Amazon's numbers of the last five, newest last, which its support asks for."
    )
    occurrence_count: int = strawberry.field(description="How often it was seen.")
    first_seen_at: datetime = strawberry.field(description="When it was seen first.")
    last_seen_at: datetime = strawberry.field(description="When it was seen last.")


@strawberry.input(
    description="Conditions on communication errors. Every field that is given must hold."
)
class CommunicationErrorWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    operation: Maybe[StringFilter] = strawberry.field(
        description="Amazon's name of the operation.", default=None, metadata=on("operation")
    )
    error_class: Maybe[EnumFilter[domain.ErrorClass]] = strawberry.field(
        description="What kind of trouble it is.", default=None, metadata=on("error_class")
    )
    last_seen_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was seen last.", default=None, metadata=on("last_seen_at")
    )
    and_: Maybe[list["CommunicationErrorWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["CommunicationErrorWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["CommunicationErrorWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.CommunicationError], wanted: Selection
) -> list[CommunicationError]:
    """The nodes of communication errors with the children that are asked for."""
    places = await stores.NOUN.by_keys(
        context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
    )
    return [
        CommunicationError(
            id=to_id(Kind.COMMUNICATION_ERROR, row.id),
            store=pick(places, row.store_id),
            operation=row.operation,
            error_class=row.error_class,
            code=row.code,
            message=row.message,
            verdict=row.verdict,
            http_status=row.status,
            request_ids=list(row.request_ids),
            occurrence_count=row.count,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
        )
        for row in rows
    ]


NOUN: Noun[domain.CommunicationError, CommunicationError] = Noun(
    Kind.COMMUNICATION_ERROR, ERRORS, assemble
)


@strawberry.type
class CommunicationErrorQueries:
    """Query fields on communication errors."""

    @described
    async def communication_errors(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            CommunicationErrorWhereInput | None,
            strawberry.argument(description="Only errors that match."),
        ] = strawberry.UNSET,
    ) -> Connection[CommunicationError]:
        """Calls to Amazon that did not end well, grouped, those that were seen last first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=NEWEST_FIRST, where=where_of(where))
