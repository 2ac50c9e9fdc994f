"""Replays: recorded decisions that are decided again."""

import strawberry
from strawberry.utils.str_converters import to_camel_case

from domain import replay as domain


@strawberry.type(description="Where a decision is not what deciding again comes to.")
class ReplayDifference:
    """A difference."""

    path: str = strawberry.field(
        description="The part of the decision, and the place in it, such as `priceAfter.minor` or `trace.2.note`."
    )
    recorded: str | None = strawberry.field(
        description="What is recorded, parts of several values as JSON; null where nothing is."
    )
    again: str | None = strawberry.field(
        description="What deciding again comes to, written likewise."
    )


@strawberry.type(
    description="A recorded decision, decided again by the rules, the facts and the moment of then."
)
class DecisionReplay:
    """A replay."""

    outcome: domain.ReplayOutcome = strawberry.field(description="What it comes to.")
    differences: list[ReplayDifference] = strawberry.field(
        description="Where it differs; empty unless the outcome is DIFFERENT."
    )


def replay_of(row: domain.Replay) -> DecisionReplay:
    """A replay as the schema shows it."""
    return DecisionReplay(
        outcome=row.outcome,
        differences=[
            ReplayDifference(
                path=to_camel_case(each.path), recorded=each.recorded, again=each.again
            )
            for each in row.differences
        ],
    )
