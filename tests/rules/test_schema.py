"""The published schema says what the parser says, as far as a schema can."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from rules import schema
from rules.conditions import number
from rules.document import DocumentInvalid, parse
from rules.source import Items, Mapping, Node, Scalar, read, split
from tests.rules import whole

_VALIDATOR = Draft202012Validator(schema.schema())
_ROOT = Path(__file__).parents[2]
_SAMPLES = sorted((_ROOT / "samples" / "rules").glob("*.yaml"))


def valid(source: str) -> bool:
    return not list(_VALIDATOR.iter_errors(_value(read(source))))


def parsed(source: str) -> bool:
    try:
        parse(source)
    except DocumentInvalid:
        return False
    return True


def _value(node: Node) -> Any:
    """A document as an editor reads it: YAML 1.2, where `no` and dates are texts."""
    if isinstance(node, Mapping):
        return {key.text: _value(value) for key, value in node.entries}
    if isinstance(node, Items):
        return [_value(item) for item in node.items]
    if not node.is_plain:
        return node.text
    if node.text in {"true", "false"}:
        return node.text == "true"
    if node.text in {"null", "~", ""}:
        return None
    return json.loads(node.text) if _is_json_number(node) else node.text


def _is_json_number(node: Scalar) -> bool:
    if number(node.text) is None:
        return False
    try:
        json.loads(node.text)
    except ValueError:
        return False
    return True


def test_the_file_is_that_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(_ROOT)
    assert schema.main(["--check"]) == 0


def test_a_file_that_is_behind_is_told_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / schema.FILE
    file.parent.mkdir()
    file.write_text("{}")
    assert schema.main(["--check"]) == 1
    assert "not up to date" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema.schema())


@pytest.mark.parametrize("sample", _SAMPLES, ids=[path.name for path in _SAMPLES])
def test_every_sample_is_valid(sample: Path) -> None:
    for part in split(sample.read_text(encoding="utf-8")):
        assert list(_VALIDATOR.iter_errors(_value(read(part.text)))) == []


@given(whole.texts)
def test_whatever_is_read_is_valid(source: str) -> None:
    assert parsed(source)
    assert valid(source)


RULE: dict[str, Any] = {"key": "r", "type": "standard", "adjust": {"decrease": "10%"}}
FOLLOW: dict[str, Any] = {
    "key": "r",
    "type": "intelligent",
    "competitor": {"source": "lowest"},
    "adjust": "match",
    "floor": {"source": "cost"},
}


def pricing(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "pricing", "name": "x", **more, "rules": [rule]}


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"kind": "prices", "name": "x", "rules": []},
        {"kind": "pricing", "rules": []},
        {"kind": "pricing", "name": "x"},
        {"kind": "pricing", "name": "x", "rules": {}},
        {"kind": "pricing", "name": "x", "rules": [], "limits": {"totalFall": "1%"}},
        {"kind": "listing", "name": "x", "rules": [], "ending": ".99"},
        {"kind": "listing", "name": "x", "rules": [{"key": "a"}]},
        {"kind": "listing", "name": "x", "rules": [{"key": "a", "then": "sell"}]},
        {"kind": "listing", "name": "x", "rules": [{"key": "a", "then": "list", "when": {"fact": "asin", "eq": "B"}}]},
        {"kind": "guardrails", "name": "x", "limits": {}},
        {"kind": "guardrails", "name": "x", "limits": {"fromListings": 3}},
        {"kind": "guardrails", "name": "x", "limits": {"totalFall": 10}},
        {"kind": "guardrails", "name": "x", "limits": {"belowCost": -1}},
        pricing({**RULE, "colour": "red"}),
        pricing({**RULE, "key": "Sale!"}),
        pricing({**RULE, "adjust": "match"}),
        pricing({**RULE, "adjust": {}}),
        pricing({**RULE, "adjust": {"decrease": "10%", "increase": "10%"}}),
        pricing({**RULE, "adjust": {"decrease": "ten"}}),
        pricing({**RULE, "adjust": {"decrease": "-10%"}}),
        pricing({**RULE, "floor": {"source": "cost"}}),
        pricing({**RULE, "priority": 0}),
        pricing({**RULE, "priority": 1.5}),
        pricing({**RULE, "stop": True}),
        pricing({**RULE, "active": "on"}),
        pricing({**RULE, "from": "01.02.2026"}),
        pricing({**RULE, "weekdays": []}),
        pricing({**RULE, "weekdays": ["monday"]}),
        pricing({**RULE, "weekdays": ["mon", "mon"]}),
        pricing({**RULE, "hours": "8-18"}),
        pricing({**RULE, "hours": "08:00-24:00"}),
        pricing({**RULE, "ending": ".99", "round": {"to": "0.05"}}),
        pricing({**RULE, "ending": "99 cents"}),
        pricing({**RULE, "round": {}}),
        pricing({**RULE, "round": {"to": "0.05", "direction": "sideways"}}),
        pricing({**RULE, "cooldown": "30"}),
        pricing({**RULE, "maxStep": 0}),
        pricing({**RULE, "when": {"fact": "price"}}),
        pricing({**RULE, "when": {"fact": "price", "gt": 1, "lt": 2}}),
        pricing({**RULE, "when": {"fact": "price", "contains": "2"}}),
        pricing({**RULE, "when": {"fact": "prise", "gt": 1}}),
        pricing({**RULE, "when": {"fact": "date.x", "gt": 1}}),
        pricing({**RULE, "when": {"fact": "options.x", "eq": "a"}}),
        pricing({**RULE, "when": {"fact": "condition", "eq": "used"}}),
        pricing({**RULE, "when": {"all": []}}),
        pricing({**RULE, "when": {"all": [], "any": []}}),
        pricing({**RULE, "when": []}),
        pricing({**RULE, "when": None}),
        pricing({**FOLLOW, "competitor": {}}),
        pricing({**FOLLOW, "competitor": {"source": "buybox"}}),
        pricing({**FOLLOW, "competitor": {"source": "buyBox", "minFeedbackCount": 1}}),
        pricing({**FOLLOW, "competitor": {"source": "lowest", "minFeedbackRating": 101}}),
        pricing({**FOLLOW, "competitor": {"source": "lowest", "onlySellers": ["A1B"], "excludeSellers": ["A2B"]}}),
        pricing({**FOLLOW, "competitor": {"source": "lowest", "onlySellers": []}}),
        pricing({**FOLLOW, "competitor": {"source": "lowest", "maxAge": "a day"}}),
        pricing({**FOLLOW, "competitor": {"source": "lowest", "conditions": {"mode": "variance"}}}),
        pricing({**FOLLOW, "competitor": {"source": "lowest", "conditions": {"mode": "all", "percents": {"used_good": 1}}}}),
        pricing({**FOLLOW, "floor": {"source": "cost", "increase": "2.00"}}),
        pricing({**FOLLOW, "floor": {"source": "cost", "increase": "1%", "decrease": "1%"}}),
        pricing({**FOLLOW, "floor": {"source": "cost", "increase": "1%", "margin": "1%"}}),
        pricing({**FOLLOW, "floor": {"source": "cost", "fees": {}}}),
        pricing({**FOLLOW, "ceiling": {"source": "price", "margin": "5%"}}),
        pricing({**FOLLOW, "otherwise": {}}),
        pricing({**FOLLOW, "otherwise": {"noCompetitor": "guess"}}),
        pricing({**FOLLOW, "otherwise": {"buyBoxOwned": {"decrease": "1%"}}}),
    ],
)  # fmt: skip
def test_what_is_misshapen_is_refused_by_both(document: Any) -> None:
    source = json.dumps(document)
    assert not parsed(source)
    assert not valid(source)


def test_what_the_schema_describes_is_described() -> None:
    undescribed = [path for path, node in _properties(schema.schema(), "") if not _is_told(node)]
    assert undescribed == []


def _properties(node: Any, path: str) -> list[tuple[str, Any]]:
    found = []
    if isinstance(node, dict):
        for key, value in node.items():
            inner = f"{path}/{key}"
            if key == "properties" and path.rpartition("/")[2] not in {"if", "then", "else"}:
                found += [(f"{inner}/{name}", each) for name, each in value.items()]
            found += _properties(value, inner)
    if isinstance(node, list):
        for index, value in enumerate(node):
            found += _properties(value, f"{path}/{index}")
    return found


def _is_told(node: Any) -> bool:
    return "description" in node or "$ref" in node or "const" in node
