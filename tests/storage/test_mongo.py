import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.errors import NotFound
from domain.listing import Due, Issue, Listing, PriceOverride
from domain.offer import OfferSnapshot
from domain.product import Product
from domain.store import PriceSettings, Store, StoreSettings
from storage.filters import EVERYTHING
from storage.listings import LISTINGS, change
from storage.mongo import Database, Scope, from_document, to_document
from storage.products import PRODUCTS
from tests.factories import MERCHANT, NOW, a_listing, a_product, a_store, an_offer, usd


@pytest.mark.parametrize(
    "value",
    [
        a_store(settings=StoreSettings(price=PriceSettings(vat_percent=Decimal("19.5")))),
        a_product(stock=Decimal("2.5")),
        a_listing(
            override=PriceOverride(usd("9.99"), "ann", NOW),
            due=Due(NOW, "OVERRIDE"),
            issues=(Issue("1", "bad", "ERROR", ("price",)),),
            candidates=("B1", "B2"),
        ),
        OfferSnapshot("s/B1", MERCHANT, "s", "B1", (an_offer(), an_offer("ME", is_own=True)), NOW),
    ],
)
async def test_a_domain_value_comes_back_from_the_database_as_it_went_in(
    scope: Scope, value: Store | Product | Listing | OfferSnapshot
) -> None:
    await scope.insert("things", [to_document(value)])
    (found,) = await scope.find("things", {})
    assert from_document(type(value), found) == value


async def test_a_scope_sees_changes_and_inserts_nothing_of_another_merchant(
    database: Database, scope: Scope
) -> None:
    await PRODUCTS.insert(scope, [a_product()])
    other = database.scope("other")
    assert await PRODUCTS.get(other, a_product().id) is None
    assert await PRODUCTS.find(other, EVERYTHING) == []
    assert await PRODUCTS.count(other) == 0
    assert not await other.update("products", {"_id": a_product().id}, {"$set": {"name": "x"}})
    assert await other.update_many("products", {}, {"$set": {"name": "x"}}) == 0
    with pytest.raises(NotFound):
        await PRODUCTS.insert(other, [a_product("MINE")])
    assert await PRODUCTS.get(scope, a_product().id) == a_product()


async def test_a_dry_run_tells_what_would_be_and_leaves_nothing(scope: Scope) -> None:
    async def body(inside: Scope) -> int:
        await PRODUCTS.insert(inside, [a_product()])
        return await PRODUCTS.count(inside)

    assert await scope.dry().transaction(body) == 1
    assert await PRODUCTS.count(scope) == 0


async def test_a_dry_run_writes_nothing_outside_of_a_transaction(scope: Scope) -> None:
    with pytest.raises(AssertionError):
        await PRODUCTS.insert(scope.dry(), [a_product()])
    with pytest.raises(AssertionError):
        await change(scope.dry(), [("x", {"title": "y"})])
    assert await PRODUCTS.count(scope) == 0


async def test_a_transaction_is_all_or_nothing(scope: Scope) -> None:
    async def body(inside: Scope) -> None:
        await PRODUCTS.insert(inside, [a_product()])
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await scope.transaction(body)
    assert await PRODUCTS.count(scope) == 0


async def test_a_transaction_that_collides_runs_again_on_what_is_true_then(scope: Scope) -> None:
    await LISTINGS.insert(scope, [a_listing()])
    seen: list[str] = []

    async def body(inside: Scope) -> None:
        (listing,) = await LISTINGS.find(inside, EVERYTHING)
        seen.append(listing.title)
        if len(seen) == 1:
            await change(scope, [(listing.id, {"title": "changed meanwhile"})])
        await change(inside, [(listing.id, {"title": listing.title + "!"})])

    await scope.transaction(body)
    found = await LISTINGS.require(scope, a_listing().id)
    assert seen == ["Product MUG-1", "changed meanwhile"]
    assert found.title == "changed meanwhile!"
    assert found.version == 3


async def test_moments_come_back_in_utc(scope: Scope) -> None:
    at = datetime(2026, 7, 1, 12, 30, 15, 123000, tzinfo=UTC)
    await LISTINGS.insert(scope, [a_listing(created_at=at)])
    found = await LISTINGS.require(scope, a_listing().id)
    assert found.created_at == at
    assert found.created_at.tzinfo is not None


async def test_many_transactions_at_once_lose_no_change(scope: Scope) -> None:
    await LISTINGS.insert(scope, [a_listing(quantity=0)])

    async def add_one(inside: Scope) -> None:
        listing = await LISTINGS.require(inside, a_listing().id)
        await change(inside, [(listing.id, {"quantity": (listing.quantity or 0) + 1})])

    await asyncio.gather(*(scope.transaction(add_one) for _ in range(8)))
    assert (await LISTINGS.require(scope, a_listing().id)).quantity == 8


async def test_what_several_insert_at_once_is_there_once_and_new_to_one_of_them(
    scope: Scope,
) -> None:
    for turn in range(20):
        rows = [{"_id": f"{turn}/{number}", "merchant_id": MERCHANT} for number in range(20)]
        new = await asyncio.gather(*(scope.insert_new("files", rows) for _ in range(6)))
        assert sum(new) == 20
    assert await scope.count("files", {}, 1_000) == 400


async def test_what_another_merchant_has_by_that_id_is_neither_new_nor_touched(
    scope: Scope,
) -> None:
    other = scope.database.scope("other")
    await other.insert_new("files", [{"_id": "1", "merchant_id": "other"}])
    assert await scope.insert_new("files", [{"_id": "1", "merchant_id": MERCHANT}]) == 0
    assert await other.count("files", {}, 10) == 1
