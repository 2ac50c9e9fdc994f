"""Figures of a store: how its listings stand, how old its data is, what is on its way, how often it calls Amazon."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from domain.errors import InvalidInput
from domain.listing import ListingStatus
from graphql_api.context import RequestContext
from services.outbox import outbox
from storage import communication_errors, looks
from storage.listings import buy_box_counts, status_counts

DAY = 24
_MOST_HOURS = 168


@strawberry.type(description="How many listings of a store stand in a status.")
class ListingStatusCount:
    """A count by status."""

    status: ListingStatus = strawberry.field(description="The status.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How often a store's active listings hold the Buy Box.")
class BuyBoxShare:
    """Who holds the Buy Box."""

    won_count: int = strawberry.field(description="Listings whose offer holds it.")
    lost_count: int = strawberry.field(description="Listings where another seller holds it.")
    open_count: int = strawberry.field(
        description="Listings where nobody does or nothing is known."
    )
    percent: Decimal | None = strawberry.field(
        description="Won out of won and lost, in per cent with one decimal; null where both are none."
    )


@strawberry.type(
    description="How old is what a store knows of the offers on its items. An item is an ASIN that it lists; its offers "
    "are seen when an event tells of them, or Amazon is asked."
)
class OffersAge:
    """How old offers are."""

    item_count: int = strawberry.field(description="Items that are looked at.")
    never_seen_count: int = strawberry.field(description="Items whose offers were never seen.")
    oldest_seen_at: datetime | None = strawberry.field(
        description="When the offers were seen that are the oldest; null where none ever were."
    )
    median_seen_at: datetime | None = strawberry.field(
        description="Of the items that were seen, half were seen since; null where none ever were."
    )


@strawberry.type(description="What a store has on its way to Amazon.")
class Outbox:
    """What is on its way."""

    waiting_count: int = strawberry.field(description="Changes that are written down, not sent.")
    sent_count: int = strawberry.field(description="Changes in feeds that Amazon works off.")
    accepted_count: int = strawberry.field(
        description="Changes that Amazon took and that are not read back yet."
    )
    expected_at: datetime | None = strawberry.field(
        description="When Amazon will have answered to all that waits or is sent, as far as can be told; "
        "null where there is nothing."
    )


@strawberry.type(description="Calls of one of Amazon's operations in a stretch of time.")
class OperationCalls:
    """How often an operation was called."""

    operation: str = strawberry.field(description="Its name in Amazon's models.")
    count: int = strawberry.field(description="Calls, whatever came of them.")
    throttled_count: int = strawberry.field(
        description="Of these, refused because the quota was used up."
    )
    mean_milliseconds: int = strawberry.field(description="How long a call took on average.")
    slowest_milliseconds: int = strawberry.field(description="How long the slowest took.")


Hours = Annotated[
    int,
    strawberry.argument(
        description=f"That many hours back, the present one included; 1 to {_MOST_HOURS}."
    ),
]


async def listing_counts_of(context: RequestContext, store_id: str) -> list[ListingStatusCount]:
    """How many listings stand where, in the order of the statuses."""
    counts = await context.once(
        ("listing_counts", store_id), lambda: status_counts(context.scope, store_id)
    )
    return [
        ListingStatusCount(status=status, count=counts[status.value])
        for status in ListingStatus
        if status.value in counts
    ]


async def buy_box_share_of(context: RequestContext, store_id: str) -> BuyBoxShare:
    """How often active listings hold the Buy Box."""
    counts = await context.once(
        ("buy_box_counts", store_id), lambda: buy_box_counts(context.scope, store_id)
    )
    won, lost = counts.get("True", 0), counts.get("False", 0)
    share = Decimal(100 * won) / Decimal(won + lost) if won + lost else None
    return BuyBoxShare(
        won_count=won,
        lost_count=lost,
        open_count=counts.get("None", 0),
        percent=share.quantize(Decimal("0.1")) if share is not None else None,
    )


async def offers_age_of(context: RequestContext, store_id: str) -> OffersAge:
    """How old is what is known of offers."""
    found = await context.once(("offers_age", store_id), lambda: looks.age(context.scope, store_id))
    return OffersAge(
        item_count=found.items,
        never_seen_count=found.never_seen,
        oldest_seen_at=found.oldest_seen_at,
        median_seen_at=found.median_seen_at,
    )


async def outbox_of(context: RequestContext, store_id: str) -> Outbox:
    """What is on its way to Amazon."""
    found = await context.once(
        ("outbox", store_id), lambda: outbox(context.runtime, context.scope, store_id)
    )
    return Outbox(
        waiting_count=found.waiting,
        sent_count=found.sent,
        accepted_count=found.accepted,
        expected_at=found.expected_at,
    )


async def calls_of(context: RequestContext, store_id: str, hours: int) -> list[OperationCalls]:
    """How often Amazon was called, by operation, most often first.

    Raises:
        InvalidInput: hours that are not kept.
    """
    if not 1 <= hours <= _MOST_HOURS:
        raise InvalidInput(f"`hours` is 1 to {_MOST_HOURS}.", field=("hours",))
    found = await context.once(
        ("calls", store_id, str(hours)),
        lambda: communication_errors.calls_lately(
            context.scope, store_id, context.runtime.clock.now(), hours
        ),
    )
    return [
        OperationCalls(
            operation=each.operation,
            count=each.count,
            throttled_count=each.throttled,
            mean_milliseconds=each.mean_milliseconds,
            slowest_milliseconds=each.slowest_milliseconds,
        )
        for each in found
    ]
