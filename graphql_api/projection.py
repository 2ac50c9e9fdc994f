"""What of a document a selection shows, so that the rest of it is not asked of the database."""

import dataclasses
from collections.abc import Collection
from functools import cached_property
from typing import Any

from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from graphql_api.selection import Selection


@dataclasses.dataclass(frozen=True)
class Projection:
    """The fields of a row that a node's fields are read off; what else looks at the row is named."""

    node: type
    row: type
    always: Collection[str]
    """Fields that lead to children, whoever asks for them."""
    whole: Collection[str] = ()
    """Fields of the node that take the whole row."""

    def fields(self, wanted: Selection) -> set[str] | None:
        """The row's fields that a selection takes; None for all."""
        if any(name in wanted for name in self.whole):
            return None
        shown = (self._shown.get(name, ()) for name in wanted.fields)
        return {*self.always, *(field for fields in shown for field in fields)}

    @cached_property
    def _shown(self) -> dict[str, tuple[str, ...]]:
        """By field of the node; what a function looks at stands among the names in its code."""
        known = {field.name for field in dataclasses.fields(self.row)}
        return {
            to_camel_case(name): tuple(known.intersection(read.__code__.co_names))
            for name, read in readers(self.node)
        }


def readers(node: type) -> list[tuple[str, Any]]:
    """The fields of a node that are read off its row, with how."""
    definition = get_object_definition(node, strict=True)
    resolvers: list[tuple[str, Any]] = [
        (field.python_name, field.base_resolver.wrapped_func)
        for field in definition.fields
        if field.base_resolver
    ]
    return [(name, resolve.read) for name, resolve in resolvers if getattr(resolve, "of_row", None)]
