"""Runs: prices that were decided and judged together, and what holds them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import run as domain
from domain.access import AccessScope
from domain.listing import sku_of
from graphql_api import decisions, stores
from graphql_api.access import needs
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Count, Noun, pick
from graphql_api.scalars import Sku
from graphql_api.selection import Selection
from storage.filters import Is
from storage.keyset import Sort
from storage.runs import RUNS

if TYPE_CHECKING:
    from graphql_api.decisions import PriceDecision
    from graphql_api.stores import Store

NEWEST_FIRST = Sort("_id", descending=True)


@strawberry.type(description="A limit that the prices of a run break together.")
class GuardrailBreach:
    """Why a run is held, or would be."""

    kind: domain.RunLimit = strawberry.field(description="Which limit.")
    note: str = strawberry.field(description="What was found and what is allowed, for people.")
    seller_skus: list[Sku] = strawberry.field(
        description="The listings that count most, the worst first; at most 10."
    )


@strawberry.type(description="How many listings a run decided for a reason.")
class TriggerCount:
    """A count by trigger."""

    trigger: str = strawberry.field(description="Why they were due, such as RULES_PUBLISHED.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(
    description="What was due in a store at one moment: decided together, judged together. "
    "Runs that moved no price are not kept."
)
class RepriceRun(Node):
    """A run."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store."
    )
    status: domain.RunStatus = strawberry.field(description="What became of its prices.")
    breaches: list[GuardrailBreach] = strawberry.field(
        description="Why it was held; empty where it passed."
    )
    trigger_counts: list[TriggerCount] = strawberry.field(description="Why its listings were due.")
    moved_count: int = strawberry.field(description="Prices that it moves, or would.")
    up_count: int = strawberry.field(description="Of these, how many rise.")
    down_count: int = strawberry.field(description="Of these, how many fall.")
    first_priced_count: int = strawberry.field(description="Of these, how many are first prices.")
    started_at: datetime = strawberry.field(description="When it was decided.")
    ended_at: datetime | None = strawberry.field(
        description="When the last of it was written; null while that is under way."
    )
    answered_by: str | None = strawberry.field(
        description="Who resumed, discarded or undid it; null while nobody did."
    )
    answered_at: datetime | None = strawberry.field(description="When.")
    taken_back_count: int = strawberry.field(
        description="Prices whose former price the undoing had set again."
    )
    left_alone_count: int = strawberry.field(
        description="Prices that the undoing left alone: they changed again since, or there was none before."
    )
    key: strawberry.Private[str]

    @described
    async def decisions(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated["PriceDecision", strawberry.lazy("graphql_api.decisions")]]:
        """Its decisions on prices, newest first."""
        paging = Paging(first, after, last, before)
        where = Is("run_id", "eq", self.key)
        return await decisions.NOUN.page(info, paging, sort=NEWEST_FIRST, where=where)


@strawberry.input(description="Conditions on runs. Every field that is given must hold.")
class RepriceRunWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    status: Maybe[EnumFilter[domain.RunStatus]] = strawberry.field(
        description="What became of its prices.", default=None, metadata=on("status")
    )
    started_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was decided.", default=None, metadata=on("started_at")
    )
    and_: Maybe[list["RepriceRunWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["RepriceRunWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["RepriceRunWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


Where = Annotated[
    RepriceRunWhereInput | None, strawberry.argument(description="Only runs that match.")
]


async def assemble(
    context: RequestContext, rows: Sequence[domain.Run], wanted: Selection
) -> list[RepriceRun]:
    """The nodes of runs with the children that are asked for."""
    places = await stores.NOUN.by_keys(
        context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
    )
    return [
        RepriceRun(
            id=to_id(Kind.RUN, row.id),
            store=pick(places, row.store_id),
            status=row.status,
            breaches=breaches_of(row.breaches),
            trigger_counts=[
                TriggerCount(trigger=trigger, count=count)
                for trigger, count in sorted(row.triggers.items())
            ],
            moved_count=row.moved,
            up_count=row.up,
            down_count=row.down,
            first_priced_count=row.first_priced,
            started_at=row.started_at,
            ended_at=row.ended_at,
            answered_by=row.answered_by,
            answered_at=row.answered_at,
            taken_back_count=row.taken_back,
            left_alone_count=row.left_alone,
            key=row.id,
        )
        for row in rows
    ]


def breaches_of(rows: Sequence[domain.Breach]) -> list[GuardrailBreach]:
    """What guard-rails found, as the schema shows it."""
    return [
        GuardrailBreach(
            kind=row.limit,
            note=row.note,
            seller_skus=[Sku(sku_of(id_)) for id_ in row.listing_ids],
        )
        for row in rows
    ]


NOUN: Noun[domain.Run, RepriceRun] = Noun(Kind.RUN, RUNS, assemble)


@strawberry.type
class RunQueries:
    """Query fields on runs."""

    @described
    async def reprice_run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> RepriceRun | None:
        """A run by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def reprice_runs(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Where = strawberry.UNSET,
    ) -> Connection[RepriceRun]:
        """Runs that moved a price or were held, newest first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=NEWEST_FIRST, where=where_of(where))

    @described
    @needs(AccessScope.READ)
    async def reprice_runs_count(self, info: Info, where: Where = strawberry.UNSET) -> Count:
        """How many runs match."""
        return await NOUN.count(info, where_of(where))
