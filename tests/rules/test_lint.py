"""Findings on rule documents: each kind is found where it is, and shown on a listing that proves it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from domain.decision import DecisionReason
from domain.money import Money
from domain.store import PriceSettings
from rules.document import parse
from rules.durable_engine import DurableMatcher
from rules.eligibility import Eligibility, judge
from rules.inputs import PricingInputs
from rules.language import RulesetDocument
from rules.lint import Case, Finding, FindingCode, Severity, findings, review
from rules.lint.seasons import covers, meeting
from rules.pricing import PricingVerdict, decide
from rules.schedule import Hours, Schedule, Weekday
from tests.rules.given import NOW, a_listing, a_product, a_store, usd

PRICING = "kind: pricing\nname: Rules\nrules:\n"
LISTING = "kind: listing\nname: Rules\nrules:\n"
FOLLOW = "type: intelligent, competitor: {source: buyBox}, adjust: match"


def pricing(*rules: str) -> str:
    return PRICING + "".join(f"  - {{{rule}}}\n" for rule in rules)


def listing(*rules: str) -> str:
    return LISTING + "".join(f"  - {{{rule}}}\n" for rule in rules)


def found(source: str, *, now: datetime | None = None) -> list[Finding]:
    """What is found, each witness reproduced with the whole document."""
    document = parse(source)
    result = findings(document, source=source, now=now)
    for finding in result:
        assert_reproduced(finding, document)
    return list(result)


def codes(source: str, *, now: datetime | None = None) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.code.value, each.rule_keys) for each in found(source, now=now)]


def verdict_on(case: Case, document: RulesetDocument) -> PricingVerdict:
    with DurableMatcher(document) as matcher:
        (matched,) = matcher.match([case.facts(document.kind)])
    return decide(
        PricingInputs(
            case.store,
            case.product,
            case.listing,
            case.offers,
            document,
            matched,
            eligible=True,
            now=case.now,
        )
    )


def eligibility_of(case: Case, document: RulesetDocument) -> Eligibility:
    with DurableMatcher(document) as matcher:
        (matched,) = matcher.match([case.facts(document.kind)])
    return judge(document, case.product, case.store, matched, case.listing.fulfilment)


def assert_reproduced(finding: Finding, document: RulesetDocument) -> None:
    """What a finding says is true of its witness, as engine and pipeline see it."""
    first, *others = finding.rule_keys
    if finding.witness is None:
        assert finding.code in {"UNREACHABLE", "OUT_OF_SEASON", "SWITCHED_OFF"}
        return
    case = finding.witness.case
    if finding.code is FindingCode.LIST_AND_KEEP_OUT:
        eligibility = eligibility_of(case, document)
        applied = {each.rule_key for each in eligibility.rules if each.applied}
        assert first in applied
        assert applied & set(others)
        assert not eligibility.eligible
        return
    verdict = verdict_on(case, document)
    assert isinstance(finding.witness.verdict, PricingVerdict)
    assert verdict.price_after == finding.witness.verdict.price_after
    matching = {each.rule_key for each in verdict.rules}
    applied = {each.rule_key for each in verdict.rules if each.applied}
    assert set(finding.rule_keys) & matching
    if finding.code is FindingCode.SHADOWED:
        assert first in matching - applied
        assert applied & set(others)
    elif finding.code is FindingCode.FLOOR_ABOVE_CEILING:
        assert verdict.floor
        assert verdict.ceiling
        assert verdict.floor > verdict.ceiling
    elif finding.code is FindingCode.NOT_ABOVE_ZERO:
        assert verdict.price_after
        assert verdict.price_after.minor <= 0
        assert first in applied
    elif finding.code is FindingCode.UNDONE:
        assert {first, *others} <= applied
    elif finding.code is FindingCode.UNBOUNDED:
        assert {first, *others} <= applied
        assert verdict.floor is None
    elif finding.code is FindingCode.OVERLAPPING_DATES:
        assert {first, *others} <= matching
        assert applied & {first, *others}
    elif finding.code is FindingCode.EQUAL_PRIORITY:
        assert_order_matters(finding, document, verdict)


def assert_order_matters(
    finding: Finding, document: RulesetDocument, verdict: PricingVerdict
) -> None:
    by_key = {rule.key: rule for rule in document.rules}
    one, other = finding.rule_keys
    exchanged = {one: by_key[other], other: by_key[one]}
    swapped = replace(
        document, rules=tuple(exchanged.get(rule.key, rule) for rule in document.rules)
    )
    assert finding.witness
    after = verdict_on(finding.witness.case, swapped)
    was = {each.rule_key for each in verdict.rules if each.applied}
    now = {each.rule_key for each in after.rules if each.applied}
    assert was != now or verdict.price_after != after.price_after


# Conditions that exclude each other


@pytest.mark.parametrize(
    "conditions",
    [
        "{fact: price, lt: 5}, {fact: price, gt: 10}",
        "{fact: price, lte: 5}, {fact: price.price, gt: 5}",
        "{fact: sku, eq: a}, {fact: sku, eq: b}",
        "{fact: sku, in: [a, b]}, {fact: sku, notIn: [A, B, c]}",
        "{fact: attribute.color, exists: false}, {fact: attribute.color, ne: red}",
        "{fact: name, contains: shirt}, {fact: name, notContains: hir}",
        "{fact: name, eq: Hoodie}, {fact: name, contains: shirt}",
        "{fact: category, contains: Men/Tops}, {fact: category, notContains: tops}",
        "{fact: date.from, gt: 2026-06-01}, {fact: date.from, lt: 2026-06-02}",
        "{fact: options.material, contains: Wool}, {fact: options.material, notIn: [wool, Silk]}",
        "{fact: enabled, eq: true}, {fact: enabled, ne: true}",
        "{fact: competitorCount, gt: 1}, {fact: competitorCount, lt: 2}",
        "{fact: attribute.size, eq: large}, {fact: attribute.size, in: [small, medium]}",
        "{fact: stock, gte: 5}, {none: [{fact: stock, gt: 3}]}",
    ],
)
def test_conditions_that_exclude_each_other_are_unreachable(conditions: str) -> None:
    source = pricing(
        f"key: a, type: standard, adjust: {{decrease: 1%}}, when: {{all: [{conditions}]}}"
    )
    (finding,) = found(source)
    assert finding.code is FindingCode.UNREACHABLE
    assert finding.severity is Severity.ERROR
    assert len(finding.conflict) == 2
    assert finding.witness is None


@pytest.mark.parametrize(
    "conditions",
    [
        "{fact: price, lte: 5}, {fact: price, gte: 5}",
        "{fact: attribute.color, ne: red}, {fact: attribute.color, ne: blue}",
        "{fact: attribute.size, eq: 12}, {fact: attribute.size, contains: '1'}",
        "{fact: attribute.size, contains: 7}, {fact: attribute.size, notContains: 8}",
        "{fact: attribute.day, eq: 6/1/26}, {fact: date.day, gt: 2026-05-31}",
        "{fact: category, contains: Tops}, {fact: category, contains: Sale}",
        "{fact: date.from, gt: 2026-06-01}, {fact: date.from, lt: 2026-06-03}",
        f"{{fact: date.from, in: [{', '.join(f'2026-06-{day:02}' for day in range(1, 21))}]}}, {{fact: date.from, gt: 2026-06-19}}",
        "{fact: name, contains: shirt}, {fact: name, notContains: red}",
        "{none: [{fact: stock, gt: 3}]}, {fact: sku, exists: true}",
        "{fact: buyBoxOwned, eq: false}, {fact: lowestPrice, gt: 20}, {fact: competitorCount, lt: 2}",
    ],
)
def test_conditions_that_can_hold_together_are_not(conditions: str) -> None:
    source = pricing(
        f"key: a, type: standard, adjust: {{decrease: 1%}}, when: {{all: [{conditions}]}}"
    )
    assert found(source) == []


def test_the_conflict_is_the_smallest_and_its_line_is_told() -> None:
    source = """\
kind: pricing
name: Rules
rules:
  - key: tangled
    type: standard
    adjust: {decrease: 1%}
    when:
      all:
        - {fact: sku, contains: MUG}
        - {fact: price, gte: 20}
        - any:
            - {fact: stock, gt: 5}
            - {fact: category, contains: Sale}
        - {fact: price, lt: 20}
"""
    (finding,) = found(source)
    assert [leaf.fact for leaf in finding.conflict] == ["price", "price"]
    assert (finding.line, finding.column) == (14, 11)
    assert finding.path == "rules[0].when.all[3]"
    assert "`price gte 20` and `price lt 20`" in finding.message


def test_a_conflict_of_all_alternatives_names_each() -> None:
    source = pricing(
        "key: a, type: standard, adjust: {decrease: 1%}, "
        "when: {all: [{fact: sku, eq: x}, {any: [{fact: sku, eq: y}, {fact: sku, eq: z}]}]}"
    )
    (finding,) = found(source)
    assert len(finding.conflict) == 3


# Seasons


def test_rules_that_are_over_or_switched_off_are_hints() -> None:
    source = pricing(
        "key: over, type: standard, adjust: {decrease: 1%}, to: 2026-01-01",
        "key: off, type: standard, adjust: {decrease: 1%}, active: false",
        "key: never, type: standard, adjust: {decrease: 1%}, from: 2026-06-01, to: 2026-06-01, weekdays: [tue]",
    )
    result = found(source, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert [(each.code.value, each.severity.value) for each in result] == [
        ("OUT_OF_SEASON", "HINT"),
        ("SWITCHED_OFF", "HINT"),
        ("OUT_OF_SEASON", "ERROR"),
    ]


def test_without_a_moment_nothing_is_over() -> None:
    source = pricing("key: over, type: standard, adjust: {decrease: 1%}, to: 2001-01-01")
    assert found(source) == []


# Rules that others take everything from


def test_what_a_stop_takes_first_is_shadowed() -> None:
    source = pricing(
        "key: wide, type: standard, priority: 1, stop: true, adjust: {decrease: 1%}, when: {fact: price, gt: 5}",
        "key: narrow, type: standard, priority: 2, adjust: {decrease: 2%}, when: {fact: price, gt: 10}",
    )
    assert codes(source) == [("SHADOWED", ("narrow", "wide"))]


def test_several_rules_can_shadow_one_together() -> None:
    source = pricing(
        "key: low, type: standard, priority: 1, stop: true, adjust: {decrease: 1%}, when: {fact: price, lt: 20}",
        "key: high, type: standard, priority: 2, stop: true, adjust: {decrease: 1%}, when: {fact: price, gte: 20}",
        "key: other, type: standard, priority: 3, stop: true, adjust: {decrease: 1%}, when: {fact: sku, eq: x}",
        "key: never, type: standard, priority: 4, adjust: {decrease: 2%}, when: {fact: price, gt: 10}",
    )
    assert ("SHADOWED", ("never", "low", "high")) in codes(source)


def test_a_second_rule_for_competitors_is_shadowed_by_the_first() -> None:
    source = pricing(
        f"key: first, {FOLLOW}, priority: 1, floor: {{source: price, decrease: 30%}}",
        f"key: second, {FOLLOW}, priority: 2, floor: {{source: price}}, when: {{fact: sku, contains: x}}",
    )
    assert codes(source) == [("SHADOWED", ("second", "first"))]


@pytest.mark.parametrize(
    "narrower",
    [
        "weekdays: [mon]",
        "from: 2026-01-01, to: 2026-02-01",
        "when: {fact: price, gt: 30}",
        "active: false",
    ],
)
def test_what_is_left_for_a_rule_keeps_it_from_being_shadowed(narrower: str) -> None:
    source = pricing(
        f"key: wide, type: standard, priority: 1, stop: true, adjust: {{decrease: 1%}}, {narrower}",
        "key: other, type: standard, priority: 2, adjust: {decrease: 2%}, when: {fact: price, gt: 10}",
    )
    assert "SHADOWED" not in [code for code, _ in codes(source)]


def test_a_stop_that_another_rule_may_take_the_turn_from_shadows_nothing() -> None:
    source = pricing(
        f"key: first, {FOLLOW}, priority: 1, floor: {{source: price}}, when: {{fact: sku, contains: x}}",
        f"key: second, {FOLLOW}, priority: 2, stop: true, floor: {{source: price}}",
        "key: third, type: standard, priority: 3, adjust: {decrease: 2%}",
    )
    assert "SHADOWED" not in [code for code, _ in codes(source)]


# Contradictions


def test_a_floor_above_the_ceiling_is_a_hint_until_a_real_listing_has_it() -> None:
    source = pricing(
        f"key: a, {FOLLOW}, floor: {{source: cost, increase: 10%}}, ceiling: {{source: price, increase: 15%}}"
    )
    (constructed,) = found(source)
    assert (constructed.code, constructed.severity) == (
        FindingCode.FLOOR_ABOVE_CEILING,
        Severity.HINT,
    )
    document = parse(source)
    fine = a_case({"price": "100.00", "cost": "50.00"})
    crossed = a_case({"price": "100.00", "cost": "150.00"})
    (real,) = findings(document, [fine, crossed])
    assert real.severity is Severity.WARNING
    assert real.witness
    assert real.witness.case == crossed
    assert not real.witness.is_constructed
    assert_reproduced(real, document)


def test_conditions_keep_floor_and_ceiling_apart() -> None:
    source = pricing(
        f"key: a, {FOLLOW}, floor: {{source: cost}}, ceiling: {{source: price}}, "
        "when: {all: [{fact: price.cost, lt: 50}, {fact: price, gt: 60}]}"
    )
    assert found(source) == []


def test_adjustments_that_undo_each_other_are_found() -> None:
    source = pricing(
        "key: up, type: standard, priority: 1, adjust: {increase: 25%}, when: {fact: category, contains: Bags}",
        "key: down, type: standard, priority: 2, adjust: {decrease: 20%}",
    )
    (finding,) = found(source)
    assert (finding.code, finding.rule_keys) == (FindingCode.UNDONE, ("down", "up"))
    assert finding.severity is Severity.WARNING


def test_adjustments_on_different_listings_do_not_undo_each_other() -> None:
    source = pricing(
        "key: up, type: standard, priority: 1, adjust: {increase: 10%}, when: {fact: sku, eq: a}",
        "key: down, type: standard, priority: 2, adjust: {decrease: 10%}, when: {fact: sku, eq: b}",
    )
    assert found(source) == []


def test_what_is_listed_only_to_be_kept_out_is_found() -> None:
    source = listing(
        "key: tops, then: list, when: {all: [{fact: category, contains: Men/Tops}, {fact: stock, gt: 3}]}",
        "key: scarce, then: keepOut, when: {fact: stock, lt: 10}",
        "key: plenty, then: keepOut, when: {fact: stock, gte: 10}",
    )
    assert codes(source) == [("LIST_AND_KEEP_OUT", ("tops", "scarce", "plenty"))]


def test_exceptions_from_what_is_listed_are_fine() -> None:
    source = listing(
        "key: tops, then: list, when: {fact: category, contains: Tops}",
        "key: scarce, then: keepOut, when: {fact: stock, lt: 10}",
    )
    assert found(source) == []


# Prices that nothing holds up


def test_an_amount_off_a_price_that_may_be_lower_is_found() -> None:
    source = pricing('key: a, type: standard, adjust: {decrease: "2.00"}')
    (finding,) = found(source)
    assert (finding.code, finding.severity) == (FindingCode.NOT_ABOVE_ZERO, Severity.WARNING)


def test_an_amount_off_prices_that_are_high_enough_is_fine() -> None:
    source = pricing(
        'key: a, type: standard, adjust: {decrease: "2.00"}, when: {fact: price, gt: 2}'
    )
    assert found(source) == []


def test_a_real_cheap_listing_makes_it_an_error() -> None:
    document = parse(pricing('key: a, type: standard, adjust: {decrease: "2.00"}'))
    cheap = a_case({"price": "1.50"})
    (finding,) = findings(document, [a_case({"price": "9.00"}), cheap])
    assert finding.severity is Severity.ERROR
    assert finding.witness
    assert finding.witness.case == cheap


def test_decreases_that_add_up_to_more_than_half_are_found() -> None:
    source = pricing(
        *(
            f"key: r{number}, type: standard, priority: {number}, adjust: {{decrease: 20%}}"
            for number in range(1, 5)
        )
    )
    (finding,) = found(source)
    assert (finding.code, finding.rule_keys) == (FindingCode.UNBOUNDED, ("r1", "r2", "r3", "r4"))
    assert "leave 41% of the price" in finding.message


def test_an_absolute_minimum_or_a_floor_bounds_them() -> None:
    decreases = [
        f"key: r{number}, type: standard, priority: {number}, adjust: {{decrease: 20%}}"
        for number in range(1, 5)
    ]
    store = a_store(PriceSettings(absolute_minimum="5.00"))
    assert findings(parse(pricing(*decreases)), store=store) == ()
    floor = f"key: floor, {FOLLOW}, priority: 9, floor: {{source: price, decrease: 30%}}"
    assert found(pricing(*decreases, floor)) == []


def test_a_follower_whose_floor_can_be_missing_is_found() -> None:
    document = parse(pricing(f"key: a, {FOLLOW}, floor: {{source: cost}}"))
    assert findings(document) == ()
    store = a_store(PriceSettings(source="msrp", largest_step_percent=None))
    (finding,) = findings(document, store=store)
    assert finding.code is FindingCode.UNBOUNDED
    assert finding.witness
    assert verdict_on(finding.witness.case, document).reason is DecisionReason.UNBOUNDED


# Dates and order


def test_rules_that_overlap_by_a_day_are_found() -> None:
    source = pricing(
        "key: june, type: standard, priority: 1, adjust: {decrease: 10%}, from: 2026-06-01, to: 2026-06-15",
        "key: later, type: standard, priority: 2, adjust: {decrease: 15%}, from: 2026-06-15, to: 2026-06-30",
    )
    (finding,) = found(source)
    assert (finding.code, finding.rule_keys) == (FindingCode.OVERLAPPING_DATES, ("later", "june"))
    assert finding.witness
    assert finding.witness.case.now.date() == date(2026, 6, 15)


@pytest.mark.parametrize(
    "second",
    [
        "from: 2026-06-16",
        "from: 2026-06-05, to: 2026-06-07",
        "from: 2026-06-10, when: {fact: sku, eq: b}",
    ],
)
def test_rules_that_follow_contain_or_miss_each_other_are_fine(second: str) -> None:
    source = pricing(
        "key: june, type: standard, priority: 1, adjust: {decrease: 10%}, from: 2026-06-01, to: 2026-06-15, "
        "when: {fact: sku, ne: b}",
        f"key: later, type: standard, priority: 2, adjust: {{decrease: 15%}}, {second}",
    )
    assert found(source) == []


def test_equal_priorities_are_found_where_the_order_matters() -> None:
    source = pricing(
        'key: amount, type: standard, priority: 1, adjust: {decrease: "5.00"}, when: {fact: price, gt: 10}',
        "key: percent, type: standard, priority: 1, adjust: {decrease: 10%}",
    )
    (finding,) = found(source)
    assert (finding.code, finding.rule_keys) == (FindingCode.EQUAL_PRIORITY, ("percent", "amount"))
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("adjust: {decrease: 5%}", "adjust: {decrease: 10%}"),
        (
            'adjust: {decrease: "5.00"}, when: {fact: price, gt: 30}',
            "adjust: {decrease: 10%}, when: {fact: price, lte: 30}",
        ),
        (
            'adjust: {decrease: "5.00"}, weekdays: [mon], when: {fact: price, gt: 30}',
            "adjust: {decrease: 10%}, weekdays: [tue]",
        ),
    ],
)
def test_equal_priorities_without_consequence_are_fine(one: str, other: str) -> None:
    source = pricing(
        f"key: a, type: standard, priority: 1, {one}",
        f"key: b, type: standard, priority: 1, {other}",
    )
    assert found(source) == []


# Samples, bounds of the work, seasons


def a_case(prices: dict[str, str]) -> Case:
    return Case(a_store(), a_product(prices), a_listing(), None, NOW)


def test_a_real_listing_is_shown_rather_than_a_constructed_one() -> None:
    document = parse(
        pricing(
            "key: a, type: standard, priority: 1, stop: true, adjust: {decrease: 1%}",
            "key: b, type: standard, priority: 2, adjust: {decrease: 2%}, when: {fact: price, gt: 10}",
        )
    )
    case = a_case({"price": "42.00"})
    (finding,) = findings(document, [case])
    assert finding.witness
    assert finding.witness.case == case
    assert isinstance(finding.witness.verdict, PricingVerdict)
    assert finding.witness.verdict.price_after == usd("41.58")
    assert [(each.name, each.value) for each in finding.witness.facts] == [
        ("price", "42.00"),
        ("sku", "sku"),
    ]


def test_entangled_documents_end_and_say_that_not_all_was_examined() -> None:
    # given many rules that all overlap in ways that only trying can tell apart
    branches = ", ".join(f"{{fact: attribute.a{number}, gt: 1}}" for number in range(16))
    others = ", ".join(f"{{fact: attribute.b{number}, lt: 9}}" for number in range(4))
    rules = [
        f"key: r{number}, {FOLLOW}, floor: {{source: price}}, "
        f"when: {{all: [{{any: [{branches}]}}, {{any: [{others}]}}, {{fact: stock, ne: {number}}}]}}"
        for number in range(100)
    ]
    document = parse(pricing(*rules))
    examined = review(document, effort=200_000)
    assert not examined.is_complete
    for finding in examined.findings:
        assert_reproduced(finding, document)


def test_long_lists_are_intersected_not_tried() -> None:
    names = ", ".join(f"S{number}" for number in range(1000))
    source = pricing(
        f"key: a, type: standard, adjust: {{decrease: 1%}}, when: {{all: [{{fact: sku, in: [{names}]}}, "
        f"{{fact: sku, notIn: [{names}]}}]}}",
        f"key: b, type: standard, adjust: {{decrease: 1%}}, when: {{all: [{{fact: stock, notIn: "
        f"[{', '.join(map(str, range(900)))}]}}, {{fact: stock, gte: 0}}, {{fact: stock, lt: 900}}]}}",
    )
    assert codes(source) == [("UNREACHABLE", ("a",))]


def test_documents_without_rules_have_no_findings() -> None:
    assert findings(parse("kind: guardrails\nname: Rails\nlimits: {totalFall: 10%}\n")) == ()
    assert findings(parse(PRICING.replace("rules:\n", "rules: []\n"))) == ()


SCHEDULES = [
    Schedule(),
    Schedule(weekdays=(Weekday.MONDAY, Weekday.TUESDAY)),
    Schedule(hours=Hours(time(22), time(6)), weekdays=(Weekday.SUNDAY,)),
    Schedule(hours=Hours(time(6), time(9)), weekdays=(Weekday.MONDAY,)),
    Schedule(starts=date(2026, 1, 6), ends=date(2026, 1, 6)),
    Schedule(starts=date(2026, 1, 12), hours=Hours(time(0), time(5, 30))),
    Schedule(ends=date(2026, 1, 5)),
]


@pytest.mark.parametrize("one", SCHEDULES)
@pytest.mark.parametrize("other", SCHEDULES)
def test_schedules_meet_and_cover_as_every_quarter_of_an_hour_says(
    one: Schedule, other: Schedule
) -> None:
    begin = datetime(2025, 12, 20)  # noqa: DTZ001 - of the store's own clock
    moments = [begin + timedelta(minutes=15 * count) for count in range(4 * 24 * 40)]
    runs = [(one.obstacle(each) is None, other.obstacle(each) is None) for each in moments]
    moment = meeting((one, other))
    assert (moment is not None) is any(first and second for first, second in runs)
    if moment is not None:
        assert one.obstacle(moment) is None
        assert other.obstacle(moment) is None
    if covers(one, other):
        assert all(first for first, second in runs if second)


def test_money_with_too_many_decimals_makes_no_witness() -> None:
    # given conditions that no price in cents meets, though other currencies have such prices
    source = pricing(
        "key: a, type: standard, adjust: {decrease: 1%}, priority: 1, stop: true",
        "key: b, type: standard, adjust: {decrease: 1%}, priority: 2, "
        "when: {all: [{fact: price, gt: 1.001}, {fact: price, lt: 1.009}]}",
    )
    assert found(source) == []


def test_the_witness_of_a_country_is_a_store_there() -> None:
    source = pricing(
        'key: a, type: standard, adjust: {decrease: "2.00"}, when: {fact: country, eq: UK}'
    )
    (finding,) = found(source)
    assert finding.witness
    assert finding.witness.case.store.currency == "GBP"
    assert finding.witness.case.product.prices["price"] == Money.parse(Decimal("0.01"), "GBP")
