"""Rules as they are understood, typed; and the catalogue of facts that conditions may read."""

from datetime import date
from decimal import Decimal

import strawberry

from graphql_api.enums import ConditionOperator
from graphql_api.fields import described
from graphql_api.rule_actions import PriceSize, RuleAction, action_of, size_of
from graphql_api.scalars import LocalTime
from rules import guardrails, language, schedule
from rules.conditions import written
from rules.facts import CATALOGUE, FactKind
from rules.language import Direction
from rules.schedule import Weekday


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


@strawberry.type(description="A stretch of the day.")
class Hours:
    """Hours of a schedule."""

    start: LocalTime = strawberry.field(description="When it begins.")
    end: LocalTime = strawberry.field(
        description="When it is over, itself excluded; earlier than `start`, it goes on over midnight."
    )


@strawberry.type(
    description="When a rule runs, in the store's time zone. All that is said must hold; a night belongs to the day on which it starts."
)
class Schedule:
    """A schedule."""

    starts_on: date | None = strawberry.field(description="First day; null runs from ever.")
    ends_on: date | None = strawberry.field(description="Last day, inclusive; null runs for ever.")
    weekdays: list[Weekday] = strawberry.field(
        description="Only on these days; an empty list means all."
    )
    hours: Hours | None = strawberry.field(
        description="Only in these hours; null means the whole day."
    )


@strawberry.type(
    description="Which prices may be published: multiples of an amount, or those with an ending; one of the two is set."
)
class Rounding:
    """Rounding."""

    multiple: Decimal | None = strawberry.field(
        description="Multiples of this amount of the store's marketplace currency."
    )
    ending: str | None = strawberry.field(
        description="Prices with these last digits, such as `.99`."
    )
    direction: Direction = strawberry.field(description="Which way a price is rounded.")


@strawberry.type(
    description="How a price is finished once the rules have run. What is null is left to the document, or undone."
)
class PriceShape:
    """A shape."""

    rounding: Rounding | None = strawberry.field(description="To which prices it is rounded.")
    max_step: PriceSize | None = strawberry.field(
        description="The most by which one decision moves it."
    )
    cooldown_seconds: int | None = strawberry.field(
        description="How long it stands before it moves again."
    )


@strawberry.type(
    description="Limits that all new prices that come out together must keep. What is null is not limited."
)
class Guardrails:
    """Guard-rails."""

    minimum_price: Decimal | None = strawberry.field(
        description="A lower price is held; in the store's marketplace currency."
    )
    largest_step_percent: Decimal | None = strawberry.field(
        description="A price that moves by more, up or down, is held."
    )
    changed_share_percent: Decimal | None = strawberry.field(
        description="All are held where a larger share of the catalogue would change at once."
    )
    total_fall_percent: Decimal | None = strawberry.field(
        description="All are held where the prices that change would fall by more, taken together."
    )
    median_fall_percent: Decimal | None = strawberry.field(
        description="All are held where half of the prices that change would fall by more."
    )
    below_cost_count: int | None = strawberry.field(
        description="All are held where more prices than so many would be below cost."
    )
    judged_from_count: int = strawberry.field(
        description="Share, total and median are judged from so many changes on."
    )


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
    schedule: Schedule = strawberry.field(description="When it runs.")
    conditions: list[RuleCondition] = strawberry.field(
        description="Its conditions, each group before what is in it; empty matches everything."
    )
    action: RuleAction = strawberry.field(description="What it does where it matches.")
    shape: PriceShape = strawberry.field(
        description="How the price is finished; the last rule that ran and says something counts."
    )


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
            schedule=_schedule(rule.schedule),
            conditions=[] if rule.when is None else _conditions(rule.when, "", 0),
            action=action_of(rule.action),
            shape=shape_of(rule.shape),
        )
        for rule in document.rules
    ]


def shape_of(shape: language.Shape) -> PriceShape:
    """How prices are finished, as the schema shows it."""
    cooldown = shape.cooldown
    return PriceShape(
        rounding=_rounding(shape.rounding) if shape.rounding else None,
        max_step=size_of(shape.max_step),
        cooldown_seconds=None if cooldown is None else int(cooldown.total_seconds()),
    )


def guardrails_of(limits: guardrails.Guardrails | None) -> Guardrails | None:
    """The limits of a document as the schema shows them, where it has any."""
    if limits is None:
        return None
    return Guardrails(
        minimum_price=limits.minimum_price,
        largest_step_percent=limits.largest_step_percent,
        changed_share_percent=limits.changed_share_percent,
        total_fall_percent=limits.total_fall_percent,
        median_fall_percent=limits.median_fall_percent,
        below_cost_count=limits.below_cost,
        judged_from_count=limits.from_listings,
    )


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


def _schedule(runs: schedule.Schedule) -> Schedule:
    return Schedule(
        starts_on=runs.starts,
        ends_on=runs.ends,
        weekdays=list(runs.weekdays),
        hours=_hours(runs.hours) if runs.hours else None,
    )


def _hours(hours: schedule.Hours) -> Hours:
    return Hours(start=LocalTime(f"{hours.start:%H:%M}"), end=LocalTime(f"{hours.end:%H:%M}"))


def _rounding(rounding: language.Rounding) -> Rounding:
    return Rounding(multiple=rounding.to, ending=rounding.ending, direction=rounding.direction)


@strawberry.type
class RuleFactQueries:
    """Query fields on the catalogue of facts."""

    @described
    def rule_facts(self) -> list[RuleFact]:
        """The facts that conditions may ask for.

        Attributes of the catalogue come besides, as `price.<code>`, `attribute.<code>`, `date.<code>` and
        `options.<code>`.
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
