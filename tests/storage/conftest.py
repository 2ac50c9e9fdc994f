import pytest

from storage.mongo import Database, Scope
from tests.factories import MERCHANT


@pytest.fixture
def scope(database: Database) -> Scope:
    return database.scope(MERCHANT)
