"""Global ids as the schema has them; `domain.global_id` makes and reads them."""

from collections.abc import Sequence

import strawberry

from domain.errors import NotFound
from domain.global_id import Kind, global_id, split


@strawberry.interface(description="Something with a life of its own, found again by its id.")
class Node:
    """What `node(id:)` can give."""

    id: strawberry.ID = strawberry.field(
        description="Opaque; it may become longer one day. Store it as text and do not take it apart."
    )


def to_id(kind: Kind, key: str) -> strawberry.ID:
    """The global id of an object."""
    return strawberry.ID(global_id(kind, key))


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


__all__ = ["Kind", "Node", "require_key", "split", "to_id", "to_key"]
