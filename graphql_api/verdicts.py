"""Why rules took part in a decision or did not: verdicts on rules and on their conditions."""

from collections.abc import Iterator

import strawberry

from domain import decision as domain
from graphql_api.enums import ConditionOperator


@strawberry.type(description="What became of one condition of a rule, or of a group of conditions.")
class ConditionVerdict:
    """A node of the tree of conditions."""

    path: str = strawberry.field(
        description="Place in the tree: positions of the groups around it and its own, such as `0.2`; empty at the root."
    )
    depth: int = strawberry.field(description="How many groups are around it.")
    operator: ConditionOperator = strawberry.field(description="How it compares or joins.")
    holds: bool = strawberry.field(description="Whether it holds.")
    fact: str | None = strawberry.field(description="The fact it asks for; null for a group.")
    expected: str | None = strawberry.field(
        description="What it compares with, as the rule document writes it; null for a group."
    )
    actual: str | None = strawberry.field(
        description="What was found; null for a group and where the fact was not known."
    )
    children: list["ConditionVerdict"] = strawberry.field(
        description="A group's conditions; empty for a single one."
    )


@strawberry.type(description="A rule whose conditions held when a decision was made.")
class MatchedRule:
    """A rule's outcome."""

    rule_key: str = strawberry.field(description="The rule's key in its document.")
    priority: int | None = strawberry.field(
        description="1 runs first; null runs after every numbered rule."
    )
    is_applied: bool = strawberry.field(
        description="Whether it took part. A rule that matches may still be out of season or stopped by another."
    )
    note: str = strawberry.field(description="What it did, or why it took no part, for people.")


@strawberry.type(description="Whether one rule took part in a decision, and why.")
class RuleVerdict:
    """A rule's verdict."""

    rule_key: str = strawberry.field(description="The rule's key in its document.")
    priority: int | None = strawberry.field(
        description="1 runs first; null runs after every numbered rule."
    )
    is_matched: bool = strawberry.field(description="Whether its conditions hold.")
    is_applied: bool = strawberry.field(
        description="Whether it took part. A rule that matches may still be off, out of season or stopped by another."
    )
    note: str = strawberry.field(description="Why it did or did not take part, for people.")
    condition_tree: ConditionVerdict | None = strawberry.field(
        description="Its conditions as a tree; null where it has none and matches everything."
    )
    conditions: list[ConditionVerdict] = strawberry.field(
        description="The whole tree in one list, each group before what is in it; `path` and `depth` tell the place."
    )
    failed_conditions: list[ConditionVerdict] = strawberry.field(
        description="The comparisons because of which it did not match; under NONE and NOT_ALL those that hold and should not. Empty where it matched."
    )


def matched_of(row: domain.RuleOutcome) -> MatchedRule:
    """A rule that matched, as the schema shows it."""
    return MatchedRule(
        rule_key=row.rule_key, priority=row.priority, is_applied=row.applied, note=row.note
    )


def verdict_of(row: domain.RuleVerdict) -> RuleVerdict:
    """A rule's verdict as the schema shows it."""
    tree = None if row.conditions is None else _condition(row.conditions, "", 0)
    return RuleVerdict(
        rule_key=row.rule_key,
        priority=row.priority,
        is_matched=tree is None or tree.holds,
        is_applied=row.applied,
        note=row.note,
        condition_tree=tree,
        conditions=[] if tree is None else list(_flat(tree)),
        failed_conditions=[] if tree is None else list(_culprits(tree, should_hold=True)),
    )


def _condition(row: domain.ConditionVerdict, path: str, depth: int) -> ConditionVerdict:
    inner = f"{path}." if path else ""
    return ConditionVerdict(
        path=path,
        depth=depth,
        operator=ConditionOperator(row.operator),
        holds=row.holds,
        fact=row.fact,
        expected=row.expected,
        actual=row.actual,
        children=[
            _condition(child, f"{inner}{position}", depth + 1)
            for position, child in enumerate(row.children)
        ],
    )


def _flat(tree: ConditionVerdict) -> Iterator[ConditionVerdict]:
    yield tree
    for child in tree.children:
        yield from _flat(child)


def _culprits(tree: ConditionVerdict, *, should_hold: bool) -> Iterator[ConditionVerdict]:
    """The comparisons because of which a condition is not as it should be."""
    if tree.holds is should_hold:
        return
    if not tree.children:
        yield tree
    inverts = tree.operator in {ConditionOperator.NONE, ConditionOperator.NOT_ALL}
    for child in tree.children:
        yield from _culprits(child, should_hold=should_hold is not inverts)
