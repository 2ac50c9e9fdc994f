"""The append-only log: what changed on a listing, a store or an order, from what to what, by whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """What changed."""

    PRICE = "PRICE"
    BUSINESS_PRICE = "BUSINESS_PRICE"
    LIST_PRICE = "LIST_PRICE"
    QUANTITY = "QUANTITY"
    STATUS = "STATUS"
    MATCH = "MATCH"
    OVERRIDE = "OVERRIDE"
    ORDER = "ORDER"
    RULESET = "RULESET"
    RUN = "RUN"
    STORE = "STORE"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log. Values are written for people: ``12.50 USD``, ``ACTIVE``."""

    id: str
    merchant_id: str
    store_id: str
    listing_id: str | None
    order_id: str | None
    kind: ChangeKind
    before: str | None
    after: str | None
    actor: str
    """A person's name, or the job that did it."""
    decision_id: str | None
    at: datetime
