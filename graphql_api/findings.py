"""Findings: rules of a document that do not do what they seem to, each with a listing that shows it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import decision
from domain.listing import ListingReason
from graphql_api import listings
from graphql_api.context import Info
from graphql_api.fields import described
from graphql_api.money import Money
from graphql_api.scalars import Sku
from graphql_api.selection import Selection
from graphql_api.traces import Fact, TraceStep, facts_of, trace_of
from graphql_api.verdicts import RuleVerdict, verdict_of
from rules import lint
from rules.eligibility import Eligibility
from rules.lint import FindingCode, Severity

if TYPE_CHECKING:
    from graphql_api.listings import Listing


@strawberry.type(
    description="A listing for which a finding was seen to be true, and what the rules said of it."
)
class Witness:
    """A witness."""

    is_constructed: bool = strawberry.field(
        description="Whether it was made up to fit the conditions, since no listing of the store fitted."
    )
    seller_sku: Sku = strawberry.field(description="Its seller SKU; of no meaning where made up.")
    facts: list[Fact] = strawberry.field(
        description="What the rules of the finding ask of it, and its price."
    )
    decided_at: datetime = strawberry.field(
        description="The moment that it was tried for; it matters where rules have dates and hours."
    )
    price: Money | None = strawberry.field(
        description="The price that comes out; null of listing rules, and where none does."
    )
    outcome: decision.DecisionOutcome | None = strawberry.field(
        description="What comes of the price; null of listing rules."
    )
    reason: decision.DecisionReason | None = strawberry.field(
        description="The one thing to know of the price; null of listing rules."
    )
    is_eligible: bool | None = strawberry.field(
        description="Whether it would be listed; null of pricing rules."
    )
    ineligible_reason: ListingReason | None = strawberry.field(
        description="Why it would not be listed; null where it would, and of pricing rules."
    )
    rules: list[RuleVerdict] = strawberry.field(
        description="The rules that were asked, and why each took part or did not."
    )
    trace: list[TraceStep] = strawberry.field(
        description="The price, step by step; empty of listing rules."
    )
    key: strawberry.Private[str]

    @described
    async def listing(
        self, info: Info
    ) -> Annotated["Listing", strawberry.lazy("graphql_api.listings")] | None:
        """The listing; null where it was made up or is gone."""
        if self.is_constructed:
            return None
        return await listings.NOUN.by_key(info.context, self.key, Selection.of(info))


@strawberry.type(description="Something about a rule document that its author should look at.")
class RuleFinding:
    """A finding."""

    code: FindingCode = strawberry.field(description="What is wrong.")
    severity: Severity = strawberry.field(
        description="How sure it is that the author did not mean it."
    )
    rule_keys: list[str] = strawberry.field(
        description="The rule that it is about, then the others that take part."
    )
    message: str = strawberry.field(description="What happens and what to do about it, for people.")
    line: int | None = strawberry.field(description="Line of the document, from 1.")
    column: int | None = strawberry.field(description="Column of the line, from 1.")
    document_path: str | None = strawberry.field(
        description="Place in the document, such as `rules[2].when.all[0]`."
    )
    witness: Witness | None = strawberry.field(
        description="A listing that shows it; null for what never matches and what never runs."
    )


def findings_of(review: lint.Review) -> list[RuleFinding]:
    """What an examination found, as the schema shows it."""
    return [
        RuleFinding(
            code=row.code,
            severity=row.severity,
            rule_keys=list(row.rule_keys),
            message=row.message,
            line=row.line,
            column=row.column,
            document_path=row.path,
            witness=_witness(row.witness) if row.witness else None,
        )
        for row in review.findings
    ]


def _witness(row: lint.Witness) -> Witness:
    verdict = row.verdict
    of_listing = verdict if isinstance(verdict, Eligibility) else None
    of_price = None if isinstance(verdict, Eligibility) else verdict
    return Witness(
        is_constructed=row.is_constructed,
        seller_sku=Sku(row.case.listing.seller_sku),
        facts=facts_of(row.facts),
        decided_at=row.case.now,
        price=Money.maybe(of_price.price_after) if of_price else None,
        outcome=of_price.outcome if of_price else None,
        reason=of_price.reason if of_price else None,
        is_eligible=of_listing.eligible if of_listing else None,
        ineligible_reason=of_listing.reason if of_listing else None,
        rules=[verdict_of(rule) for rule in row.rules],
        trace=trace_of(of_price.trace if of_price else ()),
        key=row.case.listing.id,
    )
