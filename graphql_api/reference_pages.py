"""Where each field and type of the schema stands in the reference, and links to it."""

from collections import defaultdict
from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    get_named_type,
)

SHARED = "shared"
_BUILT_IN = {"ID", "String", "Int", "Boolean", "Float"}


class Pages:
    """The pages of a schema. A page has the name of the root field that lists its noun."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
        self.roots = [root for root in roots if root is not None]
        assert schema.query_type is not None
        self.nouns: dict[str, GraphQLNamedType] = {
            name: node_of(field.type)
            for name, field in sorted(schema.query_type.fields.items())
            if get_named_type(field.type).name.endswith("Connection")
        }
        """The noun of each page."""
        self._page_of_noun: dict[str, str] = {noun.name: page for page, noun in self.nouns.items()}
        self._page_of_type = self._placed()

    def page_of_field(self, name: str, field: GraphQLField) -> str:
        """The page of a root field: that of the noun it begins with, or else gives."""
        kind = get_named_type(field.type)
        if kind.name in {"Node", "Viewer"}:
            return SHARED
        noun: str = node_of(field.type).name
        if noun in self._page_of_noun:
            return self._page_of_noun[noun]
        singular = {page.removesuffix("s"): page for page in self.nouns}
        begun = [page for stem, page in singular.items() if name.startswith(stem)]
        if begun:
            return max(begun, key=len)
        given: Iterator[str] = (
            get_named_type(each.type).name for each in getattr(kind, "fields", {}).values()
        )
        return next(
            (self._page_of_noun[each] for each in given if each in self._page_of_noun), SHARED
        )

    def fields(self, page: str, root: GraphQLObjectType) -> Iterator[tuple[str, GraphQLField]]:
        """The root fields of a page, in the order of the schema."""
        for name, field in root.fields.items():
            if self.page_of_field(name, field) == page:
                yield name, field

    def types(self, page: str) -> list[GraphQLNamedType]:
        """The types of a page, its noun first; without those that stand with a mutation or are pages of lists."""
        found = [
            self.schema.type_map[name]
            for name, where in self._page_of_type.items()
            if where == page
        ]
        noun = self.nouns.get(page)
        return sorted(found, key=lambda kind: (kind is not noun, kind.name))

    def link(self, type_: GraphQLType) -> str:
        """A type as the schema writes it, its name linked to where it is explained."""
        name = get_named_type(type_).name
        before, _, after = str(type_).partition(name)
        return f"{_escaped(before)}{self.link_name(name)}{_escaped(after)}"

    def link_name(self, name: str) -> str:
        """The name of a type, linked to where it is explained."""
        if name in _BUILT_IN:
            return name
        if name.endswith("Connection"):
            return f"[{name}]({self._address(node_of(self.schema.type_map[name]).name)})"
        if name.endswith("UserError"):  # told with its mutation; what all have is told once
            return f"[{name}]({self._address('UserError')})"
        return f"[{name}]({self._address(name)})"

    def _address(self, name: str) -> str:
        return f"{self._page_of_type.get(name, SHARED)}.md#{name.lower()}"

    def _placed(self) -> dict[str, str]:
        """The page of each type: the one page from which it is reached, or the shared one."""
        reached: dict[str, set[str]] = defaultdict(set)
        for page, noun in self.nouns.items():
            _reach(self.schema, noun, page, reached, is_root=True)
        for root in self.roots:
            for name, field in root.fields.items():
                page = self.page_of_field(name, field)
                for each in (field.type, *(argument.type for argument in field.args.values())):
                    _reach(self.schema, get_named_type(each), page, reached)
        return {
            name: self._page_of_noun.get(name) or self._home(name, pages)
            for name, pages in reached.items()
            if name not in _BUILT_IN and not _stands_elsewhere(name)
        }

    def _home(self, name: str, pages: set[str]) -> str:
        """Of the pages that a type is reached from the only one, or that whose noun it begins with."""
        if len(pages) == 1:
            return next(iter(pages))
        own = (page for page, noun in self.nouns.items() if name.startswith(noun.name))
        return next((page for page in own if page in pages), SHARED)


def node_of(type_: GraphQLType) -> GraphQLNamedType:
    """What a field gives: of a page of a list, what it lists."""
    named: GraphQLNamedType = get_named_type(type_)
    if isinstance(named, GraphQLObjectType) and named.name.endswith("Connection"):
        named = get_named_type(named.fields["nodes"].type)
    return named


def is_noun(kind: GraphQLNamedType) -> bool:
    """Whether a type has a life of its own."""
    return isinstance(kind, GraphQLObjectType) and any(
        each.name == "Node" for each in kind.interfaces
    )


def _stands_elsewhere(name: str) -> bool:
    """Whether a type is told with the mutation that it belongs to, or with lists."""
    ends = ("Connection", "Edge", "Payload", "UserError", "ErrorCode")
    return name.endswith(ends) and name != "UserError"


def _reach(
    schema: GraphQLSchema,
    kind: GraphQLNamedType,
    page: str,
    reached: dict[str, set[str]],
    *,
    is_root: bool = False,
) -> None:
    """Note a type and all below it, up to other nouns."""
    if page in reached[kind.name]:
        return
    reached[kind.name].add(page)
    if is_noun(kind) and not is_root:
        return
    below: list[GraphQLNamedType] = []
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for field in kind.fields.values():
            below += [get_named_type(field.type)]
            below += [get_named_type(each.type) for each in field.args.values()]
        below += kind.interfaces
    elif isinstance(kind, GraphQLInputObjectType):
        below += [get_named_type(each.type) for each in kind.fields.values()]
    if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and kind.name != "Node":
        below += schema.get_possible_types(kind)
    for each in below:
        if not (isinstance(each, GraphQLScalarType) and each.name in _BUILT_IN):
            _reach(schema, each, page, reached)


def _escaped(text: str) -> str:
    return text.replace("[", "\\[").replace("]", "\\]")
