"""A version of a store's rules, as the merchant wrote them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RulesetKind(StrEnum):
    """What the rules decide: which products are listed, at what price, and which runs of prices are held."""

    LISTING = "LISTING"
    PRICING = "PRICING"
    GUARDRAILS = "GUARDRAILS"


class RulesetStatus(StrEnum):
    """A draft is being written, one version of each kind is published, older ones are retired."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One version of the listing or pricing rules of a store. Its text never changes."""

    id: str
    merchant_id: str
    store_id: str
    kind: RulesetKind
    version: int
    """Counts up from 1 for each store and kind."""
    name: str
    status: RulesetStatus
    source: str
    """The document as written, comments and all."""
    content_hash: str
    """SHA-256 of `source`, in hexadecimal."""
    author: str
    created_at: datetime
    published_at: datetime | None
    restores: int | None = None
    """The older version whose text this one brings back; None where it was written anew."""
