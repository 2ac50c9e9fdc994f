"""The executor: what stands ready on a node is written down by a plan, everything else is graphql-core's own work.

`assemble` builds nodes whole, so most of a page is plain attributes. graphql-core takes each of them through its
whole machinery for a field. Here a selection is looked at once: a `SelectionPlan` has the fields that are attributes of
scalars, enums, objects and lists of them, and writes them without asking anything again. It knows only what is sure
to come out as graphql-core would have it, by the exact type of the value. Whatever it does not know, such as a null
where none may be or a value out of range, raises `_Unplanned`, and graphql-core's executor does the selection again:
every error is its own, with its message, path and place.

It rests on internals of graphql-core and Strawberry, which are pinned; `graphql_api.schema` tries it at start-up.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList, GroupedFieldSet
from strawberry.resolvers import is_default_resolver
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.scalars import SURE

Write = Callable[[Any], Any]
"""Makes JSON of a value."""
Find = Callable[[type], Write]
"""Tells how values of an exact type are written."""

_KEPT = 200
"""Operations whose plans are remembered."""
_AS_IS: set[tuple[Any, type]] = {(GraphQLString, str), (GraphQLID, str), (GraphQLBoolean, bool)}
_SIMPLE = {str, int, float, bool, Decimal, datetime}
_DIRECTIVES = {"skip", "include"}


class _Unplanned(Exception):
    """A value that the plan does not know how to write."""


class _ByType(dict[type, Write]):
    """How values of a field are written, by their exact type; found out when a type is met first."""

    def __init__(self, find: Find) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, kind: type) -> Write:
        write = self[kind] = self._find(kind)
        return write


class _Remembered(dict[Any, Any]):
    """What the members of an enum are called; they are few, and finding a name takes long."""

    def __init__(self, write: Write) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, member: Any) -> Any:
        name = self[member] = self._write(member)
        return name


class _Attribute(NamedTuple):
    """What stands ready: how it is had of a node, or of the row that the node shows, and how it is written."""

    get: Callable[[Any], Any]
    is_of_row: bool
    writes: _ByType


class SelectionPlan:
    """How a selection set is answered: its attributes, and the fields that are left to graphql-core."""

    def __init__(
        self,
        fields: GroupedFieldSet,
        attributes: Mapping[str, _Attribute],
        rest: GroupedFieldSet,
    ) -> None:
        self.fields = fields
        self.rest = rest
        self._attributes = [
            (name, _direct(get), is_of_row, writes)
            for name, (get, is_of_row, writes) in attributes.items()
        ]
        self._has_row = any(attribute.is_of_row for attribute in attributes.values())

    def write(self, source: Any) -> dict[str, Any]:
        """The attributes of a node as JSON."""
        row = source.row if self._has_row else None
        written = {}
        for name, get, is_of_row, writes in self._attributes:
            value = get(row if is_of_row else source)
            write = writes[type(value)]
            written[name] = value if write is _same else write(value)
        return written


class _Kept(NamedTuple):
    """What is known of an operation under one choice of its directives.

    Its parts are found by the ids of what it holds, which so cannot become another's.
    """

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    root: GroupedFieldSet
    sub_fields: dict[Any, Any]
    plans: dict[int, SelectionPlan]


_kept: OrderedDict[tuple[Any, ...], _Kept] = OrderedDict()


class PlanExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes operations with a plan for each selection set."""

    _plans: dict[int, SelectionPlan]

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[Any],
    ) -> Any:
        """Take up what is known of the operation: its collected fields, and the plans made of them."""
        # Variables have a say in what is selected by the directives alone, which take booleans.
        variables = self.variable_values.coerced.items()
        chosen = [(name, value) for name, value in variables if isinstance(value, bool)]
        key = (id(self.schema), id(self.operation), *chosen)
        kept = _kept.get(key)
        if kept is None:
            kept = _Kept(self.schema, self.operation, grouped_field_set, {}, {})
            _kept[key] = kept
            if len(_kept) > _KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        self._relevant_sub_fields, self._plans = kept.sub_fields, kept.plans
        return super().execute_collected_root_fields(
            root_type, root_value, kept.root, serially, new_defer_usages
        )

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """Write the attributes and leave the rest to graphql-core; all of it where the plan gets stuck."""
        plan = self._plan(parent_type, grouped_field_set)
        written: dict[str, Any] = {}
        rest = plan.rest
        try:
            written = plan.write(source_value)
        except Exception:  # noqa: BLE001 - whatever it is, graphql-core meets it again and tells it
            rest = grouped_field_set
        if not rest:
            return written
        resolved = super().execute_fields(parent_type, source_value, path, rest, position_context)
        if not written:
            return resolved
        if isinstance(resolved, dict):
            return _in_order(grouped_field_set, written, resolved)
        return _merged(grouped_field_set, written, resolved)

    def _plan(self, parent: GraphQLObjectType, fields: GroupedFieldSet) -> SelectionPlan:
        """The plan of a selection set, made when it is met first."""
        plan = self._plans.get(id(fields))
        if plan is None:
            attributes: dict[str, _Attribute] = {}
            rest: GroupedFieldSet = {}
            for name, details in fields.items():
                attribute = self._attribute(parent, details)
                if attribute is None:
                    rest[name] = details
                else:
                    attributes[name] = attribute
            plan = self._plans[id(fields)] = SelectionPlan(fields, attributes, rest)
        return plan

    def _attribute(self, parent: GraphQLObjectType, details: FieldDetailsList) -> _Attribute | None:
        """What a field shows where that is an attribute or read off the row, and all of it is such; else None."""
        if getattr(self.middleware_manager, "middlewares", ()) or any(map(_is_special, details)):
            return None
        name = details[0].node.name.value
        if name == "__typename":
            return _Attribute(type, False, _ByType(lambda _: lambda _: parent.name))
        field = self.schema.get_field(parent, name)
        if not field or field.args or not field.resolve:
            return None
        find = self._finder(field.type, details)
        if find is None:
            return None
        if is_default_resolver(field.resolve):
            get = attrgetter(_definition(field).python_name)
            return _Attribute(get, False, _ByType(find))
        resolve = _reader(field)
        return _Attribute(resolve.read, resolve.of_row, _ByType(find)) if resolve else None

    def _finder(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Find | None:
        """How values of a type are written; None where that is not planned."""
        if isinstance(kind, GraphQLNonNull):
            find = self._finder(kind.of_type, details)
            return find and partial(_never_null, find)
        if isinstance(kind, GraphQLList):
            find = self._finder(kind.of_type, details)
            return find and partial(_list, _ByType(find))
        if isinstance(kind, GraphQLObjectType):
            return self._object(kind, details)
        return partial(_leaf, kind) if is_leaf_type(kind) else None

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Find | None:
        try:
            fields, deferred, _ = self.collect_subfields(kind, details)
        except GraphQLError:
            return None
        plan = self._plan(kind, fields)
        if plan.rest or deferred:
            return None
        return partial(_node, _definition(kind).origin, plan.write)


async def _merged(
    names: GroupedFieldSet, written: dict[str, Any], resolving: Awaitable[dict[str, Any]]
) -> dict[str, Any]:
    return _in_order(names, written, await resolving)


def _in_order(
    names: GroupedFieldSet, written: dict[str, Any], resolved: dict[str, Any]
) -> dict[str, Any]:
    return {name: written[name] if name in written else resolved[name] for name in names}


def _is_special(details: FieldDetails) -> bool:
    return bool(details.defer_usage) or any(
        directive.name.value not in _DIRECTIVES for directive in details.node.directives or ()
    )


def _reader(field: GraphQLField) -> Any:
    """How a field is read off a node or its row, where it is (`fields.FromRow`) and nothing else has a say in it."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolver = getattr(declared, "base_resolver", None)
    if declared is None or resolver is None or declared.extensions:
        return None
    return resolver.wrapped_func if hasattr(resolver.wrapped_func, "read") else None


_ATTRIBUTE = (lambda row: row.attribute).__code__


def _direct(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same without a call of Python's, where it looks at one attribute."""
    code = getattr(read, "__code__", None)
    if code is None or code.co_code != _ATTRIBUTE.co_code or len(code.co_names) != 1:
        return read
    return attrgetter(code.co_names[0])


def _definition(of: GraphQLField | GraphQLObjectType) -> Any:
    return of.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]


def _never_null(find: Find, kind: type) -> Write:
    return _refuse if kind is NoneType else find(kind)


def _list(writes: _ByType, kind: type) -> Write:
    if kind is list:
        return lambda items: [writes[type(item)](item) for item in items]
    return _same if kind is NoneType else _refuse


def _node(origin: type, write: Write, kind: type) -> Write:
    """Strawberry's own test whether a value is of an object type is sure to pass for just that class.

    A type that shows the domain's own values has no such test.
    """
    if kind is origin or kind is getattr(origin, "SHOWN", None):
        return write
    return _same if kind is NoneType else _refuse


def _leaf(leaf: GraphQLLeafType, kind: type) -> Write:
    if kind is NoneType:
        return _same
    coerce = leaf.coerce_output_value
    if issubclass(kind, Enum) and isinstance(leaf, GraphQLEnumType):
        return _Remembered(coerce).__getitem__
    if (leaf, kind) in _AS_IS or (coerce is str and kind is str):
        return _same
    if leaf is GraphQLInt and kind is int:
        return _int
    if kind not in _SIMPLE:
        return _refuse
    return coerce if coerce in SURE else partial(_coerced, coerce)


def _same(value: Any) -> Any:
    return value


def _int(value: int) -> int:
    if not GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
        raise _Unplanned
    return value


def _coerced(coerce: Write, value: Any) -> Any:
    coerced = coerce(value)
    if coerced is None or coerced is Undefined:
        raise _Unplanned
    return coerced


def _refuse(_: Any) -> Any:
    raise _Unplanned
