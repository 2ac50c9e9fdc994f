"""Rulesets: versions of a store's rules, as written and as understood."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import Maybe

from domain import ruleset as domain
from graphql_api import stores
from graphql_api.connections import After, Before, Connection, First, Last, Paging
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.filters import EnumFilter, IDFilter, on, where_of
from graphql_api.ids import Kind, Node, to_id, to_key
from graphql_api.loaders import Noun, pick
from graphql_api.rule_documents import RuleDocument
from graphql_api.scalars import Sha256
from graphql_api.selection import Selection
from services.rulesets import text_diff
from storage.keyset import Sort
from storage.rulesets import RULESETS

if TYPE_CHECKING:
    from graphql_api.stores import Store

NEWEST_FIRST = Sort("_id", descending=True)


@strawberry.type(
    description="One version of the listing or pricing rules of a store. Its text never changes."
)
class Ruleset(Node, RuleDocument):
    """A ruleset."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store that the rules are for."
    )
    version: int = strawberry.field(description="Counts up from 1 for each store and kind.")
    status: domain.RulesetStatus = strawberry.field(description="Whether it is in force.")
    author: str = strawberry.field(description="Who wrote it.")
    created_at: datetime = strawberry.field(description="When it was written.")
    published_at: datetime | None = strawberry.field(
        description="When it came into force; null where it never did."
    )
    restored_version: int | None = strawberry.field(
        description="The older version whose text it brings back; null where it was written anew."
    )
    row: strawberry.Private[domain.Ruleset]

    @described
    async def diff(
        self,
        info: Info,
        against: Annotated[
            strawberry.ID, strawberry.argument(description="Another version, the older side.")
        ],
    ) -> str | None:
        """What its text changes against another version's, as a unified diff.

        Empty where the two say the same, null where there is no such version.
        """
        key = to_key(Kind.RULESET, against) or ""
        found = (await info.context.rows(RULESETS, [key])).get(key)
        return None if found is None else text_diff(found, self.row)


@strawberry.input(description="Conditions on rulesets. Every field that is given must hold.")
class RulesetWhereInput:
    """Typed conditions."""

    store_id: Maybe[IDFilter] = strawberry.field(
        description="The store.", default=None, metadata=on("store_id", Kind.STORE)
    )
    kind: Maybe[EnumFilter[domain.RulesetKind]] = strawberry.field(
        description="What they decide.", default=None, metadata=on("kind")
    )
    status: Maybe[EnumFilter[domain.RulesetStatus]] = strawberry.field(
        description="Whether it is in force.", default=None, metadata=on("status")
    )
    and_: Maybe[list["RulesetWhereInput"]] = strawberry.field(
        name="and", description="All of these hold.", default=None
    )
    or_: Maybe[list["RulesetWhereInput"]] = strawberry.field(
        name="or", description="At least one of these holds; none of an empty list.", default=None
    )
    not_: Maybe["RulesetWhereInput"] = strawberry.field(
        name="not", description="This does not hold.", default=None
    )


async def assemble(
    context: RequestContext, rows: Sequence[domain.Ruleset], wanted: Selection
) -> list[Ruleset]:
    """The nodes of rulesets with the children that are asked for."""
    places = await stores.NOUN.by_keys(
        context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
    )
    return [
        Ruleset(
            id=to_id(Kind.RULESET, row.id),
            store=pick(places, row.store_id),
            kind=row.kind,
            version=row.version,
            name=row.name,
            status=row.status,
            source=row.source,
            content_hash=Sha256(row.content_hash),
            author=row.author,
            created_at=row.created_at,
            published_at=row.published_at,
            restored_version=row.restores,
            store_id=row.store_id,
            row=row,
        )
        for row in rows
    ]


NOUN: Noun[domain.Ruleset, Ruleset] = Noun(Kind.RULESET, RULESETS, assemble)


@strawberry.type
class RulesetQueries:
    """Query fields on rulesets."""

    @described
    async def ruleset(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Ruleset | None:
        """A ruleset by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def rulesets(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Annotated[
            RulesetWhereInput | None, strawberry.argument(description="Only rulesets that match.")
        ] = strawberry.UNSET,
    ) -> Connection[Ruleset]:
        """Versions of rules, newest first."""
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=NEWEST_FIRST, where=where_of(where))
