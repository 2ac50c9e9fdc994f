"""What rules would do to a catalogue: counts, money, the largest moves, examples with both traces."""

from collections.abc import Sequence
from decimal import Decimal

import strawberry

from domain import decision, plan
from domain.listing import ListingReason
from graphql_api.money import Money
from graphql_api.runs import GuardrailBreach, breaches_of
from graphql_api.scalars import Sku
from graphql_api.traces import TraceStep, trace_of


@strawberry.type(description="How many prices are held for a reason.")
class HoldCount:
    """A count by reason."""

    reason: decision.DecisionReason = strawberry.field(description="Why they are held.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="A price that would change.")
class PriceMove:
    """A move."""

    seller_sku: Sku = strawberry.field(description="Seller SKU of the listing.")
    title: str = strawberry.field(description="Its title.")
    before: Money = strawberry.field(description="Under the rules in force.")
    after: Money = strawberry.field(description="Under the planned rules.")
    percent: Decimal = strawberry.field(
        description="By how much of the price before, with two decimals; negative where it falls."
    )


@strawberry.type(description="Listings on sale for less than their products cost, fees left aside.")
class BelowCost:
    """A loss."""

    listing_count: int = strawberry.field(description="How many, of those whose cost is known.")
    amount: Money = strawberry.field(description="What is lost on one unit of each.")


@strawberry.type(description="What one set of rules says of a listing.")
class PlanVerdict:
    """One side of an example."""

    price: Money | None = strawberry.field(
        description="The price that would be wanted; where it is held, the one from before."
    )
    outcome: decision.DecisionOutcome = strawberry.field(description="What comes of it.")
    reason: decision.DecisionReason = strawberry.field(description="The one thing to know of it.")
    is_eligible: bool = strawberry.field(description="Whether the listing may be on sale.")
    ineligible_reason: ListingReason | None = strawberry.field(
        description="Why not; null where it may."
    )
    trace: list[TraceStep] = strawberry.field(description="The price, step by step.")


@strawberry.type(description="A listing on which the rules in force and the planned ones differ.")
class PlanExample:
    """An example."""

    seller_sku: Sku = strawberry.field(description="Seller SKU of the listing.")
    title: str = strawberry.field(description="Its title.")
    before: PlanVerdict = strawberry.field(description="What the rules in force say.")
    after: PlanVerdict = strawberry.field(description="What the planned rules say.")


@strawberry.type(
    description="What rules would change over a catalogue. `upCount`, `downCount`, `firstPricedCount`, "
    "`heldCounts` and `unchangedCount` count every listing once."
)
class RulesetEffect:
    """An effect."""

    is_empty: bool = strawberry.field(description="Whether nothing at all would change.")
    listing_count: int = strawberry.field(description="Listings that were decided both ways.")
    unlisted_product_count: int = strawberry.field(
        description="Products without a listing that were looked at."
    )
    changed_count: int = strawberry.field(
        description="Listings and products to which anything happens."
    )
    up_count: int = strawberry.field(description="Prices that rise.")
    down_count: int = strawberry.field(description="Prices that fall.")
    first_priced_count: int = strawberry.field(description="Listings that get their first price.")
    unchanged_count: int = strawberry.field(description="Prices that stay.")
    held_counts: list[HoldCount] = strawberry.field(
        description="Prices newly held for a person, by reason."
    )
    released_count: int = strawberry.field(description="Held prices that would be let go.")
    held_before_count: int = strawberry.field(description="Held under the rules in force.")
    held_after_count: int = strawberry.field(description="Held under the planned rules.")
    newly_listed_count: int = strawberry.field(
        description="Products without a listing that become eligible."
    )
    no_longer_listed_count: int = strawberry.field(
        description="Products that wait to be listed and cease to be eligible."
    )
    newly_ineligible_count: int = strawberry.field(
        description="Listings that may no longer be on sale."
    )
    back_to_eligible_count: int = strawberry.field(
        description="Listings that may be on sale again."
    )
    on_sale_count: int = strawberry.field(
        description="Listings on sale before and after, over which `priceDifference` is summed."
    )
    price_difference: Money = strawberry.field(
        description="Sum of the prices after minus before, one unit of each listing."
    )
    below_cost_before: BelowCost = strawberry.field(description="Under the rules in force.")
    below_cost_after: BelowCost = strawberry.field(description="Under the planned rules.")
    largest_up: list[PriceMove] = strawberry.field(
        description="Largest rises by share, at most 10."
    )
    largest_down: list[PriceMove] = strawberry.field(
        description="Largest falls by share, at most 10."
    )
    newly_listed_skus: list[Sku] = strawberry.field(description="The first 20.")
    newly_ineligible_skus: list[Sku] = strawberry.field(description="The first 20.")
    back_to_eligible_skus: list[Sku] = strawberry.field(description="The first 20.")
    examples: list[PlanExample] = strawberry.field(description="One for each kind of change.")
    guardrail_breaches: list[GuardrailBreach] = strawberry.field(
        description="Why the guard-rails would hold the run that follows; empty where they would not."
    )


def effect_of(row: plan.Effect) -> RulesetEffect:
    """An effect as the schema shows it."""
    return RulesetEffect(
        is_empty=row.is_empty,
        listing_count=row.listings,
        unlisted_product_count=row.unlisted,
        changed_count=row.changed,
        up_count=row.up,
        down_count=row.down,
        first_priced_count=row.first_priced,
        unchanged_count=row.unchanged,
        held_counts=[
            HoldCount(reason=decision.DecisionReason(reason), count=count)
            for reason, count in row.held.items()
        ],
        released_count=row.released,
        held_before_count=row.held_before,
        held_after_count=row.held_after,
        newly_listed_count=row.newly_listed,
        no_longer_listed_count=row.no_longer_listed,
        newly_ineligible_count=row.newly_ineligible,
        back_to_eligible_count=row.back_to_eligible,
        on_sale_count=row.with_stock,
        price_difference=Money.of(row.price_difference),
        below_cost_before=_below(row.below_cost_before),
        below_cost_after=_below(row.below_cost_after),
        largest_up=[_move(move) for move in row.largest_up],
        largest_down=[_move(move) for move in row.largest_down],
        newly_listed_skus=_skus(row.newly_listed_skus),
        newly_ineligible_skus=_skus(row.newly_ineligible_skus),
        back_to_eligible_skus=_skus(row.back_to_eligible_skus),
        examples=[
            PlanExample(
                seller_sku=Sku(example.seller_sku),
                title=example.title,
                before=_verdict(example.before),
                after=_verdict(example.after),
            )
            for example in row.examples
        ],
        guardrail_breaches=breaches_of(row.breaches),
    )


def _below(row: plan.BelowCost) -> BelowCost:
    return BelowCost(listing_count=row.listings, amount=Money.of(row.amount))


def _move(row: plan.Move) -> PriceMove:
    return PriceMove(
        seller_sku=Sku(row.seller_sku),
        title=row.title,
        before=Money.of(row.before),
        after=Money.of(row.after),
        percent=Decimal(round(row.share * 10000)).scaleb(-2),
    )


def _skus(found: Sequence[str]) -> list[Sku]:
    return [Sku(sku) for sku in found]


def _verdict(row: plan.Verdict) -> PlanVerdict:
    return PlanVerdict(
        price=Money.maybe(row.price),
        outcome=row.outcome,
        reason=row.reason,
        is_eligible=row.is_eligible,
        ineligible_reason=row.ineligible_because,
        trace=trace_of(row.trace),
    )
