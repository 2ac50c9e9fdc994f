"""What every rule had to do with a decision is worked out of what the decision keeps."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.decision import FactValue, RuleOutcome
from rules.conditions import ReferenceMatcher, explain, written
from rules.document import parse
from rules.facts import Facts
from rules.sequence import EngineDisagrees, check
from rules.verdicts import ToldFacts, told, verdicts_of
from storage.mongo import from_document, to_document
from tests.rules.test_durable_engine import _parsed
from tests.rules.written import documents, facts

RULES = """
kind: pricing
name: Rules
rules:
  - {key: a, type: standard, adjust: {decrease: 1%}, when: {fact: stock, gte: 1}}
  - {key: b, type: standard, adjust: {decrease: 1%}, when: {fact: sku, eq: X}}
  - {key: c, type: standard, adjust: {decrease: 1%}, active: false}
"""


def kept(known: Facts, names: frozenset[str]) -> ToldFacts:
    """Facts as they come back from a decision that was stored."""
    stored = (to_document(fact) for fact in told(known, names))
    return ToldFacts(from_document(FactValue, row) for row in stored)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), facts)
def test_facts_that_a_decision_kept_explain_all_conditions_as_the_facts_themselves(
    source: str, known: Facts
) -> None:
    document = _parsed(source)
    (matched,) = ReferenceMatcher(document).match([known])
    outcomes = [RuleOutcome(key, None, applied=True, note="") for key in matched]

    verdicts = verdicts_of(document, kept(known, document.facts), outcomes)

    assert verdicts == verdicts_of(document, known, outcomes)
    by_key = {rule.key: rule for rule in document.rules}
    for verdict in verdicts:
        when = by_key[verdict.rule_key].when
        assert verdict.conditions == (None if when is None else explain(when, known))
        assert verdict.applied is (verdict.rule_key in matched)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts, st.sampled_from(["category", "options.material", "sku", "stock", "price", "enabled"]))
def test_a_fact_that_a_decision_kept_is_written_as_it_was(known: Facts, name: str) -> None:
    assert written(kept(known, frozenset({name})).get(name)) == written(known.get(name))


@pytest.mark.parametrize("claimed", [[], ["a", "b"], ["b"]])
def test_outcomes_that_the_conditions_contradict_are_not_told(claimed: list[str]) -> None:
    known = Facts({"stock": 3, "sku": "Y"})
    outcomes = [RuleOutcome(key, None, applied=True, note="") for key in claimed]

    with pytest.raises(EngineDisagrees):
        verdicts_of(parse(RULES), known, outcomes)


def test_an_engine_that_finds_too_much_is_found_out() -> None:
    document = parse(RULES)
    known = Facts({"stock": 3, "sku": "Y"})

    check(document, known, frozenset({"a"}))
    for wrong in ("b", "c", "unknown"):
        with pytest.raises(EngineDisagrees, match=wrong):
            check(document, known, frozenset({"a", wrong}))


OTHERS = "".join(
    f"  - {{key: r{number}, type: standard, adjust: {{decrease: 1%}}, when: {{fact: sku, eq: N{number}}}}}\n"
    for number in range(20)
)


def test_an_engine_that_finds_too_little_is_found_out() -> None:
    with pytest.raises(EngineDisagrees, match="rule b"):
        check(parse(RULES + OTHERS), Facts({"stock": 3, "sku": "X"}), frozenset({"a"}))
