"""The change log: only ever appended to."""

from domain.change import Change
from storage.collection import Collection

CHANGES = Collection("changes", Change)
