"""What every rule had to do with a decision, worked out again of what the decision keeps.

A decision keeps the facts that its rules asked for and what became of those that matched. Which conditions of which
rule held follows from that and from the text of the rules, which never changes; with 200 rules, to write it down with
every decision takes fifteen times as long as all else.
"""

from collections.abc import Iterable
from decimal import Decimal

from domain.decision import FactValue, RuleOutcome, RuleVerdict
from domain.ruleset import RulesetKind
from rules.conditions import KnowsFacts, explain, written
from rules.facts import FactKind, Value, definition_of
from rules.language import Rule, RulesetDocument
from rules.sequence import NOT_HELD, SWITCHED_OFF, EngineDisagrees


def told(facts: KnowsFacts, names: Iterable[str]) -> tuple[FactValue, ...]:
    """Facts of these names as a decision keeps them, in this order: callers give names in alphabetical order."""
    return tuple([FactValue(name, _kept(facts.get(name))) for name in names])


class ToldFacts:
    """The facts that a decision kept, as conditions read them."""

    def __init__(self, facts: Iterable[FactValue]) -> None:
        self._values = {fact.name: _read(fact) for fact in facts}

    def get(self, name: str) -> Value | None:
        """The value of a fact; None where it was not known."""
        return self._values.get(name)


def verdicts_of(
    document: RulesetDocument, facts: KnowsFacts, outcomes: Iterable[RuleOutcome]
) -> tuple[RuleVerdict, ...]:
    """One for each rule of a document, in the order in which they run.

    Raises:
        EngineDisagrees: the outcomes are not those of the rules whose conditions hold.
    """
    by_key = {outcome.rule_key: outcome for outcome in outcomes}
    rules = document.rules if document.kind is RulesetKind.LISTING else document.in_order
    return tuple(_verdict(rule, facts, by_key.get(rule.key)) for rule in rules)


def _verdict(rule: Rule, facts: KnowsFacts, outcome: RuleOutcome | None) -> RuleVerdict:
    conditions = None if rule.when is None else explain(rule.when, facts)
    held = conditions is None or conditions.holds
    if rule.active and held != (outcome is not None):
        raise EngineDisagrees(f"rule {rule.key}: engine says {not held}, conditions say {held}")
    if outcome is not None:
        return RuleVerdict(rule.key, rule.priority, outcome.applied, outcome.note, conditions)
    note = NOT_HELD if rule.active else SWITCHED_OFF
    return RuleVerdict(rule.key, rule.priority, False, note, conditions)


def _kept(value: Value | None) -> str | tuple[str, ...] | None:
    return value if isinstance(value, tuple) else written(value)


def _read(fact: FactValue) -> Value | None:
    definition = definition_of(fact.name)
    if not isinstance(fact.value, str) or definition is None:
        return fact.value
    if definition.kind in {FactKind.NUMBER, FactKind.MONEY}:
        return Decimal(fact.value)
    return fact.value == "true" if definition.kind is FactKind.FLAG else fact.value
