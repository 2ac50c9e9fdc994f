"""What a query asks for below a field, so that a whole page's children can be read at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.types.nodes import SelectedField
from strawberry.types.nodes import Selection as SelectedNode


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
        return _merged(node for top in info.selected_fields for node in top.selections)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __getitem__(self, name: str) -> "Selection":
        return self.fields.get(name, NOTHING)

    def of_nodes(self) -> "Selection":
        """What a connection is asked for of its items, by either way to them."""
        return _both(self["nodes"], self["edges"]["node"])


NOTHING = Selection()


def _merged(nodes: Iterable[SelectedNode]) -> Selection:
    found: dict[str, Selection] = {}
    for node in nodes:
        below = _merged(node.selections)
        if isinstance(node, SelectedField):
            found[node.name] = _both(found.get(node.name, NOTHING), below)
        else:
            for name, selection in below.fields.items():
                found[name] = _both(found.get(name, NOTHING), selection)
    return Selection(found)


def _both(one: Selection, other: Selection) -> Selection:
    names = {**one.fields, **other.fields}
    return Selection({name: _both(one[name], other[name]) for name in names}) if names else NOTHING
