"""Examining rule documents: on the store's own listings, in a process of its own, so many at once and no more."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rules.lint import FindingCode, Review
from services import examinations, findings
from services.examinations import Examinations
from tests.services.shop import Shop, a_mug

SHADOWED = """
kind: pricing
name: Sale
rules:
  - {key: all, type: standard, priority: 1, stop: true, adjust: {decrease: 10%}}
  - {key: mugs, type: standard, priority: 2, when: {fact: sku, contains: MUG}, adjust: {decrease: 20%}}
"""
SOUND = "kind: pricing\nname: Nothing\nrules: []\n"
NOTHING = "from rules.lint import Review; sys.stdout.buffer.write(pickle.dumps(Review((), True)))"


async def reviewed(shop: Shop, source: str, using: Examinations | None = None) -> Review | None:
    runtime = replace(shop.runtime, examinations=using) if using else shop.runtime
    return await findings.review(runtime, shop.scope, await shop.store(), source)


def child(program: str) -> Examinations:
    read = "import os, pickle, sys, time; sys.stdin.buffer.read()"
    return Examinations((sys.executable, "-P", "-c", f"{read}; {program}"))


async def test_a_finding_is_shown_on_a_listing_of_the_store(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    review = await reviewed(shop, SHADOWED)
    assert review is not None
    (finding,) = review.findings
    assert (finding.code, finding.rule_keys) == (FindingCode.SHADOWED, ("mugs", "all"))
    assert (finding.line, finding.column, finding.path) == (6, 5, "rules[1]")
    assert finding.witness is not None
    assert not finding.witness.is_constructed
    assert finding.witness.case.listing.id in {f"{shop.id}/MUG-1", f"{shop.id}/MUG-2"}
    # The process that examines learns no credentials.
    assert finding.witness.case.store.connection is None


async def test_without_listings_one_is_made_up(shop: Shop) -> None:
    review = await reviewed(shop, SHADOWED)
    assert review is not None
    (finding,) = review.findings
    assert finding.witness is not None
    assert finding.witness.is_constructed


@pytest.mark.parametrize("program", ["os.kill(os.getpid(), 11)", "sys.exit(3)"])
async def test_an_engine_that_breaks_gives_no_findings_and_harms_nobody(
    shop: Shop, program: str
) -> None:
    assert await reviewed(shop, SHADOWED, child(program)) is None


async def test_an_examination_that_hangs_is_ended(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examinations, "SECONDS", 0.5)
    assert await reviewed(shop, SHADOWED, child("time.sleep(60)")) is None


async def test_an_examination_is_given_again_for_a_while(shop: Shop, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    using = child(f"open({str(runs)!r}, 'a').write('x'); {NOTHING}")
    await reviewed(shop, SOUND, using)
    await reviewed(shop, SOUND, using)
    assert runs.read_text() == "x"
    await reviewed(shop, SHADOWED, using)
    assert runs.read_text() == "xx"
    await shop.change_settings(handling_days=9)
    await reviewed(shop, SHADOWED, using)
    assert runs.read_text() == "xxx"
    shop.amazon.advance(3600)
    await reviewed(shop, SHADOWED, using)
    assert runs.read_text() == "xxxx"


async def test_no_more_than_a_few_run_at_once(shop: Shop, tmp_path: Path) -> None:
    # Each leaves a file while it runs, and tells how many it sees.
    seen = tmp_path / "seen"
    folder = tmp_path / "running"
    folder.mkdir()
    using = child(
        f"mine = os.path.join({str(folder)!r}, str(os.getpid())); open(mine, 'w').close(); time.sleep(0.3); "
        f"open({str(seen)!r}, 'a').write(str(len(os.listdir({str(folder)!r})))); os.unlink(mine); {NOTHING}"
    )
    sources = [SOUND.replace("Nothing", f"Nothing {number}") for number in range(5)]
    await asyncio.gather(*(reviewed(shop, source, using) for source in sources))
    counts = seen.read_text()
    assert len(counts) == 5
    assert max(map(int, counts)) <= 2
