"""Rules as they are understood, typed; and the catalogue of facts that conditions may read."""

from datetime import date
from decimal import Decimal
from typing import Annotated, TypeAlias

import strawberry

from domain.listing import Condition
from graphql_api.enums import ConditionOperator
from graphql_api.fields import described
from rules import language
from rules.conditions import written
from rules.facts import CATALOGUE, FactKind
from rules.language import CompetitorSource, ConditionMode, ListingAction


@strawberry.type(description="One condition of a rule, or a group of conditions.")
class RuleCondition:
    """A node of the tree of conditions, in a flat list."""

    path: str = strawberry.field(
        description="Place in the tree, such as `0.2`; empty at the root. Verdicts use the same places."
    )
    depth: int = strawberry.field(description="How many groups are around it.")
    operator: ConditionOperator = strawberry.field(description="How it compares or joins.")
    fact: str | None = strawberry.field(description="The fact it asks for; null for a group.")
    expected: str | None = strawberry.field(
        description="What it compares with, as the document writes it; null for a group."
    )


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
    description="A floor or ceiling: a price attribute of the product, as it is or adjusted."
)
class PriceBound:
    """A bound."""

    source: str = strawberry.field(description="Code of the price attribute.")
    adjustment: Adjustment | None = strawberry.field(
        description="Applied to it; null takes it as it is."
    )


@strawberry.type(description="What an item in a condition is worth, in per cent of a new one.")
class ConditionWorth:
    """A condition's share of the price of a new item."""

    condition: Condition = strawberry.field(description="The condition.")
    percent: Decimal = strawberry.field(description="Per cent of the price of a new one.")


@strawberry.type(description="Adjusts the running price.")
class AdjustPriceAction:
    """A standard rule's action."""

    adjustment: Adjustment = strawberry.field(description="The adjustment.")


@strawberry.type(description="Follows a competitor's price between a floor and a ceiling.")
class FollowCompetitorAction:
    """An intelligent rule's action."""

    competitor_source: CompetitorSource = strawberry.field(description="Whose price is followed.")
    min_feedback_rating: int = strawberry.field(
        description="Competitors with less positive feedback, in per cent, do not count."
    )
    min_feedback_count: int = strawberry.field(
        description="Competitors with fewer ratings do not count."
    )
    condition_mode: ConditionMode = strawberry.field(
        description="What to do when nobody offers the item in our condition."
    )
    condition_worths: list[ConditionWorth] = strawberry.field(
        description="What conditions are worth, for VARIANCE."
    )
    adjustment: Adjustment | None = strawberry.field(
        description="Applied to the competitor's price; null matches it."
    )
    floor: PriceBound = strawberry.field(description="Not below this.")
    ceiling: PriceBound | None = strawberry.field(description="Not above this; null for none.")


@strawberry.type(description="Lists a product or keeps it out.")
class ListProductAction:
    """A listing rule's action."""

    effect: ListingAction = strawberry.field(description="Which of the two.")


RuleAction: TypeAlias = Annotated[
    AdjustPriceAction | FollowCompetitorAction | ListProductAction,
    strawberry.union("RuleAction", description="What a rule does where it matches."),
]


@strawberry.type(description="One rule of a ruleset.")
class Rule:
    """A rule."""

    key: str = strawberry.field(description="Unique in its document.")
    description: str | None = strawberry.field(description="The author's words.")
    is_active: bool = strawberry.field(description="Whether it is switched on.")
    priority: int | None = strawberry.field(
        description="1 runs first; null runs after every numbered rule."
    )
    is_last: bool = strawberry.field(description="Whether no rule runs after it.")
    starts_on: date | None = strawberry.field(description="First day, in the store's time zone.")
    ends_on: date | None = strawberry.field(description="Last day, inclusive.")
    conditions: list[RuleCondition] = strawberry.field(
        description="Its conditions, each group before what is in it; empty matches everything."
    )
    action: RuleAction = strawberry.field(description="What it does where it matches.")


@strawberry.type(description="Something that conditions of rules may ask for.")
class RuleFact:
    """A fact of the catalogue."""

    name: str = strawberry.field(description="Its name in rule documents.")
    kind: FactKind = strawberry.field(
        description="What it is, and with it the comparisons that fit."
    )
    unit: str | None = strawberry.field(description="Its unit; null where it has none.")
    description: str = strawberry.field(description="What it means.")
    choices: list[str] = strawberry.field(
        description="All values of a text fact, where they are few; else empty."
    )


def rules_of(document: language.RulesetDocument) -> list[Rule]:
    """The rules of a document as the schema shows them."""
    return [
        Rule(
            key=rule.key,
            description=rule.description,
            is_active=rule.active,
            priority=rule.priority,
            is_last=rule.stop,
            starts_on=rule.starts,
            ends_on=rule.ends,
            conditions=[] if rule.when is None else _conditions(rule.when, "", 0),
            action=_action(rule.action),
        )
        for rule in document.rules
    ]


def _conditions(when: language.When, path: str, depth: int) -> list[RuleCondition]:
    if isinstance(when, language.Leaf):
        operator = ConditionOperator(when.operator.value)
        expected = written(when.value)
        return [
            RuleCondition(
                path=path, depth=depth, operator=operator, fact=when.fact, expected=expected
            )
        ]
    group = RuleCondition(
        path=path,
        depth=depth,
        operator=ConditionOperator[when.quantifier.name],
        fact=None,
        expected=None,
    )
    inner = f"{path}." if path else ""
    below = [
        condition
        for position, child in enumerate(when.children)
        for condition in _conditions(child, f"{inner}{position}", depth + 1)
    ]
    return [group, *below]


def _action(
    action: language.Standard | language.Intelligent | ListingAction,
) -> AdjustPriceAction | FollowCompetitorAction | ListProductAction:
    match action:
        case language.Standard(adjust):
            return AdjustPriceAction(adjustment=_adjustment(adjust))
        case language.Intelligent(competitor, adjust, floor, ceiling):
            return FollowCompetitorAction(
                competitor_source=competitor.source,
                min_feedback_rating=competitor.min_feedback_rating,
                min_feedback_count=competitor.min_feedback_count,
                condition_mode=competitor.mode,
                condition_worths=[
                    ConditionWorth(condition=condition, percent=percent)
                    for condition, percent in competitor.percents
                ],
                adjustment=_adjustment(adjust) if adjust else None,
                floor=_bound(floor),
                ceiling=_bound(ceiling) if ceiling else None,
            )
        case effect:
            return ListProductAction(effect=effect)


def _adjustment(adjust: language.Adjustment) -> Adjustment:
    return Adjustment(is_increase=adjust.is_increase, percent=adjust.percent, amount=adjust.amount)


def _bound(bound: language.Bound) -> PriceBound:
    adjustment = _adjustment(bound.adjust) if bound.adjust else None
    return PriceBound(source=bound.source, adjustment=adjustment)


@strawberry.type
class RuleFactQueries:
    """Query fields on the catalogue of facts."""

    @described
    def rule_facts(self) -> list[RuleFact]:
        """The facts that conditions may ask for.

        Attributes of the catalogue come besides, as `attribute.<code>` and `price.<code>`.
        """
        return [
            RuleFact(
                name=fact.name,
                kind=fact.kind,
                unit=fact.unit,
                description=fact.description,
                choices=list(fact.choices),
            )
            for fact in CATALOGUE.values()
        ]
