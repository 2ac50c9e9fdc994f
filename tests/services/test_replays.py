"""Deciding recorded decisions again: the same bytes, whatever has changed since."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.decision import Decision, DecisionReason
from domain.product import WebsitePrices
from domain.replay import Difference, Replay, ReplayOutcome
from domain.run import RunStatus
from domain.store import BusinessSettings, PriceSettings, QuantityDiscount, StockSettings
from services import repricing, runs
from services.replays import replay
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING, Is
from storage.keyset import Sort
from storage.runs import RUNS
from tests.factories import an_offer, usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug

MUGS = range(1, 13)
SAME = Replay(ReplayOutcome.SAME)
FOLLOW = """
kind: pricing
name: Follow
cooldown: 10m
rules:
  - key: follow
    type: intelligent
    when: {any: [{fact: name, contains: a}, {fact: category, contains: Kitchen}, {fact: attribute.ean, exists: true}]}
    competitor: {source: lowest, maxAge: 3d}
    adjust: {decrease: "0.01"}
    floor: {source: cost}
"""
ALL = """
kind: listing
name: All but hats
rules:
  - {key: hats, when: {fact: attributeSet, eq: Hats}, then: keepOut}
"""


def percent_off(percent: int) -> str:
    rule = f"{{key: off, type: standard, adjust: {{decrease: {percent}%}}}}"
    return f"kind: pricing\nname: Off\nrules:\n  - {rule}\n"


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin([an_item(number) for number in MUGS])
    return simulator


async def replayed(shop: Shop) -> list[tuple[Decision, Replay]]:
    """Every decision of the shop, decided again."""
    found = await DECISIONS.find(shop.scope, EVERYTHING, sort=Sort("_id"))
    return list(zip(found, await replay(shop.runtime, shop.scope, found), strict=True))


async def turn_everything_round(shop: Shop) -> None:
    """Other prices, stock, settings, offers and rules than any decision knew."""
    await shop.change_settings(
        price=PriceSettings(source="cost", vat_percent=Decimal(7), absolute_minimum="1.00"),
        stock=StockSettings(maximum=3),
        time_zone="Asia/Tokyo",
    )
    await shop.import_products(
        *(a_mug(number, "33.33", name="Renamed", stock=Decimal(1)) for number in MUGS)
    )
    await shop.see(an_offer(price="3.00"))
    await shop.publish('kind: guardrails\nname: None\nlimits: {minimumPrice: "0.50"}\n')
    await shop.publish(percent_off(1))


async def test_every_decision_of_a_shop_comes_to_the_same_bytes_again(shop: Shop) -> None:
    await shop.change_settings(
        price=PriceSettings(
            msrp_attribute="msrp",
            map_attribute="map",
            largest_step_percent=Decimal("60.5"),
            business=BusinessSettings((QuantityDiscount(5, Decimal("2.5")),)),
        )
    )
    await shop.publish(ALL)
    await shop.publish(FOLLOW)
    msrp = {"price": usd("20.00"), "cost": usd("8.00"), "msrp": usd("31.00"), "map": usd("9.00")}
    website = WebsitePrices("us", 1, {"price": usd("21.00")})
    await shop.put_on_sale(
        a_mug(1, prices=msrp, website_prices=(website,), categories=("Home/Kitchen",)), a_mug(2)
    )
    await shop.see(an_offer("A", "15.00"), an_offer("B", "14.00", is_buy_box_winner=True))
    await shop.settle()
    shop.amazon.advance(60)
    await shop.see(an_offer("A", "12.00"))
    await shop.settle()
    await shop.override(usd("19.99"))
    await shop.settle()
    await shop.import_products(a_mug(2, stock=Decimal(0)))
    await shop.override(None)
    await shop.settle()
    await turn_everything_round(shop)

    told = await replayed(shop)

    assert {row.reason for row, _ in told} >= {DecisionReason.RULES, DecisionReason.OVERRIDE}
    assert len(told) > 6
    assert [each for _, each in told] == [SAME] * len(told)


@pytest.mark.parametrize("kept", [0, 5_000])
async def test_what_became_of_a_run_does_not_change_what_it_decided(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("services.chunks.CHUNK", 5)
    monkeypatch.setattr("services.share._KEPT", kept)
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await shop.publish(percent_off(40))
    await shop.settle()
    await _answer(shop, runs.resume, RunStatus.HELD)
    await _answer(shop, runs.undo, RunStatus.RESUMED)
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")
    await shop.settle()
    await shop.publish(percent_off(45))
    await shop.settle()
    await shop.import_products(a_mug(1, "21.00"))
    await shop.settle()
    await _answer(shop, runs.discard, RunStatus.HELD)
    await turn_everything_round(shop)

    told = await replayed(shop)

    assert {row.reason for row, _ in told} == {
        DecisionReason.RULES,
        DecisionReason.RUN_HELD,
        DecisionReason.UNDONE,
        DecisionReason.TURNED_DOWN,
    }
    assert [each for _, each in told] == [SAME] * len(told)


async def _answer(shop: Shop, answer: Any, status: RunStatus) -> None:
    """A person's answer to the newest run of a status, carried out."""
    newest = Sort("_id", descending=True)
    found = await RUNS.find(shop.scope, Is("status", "eq", status), sort=newest, limit=1)
    await answer(shop.runtime, shop.scope, found[0].id, actor="Ada")
    await shop.settle()


@pytest.fixture
async def decision(shop: Shop) -> Decision:
    await shop.publish(percent_off(10))
    await shop.put_on_sale(a_mug())
    (made,) = await shop.decisions()
    return made


async def again(shop: Shop, decision: Decision) -> Replay:
    (told,) = await replay(shop.runtime, shop.scope, [decision])
    return told


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        (
            {"$set": {"price_after.minor": 1900}},
            [Difference("price_after.minor", "1900", "1800")],
        ),
        (
            {"$set": {"trace.1.note": "Nothing to see", "trigger": "BY_HAND"}},
            [
                Difference("trigger", "BY_HAND", "MATCHED"),
                Difference("trace.1.note", "Nothing to see", "10% less"),
            ],
        ),
        ({"$set": {"run_id": None}}, [Difference("run_id", None, "the run")]),
        (
            {"$pop": {"trace": 1}},
            [
                Difference(
                    "trace.2",
                    None,
                    '{"step":"QUANTITY","note":"Stock of 10","before":null,"after":null,"rule_key":null}',
                )
            ],
        ),
    ],
)
async def test_what_somebody_changed_afterwards_is_told(
    shop: Shop, decision: Decision, change: dict[str, Any], differences: list[Difference]
) -> None:
    await shop.scope.update("decisions", {"_id": decision.id}, change)
    changed = await DECISIONS.require(shop.scope, decision.id)

    told = await again(shop, changed)

    assert decision.run_id
    known = {decision.run_id: "the run"}
    found = [
        replace(each, again=known.get(each.again or "", each.again)) for each in told.differences
    ]
    assert (told.outcome, found) == (ReplayOutcome.DIFFERENT, differences)


async def test_other_rules_than_those_that_decided_come_to_something_else(
    shop: Shop, decision: Decision
) -> None:
    later = await shop.publish(percent_off(20))
    told = await again(shop, replace(decision, ruleset_id=later.id))
    assert told.outcome is ReplayOutcome.DIFFERENT
    assert Difference("price_after.minor", "1800", "1600") in told.differences


async def test_what_cannot_be_decided_again_is_not_pretended(
    shop: Shop, decision: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decision.basis is not None
    assert await again(shop, decision) == SAME
    await shop.scope.update("decisions", {}, {"$unset": {"basis": 1}})
    (before_it_was_kept,) = await shop.decisions()
    for damaged in (before_it_was_kept, replace(decision, basis=decision.basis[:-9])):
        assert (await again(shop, damaged)).outcome is ReplayOutcome.NOT_KEPT
    monkeypatch.setattr("rules.basis_reader.PIPELINE", 0)
    assert (await again(shop, decision)).outcome is ReplayOutcome.OTHER_VERSION


async def test_somebody_elses_rules_do_not_decide(shop: Shop, decision: Decision) -> None:
    (told,) = await replay(shop.runtime, shop.runtime.scope("somebody else"), [decision])
    assert told.outcome is ReplayOutcome.DIFFERENT
