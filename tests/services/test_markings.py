"""Having a whole store decided again: asked for with the change, and done in a pass that marks nothing."""

from typing import Any

import pytest

from domain.listing import NOT_DUE
from services import decisions, markings, repricing
from storage import listings
from storage.listings import LISTINGS
from storage.markings import asked
from tests.factories import an_offer
from tests.services.shop import Shop, a_mug


async def test_what_is_asked_for_is_done_once_and_forgotten(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    now = shop.runtime.clock.now()
    await markings.ask(shop.scope, shop.id, at=now, reason="FIRST")
    await markings.ask(shop.scope, shop.id, at=now, reason="SECOND")
    assert await markings.count_due(shop.scope, shop.id) == 2
    assert await listings.count_due(shop.scope, shop.id) == 0

    assert await shop.reprice() == 2

    assert {row.due for row in (await shop.listings()).values()} == {NOT_DUE}
    assert await asked(shop.scope, shop.id) == []
    assert await markings.count_due(shop.scope, shop.id) == 0


async def test_who_dies_in_the_middle_leaves_it_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug())
    await markings.ask(shop.scope, shop.id, at=shop.runtime.clock.now(), reason="SETTINGS_CHANGED")

    async def killed(*arguments: object, **named: object) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(listings, "settle", killed)
        with pytest.raises(RuntimeError):
            await shop.reprice()

    assert await shop.reprice() == 1


async def test_what_is_asked_for_during_a_pass_has_another_follow(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug())
    await markings.ask(shop.scope, shop.id, at=shop.runtime.clock.now(), reason="FIRST")
    settle, times = listings.settle, iter([1])

    async def asked_again(*arguments: object) -> None:
        for _ in times:
            now = shop.runtime.clock.now()
            await markings.ask(shop.scope, shop.id, at=now, reason="SECOND")
        await settle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(listings, "settle", asked_again)
    assert await shop.reprice() == 2
    assert await asked(shop.scope, shop.id) == []


async def test_what_is_marked_during_a_pass_does_not_wait_for_its_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.due._BATCH", 1)
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 5)))
    await markings.ask(shop.scope, shop.id, at=shop.runtime.clock.now(), reason="BY_HAND")
    selected, batches, dearer = listings.selected, 0, iter(["25.00"])

    async def and_then_marked(*arguments: object, **named: object) -> object:
        nonlocal batches
        batches += 1
        if batches == 2:
            assert (await shop.listing("MUG-4")).wanted_price == (await shop.listing()).wanted_price
            await shop.import_products(a_mug(4, next(dearer)))
        if batches == 4:
            assert (await shop.listing("MUG-4")).wanted_price != (await shop.listing()).wanted_price
        return await selected(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(listings, "selected", and_then_marked)
    assert await shop.reprice() == 5
    assert batches == 5


async def test_what_knows_the_same_as_last_time_is_not_decided_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2), a_mug(3))
    await passed(shop)
    decided = recorded(monkeypatch)

    await passed(shop)
    assert decided == []

    await shop.see(an_offer(price="19.00"))
    await passed(shop)
    assert set(decided) == {"MUG-1"}

    decided.clear()
    await shop.import_products(a_mug(2, "25.00"))
    await shop.settle()
    await passed(shop)
    assert set(decided) == {"MUG-2"}

    decided.clear()
    again_at = {"decide_again_at": shop.runtime.clock.now()}
    await shop.scope.update(LISTINGS.name, {"seller_sku": "MUG-3"}, {"$set": again_at})
    await passed(shop)
    assert decided == ["MUG-3"]

    decided.clear()
    await shop.publish("kind: pricing\nname: None\nrules: []\n")
    await shop.settle()
    assert set(decided) == {"MUG-1", "MUG-2", "MUG-3"}


async def passed(shop: Shop) -> None:
    """All of the store is looked at."""
    await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")
    await shop.reprice()


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The seller SKUs that are decided from now on."""
    decided: list[str] = []
    decide_all = decisions.decide_all

    def recording(store: Any, rulebook: Any, known: Any, *rest: Any, **named: Any) -> Any:
        decided.extend(row.listing.seller_sku for row in known)
        return decide_all(store, rulebook, known, *rest, **named)

    monkeypatch.setattr("services.deciding.decide_all", recording)
    return decided


async def test_another_stores_markings_are_its_own(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await markings.ask(shop.scope, "another", at=shop.runtime.clock.now(), reason="x")

    assert await shop.reprice() == 0
    stranger = shop.runtime.scope("stranger")
    assert await asked(stranger, "another") == []
    assert [each.reason for each in await asked(shop.scope, "another")] == ["x"]
