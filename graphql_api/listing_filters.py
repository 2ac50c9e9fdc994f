"""What listings can be sorted and filtered by."""

from enum import Enum

import strawberry
from strawberry import Maybe

from domain import listing as domain
from domain.decision import DecisionReason
from graphql_api.connections import SortDirection
from graphql_api.enums import describe
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, StringFilter, on
from graphql_api.ids import Kind


class ListingSortField(Enum):
    """Orders of listings that an index serves."""

    SELLER_SKU = "_id"
    UPDATED_AT = "updated_at"


describe(
    ListingSortField,
    "What listings can be sorted by.",
    SELLER_SKU="Store and seller SKU.",
    UPDATED_AT="The last change.",
)


@strawberry.input(description="Order of listings; ties are broken by store and seller SKU.")
class ListingSort:
    """A field and a direction."""

    field: ListingSortField = strawberry.field(description="Sort by this.")
    direction: SortDirection = strawberry.field(
        description="Which end comes first.", default=SortDirection.ASC
    )


@strawberry.input(description="Conditions on listings. Every field that is given must hold.")
class ListingWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    product_id: Maybe[IDFilter] = strawberry.field(
        description="The product.", default=None, metadata=on("product_id", Kind.PRODUCT)
    )
    seller_sku: Maybe[StringFilter] = strawberry.field(
        description="Seller SKU on Amazon.", default=None, metadata=on("seller_sku")
    )
    asin: Maybe[StringFilter] = strawberry.field(
        description="ASIN of the item.", default=None, metadata=on("asin")
    )
    status: Maybe[EnumFilter[domain.ListingStatus]] = strawberry.field(
        description="Where it stands.", default=None, metadata=on("status")
    )
    reason: Maybe[EnumFilter[domain.ListingReason]] = strawberry.field(
        description="Why it stands there.", default=None, metadata=on("reason")
    )
    is_held: Maybe[bool] = strawberry.field(
        description="Whether the price that the rules want is not published.",
        default=None,
        metadata=on("hold?"),
    )
    hold: Maybe[EnumFilter[DecisionReason]] = strawberry.field(
        description="Why it is held.", default=None, metadata=on("hold")
    )
    is_buy_box_owner: Maybe[bool] = strawberry.field(
        description="Whether our offer holds the Buy Box; neither matches while nobody does.",
        default=None,
        metadata=on("owns_buy_box"),
    )
    fulfilment: Maybe[EnumFilter[domain.Fulfilment]] = strawberry.field(
        description="Who ships.", default=None, metadata=on("fulfilment")
    )
    condition: Maybe[EnumFilter[domain.Condition]] = strawberry.field(
        description="Condition of the item.", default=None, metadata=on("condition")
    )
    updated_at: Maybe[DateTimeFilter] = strawberry.field(
        description="The last change.", default=None, metadata=on("updated_at")
    )
    and_: Maybe[list["ListingWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["ListingWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["ListingWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )
