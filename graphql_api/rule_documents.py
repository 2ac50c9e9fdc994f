"""Rule documents as they are understood, whether kept as a version or planned."""

import asyncio
from functools import lru_cache

import strawberry

from domain.ruleset import RulesetKind
from graphql_api.context import Info, RequestContext
from graphql_api.fields import described
from graphql_api.findings import RuleFinding, findings_of
from graphql_api.rule_types import (
    Guardrails,
    PriceShape,
    Rule,
    guardrails_of,
    rules_of,
    shape_of,
)
from graphql_api.scalars import Sha256
from rules.document import RulesetDocument, parse
from rules.lint import Review
from services import findings
from storage.stores import STORES

_KEPT = 200


@strawberry.interface(description="A rule document: its text, and what it is understood to say.")
class RuleDocument:
    """What versions of rules and documents of plans have in common."""

    kind: RulesetKind = strawberry.field(description="What it decides.")
    name: str = strawberry.field(description="The document's name.")
    source: str = strawberry.field(description="The document as written, comments and all.")
    content_hash: Sha256 = strawberry.field(description="Digest of `source`.")
    store_id: strawberry.Private[str]

    @described
    async def rules(self) -> list[Rule]:
        """The rules as they are understood, in the order of the document."""
        return rules_of(await _understood(self.source))

    @described
    async def shape(self) -> PriceShape:
        """How prices are finished where no rule says otherwise."""
        return shape_of((await _understood(self.source)).shape)

    @described
    async def guardrails(self) -> Guardrails | None:
        """The limits of a document of guard-rails; null for one of rules."""
        return guardrails_of((await _understood(self.source)).guardrails)

    @described
    async def findings(self, info: Info) -> list[RuleFinding] | None:
        """What should be looked at: rules that never run or contradict, prices that nothing bounds.

        Examined over some of the store's listings when it is asked for, which can take seconds, and given again
        for ten minutes. Null where the rule engine does not get along with the document.
        """
        review = await self._review(info.context)
        return None if review is None else findings_of(review)

    @described
    async def has_all_findings(self, info: Info) -> bool | None:
        """Whether `findings` has everything. False where too many rules overlap to compare them all; null with it."""
        review = await self._review(info.context)
        return None if review is None else review.is_complete

    async def _review(self, context: RequestContext) -> Review | None:
        return await context.once(
            ("review", self.store_id, self.source), lambda: self._examined(context)
        )

    async def _examined(self, context: RequestContext) -> Review | None:
        store = (await context.rows(STORES, [self.store_id]))[self.store_id]
        return await findings.review(context.runtime, context.scope, store, self.source)


async def _understood(source: str) -> RulesetDocument:
    """The document of a text that was found sound before. A large one takes a while, so others go on meanwhile."""
    return await asyncio.to_thread(_parsed, source)


@lru_cache(maxsize=_KEPT)
def _parsed(source: str) -> RulesetDocument:
    return parse(source)
