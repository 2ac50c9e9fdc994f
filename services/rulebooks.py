"""The rules in force of a store, parsed and compiled once for each version."""

from collections import OrderedDict
from collections.abc import Callable
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
        listing = await rulesets.published(scope, store_id, RulesetKind.LISTING)
        pricing = await rulesets.published(scope, store_id, RulesetKind.PRICING)
        guardrails = await rulesets.published(scope, store_id, RulesetKind.GUARDRAILS)
        return Rulebook(
            self.compile(listing) if listing else None,
            self.compile(pricing) if pricing else None,
            guardrails_of(self.compile(guardrails) if guardrails else None),
        )

    def compile(self, ruleset: Ruleset) -> Rules:
        """The ruleset ready to use, from memory where it was used before."""
        found = self._rules.get(ruleset.id)
        if found is None:
            document = parse(ruleset.source)
            found = Rules(ruleset, document, self._matcher(document))
            self._rules[ruleset.id] = found
            if len(self._rules) > _KEPT:
                self._rules.popitem(last=False)[1].matcher.close()
        self._rules.move_to_end(ruleset.id)
        return found

    def close(self) -> None:
        """Free what the engine holds."""
        for rules in self._rules.values():
            rules.matcher.close()
        self._rules.clear()
