"""Findings on generated documents: what is said never to happen never does, and what is shown happens."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.ruleset import RulesetKind
from rules.conditions import holds
from rules.document import DocumentInvalid, parse
from rules.facts import Facts, Known
from rules.lint import Case, FindingCode, findings
from tests.rules import written
from tests.rules.given import NOW, a_listing, a_product, a_store, an_offer, offers
from tests.rules.test_lint import assert_reproduced, eligibility_of, verdict_on

NEVER = {FindingCode.UNREACHABLE, FindingCode.SHADOWED, FindingCode.LIST_AND_KEEP_OUT}

_price = st.sampled_from([1, 5, 10, 20, 21])
_conditions = st.one_of(
    st.builds(
        lambda fact, word, value: {"fact": fact, word: value},
        st.sampled_from(["price", "price.cost", "stock", "lowestPrice"]),
        st.sampled_from(["lt", "lte", "gt", "gte", "eq", "ne"]),
        _price,
    ),
    st.sampled_from(["contains", "notContains"]).flatmap(
        lambda word: st.sampled_from(["Men", "Men/Tops", "Sale"]).map(
            lambda path: {"fact": "category", word: path}
        )
    ),
    st.sampled_from(["eq", "ne", "contains"]).flatmap(
        lambda word: st.sampled_from(["red", "blue", "re"]).map(
            lambda text: {"fact": "attribute.color", word: text}
        )
    ),
    st.booleans().map(lambda flag: {"fact": "price.cost", "exists": flag}),
)
_trees = st.recursive(
    _conditions,
    lambda inner: st.sampled_from(["all", "any", "none", "notAll"]).flatmap(
        lambda word: st.lists(inner, min_size=1, max_size=3).map(lambda each: {word: each})
    ),
    max_leaves=5,
)
_sizes = st.sampled_from(["5%", "10%", "60%", "2.00"])
_standard = st.builds(
    lambda word, size: {"type": "standard", "adjust": {word: size}},
    st.sampled_from(["increase", "decrease"]),
    _sizes,
)
_intelligent = st.builds(
    lambda source, floor: {
        "type": "intelligent",
        "competitor": {"source": source},
        "adjust": "match",
        "floor": {"source": floor},
        "ceiling": {"source": "price", "increase": "15%"},
    },
    st.sampled_from(["buyBox", "lowest"]),
    st.sampled_from(["cost", "price"]),
)
_season: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {"weekdays": ["wed"]},
        {"from": "2020-01-01", "to": "2020-01-20"},
        {"from": "2020-01-10"},
    ]
)


@st.composite
def _pricing(draw: st.DrawFn) -> str:
    rules: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        action: dict[str, Any] = draw(st.one_of(_standard, _intelligent))
        rule: dict[str, Any] = {"key": f"r{number}", **action, **draw(_season)}
        if draw(st.booleans()):
            rule["priority"] = draw(st.integers(1, 4))
            rule["stop"] = draw(st.booleans())
        if draw(st.integers(0, 4)):
            rule["when"] = draw(_trees)
        rules.append(rule)
    return json.dumps({"kind": "pricing", "name": "Generated", "rules": rules})


@st.composite
def _listing(draw: st.DrawFn) -> str:
    rules = [
        {
            "key": f"r{number}",
            "then": draw(st.sampled_from(["list", "keepOut"])),
            "when": draw(_trees),
        }
        for number in range(draw(st.integers(1, 6)))
    ]
    return json.dumps({"kind": "listing", "name": "Generated", "rules": rules})


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    prices = {"price": f"{draw(_price | st.just(100))}.00"}
    if draw(st.booleans()):
        prices["cost"] = f"{draw(_price)}.00"
    color = draw(st.sampled_from(["", "red", "blue", "green"]))
    product = a_product(
        prices,
        {"color": color} if color else {},
        categories=draw(st.lists(st.sampled_from(["Men", "Men/Tops", "Sale", "Bags"]), max_size=2)),
        stock=str(draw(st.integers(0, 25))),
    )
    rivals = [
        an_offer(f"{draw(_price)}.00", seller=f"rival{each}", wins=each == 0)
        for each in range(draw(st.integers(0, 2)))
    ]
    is_known = bool(rivals) or draw(st.booleans())
    return Case(a_store(), product, a_listing(), offers(*rivals) if is_known else None, NOW)


def _parsed(source: str) -> Any:
    try:
        return parse(source)
    except DocumentInvalid:
        assume(False)  # too many cases for one rule, which the reader refuses
        raise


@settings(max_examples=150, deadline=None)
@given(_pricing(), st.lists(_cases(), max_size=4))
def test_every_witness_reproduces_and_findings_are_the_same_each_time(
    source: str, sample: list[Case]
) -> None:
    document = _parsed(source)
    result = findings(document, sample, source=source, now=NOW)
    for finding in result:
        assert finding.line == 1
        assert_reproduced(finding, document)
    assert result == findings(document, sample, source=source, now=NOW)


@settings(max_examples=150, deadline=None)
@given(_pricing(), st.lists(_cases(), min_size=5, max_size=15))
def test_what_is_said_never_to_run_never_runs(source: str, cases: list[Case]) -> None:
    document = _parsed(source)
    silent = {each.rule_keys[0] for each in findings(document) if each.code in NEVER}
    for case in cases:
        applied = {each.rule_key for each in verdict_on(case, document).rules if each.applied}
        assert not silent & applied


@settings(max_examples=100, deadline=None)
@given(_listing().filter(lambda source: "lowest" not in source), st.lists(_cases(), max_size=15))
def test_what_is_said_to_list_nothing_lists_nothing(source: str, cases: list[Case]) -> None:
    document = _parsed(source)
    result = findings(document)
    for finding in result:
        assert_reproduced(finding, document)
    silent = {each.rule_keys[0] for each in result if each.code in NEVER}
    for case in cases:
        eligibility = eligibility_of(case, document)
        if eligibility.eligible:
            assert not silent & {each.rule_key for each in eligibility.rules if each.applied}


@settings(max_examples=300, deadline=None)
@given(written.documents(), st.lists(written.facts, min_size=1, max_size=10))
def test_unreachable_rules_match_no_facts_whatever_their_kind(
    source: str, known: list[Facts]
) -> None:
    document = _parsed(source)
    result = findings(document)
    unreachable = {each.rule_keys[0] for each in result if each.code is FindingCode.UNREACHABLE}
    for finding in result:
        assert_reproduced(finding, document)
    for facts in map(_completed, filter(_is_of_a_catalogue, known)):
        for rule in document.rules:
            if rule.key in unreachable:
                assert rule.when
                assert not holds(rule.when, facts)


def _is_of_a_catalogue(facts: Facts) -> bool:
    """Whether prices are as catalogues have them, which is not negative."""
    price = facts.get("price")
    is_negative = isinstance(price, Decimal) and price < 0
    return not is_negative and all(money.minor >= 0 for money in facts.prices.values())


def _completed(facts: Facts) -> Facts:
    """With what every listing has."""
    always: dict[str, Known] = {"sku": "other", "stock": Decimal(1), "condition": "new_new"}
    return Facts({**always, **facts.values}, facts.prices, facts.attributes)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["5%", "10%", "20%"]), min_size=1, max_size=12),
    st.sampled_from(["attribute.color", "sku", "asin", "productType"]),
)
def test_documents_without_overlap_give_no_findings(sizes: list[str], fact: str) -> None:
    names = ["SIMPLE", "VIRTUAL", "DOWNLOADABLE", "BUNDLE", "GROUPED", "CONFIGURABLE", "GIFT_CARD"]
    rules = [
        {
            "key": f"r{number}",
            "type": "standard",
            "adjust": {"decrease": size},
            "when": {"fact": fact, "eq": names[number]},
        }
        for number, size in enumerate(sizes[: len(names)])
    ]
    source = json.dumps({"kind": "pricing", "name": "Apart", "rules": rules})
    document = parse(source)
    assert document.kind is RulesetKind.PRICING
    assert findings(document) == ()
