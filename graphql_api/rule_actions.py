"""What rules do where they match, typed: adjusting, following a competitor, listing."""

from decimal import Decimal
from typing import Annotated, TypeAlias

import strawberry

from domain.listing import Condition, Fulfilment
from rules import language
from rules.language import CompetitorSource, ConditionMode, Fallback, ListingAction


@strawberry.type(
    description="A change of a price by a percentage or by an amount; one of the two is set."
)
class Adjustment:
    """An adjustment."""

    is_increase: bool = strawberry.field(description="Upwards if true, downwards if false.")
    percent: Decimal | None = strawberry.field(description="By this percentage.")
    amount: Decimal | None = strawberry.field(
        description="By this amount of the store's marketplace currency."
    )


@strawberry.type(
    description="How much of a price: a percentage or an amount; one of the two is set."
)
class PriceSize:
    """A size."""

    percent: Decimal | None = strawberry.field(description="This percentage of the price.")
    amount: Decimal | None = strawberry.field(
        description="This amount of the store's marketplace currency."
    )


@strawberry.type(description="What Amazon keeps of a sale.")
class SaleFees:
    """Fees."""

    referral_percent: Decimal = strawberry.field(
        description="Of the price that buyers pay; 0 where the rule names none."
    )
    fixed_amount: Decimal = strawberry.field(
        description="For each unit, in the store's marketplace currency; 0 where the rule names none."
    )


@strawberry.type(
    description="A floor or ceiling: a price attribute of the product, as it is or adjusted. A floor with "
    "`fees` or `margin` is the lowest price that leaves the attribute and the margin once the fees are kept."
)
class PriceBound:
    """A bound."""

    source: str = strawberry.field(description="Code of the price attribute.")
    adjustment: Adjustment | None = strawberry.field(
        description="Applied to it; null takes it as it is."
    )
    fees: SaleFees | None = strawberry.field(
        description="What Amazon keeps; null reckons with none."
    )
    margin: PriceSize | None = strawberry.field(
        description="What must be left to the merchant; null asks for nothing."
    )


@strawberry.type(description="What an item in a condition is worth, in per cent of a new one.")
class ConditionWorth:
    """A condition's share of the price of a new item."""

    condition: Condition = strawberry.field(description="The condition.")
    percent: Decimal = strawberry.field(description="Per cent of the price of a new one.")


@strawberry.type(description="Which competitors count. All that is said must hold.")
class Competitor:
    """The choice of a competitor."""

    source: CompetitorSource = strawberry.field(description="Whose price is followed.")
    min_feedback_rating: int = strawberry.field(
        description="Those with less positive feedback, in per cent, do not count."
    )
    min_feedback_count: int = strawberry.field(description="Those with fewer ratings do not count.")
    fulfilment: Fulfilment | None = strawberry.field(
        description="Only offers that are shipped so; null takes both."
    )
    only_seller_ids: list[str] = strawberry.field(
        description="Only these sellers, by Amazon's ids; an empty list takes all."
    )
    excluded_seller_ids: list[str] = strawberry.field(
        description="These sellers do not count, by Amazon's ids."
    )
    is_amazon_excluded: bool = strawberry.field(
        description="Whether what Amazon itself sells does not count."
    )
    max_age_seconds: int | None = strawberry.field(
        description="Offers that Amazon told longer ago do not count; null takes the newest word, however old."
    )
    condition_mode: ConditionMode = strawberry.field(
        description="What to do when nobody offers the item in our condition."
    )
    condition_worths: list[ConditionWorth] = strawberry.field(
        description="What conditions are worth, for VARIANCE."
    )


@strawberry.type(
    description="Which price is taken in each case in which a rule does not simply follow."
)
class Otherwise:
    """The cases and what is done in them."""

    no_competitor: Fallback = strawberry.field(description="Nobody is there, or nobody counts.")
    buy_box_owned: Fallback | None = strawberry.field(
        description="The Buy Box is ours already; null where `buyBoxOwnedIncrease` is set."
    )
    buy_box_owned_increase: Adjustment | None = strawberry.field(
        description="Raises the current price while the Buy Box is ours."
    )
    below_floor: Fallback = strawberry.field(description="The price would be below the floor.")
    above_ceiling: Fallback = strawberry.field(description="The price would be above the ceiling.")


@strawberry.type(description="Adjusts the running price.")
class AdjustPriceAction:
    """A standard rule's action."""

    adjustment: Adjustment = strawberry.field(description="The adjustment.")


@strawberry.type(description="Follows a competitor's price between a floor and a ceiling.")
class FollowCompetitorAction:
    """An intelligent rule's action."""

    competitor: Competitor = strawberry.field(description="Whom it follows.")
    adjustment: Adjustment | None = strawberry.field(
        description="Applied to the competitor's price; null matches it."
    )
    floor: PriceBound = strawberry.field(description="Not below this.")
    ceiling: PriceBound | None = strawberry.field(description="Not above this; null for none.")
    otherwise: Otherwise = strawberry.field(
        description="What it does where it cannot simply follow."
    )


@strawberry.type(description="Lists a product or keeps it out.")
class ListProductAction:
    """A listing rule's action."""

    effect: ListingAction = strawberry.field(description="Which of the two.")


RuleAction: TypeAlias = Annotated[
    AdjustPriceAction | FollowCompetitorAction | ListProductAction,
    strawberry.union("RuleAction", description="What a rule does where it matches."),
]


def action_of(
    action: language.Standard | language.Intelligent | ListingAction,
) -> AdjustPriceAction | FollowCompetitorAction | ListProductAction:
    """A rule's action as the schema shows it."""
    match action:
        case language.Standard(adjust):
            return AdjustPriceAction(adjustment=_adjustment(adjust))
        case language.Intelligent(competitor, adjust, floor, ceiling, otherwise):
            return FollowCompetitorAction(
                competitor=_competitor(competitor),
                adjustment=_adjustment(adjust) if adjust else None,
                floor=_bound(floor),
                ceiling=_bound(ceiling) if ceiling else None,
                otherwise=_otherwise(otherwise),
            )
        case effect:
            return ListProductAction(effect=effect)


def size_of(size: language.Size | None) -> PriceSize | None:
    """A size as the schema shows it, where there is one."""
    return None if size is None else PriceSize(percent=size.percent, amount=size.amount)


def _competitor(competitor: language.Competitor) -> Competitor:
    max_age = competitor.max_age
    return Competitor(
        source=competitor.source,
        min_feedback_rating=competitor.min_feedback_rating,
        min_feedback_count=competitor.min_feedback_count,
        fulfilment=competitor.fulfilment,
        only_seller_ids=list(competitor.only_sellers),
        excluded_seller_ids=list(competitor.exclude_sellers),
        is_amazon_excluded=competitor.exclude_amazon,
        max_age_seconds=None if max_age is None else int(max_age.total_seconds()),
        condition_mode=competitor.mode,
        condition_worths=[
            ConditionWorth(condition=condition, percent=percent)
            for condition, percent in competitor.percents
        ],
    )


def _otherwise(otherwise: language.Otherwise) -> Otherwise:
    owned = otherwise.buy_box_owned
    return Otherwise(
        no_competitor=otherwise.no_competitor,
        buy_box_owned=owned if isinstance(owned, Fallback) else None,
        buy_box_owned_increase=None if isinstance(owned, Fallback) else _adjustment(owned),
        below_floor=otherwise.below_floor,
        above_ceiling=otherwise.above_ceiling,
    )


def _adjustment(adjust: language.Adjustment) -> Adjustment:
    return Adjustment(is_increase=adjust.is_increase, percent=adjust.percent, amount=adjust.amount)


def _bound(bound: language.Bound) -> PriceBound:
    return PriceBound(
        source=bound.source,
        adjustment=_adjustment(bound.adjust) if bound.adjust else None,
        fees=_fees(bound.fees) if bound.fees else None,
        margin=size_of(bound.margin),
    )


def _fees(fees: language.Fees) -> SaleFees:
    return SaleFees(referral_percent=fees.referral_percent, fixed_amount=fees.fixed)
