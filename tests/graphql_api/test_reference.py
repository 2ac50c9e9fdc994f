import re
from pathlib import Path

import pytest

from graphql_api import reference
from graphql_api.errors import STATUS, WHEN
from graphql_api.schema import SCHEMA

PAGES = reference.reference(SCHEMA._schema)
_LINK = re.compile(r"\]\(([a-zA-Z]+\.md)(?:#([\w-]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _anchors(text: str) -> list[str]:
    """As GitHub makes them of headings."""
    return [
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    ]


def test_no_two_headings_of_a_page_have_one_anchor() -> None:
    for name, text in PAGES.items():
        anchors = _anchors(text)
        assert len(anchors) == len(set(anchors)), name


def test_every_link_leads_to_a_heading() -> None:
    links = {link for text in PAGES.values() for link in _LINK.findall(text)}
    broken = {link for link in links if link[1] and link[1] not in _anchors(PAGES[link[0]])}
    assert len(links) > 100
    assert not broken


def test_every_root_field_and_every_type_stands_in_it_once() -> None:
    told = [heading for text in PAGES.values() for heading in _HEADING.findall(text)]
    schema = SCHEMA._schema
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    fields = {f"{root.name}.{name}" for root in roots if root for name in root.fields}
    types = {
        name
        for name in schema.type_map
        if not name.startswith("__")
        and name not in {root.name for root in roots if root}
        and name not in {"String", "ID", "Int", "Boolean"}
        and not re.search(r".(Connection|Edge|Payload|UserError|ErrorCode)$", name)
    }
    found = [each for each in told if each in fields | types]
    assert sorted(found) == sorted(fields | types)


def test_codes_and_scopes_of_a_mutation_are_told() -> None:
    text = PAGES["listings.md"]
    told = text.partition("### Mutation.listingPublish\n")[2].partition("\n### ")[0]
    assert "Needs the scope `WRITE_LISTINGS`." in told
    assert (
        "| `CONFLICT` | It collides with the present state; the message says with what. |" in told
    )
    assert "| `listing` | [Listing](listings.md#listing) |" in told


def test_every_code_of_the_top_level_is_told_with_its_status() -> None:
    assert WHEN.keys() == STATUS.keys()
    for code, status in STATUS.items():
        assert f"| `{code}` | {status} |" in PAGES["README.md"]


def test_the_check_fails_when_a_page_differs_or_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "api")
    assert reference.main(["--check"]) == 1
    assert "make schema" in capsys.readouterr().err
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    (tmp_path / "api" / "gone.md").write_text("of a noun that is gone")
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
