"""What a run looks at, page by page."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.listing import NOT_DUE, Due, ListingStatus
from services import due
from storage.listings import LISTINGS, Selection
from storage.mongo import Database
from tests.factories import NOW, a_listing


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    marks=st.lists(st.none() | st.integers(0, 3), max_size=12),
    until=st.none() | st.integers(0, 3),
    size=st.integers(1, 5),
    waits=st.booleans(),
)
async def test_pages_hold_all_that_a_run_looks_at_once_and_in_order(
    database: Database, marks: list[int | None], until: int | None, size: int, waits: bool
) -> None:
    scope = database.scope("acme")
    await database.handle.listings.delete_many({})
    rows = [
        a_listing(
            f"SKU-{number:02}",
            due=NOT_DUE if mark is None else Due(NOW + timedelta(minutes=mark), f"REASON-{mark}"),
        )
        for number, mark in enumerate(marks)
    ]
    await LISTINGS.insert(scope, [*rows, a_listing("OVER", status=ListingStatus.ENDED)])
    except_for = ("REASON-1",) if waits else ()
    moment = None if until is None else NOW + timedelta(minutes=until)
    selection = Selection("store1", moment, except_for)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(due, "_BATCH", size)
        pages = [page async for page in due.pages(scope, selection)]
    found = [await due.read(scope, selection, page) for page in pages]

    expected = [row for row in rows if row.due.reason not in except_for]
    if moment:
        expected = [row for row in expected if row.due.at and row.due.at <= moment]
        expected.sort(key=lambda row: (row.due.at, row.id))
    assert [row.id for page in found for row in page] == [row.id for row in expected]
    assert all(len(page) == size for page in found[:-1])
    assert [page.number for page in pages] == list(range(len(pages)))


async def test_what_comes_to_a_page_after_it_was_given_out_is_still_in_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = database.scope("acme")
    monkeypatch.setattr(due, "_BATCH", 2)
    await LISTINGS.insert(scope, [a_listing(f"SKU-{number}") for number in range(5)])
    selection = Selection("store1", None)
    pages = [page async for page in due.pages(scope, selection)]
    await LISTINGS.insert(scope, [a_listing("SKU-0b"), a_listing("SKU-9")])
    found = [row.seller_sku for page in pages for row in await due.read(scope, selection, page)]
    assert found == ["SKU-0", "SKU-0b", "SKU-1", "SKU-2", "SKU-3", "SKU-4", "SKU-9"]


async def test_what_several_take_is_taken_once() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(5):
            await asyncio.sleep(0)
            yield number

    shared = due.Shared(numbers())

    async def taken() -> list[int]:
        return [number async for number in shared]

    assert not shared.over.is_set()
    one, other = await asyncio.gather(taken(), taken())
    assert sorted(one + other) == [0, 1, 2, 3, 4]
    assert one
    assert other
    assert shared.over.is_set()
