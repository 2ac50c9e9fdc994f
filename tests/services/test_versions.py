"""Versions of rules: going back, comparing, and a history to which is only ever added."""

import pytest

from domain.change import ChangeKind
from domain.errors import Conflict, NotFound
from domain.ruleset import Ruleset, RulesetKind, RulesetStatus
from services import rulesets
from storage.changes import CHANGES
from storage.filters import Is
from storage.keyset import Sort
from storage.rulesets import RULESETS
from tests.factories import usd
from tests.services.shop import Shop, a_mug

PRICING = RulesetKind.PRICING
RULES = """
kind: pricing
name: Off
rules:
  - {{key: off, type: standard, adjust: {{decrease: {percent}%}}}}
"""


async def back(shop: Shop, to_version: int | None = None) -> Ruleset:
    return await rulesets.roll_back(
        shop.runtime, shop.scope, shop.id, PRICING, to_version=to_version, actor="me"
    )


async def history(shop: Shop) -> list[tuple[int, RulesetStatus, int | None]]:
    rows = await RULESETS.find(shop.scope, Is("kind", "eq", PRICING), sort=Sort("_id"))
    return [(row.version, row.status, row.restores) for row in rows]


async def test_going_back_is_a_new_version_with_the_old_text_and_the_old_prices(
    shop: Shop,
) -> None:
    first = await shop.publish(RULES.format(percent=10))
    await shop.put_on_sale(a_mug())
    await shop.publish(RULES.format(percent=20))
    await shop.settle()
    assert (await shop.listing()).price == usd("16.00")

    restored = await back(shop)

    assert (restored.version, restored.restores, restored.status) == (
        3,
        1,
        RulesetStatus.PUBLISHED,
    )
    assert (restored.source, restored.content_hash) == (first.source, first.content_hash)
    assert await shop.due() == 1
    await shop.settle()
    assert (await shop.listing()).price == usd("18.00")
    assert await history(shop) == [
        (1, RulesetStatus.RETIRED, None),
        (2, RulesetStatus.RETIRED, None),
        (3, RulesetStatus.PUBLISHED, 1),
    ]
    log = await CHANGES.find(shop.scope, Is("kind", "eq", ChangeKind.RULESET), sort=Sort("_id"))
    assert log[-1].after == "PRICING version 3, which brings back version 1"


async def test_going_back_twice_is_going_forth(shop: Shop) -> None:
    await shop.publish(RULES.format(percent=10))
    await shop.publish(RULES.format(percent=20))
    await back(shop)
    forth = await back(shop)
    assert (forth.version, forth.restores, forth.source) == (4, 2, RULES.format(percent=20))


async def test_a_version_can_be_named(shop: Shop) -> None:
    for percent in (10, 20, 30):
        await shop.publish(RULES.format(percent=percent))
    assert (await back(shop, to_version=1)).source == RULES.format(percent=10)
    with pytest.raises(NotFound, match="no version 9"):
        await back(shop, to_version=9)
    with pytest.raises(Conflict, match="in force"):
        await back(shop, to_version=4)
    with pytest.raises(Conflict, match="says the same as version 1"):
        await back(shop, to_version=1)


async def test_drafts_are_nothing_to_go_back_to(shop: Shop) -> None:
    with pytest.raises(NotFound, match="in force before"):
        await back(shop)
    await shop.publish(RULES.format(percent=10))
    await rulesets.create(shop.runtime, shop.scope, shop.id, RULES.format(percent=20), author="me")
    with pytest.raises(NotFound, match="in force before"):
        await back(shop)


async def test_the_document_that_was_brought_back_is_in_force_and_makes_no_version(
    shop: Shop,
) -> None:
    first = RULES.format(percent=10)
    await shop.publish(first)
    await shop.publish(RULES.format(percent=20))
    restored = await back(shop)
    assert (await shop.publish(first)).id == restored.id
    await rulesets.create(shop.runtime, shop.scope, shop.id, RULES.format(percent=30), author="me")
    assert (await shop.publish(first)).id == restored.id


async def test_two_versions_are_compared_line_by_line(shop: Shop) -> None:
    first = await shop.publish(RULES.format(percent=10))
    second = await shop.publish(RULES.format(percent=20))
    assert rulesets.text_diff(first, second).splitlines() == [
        "--- pricing version 1",
        "+++ pricing version 2",
        "@@ -2,4 +2,4 @@",
        " kind: pricing",
        " name: Off",
        " rules:",
        "-  - {key: off, type: standard, adjust: {decrease: 10%}}",
        "+  - {key: off, type: standard, adjust: {decrease: 20%}}",
    ]
    assert rulesets.text_diff(first, first) == ""
