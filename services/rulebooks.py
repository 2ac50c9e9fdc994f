"""The rules in force of a store, parsed and compiled once for each version."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.ruleset import Ruleset, RulesetKind
from domain.store import Store
from rules.document import RulesetDocument, parse
from rules.engine import Matcher
from rules.guardrails import DEFAULT_GUARDRAILS, Guardrails
from rules.inputs import Digester
from storage import rulesets
from storage.mongo import Scope
from storage.rulesets import RULESETS

_KEPT = 200


@dataclass(frozen=True, slots=True)
class Rules:
    """One ruleset, ready to use."""

    ruleset: Ruleset
    document: RulesetDocument
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What a store has published: None where it has no rules of a kind."""

    listing: Rules | None
    pricing: Rules | None
    guardrails: Guardrails = DEFAULT_GUARDRAILS

    @property
    def facts(self) -> frozenset[str]:
        """The names of all facts that its rules ask for."""
        asked = (rules.document.facts for rules in (self.listing, self.pricing) if rules)
        return frozenset[str]().union(*asked)

    def digester(self, store: Store, now: datetime) -> Digester:
        """Makes digests of what decisions by it rest on."""
        pricing, listing = self.pricing, self.listing
        return Digester(
            store,
            now,
            pricing.document if pricing else None,
            listing.document if listing else None,
            self.guardrails,
        )


def guardrails_of(rules: Rules | None) -> Guardrails:
    """The limits of a guard-rail document; those that every store has where there is none."""
    return (rules.document.guardrails if rules else None) or DEFAULT_GUARDRAILS


class Rulebooks:
    """Compiled rulesets by id, the least recently used ones let go. A ruleset's text never changes."""

    def __init__(self, matcher: Callable[[RulesetDocument], Matcher]) -> None:
        self._matcher = matcher
        self._rules: OrderedDict[str, Rules] = OrderedDict()

    async def in_force(self, scope: Scope, store_id: str) -> Rulebook:
        """The store's published rules, read in the scope's own transaction."""
        return await self.of(scope, await rulesets.published_ids(scope, store_id))

    async def of(self, scope: Scope, ids: Mapping[RulesetKind, str]) -> Rulebook:
        """Rules by their ids, of each kind no more than one."""
        while missing := [id_ for id_ in ids.values() if not self._is_kept(id_)]:
            for id_ in missing:
                self.compile(await RULESETS.require(scope, id_))
        listing, pricing, guardrails = (
            self._rules[ids[kind]] if kind in ids else None
            for kind in (RulesetKind.LISTING, RulesetKind.PRICING, RulesetKind.GUARDRAILS)
        )
        return Rulebook(listing, pricing, guardrails_of(guardrails))

    def compile(self, ruleset: Ruleset) -> Rules:
        """The ruleset ready to use, from memory where it was used before."""
        if not self._is_kept(ruleset.id):
            document = parse(ruleset.source)
            self._rules[ruleset.id] = Rules(ruleset, document, self._matcher(document))
            if len(self._rules) > _KEPT:
                self._rules.popitem(last=False)[1].matcher.close()
        return self._rules[ruleset.id]

    def _is_kept(self, id_: str) -> bool:
        """Whether a ruleset is in memory, where it then stays before others."""
        if id_ in self._rules:
            self._rules.move_to_end(id_)
        return id_ in self._rules

    def close(self) -> None:
        """Free what the engine holds."""
        for rules in self._rules.values():
            rules.matcher.close()
        self._rules.clear()
