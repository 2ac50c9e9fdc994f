"""Deliveries: what webhooks were told of, are to be, and what became of each attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import webhook as domain
from graphql_api import webhooks
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun, pick
from graphql_api.selection import Selection
from services.webhook_messages import body_of
from storage.keyset import Sort
from storage.webhook_deliveries import DELIVERIES

if TYPE_CHECKING:
    from graphql_api.webhooks import Webhook


@strawberry.type(description="One try to tell a webhook of an event.")
class WebhookAttempt:
    """An attempt."""

    attempt_id: str = strawberry.field(description="As the message names it.")
    started_at: datetime = strawberry.field(description="When it was sent.")
    duration_milliseconds: int = strawberry.field(description="How long it took.")
    http_status: int | None = strawberry.field(
        description="What the receiver answered; null where no answer came."
    )
    error: str | None = strawberry.field(
        description="Why it did not arrive, for people; null where it did."
    )


@strawberry.type(description="An event on its way to one webhook. It is kept for seven days.")
class WebhookDelivery(Node):
    """A delivery."""

    webhook: Annotated["Webhook", strawberry.lazy("graphql_api.webhooks")] | None = (
        strawberry.field(description="Whom it is for; null where that was deleted.")
    )
    event_id: str = strawberry.field(
        description="The event's id: the same for all webhooks and all attempts."
    )
    topic: domain.WebhookTopic = strawberry.field(description="What it tells of.")
    occurred_at: datetime = strawberry.field(description="When that happened.")
    state: domain.DeliveryState = strawberry.field(description="What became of it.")
    attempts: list[WebhookAttempt] = strawberry.field(
        description="The attempts, oldest first; the last forty."
    )
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried next, if the webhook is enabled and does not rest by then; null once settled."
    )
    payload: str = strawberry.field(
        description="The body of the last attempt, or of the first with a null for its id, as JSON. "
        "Needs the scope of reading what it tells of."
    )
    created_at: datetime = strawberry.field(description="When it was written down.")
    settled_at: datetime | None = strawberry.field(
        description="When it was delivered or given up; null while it is pending."
    )


@strawberry.input(description="Conditions on deliveries. Every field that is given must hold.")
class WebhookDeliveryWhereInput:
    """Typed conditions."""

    webhook_id: Maybe[IDFilter] = strawberry.field(
        description="The webhook.", default=None, metadata=on("webhook_id", Kind.WEBHOOK)
    )
    topic: Maybe[EnumFilter[domain.WebhookTopic]] = strawberry.field(
        description="What it tells of.", default=None, metadata=on("event.topic")
    )
    state: Maybe[EnumFilter[domain.DeliveryState]] = strawberry.field(
        description="What became of it.", default=None, metadata=on("state")
    )
    created_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was written down.", default=None, metadata=on("created_at")
    )
    and_: Maybe[list["WebhookDeliveryWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["WebhookDeliveryWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["WebhookDeliveryWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.WebhookDelivery], wanted: Selection
) -> list[WebhookDelivery]:
    """The nodes of deliveries with the children that are asked for."""
    if "payload" in wanted:
        context.viewer.require(domain.scopes_of(row.event.topic for row in rows))
    receivers = await webhooks.NOUN.by_keys(
        context, (row.webhook_id for row in rows if "webhook" in wanted), wanted["webhook"]
    )
    return [
        WebhookDelivery(
            id=to_id(Kind.WEBHOOK_DELIVERY, row.id),
            webhook=pick(receivers, row.webhook_id),
            event_id=row.event.id,
            topic=row.event.topic,
            occurred_at=row.event.occurred_at,
            state=row.state,
            attempts=[_attempt(each) for each in row.attempts],
            next_attempt_at=None if row.settled_at else row.next_attempt_at,
            payload=_payload(row) if "payload" in wanted else "",
            created_at=row.created_at,
            settled_at=row.settled_at,
        )
        for row in rows
    ]


def _attempt(row: domain.DeliveryAttempt) -> WebhookAttempt:
    return WebhookAttempt(
        attempt_id=row.id,
        started_at=row.at,
        duration_milliseconds=row.milliseconds,
        http_status=row.status,
        error=row.error,
    )


def _payload(row: domain.WebhookDelivery) -> str:
    return body_of(row.event, row.attempts[-1].id if row.attempts else None).decode()


NOUN: Noun[domain.WebhookDelivery, WebhookDelivery] = Noun(
    Kind.WEBHOOK_DELIVERY, DELIVERIES, assemble
)


@strawberry.type
class WebhookDeliveryQueries:
    """Query fields on deliveries."""

    @described
    async def webhook_delivery(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> WebhookDelivery | None:
        """A delivery by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def webhook_deliveries(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            WebhookDeliveryWhereInput | None,
            strawberry.argument(description="Only deliveries that match."),
        ] = strawberry.UNSET,
    ) -> Connection[WebhookDelivery]:
        """What webhooks were told of in the last seven days, or are to be, newest first."""
        paging = Paging(first, after, last, before)
        newest_first = Sort("_id", descending=True)
        return await NOUN.page(info, paging, sort=newest_first, where=where_of(where))
