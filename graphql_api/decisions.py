"""Price decisions: what the rules said of a listing at one moment, and why, step by step."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import decision as domain
from domain.access import AccessScope
from graphql_api import listings, rulesets, runs, submissions
from graphql_api.access import needs
from graphql_api.business_prices import BusinessPrice
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Count, Noun, pick
from graphql_api.money import Money
from graphql_api.replays import DecisionReplay, replay_of
from graphql_api.scalars import Sha256
from graphql_api.selection import Selection
from graphql_api.traces import Fact, TraceStep, facts_of, trace_of
from graphql_api.verdicts import MatchedRule, RuleVerdict, matched_of, verdict_of
from services import decisions as use_cases
from services.replays import replay
from storage.decisions import DECISIONS
from storage.keyset import Sort

if TYPE_CHECKING:
    from graphql_api.listings import Listing
    from graphql_api.rulesets import Ruleset
    from graphql_api.runs import RepriceRun
    from graphql_api.submissions import Submission

NEWEST_FIRST = Sort("_id", descending=True)


@strawberry.type(description="The span in which rules let a price move.")
class PriceBounds:
    """Floor and ceiling."""

    floor: Money | None = strawberry.field(
        description="Not below this; null where nothing bounds it."
    )
    ceiling: Money | None = strawberry.field(
        description="Not above this; null where nothing bounds it."
    )


@strawberry.type(
    description="The price and quantity of one listing as decided at one moment, with every reason."
)
class PriceDecision(Node):
    """A decision."""

    listing: Annotated["Listing", strawberry.lazy("graphql_api.listings")] = strawberry.field(
        description="The listing that was decided."
    )
    ruleset: Annotated["Ruleset", strawberry.lazy("graphql_api.rulesets")] | None = (
        strawberry.field(
            description="The exact version of the pricing rules; null when none were published."
        )
    )
    trigger: str = strawberry.field(
        description="Why it was decided then, such as OFFERS_CHANGED or RULES_PUBLISHED."
    )
    outcome: domain.DecisionOutcome = strawberry.field(description="What comes of it.")
    reason: domain.DecisionReason = strawberry.field(description="The one thing to know of it.")
    before: Money | None = strawberry.field(description="Price last wanted before.")
    after: Money | None = strawberry.field(
        description="Price to publish; where held, the price that was not published."
    )
    business_price: BusinessPrice | None = strawberry.field(
        description="What businesses are to pay; null makes them no offer. Null where held."
    )
    list_price: Money | None = strawberry.field(
        description="Higher price that Amazon may show struck through; null shows none. Null where held."
    )
    quantity_after: int | None = strawberry.field(
        description="Quantity to publish; null where Amazon fulfils."
    )
    bounds: PriceBounds = strawberry.field(description="The span in which the rules let it move.")
    trace: list[TraceStep] = strawberry.field(description="What was done, step by step.")
    matched_rules: list[MatchedRule] = strawberry.field(
        description="The rules that matched, those on what is listed before those on prices."
    )
    rules: list[RuleVerdict] = strawberry.field(
        description="Every rule that was asked: those that matched and those that did not, and why."
    )
    facts: list[Fact] = strawberry.field(description="What was known.")
    inputs_hash: Sha256 = strawberry.field(
        description="Digest of everything that it depends on; equal digests decide equally."
    )
    decided_at: datetime = strawberry.field(description="When it was decided.")
    submission: Annotated["Submission", strawberry.lazy("graphql_api.submissions")] | None = (
        strawberry.field(
            description="What it sent to Amazon and what became of that; null where nothing."
        )
    )
    run: Annotated["RepriceRun", strawberry.lazy("graphql_api.runs")] | None = strawberry.field(
        description="The run in which it moves the price; null where it moves none, or a person set it."
    )
    replay: DecisionReplay | None = strawberry.field(
        description="Decides it again from what was kept of it, and compares every byte; null for `explain`, which keeps nothing."
    )
    is_stored: bool = strawberry.field(
        description="Whether it was made in earnest and kept. False for `explain`, whose id finds nothing."
    )


@strawberry.input(description="Conditions on decisions. Every field that is given must hold.")
class PriceDecisionWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="Store of the listing.", default=None, metadata=on("store_id", Kind.STORE)
    )
    listing_id: Maybe[IDFilter] = strawberry.field(
        description="The listing.", default=None, metadata=on("listing_id", Kind.LISTING)
    )
    ruleset_id: Maybe[IDFilter] = strawberry.field(
        description="The version of the rules.",
        default=None,
        metadata=on("ruleset_id", Kind.RULESET),
    )
    outcome: Maybe[EnumFilter[domain.DecisionOutcome]] = strawberry.field(
        description="What came of it.", default=None, metadata=on("outcome")
    )
    reason: Maybe[EnumFilter[domain.DecisionReason]] = strawberry.field(
        description="The one thing to know of it.", default=None, metadata=on("reason")
    )
    decided_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was decided.", default=None, metadata=on("decided_at")
    )
    and_: Maybe[list["PriceDecisionWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["PriceDecisionWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["PriceDecisionWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


Where = Annotated[
    PriceDecisionWhereInput | None, strawberry.argument(description="Only decisions that match.")
]


async def assemble(
    context: RequestContext,
    rows: Sequence[domain.Decision],
    wanted: Selection,
    *,
    is_stored: bool = True,
) -> list[PriceDecision]:
    """The nodes of decisions with the children that are asked for."""
    owners, versions, together, sent, verdicts, replays = await asyncio.gather(
        listings.NOUN.by_keys(
            context, (row.listing_id for row in rows if "listing" in wanted), wanted["listing"]
        ),
        rulesets.NOUN.by_keys(
            context, (row.ruleset_id for row in rows if "ruleset" in wanted), wanted["ruleset"]
        ),
        runs.NOUN.by_keys(context, (row.run_id for row in rows if "run" in wanted), wanted["run"]),
        submissions.of_decisions(
            context,
            [row.id for row in rows if is_stored and "submission" in wanted],
            wanted["submission"],
        ),
        use_cases.verdicts(context.runtime, context.scope, rows if "rules" in wanted else []),
        replay(context.runtime, context.scope, rows if is_stored and "replay" in wanted else []),
    )
    return [
        PriceDecision(
            id=to_id(Kind.DECISION, row.id),
            listing=pick(owners, row.listing_id),
            ruleset=pick(versions, row.ruleset_id),
            trigger=row.trigger,
            outcome=row.outcome,
            reason=row.reason,
            before=Money.maybe(row.price_before),
            after=Money.maybe(row.price_after),
            business_price=BusinessPrice.maybe(row.business),
            list_price=Money.maybe(row.list_price),
            quantity_after=row.quantity_after,
            bounds=bounds_of(row),
            trace=trace_of(row.trace if "trace" in wanted else ()),
            matched_rules=[matched_of(rule) for rule in (*row.listing_rules, *row.rules)],
            rules=[verdict_of(rule) for rule in rules],
            facts=facts_of(row.facts),
            inputs_hash=Sha256(row.inputs_hash),
            decided_at=row.decided_at,
            submission=pick(sent, row.id),
            run=pick(together, row.run_id),
            replay=None if again is None else replay_of(again),
            is_stored=is_stored,
        )
        for row, rules, again in zip(
            rows, verdicts or repeat(()), replays or repeat(None), strict=False
        )
    ]


NOUN: Noun[domain.Decision, PriceDecision] = Noun(Kind.DECISION, DECISIONS, assemble)


def bounds_of(row: domain.Decision | None) -> PriceBounds:
    """The bounds of a decision; open ones where there is none."""
    if row is None:
        return PriceBounds(floor=None, ceiling=None)
    return PriceBounds(floor=Money.maybe(row.floor), ceiling=Money.maybe(row.ceiling))


@strawberry.type
class DecisionQueries:
    """Query fields on decisions."""

    @described
    async def decision(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> PriceDecision | None:
        """A decision by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def decisions(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Where = strawberry.UNSET,
    ) -> Connection[PriceDecision]:
        """Decisions that changed something or are held, newest first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=NEWEST_FIRST, where=where_of(where))

    @described
    @needs(AccessScope.READ_AUDIT)
    async def decisions_count(self, info: Info, where: Where = strawberry.UNSET) -> Count:
        """How many decisions match."""
        return await NOUN.count(info, where_of(where))
