"""Plans: what rule documents would do, before they are published."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import plan as domain
from domain.ruleset import RulesetKind
from graphql_api import operations, rulesets, stores
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.effects import RulesetEffect, effect_of
from graphql_api.fields import described
from graphql_api.filters import IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun, pick
from graphql_api.rule_documents import RuleDocument
from graphql_api.scalars import Sha256
from graphql_api.selection import Selection
from storage.keyset import Sort
from storage.plans import PLANS

if TYPE_CHECKING:
    from graphql_api.operations import Operation
    from graphql_api.rulesets import Ruleset
    from graphql_api.stores import Store


@strawberry.type(description="A rule document of a plan.")
class PlannedDocument(RuleDocument):
    """A document."""


@strawberry.type(description="What rule documents would do to a store's catalogue.")
class Plan(Node):
    """A plan."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store that it is for."
    )
    documents: list[PlannedDocument] = strawberry.field(
        description="What is to be published, one document of a kind at most."
    )
    listing_ruleset_before: Annotated["Ruleset", strawberry.lazy("graphql_api.rulesets")] | None = (
        strawberry.field(description="The listing rules that it compares with; null without any.")
    )
    pricing_ruleset_before: Annotated["Ruleset", strawberry.lazy("graphql_api.rulesets")] | None = (
        strawberry.field(description="The pricing rules that it compares with; null without any.")
    )
    effect: RulesetEffect | None = strawberry.field(
        description="What would change; null until it is worked out, see `operation`."
    )
    operation: Annotated["Operation", strawberry.lazy("graphql_api.operations")] | None = (
        strawberry.field(description="The work of making it.")
    )
    author: str = strawberry.field(description="Who asked for it.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    published_at: datetime | None = strawberry.field(
        description="When it was published; null while it was not."
    )


@strawberry.input(description="Conditions on plans. Every field that is given must hold.")
class PlanWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    and_: Maybe[list["PlanWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["PlanWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["PlanWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.Plan], wanted: Selection
) -> list[Plan]:
    """The nodes of plans with the children that are asked for."""
    places = await stores.NOUN.by_keys(
        context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
    )
    work = await operations.NOUN.by_keys(
        context, (row.id for row in rows if "operation" in wanted), wanted["operation"]
    )
    versions = {
        name: await rulesets.NOUN.by_keys(
            context, (_before(row, kind) for row in rows if name in wanted), wanted[name]
        )
        for name, kind in _BEFORE.items()
    }
    return [
        Plan(
            id=to_id(Kind.PLAN, row.id),
            store=pick(places, row.store_id),
            documents=[
                PlannedDocument(
                    kind=document.kind,
                    name=document.name,
                    source=document.source,
                    content_hash=Sha256(document.content_hash),
                    store_id=row.store_id,
                )
                for document in row.documents
            ],
            listing_ruleset_before=pick(
                versions["listingRulesetBefore"], _before(row, RulesetKind.LISTING)
            ),
            pricing_ruleset_before=pick(
                versions["pricingRulesetBefore"], _before(row, RulesetKind.PRICING)
            ),
            effect=effect_of(row.effect) if row.effect and "effect" in wanted else None,
            operation=pick(work, row.id),
            author=row.author,
            created_at=row.created_at,
            published_at=row.published_at,
        )
        for row in rows
    ]


_BEFORE = {
    "listingRulesetBefore": RulesetKind.LISTING,
    "pricingRulesetBefore": RulesetKind.PRICING,
}


def _before(row: domain.Plan, kind: RulesetKind) -> str | None:
    return next((each.ruleset_id for each in row.in_force if each.kind is kind), None)


NOUN: Noun[domain.Plan, Plan] = Noun(Kind.PLAN, PLANS, assemble)


@strawberry.type
class PlanQueries:
    """Query fields on plans."""

    @described
    async def plan(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Plan | None:
        """A plan by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def plans(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            PlanWhereInput | None, strawberry.argument(description="Only plans that match.")
        ] = strawberry.UNSET,
    ) -> Connection[Plan]:
        """Plans, newest first."""
        paging = Paging(first, after, last, before)
        newest_first = Sort("_id", descending=True)
        return await NOUN.page(info, paging, sort=newest_first, where=where_of(where))
