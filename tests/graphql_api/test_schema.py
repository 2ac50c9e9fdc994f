from pathlib import Path

import pytest
from graphql import build_schema

from graphql_api import export_schema
from graphql_api.schema import SCHEMA
from graphql_api.schema_lint import findings

WRITTEN = build_schema(SCHEMA.as_str())


def test_it_keeps_to_its_conventions() -> None:
    assert findings(WRITTEN) == []


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
