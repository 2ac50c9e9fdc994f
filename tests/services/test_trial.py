"""The trial of a document: whatever the rule engine does with it happens in a process that is thrown away."""

import os
import sys
from pathlib import Path

import pytest

from domain.errors import TrialFailed
from domain.ruleset import RulesetStatus
from domain.store import Store
from services import rulesets, trial
from storage.filters import EVERYTHING
from storage.rulesets import RULESETS
from tests.services.shop import Shop, a_mug

RULES = """
kind: pricing
name: Mugs
rules:
  - key: mugs
    type: standard
    when: {all: [{fact: sku, contains: MUG}, {fact: stock, gte: 1}]}
    adjust: {decrease: 10%}
"""


def child(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import os, sys, time; sys.stdin.buffer.read(); {program}")


async def tried(shop: Shop, *command: str) -> None:
    store: Store = await shop.store()
    options = {"command": command} if command else {}
    await trial.try_out(shop.scope, store, [RULES], **options)


async def test_a_sound_document_passes_in_a_store_with_and_without_products(shop: Shop) -> None:
    await tried(shop)
    await shop.put_on_sale(a_mug(1), a_mug(2))
    await tried(shop)


async def test_a_crash_is_one_clear_refusal(shop: Shop) -> None:
    with pytest.raises(TrialFailed, match=r"'Mugs' is not published.*signal 11"):
        await tried(shop, *child("os.kill(os.getpid(), 11)"))
    with pytest.raises(TrialFailed, match="status 3"):
        await tried(shop, *child("sys.exit(3)"))


async def test_a_child_that_dies_without_reading_is_a_refusal_too(shop: Shop) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    with pytest.raises(TrialFailed, match="status 4"):
        await tried(shop, sys.executable, "-c", "import os; os._exit(4)")


def is_alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


async def test_what_hangs_is_killed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    pid_file = tmp_path / "pid"
    hangs = f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(TrialFailed, match="did not finish"):
        await tried(shop, *child(hangs))
    assert not is_alive(pid_file)


async def test_an_engine_that_answers_otherwise_than_the_conditions_say_is_refused(
    shop: Shop,
) -> None:
    await shop.put_on_sale(a_mug(1))
    with pytest.raises(TrialFailed, match="otherwise than its conditions say"):
        await tried(shop, *child("print([[], [], []])"))
    with pytest.raises(TrialFailed, match="otherwise than its conditions say"):
        await tried(shop, *child("print([])"))


async def test_nothing_is_published_that_fails_its_trial(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise TrialFailed("The engine broke on it.")

    draft = await rulesets.create(shop.runtime, shop.scope, shop.id, RULES, author="me")
    monkeypatch.setattr(trial, "try_out", refused)
    with pytest.raises(TrialFailed):
        await rulesets.publish(shop.runtime, shop.scope, draft.id, actor="me")
    assert [row.status for row in await RULESETS.find(shop.scope, EVERYTHING)] == [
        RulesetStatus.DRAFT
    ]
