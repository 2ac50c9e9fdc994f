"""The first page of the reference: what holds for all of the API, with the numbers that the code goes by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLScalarType, get_named_type

from graphql_api import context, cost, limits, nodes, sockets
from graphql_api.access import READS
from graphql_api.connections import DEFAULT
from graphql_api.errors import MEANINGS, STATUS, WHEN
from graphql_api.ids import Kind
from graphql_api.reference_pages import Pages
from graphql_api.view import GRAPHQL_JSON, PLAIN_JSON
from services.allowance import MOST, PER_SECOND
from storage.keyset import MAXIMUM

_PAGE = """<!-- Made of the schema by `make schema`. -->

# GraphQL reference

Queries and mutations are posted to `/graphql` as JSON (`query`, `variables`, `operationName`); subscriptions go over a
WebSocket there, by the sub-protocol `graphql-transport-ws`. With a browser the address shows GraphiQL.
[schema.graphql](../../schema.graphql) is the schema for tools; [examples](../../examples/clients) has typed clients.

## Nouns

{nouns}

[Shared](shared.md) has the rest: who asks, things by their ids, and types that several nouns use.

## Who may ask

`Authorization: Bearer` and an API key or a token of your identity provider, in the request, or in the payload of
`connection_init` under `authorization`. What a credential is good for are its scopes; a description says which scope a
field needs, and what is reached through a field needs its own.

{scopes}

{roles}

## Lists

A list is given in pages: `edges` with `node` and `cursor`, the same items as `nodes`, and `pageInfo`. Cursors are keys:
a page stays right while rows come and go before it.

| Argument | Meaning |
|---|---|
| `first`, `after` | So many from the front, 1 to {maximum}, {default} where neither `first` nor `last` is given; only what comes after this cursor. |
| `last`, `before` | The same from the end. |
| `where` | Conditions. All that are given hold; `and`, `or` and `not` join them. An empty list matches nothing. |
| `sort` | The order, where it can be chosen. |

## Values

{scalars}

An `ID` is opaque: keep it as text. Enums grow: keep a default branch for values that you do not know.

## Errors

**Requests that were not answered** have `errors`, each with its code in `extensions.code`. A field that failed is null,
and the rest is there. With the media type `{graphql_json}` the status says what happened
where nothing but the error came back, and is 200 where anything came; with `{plain_json}` it is 200 for every
document that parses.

{codes}

**Mistakes in the input of a mutation** stand in its payload under `userErrors`, each with `field`, the path to it in the
input, `message` and `code`. What is refused is not done in part. Where the input takes an `idempotencyKey`, a request that may have got
lost can be sent again: it is done once, and `extensions.idempotentReplay` says that it was done before.

{mistakes}

Fields that will go are deprecated with a date, and an answer to a document that names one lists them in
`extensions.deprecations`.

## Limits

{limits}

## What it costs

An operation costs points, and is refused before it runs if it may cost more than {ceiling}. A caller has {most} points,
and {rate} more each second. The answer tells what it came to in `extensions.cost`, and what is left in
`X-RateLimit-Remaining`; with `?explainCost` in the address also what each field may cost. Points that were not needed
come back.

{costs}

## Subscriptions

Every event has a `cursor`. Who subscribes again with it as `after` gets what happened since, then what happens. A `gap`
says that something is not told, since it is too long ago or the client reads too slowly: read again what you show.
Subscribing costs what a query of one event would.

{closes}
"""


def rules(pages: Pages) -> str:
    """The page."""
    return _PAGE.format(
        nouns=_nouns(pages),
        scopes=_enum(pages, "AccessScope", "Scope"),
        roles=_enum(pages, "Role", "Role"),
        maximum=MAXIMUM,
        default=DEFAULT,
        scalars=_scalars(pages),
        graphql_json=GRAPHQL_JSON,
        plain_json=PLAIN_JSON,
        codes=_table(
            "Code | Status | When",
            ((f"`{code}`", str(STATUS[code]), text) for code, text in WHEN.items()),
        ),
        mistakes=_mistakes(pages),
        limits=_table("Of | Limit", _LIMITS),
        ceiling=cost.CEILING,
        most=MOST,
        rate=PER_SECOND,
        costs=_table("What | Points", cost.PRICES),
        closes=_table("A connection is closed with | When", _CLOSES),
    )


_LIMITS = [
    ("A request", f"{limits.BODY // 1024} KiB, {limits.TOKENS} tokens"),
    ("Depth of a document", str(limits.DEPTH)),
    ("Aliases in a document", str(limits.ALIASES)),
    ("Mutations in a document", str(cost.MUTATIONS)),
    ("Points of an operation", str(cost.CEILING)),
    ("Objects that an operation may ask for", str(cost.NODES)),
    ("A page of a list", str(MAXIMUM)),
    ("Ids in `nodes`", str(nodes.MOST)),
    ("Time of an operation", f"{context.SECONDS:.0f} s; what is not ready then is null"),
    ("Subscriptions of a connection", str(sockets.SUBSCRIPTIONS)),
    ("Connections of a merchant, to a process", str(sockets.CONNECTIONS)),
    ("Introducing oneself on a connection", f"{sockets.INIT_SECONDS:.0f} s"),
]

_CLOSES = [
    ("4400", "A message is not of the sub-protocol."),
    ("4401", "It subscribes before it introduced itself."),
    (
        "4403",
        "The credential is missing or not good, or no longer: it is looked at again each minute.",
    ),
    ("4406", "It does not offer the sub-protocol `graphql-transport-ws`."),
    ("4408", "It does not introduce itself in time."),
    ("4409", "An id is used for two subscriptions at once."),
    (
        "1013",
        "The merchant has too many connections, or nobody can be asked who this is. Try again later.",
    ),
    ("1011", "A mistake of ours."),
]


def _nouns(pages: Pages) -> str:
    return _table(
        "Noun | Is | Reading it needs",
        (
            (
                f"[{noun.name}]({page}.md)",
                noun.description or "",
                f"`{READS[Kind(noun.name)]}`" if noun.name in set(Kind) else "`READ`",
            )
            for page, noun in pages.nouns.items()
        ),
    )


def _enum(pages: Pages, name: str, head: str) -> str:
    kind = pages.schema.type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    return _table(
        f"{head} | Meaning",
        ((f"`{key}`", value.description or "") for key, value in kind.values.items()),
    )


def _scalars(pages: Pages) -> str:
    return _table(
        "Scalar | Form",
        (
            (f"`{name}`", kind.description or "")
            for name, kind in sorted(pages.schema.type_map.items())
            if isinstance(kind, GraphQLScalarType)
            and name not in {"ID", "String", "Int", "Boolean", "Float"}
        ),
    )


def _mistakes(pages: Pages) -> str:
    given: dict[str, list[str]] = defaultdict(list)
    for page, mutation, code in _codes(pages):
        given[code].append(f"[{mutation}]({page}.md#mutation{mutation.lower()})")
    return _table(
        "Code | Meaning | Given by",
        ((f"`{code}`", MEANINGS[code], ", ".join(given[code])) for code in sorted(given)),
    )


def _codes(pages: Pages) -> Iterator[tuple[str, str, str]]:
    """Page, mutation and code of each mistake that a mutation may tell."""
    root = pages.schema.mutation_type
    for name, field in (root.fields if root else {}).items():
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        error: Any = get_named_type(payload.fields["userErrors"].type)
        for code in get_named_type(error.fields["code"].type).values:
            yield pages.page_of_field(name, field), name, code


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    line = "|".join("---" for _ in head.split("|"))
    cells = (
        " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in row) for row in rows
    )
    return "\n".join([f"| {head} |", f"|{line}|", *(f"| {row} |" for row in cells)])
