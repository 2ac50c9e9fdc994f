"""How a price came about: what was known, and what was done with it step by step."""

from collections.abc import Sequence

import strawberry

from domain import decision as domain
from graphql_api.money import Money
from rules.conditions import written


@strawberry.type(description="One step of a price.")
class TraceStep:
    """What a step did."""

    step: str = strawberry.field(
        description="Which step, such as SOURCE, RULE, COMPETITOR, FLOOR, MAP, VAT, GUARD or QUANTITY."
    )
    note: str = strawberry.field(description="What it did and why, for people.")
    before: Money | None = strawberry.field(description="Price before the step.")
    after: Money | None = strawberry.field(description="Price after the step.")
    rule_key: str | None = strawberry.field(description="The rule that the step belongs to.")


@strawberry.type(description="Something that was known when the decision was made.")
class Fact:
    """A fact by its name in rule documents."""

    name: str = strawberry.field(description="The fact's name; `ruleFacts` explains it.")
    value: str | None = strawberry.field(
        description="As a rule document writes it; null where it was not known."
    )


def trace_of(steps: Sequence[domain.TraceStep]) -> list[TraceStep]:
    """The steps of a price as the schema shows them."""
    return [
        TraceStep(
            step=step.step,
            note=step.note,
            before=Money.maybe(step.before),
            after=Money.maybe(step.after),
            rule_key=step.rule_key,
        )
        for step in steps
    ]


def facts_of(known: Sequence[domain.FactValue]) -> list[Fact]:
    """What was known, as the schema shows it."""
    return [Fact(name=fact.name, value=written(fact.value)) for fact in known]
