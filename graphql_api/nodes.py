"""Anything by its id, whatever its type; and who asks."""

import asyncio
from typing import Annotated

import strawberry

from domain.access import AccessScope, Role, ordered
from domain.errors import InvalidInput
from graphql_api import (
    api_keys,
    changes,
    communication_errors,
    decisions,
    listings,
    offer_snapshots,
    operations,
    orders,
    plans,
    products,
    rulesets,
    runs,
    stores,
    submissions,
    uploads,
    webhook_deliveries,
    webhooks,
)
from graphql_api.context import Info
from graphql_api.fields import described
from graphql_api.ids import Kind, Node, split
from graphql_api.loaders import Noun
from graphql_api.selection import Selection

MOST = 100
"""Ids that one `nodes` may name."""

_NOUNS: dict[Kind, Noun[object, Node]] = {
    noun.kind: noun  # type: ignore[misc]  # a noun of its own rows is read as one of any
    for noun in (
        stores.NOUN,
        products.NOUN,
        listings.NOUN,
        offer_snapshots.NOUN,
        rulesets.NOUN,
        plans.NOUN,
        decisions.NOUN,
        runs.NOUN,
        submissions.NOUN,
        orders.NOUN,
        changes.NOUN,
        communication_errors.NOUN,
        operations.NOUN,
        uploads.NOUN,
        api_keys.NOUN,
        webhooks.NOUN,
        webhook_deliveries.NOUN,
    )
}


@strawberry.type(description="Whose catalogue is sold.")
class Merchant:
    """A tenant."""

    slug: str = strawberry.field(description="The merchant's name in this installation.")


@strawberry.type(description="Who asks.")
class Viewer:
    """The caller."""

    actor: str = strawberry.field(
        description="The name under which the caller's changes are logged."
    )
    merchant: Merchant = strawberry.field(description="The merchant whose data the caller sees.")
    roles: list[Role] = strawberry.field(
        description="The caller's roles; none for a key with scopes of its own."
    )
    scopes: list[AccessScope] = strawberry.field(description="What the caller may do.")


@strawberry.type
class NodeQueries:
    """Query fields on anything."""

    @described
    def viewer(self, info: Info) -> Viewer:
        """Who asks."""
        viewer = info.context.viewer
        return Viewer(
            actor=viewer.actor,
            merchant=Merchant(slug=viewer.merchant_id),
            roles=list(viewer.roles),
            scopes=list(ordered(viewer.scopes)),
        )

    @described
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Node | None:
        """Anything by its id; null where there is none. Needs the scope of what the id names."""
        return (await _found(info, [id]))[0]

    @described
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description=f"Global ids, at most {MOST}.")
        ],
    ) -> list[Node | None]:
        """Several by their ids, in that order; null where there is none. Needs the scopes of what they name."""
        if len(ids) > MOST:
            raise InvalidInput(f"Ask for at most {MOST} at a time.", field=("ids",))
        return await _found(info, ids)


async def _found(info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
    parts = [split(id_) for id_ in ids]
    kinds = {part[0] for part in parts if part}
    wanted = Selection.of(info)
    groups = await asyncio.gather(
        *(
            _NOUNS[kind].by_keys(
                info.context, [part[1] for part in parts if part and part[0] is kind], wanted
            )
            for kind in kinds
        )
    )
    by_kind = dict(zip(kinds, groups, strict=True))
    return [by_kind[part[0]].get(part[1]) if part else None for part in parts]
