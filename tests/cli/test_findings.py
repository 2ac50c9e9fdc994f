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


def test_a_file_may_hold_several_documents_and_lines_are_counted_in_the_file() -> None:
    brakes = "kind: guardrails\nname: Brakes\nlimits: {totalFall: 10%}\n"
    first = "# What we sell\nkind: listing\nname: All\nrules: []\n"
    Path("rules.yaml").write_text(f"{first}---\n{RULES}---\n{brakes}")

    checked = CliRunner().invoke(app, ["check", "rules.yaml"])

    assert checked.exit_code == 0
    *sound, told, _ = checked.output.splitlines()
    assert sound == [
        "rules.yaml: 0 listing rules, sound",
        "rules.yaml: 2 pricing rules, sound",
        "rules.yaml: guard-rails, sound",
    ]
    assert told.startswith("rules.yaml:14:5: error: bags: It never runs")


def test_mistakes_of_all_documents_of_all_files_are_told_by_the_lines_of_their_files() -> None:
    good = "kind: listing\nname: All\nrules: []\n"
    Path("one.yaml").write_text(f"{good}---\nkind: pricing\nname: x\nrules: {{}}\n")
    Path("other.yaml").write_text(f"kind: listing\nrules: []\n---\n{RULES}---\nkind: odd\n")
    Path("sound.yaml").write_text(RULES)

    checked = CliRunner().invoke(app, ["check", "one.yaml", "other.yaml", "sound.yaml"])

    assert checked.exit_code == 1
    places = [line.partition(": ")[0] for line in checked.output.splitlines()]
    assert places[0] == "one.yaml:7:8"
    assert places[1] == "other.yaml:1:1"
    assert set(places[2:]) == {"other.yaml:18:1", "other.yaml:18:7"}
    assert "sound.yaml" not in checked.output


def test_nothing_is_told_where_nothing_is_found() -> None:
    Path("rules.yaml").write_text(RULES.replace("    stop: true\n", ""))

    checked = CliRunner().invoke(app, ["check", "rules.yaml"])

    assert checked.output == "rules.yaml: 2 pricing rules, sound\n"
