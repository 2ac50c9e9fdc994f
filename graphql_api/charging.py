"""Charging: what costs too much is refused, the rest is taken out of the caller's bucket of points."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    value_from_ast_untyped,
)

from graphql_api.cost import CEILING, MUTATIONS, NODES, Cost, PricedField, price
from graphql_api.deprecations import Deprecation, deprecated
from services.allowance import PER_SECOND

if TYPE_CHECKING:
    from graphql_api.context import RequestContext


class Priced(NamedTuple):
    """What is known of an operation's cost before its variables are."""

    fields: tuple[PricedField, ...]
    defaults: Mapping[str, Any]
    """Of its variables."""
    deprecations: tuple[Deprecation, ...]
    is_mutation: bool


def priced(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Priced:
    """What an operation of a valid document costs."""
    return Priced(
        price(schema, document, operation),
        _defaults(operation),
        deprecated(schema, document),
        operation.operation is OperationType.MUTATION,
    )


@dataclass(frozen=True, slots=True)
class Charge:
    """What an operation was charged."""

    fields: tuple[PricedField, ...]
    variables: Mapping[str, Any]
    requested: int
    available: int
    """Points that were left afterwards."""
    deprecations: tuple[Deprecation, ...]
    """What its document names that is deprecated."""

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """The points that the answer came to."""
        answered = data or {}
        found = (field.actual(answered.get(field.name), self.variables) for field in self.fields)
        return min(self.requested, sum(found, Cost()).points)

    def told(self, actual: int, *, by_field: bool) -> dict[str, Any]:
        """As the answer tells it."""
        told: dict[str, Any] = {
            "requested": self.requested,
            "actual": actual,
            "available": self.available + self.requested - actual,
            "ceiling": CEILING,
            "restoreRate": PER_SECOND,
        }
        if by_field:
            told["fields"] = {
                path: points for field in self.fields for path, points in field.tell(self.variables)
            }
        return told


async def charge(context: "RequestContext", priced: Priced, given: Mapping[str, Any]) -> None:
    """Let a valid operation run that can be paid for; its caller's variables are `given`.

    Raises:
        GraphQLError: it costs too much, or its caller has to wait.
    """
    if priced.is_mutation and len(priced.fields) > MUTATIONS:
        raise GraphQLError(f"A document can hold {MUTATIONS} mutations.")
    variables = {**priced.defaults, **given}
    costs = {field.name: field.cost(variables) for field in priced.fields}
    cost = sum(costs.values(), Cost())
    if cost.points > CEILING or cost.nodes > NODES:
        dearest = max(costs, key=lambda name: costs[name].points)
        raise _too_dear(cost, dearest)
    left = await context.runtime.allowance.take(context.caller, cost.points)
    if left.wait:
        raise GraphQLError(
            f"This costs {cost.points} points and {left.points} are left; wait {left.wait:.1f} s.",
            extensions={"code": "THROTTLED", "retryAfterSeconds": round(left.wait, 1)},
        )
    context.charge = Charge(priced.fields, variables, cost.points, left.points, priced.deprecations)


def _too_dear(cost: Cost, dearest: str) -> GraphQLError:
    if cost.nodes > NODES:
        message = f"This asks for up to {cost.nodes} objects; {NODES} are allowed."
    else:
        message = f"This costs up to {cost.points} points; {CEILING} are allowed."
    return GraphQLError(
        f"{message} Ask `{dearest}` for smaller pages.",
        extensions={
            "code": "COST_EXCEEDED",
            "cost": cost.points,
            "ceiling": CEILING,
            "dearestField": dearest,
        },
    )


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }
