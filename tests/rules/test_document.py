"""Rule documents: what merchants may write, and how they are told what is wrong."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.listing import Condition
from domain.ruleset import RulesetKind
from rules.document import DocumentError, DocumentInvalid, parse
from rules.language import (
    Adjustment,
    Bound,
    Competitor,
    CompetitorSource,
    ConditionMode,
    Group,
    Intelligent,
    Leaf,
    ListingAction,
    Operator,
    Quantifier,
    Standard,
)

PRICING = """\
kind: pricing
name: Shoes and jackets
rules:
  - key: sale
    description: Ten per cent off what is on sale
    type: standard
    priority: 10
    stop: true
    from: 2026-06-01
    to: 2026-08-31
    when:
      all:
        - {fact: category, contains: Sale}
        - {fact: price, gte: "20.00"}
        - none:
            - {fact: attribute.color, in: [no, 0012]}
    adjust: {decrease: 10%}
  - key: win-buy-box
    type: intelligent
    active: false
    competitor:
      source: lowest
      minFeedbackRating: 95
      minFeedbackCount: 100
      conditions: {mode: variance, percents: {used_good: 80}}
    adjust: {decrease: "0.01"}
    floor: {source: cost, increase: 15%}
    ceiling: {source: price}
"""

LISTING = """\
kind: listing
name: What we sell
rules:
  - {key: all-shoes, when: {fact: category, contains: Shoes}, then: list}
  - {key: not-broken, when: {fact: attribute.broken, exists: true}, then: keepOut}
"""


def mistakes(source: str, kind: RulesetKind | None = None) -> list[DocumentError]:
    with pytest.raises(DocumentInvalid) as caught:
        parse(source, kind)
    return list(caught.value.errors)


def the_mistake(source: str) -> DocumentError:
    (error,) = mistakes(source)
    return error


def rule(**changed: object) -> str:
    """A document of one standard rule with something changed; JSON, which is YAML."""
    written = {"key": "r", "type": "standard", "adjust": {"decrease": "10%"}, **changed}
    kept = {key: value for key, value in written.items() if value != "left out"}
    return json.dumps({"kind": "pricing", "name": "One", "rules": [kept]})


def intelligent(**changed: object) -> str:
    written = {
        "type": "intelligent",
        "competitor": {"source": "buyBox"},
        "adjust": "match",
        "floor": {"source": "cost"},
    }
    return rule(**{**written, **changed})


def when(condition: object) -> str:
    return rule(when=condition)


def test_a_pricing_document_is_read_as_written() -> None:
    document = parse(PRICING)
    sale, win = document.rules

    assert (document.kind, document.name) == (RulesetKind.PRICING, "Shoes and jackets")
    assert (sale.key, sale.priority, sale.stop, sale.active) == ("sale", 10, True, True)
    assert (sale.starts, sale.ends) == (date(2026, 6, 1), date(2026, 8, 31))
    assert sale.action == Standard(Adjustment(is_increase=False, percent=Decimal(10)))
    assert sale.when == Group(
        Quantifier.ALL,
        (
            Leaf("category", Operator.CONTAINS, "Sale"),
            Leaf("price", Operator.GTE, Decimal("20.00")),
            Group(Quantifier.NONE, (Leaf("attribute.color", Operator.IN, ("no", "0012")),)),
        ),
    )
    assert not win.active
    assert win.action == Intelligent(
        Competitor(
            CompetitorSource.LOWEST,
            95,
            100,
            ConditionMode.VARIANCE,
            ((Condition.USED_GOOD, Decimal(80)),),
        ),
        Adjustment(is_increase=False, amount=Decimal("0.01")),
        Bound("cost", Adjustment(is_increase=True, percent=Decimal(15))),
        Bound("price"),
    )
    assert document.facts == {"category", "price", "attribute.color"}


def test_a_listing_document_is_read_as_written() -> None:
    rules = parse(LISTING, RulesetKind.LISTING).rules
    assert [each.action for each in rules] == [ListingAction.LIST, ListingAction.KEEP_OUT]


def test_the_hash_is_that_of_the_text() -> None:
    assert parse(PRICING).content_hash == parse(PRICING).content_hash
    assert parse(PRICING).content_hash != parse(PRICING + "# more\n").content_hash


def test_a_mistake_tells_its_line_its_path_and_what_was_meant() -> None:
    error = the_mistake(PRICING.replace("gte:", "gtee:"))
    assert (error.line, error.path) == (14, "rules[0].when.all[1].gtee")
    assert error.column == PRICING.splitlines()[13].index("gte") + 1
    assert "Did you mean 'gte'?" in error.message


def test_all_mistakes_are_told_at_once_in_the_order_of_the_text() -> None:
    broken = (
        PRICING.replace("kind: pricing", "kind: pricing\nkind: listing")
        .replace("stop: true", "stop: yes")
        .replace("2026-06-01", "2026-06-31")
        .replace("mode: variance", "mode: varience")
        .replace("source: cost", "sauce: cost")
    )
    found = mistakes(broken)
    assert [error.path for error in found] == [
        "kind",
        "rules[0].stop",
        "rules[0].from",
        "rules[1].competitor.conditions.mode",
        "rules[1].floor",
        "rules[1].floor.sauce",
    ]
    assert found == sorted(found, key=lambda error: (error.line, error.column))


def test_the_error_is_an_input_error_that_names_the_first_and_counts_the_rest() -> None:
    with pytest.raises(InvalidInput, match=r"line 1, .* \(and 1 more\)") as caught:
        parse("kind: prices\nname: ''\nrules: []")
    assert caught.value.code == "INVALID_DOCUMENT"


def test_a_document_of_the_wrong_kind_is_refused() -> None:
    (error,) = mistakes(LISTING, RulesetKind.PRICING)
    assert "listing rules; pricing rules are wanted" in error.message


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "empty"),
        ("# nothing", "empty"),
        ("a: [", "not valid YAML"),
        ("a:\n\tb: c", "indented with a tab"),
        ("kind: pricing\nrules: []\n  - key: a", "Compare this line and those above it"),
        ("a: b: c", "not valid YAML"),
        ("\x00", "not valid YAML"),
        ("kind: pricing\n---\nkind: listing", "Only one document"),
        ("a: &x 1\nb: *x", "Anchors and aliases"),
        ("a: !!python/object:os.system x", "Tags"),
        ("a: !mine x", "Tags"),
        ("[" * 100_000, "nested too deeply"),
        ("{" * 100_000, "nested too deeply"),
        ("- " * 60_000, "nested too deeply"),
        ("? [a]\n: b", "A key must be a single word"),
        ("x" * 300_000, "larger than 256 KiB"),
        ("- a", "must be a mapping, such as {kind: ...}"),
        ("just words", "must be a mapping"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(source: str, said: str) -> None:
    assert said in the_mistake(source).message


def test_words_that_older_yaml_took_for_booleans_are_words() -> None:
    (only,) = parse(
        when({"fact": "sku", "in": ["no"]}).replace('"no"', "no, on, 0x10, 1_000")
    ).rules
    assert isinstance(only.when, Leaf)
    assert only.when.value == ("no", "on", "0x10", "1_000")


def test_numbers_are_exact() -> None:
    (only,) = parse(when({"fact": "price", "eq": "X"}).replace('"X"', "0.1")).rules
    assert isinstance(only.when, Leaf)
    assert only.when.value == Decimal("0.1")


def test_an_attribute_is_compared_as_a_number_where_the_number_has_no_quotes() -> None:
    def value(condition: object) -> object:
        (only,) = parse(when(condition)).rules
        assert isinstance(only.when, Leaf)
        return only.when.value

    assert value({"fact": "attribute.size", "eq": 32}) == Decimal(32)
    assert value({"fact": "attribute.size", "eq": "32"}) == "32"
    assert value({"fact": "attribute.size", "gt": "32"}) == Decimal(32)
    assert value({"fact": "attribute.size", "in": [32, 34]}) == (Decimal(32), Decimal(34))
    assert value({"fact": "attribute.size", "in": [32, "L"]}) == ("32", "L")


@pytest.mark.parametrize("key", ["when", "to", "priority", "active", "description"])
def test_an_empty_key_is_a_mistake_since_it_may_have_been_meant_to_limit(key: str) -> None:
    assert the_mistake(rule(**{key: None})).path == f"rules[0].{key}"


@pytest.mark.parametrize(
    ("source", "path", "said"),
    [
        (rule(key="Sale!"), "key", "small letters"),
        (rule(key="left out"), "", "'key' is missing"),
        (rule(key="x" * 201), "key", "longer than 200"),
        (rule(type="clever"), "type", "standard or intelligent"),
        (rule(type="left out"), "", "'type' is missing"),
        (rule(adjust="left out"), "", "'adjust' is missing"),
        (rule(adjust="match"), "adjust", "intelligent"),
        (rule(adjust={}), "adjust", "Write one of"),
        (rule(adjust={"increase": "1%", "decrease": "1%"}), "adjust", "Write one of"),
        (rule(adjust={"decrease": "100%"}), "adjust.decrease", "less than 100%"),
        (rule(adjust={"increase": "1001%"}), "adjust.increase", "1000% at most"),
        (rule(adjust={"decrease": "-5%"}), "adjust.decrease", "above zero"),
        (rule(adjust={"decrease": "0.00"}), "adjust.decrease", "above zero"),
        (rule(adjust={"decrease": "ten"}), "adjust.decrease", "Expected a number"),
        (rule(adjust={"decrease": "1e3"}), "adjust.decrease", "Expected a number"),
        (rule(adjust={"decrease": "ten%"}), "adjust.decrease", "Expected a percentage"),
        (rule(adjust={"decrease": ["1"]}), "adjust.decrease", "not a list"),
        (rule(priority=0), "priority", "whole number from 1"),
        (rule(priority="1.5"), "priority", "whole number"),
        (rule(stop=True), "stop", "needs a `priority`"),
        (rule(active="on"), "active", "true or false"),
        (rule(to="31.12.2026"), "to", "a date such as"),
        (rule(**{"from": "2026-02-01", "to": "2026-01-31"}), "to", "before it starts"),
        (rule(floor={"source": "cost"}), "floor", "Only a rule with `type: intelligent`"),
        (rule(colour="red"), "colour", "has no 'colour'"),
        (intelligent(floor="left out"), "", "'floor' is missing"),
        (intelligent(floor={"source": "cost", "increase": "2.00"}), "floor.increase", "percentage"),
        (intelligent(floor={"source": "co st"}), "floor.source", "code of a price attribute"),
        (intelligent(adjust="mach"), "adjust", "must be a mapping"),
        (
            intelligent(competitor={"source": "buybox"}),
            "competitor.source",
            "Did you mean 'buyBox'",
        ),
        (
            intelligent(competitor={"source": "buyBox", "minFeedbackCount": 5}),
            "competitor.minFeedbackCount",
            "only of the lowest",
        ),
        (
            intelligent(competitor={"source": "lowest", "minFeedbackRating": 101}),
            "competitor.minFeedbackRating",
            "from 0 to 100",
        ),
        (
            intelligent(
                competitor={
                    "source": "buyBox",
                    "conditions": {"mode": "variance", "percents": {"new_new": 90}},
                }
            ),
            "competitor.conditions.percents.new_new",
            "always worth 100",
        ),
        (when({"fact": "prise", "gt": 1}), "when.fact", "Did you mean 'price'?"),
        (when({"fact": "cost", "gt": 1}), "when.fact", "price.cost"),
        (when({"fact": "price", "contains": "2"}), "when", "cannot be asked with contains"),
        (when({"fact": "category", "eq": "Sale"}), "when", "several categories"),
        (when({"fact": "price", "gt": "cheap"}), "when.gt", "Expected a number"),
        (when({"fact": "price", "gt": 2**63}), "when.gt", "too large"),
        (when({"fact": "price", "gt": None}), "when.gt", "nothing is here"),
        (when({"fact": "price", "gt": 1, "lt": 2}), "when", "one comparison"),
        (when({"fact": "price"}), "when", "one comparison"),
        (when({"gt": 1}), "when", "'fact' is missing"),
        (when({"fact": "sku", "in": "a"}), "when.in", "must be a list"),
        (when({"fact": "sku", "in": []}), "when.in", "1 to 1000"),
        (when({"fact": "sku", "eq": ""}), "when.eq", "empty"),
        (when({"fact": "condition", "eq": "used"}), "when.eq", "used_good"),
        (when({"all": []}), "when.all", "leave `when` out"),
        (when({"all": [{"fact": "sku", "eq": "a"}], "any": []}), "when", "one of all, any"),
        (when([{"fact": "sku", "eq": "a"}]), "when", "must be a mapping"),
        (when({"all": [{"fact": "sku", "eq": "a"}] * 33}), "when", "32 conditions"),
    ],
)
def test_a_mistake_is_explained_where_it_is(source: str, path: str, said: str) -> None:
    error = the_mistake(source)
    assert error.path == f"rules[0].{path}".rstrip(".")
    assert said in error.message


def test_conditions_nest_five_deep_and_no_deeper() -> None:
    condition: dict[str, object] = {"fact": "sku", "eq": "a"}
    for _ in range(5):
        condition = {"all": [condition]}
    assert parse(when(condition)).rules
    assert "nested 5 deep" in the_mistake(when({"all": [condition]})).message


def test_groups_that_combine_to_too_many_cases_are_refused() -> None:
    pair = {"any": [{"fact": "sku", "eq": "a"}, {"fact": "name", "eq": "b"}]}
    assert parse(when({"all": [pair] * 6})).rules
    assert "too many cases" in the_mistake(when({"all": [pair] * 7})).message


def test_a_key_is_given_to_one_rule_only() -> None:
    two = json.loads(rule())
    two["rules"] *= 2
    error = the_mistake(json.dumps(two))
    assert error.path == "rules[1]"
    assert "every rule needs its own" in error.message


def test_two_thousand_rules_are_read_and_no_more() -> None:
    def many(count: int) -> str:
        head = "kind: listing\nname: Many\nrules:\n"
        return head + "".join(f"- {{key: r{index}, then: list}}\n" for index in range(count))

    assert len(parse(many(2000)).rules) == 2000
    assert "can have 2000 rules" in the_mistake(many(2001)).message


def test_a_listing_rule_cannot_ask_for_the_market() -> None:
    source = LISTING.replace("category, contains: Shoes", "buyBoxPrice, gt: 1")
    assert "not known while it is decided what to list" in the_mistake(source).message


def test_endless_mistakes_are_not_all_told() -> None:
    source = "kind: pricing\nname: x\nrules: []\n" + "".join(f"k{i}: 1\n" for i in range(9000))
    assert len(mistakes(source)) == 100


_PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "\n",
    "\t",
    "&a",
    "*a",
    "!t",
    "|",
    ">",
    "'",
    '"',
    "%",
    "#",
]
_PIECES += ["null", "~", "1e9", "é", "\ud800", "\x85", "? ", "---", "<<", "when", "all", "10%"]


@given(
    st.sampled_from([PRICING, LISTING]),
    st.lists(
        st.tuples(
            st.integers(0, 900), st.integers(0, 30), st.sampled_from(_PIECES) | st.text(max_size=5)
        ),
        max_size=4,
    ),
)
@example(PRICING, [(0, 0, "\ud800")])
def test_a_damaged_document_is_read_or_refused_and_nothing_else(
    source: str, damages: list[tuple[int, int, str]]
) -> None:
    for start, length, piece in damages:
        source = source[:start] + piece + source[start + length :]
    lines = source.count("\n") + source.count("\r") + source.count("\x85") + 3
    for error in found(source):
        assert 1 <= error.line <= lines
        assert error.column >= 1


def found(source: str) -> tuple[DocumentError, ...]:
    try:
        parse(source)
    except DocumentInvalid as invalid:
        return invalid.errors
    return ()
