"""A chart tells what was decided, what became live and what the market did, each when it changed."""

from datetime import timedelta

from domain.price_history import PricePoint, Spans
from services import price_history
from storage.mongo import Scope
from tests.factories import an_offer, usd
from tests.services.shop import Shop, a_mug

MINUTE = timedelta(minutes=1)


async def chart(shop: Shop, scope: Scope | None = None) -> list[PricePoint]:
    """The last minutes, finely cut."""
    now = shop.runtime.clock.now()
    spans = Spans(now - 10 * MINUTE, now + MINUTE, 500)
    found = await price_history.of_listing(scope or shop.scope, await shop.listing(), spans)
    return list(found)


async def fresh(shop: Shop) -> int:
    return int(await shop.runtime.database.handle.price_points.count_documents({}))


async def test_a_price_is_wanted_before_it_is_live(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())

    told = [(point.own.wanted_price, point.own.price.last) for point in await chart(shop)]

    assert told == [(usd("20.00"), None), (usd("20.00"), usd("20.00"))]


async def test_the_market_stands_beside_the_price(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    shop.amazon.advance(60)
    await shop.see(
        an_offer("WINNER", "19.00", is_buy_box_winner=True),
        an_offer("CHEAP", "17.00", shipping=usd("1.50")),
        an_offer("OURS", "20.00", is_own=True),
    )
    shop.amazon.advance(60)
    await shop.see(an_offer("OURS", "20.00", is_own=True, is_buy_box_winner=True))

    [*_, one, two] = await chart(shop)

    assert one.own == two.own
    assert (one.around.buy_box.last, one.around.owns_buy_box) == (usd("19.00"), False)
    assert (one.around.lowest.last, one.around.competitors) == (usd("18.50"), 2)
    assert (two.around.buy_box.last, two.around.owns_buy_box) == (usd("20.00"), True)
    assert (two.around.lowest.last, two.around.competitors) == (None, 0)
    assert (two.around.lowest.low, two.around.lowest.high) == (usd("18.50"), usd("18.50"))


async def test_what_moves_no_market_and_no_price_writes_nothing(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer("A", "19.00"), an_offer("B", "21.00"))
    before = await fresh(shop)
    shop.amazon.advance(60)

    # The second offer is not the lowest, and no decision follows from it.
    await shop.see(an_offer("A", "19.00"), an_offer("B", "22.00"))
    await shop.settle()

    assert await fresh(shop) == before


async def test_a_listing_that_never_changed_costs_what_it_costs(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    before = (await chart(shop))[-1].own
    await shop.runtime.database.handle.price_points.delete_many({})

    assert [point.own for point in await chart(shop)][-1] == before


async def test_a_move_is_done_by_one_at_a_time_and_changes_no_chart(shop: Shop) -> None:
    await shop.put_on_sale(a_mug())
    await shop.see(an_offer())
    before = await chart(shop)

    await price_history.move(shop.runtime, shop.scope, shop.id)

    assert await fresh(shop) == 0
    after = await chart(shop)
    assert [(point.own, point.around) for point in after] == [
        (point.own, point.around) for point in before
    ]
