"""The effect before the act in a shell: plan, look, apply, compare, go back."""

from pathlib import Path
from typing import Any

import pytest

from domain.ruleset import RulesetStatus
from services.runtime import Runtime
from storage.filters import EVERYTHING, Is
from storage.plans import PLANS
from storage.rulesets import RULESETS
from storage.stores import STORES
from tests.factories import MERCHANT, an_offer
from tests.services.amazon import Amazon
from tests.services.shop import BY_EAN, Shop, a_mug

PRICING = """\
kind: pricing
name: Off
rules:
  - {key: off, type: standard, adjust: {decrease: 10%}}
"""
LISTING = """\
kind: listing
name: Not the second
rules:
  - {key: second, when: {all: [{fact: sku, eq: MUG-2}]}, then: keepOut}
"""


@pytest.fixture
def pricing(tmp_path: Path) -> Path:
    file = tmp_path / "pricing.yaml"
    file.write_text(PRICING)
    return file


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    file = tmp_path / "listing.yaml"
    file.write_text(LISTING)
    return file


@pytest.fixture
def selling(shell: Any, amazon: Amazon) -> Any:
    """A shell with a store that has three mugs on sale."""
    shell.connect()

    async def goes_live(runtime: Runtime) -> None:
        shop = await _shop(runtime, amazon)
        await shop.change_settings(catalog_search=BY_EAN)
        await shop.put_on_sale(*(a_mug(number) for number in (1, 2, 3)))

    shell.act(goes_live)
    return shell


async def _shop(runtime: Runtime, amazon: Amazon) -> Shop:
    scope = runtime.scope(MERCHANT)
    (store,) = await STORES.find(scope, EVERYTHING)
    return Shop(runtime, amazon, scope, store.id)


async def _in_force(runtime: Runtime) -> set[str]:
    where = Is("status", "eq", RulesetStatus.PUBLISHED)
    return {row.source for row in await RULESETS.find(runtime.scope(MERCHANT), where)}


async def _plans(runtime: Runtime) -> int:
    return await PLANS.count(runtime.scope(MERCHANT))


def test_a_plan_is_shown_and_changes_nothing(selling: Any, pricing: Path, listing: Path) -> None:
    shown = selling.run("rules", "plan", str(pricing), str(listing))
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.replace("│", " ").split()) for line in shown.output.splitlines()]
    for expected in (
        "Prices down 3",
        "Newly ineligible 1",
        "sum of prices, after less before -4.00 USD",
        "MUG-1 20.00 18.00 -2.00 -10.0 Mug 1",
        "Newly ineligible: MUG-2",
        "RULE 18.00 10% less",
    ):
        assert expected in lines
    assert "rules apply" in lines[-1]
    assert selling.act(_in_force) == set()


def test_what_was_planned_is_applied_without_a_question(
    selling: Any, pricing: Path, listing: Path
) -> None:
    selling.run("rules", "plan", str(pricing), str(listing))
    applied = selling.run("rules", "apply", str(listing), str(pricing))
    assert applied.exit_code == 0, applied.output
    assert "by command line: 3 down, 1 newly ineligible" in applied.output
    assert applied.output.splitlines()[-2:] == [
        "listing.yaml: listing rules version 1 is in force now.",
        "pricing.yaml: pricing rules version 1 is in force now.",
    ]
    assert selling.act(_in_force) == {PRICING, LISTING}
    assert selling.act(_plans) == 1

    again = selling.run("rules", "apply", str(pricing))
    assert again.output.splitlines()[-1] == (
        "pricing.yaml: pricing rules version 1 is in force already."
    )


def test_documents_of_one_file_are_planned_and_applied_together(
    selling: Any, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f"{LISTING}---\n{PRICING}")
    planned = selling.run("rules", "plan", str(file))
    assert planned.exit_code == 0, planned.output
    assert "Newly ineligible: MUG-2" in planned.output
    applied = selling.run("rules", "apply", str(file))
    assert applied.exit_code == 0, applied.output
    assert applied.output.splitlines()[-2:] == [
        "rules.yaml: listing rules version 1 is in force now.",
        "rules.yaml: pricing rules version 1 is in force now.",
    ]
    assert selling.act(_in_force) == {LISTING, f"---\n{PRICING}"}


@pytest.mark.parametrize("command", ["plan", "apply", "backtest"])
def test_amounts_that_the_stores_currency_does_not_have_are_told_by_line(
    shell: Any, tmp_path: Path, command: str
) -> None:
    shell.connect()
    file = tmp_path / "rules.yaml"
    precise = PRICING.replace("10%", '"0.005"')
    file.write_text(f"{LISTING}---\n{precise}")
    assert shell.run("rules", "check", str(file)).exit_code == 0
    refused = shell.run("rules", command, str(file))
    assert refused.exit_code == 1
    assert f"{file}:9:51: Amounts in USD have 2 decimals at most" in refused.output
    assert ("Nothing was published." in refused.output) is (command == "apply")


def test_without_a_plan_it_is_shown_and_nobody_there_to_ask_means_no(
    selling: Any, pricing: Path
) -> None:
    refused = selling.run("rules", "apply", str(pricing))
    assert refused.exit_code == 1
    assert "Prices down" in refused.output
    assert "nothing was published" in " ".join(refused.output.split())
    assert "--yes" in refused.output
    assert selling.act(_in_force) == set()

    # Nobody agreed to it, so the next one asks again.
    assert selling.run("rules", "apply", str(pricing)).exit_code == 1
    assert selling.act(_in_force) == set()


def test_yes_answers_the_question(selling: Any, pricing: Path) -> None:
    assert selling.run("rules", "apply", "--yes", str(pricing)).exit_code == 0
    assert selling.act(_in_force) == {PRICING}


def test_what_moved_too_far_is_refused_with_numbers(
    selling: Any, amazon: Amazon, pricing: Path
) -> None:
    selling.run("rules", "plan", str(pricing))

    async def moves(runtime: Runtime) -> None:
        shop = await _shop(runtime, amazon)
        await shop.import_products(a_mug(1, price="30.00"))

    selling.act(moves)
    refused = selling.run("rules", "apply", "--yes", str(pricing))
    assert refused.exit_code == 1
    assert "of 3 listings that change, 1 would now change otherwise" in refused.output
    assert selling.act(_in_force) == set()
    assert selling.run("rules", "apply", str(pricing), "--tolerance", "lots").exit_code == 1
    assert selling.run("rules", "apply", str(pricing), "--tolerance", "34").exit_code == 0
    assert selling.act(_in_force) == {PRICING}


def test_versions_are_told_compared_and_brought_back(selling: Any, pricing: Path) -> None:
    selling.run("rules", "apply", "--yes", str(pricing))
    pricing.write_text(PRICING.replace("10%", "20%"))
    selling.run("rules", "apply", "--yes", str(pricing))

    text = selling.run("rules", "diff", "pricing", "1", "2")
    assert "-  - {key: off, type: standard, adjust: {decrease: 10%}}" in text.output
    assert "+  - {key: off, type: standard, adjust: {decrease: 20%}}" in text.output
    effect = selling.run("rules", "diff", "pricing", "1", "2", "--effect")
    assert "18.00" in effect.output
    assert "16.00" in effect.output
    assert "no version 7" in selling.run("rules", "diff", "pricing", "1", "7").output

    back = selling.run("rules", "roll-back", "pricing")
    assert back.output == (
        "pricing rules version 3, which brings back version 1, is in force now.\n"
    )
    told = selling.run("rules", "history")
    assert "3, brings back 1" in told.output
    assert told.output.count("RETIRED") == 2
    assert selling.act(_in_force) == {PRICING}


def test_rules_are_played_over_what_was_recorded(
    selling: Any, amazon: Amazon, pricing: Path
) -> None:
    async def records(runtime: Runtime) -> None:
        shop = await _shop(runtime, amazon)
        mine = an_offer("ME", "20.00", is_own=True)
        for price in ("19.00", "18.50"):
            amazon.advance(60)
            await shop.see(an_offer("RIVAL", price, is_buy_box_winner=True), mine)

    selling.act(records)
    played = selling.run("rules", "backtest", str(pricing))
    assert played.exit_code == 0, played.output
    words = " ".join(played.output.replace("│", " ").split())
    # At 18.00 we are cheaper all along; at 20.00 never. The first change is from 20.00.
    assert "Time in the Buy Box 0.0 % 100.0 %" in words
    assert "Price changes 0 1" in words


def test_without_a_history_there_is_nothing_to_play(shell: Any, pricing: Path) -> None:
    shell.connect()
    played = shell.run("rules", "backtest", str(pricing))
    assert (played.exit_code, "No offers were recorded yet." in played.output) == (1, True)


def test_files_of_one_name_in_two_folders_are_two_documents(selling: Any, tmp_path: Path) -> None:
    files = []
    for name, text in (("a", PRICING), ("b", LISTING)):
        folder = tmp_path / name
        folder.mkdir()
        files.append(folder / "rules.yaml")
        files[-1].write_text(text)
    assert selling.run("rules", "apply", "--yes", *map(str, files)).exit_code == 0
    assert selling.act(_in_force) == {PRICING, LISTING}
