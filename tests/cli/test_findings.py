"""What `rules check` tells of documents that are sound and yet do not do what they say."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.rules import app

RULES = """\
kind: pricing
name: Sale
rules:
  - key: all
    type: standard
    priority: 1
    stop: true
    adjust: {decrease: 10%}
  - key: bags
    type: standard
    priority: 2
    when: {fact: category, contains: Bags}
    adjust: {decrease: 20%}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_rules_that_never_run_are_told_with_place_and_example() -> None:
    Path("rules.yaml").write_text(RULES)

    checked = CliRunner().invoke(app, ["check", "rules.yaml"])

    assert checked.exit_code == 0
    sound, told, example = checked.output.splitlines()
    assert sound.endswith("sound")
    assert told.startswith("rules.yaml:9:5: error: bags: It never runs")
    assert told.endswith("[SHADOWED]")
    assert example == "    For example category Bags, price 100.00, sku SKU-1: 90.00 USD after all"


def test_nothing_is_told_where_nothing_is_found() -> None:
    Path("rules.yaml").write_text(RULES.replace("    stop: true\n", ""))

    checked = CliRunner().invoke(app, ["check", "rules.yaml"])

    assert checked.output == "rules.yaml: 2 pricing rules, sound\n"
