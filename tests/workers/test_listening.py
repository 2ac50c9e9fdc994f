"""Listening: what Amazon tells is there at once, with no job that was woken for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.errors import Unavailable
from services import offers, stores
from storage import leases
from storage.listings import count_due
from tests.services.amazon import Amazon
from tests.services.shop import Shop, a_mug
from tests.services.trouble import with_connector
from workers.listening import listen


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.listening._AGAIN", 0.05)
    monkeypatch.setattr("services.events._WAIT", 1)


@asynccontextmanager
async def listening(shop: Shop) -> AsyncIterator[None]:
    task = asyncio.create_task(listen(shop.runtime))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():
            await asyncio.sleep(0.02)


async def is_listened_to(shop: Shop) -> bool:
    async with leases.hold(shop.runtime.database, f"receive_events:{shop.id}") as free:
        return not free


async def test_what_comes_later_is_taken_in_too(shop: Shop, amazon: Amazon) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    async with listening(shop):
        await until(lambda: is_listened_to(shop))
        assert await count_due(shop.scope, shop.id) == 0
        amazon.advance(30, frozen=False)

        await until(lambda: count_due(shop.scope, shop.id))
        await until(lambda: is_at_rest(amazon))


async def test_what_was_begun_is_taken_in_before_listening_ends(
    shop: Shop, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    note, begun = offers.note_buy_boxes, asyncio.Event()

    async def slowly(*arguments: Any) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        await note(*arguments)

    monkeypatch.setattr("services.offers.note_buy_boxes", slowly)
    async with listening(shop):
        amazon.advance(30, frozen=False)
        await begun.wait()
    assert await is_at_rest(amazon)
    assert not await is_listened_to(shop)


async def is_at_rest(amazon: Amazon) -> bool:
    depth: dict[str, int] = amazon.status()["queueDepth"]
    return depth == {"visible": 0, "inFlight": 0}


async def test_nobody_listens_to_a_paused_store(shop: Shop) -> None:
    async with listening(shop):
        await until(lambda: is_listened_to(shop))
        await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
        await until(lambda: is_free_for_long(shop))
        await stores.set_active(shop.runtime, shop.scope, shop.id, active=True, actor="me")
        await until(lambda: is_listened_to(shop))


async def is_free_for_long(shop: Shop) -> bool:
    found = []
    for _ in range(10):
        found.append(not await is_listened_to(shop))
        await asyncio.sleep(0.02)
    return all(found)


async def test_a_listener_that_fails_is_followed_by_another(shop: Shop, amazon: Amazon) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    troubles = iter([Unavailable("away", operation="sqs.receive_message")])
    with capture_logs() as logs:
        async with listening(with_connector(shop, receive=failing(troubles))):
            amazon.advance(30, frozen=False)
            await until(lambda: count_due(shop.scope, shop.id))
    assert [(each["event"], each["error"]) for each in logs if each["log_level"] == "warning"] == [
        ("listening.ended", "away")
    ]


def failing(troubles: Iterator[Exception]) -> Callable[[Any], Any]:
    def of(connector: Any) -> Any:
        async def receive(*arguments: Any) -> Any:
            for trouble in troubles:
                raise trouble
            return await connector.receive(*arguments)

        return receive

    return of
