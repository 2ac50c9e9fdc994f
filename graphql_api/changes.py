"""The change log: what changed, from what to what, by whom or by which decision."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import change as domain
from graphql_api import decisions, listings, orders, stores
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun, pick
from graphql_api.selection import Selection
from storage.changes import CHANGES
from storage.keyset import Sort

if TYPE_CHECKING:
    from graphql_api.decisions import PriceDecision
    from graphql_api.listings import Listing
    from graphql_api.orders import Order
    from graphql_api.stores import Store

NEWEST_FIRST = Sort("_id", descending=True)


@strawberry.type(description="One entry of the change log. It is never altered.")
class Change(Node):
    """A change."""

    kind: domain.ChangeKind = strawberry.field(description="What changed.")
    before: str | None = strawberry.field(
        description="The value before, written for people, such as `12.50 USD`; null where there was none."
    )
    after: str | None = strawberry.field(description="The value after; null where there is none.")
    actor: str = strawberry.field(description="A person, or what did it: rules, Amazon, sync.")
    changed_at: datetime = strawberry.field(description="When.")
    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store in which it changed."
    )
    listing: Annotated["Listing", strawberry.lazy("graphql_api.listings")] | None = (
        strawberry.field(description="The listing that changed; null where it is not about one.")
    )
    order: Annotated["Order", strawberry.lazy("graphql_api.orders")] | None = strawberry.field(
        description="The order that changed; null where it is not about one."
    )
    decision: Annotated["PriceDecision", strawberry.lazy("graphql_api.decisions")] | None = (
        strawberry.field(description="The decision behind it; null where no decision was.")
    )


@strawberry.input(description="Conditions on changes. Every field that is given must hold.")
class ChangeWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    listing_id: Maybe[IDFilter] = strawberry.field(
        description="The listing.", default=None, metadata=on("listing_id", Kind.LISTING)
    )
    order_id: Maybe[IDFilter] = strawberry.field(
        description="The order.", default=None, metadata=on("order_id", Kind.ORDER)
    )
    decision_id: Maybe[IDFilter] = strawberry.field(
        description="The decision behind it.",
        default=None,
        metadata=on("decision_id", Kind.DECISION),
    )
    kind: Maybe[EnumFilter[domain.ChangeKind]] = strawberry.field(
        description="What changed.", default=None, metadata=on("kind")
    )
    changed_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When.", default=None, metadata=on("at")
    )
    and_: Maybe[list["ChangeWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["ChangeWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["ChangeWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.Change], wanted: Selection
) -> list[Change]:
    """The nodes of changes with the children that are asked for."""
    places, owners, ordered, reasons = await asyncio.gather(
        stores.NOUN.by_keys(
            context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
        ),
        listings.NOUN.by_keys(
            context, (row.listing_id for row in rows if "listing" in wanted), wanted["listing"]
        ),
        orders.NOUN.by_keys(
            context, (row.order_id for row in rows if "order" in wanted), wanted["order"]
        ),
        decisions.NOUN.by_keys(
            context, (row.decision_id for row in rows if "decision" in wanted), wanted["decision"]
        ),
    )
    return [
        Change(
            id=to_id(Kind.CHANGE, row.id),
            kind=row.kind,
            before=row.before,
            after=row.after,
            actor=row.actor,
            changed_at=row.at,
            store=pick(places, row.store_id),
            listing=pick(owners, row.listing_id),
            order=pick(ordered, row.order_id),
            decision=pick(reasons, row.decision_id),
        )
        for row in rows
    ]


NOUN: Noun[domain.Change, Change] = Noun(Kind.CHANGE, CHANGES, assemble)


@strawberry.type
class ChangeQueries:
    """Query fields on changes."""

    @described
    async def changes(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            ChangeWhereInput | None, strawberry.argument(description="Only changes that match.")
        ] = strawberry.UNSET,
    ) -> Connection[Change]:
        """The change log, newest first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=NEWEST_FIRST, where=where_of(where))
