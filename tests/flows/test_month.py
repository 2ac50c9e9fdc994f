"""Two days of the soak that `make soak` runs for a month."""

import os
from pathlib import Path

import pytest

from bench.chart import svg
from bench.ledger import Plan, panels
from bench.month import play


@pytest.mark.skipif("NIGHTLY" not in os.environ, reason="starts everything; NIGHTLY=1")
@pytest.mark.timeout(120)
async def test_a_store_trades_for_days_while_events_go_astray(tmp_path: Path) -> None:
    plan = Plan(listings=30, days=2, step=720, seed=7, lost=0.2, late=0.2, twice=0.2)

    ledger = await play(tmp_path, plan)

    assert ledger.wrong == []
    assert ledger.prices > plan.listings, "nothing was repriced"
    happened = ledger.days[0].happened
    astray = ("notificationsLost", "notificationsLate", "notificationsTwice")
    assert all(happened.get(each) for each in astray)
    assert svg(panels(ledger.days)).count("<polyline") == 13

    entry = {"order": 10**9, "sellerSku": "P-00001", "price": "0.01", "at": "later"}
    ledger.judge([entry])
    assert [what.partition(" ")[0] for what in ledger.wrong] == ["the", "P-00001", "P-00001"]
