"""What conditions mean, and how they are explained."""

from decimal import Decimal

import pytest

from domain.decision import ConditionVerdict
from domain.money import Money
from rules.conditions import explain, folded, holds
from rules.document import parse
from rules.durable_engine import DurableMatcher
from rules.facts import Facts, Value
from rules.language import Expected, Group, Leaf, Operator, Quantifier

TRUE = Leaf("sku", Operator.EQ, "a")
FALSE = Leaf("sku", Operator.EQ, "b")
A = Facts({"sku": "a"})


@pytest.mark.parametrize(
    ("quantifier", "both", "one", "neither"),
    [
        (Quantifier.ALL, True, False, False),
        (Quantifier.ANY, True, True, False),
        (Quantifier.NONE, False, False, True),
        (Quantifier.NOT_ALL, False, True, True),
    ],
)
def test_groups_follow_the_truth_table(
    quantifier: Quantifier, *, both: bool, one: bool, neither: bool
) -> None:
    assert holds(Group(quantifier, (TRUE, TRUE)), A) is both
    assert holds(Group(quantifier, (TRUE, FALSE)), A) is one
    assert holds(Group(quantifier, (FALSE, FALSE)), A) is neither


@pytest.mark.parametrize("written", ["42", '"42"', "042", "4.20"])
@pytest.mark.parametrize("operator", ["contains", "notContains"])
def test_what_a_text_contains_is_a_text_with_quotes_or_without(written: str, operator: str) -> None:
    document = parse(
        "kind: listing\nname: x\nrules:\n"
        f"  - {{key: r, when: {{fact: attribute.size, {operator}: {written}}}, then: list}}\n"
    )
    when = document.rules[0].when
    assert when is not None
    part = written.strip('"')
    for size in ("EU 42", "042 / 9", "4.20", "42", "9"):
        facts = Facts({}, {}, {"size": size})
        expected = (part in size) is (operator == "contains")
        assert holds(when, facts) is expected
        with DurableMatcher(document) as matcher:
            assert matcher.match([facts]) == [{"r"} if expected else set()]


@pytest.mark.parametrize(
    ("value", "operator", "expected", "result"),
    [
        ("Red", Operator.EQ, " rED ", True),
        ("STRASSE", Operator.EQ, "straße", True),
        ("e\u0301", Operator.EQ, "\u00e9", True),
        ("red", Operator.NE, "blue", True),
        ("red", Operator.IN, ("blue", "RED"), True),
        ("red", Operator.NOT_IN, ("blue", "RED"), False),
        ("dark red", Operator.CONTAINS, "RED", True),
        ("dark red", Operator.NOT_CONTAINS, "blue", True),
        ("32", Operator.GT, Decimal("31.5"), True),
        ("32.0", Operator.EQ, Decimal(32), True),
        ("XL", Operator.GT, Decimal(1), False),
        ("XL", Operator.NE, Decimal(1), False),
        (Decimal("19.99"), Operator.LT, Decimal(20), True),
        (Decimal(20), Operator.LTE, Decimal("20.00"), True),
        (Decimal(20), Operator.GTE, Decimal("20.01"), False),
        (Decimal(20), Operator.IN, (Decimal(1), Decimal("20.0")), True),
        (False, Operator.EQ, False, True),
        (True, Operator.NE, True, False),
        (("Men/Tops",), Operator.CONTAINS, "men", True),
        (("Root/Men/Tops",), Operator.CONTAINS, "Men/Tops", True),
        (("Root/Men/Tops",), Operator.CONTAINS, "Root/Tops", False),
        (("Root/Men/Tops",), Operator.CONTAINS, "Top", False),
        (("Men", "Sale"), Operator.IN, ("Women", "Sale"), True),
        (("Men", "Sale"), Operator.NOT_CONTAINS, "Women", True),
        ("x", Operator.EXISTS, True, True),
        (" ", Operator.EXISTS, True, False),
        ((), Operator.EXISTS, False, True),
        (Decimal(0), Operator.EXISTS, True, True),
        (False, Operator.EXISTS, True, True),
    ],
)
def test_comparisons(value: Value, operator: Operator, expected: Expected, *, result: bool) -> None:
    assert holds(Leaf("fact", operator, expected), Facts({"fact": value})) is result


@pytest.mark.parametrize("operator", [each for each in Operator if each is not Operator.EXISTS])
def test_an_unknown_fact_makes_every_comparison_false(operator: Operator) -> None:
    number = operator in {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}
    several = operator in {Operator.IN, Operator.NOT_IN}
    expected: Expected = Decimal(1) if number else ("a",) if several else "a"
    assert not holds(Leaf("sku", operator, expected), Facts({}))
    assert holds(Group(Quantifier.NONE, (Leaf("sku", operator, expected),)), Facts({}))


def test_attributes_and_price_attributes_are_found_by_code() -> None:
    facts = Facts({}, {"cost": Money(1999, "USD")}, {"color": "red"})
    assert holds(Leaf("price.cost", Operator.EQ, Decimal("19.99")), facts)
    assert holds(Leaf("attribute.color", Operator.EQ, "red"), facts)
    assert not holds(Leaf("attribute.cost", Operator.EXISTS, value=True), facts)


def test_folding_is_stable() -> None:
    assert folded(folded(" \u0130I ")) == folded(" \u0130I ")


def test_an_explanation_shows_what_was_expected_and_found() -> None:
    tree = Group(
        Quantifier.NOT_ALL,
        (
            Leaf("price", Operator.GTE, Decimal("20.00")),
            Leaf("category", Operator.IN, ("Sale", "New")),
            Leaf("buyBoxOwned", Operator.EXISTS, value=False),
        ),
    )
    facts = Facts({"price": Decimal("19.50"), "category": ("Men/Sale", "Men")})

    assert explain(tree, facts) == ConditionVerdict(
        "NOT_ALL",
        holds=True,
        children=(
            ConditionVerdict("gte", False, "price", "20.00", "19.50"),
            ConditionVerdict("in", True, "category", "Sale, New", "Men/Sale, Men"),
            ConditionVerdict("exists", True, "buyBoxOwned", "false", None),
        ),
    )


@pytest.mark.parametrize(
    ("condition", "attributes", "expected"),
    [
        ("date.since, gte: 2026-06-01", {"since": "2026-06-01"}, True),
        ("date.since, gt: 2026-06-01", {"since": "6/1/26"}, False),
        ("date.since, gt: 2026-06-01", {"since": "6/2/2026, 12:00 AM"}, True),
        ("date.since, lt: 2026-06-01", {"since": "2026-05-31 23:59:59"}, True),
        ("date.since, eq: 2026-06-01", {"since": "6/1/26"}, True),
        ("date.since, ne: 2026-06-01", {"since": "soon"}, False),
        ("date.since, lt: 2026-06-01", {}, False),
        ("date.since, exists: false", {"since": "2026-02-30"}, True),
        ("date.since, notIn: [2026-06-01]", {"since": "2026-06-02"}, True),
        ("options.material, in: [wool, Silk]", {"material": "Cotton|Wool"}, True),
        ("options.material, contains: Woo", {"material": "Cotton|Wool"}, False),
        ("options.material, notContains: Wool", {"material": "Cotton"}, True),
        ("options.material, notIn: [Wool]", {}, False),
        ("options.material, contains: a", {"material": "a/b"}, False),
        ("options.material, exists: true", {"material": " | "}, False),
    ],
)
def test_dates_and_options_are_compared_as_what_they_are(
    condition: str, attributes: dict[str, str], *, expected: bool
) -> None:
    rules = (
        f"kind: listing\nname: x\nrules:\n  - {{key: r, when: {{fact: {condition}}}, then: list}}\n"
    )
    (rule,) = parse(rules).rules
    assert rule.when is not None
    assert holds(rule.when, Facts({}, {}, attributes)) is expected
    with DurableMatcher(parse(rules)) as matcher:
        assert matcher.match([Facts({}, {}, attributes)]) == [frozenset({"r"} if expected else ())]
