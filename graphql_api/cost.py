"""What an operation costs, worked out of its document before it runs.

Objects that have a life of their own are read and cost 1; values inside of them come along and cost nothing. A page
costs 2 and its size times what one item costs. A count costs 5, a trace 2, deciding anew (`explain`, `replay`) and all `rules` of a decision 5, a chart 25, a mutation 10, each item of a bulk mutation 2 and what is shown of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from graphql_api.connections import DEFAULT

CEILING = 1_000
"""What one operation may cost."""
NODES = 10_000
"""Objects that one operation may ask for."""
MUTATIONS = 10
"""Mutations that one document may hold."""

_PAGE, _OBJECT, _COUNT, _TRACE, _DECIDING, _CHART, _MUTATION, _ITEM = 2, 1, 5, 2, 5, 25, 10, 2
_OWN = {
    ("PriceDecision", "trace"): _TRACE,
    ("PriceDecision", "rules"): _DECIDING,
    ("PriceDecision", "replay"): _DECIDING,
    ("Listing", "explain"): _DECIDING,
    ("Listing", "priceHistory"): _CHART,
}
PRICES = [
    ("A page of a list", f"{_PAGE}, and its size times what an item costs"),
    ("An object with an id, or an offer", f"{_OBJECT}"),
    ("A count", f"{_COUNT}"),
    *((f"`{parent}.{name}`, besides", f"{points}") for (parent, name), points in _OWN.items()),
    ("A mutation", f"{_MUTATION}, besides what it shows"),
    ("Values inside of objects", "0"),
]
"""The same for people: what is asked for, and its points."""
_READ = {"Offer"}
"""Types without an id of their own that are read all the same."""
_COME_ALONG = {"OfferConnection", "OfferEdge"}
"""Lists whose items are read in one piece."""

Size = Callable[[Mapping[str, Any]], int]
"""How many items a field gives at most, by the variables."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs, and how many objects it asks for."""

    points: int = 0
    nodes: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.points + other.points, self.nodes + other.nodes)

    def times(self, count: int) -> "Cost":
        """The same so many times."""
        return Cost(self.points * count, self.nodes * count)


@dataclass(frozen=True, slots=True)
class PricedField:
    """A field that costs something, or below which something does."""

    name: str
    """As the answer names it."""
    own: Cost
    """Once for the field itself."""
    size: Size | None = None
    """How often what is below counts; None for once."""
    below: tuple["PricedField", ...] = ()
    is_page: bool = False
    """Whether it may come to hold fewer items than it was asked for."""

    def cost(self, variables: Mapping[str, Any]) -> Cost:
        """The field and all below it, at the largest."""
        return self._with(self.size(variables) if self.size else 1, variables)

    def actual(self, answer: object, variables: Mapping[str, Any]) -> Cost:
        """The same for the items that a page came to hold; pages inside of it count at their largest."""
        size = self.size(variables) if self.size else 1
        if self.is_page and isinstance(answer, Mapping):
            # Whatever the document calls them: the items stand in the one list, or twice in two as long.
            size = max((len(each) for each in answer.values() if isinstance(each, list)), default=0)
        return Cost() if answer is None else self._with(size, variables)

    def tell(self, variables: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, int]]:
        """The points of each field, all below it included, by path."""
        here = f"{path}.{self.name}" if path else self.name
        yield here, self.cost(variables).points
        for field in self.below:
            yield from field.tell(variables, here)

    def _with(self, size: int, variables: Mapping[str, Any]) -> Cost:
        inside = sum((field.cost(variables) for field in self.below), Cost())
        return self.own + inside.times(size)


def price(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[PricedField, ...]:
    """The fields of a valid operation that cost something."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    root = schema.get_root_type(operation.operation)
    assert root is not None
    found = _priced(schema, fragments, operation.selection_set, root)
    if operation.operation is OperationType.MUTATION:
        return tuple(replace(each, own=each.own + Cost(_MUTATION)) for each in found)
    return found


def _priced(
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    selections: SelectionSetNode,
    parent: Any,
) -> tuple[PricedField, ...]:
    found: list[PricedField] = []
    for node in selections.selections:
        if isinstance(node, FieldNode):
            priced = _field(schema, fragments, node, parent)
            if priced is not None:
                found.append(priced)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            kind = schema.get_type(condition.name.value) if condition else parent
            found += _priced(schema, fragments, node.selection_set, kind)
        else:
            fragment = fragments[node.name.value]  # type: ignore[attr-defined]  # the third kind of selection
            kind = schema.get_type(fragment.type_condition.name.value)
            found += _priced(schema, fragments, fragment.selection_set, kind)
    return tuple(found)


def _field(
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    node: FieldNode,
    parent: Any,
) -> PricedField | None:
    definition = getattr(parent, "fields", {}).get(node.name.value)
    if definition is None:  # __typename and introspection
        return None
    kind = get_named_type(definition.type)
    below: tuple[PricedField, ...] = ()
    if is_composite_type(kind) and node.selection_set:
        below = _priced(schema, fragments, node.selection_set, kind)
    name = node.alias.value if node.alias else node.name.value
    own = Cost(_OWN.get((parent.name, node.name.value), 0))
    if kind.name.endswith("Connection"):
        # Its `nodes` and the `node` of its edges are the items, each priced as what it is.
        return PricedField(name, own + Cost(_PAGE), _page_size(node), below, is_page=True)
    if "ids" in definition.args:
        return PricedField(name, own, _list_size(node), (_item(kind.name, below),))
    if parent is schema.mutation_type and _takes_items(definition):
        return PricedField(
            name, own, _items_size(node), (PricedField("items", Cost(_ITEM)), *below)
        )
    if kind.name == "Count":
        own += Cost(_COUNT)
    elif _is_read(kind) and parent.name not in _COME_ALONG:
        own += Cost(_OBJECT, nodes=1)
    if not below and own == Cost() and parent is not schema.mutation_type:
        return None
    return PricedField(name, own, None, below)


def _item(name: str, below: tuple[PricedField, ...]) -> PricedField:
    return PricedField(name, Cost(_OBJECT, nodes=1), None, below)


def _is_read(kind: Any) -> bool:
    if not isinstance(kind, GraphQLObjectType):
        return bool(kind.name == "Node")
    return kind.name in _READ or any(each.name == "Node" for each in kind.interfaces)


def _page_size(node: FieldNode) -> Size:
    given = {each.name.value: each.value for each in node.arguments or ()}
    sizes = [_number(given[name]) for name in ("first", "last") if name in given]

    def size(variables: Mapping[str, Any]) -> int:
        asked = [number for each in sizes if (number := each(variables)) is not None]
        return max(asked, default=DEFAULT)

    return size


def _list_size(node: FieldNode) -> Size:
    given = next((each.value for each in node.arguments or () if each.name.value == "ids"), None)

    def size(variables: Mapping[str, Any]) -> int:
        if isinstance(given, ListValueNode):
            return len(given.values)
        found = variables.get(given.name.value) if isinstance(given, VariableNode) else None
        return len(found) if isinstance(found, list) else 1

    return size


def _takes_items(definition: Any) -> bool:
    """Whether a mutation is one for many things at once."""
    return "items" in getattr(get_named_type(definition.args["input"].type), "fields", ())


def _items_size(node: FieldNode) -> Size:
    """How many items a bulk mutation is given: in the document, or by a variable in its place or around it."""
    given = next((each.value for each in node.arguments or () if each.name.value == "input"), None)
    if isinstance(given, ObjectValueNode):
        given = next((each.value for each in given.fields if each.name.value == "items"), None)
        if isinstance(given, ListValueNode):
            written = len(given.values)
            return lambda _: written
    name = given.name.value if isinstance(given, VariableNode) else ""

    def size(variables: Mapping[str, Any]) -> int:
        found = variables.get(name)
        items = found.get("items") if isinstance(found, Mapping) else found
        return len(items) if isinstance(items, list) else 1

    return size


def _number(value: ValueNode) -> Callable[[Mapping[str, Any]], int | None]:
    """A whole number of the document or of the variables; what is none is refused elsewhere."""
    if isinstance(value, IntValueNode):
        written = int(value.value)
        return lambda _: written
    name = value.name.value if isinstance(value, VariableNode) else ""

    def of_variables(variables: Mapping[str, Any]) -> int | None:
        found = variables.get(name)
        return found if isinstance(found, int) else None

    return of_variables
