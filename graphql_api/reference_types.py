"""The pages of nouns in the reference, and the one of what several nouns use."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    Undefined,
    ast_from_value,
    get_named_type,
    print_ast,
)

from graphql_api.reference_pages import SHARED, Pages

_PAGING = ("first", "after", "last", "before")
_HEAD = "<!-- Made of the schema by `make schema`. -->\n"


def noun_page(pages: Pages, page: str) -> str:
    """Everything about one noun."""
    noun = pages.nouns[page]
    return _page(pages, page, f"# Reference: {noun.name}\n\n{noun.description}\n")


def shared_page(pages: Pages) -> str:
    """What belongs to no noun alone."""
    about = "What belongs to no noun, and the types that several use."
    return _page(pages, SHARED, f"# Reference: shared\n\n{about}\n")


def _page(pages: Pages, page: str, title: str) -> str:
    parts = [_HEAD, title, "What holds for all of the API: [README](README.md).\n"]
    for root in pages.roots:
        fields = list(pages.fields(page, root))
        if fields:
            parts.append(f"## {root.name}\n")
        for name, field in fields:
            parts.append(f"### {root.name}.{name}\n\n{field.description}\n")
            parts += _root_field(pages, field)
    parts.append("## Types\n")
    for kind in pages.types(page):
        parts += _type(pages, kind)
    return "\n".join(parts)


def _root_field(pages: Pages, field: GraphQLField) -> Iterator[str]:
    payload = get_named_type(field.type)
    is_payload = isinstance(payload, GraphQLObjectType) and payload.name.endswith("Payload")
    yield f"Gives {f'`{field.type}`, below' if is_payload else pages.link(field.type)}.\n"
    paged = set(_PAGING) <= field.args.keys()
    arguments = {key: each for key, each in field.args.items() if not (paged and key in _PAGING)}
    if paged:
        yield "Takes the [arguments of lists](README.md#lists).\n"
    if arguments:
        yield _table(pages, "Argument", arguments)
    if is_payload:
        assert isinstance(payload, GraphQLObjectType)
        yield from _payload(pages, payload)


def _payload(pages: Pages, payload: GraphQLObjectType) -> Iterator[str]:
    """What a mutation or subscription answers, and the mistakes that a mutation tells."""
    errors = payload.fields.get("userErrors")
    shown = {name: field for name, field in payload.fields.items() if field is not errors}
    yield _table(pages, f"`{payload.name}`", shown)
    if errors is None:
        return
    error: Any = get_named_type(errors.type)
    codes: Any = get_named_type(error.fields["code"].type)
    more = [name for name in error.fields if name not in {"field", "message", "code"}]
    besides = f" besides {', '.join(f'`{name}`' for name in more)}," if more else ""
    yield f"Its `userErrors` are of [`UserError`](shared.md#usererror) and have{besides} a `code` of `{codes.name}`:\n"
    yield _values(codes)


def _type(pages: Pages, kind: GraphQLNamedType) -> Iterator[str]:
    yield f"### {kind.name}\n\n{kind.description}\n"
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and kind.interfaces:
        yield f"Is a {', '.join(pages.link_name(each.name) for each in kind.interfaces)}.\n"
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        yield _table(pages, "Field", kind.fields)
    elif isinstance(kind, GraphQLEnumType):
        yield _values(kind)
    elif isinstance(kind, GraphQLUnionType):
        yield f"One of {', '.join(pages.link_name(each.name) for each in kind.types)}.\n"


def _values(kind: GraphQLEnumType) -> str:
    rows = (f"| `{name}` | {_cell(value.description)} |" for name, value in kind.values.items())
    return "\n".join(["| Value | Meaning |", "|---|---|", *rows, ""])


def _table(
    pages: Pages,
    head: str,
    fields: Mapping[str, GraphQLField]
    | Mapping[str, GraphQLInputField]
    | Mapping[str, GraphQLArgument],
) -> str:
    rows = (
        f"| `{name}` | {pages.link(field.type)} | {_told(pages, field)} |"
        for name, field in fields.items()
    )
    return "\n".join([f"| {head} | Type | Meaning |", "|---|---|---|", *rows, ""])


def _told(pages: Pages, field: GraphQLField | GraphQLInputField | GraphQLArgument) -> str:
    """A field's description, with its arguments or its default."""
    told = [_cell(field.description)]
    if isinstance(field, GraphQLField):
        if set(_PAGING) <= field.args.keys():
            told.append("A [list](README.md#lists).")
        told += [
            f"`{name}: `{pages.link(each.type)}: {_cell(each.description)}"
            for name, each in field.args.items()
            if name not in _PAGING
        ]
    elif field.default_value is not Undefined and field.default_value is not None:
        default = ast_from_value(field.default_value, field.type)
        assert default is not None
        told.append(f"`{print_ast(default)}` where not given.")
    if field.deprecation_reason:
        told.append(f"**Deprecated.** {_cell(field.deprecation_reason)}")
    return " ".join(told)


def _cell(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("|", "\\|")
