"""Products of the merchant's catalogue."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import Maybe

from domain import money
from domain import product as domain
from domain.access import AccessScope
from graphql_api.access import needs
from graphql_api.connections import After, Before, Connection, First, Last, Paging, SortDirection
from graphql_api.context import Info, RequestContext
from graphql_api.enums import describe
from graphql_api.fields import described
from graphql_api.filters import (
    DateTimeFilter,
    DecimalFilter,
    EnumFilter,
    StringFilter,
    on,
    where_of,
)
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Count, Noun
from graphql_api.money import Money
from graphql_api.scalars import Sha256, Sku
from graphql_api.selection import Selection
from storage.keyset import Sort
from storage.products import PRODUCTS


@strawberry.type(description="A price attribute of a product.")
class ProductPrice:
    """A price by its code in the catalogue."""

    code: str = strawberry.field(description="The attribute's code; every product has `price`.")
    price: Money = strawberry.field(description="The price, in the catalogue's currency.")


@strawberry.type(description="Prices that one website of the catalogue has of its own.")
class WebsitePrices:
    """Prices of a website."""

    website: str = strawberry.field(description="The website's code.")
    sort_order: int = strawberry.field(description="The prices of the lowest count first.")
    prices: list[ProductPrice] = strawberry.field(
        description="By code; what is not there is as in the product's `prices`."
    )


@strawberry.type(description="An attribute of a product that is no price.")
class ProductAttribute:
    """A value by its code in the catalogue."""

    code: str = strawberry.field(description="The attribute's code.")
    value: str = strawberry.field(description="The value as the catalogue writes it.")


@strawberry.type(
    description="What the merchant sells, as the last import of the catalogue told it."
)
class Product(Node):
    """A product."""

    sku: Sku = strawberry.field(description="SKU in the catalogue.")
    name: str = strawberry.field(description="Name in the catalogue.")
    type: domain.ProductType = strawberry.field(description="What kind of product it is.")
    attribute_set: str = strawberry.field(description="Attribute set in the catalogue.")
    categories: list[str] = strawberry.field(description="Category paths, such as `Men/Tops`.")
    is_enabled: bool = strawberry.field(description="Whether the catalogue has it enabled.")
    prices: list[ProductPrice] = strawberry.field(description="Price attributes, by code.")
    website_prices: list[WebsitePrices] = strawberry.field(
        description="Websites with prices of their own, which count before `prices`; the first one first."
    )
    attributes: list[ProductAttribute] = strawberry.field(description="Other attributes, by code.")
    stock: Decimal = strawberry.field(description="Units in stock.")
    is_stock_managed: bool = strawberry.field(description="Whether the catalogue counts its stock.")
    content_hash: Sha256 = strawberry.field(
        description="Digest of the content; it changes with every change that an import brings."
    )
    version: int = strawberry.field(description="Counts up with every change.")
    created_at: datetime = strawberry.field(description="When it was first imported.")
    updated_at: datetime = strawberry.field(description="When it last changed.")


class ProductSortField(Enum):
    """Orders of products that an index serves."""

    SKU = "_id"
    UPDATED_AT = "updated_at"


describe(
    ProductSortField,
    "What products can be sorted by.",
    SKU="The SKU.",
    UPDATED_AT="The last change.",
)


@strawberry.input(description="Order of products; ties are broken by the SKU.")
class ProductSort:
    """A field and a direction."""

    field: ProductSortField = strawberry.field(description="Sort by this.")
    direction: SortDirection = strawberry.field(
        description="Which end comes first.", default=SortDirection.ASC
    )


@strawberry.input(description="Conditions on products. Every field that is given must hold.")
class ProductWhereInput:
    """Typed conditions."""

    sku: Maybe[StringFilter] = strawberry.field(
        description="SKU in the catalogue.", default=None, metadata=on("sku")
    )
    name: Maybe[StringFilter] = strawberry.field(
        description="Name in the catalogue.", default=None, metadata=on("name")
    )
    type: Maybe[EnumFilter[domain.ProductType]] = strawberry.field(
        description="What kind of product it is.", default=None, metadata=on("type")
    )
    is_enabled: Maybe[bool] = strawberry.field(
        description="Whether the catalogue has it enabled.", default=None, metadata=on("is_enabled")
    )
    stock: Maybe[DecimalFilter] = strawberry.field(
        description="Units in stock.", default=None, metadata=on("stock")
    )
    updated_at: Maybe[DateTimeFilter] = strawberry.field(
        description="The last change.", default=None, metadata=on("updated_at")
    )
    and_: Maybe[list["ProductWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["ProductWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["ProductWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


Where = Annotated[
    ProductWhereInput | None, strawberry.argument(description="Only products that match.")
]


async def assemble(
    context: RequestContext,  # noqa: ARG001 - the shape of every noun
    rows: Sequence[domain.Product],
    wanted: Selection,  # noqa: ARG001
) -> list[Product]:
    """The nodes of products; they have no children to read."""
    return [_product(row) for row in rows]


NOUN = Noun(Kind.PRODUCT, PRODUCTS, assemble)


def _product(row: domain.Product) -> Product:
    return Product(
        id=to_id(Kind.PRODUCT, row.id),
        sku=Sku(row.sku),
        name=row.name,
        type=row.type,
        attribute_set=row.attribute_set,
        categories=list(row.categories),
        is_enabled=row.is_enabled,
        prices=_prices(row.prices),
        website_prices=[
            WebsitePrices(
                website=each.website, sort_order=each.sort_order, prices=_prices(each.prices)
            )
            for each in sorted(row.website_prices, key=lambda each: each.sort_order)
        ],
        attributes=[
            ProductAttribute(code=code, value=value)
            for code, value in sorted(row.attributes.items())
        ],
        stock=row.stock,
        is_stock_managed=row.manages_stock,
        content_hash=Sha256(row.content_hash),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _prices(prices: Mapping[str, money.Money]) -> list[ProductPrice]:
    return [
        ProductPrice(code=code, price=Money.of(price)) for code, price in sorted(prices.items())
    ]


@strawberry.type
class ProductQueries:
    """Query fields on products."""

    @described
    async def product(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Product | None:
        """A product by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def product_by_sku(
        self,
        info: Info,
        sku: Annotated[Sku, strawberry.argument(description="SKU in the catalogue.")],
    ) -> Product | None:
        """A product by its SKU; null where there is none."""
        key = domain.product_id(info.context.viewer.merchant_id, sku)
        return await NOUN.by_key(info.context, key, Selection.of(info))

    @described
    async def products(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Where = strawberry.UNSET,
        sort: Annotated[
            ProductSort | None, strawberry.argument(description="Order; by SKU where not given.")
        ] = strawberry.UNSET,
    ) -> Connection[Product]:
        """Products of the catalogue, by SKU unless told otherwise."""
        order = (
            Sort(sort.field.value, sort.direction is SortDirection.DESC) if sort else Sort("_id")
        )
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=order, where=where_of(where))

    @described
    @needs(AccessScope.READ)
    async def products_count(self, info: Info, where: Where = strawberry.UNSET) -> Count:
        """How many products match."""
        return await NOUN.count(info, where_of(where))
