"""JSON Schema of rules and of what they do."""

from domain.listing import Condition
from domain.ruleset import RulesetKind
from rules.action_reader import OTHERWISE_FIELDS
from rules.adjustment_reader import INCREASE, MATCH
from rules.competitor_reader import CHANNELS, MAX_SELLERS, SELLER_ID, THRESHOLDS
from rules.document import (
    INTELLIGENT,
    INTELLIGENT_FIELDS,
    KEY,
    LISTING_FIELDS,
    MAX_DESCRIPTION,
    MAX_PRIORITY,
    PRICING_FIELDS,
    STANDARD,
)
from rules.facts import CODE
from rules.language import (
    CompetitorSource,
    ConditionMode,
    Direction,
    Fallback,
    ListingAction,
)
from rules.schedule import Weekday
from rules.schedule_reader import HOURS
from rules.schema_values import (
    DAY,
    Schema,
    amount,
    duration,
    enum,
    flag,
    matching,
    object_of,
    percentage,
    size,
    text,
    whole,
)
from rules.shape_reader import ENDING

_CASES = dict(
    zip(
        OTHERWISE_FIELDS,
        (
            "Nobody is there to be followed; `price` where it is left out.",
            "The Buy Box is ours; `keep` where it is left out.",
            "The price would be below the floor; `floor` where it is left out.",
            "The price would be above the ceiling; `ceiling` where it is left out.",
        ),
        strict=True,
    )
)


def bodies(kind: RulesetKind) -> Schema:
    """What a rule of a kind of document holds."""
    if kind is RulesetKind.LISTING:
        return _listing()
    return {"oneOf": [_pricing(STANDARD), _pricing(INTELLIGENT)]}


def shape() -> dict[str, Schema]:
    """How prices are finished, in a rule or in a whole document."""
    to = amount("Prices are multiples of this.")
    direction = enum(Direction, "Which way; `nearest` where it is left out.")
    return {
        "ending": {
            "description": 'Last digits of every price, such as ".99". In quotes.',
            "type": ["string", "number"],
            "pattern": rf"^\s*({ENDING.pattern})\s*$",
            "examples": [".99"],
        },
        "round": object_of(
            {"to": to, "direction": direction}, ["to"], description="Round every price."
        ),
        "maxStep": size("The most by which one decision moves the price."),
        "cooldown": duration("How long a price stands before it moves again."),
    }


def _head() -> dict[str, Schema]:
    return {
        "key": {
            **matching(rf"^\s*{KEY.pattern}\s*$", "A name of its own.", "summer-sale"),
            "type": ["string", "number", "boolean"],
            "maxLength": 200,
        },
        "description": text("What it is for.", MAX_DESCRIPTION),
        "active": flag("Whether it is switched on; it is where this is left out."),
    }


def _listing() -> Schema:
    known = {
        **_head(),
        "when": {"$ref": "#/$defs/productCondition"},
        "then": enum(ListingAction, "List the product, or keep it out."),
    }
    return object_of({key: known[key] for key in LISTING_FIELDS}, ["key", "then"])


def _pricing(kind: str) -> Schema:
    is_intelligent = kind == INTELLIGENT
    known = {
        **_head(),
        "type": {"const": kind, "description": _TYPES[kind]},
        "priority": whole("1 runs first; rules without one run last.", 1, MAX_PRIORITY),
        "stop": flag("Run no rule after this one; needs a priority."),
        "from": matching(DAY, "First day, in the store's time zone.", "2026-06-01"),
        "to": matching(DAY, "Last day, inclusive.", "2026-08-31"),
        "weekdays": {
            "type": "array",
            "description": "Days of the week on which it runs; all where it is left out.",
            "minItems": 1,
            "uniqueItems": True,
            "items": enum(Weekday, "A day."),
        },
        "hours": matching(
            rf"^\s*{HOURS.pattern}\s*$",
            "Hours of the store's time zone, over midnight where they end earlier than they start.",
            "08:00-18:00",
        ),
        "when": {"$ref": "#/$defs/condition"},
        "adjust": _adjust(matches=is_intelligent),
        "competitor": _competitor(),
        "floor": _floor(),
        "ceiling": _bound("Not above this."),
        "otherwise": _otherwise(),
        **shape(),
    }
    fields = [key for key in PRICING_FIELDS if is_intelligent or key not in INTELLIGENT_FIELDS]
    required = ["key", "type", "adjust", *(["competitor", "floor"] if is_intelligent else [])]
    return {
        **object_of({key: known[key] for key in fields}, required, title=_TYPES[kind]),
        "not": {"required": ["ending", "round"]},
        "dependentRequired": {"stop": ["priority"]},
    }


_TYPES = {
    STANDARD: "Adjusts the price",
    INTELLIGENT: "Follows a competitor between a floor and a ceiling",
}


def _adjust(*, matches: bool) -> Schema:
    change = _one_of_two(
        size("Go up by a percentage or an amount."), size("Go down by a percentage or an amount.")
    )
    if not matches:
        return {"description": "How the price changes.", **change}
    told = "`match` asks what the competitor asks; otherwise more or less than that."
    return {"description": told, "oneOf": [{"const": MATCH}, change]}


def _one_of_two(increase: Schema, decrease: Schema) -> Schema:
    fields = {INCREASE: increase, "decrease": decrease}
    return {**object_of(fields, []), "minProperties": 1, "maxProperties": 1}


def _bound(description: str, **more: Schema) -> Schema:
    fields = {
        "source": {
            "description": "Code of a price attribute.",
            "type": "string",
            "pattern": rf"^\s*{CODE.pattern}\s*$",
            "examples": ["cost", "price"],
        },
        INCREASE: percentage("So much above it."),
        "decrease": percentage("So much below it."),
        **more,
    }
    return {
        **object_of(fields, ["source"], description=description),
        "not": {"required": [INCREASE, "decrease"]},
    }


def _floor() -> Schema:
    fees = object_of(
        {
            "referral": percentage("Of the price that buyers pay."),
            "fixed": amount("For each unit, in marketplace currency."),
        },
        [],
        description="What Amazon keeps.",
        least=1,
    )
    margin = size("What must be left: a percentage of the price, or an amount.")
    bound = _bound("Not below this.", fees=fees, margin=margin)
    not_both = [[INCREASE, "decrease"], ["margin", INCREASE], ["margin", "decrease"]]
    bound["not"] = {"anyOf": [{"required": keys} for keys in not_both]}
    return bound


def _competitor() -> Schema:
    sellers: Schema = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_SELLERS,
        "uniqueItems": True,
        "items": {"type": ["string", "number"], "pattern": rf"^\s*{SELLER_ID.pattern}\s*$"},
    }
    fields = {
        "source": enum(CompetitorSource, "Who holds the Buy Box, or who asks least."),
        **{
            key: whole("Sellers with less do not count; for `lowest`.", 0, most)
            for key, most in THRESHOLDS.items()
        },
        "conditions": _conditions(),
        "fulfilment": enum(CHANNELS, "Only offers that the seller or Amazon ships."),
        "onlySellers": {**sellers, "description": "Only these sellers count."},
        "excludeSellers": {**sellers, "description": "These sellers do not count."},
        "excludeAmazon": flag("Whether what Amazon itself sells does not count."),
        "maxAge": duration("What was told longer ago does not count."),
    }
    no_feedback = dict.fromkeys(THRESHOLDS, False)
    return {
        **object_of(fields, ["source"], description="Whose price is followed."),
        "if": {"properties": {"source": {"const": CompetitorSource.BUY_BOX.value}}},
        "then": {"properties": no_feedback},
        "not": {
            "anyOf": [
                {"required": ["onlySellers", "excludeSellers"]},
                {"required": ["onlySellers", "excludeAmazon"]},
            ]
        },
    }


def _conditions() -> Schema:
    worth: Schema = {
        "description": "In per cent of a new one.",
        "type": ["number", "string"],
        "pattern": r"^\s*\+?[0-9]{1,19}(\.[0-9]{1,9})?%?\s*$",
        "minimum": 1,
    }
    mode = enum(ConditionMode, "What to do where nobody offers the item in our condition.")
    percents = object_of(
        {each.value: worth for each in Condition}, [], description="What each is worth."
    )
    fields = {"mode": mode, "percents": percents}
    return {
        **object_of(fields, ["mode"], description="Offers in other conditions than ours."),
        "if": {"properties": {"mode": {"const": ConditionMode.VARIANCE.value}}},
        "then": {"required": ["percents"]},
        "else": {"properties": {"percents": False}},
    }


def _otherwise() -> Schema:
    fields = {key: enum(Fallback, told) for key, told in _CASES.items()}
    won = object_of({INCREASE: size("Ask for more, again and again.")}, [INCREASE])
    fields["buyBoxOwned"] = {
        "description": _CASES["buyBoxOwned"],
        "anyOf": [enum(Fallback, "A price to take."), won],
    }
    return object_of(fields, [], description="What to do where it cannot simply follow.", least=1)
