"""The pricing vectors of the specification, and some of our own, the way that `python -m rules.vectors` runs them."""

import json
from pathlib import Path
from typing import Any

import pytest

from rules import vectors

_OURS = Path(__file__).parent / "cases" / "vectors.json"
_SHARED = Path(__file__).parents[3] / "shared" / "spec" / "price-vectors.json"


def _read(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["vectors"] if path.exists() else []
    return found


_VECTORS = [*_read(_OURS), *_read(_SHARED)]


@pytest.mark.parametrize("vector", _VECTORS, ids=[each["id"] for each in _VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    (outcome,) = vectors.run([vector])
    assert outcome.actual == outcome.expected


def test_the_specification_is_there_or_said_to_be_missing() -> None:
    if not _SHARED.exists():
        pytest.skip("the specification's vectors are not beside this repository")
    assert len(_read(_SHARED)) == 90


def test_a_file_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert vectors.main([str(_OURS)]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == f"{len(_read(_OURS))} passed, 0 failed"
    assert lines[0] == "two-standard-rules 30.94 30.94 PASS"
    assert all(len(line.split(" ")) == 4 for line in lines)


def test_a_vector_that_fails_is_told_and_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = {**_read(_OURS)[0], "expected": "1.00"}
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"vectors": [first]}))
    assert vectors.main([str(path)]) == 1
    assert capsys.readouterr().out == "two-standard-rules 1.00 30.94 FAIL\n0 passed, 1 failed\n"


def test_without_a_file_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert vectors.main([]) == 2
    assert "usage" in capsys.readouterr().err
