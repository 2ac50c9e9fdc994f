"""Price history of a listing: points of a chart, thinned out by the database."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, cast

import strawberry

from domain import price_history as domain
from domain.clock import truncate
from domain.errors import InvalidInput
from domain.listing import Listing
from graphql_api.context import RequestContext
from graphql_api.fields import FromNode
from graphql_api.money import Money
from services import price_history

MOST = 500
DEFAULT = 100
_LONG = timedelta(days=30)

_moved = FromNode[domain.Movement]()
_point = FromNode[domain.PricePoint]()


@strawberry.type(description="How an amount moved within a span.")
class PriceMovement:
    """A movement."""

    SHOWN: ClassVar[type] = domain.Movement

    last: Money | None = _moved(
        lambda moved: Money.maybe(moved.last),
        description="What it was at the end; null while there was none.",
    )
    low: Money | None = _moved(
        lambda moved: Money.maybe(moved.low),
        description="The least that it was, at the beginning included.",
    )
    high: Money | None = _moved(
        lambda moved: Money.maybe(moved.high),
        description="The most that it was, at the beginning included.",
    )

    @staticmethod
    def of(moved: domain.Movement) -> "PriceMovement":
        """The movement as the schema shows it, which is as it is."""
        return cast("PriceMovement", moved)


@strawberry.type(
    description="A span of a chart. What it ends with held until the next point begins."
)
class PricePoint:
    """A point."""

    SHOWN: ClassVar[type] = domain.PricePoint

    starts_at: datetime = _point(lambda point: point.starts_at, description="Its beginning.")
    ends_at: datetime = _point(
        lambda point: point.ends_at, description="Its end, which is no part of it."
    )
    price: PriceMovement = _point(
        lambda point: PriceMovement.of(point.own.price),
        description="Our price as it was live on Amazon, without shipping.",
    )
    wanted_price: Money | None = _point(
        lambda point: Money.maybe(point.own.wanted_price),
        description="The price that was decided last, at the end.",
    )
    buy_box_price: PriceMovement = _point(
        lambda point: PriceMovement.of(point.around.buy_box),
        description="Landed price of the offer that held the Buy Box.",
    )
    is_buy_box_owner: bool | None = _point(
        lambda point: point.around.owns_buy_box,
        description="Whether ours held it at the end; null where nobody did or nothing is known.",
    )
    lowest_competitor_price: PriceMovement = _point(
        lambda point: PriceMovement.of(point.around.lowest),
        description="The lowest landed price of other sellers in the listing's condition.",
    )
    competitor_count: int | None = _point(
        lambda point: point.around.competitors,
        description="Other sellers' offers in the condition at the end, of which Amazon shows 20 at most; null where nothing is known.",
    )


FromAt = Annotated[
    datetime | None,
    strawberry.argument(description="Beginning; 30 days before the end where it is not given."),
]
ToAt = Annotated[
    datetime | None,
    strawberry.argument(description="End, which is no part of it; now where it is not given."),
]
Points = Annotated[
    int, strawberry.argument(description=f"Spans to cut the time into, 1 to {MOST}.")
]


async def chart_of(
    context: RequestContext,
    row: Listing,
    from_at: datetime | None,
    to_at: datetime | None,
    count: int,
) -> list[PricePoint]:
    """The points of a listing's chart.

    Raises:
        InvalidInput: the beginning is not before the end, or too many points are asked for.
    """
    if not 1 <= count <= MOST:
        raise InvalidInput(f"`points` is 1 to {MOST}.", field=("points",))
    end = truncate(to_at or context.runtime.clock.now())
    beginning = truncate(from_at or end - _LONG)
    if beginning >= end:
        raise InvalidInput("`fromAt` must be before `toAt`.", field=("fromAt",))
    spans = domain.Spans(beginning, end, count)
    found = await price_history.of_listing(context.scope, row, spans)
    return cast("list[PricePoint]", found)
