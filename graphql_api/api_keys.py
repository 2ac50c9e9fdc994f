"""API keys: credentials of programs and people, as they may be seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from domain import api_key as domain
from domain.access import AccessScope, Role, ordered
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun
from graphql_api.selection import Selection
from storage.api_keys import API_KEYS
from storage.keyset import Sort


@strawberry.type(description="An API key. The key itself is shown once, when it is made.")
class ApiKey(Node):
    """A key."""

    name: str = strawberry.field(description="What it is for.")
    role: Role | None = strawberry.field(
        description="Its role; null where it has scopes of its own."
    )
    scopes: list[AccessScope] = strawberry.field(description="What it may do.")
    prefix: str = strawberry.field(description="How the key begins.")
    last_four: str = strawberry.field(description="How the key ends.")
    created_by: str = strawberry.field(description="Who made it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(
        description="When it stops being good; null where it does not by itself."
    )
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to a minute; null where it never was."
    )
    rotated_at: datetime | None = strawberry.field(
        description="When it was last rotated; null where it never was."
    )
    former_expires_at: datetime | None = strawberry.field(
        description="Up to when the key from before the rotation is good; null where there is none."
    )
    revoked_at: datetime | None = strawberry.field(
        description="When it was revoked; null while it was not."
    )
    revoked_by: str | None = strawberry.field(description="Who revoked it.")


async def assemble(
    context: RequestContext,  # noqa: ARG001 - the shape of every noun
    rows: Sequence[domain.ApiKey],
    wanted: Selection,  # noqa: ARG001
) -> list[ApiKey]:
    """The nodes of keys; they have no children to read."""
    return [
        ApiKey(
            id=to_id(Kind.API_KEY, row.id),
            name=row.name,
            role=row.role,
            scopes=list(ordered(row.scopes)),
            prefix=row.prefix,
            last_four=row.last_four,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            rotated_at=row.rotated_at,
            former_expires_at=row.former_until,
            revoked_at=row.revoked_at,
            revoked_by=row.revoked_by,
        )
        for row in rows
    ]


NOUN: Noun[domain.ApiKey, ApiKey] = Noun(Kind.API_KEY, API_KEYS, assemble)


@strawberry.type
class ApiKeyQueries:
    """Query fields on API keys."""

    @described
    async def api_key(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> ApiKey | None:
        """An API key by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def api_keys(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[ApiKey]:
        """API keys, newest first, revoked ones included."""
        newest_first = Sort("_id", descending=True)
        return await NOUN.page(info, Paging(first, after, last, before), sort=newest_first)
