"""Charging: what costs too much is refused, the rest is taken out of the caller's bucket of points."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    value_from_ast_untyped,
)
from strawberry.extensions import SchemaExtension

from graphql_api.cost import CEILING, MUTATIONS, NODES, Cost, PricedField, price
from graphql_api.deprecations import Deprecation, deprecated
from services.allowance import PER_SECOND, Allowance

_KEPT = 500
_Priced = tuple[tuple[PricedField, ...], tuple[Deprecation, ...]]
_PRICED: OrderedDict[tuple[str | None, str | None], _Priced] = OrderedDict()
"""Of documents that were priced before, by text and operation; the oldest go."""


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


class Charging(SchemaExtension):
    """Refuses what costs too much, and takes the rest out of the caller's bucket before it runs."""

    async def on_execute(self) -> AsyncIterator[None]:
        """Let a valid operation run that can be paid for.

        Raises:
            GraphQLError: it costs too much, or its caller has to wait.
        """
        document = self.execution_context.graphql_document
        assert document is not None
        operation = get_operation_ast(document, self.execution_context.operation_name)
        assert operation is not None
        await self._charge(document, operation)
        yield

    async def _charge(self, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        fields, deprecations = self._priced(document, operation)
        if operation.operation is OperationType.MUTATION and len(fields) > MUTATIONS:
            raise GraphQLError(f"A document can hold {MUTATIONS} mutations.")
        variables = {**_defaults(operation), **(self.execution_context.variables or {})}
        costs = {field.name: field.cost(variables) for field in fields}
        cost = sum(costs.values(), Cost())
        if cost.points > CEILING or cost.nodes > NODES:
            dearest = max(costs, key=lambda name: costs[name].points)
            raise _too_dear(cost, dearest)
        context = self.execution_context.context
        allowance: Allowance = context.runtime.allowance
        left = await allowance.take(context.caller, cost.points)
        if not left.wait:
            context.charge = Charge(fields, variables, cost.points, left.points, deprecations)
            return
        raise GraphQLError(
            f"This costs {cost.points} points and {left.points} are left; wait {left.wait:.1f} s.",
            extensions={"code": "THROTTLED", "retryAfterSeconds": round(left.wait, 1)},
        )

    def _priced(self, document: DocumentNode, operation: OperationDefinitionNode) -> _Priced:
        key = (self.execution_context.query, self.execution_context.operation_name)
        found = _PRICED.get(key)
        if found is None:
            schema = self.execution_context.schema._schema  # noqa: SLF001 - graphql-core's own
            fields = price(schema, document, operation)
            found = _PRICED[key] = fields, deprecated(schema, document)
            if len(_PRICED) > _KEPT:
                _PRICED.popitem(last=False)
        return found


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
