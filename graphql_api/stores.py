"""Stores: seller accounts in one country each."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import store as domain
from domain.marketplace import Marketplace as Site
from graphql_api import changes, rulesets
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import FromRow, described
from graphql_api.filters import EnumFilter, StringFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun
from graphql_api.scalars import CurrencyCode
from graphql_api.selection import Selection
from graphql_api.store_figures import (
    DAY,
    BuyBoxShare,
    Hours,
    ListingStatusCount,
    OffersAge,
    OperationCalls,
    Outbox,
    buy_box_share_of,
    calls_of,
    listing_counts_of,
    offers_age_of,
    outbox_of,
)
from graphql_api.store_settings import StoreSettings, settings_of
from storage.filters import Is
from storage.keyset import Sort
from storage.stores import STORES

if TYPE_CHECKING:
    from graphql_api.changes import Change
    from graphql_api.rulesets import Ruleset


@strawberry.type(description="One country's Amazon.")
class Marketplace:
    """A marketplace."""

    marketplace_id: str = strawberry.field(description="Its id in the Selling Partner API.")
    country: str = strawberry.field(description="Country code, such as US.")
    region: str = strawberry.field(description="Region of its endpoint: NA, EU or FE.")
    language: str = strawberry.field(description="Language of its catalogue, such as en_US.")
    domain_name: str = strawberry.field(description="Where buyers find it, such as amazon.com.")
    currency: CurrencyCode = strawberry.field(description="Its currency.")
    has_business: bool = strawberry.field(
        description="Whether Amazon Business is there, so that businesses can have prices of their own."
    )
    has_tax_in_prices: bool = strawberry.field(
        description="Whether buyers see prices with taxes in them, rather than pay those on top."
    )


@strawberry.type(
    description="An authorisation at Amazon. The credentials themselves are never shown."
)
class AmazonAuthorization:
    """An authorisation."""

    seller_id: str = strawberry.field(description="The seller account.")
    connected_at: datetime = strawberry.field(description="When the store was connected with it.")
    expires_at: datetime = strawberry.field(
        description="When Amazon ends it: a year after the seller last agreed, or after credentials were given, which may be older."
    )
    connection: strawberry.Private[domain.Connection]

    @described
    async def is_renewal_due(self, info: Info) -> bool:
        """Whether it ends within 30 days or has ended; `storeAuthorize` renews it."""
        return self.connection.is_renewal_due(info.context.runtime.clock.now())


_shown = FromRow[domain.Store]()


@strawberry.type(description="One seller account in one country, selling the merchant's catalogue.")
class Store(Node):
    """A store."""

    name: str = _shown(lambda row: row.name, description="Its name.")
    email: str = _shown(lambda row: row.email, description="Where the person in charge is reached.")
    country: str = _shown(
        lambda row: row.country, description="Country code of its marketplace; never changes."
    )
    marketplace: Marketplace = _shown(
        lambda row: _marketplace(row.marketplace), description="The marketplace it sells in."
    )
    currency: CurrencyCode = _shown(
        lambda row: CurrencyCode(row.currency), description="Currency of its prices on Amazon."
    )
    catalog_currency: CurrencyCode = _shown(
        lambda row: CurrencyCode(row.catalog_currency),
        description="Currency of the catalogue's prices.",
    )
    status: domain.StoreStatus = _shown(
        lambda row: row.status, description="Whether it may talk to Amazon."
    )
    settings: StoreSettings = _shown(settings_of, description="How it sells.")
    authorization: AmazonAuthorization | None = _shown(
        lambda row: _authorization(row.connection),
        description="Its authorisation at Amazon; null before it is connected.",
    )
    orders_complete_at: datetime | None = _shown(
        lambda row: row.orders_read_until,
        description="Amazon's time up to which all orders are imported.",
    )
    version: int = _shown(lambda row: row.version, description="Counts up with every change.")
    created_at: datetime = _shown(lambda row: row.created_at, description="When it was created.")
    updated_at: datetime = _shown(
        lambda row: row.updated_at, description="When it or its settings last changed."
    )
    row: strawberry.Private[domain.Store]

    @described
    async def listing_counts(self, info: Info) -> list[ListingStatusCount]:
        """How many of its listings stand where; statuses with none are left out."""
        return await listing_counts_of(info.context, self.row.id)

    @described
    async def buy_box_share(self, info: Info) -> BuyBoxShare:
        """How often its active listings hold the Buy Box."""
        return await buy_box_share_of(info.context, self.row.id)

    @described
    async def offers_age(self, info: Info) -> OffersAge:
        """How old is what it knows of the offers on its items."""
        return await offers_age_of(info.context, self.row.id)

    @described
    async def outbox(self, info: Info) -> Outbox:
        """What it has on its way to Amazon, and when that is expected to have got there."""
        return await outbox_of(info.context, self.row.id)

    @described
    async def calls(self, info: Info, hours: Hours = DAY) -> list[OperationCalls]:
        """How often it called Amazon lately, by operation, most often first."""
        return await calls_of(info.context, self.row.id, hours)

    @described
    async def rulesets(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated["Ruleset", strawberry.lazy("graphql_api.rulesets")]]:
        """Versions of its rules, newest first."""
        paging = Paging(first, after, last, before)
        mine = Is("store_id", "eq", self.row.id)
        return await rulesets.NOUN.page(info, paging, sort=rulesets.NEWEST_FIRST, where=mine)

    @described
    async def changes(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated["Change", strawberry.lazy("graphql_api.changes")]]:
        """What changed in it and on its listings and orders, newest first."""
        paging = Paging(first, after, last, before)
        mine = Is("store_id", "eq", self.row.id)
        return await changes.NOUN.page(info, paging, sort=changes.NEWEST_FIRST, where=mine)


@strawberry.input(description="Conditions on stores. Every field that is given must hold.")
class StoreWhereInput:
    """Typed conditions."""

    name: Maybe[StringFilter] = strawberry.field(
        description="Its name.", default=None, metadata=on("name")
    )
    country: Maybe[StringFilter] = strawberry.field(
        description="Country code of its marketplace.", default=None, metadata=on("country")
    )
    status: Maybe[EnumFilter[domain.StoreStatus]] = strawberry.field(
        description="Whether it may talk to Amazon.", default=None, metadata=on("status")
    )
    and_: Maybe[list["StoreWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["StoreWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["StoreWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext,  # noqa: ARG001 - the shape of every noun
    rows: Sequence[domain.Store],
    wanted: Selection,  # noqa: ARG001
) -> list[Store]:
    """The nodes of stores; what is below them is read when it is asked for."""
    return [Store(id=to_id(Kind.STORE, row.id), row=row) for row in rows]


NOUN: Noun[domain.Store, Store] = Noun(Kind.STORE, STORES, assemble)


def _marketplace(row: Site) -> Marketplace:
    return Marketplace(
        marketplace_id=row.id,
        country=row.country,
        region=row.region,
        language=row.language,
        domain_name=row.domain,
        currency=CurrencyCode(row.currency),
        has_business=row.has_business,
        has_tax_in_prices=row.shows_prices_with_tax,
    )


def _authorization(row: domain.Connection | None) -> AmazonAuthorization | None:
    if row is None:
        return None
    return AmazonAuthorization(
        seller_id=row.seller_id,
        connected_at=row.connected_at,
        expires_at=row.expires_at,
        connection=row,
    )


@strawberry.type
class StoreQueries:
    """Query fields on stores."""

    @described
    async def store(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Store | None:
        """A store by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def stores(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            StoreWhereInput | None, strawberry.argument(description="Only stores that match.")
        ] = strawberry.UNSET,
    ) -> Connection[Store]:
        """Stores, oldest first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=Sort("created_at"), where=where_of(where))
