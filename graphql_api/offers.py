"""Offers of all sellers on an item, as Amazon last showed them."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain import offer as domain
from domain.access import AccessScope
from domain.listing import Condition, Fulfilment
from graphql_api.access import needs
from graphql_api.connections import (
    After,
    Before,
    Connection,
    First,
    Last,
    Paging,
    connection,
    cut_list,
)
from graphql_api.context import Info
from graphql_api.fields import FromRow, described
from graphql_api.ids import Kind, to_key
from graphql_api.money import Money
from graphql_api.scalars import MarketplaceItemId
from storage.keyset import Sort
from storage.offers import SNAPSHOTS

_BY_PRICE = Sort("minor")
"""Landed price in minor units; an order of the list in memory, not of the database."""


_shown = FromRow[domain.Offer]()


@strawberry.type(description="One seller's offer on an item, as Amazon showed it at `observedAt`.")
class Offer:
    """An offer."""

    seller_id: str = _shown(lambda row: row.seller_id, description="The seller's id at Amazon.")
    condition: Condition = _shown(lambda row: row.condition, description="Condition of the item.")
    marketplace_condition: str = _shown(
        lambda row: row.condition.value, description="Amazon's code of the condition."
    )
    listing_price: Money = _shown(
        lambda row: Money.of(row.listing_price), description="Price of the item without shipping."
    )
    shipping: Money = _shown(lambda row: Money.of(row.shipping), description="Price of shipping.")
    landed_price: Money = _shown(
        lambda row: Money.of(row.landed_price), description="What a buyer pays: item and shipping."
    )
    fulfilment: Fulfilment = _shown(lambda row: row.fulfilment, description="Who ships.")
    feedback_rating: int | None = _shown(
        lambda row: row.feedback_rating,
        description="Positive feedback in whole per cent; null where Amazon does not tell.",
    )
    feedback_count: int | None = _shown(
        lambda row: row.feedback_count,
        description="How many gave feedback; null where Amazon does not tell.",
    )
    is_buy_box_winner: bool = _shown(
        lambda row: row.is_buy_box_winner, description="Whether it holds the Buy Box."
    )
    is_own: bool = _shown(lambda row: row.is_own, description="Whether it is the store's own.")
    observed_at: datetime = strawberry.field(description="Amazon's time of the observation.")
    row: strawberry.Private[domain.Offer]


def offer_of(row: domain.Offer, observed_at: datetime) -> Offer:
    """An offer as the schema shows it."""
    return Offer(row=row, observed_at=observed_at)


def buy_box_of(snapshot: domain.OfferSnapshot | None) -> Offer | None:
    """The offer that holds the Buy Box, if it is among those shown."""
    winner = snapshot.buy_box if snapshot else None
    return offer_of(winner, snapshot.observed_at) if snapshot and winner else None


def offers_page(snapshot: domain.OfferSnapshot | None, paging: Paging) -> Connection[Offer]:
    """A page of a snapshot's offers, by landed price and then seller."""
    request = paging.request(_BY_PRICE)
    if snapshot is None:
        return connection(cut_list([], request), [], [])
    page = cut_list(_in_order(snapshot), request)
    keys = [key for key, _ in page.items]
    return connection(page, keys, [offer_of(row, snapshot.observed_at) for _, row in page.items])


def _in_order(snapshot: domain.OfferSnapshot) -> list[tuple[tuple[int, str], domain.Offer]]:
    """The offers with their places; the number at a place's end parts offers that are alike in all else."""
    found = sorted(
        ((row.landed_price.minor, row.seller_id, row.condition.value, row.fulfilment.value), number)
        for number, row in enumerate(snapshot.offers)
    )
    return [
        ((minor, f"{seller}/{condition}/{fulfilment}/{number:04}"), snapshot.offers[number])
        for (minor, seller, condition, fulfilment), number in found
    ]


@strawberry.type
class OfferQueries:
    """Query fields on offers."""

    @described
    @needs(AccessScope.READ)
    async def offers(
        self,
        info: Info,
        store_id: Annotated[
            strawberry.ID, strawberry.argument(description="The store that looks.")
        ],
        asin: Annotated[MarketplaceItemId, strawberry.argument(description="The item's ASIN.")],
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Offer]:
        """Offers on an item as one store last saw them, by landed price and then seller."""
        key = domain.snapshot_id(to_key(Kind.STORE, store_id) or "", asin)
        snapshots = await info.context.rows(SNAPSHOTS, [key])
        return offers_page(snapshots.get(key), Paging(first, after, last, before))
