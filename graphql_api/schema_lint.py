"""The conventions of the schema, checked: `python -m graphql_api.schema_lint`, a part of `make check`.

Also what changed since the last release: what breaks clients needs a line in `schema-changes.yml` that says when it
was announced. A release is a git tag such as `v1.2.0`.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    get_named_type,
)

ROOT = Path(__file__).parents[1]
SCHEMA = "schema.graphql"
ANNOUNCED = "schema-changes.yml"

_BUILT_IN = {"ID", "String", "Int", "Boolean", "Float"}
_SAYS_YES_OR_NO = re.compile(r"(is|has|holds|imports|accepts|compares)([A-Z]|$)")
_BY_OFFSET = {"offset", "skip", "take", "page", "perPage", "limit", "totalCount"}
_DATED = re.compile(r"Removed after \d{4}-\d\d-\d\d\.$")

Field = tuple[str, str, Any]
"""Type, field and definition."""


def findings(schema: GraphQLSchema) -> list[str]:
    """Where the schema departs from its conventions, a line each."""
    return [line for check in _CHECKS for line in check(schema)]


def unannounced(before: GraphQLSchema, after: GraphQLSchema, announced: set[str]) -> list[str]:
    """Changes that break clients of the schema before and of which nobody was told."""
    found = (change.description for change in find_breaking_changes(before, after))
    return [description for description in found if description not in announced]


def _fields(schema: GraphQLSchema) -> Iterator[Field]:
    for name, kind in schema.type_map.items():
        if not name.startswith("__") and isinstance(
            kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType
        ):
            for field_name, field in kind.fields.items():
                yield name, field_name, field


def _is_input(schema: GraphQLSchema, name: str) -> bool:
    return isinstance(schema.type_map[name], GraphQLInputObjectType)


def _undescribed(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in _BUILT_IN:
            continue
        told = [(name, kind.description)]
        if isinstance(kind, GraphQLEnumType):
            told += [(f"{name}.{key}", value.description) for key, value in kind.values.items()]
        for where, text in told:
            if not (text or "").strip():
                yield f"{where} has no description"
    for name, field_name, field in _fields(schema):
        told = [(f"{name}.{field_name}", field.description)]
        told += [
            (f"{name}.{field_name}({key})", each.description)
            for key, each in getattr(field, "args", {}).items()
        ]
        for where, text in told:
            if not (text or "").strip():
                yield f"{where} has no description"


def _misnamed_types(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
            yield f"{name} is not in PascalCase"
        for value in kind.values if isinstance(kind, GraphQLEnumType) else ():
            if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
                yield f"{name}.{value} is not in SCREAMING_SNAKE"


def _misnamed_fields(schema: GraphQLSchema) -> Iterator[str]:
    for name, field_name, field in _fields(schema):
        where, of = f"{name}.{field_name}", get_named_type(field.type).name
        if not re.fullmatch(r"[a-z][A-Za-z0-9]*", field_name):
            yield f"{where} is not in camelCase"
        if of == "DateTime" and not name.endswith("Filter") and not field_name.endswith("At"):
            yield f"{where} is a moment and does not end in At"
        if of == "Date" and not field_name.endswith("On"):
            yield f"{where} is a day and does not end in On"
        says = _is_input(schema, name) or _SAYS_YES_OR_NO.match(field_name)
        if of == "Boolean" and not says:
            yield f"{where} does not read as something that is so or not"


def _badly_paged(schema: GraphQLSchema) -> Iterator[str]:
    nodes = {
        name
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        and any(each.name == "Node" for each in kind.interfaces)
    }
    for name, field_name, field in _fields(schema):
        where = f"{name}.{field_name}"
        for forbidden in sorted(_BY_OFFSET & {field_name, *getattr(field, "args", {})}):
            yield f"{where} pages or counts by {forbidden}"
        bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        is_list = isinstance(bare, GraphQLList) and get_named_type(bare).name in nodes
        if is_list and not name.endswith("Connection"):
            yield f"{where} is a list of nodes and no connection"
    for name, kind in schema.type_map.items():
        fields = set(kind.fields) if isinstance(kind, GraphQLObjectType) else set()
        if name.endswith("Connection") and fields != {"edges", "nodes", "pageInfo"}:
            yield f"{name} has other fields than edges, nodes and pageInfo"


def _nulls_in_lists(schema: GraphQLSchema) -> Iterator[str]:
    for name, field_name, field in _fields(schema):
        may = _is_input(schema, name) or (name, field_name) in {
            ("Query", "nodes"),  # an id may find nothing
            ("UserError", "field"),
        }
        if "[" in str(field.type) and "!]" not in str(field.type) and not may:
            yield f"{name}.{field_name} is a list that may hold nulls"


def _odd_mutations(schema: GraphQLSchema) -> Iterator[str]:
    for name, field in (schema.mutation_type.fields if schema.mutation_type else {}).items():
        own = name[0].upper() + name[1:]
        if {key: str(each.type) for key, each in field.args.items()} != {"input": f"{own}Input!"}:
            yield f"{name} does not take one argument, input: {own}Input!"
        payload = get_named_type(field.type)
        if payload.name != f"{own}Payload" or not isinstance(payload, GraphQLObjectType):
            yield f"{name} does not give a {own}Payload"
            continue
        errors = payload.fields.get("userErrors")
        if errors is None or str(errors.type) != f"[{own}UserError!]!":
            yield f"{payload.name} has no userErrors: [{own}UserError!]!"
            continue
        error: Any = schema.type_map[f"{own}UserError"]
        if "UserError" not in {each.name for each in error.interfaces}:
            yield f"{error.name} is no UserError"
        code = error.fields.get("code")
        if code is None or str(code.type) != f"{own}ErrorCode!":
            yield f"{error.name} has no code: {own}ErrorCode!"
        for key, each in payload.fields.items():
            if key != "userErrors" and isinstance(each.type, GraphQLNonNull):
                yield f"{payload.name}.{key} cannot be null where the mutation was refused"


def _odd_subscriptions(schema: GraphQLSchema) -> Iterator[str]:
    root = schema.subscription_type
    for name, field in (root.fields if root else {}).items():
        wanted = f"{name[0].upper()}{name[1:]}Payload!"
        if str(field.type) != wanted:
            yield f"{name} does not give a {wanted}"


def _readable_secrets(schema: GraphQLSchema) -> Iterator[str]:
    for name, field_name, field in _fields(schema):
        is_secret = re.search(r"secret|token|credential|password", field_name, re.IGNORECASE)
        if is_secret and not _is_input(schema, name):
            shown_once = "shown once" in (field.description or "").lower()
            if not shown_once:
                yield f"{name}.{field_name} can be read and sounds secret"


def _undated_deprecations(schema: GraphQLSchema) -> Iterator[str]:
    for name, field_name, field in _fields(schema):
        reason = field.deprecation_reason
        if reason is not None and not _DATED.search(reason):
            yield f"{name}.{field_name} is deprecated without `Removed after <date>.`"
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLEnumType):
            for key, value in kind.values.items():
                reason = value.deprecation_reason
                if reason is not None and not _DATED.search(reason):
                    yield f"{name}.{key} is deprecated without `Removed after <date>.`"


_CHECKS: tuple[Callable[[GraphQLSchema], Iterator[str]], ...] = (
    _undescribed,
    _misnamed_types,
    _misnamed_fields,
    _badly_paged,
    _nulls_in_lists,
    _odd_mutations,
    _odd_subscriptions,
    _readable_secrets,
    _undated_deprecations,
)


def _released() -> GraphQLSchema | None:
    """The schema of the last release; None before the first."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*")
    text = _git("show", f"{tag}:{SCHEMA}") if tag else ""
    return build_schema(text) if text else None


def _git(*arguments: str) -> str:
    found = subprocess.run(  # noqa: S603 - arguments of our own
        ["git", *arguments],  # noqa: S607 - whichever git there is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() if found.returncode == 0 else ""


def main() -> int:
    """Print what is wrong; gives the exit status."""
    schema = build_schema((ROOT / SCHEMA).read_text())
    found = findings(schema)
    released = _released()
    if released is not None:
        file = ROOT / ANNOUNCED
        announced = yaml.safe_load(file.read_text()) if file.exists() else None
        told = {each["change"] for each in announced or []}
        found += [
            f"breaks clients and is not in {ANNOUNCED}: {each}"
            for each in unannounced(released, schema, told)
        ]
    sys.stderr.writelines(f"{SCHEMA}: {line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
