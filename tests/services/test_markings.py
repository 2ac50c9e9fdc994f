"""Marking a whole catalogue: asked for with the change, carried out before repricing."""

import pytest

from services import markings
from storage import listings
from tests.services.shop import Shop, a_mug


async def test_what_is_asked_for_is_marked_once_and_forgotten(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    now = shop.runtime.clock.now()
    await markings.ask(shop.scope, shop.id, at=now, reason="FIRST")
    await markings.ask(shop.scope, shop.id, at=now, reason="SECOND")
    assert await markings.count_due(shop.scope, shop.id) == 2
    assert await listings.count_due(shop.scope, shop.id) == 0

    await markings.carry_out(shop.scope, shop.id)

    due = {sku: (row.due.reason, row.due.marks) for sku, row in (await shop.listings()).items()}
    assert due == {"MUG-1": ("FIRST", 2), "MUG-2": ("FIRST", 2)}
    assert await shop.reprice() == 2
    await markings.carry_out(shop.scope, shop.id)
    assert await listings.count_due(shop.scope, shop.id) == 0


async def test_who_dies_in_the_middle_leaves_it_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug())
    await markings.ask(shop.scope, shop.id, at=shop.runtime.clock.now(), reason="SETTINGS_CHANGED")
    mark_due = listings.mark_due

    async def killed(*arguments: object, **named: object) -> int:
        raise RuntimeError("killed")

    monkeypatch.setattr(listings, "mark_due", killed)
    with pytest.raises(RuntimeError):
        await shop.reprice()
    monkeypatch.setattr(listings, "mark_due", mark_due)

    assert await shop.reprice() == 1


async def test_another_stores_markings_are_its_own(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await markings.ask(shop.scope, "another", at=shop.runtime.clock.now(), reason="x")

    assert await shop.reprice() == 0
    stranger = shop.runtime.scope("stranger")
    await markings.carry_out(stranger, "another")
    assert await markings.count_due(shop.scope, "another") == 1
