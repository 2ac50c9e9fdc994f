import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import StaleVersion
from domain.listing import Due, Fulfilment, ListingStatus
from domain.order import Order, OrderStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from storage import leases, listings, orders, products, stores, submissions
from storage.filters import EVERYTHING, Is
from storage.listings import LISTINGS, Settled
from storage.mongo import Database, Scope
from storage.orders import ORDERS
from storage.products import PRODUCTS
from storage.stores import STORES
from storage.submissions import SUBMISSIONS
from tests.factories import MERCHANT, NOW, a_listing, a_product, a_store, usd


async def test_writing_products_tells_new_changed_and_unchanged(scope: Scope) -> None:
    await products.write(scope, [a_product("A"), a_product("B")])
    later = NOW + timedelta(days=1)
    written = await products.write(
        scope,
        [
            a_product("A", updated_at=later),
            a_product("B", price="21.00", updated_at=later),
            a_product("C"),
        ],
    )
    assert written.created == (a_product("C").id,)
    assert written.changed == (a_product("B").id,)
    assert written.unchanged == 1
    assert await PRODUCTS.require(scope, a_product("A").id) == a_product("A")
    changed = await PRODUCTS.require(scope, a_product("B").id)
    assert (changed.version, changed.created_at, changed.updated_at) == (2, NOW, later)


async def test_stock_falls_by_what_was_sold_and_not_below_nothing(scope: Scope) -> None:
    await PRODUCTS.insert(scope, [a_product("A"), a_product("B", manages_stock=False)])
    for id_ in (a_product("A").id, a_product("B").id):
        await products.take_stock(scope, id_, 7)
        await products.take_stock(scope, id_, 7)
    assert (await PRODUCTS.require(scope, a_product("A").id)).stock == 0
    assert (await PRODUCTS.require(scope, a_product("B").id)).stock == Decimal(10)


async def test_a_store_is_not_saved_over_a_newer_version(scope: Scope) -> None:
    await STORES.insert(scope, [a_store()])
    read = await STORES.require(scope, "store1")
    await stores.save(scope, replace(read, name="First"))
    with pytest.raises(StaleVersion):
        await stores.save(scope, replace(read, name="Second"))
    assert (await STORES.require(scope, "store1")).name == "First"


async def test_the_order_watermark_never_goes_back(scope: Scope) -> None:
    await STORES.insert(scope, [a_store()])
    for minutes in (10, 5):
        await stores.advance_orders_read_until(scope, "store1", NOW + timedelta(minutes=minutes))
    found = await STORES.require(scope, "store1")
    assert found.orders_read_until == NOW + timedelta(minutes=10)


async def test_only_listings_that_can_be_decided_become_due_and_keep_their_place(
    scope: Scope,
) -> None:
    await LISTINGS.insert(
        scope,
        [
            a_listing("LIVE"),
            a_listing("WAITS", due=Due(NOW - timedelta(hours=1), "EARLIER")),
            a_listing("OVER", status=ListingStatus.ENDED),
        ],
    )
    marked = await listings.mark_due(scope, "store1", EVERYTHING, at=NOW, reason="NOW")
    due = await listings.due(scope, "store1", 10)
    assert marked == 2
    assert [(row.seller_sku, row.due.reason) for row in due] == [
        ("WAITS", "EARLIER"),
        ("LIVE", "NOW"),
    ]


async def test_a_mark_on_a_listing_that_is_due_collides_with_its_decision(scope: Scope) -> None:
    await LISTINGS.insert(scope, [a_listing(due=Due(NOW, "EARLIER"))])
    runs = 0

    async def decide(inside: Scope) -> None:
        nonlocal runs
        runs += 1
        (listing,) = await listings.due(inside, "store1", 10)
        if runs == 1:
            await listings.mark_due(scope, "store1", EVERYTHING, at=NOW, reason="MEANWHILE")
        await listings.settle(inside, [Settled(listing, "digest", None)])

    await scope.transaction(decide)
    assert runs == 2


async def test_what_was_marked_or_decided_since_it_was_read_is_not_settled(scope: Scope) -> None:
    rows = [
        a_listing(sku, inputs_hash="before", due=Due(NOW, "EARLIER", 1))
        for sku in ("MUG-1", "MUG-2", "MUG-3", "MUG-4")
    ]
    await LISTINGS.insert(scope, rows)
    await listings.mark_due(
        scope, "store1", Is("seller_sku", "in", ["MUG-1", "MUG-2"]), at=NOW, reason="MEANWHILE"
    )
    await listings.change(scope, [("store1/MUG-3", {"inputs_hash": "another"})])

    digests = ("before", "after", "after", "after")
    await listings.settle(
        scope, [Settled(row, digest, None) for row, digest in zip(rows, digests, strict=True)]
    )

    found = await LISTINGS.get_many(scope, [row.id for row in rows])
    settled = {row.seller_sku: (row.due.marks, row.inputs_hash) for row in found.values()}
    assert settled == {
        "MUG-1": (2, "before"),
        "MUG-2": (2, "before"),
        "MUG-3": (1, "another"),
        "MUG-4": (0, "after"),
    }


def _submission(id_: str, **changes: object) -> Submission:
    submission = Submission(
        id=id_,
        merchant_id=MERCHANT,
        store_id="store1",
        listing_id="store1/MUG-1",
        seller_sku="MUG-1",
        kind=SubmissionKind.CHANGE,
        decision_id="d",
        price=usd("19.00"),
        quantity=None,
        state=SubmissionState.PENDING,
        attempts=0,
        amazon_submission_id=None,
        issues=(),
        created_at=NOW,
        accepted_at=None,
        settled_at=None,
    )
    return replace(submission, **changes)  # type: ignore[arg-type]


async def test_a_newer_submission_of_a_listing_supersedes_what_was_not_sent(scope: Scope) -> None:
    sent = _submission("0", state=SubmissionState.ACCEPTED)
    await submissions.write_down(scope, [sent])
    await submissions.write_down(scope, [_submission("1")])
    await submissions.write_down(scope, [_submission("2", price=usd("18.00"))])
    found = {row.id: row.state for row in await SUBMISSIONS.find(scope, EVERYTHING)}
    assert found == {
        "0": SubmissionState.ACCEPTED,
        "1": SubmissionState.SUPERSEDED,
        "2": SubmissionState.PENDING,
    }


async def test_a_superseded_submission_does_not_come_back_to_life(scope: Scope) -> None:
    first = _submission("1")
    await submissions.write_down(scope, [first])
    await submissions.write_down(scope, [_submission("2")])
    assert not await submissions.move(scope, first, SubmissionState.ACCEPTED, at=NOW)
    assert (await SUBMISSIONS.require(scope, "1")).state is SubmissionState.SUPERSEDED


async def test_an_older_state_of_an_order_never_replaces_a_newer_one(scope: Scope) -> None:
    order = Order(
        id="store1/111",
        merchant_id=MERCHANT,
        store_id="store1",
        marketplace_order_id="111",
        status=OrderStatus.UNSHIPPED,
        marketplace_status="UNSHIPPED",
        fulfilment=Fulfilment.MERCHANT,
        purchased_at=NOW,
        marketplace_updated_at=NOW,
        ship_by=None,
        total=usd("20.00"),
        lines=(),
        imported_at=NOW,
        version=1,
    )
    await ORDERS.insert(scope, [order])
    older = replace(order, status=OrderStatus.PENDING, marketplace_updated_at=NOW - timedelta(1))
    newer = replace(order, status=OrderStatus.SHIPPED, marketplace_updated_at=NOW + timedelta(1))
    assert not await orders.replace_older(scope, older)
    assert await orders.replace_older(scope, newer)
    found = await ORDERS.require(scope, order.id)
    assert (found.status, found.version) == (OrderStatus.SHIPPED, 2)


async def test_one_holder_at_a_time_and_the_next_after_it_let_go(database: Database) -> None:
    async with (
        leases.hold(database, "k") as first,
        leases.hold(database, "k") as second,
        leases.hold(database, "other") as other,
    ):
        assert (first, second, other) == (True, False, True)
    async with leases.hold(database, "k") as third:
        assert third


async def test_a_lease_whose_holder_died_can_be_taken(database: Database) -> None:
    await database.handle.leases.insert_one({"_id": "k", "holder": "dead", "until": NOW})
    async with leases.hold(database, "k") as mine:
        assert mine


async def test_a_lease_is_held_on_to_and_not_brought_back_by_a_late_renewal(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    prolong, prolonged = leases._prolong, []

    async def noted(*arguments: Any) -> None:
        await prolong(*arguments)
        prolonged.append(arguments)

    monkeypatch.setattr(leases, "_prolong", noted)
    monkeypatch.setattr(leases, "SECONDS", 0.3)
    async with leases.hold(database, "k") as mine:
        assert mine
        while not prolonged:
            await asyncio.sleep(0.01)
        assert await database.handle.leases.count_documents({"_id": "k"}) == 1

    await prolong(*prolonged[0])
    assert await database.handle.leases.count_documents({}) == 0


async def test_of_many_that_ask_at_once_one_gets_the_lease(database: Database) -> None:
    async def attempt() -> bool:
        async with leases.hold(database, "k") as mine:
            await asyncio.sleep(0.2)
            return mine

    assert sum(await asyncio.gather(*(attempt() for _ in range(10)))) == 1


async def test_filters_hold_with_prefix_negation_and_empty_lists(scope: Scope) -> None:
    await LISTINGS.insert(scope, [a_listing("A.1"), a_listing("AX1"), a_listing("B")])

    async def skus(where: object) -> list[str]:
        return [row.seller_sku for row in await LISTINGS.find(scope, where)]  # type: ignore[arg-type]

    assert await skus(Is("seller_sku", "prefix", "A.")) == ["A.1"]
    assert await skus(Is("seller_sku", "in", [])) == []
    assert await skus(Is("seller_sku", "not_in", ["A.1", "B"])) == ["AX1"]
