"""Which scope a caller needs: to read each noun, and to call each mutation.

Reading is checked in `loaders.Noun`, whichever way leads to the noun; a mutation is checked by `needs`. What is
checked is written into the schema's descriptions from here, so that the two cannot differ.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import strawberry
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)

from domain.access import AccessScope
from graphql_api.ids import Kind
from graphql_api.selection import Selection

P = ParamSpec("P")
R = TypeVar("R")

READS = {
    Kind.STORE: AccessScope.READ,
    Kind.PRODUCT: AccessScope.READ,
    Kind.LISTING: AccessScope.READ,
    Kind.OFFER_SNAPSHOT: AccessScope.READ,
    Kind.RULESET: AccessScope.READ,
    Kind.PLAN: AccessScope.READ,
    Kind.RUN: AccessScope.READ,
    Kind.OPERATION: AccessScope.READ,
    Kind.DECISION: AccessScope.READ_AUDIT,
    Kind.CHANGE: AccessScope.READ_AUDIT,
    Kind.SUBMISSION: AccessScope.READ_AUDIT,
    Kind.COMMUNICATION_ERROR: AccessScope.READ_AUDIT,
    Kind.ORDER: AccessScope.READ_ORDERS,
    Kind.UPLOAD: AccessScope.WRITE_PRODUCTS,
    Kind.API_KEY: AccessScope.MANAGE_KEYS,
    Kind.WEBHOOK: AccessScope.MANAGE_WEBHOOKS,
    Kind.WEBHOOK_DELIVERY: AccessScope.MANAGE_WEBHOOKS,
}
"""The scope that reading a noun takes."""


def needs(scope: AccessScope) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Decorates a resolver that only callers with a scope may call; stands under `described`.

    A caller is refused before anything is read or written, also where it may do the thing and not read what it
    asks to be shown of it: nothing is done whose answer would then be an error.
    """

    def decorate(resolver: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(resolver)
        async def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            check(kwargs["info"], scope)
            return await resolver(*args, **kwargs)

        checked.__doc__ = f"{inspect.cleandoc(resolver.__doc__ or '')} {_sentence(scope)}"
        return checked

    return decorate


def check(info: Any, scope: AccessScope) -> None:
    """Go on only if the caller has a scope, and those of all that is asked for below.

    Raises:
        Forbidden: names the scopes that it lacks.
    """
    info.context.viewer.require({scope, *_shown(info)})


def tell_scopes(schema: GraphQLSchema) -> None:
    """Write into the description of every field that leads to a noun which scope the noun takes.

    Left out where who reads the field has read its parent by the same scope.
    """
    for parent in schema.type_map.values():
        if not isinstance(parent, GraphQLObjectType) or parent.name.endswith(
            ("Connection", "Edge")
        ):
            continue
        for field in parent.fields.values():
            named = get_named_type(field.type)
            scope = _told(named) if parent is schema.subscription_type else _scope_of(named)
            if scope is not None and scope is not _scope_of(parent):
                field.description = f"{field.description} {_sentence(scope)}"


def _sentence(scope: AccessScope) -> str:
    return f"Needs the scope `{scope}`."


def _scope_of(named: GraphQLNamedType) -> AccessScope | None:
    """The scope of a noun or of a page of it; None for other types."""
    if isinstance(named, GraphQLObjectType) and named.name.endswith("Connection"):
        named = get_named_type(named.fields["nodes"].type)
    return READS[Kind(named.name)] if named.name in set(Kind) else None


def _told(payload: GraphQLNamedType) -> AccessScope | None:
    """The scope of the noun that a subscription's events are about."""
    assert isinstance(payload, GraphQLObjectType)
    found = (_scope_of(get_named_type(field.type)) for field in payload.fields.values())
    return next(filter(None, found), None)


def _shown(info: strawberry.Info[Any, Any]) -> Iterator[AccessScope]:
    """The scopes of all nouns that are asked for below the field that is being resolved."""
    raw = info._raw_info  # noqa: SLF001 - the only way to the field's type as the document names it
    return _below(raw.schema, get_named_type(raw.return_type), Selection.of(info))


def _below(
    schema: GraphQLSchema, named: GraphQLNamedType, wanted: Selection
) -> Iterator[AccessScope]:
    kinds = schema.get_possible_types(named) if is_abstract_type(named) else [named]
    for kind in kinds:
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, selection in wanted.fields.items():
            if name in kind.fields:
                child = get_named_type(kind.fields[name].type)
                if (scope := _scope_of(child)) is not None:
                    yield scope
                yield from _below(schema, child, selection)
