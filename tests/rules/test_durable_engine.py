"""The rule engine agrees with the reference evaluator, whatever merchants write, and stays within its limits."""

import json
import os
from typing import Any

import durable_rules_engine
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from domain.money import Money
from rules import durable_engine, truth
from rules.conditions import ReferenceMatcher, explain, holds
from rules.document import DocumentInvalid, parse
from rules.durable_engine import (
    BATCH,
    FEW,
    MOST_ANSWERS,
    DurableMatcher,
    EngineFailed,
    check_distinct,
    fnv1a,
)
from rules.facts import Facts
from rules.language import RulesetDocument
from rules.truth import truths_of
from tests.rules.written import documents, facts


def _parsed(source: str) -> RulesetDocument:
    try:
        return parse(source)
    except DocumentInvalid as invalid:
        if all("too many cases" in error.message for error in invalid.errors):
            reject()
        raise


_EXAMPLES = 20_000 if os.environ.get("NIGHTLY") else 400
_differential = settings(
    max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.timeout(300 if _EXAMPLES == 400 else 6 * 3600)
@_differential
@given(documents(), st.lists(facts, max_size=12), st.sampled_from([0, FEW]))
def test_engine_and_reference_agree(source: str, batch: list[Facts], few: int) -> None:
    document = _parsed(source)
    with pytest.MonkeyPatch.context() as patch, DurableMatcher(document) as matcher:
        patch.setattr(durable_engine, "FEW", few)
        assert matcher.match(batch) == ReferenceMatcher(document).match(batch)


@pytest.mark.timeout(300 if _EXAMPLES == 400 else 6 * 3600)
@_differential
@given(documents(), st.lists(facts, min_size=3, max_size=6), st.sampled_from([3, MOST_ANSWERS]))
def test_what_is_remembered_of_others_agrees_with_the_reference(
    source: str, met: list[Facts], most_answers: int
) -> None:
    document = _parsed(source)
    new = [_mixed(one, other) for one in met for other in met]
    expected = ReferenceMatcher(document).match(new)
    with pytest.MonkeyPatch.context() as patch, DurableMatcher(document) as matcher:
        patch.setattr(durable_engine, "MOST_ANSWERS", most_answers)
        matcher.match(met)
        assert [matcher.match([each])[0] for each in new[:5]] == expected[:5]
        assert matcher.match(new) == expected
        assert matcher.match(new[::-1]) == expected[::-1]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.lists(facts, min_size=1, max_size=6), st.sampled_from([1, 4096]))
def test_what_is_asked_of_all_rules_at_once_agrees_with_the_reference(
    source: str, met: list[Facts], most_values: int
) -> None:
    document = _parsed(source)
    batch = [*met, *met[::-1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth, "_MOST_VALUES", most_values)
        found = [truths_of(document).holding(each) for each in batch]
    assert found == ReferenceMatcher(document).match(batch)


def _mixed(one: Facts, other: Facts) -> Facts:
    """A listing that has some of one's facts and the rest of another's."""
    names = sorted(one.values.keys() | other.values.keys())[::2]
    values = {name: value for name, value in one.values.items() if name in names}
    values |= {name: value for name, value in other.values.items() if name not in names}
    return Facts(values, one.prices, other.attributes)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), facts)
def test_an_explanation_says_what_holds(source: str, known: Facts) -> None:
    document = _parsed(source)
    for rule in document.rules:
        if rule.when is not None:
            assert explain(rule.when, known).holds is holds(rule.when, known)


def _rules(conditions: list[Any]) -> RulesetDocument:
    rules = [
        {"key": f"r{index}", "type": "standard", "adjust": {"decrease": "1%"}, "when": when}
        for index, when in enumerate(conditions)
    ]
    return parse(json.dumps({"kind": "pricing", "name": "Many", "rules": rules}))


def _priced(dollars: int) -> Facts:
    return Facts({"price": Money(100 * dollars, "USD")})


def _assert_agrees(document: RulesetDocument, batch: list[Facts]) -> None:
    with DurableMatcher(document) as matcher:
        assert matcher.match(batch) == ReferenceMatcher(document).match(batch)


def test_hundreds_of_thresholds_that_all_hold_do_not_overflow_the_engine() -> None:
    document = _rules([{"fact": "price", "gt": str(each)} for each in range(700)])
    _assert_agrees(document, [_priced(each) for each in (0, 350, 10_000)])


def test_more_equal_conditions_than_the_engine_survives_are_one() -> None:
    document = _rules([{"fact": "price", "gt": 5}] * 300)
    _assert_agrees(document, [_priced(6), Facts({})])


def test_more_values_of_one_fact_than_the_engine_survives_are_divided() -> None:
    document = _rules([{"fact": "sku", "eq": f"sku-{each}"} for each in range(1100)])
    _assert_agrees(document, [Facts({"sku": f"SKU-{each}"}) for each in (0, 511, 512, 1099, 2000)])
    _assert_agrees(document, [Facts({"sku": f"SKU-{each}"}) for each in range(1105)])


def test_more_facts_than_the_engine_reads_are_divided() -> None:
    document = _rules([{"fact": f"attribute.a{each}", "eq": "x"} for each in range(300)])
    batch = [Facts({}, {}, {f"a{each}": "x" for each in range(n)}) for n in (0, 1, 60, 300)]
    _assert_agrees(document, batch)


def test_flags_and_exclusions_that_all_hold_do_not_overflow_the_engine() -> None:
    absent = [{"fact": "name", "notContains": f"word {each}"} for each in range(150)]
    others = [{"fact": "sku", "ne": f"sku-{each}"} for each in range(150)]
    _assert_agrees(_rules(absent + others), [Facts({"name": "word 3", "sku": "sku-4"}), Facts({})])


def test_a_large_product_of_lists_is_asked_as_flags() -> None:
    colors, sizes = [f"c{each}" for each in range(8)], [f"s{each}" for each in range(16)]
    when = {
        "all": [
            {"fact": "attribute.color", "in": colors[::2]},
            {"fact": "attribute.size", "in": sizes[::2]},
            {"fact": "attribute.fit", "in": sizes[1::2]},
        ]
    }
    # Other rules name the values between, so that no list is one stretch of codes.
    between = [{"fact": "attribute.color", "eq": each} for each in colors]
    between += [
        {"fact": f"attribute.{name}", "eq": each} for each in sizes for name in ("size", "fit")
    ]
    batch = [
        Facts({}, {}, {"color": c, "size": s, "fit": f})
        for c, s, f in [("c2", "s4", "s5"), ("c1", "s4", "s5"), ("c2", "s4", "s4")]
    ]
    _assert_agrees(_rules([when, *between]), batch)


def test_a_batch_is_not_limited_to_what_the_engine_takes_at_once() -> None:
    batch = [_priced(each) for each in range(2 * BATCH + 7)]
    document = _rules([{"fact": "price", "eq": each} for each in range(0, 2 * BATCH, 2)])
    _assert_agrees(document, batch)


def test_answers_do_not_depend_on_what_was_asked_before() -> None:
    document = _rules([{"fact": "price", "gte": 5}, {"fact": "sku", "ne": "a"}])
    first, second = _priced(5), Facts({"sku": "b"})
    with DurableMatcher(document) as matcher:
        alone = [matcher.match([each])[0] for each in (first, second, first)]
        assert alone == matcher.match([first, second, first])
        assert matcher.match([]) == []


def test_a_document_without_rules_or_conditions_needs_no_engine() -> None:
    empty = parse("kind: listing\nname: None\nrules: []")
    everything = parse("kind: listing\nname: All\nrules: [{key: all, then: list}]")
    with DurableMatcher(empty) as matcher:
        assert matcher.match([Facts({})]) == [frozenset()]
    with DurableMatcher(everything) as matcher:
        assert matcher.match([Facts({})]) == [frozenset({"all"})]


def test_a_closed_matcher_says_so() -> None:
    matcher = DurableMatcher(_rules([{"fact": "price", "gt": 1}]))
    matcher.close()
    matcher.close()
    with pytest.raises(ValueError, match="closed"):
        matcher.match([Facts({})])


def test_names_that_the_engine_would_confuse_are_refused() -> None:
    assert fnv1a("price") == fnv1a("0v2yxd")
    with pytest.raises(EngineFailed):
        check_distinct(["price", "0v2yxd"])


def test_facts_that_the_engine_already_has_are_a_failure_and_never_a_silent_no_match() -> None:
    matcher = DurableMatcher(_rules([{"fact": "price", "gt": 1}]))
    shard = _only_shard(matcher)
    left_over = '[{"id": "00000", "p0": 3}]'
    durable_rules_engine.assert_facts(shard._handle, left_over)
    with pytest.raises(EngineFailed):
        matcher.match([_priced(2)])
    with pytest.raises(ValueError, match="closed"):
        matcher.match([Facts({})])


def test_a_batch_that_the_engine_stopped_reading_is_a_failure() -> None:
    matcher = DurableMatcher(_rules([{"fact": "price", "gt": 1}, {"fact": "price", "gt": 5}]))
    (texts,) = _only_shard(matcher)._texts
    texts[4] = ',"p0":1e22'  # above both; the engine drops what follows, and says nothing
    with pytest.raises(EngineFailed):
        matcher.match([_priced(9), Facts({})])
    with pytest.raises(ValueError, match="closed"):
        matcher.match([Facts({})])


def test_many_listings_are_forgotten_and_not_mistaken() -> None:
    document = _rules([{"fact": "price", "eq": each} for each in range(40)])
    with pytest.MonkeyPatch.context() as patch, DurableMatcher(document) as matcher:
        patch.setattr(durable_engine, "MOST_ANSWERS", 10)
        for start in range(0, 40, 4):
            found = matcher.match([_priced(start + each) for each in range(4)])
            assert found == [{f"r{start + each}"} for each in range(4)]


def _only_shard(matcher: DurableMatcher) -> Any:
    (section,) = matcher._loaded
    (shard,) = section._shards
    return shard
