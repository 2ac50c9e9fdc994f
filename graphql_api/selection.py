"""What a query asks for below a field, so that a whole page's children can be read at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Names of the fields that are asked for, with what is asked for below each.

    Fragments count whatever their type, aliases and directives are ignored: it may name more than will be
    answered, never less.
    """

    fields: Mapping[str, "Selection"] = field(default_factory=dict)

    @classmethod
    def of(cls, info: strawberry.Info[Any, Any]) -> "Selection":
        """What is asked for below the field that is being resolved."""
        raw = info._raw_info  # noqa: SLF001 - Strawberry's own `selected_fields` reads all arguments on the way
        return _merged((node.selection_set for node in raw.field_nodes), raw.fragments)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __getitem__(self, name: str) -> "Selection":
        return self.fields.get(name, NOTHING)

    def of_nodes(self) -> "Selection":
        """What a connection is asked for of its items, by either way to them."""
        nodes, of_edges = self["nodes"], self["edges"]["node"]
        return _both(nodes, of_edges) if of_edges.fields else nodes


NOTHING = Selection()


def _merged(
    sets: Iterable[SelectionSetNode | None], fragments: Mapping[str, FragmentDefinitionNode]
) -> Selection:
    found: dict[str, Selection] = {}
    for node in (node for each in sets if each for node in each.selections):
        if isinstance(node, FieldNode):
            below = _merged([node.selection_set], fragments) if node.selection_set else NOTHING
            fields: Mapping[str, Selection] = {node.name.value: below}
        elif isinstance(node, FragmentSpreadNode):
            fields = _merged([fragments[node.name.value].selection_set], fragments).fields
        else:
            fields = _merged([cast("InlineFragmentNode", node).selection_set], fragments).fields
        for name, below in fields.items():
            found[name] = _both(found[name], below) if name in found else below
    return Selection(found)


def _both(one: Selection, other: Selection) -> Selection:
    names = {**one.fields, **other.fields}
    return Selection({name: _both(one[name], other[name]) for name in names}) if names else NOTHING
