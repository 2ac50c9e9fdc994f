"""Decisions: written once, never changed."""

from domain.decision import Decision
from storage.collection import Collection

DECISIONS = Collection("decisions", Decision)
