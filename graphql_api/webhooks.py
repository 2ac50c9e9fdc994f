"""Webhooks: addresses of the merchant's own programs that are told of what happens."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import webhook as domain
from graphql_api import stores, webhook_deliveries
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun
from graphql_api.selection import Selection
from storage.filters import Is
from storage.keyset import Sort
from storage.webhooks import WEBHOOKS

if TYPE_CHECKING:
    from graphql_api.stores import Store
    from graphql_api.webhook_deliveries import WebhookDelivery

NEWEST_FIRST = Sort("_id", descending=True)


@strawberry.type(
    description="An address that is told of what happens, signed by the Standard Webhooks scheme."
)
class Webhook(Node):
    """A webhook."""

    url: str = strawberry.field(description="The address.")
    topics: list[domain.WebhookTopic] = strawberry.field(description="What it is told of.")
    is_for_all_stores: bool = strawberry.field(
        description="Whether it is told of every store, also of future ones, and of what belongs to none."
    )
    is_enabled: bool = strawberry.field(description="Whether it is told of anything.")
    disabled_at: datetime | None = strawberry.field(
        description="Since when it is told of nothing; null while it is enabled."
    )
    disabled_reason: domain.DisabledReason | None = strawberry.field(
        description="Why it is told of nothing; null while it is enabled."
    )
    disabled_note: str | None = strawberry.field(
        description="What happened last before that, or who did it; null while it is enabled."
    )
    first_failed_at: datetime | None = strawberry.field(
        description="When the first attempt failed of those since which nothing arrived; null while things arrive."
    )
    resumes_at: datetime | None = strawberry.field(
        description="Before when nothing is tried, since nothing arrives; null while things arrive."
    )
    rotated_at: datetime | None = strawberry.field(
        description="When it last got a new secret; null where it never did."
    )
    former_expires_at: datetime | None = strawberry.field(
        description="Up to when the secret from before signs as well; null where there is none."
    )
    created_by: str = strawberry.field(description="Who made it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When somebody last changed it.")
    version: int = strawberry.field(description="Counts up with every change by people.")
    key: strawberry.Private[str]
    store_ids: strawberry.Private[tuple[str, ...]]

    @described
    async def stores(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated["Store", strawberry.lazy("graphql_api.stores")]]:
        """The stores of which it is told, oldest first; none are named where it is for all."""
        paging, oldest_first = Paging(first, after, last, before), Sort("created_at")
        named = Is("_id", "in", list(self.store_ids))
        return await stores.NOUN.page(info, paging, sort=oldest_first, where=named)

    @described
    async def deliveries(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[
        Annotated["WebhookDelivery", strawberry.lazy("graphql_api.webhook_deliveries")]
    ]:
        """What it was told of in the last seven days, or is to be, newest first."""
        paging, mine = Paging(first, after, last, before), Is("webhook_id", "eq", self.key)
        return await webhook_deliveries.NOUN.page(info, paging, sort=NEWEST_FIRST, where=mine)


async def assemble(
    context: RequestContext,  # noqa: ARG001 - the shape of every noun
    rows: Sequence[domain.Webhook],
    wanted: Selection,  # noqa: ARG001
) -> list[Webhook]:
    """The nodes of webhooks; what is below them is read when it is asked for."""
    return [
        Webhook(
            id=to_id(Kind.WEBHOOK, row.id),
            url=row.url,
            topics=list(row.topics),
            is_for_all_stores=not row.store_ids,
            is_enabled=row.disabled_at is None,
            disabled_at=row.disabled_at,
            disabled_reason=row.disabled_reason,
            disabled_note=row.disabled_note,
            first_failed_at=row.failing_since,
            resumes_at=row.rests_until,
            rotated_at=row.rotated_at,
            former_expires_at=row.former_until,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
            version=row.version,
            key=row.id,
            store_ids=row.store_ids,
        )
        for row in rows
    ]


NOUN: Noun[domain.Webhook, Webhook] = Noun(Kind.WEBHOOK, WEBHOOKS, assemble)


@strawberry.type
class WebhookQueries:
    """Query fields on webhooks."""

    @described
    async def webhook(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Webhook | None:
        """A webhook by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def webhooks(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Webhook]:
        """Webhooks, newest first, disabled ones included."""
        return await NOUN.page(info, Paging(first, after, last, before), sort=NEWEST_FIRST)
