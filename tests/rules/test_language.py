"""The rest of the rule language: what it reads and what it refuses, with a reason and its place."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.listing import Fulfilment
from domain.ruleset import RulesetKind
from rules.document import DocumentInvalid, parse, parse_all
from rules.guardrails import DEFAULT_GUARDRAILS, Guardrails
from rules.language import (
    Adjustment,
    Bound,
    Fallback,
    Fees,
    Intelligent,
    Leaf,
    Otherwise,
    Rounding,
    Shape,
    Size,
)
from rules.schedule import Weekday
from rules.source import DocumentError, split

FULL = """\
kind: pricing
name: Everything
ending: ".99"
maxStep: 10%
rules:
  - key: follow
    type: intelligent
    from: 2026-01-01
    weekdays: [sun, mon]
    hours: 22:00-06:00
    cooldown: 30m
    maxStep: "2.50"
    round: {to: "0.05", direction: up}
    competitor:
      source: lowest
      fulfilment: amazon
      excludeSellers: [A1B2C3]
      excludeAmazon: true
      maxAge: 2d
    adjust: match
    floor: {source: cost, fees: {referral: 15%, fixed: "3.50"}, margin: 5%}
    ceiling: {source: msrp}
    otherwise: {noCompetitor: ceiling, belowFloor: hold, aboveCeiling: keep}
"""


def mistakes(source: str, currency: str | None = None) -> list[DocumentError]:
    with pytest.raises(DocumentInvalid) as caught:
        parse(source, currency=currency)
    return list(caught.value.errors)


def rule(**changed: Any) -> str:
    written = {"key": "r", "type": "standard", "adjust": {"decrease": "10%"}, **changed}
    return json.dumps({"kind": "pricing", "name": "One", "rules": [written]})


def follow(**changed: Any) -> str:
    written = {
        "type": "intelligent",
        "competitor": {"source": "buyBox"},
        "adjust": "match",
        "floor": {"source": "cost"},
    }
    return rule(**{**written, **changed})


def test_every_key_is_read() -> None:
    document = parse(FULL)
    (only,) = document.rules
    assert document.shape == Shape(Rounding(ending=".99"), Size(percent=Decimal(10)))
    assert only.schedule.weekdays == (Weekday.MONDAY, Weekday.SUNDAY)
    assert str(only.schedule.hours) == "22:00 to 06:00"
    assert only.shape.cooldown == timedelta(minutes=30)
    assert only.shape.max_step == Size(amount=Decimal("2.50"))
    assert only.shape.over(document.shape).rounding is only.shape.rounding
    action = only.action
    assert isinstance(action, Intelligent)
    assert action.competitor.fulfilment is Fulfilment.AMAZON
    assert action.competitor.exclude_sellers == ("A1B2C3",)
    assert action.competitor.exclude_amazon
    assert action.competitor.max_age == timedelta(days=2)
    assert action.floor == Bound(
        "cost", None, Fees(Decimal(15), Decimal("3.50")), Size(percent=Decimal(5))
    )
    assert action.otherwise == Otherwise(
        Fallback.CEILING, Fallback.KEEP, Fallback.HOLD, Fallback.KEEP
    )


def test_a_buy_box_that_is_ours_may_ask_for_more() -> None:
    source = follow(
        otherwise={"buyBoxOwned": {"increase": "1%"}}, ceiling={"source": "msrp"}, cooldown="1h"
    )
    (only,) = parse(source).rules
    assert isinstance(only.action, Intelligent)
    more = Adjustment(is_increase=True, percent=Decimal(1))
    assert only.action.otherwise.buy_box_owned == more


def test_dates_and_options_are_read_in_their_own_way() -> None:
    def when(condition: object) -> object:
        (only,) = parse(rule(when=condition)).rules
        assert isinstance(only.when, Leaf)
        return only.when.value

    assert when({"fact": "date.news_from", "gte": "2026-06-01"}) == "2026-06-01"
    assert when({"fact": "date.x", "in": ["2026-06-01", "2026-06-02"]}) == (
        "2026-06-01",
        "2026-06-02",
    )
    assert when({"fact": "options.material", "in": ["Wool", 7]}) == ("Wool", "7")


@pytest.mark.parametrize(
    ("source", "path", "said"),
    [
        (rule(weekdays=[]), "weekdays", "Name a day"),
        (rule(weekdays=["Monday"]), "weekdays[0]", "Expected mon, tue"),
        (rule(weekdays=["mon", "mon"]), "weekdays[1]", "named twice"),
        (rule(hours="8-18"), "hours", "such as 08:00-18:00"),
        (rule(hours="08:00-08:00"), "hours", "end where they start"),
        (rule(**{"from": "0001-01-01"}), "from", "a date such as"),
        (rule(cooldown="0m"), "cooldown", "such as 30m"),
        (rule(cooldown="91d"), "cooldown", "longer than 90 days"),
        (rule(maxStep="101%"), "maxStep", "100% at most"),
        (rule(maxStep="-1"), "maxStep", "above zero"),
        (rule(ending="x"), "ending", "last digits"),
        (rule(ending=".99", round={"to": "1"}), "ending", "remove one"),
        (rule(round={"to": "0"}), "round.to", "above zero"),
        (rule(round={"direction": "up"}), "round", "'to' is missing"),
        (rule(round={"to": "1", "direction": "upwards"}), "round.direction", "Expected down, up or nearest"),
        (rule(otherwise={"noCompetitor": "keep"}), "otherwise", "Only a rule with `type: intell"),
        (rule(when={"fact": "date.x", "gt": 5}), "when.gt", "a date such as"),
        (rule(when={"fact": "date.x", "contains": "5"}), "when", "is a date"),
        (rule(when={"fact": "options.x", "eq": "a"}), "when", "Several options"),
        (rule(when={"fact": "dates.x", "eq": "a"}), "when.fact", "There is no fact"),
        (follow(otherwise={}), "otherwise", "Write what to do in a case"),
        (follow(otherwise={"noCase": "keep", "belowFloor": "keep"}), "otherwise.noCase", "has no 'noCase'"),
        (follow(otherwise={"belowFloor": "stop"}), "otherwise.belowFloor", "Expected price, keep"),
        (follow(otherwise={"noCompetitor": "ceiling"}), "otherwise.noCompetitor", "no ceiling"),
        (follow(otherwise={"aboveCeiling": "keep"}), "otherwise.aboveCeiling", "no ceiling"),
        (
            follow(otherwise={"buyBoxOwned": {"decrease": "1%"}}),
            "otherwise.buyBoxOwned",
            "need not go lower",
        ),
        (
            follow(otherwise={"buyBoxOwned": {"increase": "1%"}}, ceiling={"source": "price"}),
            "otherwise.buyBoxOwned",
            "needs a cooldown",
        ),
        (
            follow(otherwise={"buyBoxOwned": {"increase": "1%"}}, cooldown="1h"),
            "otherwise.buyBoxOwned",
            "needs a ceiling",
        ),
        (
            follow(competitor={"source": "lowest"}, otherwise={"buyBoxOwned": "keep"}),
            "otherwise.buyBoxOwned",
            "source: buyBox",
        ),
        (
            follow(competitor={"source": "buyBox", "fulfilment": "FBA"}),
            "competitor.fulfilment",
            "merchant or amazon",
        ),
        (
            follow(competitor={"source": "buyBox", "onlySellers": ["A1B"], "excludeSellers": ["A2B"]}),
            "competitor.excludeSellers",
            "remove one",
        ),
        (
            follow(competitor={"source": "buyBox", "onlySellers": ["A1B"], "excludeAmazon": True}),
            "competitor.excludeAmazon",
            "remove one",
        ),
        (
            follow(competitor={"source": "buyBox", "onlySellers": ["A1B", "A1B"]}),
            "competitor.onlySellers[1]",
            "named twice",
        ),
        (
            follow(competitor={"source": "buyBox", "excludeSellers": ["My rival"]}),
            "competitor.excludeSellers[0]",
            "seller id",
        ),
        (follow(competitor={"source": "buyBox", "maxAge": "old"}), "competitor.maxAge", "24h"),
        (follow(floor={"source": "cost", "fees": {}}), "floor.fees", "Write what Amazon keeps"),
        (
            follow(floor={"source": "cost", "fees": {"referral": "96%"}}),
            "floor.fees.referral",
            "95% at most",
        ),
        (
            follow(floor={"source": "cost", "fees": {"referral": "50%"}, "margin": "50%"}),
            "floor",
            "take 100% of the price",
        ),
        (
            follow(floor={"source": "cost", "increase": "5%", "margin": "5%"}),
            "floor.margin",
            "remove one",
        ),
        (follow(ceiling={"source": "cost", "margin": "5%"}), "ceiling", "Only a floor has margin"),
        (
            follow(floor={"source": "cost", "increase": "5%"}, ceiling={"source": "cost"}),
            "ceiling",
            "always below the floor",
        ),
        (
            follow(
                floor={"source": "cost", "fees": {"referral": "20%"}},
                ceiling={"source": "cost", "increase": "24%"},
            ),
            "ceiling",
            "always below the floor",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_explained_where_it_is(source: str, path: str, said: str) -> None:
    (error,) = mistakes(source)
    assert error.path == f"rules[0].{path}"
    assert said in error.message


def test_a_ceiling_that_reaches_the_floor_is_none() -> None:
    same = follow(floor={"source": "cost"}, ceiling={"source": "cost"})
    other = follow(floor={"source": "cost", "increase": "50%"}, ceiling={"source": "price"})
    fees = follow(
        floor={"source": "cost", "fees": {"referral": "20%"}},
        ceiling={"source": "cost", "increase": "25%"},
    )
    for source in (same, other, fees):
        assert parse(source).rules


@pytest.mark.parametrize(
    ("changed", "currency", "said"),
    [
        ({"ending": ".995"}, "USD", "2 decimals"),
        ({"ending": "99"}, "USD", "with a point, such as .99"),
        ({"ending": ".99"}, "JPY", "0 decimals"),
        ({"round": {"to": "0.005"}}, "USD", "2 decimals"),
        ({"round": {"to": "0.5"}}, "JPY", "no decimals"),
    ],
)
def test_endings_that_the_currency_does_not_have_are_refused(
    changed: dict[str, Any], currency: str, said: str
) -> None:
    assert parse(rule(**changed)).rules
    (error,) = mistakes(rule(**changed), currency)
    assert said in error.message


def test_endings_that_the_currency_has_are_read() -> None:
    assert parse(rule(ending="980"), currency="JPY").rules[0].shape.rounding is not None
    assert parse(rule(ending=".5"), currency="USD").rules[0].shape.rounding is not None
    assert parse(rule(ending=".995"), currency="KWD").rules[0].shape.rounding is not None


TOO_PRECISE = {
    "rules[0].adjust.decrease": rule(adjust={"decrease": "0.5"}),
    "rules[0].maxStep": rule(maxStep="0.5"),
    "maxStep": json.dumps({"kind": "pricing", "name": "x", "rules": [], "maxStep": "0.5"}),
    "rules[0].floor.fees.fixed": follow(floor={"source": "cost", "fees": {"fixed": "0.5"}}),
    "rules[0].floor.margin": follow(floor={"source": "cost", "margin": "0.5"}),
    "rules[0].otherwise.buyBoxOwned.increase": follow(
        ceiling={"source": "price"}, cooldown="2h", otherwise={"buyBoxOwned": {"increase": "0.5"}}
    ),
    "limits.minimumPrice": "kind: guardrails\nname: x\nlimits: {minimumPrice: 0.5}\n",
}


@pytest.mark.parametrize("path", TOO_PRECISE)
def test_amounts_with_more_decimals_than_the_stores_currency_are_refused(path: str) -> None:
    source = TOO_PRECISE[path]
    assert parse(source).name
    assert parse(source, currency="USD").name
    (error,) = mistakes(source, "JPY")
    assert error.path == path
    assert error.message == "Amounts in JPY have no decimals, so 0.5 cannot be meant"
    (error,) = mistakes(source.replace("0.5", "0.005"), "USD")
    assert error.message == "Amounts in USD have 2 decimals at most, so 0.005 cannot be meant"
    assert parse(source.replace("0.5", "5.000"), currency="JPY").name


def test_what_a_condition_compares_with_may_be_as_precise_as_one_likes() -> None:
    assert parse(rule(when={"fact": "price", "lt": "0.005"}), currency="JPY").rules


RAILS = """\
kind: guardrails
name: Brakes
limits:
  minimumPrice: "2.00"
  largestStep: 30%
  changedShare: 25%
  totalFall: 10%
  medianFall: 5%
  belowCost: 0
  fromListings: 20
"""


def test_brakes_that_every_store_has_stay_where_a_document_leaves_them_out() -> None:
    document = parse("kind: guardrails\nname: Brakes\nlimits: {totalFall: 100%}\n")
    assert document.guardrails == replace(DEFAULT_GUARDRAILS, total_fall_percent=Decimal(100))


def test_guard_rails_are_read() -> None:
    document = parse(RAILS)
    assert (document.kind, document.rules) == (RulesetKind.GUARDRAILS, ())
    assert document.guardrails == Guardrails(
        Decimal("2.00"), Decimal(30), Decimal(25), Decimal(10), Decimal(5), 0, 20
    )


@pytest.mark.parametrize(
    ("source", "path", "said"),
    [
        ("kind: guardrails\nname: x", "", "'limits' is missing"),
        ("kind: guardrails\nname: x\nlimits: {}", "limits", "Write a limit"),
        ("kind: guardrails\nname: x\nlimits: {fromListings: 3}", "limits", "Write a limit"),
        ("kind: guardrails\nname: x\nlimits: {totalFall: 10}", "limits.totalFall", "such as 15%"),
        ("kind: guardrails\nname: x\nlimits: {totalFall: 101%}", "limits.totalFall", "100% at most"),
        ("kind: guardrails\nname: x\nlimits: {belowCost: 1%}", "limits.belowCost", "a number"),
        ("kind: guardrails\nname: x\nrules: []\nlimits: {totalFall: 1%}", "rules", "has no 'rules'"),
        ("kind: pricing\nname: x\nrules: []\nlimits: {totalFall: 1%}", "limits", "has no 'limits'"),
        ("kind: listing\nname: x\nrules: []\nending: .99", "ending", "has no 'ending'"),
    ],
)  # fmt: skip
def test_mistakes_in_documents_are_explained(source: str, path: str, said: str) -> None:
    (error,) = mistakes(source)
    assert error.path == path
    assert said in error.message


# Several documents in a file

LISTING = "kind: listing\nname: What we sell\nrules:\n  - {key: all, then: list}\n"


def test_a_file_may_hold_several_documents() -> None:
    source = f"# of the shop\n---\n{FULL}---\n{LISTING}...\n--- # brakes\n{RAILS}---\n"
    found = parse_all(source)
    assert [document.kind for document in found] == [
        RulesetKind.PRICING,
        RulesetKind.LISTING,
        RulesetKind.GUARDRAILS,
    ]
    for part, document in zip(split(source), found, strict=True):
        assert parse(part.text).content_hash == document.content_hash
    assert "".join(part.text for part in split(source)).startswith(source[:100])


def test_a_file_of_one_document_is_that_document() -> None:
    assert parse_all(FULL) == (parse(FULL),)
    assert split(FULL)[0].text == FULL


def test_mistakes_of_all_documents_are_told_by_the_lines_of_the_file() -> None:
    source = LISTING.replace("list}", "sell}") + "---\r\n" + RAILS.replace("30%", "lots")
    with pytest.raises(DocumentInvalid) as caught:
        parse_all(source)
    assert [(error.line, error.path) for error in caught.value.errors] == [
        (4, "rules[0].then"),
        (10, "limits.largestStep"),
    ]


@pytest.mark.parametrize("source", ["", "---\n", "---\n---\n# nothing\n", "%YAML 1.2\n---\n"])
def test_a_file_without_documents_is_refused(source: str) -> None:
    with pytest.raises(DocumentInvalid, match="empty"):
        parse_all(source)


def test_a_file_of_too_many_documents_is_refused() -> None:
    with pytest.raises(DocumentInvalid, match="20 documents"):
        parse_all(f"---\n{LISTING}" * 21)
