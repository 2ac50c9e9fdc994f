"""Runs in a shell: seeing what is held and why, letting it go, turning it down, taking it back."""

from typing import Any

import pytest

from services import rulesets
from services.runtime import Runtime
from storage.filters import EVERYTHING
from storage.keyset import Sort
from storage.runs import RUNS
from storage.stores import STORES
from tests.factories import MERCHANT
from tests.services.amazon import Amazon
from tests.services.shop import BY_EAN, Shop, a_mug

CAREFUL = "kind: guardrails\nname: Careful\nlimits: {totalFall: 20%, fromListings: 2}\n"
OFF = "kind: pricing\nname: Off\nrules:\n  - {{key: off, type: standard, adjust: {{decrease: {}%}}}}\n"


async def _shop(runtime: Runtime, amazon: Amazon) -> Shop:
    (store,) = await STORES.find(runtime.scope(MERCHANT), EVERYTHING)
    return Shop(runtime, amazon, runtime.scope(MERCHANT), store.id)


async def _last_run(runtime: Runtime) -> str:
    newest_first = Sort("_id", descending=True)
    (run,) = await RUNS.find(runtime.scope(MERCHANT), EVERYTHING, sort=newest_first, limit=1)
    return run.id


@pytest.fixture
def selling(shell: Any, amazon: Amazon) -> Any:
    """A shell with a store that has two mugs on sale under careful guard-rails."""
    shell.connect()

    async def goes_live(runtime: Runtime) -> None:
        shop = await _shop(runtime, amazon)
        await shop.change_settings(catalog_search=BY_EAN)
        await shop.publish(CAREFUL)
        await shop.put_on_sale(a_mug(1), a_mug(2))

    shell.act(goes_live)
    return shell


def publish(shell: Any, amazon: Amazon, percent: int) -> str:
    async def act(runtime: Runtime) -> str:
        shop = await _shop(runtime, amazon)
        draft = await rulesets.create(
            runtime, shop.scope, shop.id, OFF.format(percent), author="me"
        )
        await rulesets.publish(runtime, shop.scope, draft.id, actor="me")
        await shop.settle()
        return await _last_run(runtime)

    run: str = shell.act(act)
    return run


def settled(shell: Any, amazon: Amazon) -> list[str]:
    async def act(runtime: Runtime) -> list[str]:
        shop = await _shop(runtime, amazon)
        await shop.settle()
        return [str(row.price) for row in (await shop.listings()).values()]

    prices: list[str] = shell.act(act)
    return prices


def test_what_is_held_is_listed_shown_and_let_go(selling: Any, amazon: Amazon) -> None:
    run = publish(selling, amazon, 30)

    listed = selling.run("runs", "list", "--held").output
    assert run in listed
    assert "RULES_PUBLISHED" in listed
    shown = selling.run("runs", "show", run).output
    assert "HELD: 0 up, 2 down, 0 first prices" in shown
    assert "The prices that change fall by 30.0% in total; 20% is allowed (most: MUG-" in shown
    assert "HOLD (RUN_HELD)" in shown

    said = selling.run("runs", "resume", run)

    assert said.output == "2 prices: RESUMED. Its prices go out now.\n"
    assert settled(selling, amazon) == ["14.00 USD", "14.00 USD"]
    assert selling.run("runs", "list", "--held").output == "There is none.\n"


def test_what_is_turned_down_stays_back(selling: Any, amazon: Amazon) -> None:
    run = publish(selling, amazon, 30)
    assert selling.run("runs", "discard", run).exit_code == 0
    assert settled(selling, amazon) == ["20.00 USD", "20.00 USD"]


def test_what_went_out_is_taken_back(selling: Any, amazon: Amazon) -> None:
    run = publish(selling, amazon, 10)
    assert settled(selling, amazon) == ["18.00 USD", "18.00 USD"]

    assert selling.run("runs", "undo", run).exit_code == 0

    assert settled(selling, amazon) == ["20.00 USD", "20.00 USD"]
    shown = selling.run("runs", "show", run).output
    assert "UNDONE by command line" in shown
    assert "2 taken back, 0 left alone" in shown


def test_an_answer_that_fits_nothing_is_refused_in_words(selling: Any, amazon: Amazon) -> None:
    run = publish(selling, amazon, 10)
    refused = selling.run("runs", "resume", run)
    assert refused.exit_code == 1
    assert "Nothing of this run waits for an answer; it is PASSED." in refused.stderr
    assert "No run of that id." in selling.run("runs", "undo", "nonsense").stderr


def test_a_plan_warns_of_what_would_be_held(selling: Any, tmp_path: Any) -> None:
    file = tmp_path / "off.yaml"
    file.write_text(OFF.format(30))
    shown = " ".join(selling.run("rules", "plan", str(file)).output.split())
    assert "The guard-rails would hold all of these prices:" in shown
    assert "fall by 30.0% in total; 20% is allowed" in shown
    applied = selling.run("rules", "apply", str(file)).output
    assert applied.endswith("What the guard-rails hold: sales-channel runs list --held\n")
