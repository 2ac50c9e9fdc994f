"""A call of every root field, made from the schema, so that a field that is new tomorrow is called, too."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLType,
    Undefined,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from graphql_api.ids import Kind
from graphql_api.schema import SCHEMA
from tests.factories import MERCHANT
from tests.graphql_api.conftest import gid
from tests.graphql_api.seeds import PRICING

WRITTEN = build_schema(SCHEMA.as_str())
NOUNS = {kind.value for kind in Kind}
KEYS = {
    "Store": "store1",
    "Product": f"{MERCHANT}/MUG-1",
    "Listing": "store1/MUG-1",
    "OfferSnapshot": "store1/B000000000",
    "Upload": "upload1",
    "Ruleset": "ruleset1",
    "Plan": "plan1",
    "PriceDecision": "decision0000",
    "RepriceRun": "run1",
    "Submission": "submission-decision0000",
    "Order": "store1/111-0000001",
    "Change": "change0000",
    "CommunicationError": "store1/patchListingsItem/THROTTLED/QuotaExceeded",
    "Operation": "plan1",
    "ApiKey": "key1",
    "Webhook": "webhook1",
    "WebhookDelivery": "event1/webhook1",
}
"""The shop's things, one of each noun; `seeds.stock_everything` puts them there."""
NEVER = dict.fromkeys(KEYS, "never")

# Fields without which a call could not do anything, though the schema does not demand them.
_WANTED = {"RulesetPublishInput": ["rulesetId"], "ApiKeyCreateInput": ["role"]}
_NAMES = {"decision": "PriceDecision", "run": "RepriceRun", "delivery": "WebhookDelivery"}
_VALUES: dict[str, str | int] = {
    "first": 1,
    "sellerSku": "MUG-1",
    "sku": "MUG-1",
    "asin": "B000000000",
    "marketplaceOrderId": "111-0000001",
    "name": "Second",
    "email": "me@shop.com",
    "url": "https://hooks.example.com/",
    "country": "US",
    "currencyCode": "USD",
    "catalogCurrency": "USD",
    "amount": "19.50",
    "byteCount": 1000,
    "source": PRICING,
    "sources": PRICING,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A root field with all that it needs and everything that it shows by itself."""

    operation: str
    field: str
    text: str
    names_things: bool
    """Whether it is about things that are there."""


def calls(keys: Mapping[str, str]) -> Iterator[Call]:
    """Every query field and every mutation, on the things of these keys."""
    yield from _calls("query", WRITTEN.query_type, keys)
    yield from _calls("mutation", WRITTEN.mutation_type, keys)


def subscriptions(keys: Mapping[str, str]) -> Iterator[Call]:
    """Every subscription, on the things of these keys; shows each event's noun as well."""
    for call in _calls("subscription", WRITTEN.subscription_type, keys):
        assert WRITTEN.subscription_type is not None
        payload = get_named_type(WRITTEN.subscription_type.fields[call.field].type)
        yield replace(call, text=call.text.replace("{ __typename", f"{{ {_nouns(payload)}", 1))


def _calls(
    operation: str, root: GraphQLObjectType | None, keys: Mapping[str, str]
) -> Iterator[Call]:
    assert root is not None
    for name, field in root.fields.items():
        given = _arguments(field, keys)
        text = f"{operation} {{ {name}{given} {_shown(get_named_type(field.type))} }}"
        elsewhere = _arguments(field, dict.fromkeys(KEYS, "elsewhere"))
        yield Call(operation, name, text, given != elsewhere)


def _nouns(payload: GraphQLType) -> str:
    assert isinstance(payload, GraphQLObjectType)
    shown = (name for name, field in payload.fields.items() if noun_of(field.type))
    return " ".join(f"{name} {{ id }}" for name in shown)


def references() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Every way from a noun to another one: the noun, the fields on the way, and the noun that it leads to."""
    for name in sorted(NOUNS):
        yield from ((name, path, target) for path, target in _ways(WRITTEN.type_map[name]))


def reference(name: str, path: tuple[str, ...]) -> str:
    """A query that goes from the shop's thing of a noun along fields to another one."""
    below = WRITTEN.type_map[name]
    asked = ""
    for field in path:
        assert isinstance(below, GraphQLObjectType)
        asked += f" {{ {field}{_arguments(below.fields[field], KEYS)}"
        below = get_named_type(below.fields[field].type)
    asked += f" {_shown(below)} {'} ' * len(path)}"
    return f'{{ node(id: "{gid(name, KEYS[name])}") {{ ... on {name}{asked} }} }}'


def _ways(kind: GraphQLType, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(kind, GraphQLObjectType) or len(path) > 4:
        return
    for name, field in kind.fields.items():
        if (target := noun_of(field.type)) is not None:
            yield (*path, name), target
        else:
            yield from _ways(get_named_type(field.type), (*path, name))


def noun_of(type_: GraphQLType) -> str | None:
    """The noun that a field shows, itself or in pages."""
    named = get_named_type(type_)
    if named.name.endswith("Connection"):
        assert isinstance(named, GraphQLObjectType)
        named = get_named_type(named.fields["nodes"].type)
    return named.name if named.name in NOUNS else None


def _arguments(field: GraphQLField, keys: Mapping[str, str]) -> str:
    of = get_named_type(field.type).name
    given = [
        f"{name}: {_value(name, argument.type, of, keys)}"
        for name, argument in field.args.items()
        if is_required_argument(argument) or name == "first"
    ]
    return f"({', '.join(given)})" if given else ""


def _value(name: str, type_: GraphQLType, of: str, keys: Mapping[str, str]) -> str:
    match type_:
        case GraphQLNonNull(of_type=inner):
            return _value(name, inner, of, keys)
        case GraphQLList(of_type=inner):
            return f"[{_value(name.removesuffix('s'), inner, of, keys)}]"
        case GraphQLInputObjectType(fields=fields):
            wanted = _WANTED.get(type_.name, ())
            given = (
                f"{key}: {_value(key, field.type, of, keys)}"
                for key, field in fields.items()
                if is_required_input_field(field) or key in wanted
            )
            return f"{{{', '.join(given)}}}"
        case GraphQLEnumType(values=values):
            return str(next(iter(values)))
    if get_named_type(type_).name == "ID":
        noun = _noun(name, of)
        return json.dumps(gid(noun, keys[noun]))
    is_never = keys is NEVER and name in {"sellerSku", "sku", "marketplaceOrderId"}
    return json.dumps("NEVER" if is_never else _VALUES.get(name, name))


def _noun(name: str, of: str) -> str:
    """The noun whose id an argument takes."""
    if name == "id":
        return of if of in NOUNS else "Store"
    return noun_named(name)


def noun_named(reference: str) -> str:
    """The noun that a field such as `storeId` refers to."""
    stem = reference.removesuffix("Id")
    return _NAMES.get(stem, stem[0].upper() + stem[1:])


def _shown(named: GraphQLType, depth: int = 4) -> str:
    """Everything that a type shows without an argument and without going to another noun."""
    if not isinstance(named, GraphQLObjectType):
        return "" if is_leaf_type(named) else "{ __typename }"
    fields = ["__typename"]
    for name, field in named.fields.items():
        below = get_named_type(field.type)
        needs_argument = any(each.default_value is Undefined for each in field.args.values())
        if is_leaf_type(below):
            fields.append("" if needs_argument and field.args else name)
        elif named.name.endswith(("Connection", "Payload")) or noun_of(field.type) is None:
            fields.append(f"{name} {_shown(below, depth - 1)}" if depth else "")
    return f"{{ {' '.join(filter(None, fields))} }}"
