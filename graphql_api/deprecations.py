"""What of a document is deprecated, so that an answer can tell its client by name."""

from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)


class Deprecation(NamedTuple):
    """Something that a client should stop using: which, and what to use instead and until when."""

    field: str
    reason: str


def deprecated(schema: GraphQLSchema, document: DocumentNode) -> tuple[Deprecation, ...]:
    """Fields, arguments, input fields and enum values that the document names, each once.

    What is inside of variables is not looked at.
    """
    info = TypeInfo(schema)
    found = _Found(info)
    visit(document, TypeInfoVisitor(info, found))
    return tuple(found.uses)


class _Found(Visitor):
    """Collects while it is led through a document."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.uses: dict[Deprecation, None] = {}
        self._info = info

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Look at the field and at its arguments."""
        parent, field = self._info.get_parent_type(), self._info.get_field_def()
        if parent is None or field is None:
            return
        name = f"{parent.name}.{node.name.value}"
        self._look(name, field.deprecation_reason)
        for argument in (given.name.value for given in node.arguments or ()):
            self._look(f"{name}({argument}:)", field.args[argument].deprecation_reason)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """Look at a field of an input."""
        kind = get_named_type(self._info.get_parent_input_type())
        if isinstance(kind, GraphQLInputObjectType) and node.name.value in kind.fields:
            name = node.name.value
            self._look(f"{kind.name}.{name}", kind.fields[name].deprecation_reason)

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        """Look at a value of an enum."""
        kind, value = get_named_type(self._info.get_input_type()), self._info.get_enum_value()
        if kind and value:
            self._look(f"{kind.name}.{node.value}", value.deprecation_reason)

    def _look(self, name: str, reason: str | None) -> None:
        if reason is not None:
            self.uses[Deprecation(name, reason)] = None
