"""What is told as it happens: to whom, in which order, and that nothing is told twice or lost."""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.decision import Decision, DecisionOutcome
from domain.ids import new_id
from domain.operation import OperationKind, OperationOutcome, OperationStatus
from embedded.servers import ServerUrls
from services import live, operations
from services.runtime import Runtime, open_runtime
from storage import listings as listing_rows
from storage import orders as order_rows
from storage.decisions import DECISIONS
from storage.live import DECISIONS_MADE as FEED
from storage.live import Event, moment_of
from storage.mongo import Scope
from storage.orders import ORDERS
from storage.stores import STORES
from tests.factories import MERCHANT, a_store
from tests.graphql_api.conftest import gid
from tests.graphql_api.seeds import a_decision, an_order, stock_shop
from tests.graphql_api.sockets import Client, connected, listening, served

STORE, OTHER = gid("Store", "store1"), gid("Store", "store2")
DECISIONS_MADE = """subscription ($id: ID!, $where: PriceDecisionWhereInput, $after: String) {
  decisionMade(storeId: $id, where: $where, after: $after) {
    cursor decision { id trigger } gap { fromAt toAt }
  }
}"""


@pytest.fixture
async def address(runtime: Runtime, scope: Scope) -> AsyncIterator[str]:
    await stock_shop(scope, ["MUG-1", "MUG-2"])
    async with served(runtime) as opened:
        yield opened


@pytest.fixture
async def client(address: str) -> AsyncIterator[Client]:
    async with connected(address) as opened:
        yield await opened.init()


async def _decide(scope: Scope, *numbers: int, **changes: Any) -> None:
    """Decisions of one listing, each written for itself and named by its number."""
    for number in numbers:
        row = a_decision(number, trigger=str(number), **changes)
        await DECISIONS.insert(scope, [replace(row, id=new_id())])


async def _event(events: AsyncGenerator[Event[Decision] | live.Gap]) -> Event[Decision]:
    event = await anext(events)
    assert isinstance(event, Event)
    return event


async def _numbers(client: Client, id_: str, count: int) -> list[int]:
    return [int((await client.event(id_))["decision"]["trigger"]) for _ in range(count)]


async def test_a_decision_is_told_with_what_is_asked_for(
    client: Client, runtime: Runtime, scope: Scope
) -> None:
    await client.subscribe(
        "1",
        "subscription ($id: ID!) { decisionMade(storeId: $id) { decision { "
        "outcome after { amount } listing { sellerSku store { name } decisions { nodes { id } } } } } }",
        id=STORE,
    )
    await listening(runtime, 1)
    await _decide(scope, 7)
    told = await client.event("1")
    shown = told["decision"]["listing"].pop("decisions")
    assert told == {
        "decision": {
            "outcome": "CHANGE",
            "after": {"amount": "18.99"},
            "listing": {"sellerSku": "MUG-1", "store": {"name": "Shop"}},
        }
    }
    # Everything below is read anew for each event.
    await _decide(scope, 8)
    later = (await client.event("1"))["decision"]["listing"]["decisions"]
    assert len(later["nodes"]) == len(shown["nodes"]) + 1


async def test_only_what_matches_is_told(client: Client, runtime: Runtime, scope: Scope) -> None:
    held = {"outcome": {"eq": "HOLD"}, "listingId": {"eq": gid("Listing", "store1/MUG-1")}}
    await client.subscribe("1", DECISIONS_MADE, id=STORE, where=held)
    await listening(runtime, 1)
    await _decide(scope, 1)
    await _decide(scope, 2, outcome=DecisionOutcome.HOLD, listing_id="store1/MUG-2")
    await _decide(scope, 3, outcome=DecisionOutcome.HOLD)
    assert await _numbers(client, "1", 1) == [3]
    assert await client.is_silent("1")


async def test_a_store_hears_of_its_own_decisions_only(
    client: Client, runtime: Runtime, scope: Scope
) -> None:
    await STORES.insert(scope, [a_store(id="store2")])
    await client.subscribe("1", DECISIONS_MADE, id=STORE)
    await client.subscribe("2", DECISIONS_MADE, id=OTHER)
    await listening(runtime, 2)
    await _decide(scope, 1, store_id="store2")
    await _decide(scope, 2)
    assert await _numbers(client, "1", 1) == [2]
    assert await _numbers(client, "2", 1) == [1]
    assert await client.is_silent("1")
    assert await client.is_silent("2")


@pytest.mark.parametrize(
    ("field", "kind", "key"),
    [
        ("decisionMade(storeId: $id)", "Store", "store1"),
        ("listingChanged(storeId: $id)", "Store", "store1"),
        ("orderImported(storeId: $id)", "Store", "store1"),
        ("operationProgressed(operationId: $id)", "Operation", None),
    ],
)
async def test_anothers_id_and_one_that_never_was_look_the_same(
    runtime: Runtime, scope: Scope, field: str, kind: str, key: str | None
) -> None:
    await stock_shop(scope)
    if key is None:
        key = (await operations.start(scope, OperationKind.MATCH, actor="me")).id
    settings = runtime.settings.model_copy(update={"merchant": "stranger"})
    stranger = replace(runtime, settings=settings)
    query = f"subscription ($id: ID!) {{ {field} {{ __typename }} }}"
    async with served(stranger) as address, connected(address) as client:
        await client.init()
        await client.subscribe("1", query, id=gid(kind, key))
        await client.subscribe("2", query, id=gid(kind, "never"))
        one, other = await client.message("1"), await client.message("2")
    assert one["type"] == other["type"] == "error"
    assert one["payload"] == other["payload"]
    assert one["payload"][0]["extensions"] == {"code": "VALIDATION_FAILED"}


async def test_changes_of_a_listing_are_told_in_their_order_and_marks_are_not(
    client: Client, runtime: Runtime, scope: Scope
) -> None:
    await client.subscribe(
        "1",
        "subscription ($id: ID!) { listingChanged(storeId: $id) "
        "{ cursor listing { sellerSku version title product { name } } gap { toAt } } }",
        id=STORE,
    )
    await listening(runtime, 1)
    await listing_rows.set_buy_box(scope, "store1", {"B000000001": True})
    for number in range(30):
        await listing_rows.change(scope, [("store1/MUG-2", {"title": f"Mug {number}"})])
    told = [(await client.event("1"))["listing"] for _ in range(30)]
    versions = [each["version"] for each in told]
    assert versions == sorted(versions)
    assert told[-1] == {
        "sellerSku": "MUG-2",
        "version": versions[-1],
        "title": "Mug 29",
        "product": {"name": "Product MUG-2"},
    }
    assert await client.is_silent("1")


async def test_an_order_is_told_when_it_comes_and_when_it_is_newer(
    client: Client, runtime: Runtime, scope: Scope
) -> None:
    await client.subscribe(
        "1",
        "subscription ($id: ID!) { orderImported(storeId: $id) "
        "{ cursor order { marketplaceOrderId version lines { listing { sellerSku } } } } }",
        id=STORE,
    )
    await listening(runtime, 1)
    order = an_order(1)
    await ORDERS.insert(scope, [order])
    later = order.marketplace_updated_at + timedelta(minutes=1)
    await order_rows.replace_older(scope, replace(order, marketplace_updated_at=later))
    for version in (1, 2):
        told = (await client.event("1"))["order"]
        assert told == {
            "marketplaceOrderId": order.marketplace_order_id,
            "version": version if version == 2 else told["version"],
            "lines": [{"listing": {"sellerSku": "MUG-1"}}],
        }


async def test_an_operation_is_told_until_it_is_over(
    client: Client, runtime: Runtime, scope: Scope
) -> None:
    query = """subscription ($id: ID!) {
      operationProgressed(operationId: $id) { operation { status outcome progress { done total } } }
    }"""
    operation = await operations.start(scope, OperationKind.MATCH, actor="me")
    await client.subscribe("1", query, id=gid("Operation", operation.id))
    told = await client.event("1")
    assert told["operation"]["status"] == OperationStatus.QUEUED.value
    async with operations.running(scope, operation) as progress:
        await progress.report(3, 9)
        await progress.save()
    seen = []
    while (message := await client.message("1"))["type"] == "next":
        seen.append(message["payload"]["data"]["operationProgressed"]["operation"])
    assert message["type"] == "complete"
    assert seen[-1] == {
        "status": OperationStatus.DONE.value,
        "outcome": OperationOutcome.OK.value,
        "progress": {"done": 3, "total": 9},
    }
    # Who comes late is told the end.
    await client.subscribe("2", query, id=gid("Operation", operation.id))
    assert (await client.event("2"))["operation"] == seen[-1]
    assert (await client.message("2"))["type"] == "complete"
    await listening(runtime, 0)


async def test_who_does_not_keep_up_is_told_of_the_gap_and_goes_on(
    runtime: Runtime, scope: Scope
) -> None:
    await stock_shop(scope)
    before = datetime.now(UTC) - timedelta(seconds=2)
    async with runtime.live.listen(FEED, "store1") as events:
        rows = [replace(a_decision(n, trigger=str(n)), id=new_id()) for n in range(live.MOST + 50)]
        await DECISIONS.insert(scope, rows)
        await _decide(scope, 9000)
        [listener] = runtime.live._channels["decisions"].everyone()
        while not listener.is_behind:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert len(listener.queue) == live.MOST

        told = [await _event(events) for _ in range(live.MOST)]
        gap = await anext(events)
        assert [event.row.id for event in told] == [row.id for row in rows[: live.MOST]]
        assert isinstance(gap, live.Gap)
        assert gap.after == told[-1].position
        assert moment_of(gap.position) >= before

        await _decide(scope, 9001)
        assert (await _event(events)).row.trigger == "9001"
    # What the gap left out is there for who asks again from before it.
    async with runtime.live.listen(FEED, "store1", gap.after) as events:
        rest = [(await _event(events)).row.trigger for _ in range(52)]
    assert rest == [row.trigger for row in rows[live.MOST :]] + ["9000", "9001"]


async def test_a_client_that_does_not_read_is_bounded_and_told(
    runtime: Runtime, scope: Scope, address: str
) -> None:
    query = "subscription ($id: ID!) { decisionMade(storeId: $id) { cursor decision { id facts { value } } gap { fromAt toAt } } }"
    fat = a_decision(1).facts[0]
    facts = (replace(fat, value="x" * 50_000),)
    async with connected(address, max_queue=1, compression=None) as client:
        await client.send(type="connection_init")
        await client.socket.recv()
        await client.subscribe("1", query, id=STORE)
        await listening(runtime, 1)
        total = live.MOST + 200
        for number in range(total):
            await _decide(scope, number, facts=facts)
        client._reading = asyncio.create_task(client._read())
        events: list[Any] = []
        while not events or events[-1]["gap"] is None:
            events.append(await client.event("1"))
        assert live.MOST <= len(events) < total
        assert events[-1]["decision"] is None
        assert events[-1]["gap"]["fromAt"] < events[-1]["gap"]["toAt"]
        await _decide(scope, 9000)
        assert (await client.event("1"))["gap"] is None


async def test_a_client_that_comes_back_misses_nothing_and_hears_nothing_twice(
    runtime: Runtime, scope: Scope, address: str
) -> None:
    async with connected(address) as client:
        await client.init()
        await client.subscribe("1", DECISIONS_MADE, id=STORE)
        await listening(runtime, 1)
        await _decide(scope, 1, 2)
        await client.event("1")
        cursor = (await client.event("1"))["cursor"]
    await listening(runtime, 0)
    await _decide(scope, *range(3, 300))
    async with connected(address) as client:
        await client.init()
        writing = asyncio.create_task(_decide(scope, *range(300, 900)))
        await client.subscribe("1", DECISIONS_MADE, id=STORE, after=cursor)
        assert await _numbers(client, "1", 897) == list(range(3, 900))
        await writing
        assert await client.is_silent("1")


async def test_many_decisions_of_one_transaction_are_each_told_once(
    runtime: Runtime, scope: Scope, client: Client
) -> None:
    await client.subscribe("1", DECISIONS_MADE, id=STORE)
    await listening(runtime, 1)
    await _decide(scope, 0)
    cursor = (await client.event("1"))["cursor"]
    await client.complete("1")
    rows = [replace(a_decision(n, trigger=str(n)), id=new_id()) for n in range(1, 601)]

    async def write(inside: Scope) -> None:
        await DECISIONS.insert(inside, rows)

    await scope.transaction(write)
    await client.subscribe("2", DECISIONS_MADE, id=STORE, after=cursor)
    seen = []
    for _ in rows:
        told = await client.event("2")
        seen.append(int(told["decision"]["trigger"]))
        if len(seen) == 100:
            middle = told["cursor"]
    assert seen == list(range(1, 601))
    await client.subscribe("3", DECISIONS_MADE, id=STORE, after=middle)
    assert await _numbers(client, "3", 500) == list(range(101, 601))
    assert await client.is_silent("3")


async def test_an_api_that_is_started_again_goes_on_from_the_cursor(
    servers: ServerUrls, runtime: Runtime, scope: Scope
) -> None:
    await stock_shop(scope)
    cursor, seen = None, []
    for round_ in range(3):
        # Each round is another process: nothing but the database is shared.
        async with (
            open_runtime(runtime.settings, servers.mongodb_url, servers.redis_url) as process,
            served(process) as address,
            connected(address) as client,
        ):
            await client.init()
            await client.subscribe("1", DECISIONS_MADE, id=STORE, after=cursor)
            if cursor is None:
                await listening(process, 1)
            await _decide(scope, round_ * 10)
            expected = 1 if cursor is None else 2
            for _ in range(expected):
                told = await client.event("1")
                seen.append(int(told["decision"]["trigger"]))
                cursor = told["cursor"]
        await _decide(scope, round_ * 10 + 5)
    assert seen == [0, 5, 10, 15, 20]


async def test_a_cursor_of_another_database_is_a_gap(
    runtime: Runtime, scope: Scope, client: Client
) -> None:
    future = int((datetime.now(UTC) + timedelta(days=400)).timestamp())
    token = bytes.fromhex(f"82{future:08X}00000001")
    cursor = base64.b64encode(b"decisions:" + token).decode()
    await client.subscribe("1", DECISIONS_MADE, id=STORE, after=cursor)
    told = await client.event("1")
    assert told["decision"] is None
    assert told["gap"]["fromAt"] is None
    await _decide(scope, 1)
    assert await _numbers(client, "1", 1) == [1]
    # And a cursor of one subscription is none of another.
    orders = """subscription ($id: ID!, $after: String) {
      orderImported(storeId: $id, after: $after) { cursor }
    }"""
    await client.subscribe("2", orders, id=STORE, after=told["cursor"])
    assert (await client.message("2"))["type"] == "error"


async def test_events_that_read_more_wait_for_points(
    client: Client, runtime: Runtime, scope: Scope
) -> None:
    query = (
        "subscription ($id: ID!) { decisionMade(storeId: $id) { decision { id listing { id } } } }"
    )
    await client.subscribe("1", query, id=STORE)
    await client.subscribe("2", DECISIONS_MADE, id=STORE)
    await listening(runtime, 2)
    caller = f"{MERCHANT}:local user"
    while not (await runtime.allowance.take(caller, 50)).wait:
        pass
    await runtime.allowance.take(caller, (await runtime.allowance.take(caller, 0)).points)
    began = asyncio.get_running_loop().time()
    await _decide(scope, *range(150))
    await _numbers(client, "2", 150)  # what came with the event costs nothing
    for _ in range(150):
        assert (await client.event("1"))["decision"]["listing"] is not None
    # One point each, of which a hundred come in a second.
    assert asyncio.get_running_loop().time() - began > 1.2


async def test_the_stream_is_open_only_while_someone_listens(
    address: str, runtime: Runtime
) -> None:
    async def cursors() -> int:
        status = await runtime.database.client.admin.command("serverStatus")
        return int(status["metrics"]["cursor"]["open"]["total"])

    quiet = await cursors()
    async with connected(address) as one, connected(address) as two:
        for client in (one, two):
            await client.init()
            for id_ in "abc":
                await client.subscribe(id_, DECISIONS_MADE, id=STORE)
        await listening(runtime, 6)
        assert await cursors() == quiet + 1
    await listening(runtime, 0)
    async with asyncio.timeout(5):
        while await cursors() != quiet:
            await asyncio.sleep(0.05)
