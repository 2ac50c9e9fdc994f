import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    parse,
    validate,
)

from graphql_api import export_schema
from graphql_api.explorer import examples, page
from graphql_api.limits import _RULES
from graphql_api.schema import SCHEMA

WRITTEN = build_schema(SCHEMA.as_str())
OURS = {name: kind for name, kind in WRITTEN.type_map.items() if not name.startswith("__")}
BUILT_IN = {"ID", "String", "Int", "Boolean", "Float"}


def _fields() -> Iterator[tuple[str, str, object]]:
    for name, kind in OURS.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                yield name, field_name, field


def _described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in BUILT_IN:
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{key}", value.description) for key, value in kind.values.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in kind.fields.items():
                yield f"{name}.{key}", field.description
                yield from (
                    (f"{name}.{key}({each})", argument.description)
                    for each, argument in field.args.items()
                )
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{key}", field.description) for key, field in kind.fields.items())


def test_everything_says_what_it_means() -> None:
    assert [name for name, text in _described(WRITTEN) if not text or not text.strip()] == []


def test_names_follow_the_conventions() -> None:
    for name, kind in OURS.items():
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name), name
        if isinstance(kind, GraphQLEnumType):
            assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", value) for value in kind.values), name
    for name, field_name, field in _fields():
        where = f"{name}.{field_name}"
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*", field_name), where
        of = get_named_type(field.type).name  # type: ignore[attr-defined]
        if of == "DateTime" and not name.endswith("Filter"):
            assert field_name.endswith("At"), where
        if of == "Date":
            assert field_name.endswith("On"), where
        if of == "Boolean" and not isinstance(OURS[name], GraphQLInputObjectType):
            assert re.match(r"is|has|holds|imports|accepts", field_name), where


def test_nothing_is_paged_by_offset_and_no_connection_counts_itself() -> None:
    forbidden = {"offset", "skip", "take", "page", "perPage", "limit", "totalCount"}
    for name, field_name, field in _fields():
        assert field_name not in forbidden, f"{name}.{field_name}"
        assert not forbidden & set(getattr(field, "args", {})), f"{name}.{field_name}"


def test_every_list_that_can_grow_is_a_connection() -> None:
    connections = [name for name in OURS if name.endswith("Connection")]
    assert len(connections) >= 10
    for name in connections:
        kind = OURS[name]
        assert isinstance(kind, GraphQLObjectType)
        assert set(kind.fields) == {"edges", "nodes", "pageInfo"}
    nodes = {
        name
        for name, kind in OURS.items()
        if isinstance(kind, GraphQLObjectType)
        and any(each.name == "Node" for each in kind.interfaces)
    }
    for name, field_name, field in _fields():
        bare: object = field.type  # type: ignore[attr-defined]
        bare = bare.of_type if isinstance(bare, GraphQLNonNull) else bare
        if isinstance(bare, GraphQLList) and get_named_type(bare).name in nodes:
            assert name.endswith("Connection"), f"{name}.{field_name} is a bare list of nodes"


def test_lists_hold_no_nulls_save_where_an_id_may_find_nothing() -> None:
    for name, field_name, field in _fields():
        if isinstance(OURS[name], GraphQLInputObjectType) or (name, field_name) == (
            "Query",
            "nodes",
        ):
            continue
        written = str(field.type)  # type: ignore[attr-defined]
        if "[" in written and (name, field_name) != ("UserError", "field"):
            assert "!]" in written, f"{name}.{field_name}: {written}"


def _mutations() -> dict[str, GraphQLObjectType]:
    assert WRITTEN.mutation_type is not None
    found = {}
    for name, field in WRITTEN.mutation_type.fields.items():
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        found[name] = payload
    return found


def test_every_mutation_has_one_input_and_a_payload_of_its_own_with_coded_errors() -> None:
    assert len(_mutations()) == 20
    assert WRITTEN.mutation_type is not None
    for name, payload in _mutations().items():
        own = name[0].upper() + name[1:]
        arguments = WRITTEN.mutation_type.fields[name].args
        assert {key: str(each.type) for key, each in arguments.items()} == {"input": f"{own}Input!"}
        assert payload.name == f"{own}Payload"
        assert str(payload.fields["userErrors"].type) == f"[{own}UserError!]!"
        error = WRITTEN.type_map[f"{own}UserError"]
        assert isinstance(error, GraphQLObjectType)
        assert [each.name for each in error.interfaces] == ["UserError"]
        assert str(error.fields["code"].type) == f"{own}ErrorCode!"
        others = [key for key in payload.fields if key != "userErrors"]
        assert all(not isinstance(payload.fields[key].type, GraphQLNonNull) for key in others)


def test_no_credential_can_be_read() -> None:
    readable = [
        f"{name}.{field_name}"
        for name, field_name, _ in _fields()
        if not isinstance(OURS[name], GraphQLInputObjectType)
    ]
    assert not [
        name for name in readable if re.search(r"secret|token|credential", name, re.IGNORECASE)
    ]


@pytest.mark.parametrize("example", examples(), ids=lambda each: each["title"])
def test_examples_are_valid_within_the_limits(example: dict[str, str]) -> None:
    document = parse(example["query"], max_tokens=3000)
    assert validate(SCHEMA._schema, document, [*_RULES]) == []
    assert validate(SCHEMA._schema, document) == []


def test_the_page_shows_the_examples() -> None:
    html = page()
    assert "const examples = [{" in html
    assert "WhyThisPrice" in html
    assert "SetAPrice" in html


def test_the_written_schema_is_what_the_code_says() -> None:
    assert export_schema.main(["--check"]) == 0


def test_the_check_fails_when_the_file_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export_schema, "FILE", tmp_path / "schema.graphql")
    assert export_schema.main(["--check"]) == 1
    assert "make schema" in capsys.readouterr().err
    assert export_schema.main([]) == 0
    assert export_schema.main(["--check"]) == 0
