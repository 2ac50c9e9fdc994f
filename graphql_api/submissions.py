"""Submissions: what leaves for Amazon, and what became of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import submission as domain
from graphql_api import decisions, listings
from graphql_api.business_prices import BusinessPrice
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import DateTimeFilter, EnumFilter, IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id
from graphql_api.issues import Issue, issues_of
from graphql_api.loaders import Noun, pick
from graphql_api.money import Money
from graphql_api.scalars import Sku
from graphql_api.selection import Selection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.submissions import SUBMISSIONS

if TYPE_CHECKING:
    from graphql_api.decisions import PriceDecision
    from graphql_api.listings import Listing

NEWEST_FIRST = Sort("_id", descending=True)


@strawberry.type(description="One change of one listing on its way to Amazon.")
class Submission(Node):
    """A submission."""

    kind: domain.SubmissionKind = strawberry.field(description="What is asked of Amazon.")
    state: domain.SubmissionState = strawberry.field(description="What became of it so far.")
    listing: Annotated["Listing", strawberry.lazy("graphql_api.listings")] = strawberry.field(
        description="The listing that changes."
    )
    decision: Annotated["PriceDecision", strawberry.lazy("graphql_api.decisions")] | None = (
        strawberry.field(description="The decision that it follows from.")
    )
    price_decision: Annotated["PriceDecision", strawberry.lazy("graphql_api.decisions")] | None = (
        strawberry.field(
            description="The decision that justifies the price and what goes with it; an earlier one where this carries along what was not sent yet. Null without a price."
        )
    )
    seller_sku: Sku = strawberry.field(description="Seller SKU as Amazon is told it.")
    price: Money | None = strawberry.field(description="Price to publish; null leaves it alone.")
    business_price: BusinessPrice | None = strawberry.field(
        description="What businesses are to pay, told with the price; null leaves it alone or withdraws it."
    )
    is_business_price_withdrawn: bool = strawberry.field(
        description="Whether it ends the offer to businesses that was made before."
    )
    list_price: Money | None = strawberry.field(
        description="Price to strike through, told with the price; null leaves it alone or withdraws it."
    )
    is_list_price_withdrawn: bool = strawberry.field(
        description="Whether it takes back the list price that was set before."
    )
    quantity: int | None = strawberry.field(
        description="Quantity to publish; null leaves it alone."
    )
    attempt_count: int = strawberry.field(
        description="How often sending failed and was tried again."
    )
    marketplace_submission_id: str | None = strawberry.field(
        description="Amazon's id of it; null before it was accepted."
    )
    issues: list[Issue] = strawberry.field(description="What Amazon found wrong with it.")
    created_at: datetime = strawberry.field(description="When it was written down.")
    accepted_at: datetime | None = strawberry.field(description="When Amazon took it; null before.")
    settled_at: datetime | None = strawberry.field(
        description="When it was read back, refused or superseded; null before."
    )


@strawberry.input(description="Conditions on submissions. Every field that is given must hold.")
class SubmissionWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="Store of the listing.", default=None, metadata=on("store_id", Kind.STORE)
    )
    listing_id: Maybe[IDFilter] = strawberry.field(
        description="The listing.", default=None, metadata=on("listing_id", Kind.LISTING)
    )
    decision_id: Maybe[IDFilter] = strawberry.field(
        description="The decision.", default=None, metadata=on("decision_id", Kind.DECISION)
    )
    kind: Maybe[EnumFilter[domain.SubmissionKind]] = strawberry.field(
        description="What is asked of Amazon.", default=None, metadata=on("kind")
    )
    state: Maybe[EnumFilter[domain.SubmissionState]] = strawberry.field(
        description="What became of it.", default=None, metadata=on("state")
    )
    created_at: Maybe[DateTimeFilter] = strawberry.field(
        description="When it was written down.", default=None, metadata=on("created_at")
    )
    and_: Maybe[list["SubmissionWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["SubmissionWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["SubmissionWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.Submission], wanted: Selection
) -> list[Submission]:
    """The nodes of submissions with the children that are asked for."""
    of_listing, of_decision = wanted["listing"], wanted["decision"]
    owners, reasons, priced = await asyncio.gather(
        listings.NOUN.by_keys(
            context, (row.listing_id for row in rows if "listing" in wanted), of_listing
        ),
        decisions.NOUN.by_keys(
            context, (row.decision_id for row in rows if "decision" in wanted), of_decision
        ),
        decisions.NOUN.by_keys(
            context,
            (row.price_decision_id for row in rows if "priceDecision" in wanted),
            wanted["priceDecision"],
        ),
    )
    return [
        Submission(
            id=to_id(Kind.SUBMISSION, row.id),
            kind=row.kind,
            state=row.state,
            listing=pick(owners, row.listing_id),
            decision=pick(reasons, row.decision_id),
            price_decision=pick(priced, row.price_decision_id),
            seller_sku=Sku(row.seller_sku),
            price=Money.maybe(row.price),
            business_price=BusinessPrice.maybe(row.terms.business),
            is_business_price_withdrawn=row.terms.withdraws_business,
            list_price=Money.maybe(row.terms.list_price),
            is_list_price_withdrawn=row.terms.withdraws_list_price,
            quantity=row.quantity,
            attempt_count=row.attempts,
            marketplace_submission_id=row.amazon_submission_id,
            issues=issues_of(row.issues),
            created_at=row.created_at,
            accepted_at=row.accepted_at,
            settled_at=row.settled_at,
        )
        for row in rows
    ]


NOUN = Noun(Kind.SUBMISSION, SUBMISSIONS, assemble)

_OPEN = [
    domain.SubmissionState.PENDING,
    domain.SubmissionState.SENT,
    domain.SubmissionState.ACCEPTED,
]


async def open_of(
    context: RequestContext, listing_ids: list[str], wanted: Selection
) -> dict[str, Submission]:
    """The submission under way of each of the listings that has one, by listing id."""
    if not listing_ids:
        return {}
    where = AllOf((Is("listing_id", "in", listing_ids), Is("state", "in", _OPEN)))
    return await _newest_by(context, where, "listing_id", wanted)


async def of_decisions(
    context: RequestContext, decision_ids: list[str], wanted: Selection
) -> dict[str, Submission]:
    """What each of the decisions sent to Amazon, by decision id."""
    if not decision_ids:
        return {}
    return await _newest_by(context, Is("decision_id", "in", decision_ids), "decision_id", wanted)


async def _newest_by(
    context: RequestContext, where: AllOf | Is, attribute: str, wanted: Selection
) -> dict[str, Submission]:
    NOUN.check(context)
    rows = sorted(await SUBMISSIONS.find(context.scope, where), key=lambda row: row.id)
    nodes = await assemble(context, rows, wanted)
    return {getattr(row, attribute): node for row, node in zip(rows, nodes, strict=True)}


@strawberry.type
class SubmissionQueries:
    """Query fields on submissions."""

    @described
    async def submissions(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            SubmissionWhereInput | None,
            strawberry.argument(description="Only submissions that match."),
        ] = strawberry.UNSET,
    ) -> Connection[Submission]:
        """What was sent or is to be sent to Amazon, newest first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=NEWEST_FIRST, where=where_of(where))
