"""Global ids: opaque to clients, base64 of type and key, made and read here only."""

import base64
import binascii
from collections.abc import Sequence
from enum import StrEnum

import strawberry

from domain.errors import NotFound


class Kind(StrEnum):
    """Types with a life of their own, by their names in the schema."""

    STORE = "Store"
    PRODUCT = "Product"
    LISTING = "Listing"
    RULESET = "Ruleset"
    PLAN = "Plan"
    DECISION = "PriceDecision"
    RUN = "RepriceRun"
    SUBMISSION = "Submission"
    ORDER = "Order"
    CHANGE = "Change"
    OPERATION = "Operation"
    API_KEY = "ApiKey"


@strawberry.interface(description="Something with a life of its own, found again by its id.")
class Node:
    """What `node(id:)` can give."""

    id: strawberry.ID = strawberry.field(
        description="Opaque; it may become longer one day. Store it as text and do not take it apart."
    )


def to_id(kind: Kind, key: str) -> strawberry.ID:
    """The global id of an object."""
    return strawberry.ID(base64.b64encode(f"{kind.value}:{key}".encode()).decode())


def split(id_: str) -> tuple[Kind, str] | None:
    """Type and key of an id; None where it is no id of ours."""
    try:
        kind, _, key = base64.b64decode(id_, validate=True).decode().partition(":")
        return Kind(kind), key
    except (binascii.Error, UnicodeError, ValueError):
        return None


def to_key(kind: Kind, id_: str) -> str | None:
    """The key of an id of this type; None where it is none."""
    found = split(id_)
    return found[1] if found and found[0] is kind else None


def require_key(kind: Kind, id_: str, field: Sequence[str]) -> str:
    """The key of an id of this type.

    Raises:
        NotFound: it is no such id, which looks like an id that never was.
    """
    key = to_key(kind, id_)
    if key is None:
        raise NotFound.of_type(kind.value, field=field)
    return key
