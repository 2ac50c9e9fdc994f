"""Orders as imported from Amazon."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import order as domain
from domain.access import AccessScope
from domain.listing import Fulfilment, listing_id
from graphql_api import changes, listings, stores
from graphql_api.access import needs
from graphql_api.connections import After, Before, Connection, First, Last, Paging, SortDirection
from graphql_api.context import Info, RequestContext
from graphql_api.enums import describe
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, StringFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id, to_key
from graphql_api.loaders import Count, Noun, pick
from graphql_api.money import Money
from graphql_api.scalars import MarketplaceItemId, Sku
from graphql_api.selection import Selection
from storage.filters import Is
from storage.keyset import Sort
from storage.orders import ORDERS

if TYPE_CHECKING:
    from graphql_api.changes import Change
    from graphql_api.listings import Listing
    from graphql_api.stores import Store


@strawberry.type(description="One item of an order.")
class OrderLine:
    """A line."""

    order_item_id: str = strawberry.field(description="Amazon's id of the line.")
    listing: Annotated["Listing", strawberry.lazy("graphql_api.listings")] | None = (
        strawberry.field(
            description="The listing that was sold; null where we have none of its seller SKU."
        )
    )
    seller_sku: Sku | None = strawberry.field(
        description="Seller SKU; null where Amazon does not tell."
    )
    asin: MarketplaceItemId | None = strawberry.field(description="ASIN of the item.")
    title: str = strawberry.field(description="Title on Amazon.")
    quantity: int = strawberry.field(description="Units ordered.")
    quantity_shipped: int = strawberry.field(description="Units shipped so far.")
    unit_price: Money | None = strawberry.field(
        description="Price of one unit; null while Amazon does not tell."
    )


@strawberry.type(description="An order placed on Amazon. Buyers' personal data is not kept.")
class Order(Node):
    """An order."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store it was placed with."
    )
    marketplace_order_id: str = strawberry.field(description="Amazon's order number.")
    status: domain.OrderStatus = strawberry.field(description="Where it stands.")
    marketplace_status: str = strawberry.field(description="Amazon's own word for the status.")
    fulfilment: Fulfilment = strawberry.field(description="Who ships.")
    lines: list[OrderLine] = strawberry.field(description="What was ordered.")
    total: Money | None = strawberry.field(
        description="Order total; null while Amazon does not tell."
    )
    purchased_at: datetime = strawberry.field(description="When it was placed.")
    ship_by_at: datetime | None = strawberry.field(description="Latest moment to ship.")
    marketplace_updated_at: datetime = strawberry.field(
        description="Amazon's time of its last change."
    )
    imported_at: datetime = strawberry.field(description="When it was first imported.")
    version: int = strawberry.field(description="Counts up with every change.")
    key: strawberry.Private[str]

    @described
    async def changes(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated["Change", strawberry.lazy("graphql_api.changes")]]:
        """The order's change log, newest first."""
        paging = Paging(first, after, last, before)
        mine = Is("order_id", "eq", self.key)
        return await changes.NOUN.page(info, paging, sort=changes.NEWEST_FIRST, where=mine)


class OrderSortField(Enum):
    """Orders of orders that an index serves."""

    PURCHASED_AT = "purchased_at"


describe(OrderSortField, "What orders can be sorted by.", PURCHASED_AT="When they were placed.")


@strawberry.input(description="Order of orders; ties are broken by the id.")
class OrderSort:
    """A field and a direction."""

    field: OrderSortField = strawberry.field(description="Sort by this.")
    direction: SortDirection = strawberry.field(
        description="Which end comes first.", default=SortDirection.DESC
    )


@strawberry.input(description="Conditions on orders. Every field that is given must hold.")
class OrderWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    marketplace_order_id: Maybe[StringFilter] = strawberry.field(
        description="Amazon's order number.", default=None, metadata=on("marketplace_order_id")
    )
    seller_sku: Maybe[StringFilter] = strawberry.field(
        description="Seller SKU of any of its lines.",
        default=None,
        metadata=on("lines.seller_sku"),
    )
    status: Maybe[EnumFilter[domain.OrderStatus]] = strawberry.field(
        description="Where it stands.", default=None, metadata=on("status")
    )
    fulfilment: Maybe[EnumFilter[Fulfilment]] = strawberry.field(
        description="Who ships.", default=None, metadata=on("fulfilment")
    )
    purchased_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was placed.", default=None, metadata=on("purchased_at")
    )
    and_: Maybe[list["OrderWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["OrderWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["OrderWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


Where = Annotated[
    OrderWhereInput | None, strawberry.argument(description="Only orders that match.")
]


async def assemble(
    context: RequestContext, rows: Sequence[domain.Order], wanted: Selection
) -> list[Order]:
    """The nodes of orders with the children that are asked for."""
    of_lines = wanted["lines"]
    places, sold = await asyncio.gather(
        stores.NOUN.by_keys(
            context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
        ),
        listings.NOUN.by_keys(
            context,
            (_sold(row, line) for row in rows for line in row.lines if "listing" in of_lines),
            of_lines["listing"],
        ),
    )
    return [
        Order(
            id=to_id(Kind.ORDER, row.id),
            store=pick(places, row.store_id),
            marketplace_order_id=row.marketplace_order_id,
            status=row.status,
            marketplace_status=row.marketplace_status,
            fulfilment=row.fulfilment,
            lines=[_line(line, pick(sold, _sold(row, line))) for line in row.lines],
            total=Money.maybe(row.total),
            purchased_at=row.purchased_at,
            ship_by_at=row.ship_by,
            marketplace_updated_at=row.marketplace_updated_at,
            imported_at=row.imported_at,
            version=row.version,
            key=row.id,
        )
        for row in rows
    ]


NOUN: Noun[domain.Order, Order] = Noun(Kind.ORDER, ORDERS, assemble)


def _sold(order: domain.Order, line: domain.OrderLine) -> str | None:
    return listing_id(order.store_id, line.seller_sku) if line.seller_sku else None


def _line(line: domain.OrderLine, listing: "Listing | None") -> OrderLine:
    return OrderLine(
        order_item_id=line.order_item_id,
        listing=listing,
        seller_sku=Sku(line.seller_sku) if line.seller_sku else None,
        asin=MarketplaceItemId(line.asin) if line.asin else None,
        title=line.title,
        quantity=line.quantity,
        quantity_shipped=line.quantity_shipped,
        unit_price=Money.maybe(line.unit_price),
    )


@strawberry.type
class OrderQueries:
    """Query fields on orders."""

    @described
    async def order(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Order | None:
        """An order by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def order_by_marketplace_id(
        self,
        info: Info,
        store_id: Annotated[strawberry.ID, strawberry.argument(description="The store.")],
        marketplace_order_id: Annotated[
            str, strawberry.argument(description="Amazon's order number.")
        ],
    ) -> Order | None:
        """An order by Amazon's number; null where there is none."""
        store = to_key(Kind.STORE, store_id)
        if store is None:
            return None
        key = domain.order_id(store, marketplace_order_id)
        return await NOUN.by_key(info.context, key, Selection.of(info))

    @described
    async def orders(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Where = strawberry.UNSET,
        sort: Annotated[
            OrderSort | None,
            strawberry.argument(description="Order; newest first where not given."),
        ] = strawberry.UNSET,
    ) -> Connection[Order]:
        """Orders, newest first unless told otherwise."""
        descending = sort.direction is SortDirection.DESC if sort else True
        paging = Paging(first, after, last, before)
        by_purchase = Sort(OrderSortField.PURCHASED_AT.value, descending)
        return await NOUN.page(info, paging, sort=by_purchase, where=where_of(where))

    @described
    @needs(AccessScope.READ_ORDERS)
    async def orders_count(self, info: Info, where: Where = strawberry.UNSET) -> Count:
        """How many orders match."""
        return await NOUN.count(info, where_of(where))
