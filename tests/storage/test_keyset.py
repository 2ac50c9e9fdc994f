from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.listing import Listing
from storage.filters import EVERYTHING, Is
from storage.keyset import MAXIMUM, Page, PageRequest, Sort
from storage.listings import LISTINGS
from storage.mongo import Database, Scope
from tests.factories import NOW, a_listing

BY_CHANGE = Sort("updated_at")


async def _store(scope: Scope, minutes: list[int]) -> list[Listing]:
    rows = [
        a_listing(f"SKU-{n:03}", updated_at=NOW + timedelta(minutes=minute))
        for n, minute in enumerate(minutes)
    ]
    if rows:
        await LISTINGS.insert(scope, rows)
    return rows


def _key(listing: Listing) -> tuple[object, str]:
    return (listing.updated_at, listing.id)


async def _walk(scope: Scope, sort: Sort, size: int, *, backwards: bool) -> list[Page[Listing]]:
    pages: list[Page[Listing]] = []
    request = PageRequest(size, backwards=backwards)
    while True:
        page = await LISTINGS.page(scope, request, sort=sort)
        pages.append(page)
        if not (page.has_previous if backwards else page.has_next):
            return pages
        if backwards:
            request = replace(request, before=_key(page.items[0]))
        else:
            request = replace(request, after=_key(page.items[-1]))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    minutes=st.lists(st.integers(0, 4), max_size=14),
    size=st.integers(1, 6),
    descending=st.booleans(),
    backwards=st.booleans(),
)
async def test_pages_in_either_direction_give_every_row_once_and_in_order(
    database: Database, minutes: list[int], size: int, descending: bool, backwards: bool
) -> None:
    scope = database.scope("acme")
    await database.handle.drop_collection("listings")
    rows = await _store(scope, minutes)
    sort = replace(BY_CHANGE, descending=descending)

    pages = await _walk(scope, sort, size, backwards=backwards)

    if backwards:
        pages.reverse()
    expected = sorted(rows, key=lambda row: (row.updated_at, row.id), reverse=descending)
    assert [row.id for page in pages for row in page.items] == [row.id for row in expected]


async def test_a_row_inserted_before_the_cursor_is_neither_repeated_nor_moves_the_page(
    scope: Scope,
) -> None:
    await _store(scope, [1, 2, 3, 4])
    first = await LISTINGS.page(scope, PageRequest(2), sort=BY_CHANGE)
    await LISTINGS.insert(scope, [a_listing("EARLIER", updated_at=NOW)])
    second = await LISTINGS.page(scope, PageRequest(2, after=_key(first.items[-1])), sort=BY_CHANGE)
    assert [row.seller_sku for row in second.items] == ["SKU-002", "SKU-003"]
    assert second.has_previous


async def test_a_page_holds_only_what_matches(scope: Scope) -> None:
    await _store(scope, [1, 2, 3, 4])
    page = await LISTINGS.page(
        scope, PageRequest(10), where=Is("seller_sku", "in", ["SKU-001", "SKU-003"]), sort=BY_CHANGE
    )
    assert [row.seller_sku for row in page.items] == ["SKU-001", "SKU-003"]


@pytest.mark.parametrize("limit", [0, -1, MAXIMUM + 1])
def test_asking_for_too_many_names_the_limit(limit: int) -> None:
    with pytest.raises(InvalidInput, match=str(MAXIMUM)):
        PageRequest(limit)


async def test_counting_matches_everything_without_a_condition(scope: Scope) -> None:
    await _store(scope, [1, 1, 1])
    assert await LISTINGS.count(scope, EVERYTHING) == 3
