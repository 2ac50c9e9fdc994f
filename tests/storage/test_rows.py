"""Rows for showing are what the whole values are."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from domain.listing import Listing
from domain.offer import Offer, OfferSnapshot
from domain.store import Store
from storage.listings import LISTINGS
from storage.mongo import from_document, to_document
from storage.rows import NotRead, rows_of
from tests.factories import a_listing, a_store, an_offer, usd
from tests.graphql_api.seeds import a_full_listing, a_snapshot

FULL = a_full_listing()
VALUES: list[Any] = [FULL, a_listing("BARE", price=None), a_store(), an_offer("S", "1.00")]


@pytest.mark.parametrize(
    "value", [*VALUES, a_snapshot("B000000001")], ids=lambda v: type(v).__name__
)
def test_a_row_has_what_the_value_has(value: Any) -> None:
    [row] = rows_of(type(value), [to_document(value)])

    assert isinstance(row, type(value))
    for field in dataclasses.fields(value):
        assert getattr(row, field.name) == getattr(value, field.name), field.name


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_what_is_made_of_a_row_is_a_whole_value(value: Any) -> None:
    [row] = rows_of(type(value), [to_document(value)])

    for made in (dataclasses.replace(row), pickle.loads(pickle.dumps(row)), copy.deepcopy(row)):
        assert type(made) is type(value)
        assert made == value


def test_a_row_has_the_methods_of_its_type() -> None:
    offer = an_offer("S", "1.00", shipping=usd("0.50"))
    [row] = rows_of(Offer, [to_document(offer)])
    assert row.landed_price == offer.landed_price
    [store] = rows_of(Store, [to_document(a_store())])
    assert store.currency == a_store().currency


@pytest.mark.parametrize("kind", [Listing, OfferSnapshot])
def test_what_an_older_document_lacks_has_its_default(kind: type) -> None:
    value = FULL if kind is Listing else a_snapshot("B000000001")
    defaults = [
        field.name
        for field in dataclasses.fields(kind)
        if (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
    ]
    document = {key: part for key, part in to_document(value).items() if key not in defaults}
    row: Any
    [row] = rows_of(kind, [document])
    assert defaults
    for name in defaults:
        assert getattr(row, name) == getattr(from_document(kind, document), name)


def test_what_was_not_asked_for_is_no_default() -> None:
    [row] = rows_of(Listing, [{"_id": "store1/A", "title": "A"}], {"id", "title", "held"})
    assert (row.id, row.title, row.held) == ("store1/A", "A", None)
    for name in ("business", "price"):
        with pytest.raises(NotRead):
            getattr(row, name)


def test_what_must_be_there_and_is_not_is_an_error() -> None:
    [row] = rows_of(LISTINGS.type, [{"_id": "store1/A"}])
    with pytest.raises(AttributeError, match="lacks `title`"):
        assert row.title
    assert repr(row) == "<row of Listing store1/A>"
