"""Importing the catalogue: what is done stays done, and nothing is done twice."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.magento.product_export import RowError
from domain.operation import OperationError, OperationOutcome, OperationStatus
from domain.product import Product
from embedded.servers import ServerUrls
from services import operations, products
from services.runtime import Runtime
from storage.listings import count_due
from storage.mongo import to_field
from storage.operations import OPERATIONS
from storage.products import PRODUCTS
from tests.factories import MERCHANT
from tests.services.amazon import Amazon
from tests.services.shop import Shop, a_mug, forget_jobs, open_shop, queued


async def test_an_import_tells_what_it_did_and_wakes_the_stores(
    shop: Shop, servers: ServerUrls
) -> None:
    await forget_jobs(servers)

    operation = await shop.import_products(a_mug(1), a_mug(2))

    assert (operation.status, operation.outcome) == (OperationStatus.DONE, OperationOutcome.OK)
    assert operation.result == {"created": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert operation.done == 2
    assert sorted(await queued(servers)) == [
        ("match_products", (MERCHANT, shop.id, None)),
        ("reprice", (MERCHANT, shop.id, None)),
    ]


async def test_the_same_file_again_changes_nothing(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    before = await shop.product()

    operation = await shop.import_products(a_mug(1), a_mug(2))

    assert operation.result == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}
    assert await shop.product() == before
    assert await count_due(shop.scope, shop.id) == 0


async def test_the_same_file_does_not_put_back_what_was_sold(shop: Shop) -> None:
    await shop.import_products(a_mug())
    await shop.scope.update("products", {}, {"$set": {"stock": to_field(Decimal(7))}})

    await shop.import_products(a_mug())

    assert (await shop.product()).stock == 7


async def test_listings_of_changed_products_and_no_others_become_due(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))

    operation = await shop.import_products(a_mug(1), a_mug(2, price="21.00"), a_mug(3))

    assert operation.result == {"created": 1, "changed": 1, "unchanged": 1, "refused": 0}
    due = {sku: row.due.reason for sku, row in (await shop.listings()).items() if row.due.at}
    assert due == {"MUG-2": "PRODUCT_CHANGED"}


async def test_a_row_that_cannot_be_used_is_told_with_its_place_and_the_others_go_on(
    shop: Shop,
) -> None:
    operation = await shop.import_products(
        RowError(2, "price", "MUG-9", "'free' is no price such as 12.50."),
        a_mug(),
        RowError(4, None, None, "The row has 3 cells, the header 5."),
    )

    assert operation.outcome is OperationOutcome.PARTIAL
    assert operation.errors == (
        OperationError("line 2, price", "'free' is no price such as 12.50."),
        OperationError("line 4", "The row has 3 cells, the header 5."),
    )
    assert operation.result["refused"] == 2
    assert (await shop.product()).sku == "MUG-1"


async def test_an_import_stops_at_a_request_and_keeps_what_it_did(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.products._BATCH", 1)
    monkeypatch.setattr("services.operations._SECONDS_BETWEEN_REPORTS", 0)
    operation = await operations.start(shop.scope, products.KIND, actor="me")
    read: list[str] = []

    def rows() -> Iterator[Product]:
        for number in (1, 2, 3):
            read.append(f"MUG-{number}")
            yield a_mug(number)

    async with operations.running(shop.scope, operation) as progress:
        source = rows()
        await products.import_catalog(shop.runtime, shop.scope, [next(source)], progress)
        await operations.cancel(shop.scope, operation.id)
        await products.import_catalog(shop.runtime, shop.scope, source, progress)

    ended = await OPERATIONS.require(shop.scope, operation.id)
    assert (ended.status, ended.outcome) == (OperationStatus.DONE, OperationOutcome.CANCELLED)
    assert read == ["MUG-1", "MUG-2"]
    assert await PRODUCTS.count(shop.scope) == 2


async def test_every_store_of_the_merchant_hears_of_a_change_and_nobody_elses(
    shop: Shop, runtime: Runtime, amazon: Amazon
) -> None:
    second = await open_shop(runtime, amazon)
    await shop.put_on_sale(a_mug())
    await second.match()
    await second.settle()

    await shop.import_products(a_mug(price="21.00"))

    assert await count_due(shop.scope, shop.id) == 1
    assert await count_due(second.scope, second.id) == 1
