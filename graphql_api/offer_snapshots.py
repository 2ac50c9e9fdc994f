"""Offer snapshots: an item as a store last saw it, with everybody's offers."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import offer as domain
from graphql_api import stores
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, IDFilter, StringFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun, pick
from graphql_api.offers import Offer, offers_page
from graphql_api.scalars import MarketplaceItemId
from graphql_api.selection import Selection
from storage.keyset import Sort
from storage.offers import SNAPSHOTS

if TYPE_CHECKING:
    from graphql_api.stores import Store


@strawberry.type(description="An item as a store last saw it. Exports of offers hold these.")
class OfferSnapshot(Node):
    """A snapshot."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store that looks."
    )
    asin: MarketplaceItemId = strawberry.field(description="The item's ASIN.")
    observed_at: datetime = strawberry.field(description="Amazon's time of the newest of it.")
    row: strawberry.Private[domain.OfferSnapshot]

    @described
    async def offers(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Offer]:
        """Everybody's offers on the item, by landed price and then seller."""
        return offers_page(self.row, Paging(first, after, last, before))


@strawberry.input(description="Conditions on offer snapshots. Every field that is given must hold.")
class OfferSnapshotWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    asin: Maybe[StringFilter] = strawberry.field(
        description="ASIN of the item.", default=None, metadata=on("asin")
    )
    observed_at: Maybe[DateTimeFilter] = strawberry.field(
        description="Amazon's time of the newest of it.",
        default=None,
        metadata=on("observed_at"),
    )
    and_: Maybe[list["OfferSnapshotWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["OfferSnapshotWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["OfferSnapshotWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.OfferSnapshot], wanted: Selection
) -> list[OfferSnapshot]:
    """The nodes of snapshots with the children that are asked for."""
    places = await stores.NOUN.by_keys(
        context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
    )
    return [
        OfferSnapshot(
            id=to_id(Kind.OFFER_SNAPSHOT, row.id),
            store=pick(places, row.store_id),
            asin=MarketplaceItemId(row.asin),
            observed_at=row.observed_at,
            row=row,
        )
        for row in rows
    ]


NOUN: Noun[domain.OfferSnapshot, OfferSnapshot] = Noun(Kind.OFFER_SNAPSHOT, SNAPSHOTS, assemble)


@strawberry.type
class OfferSnapshotQueries:
    """Query fields on offer snapshots."""

    @described
    async def offer_snapshot(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> OfferSnapshot | None:
        """An offer snapshot by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def offer_snapshots(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            OfferSnapshotWhereInput | None,
            strawberry.argument(description="Only snapshots that match."),
        ] = strawberry.UNSET,
    ) -> Connection[OfferSnapshot]:
        """Offer snapshots, by store and ASIN."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=Sort("_id"), where=where_of(where))
