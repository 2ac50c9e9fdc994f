"""Drafting and publishing rules: one version of a kind in force, the ones before it kept."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.change import ChangeKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ruleset import RulesetKind, RulesetStatus
from embedded.servers import ServerUrls
from rules.document import DocumentInvalid, parse
from rules.guardrails import DEFAULT_GUARDRAILS
from services import rulesets
from storage.changes import CHANGES
from storage.filters import EVERYTHING, Is
from storage.rulesets import RULESETS
from tests.factories import MERCHANT
from tests.services.shop import Shop, a_mug, forget_jobs, queued

RULES = """
kind: pricing
name: Off
rules:
  - {{key: off, type: standard, adjust: {{decrease: {percent}%}}}}
"""


async def test_a_draft_changes_no_price(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    draft = await rulesets.create(
        shop.runtime, shop.scope, shop.id, RULES.format(percent=10), author="me"
    )
    assert (draft.status, draft.version, draft.kind) == (
        RulesetStatus.DRAFT,
        1,
        RulesetKind.PRICING,
    )
    assert await shop.due() == 0


async def test_publishing_retires_the_version_before_and_marks_everything(
    shop: Shop, servers: ServerUrls
) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    first = await shop.publish(RULES.format(percent=10))
    await shop.reprice()
    await forget_jobs(servers)

    second = await shop.publish(RULES.format(percent=20))

    kept = {row.id: row for row in await RULESETS.find(shop.scope, EVERYTHING)}
    assert kept[first.id].status is RulesetStatus.RETIRED
    assert (kept[second.id].status, second.version) == (RulesetStatus.PUBLISHED, 2)
    assert kept[first.id].source == RULES.format(percent=10)
    assert await shop.due() == 2
    assert sorted(await queued(servers)) == [
        ("match_products", (MERCHANT, shop.id, None)),
        ("reprice", (MERCHANT, shop.id, None)),
    ]
    log = await CHANGES.find(shop.scope, Is("kind", "eq", ChangeKind.RULESET))
    assert {(entry.before, entry.after) for entry in log} == {
        (None, "PRICING version 1"),
        ("PRICING version 1", "PRICING version 2"),
    }


async def test_the_same_document_again_is_the_same_version_and_changes_nothing(
    shop: Shop,
) -> None:
    first = await shop.publish(RULES.format(percent=10))
    await shop.put_on_sale(a_mug())

    again = await shop.publish(RULES.format(percent=10))

    assert (again.id, again.published_at) == (first.id, first.published_at)
    assert await RULESETS.count(shop.scope) == 1
    assert await shop.due() == 0


async def test_listing_and_pricing_rules_stand_side_by_side(shop: Shop) -> None:
    await shop.publish(RULES.format(percent=10))
    await shop.publish("kind: listing\nname: All\nrules:\n  - {key: all, then: list}\n")
    rows = await RULESETS.find(shop.scope, Is("status", "eq", RulesetStatus.PUBLISHED))
    assert {row.kind for row in rows} == {RulesetKind.LISTING, RulesetKind.PRICING}


async def test_a_document_with_mistakes_is_not_kept(shop: Shop) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        await shop.publish("kind: pricing\nname: Off\nrules:\n  - {key: off, type: magic}\n")
    assert [(error.line, error.column) for error in caught.value.errors] == [(4, 22)]
    assert await RULESETS.count(shop.scope) == 0


async def test_an_amount_that_the_stores_currency_does_not_have_is_not_kept_nor_published(
    shop: Shop,
) -> None:
    precise = RULES.format(percent=10).replace("10%", '"0.005"')
    with pytest.raises(DocumentInvalid, match="USD have 2 decimals"):
        await rulesets.create(shop.runtime, shop.scope, shop.id, precise, author="me")
    assert await RULESETS.count(shop.scope) == 0

    # A draft from before this was demanded.
    old = await rulesets.keep(
        shop.runtime, shop.scope, shop.id, parse(precise), precise, author="me"
    )
    with pytest.raises(InvalidInput, match=r"line 5.*USD have 2 decimals") as caught:
        await rulesets.publish(shop.runtime, shop.scope, old.id, actor="me")
    assert caught.value.field == ("input", "rulesetId")
    assert (await RULESETS.require(shop.scope, old.id)).status is RulesetStatus.DRAFT


async def test_a_retired_version_is_not_put_in_force_again(shop: Shop) -> None:
    first = await shop.publish(RULES.format(percent=10))
    await shop.publish(RULES.format(percent=20))
    with pytest.raises(Conflict, match="retired"):
        await rulesets.publish(shop.runtime, shop.scope, first.id, actor="me")

    back = await shop.publish(RULES.format(percent=10))
    assert (back.version, back.status) == (3, RulesetStatus.PUBLISHED)


async def test_another_merchants_rules_are_not_there(shop: Shop) -> None:
    first = await shop.publish(RULES.format(percent=10))
    stranger = shop.runtime.scope("somebody else")
    with pytest.raises(NotFound):
        await rulesets.publish(shop.runtime, stranger, first.id, actor="me")
    with pytest.raises(NotFound):
        await rulesets.create(shop.runtime, stranger, shop.id, RULES.format(percent=1), author="me")


async def test_guardrails_come_into_force_beside_the_rules(shop: Shop) -> None:
    await shop.publish(RULES.format(percent=10))
    rails = "kind: guardrails\nname: Net\nlimits: {totalFall: 12%}\n"
    in_force = await shop.publish(rails)

    assert (in_force.kind, in_force.version) == (RulesetKind.GUARDRAILS, 1)
    rulebook = await shop.runtime.rulebooks.in_force(shop.scope, shop.id)
    assert rulebook.pricing is not None
    # What a document leaves out of the brakes that every store has stays.
    assert rulebook.guardrails == replace(DEFAULT_GUARDRAILS, total_fall_percent=Decimal(12))
