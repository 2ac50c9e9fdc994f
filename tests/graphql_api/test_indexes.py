"""Whatever can be asked of the API, the database finds by an index and sorts by none but an index.

What is asked comes from the schema: every query field, and of every list each filter and each order, for the
merchant and for one store.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    is_required_argument,
)

from storage.mongo import Scope
from tests.factories import NOW
from tests.graphql_api.calls import KEYS, WRITTEN, calls, noun_named
from tests.graphql_api.conftest import Ask, Commands, gid
from tests.graphql_api.seeds import stock_everything

READS = {"find", "aggregate"}
BY_INDEX = {"IXSCAN", "IDHACK", "COUNT_SCAN", "EOF"}
"""How a command may be answered; at the end of all is what cannot match anything."""
_SESSION = {
    "lsid",
    "$clusterTime",
    "txnNumber",
    "startTransaction",
    "autocommit",
    "readConcern",
    "$db",
}
"""What of a command is about who sends it."""


def _filters(where: GraphQLInputObjectType) -> Iterator[tuple[str, str]]:
    """Each condition that a filter knows, by the name of its field."""
    for name, field in where.fields.items():
        kind = get_named_type(field.type)
        if name in {"and", "or", "not"}:
            continue
        if not isinstance(kind, GraphQLInputObjectType):
            yield name, "true" if kind.name == "Boolean" else '"x"'
            continue
        for word, value in kind.fields.items():
            given = _value(name, value.type)
            is_list = str(value.type).startswith("[")
            yield name, f"{{{word}: {f'[{given}, {given}]' if is_list else given}}}"


def _value(name: str, type_: Any) -> str:
    kind = get_named_type(type_)
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if kind.name == "ID":
        noun = noun_named(name)
        return json.dumps(gid(noun, KEYS[noun]))
    return {"DateTime": '"2026-01-31T09:30:00Z"', "Decimal": '"1.00"', "Int": "1"}.get(
        kind.name, '"B000000000"'
    )


def _wheres(argument: GraphQLArgument | None) -> Iterator[str]:
    """No filter, each condition alone, and each beside the store."""
    yield ""
    if argument is None:
        return
    where = get_named_type(argument.type)
    assert isinstance(where, GraphQLInputObjectType)
    store = f"storeId: {{eq: {json.dumps(gid('Store', 'store1'))}}}"
    if "storeId" in where.fields:
        yield f"where: {{{store}}}"
    for name, condition in _filters(where):
        yield f"where: {{{name}: {condition}}}"
        if "storeId" in where.fields and name != "storeId":
            yield f"where: {{{store}, {name}: {condition}}}"


def _orders(argument: GraphQLArgument | None) -> Iterator[str]:
    if argument is None:
        yield ""
        return
    sort = get_named_type(argument.type)
    assert isinstance(sort, GraphQLInputObjectType)
    fields = get_named_type(sort.fields["field"].type)
    assert isinstance(fields, GraphQLEnumType)
    for field in fields.values:
        for direction in ("ASC", "DESC"):
            yield f"sort: {{field: {field}, direction: {direction}}}"


def questions() -> Iterator[str]:
    """Every query field and mutation once as it is, and the lists in every way."""
    # Once there is a key, nobody gets in without one.
    yield from (call.text for call in calls(KEYS) if call.field != "apiKeyCreate")
    assert WRITTEN.query_type is not None
    for name, field in WRITTEN.query_type.fields.items():
        is_page = "first" in field.args
        is_counted = "where" in field.args and not is_page
        if not (is_page or is_counted) or any(map(is_required_argument, field.args.values())):
            continue
        for where in _wheres(field.args.get("where")):
            for order in _orders(field.args.get("sort")):
                given = ", ".join(filter(None, ("first: 2" if is_page else "", where, order)))
                shown = "nodes { __typename id }" if is_page else "count"
                yield f"{{ {name}{f'({given})' if given else ''} {{ {shown} }} }}"


def _plans(told: Any) -> Iterator[Any]:
    """The plans among what the server tells: of a handful of documents it takes any of them."""
    if isinstance(told, Mapping):
        if "winningPlan" in told:
            yield from (told["winningPlan"], *told["rejectedPlans"])
        else:
            told = list(told.values())
    if isinstance(told, list):
        for part in told:
            yield from _plans(part)


def _stages(plan: Any) -> set[str]:
    """All stages of a plan."""
    match plan:
        case {"stage": str(stage)}:
            return {stage}.union(*map(_stages, plan.values()))
        case Mapping():
            return set().union(*map(_stages, plan.values()))
        case [*parts]:
            return set().union(*map(_stages, parts))
    return set()


async def _ways(scope: Scope, command: Mapping[str, Any]) -> list[set[str]]:
    """The ways in which the server could answer a command, each by its stages."""
    plain = {name: part for name, part in command.items() if name not in _SESSION}
    told = await scope.database.handle.command("explain", plain, verbosity="queryPlanner")
    return [_stages(plan) for plan in _plans(told)]


def _is_served(ways: list[set[str]]) -> bool:
    return any(way & BY_INDEX and not way & {"COLLSCAN", "SORT"} for way in ways)


async def test_every_query_walks_an_index_and_sorts_nothing(
    scope: Scope, watched: tuple[Ask, Commands], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST", "PER_SECOND"):  # all that can be asked costs more than a caller has
        monkeypatch.setattr(f"services.allowance.{name}", 1_000_000)
    await stock_everything(scope)
    await scope.update_many("api_keys", {}, {"$set": {"revoked_at": NOW}})  # who asks needs none
    ask, commands = watched
    for question in questions():
        await ask(question)

    reads = {str(command): command for command in commands.sent if next(iter(command)) in READS}
    assert len(reads) > 500
    for command in reads.values():
        ways = await _ways(scope, command)
        assert _is_served(ways), (command, ways)


async def test_what_no_index_serves_would_be_found_out(scope: Scope) -> None:
    await stock_everything(scope)
    store = {"store_id": "store1"}
    for unserved in (
        {"find": "listings", "filter": {"title": "x"}},
        {"find": "listings", "filter": store, "sort": {"title": 1}},
        {"aggregate": "listings", "pipeline": [{"$match": {"title": "x"}}], "cursor": {}},
    ):
        assert not _is_served(await _ways(scope, unserved)), unserved
    served = {"find": "listings", "filter": store, "sort": {"_id": 1}}
    assert _is_served(await _ways(scope, served))
