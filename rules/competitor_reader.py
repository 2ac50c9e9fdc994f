"""Reads which competitors an intelligent rule follows."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar

from domain.listing import Condition, Fulfilment
from rules.adjustment_reader import MAX_INCREASE, duration
from rules.conditions import number
from rules.language import Competitor, CompetitorSource, ConditionMode
from rules.reader import At, Wrong, choice, did_you_mean, flag, integer, listed, text

THRESHOLDS = {"minFeedbackRating": 100, "minFeedbackCount": 1_000_000_000}
"""The most that each can ask for."""
SELLER_LISTS = ("onlySellers", "excludeSellers")
COMPETITOR_FIELDS = (
    "source",
    *THRESHOLDS,
    "conditions",
    "fulfilment",
    *SELLER_LISTS,
    "excludeAmazon",
    "maxAge",
)
MAX_SELLERS = 200
SELLER_ID = re.compile(r"[A-Z0-9]{3,20}", re.ASCII)
CHANNELS = {each.lower(): each for each in Fulfilment}

_Percents = tuple[tuple[Condition, Decimal], ...]
_T = TypeVar("_T")


def read_competitor(at: At) -> Competitor | None:
    """Whose price counts (behaviour 14.3)."""
    fields = at.fields(COMPETITOR_FIELDS, "A competitor")
    source = at.required(
        fields, "source", partial(choice, choices=CompetitorSource), CompetitorSource.BUY_BOX
    )
    thresholds = {key: _threshold(fields, key, source) for key in THRESHOLDS}
    variance = _optional(fields, "conditions", _conditions)
    if "onlySellers" in fields:
        for key in ("excludeSellers", "excludeAmazon"):
            if key in fields:
                fields[key].report("`onlySellers` says already who counts; remove one of the two")
    found = {key: _optional(fields, key, _sellers) or () for key in SELLER_LISTS}
    fulfilment = _optional(fields, "fulfilment", _channel)
    without_amazon = _optional(fields, "excludeAmazon", flag) or False
    max_age = _optional(fields, "maxAge", duration)
    if source is None:
        return None
    mode, percents = variance or (ConditionMode.ALL, ())
    return Competitor(
        source,
        thresholds["minFeedbackRating"],
        thresholds["minFeedbackCount"],
        mode,
        percents,
        fulfilment,
        found["onlySellers"],
        found["excludeSellers"],
        without_amazon,
        max_age,
    )


def _optional(fields: dict[str, At], key: str, read: Callable[[At], _T | None]) -> _T | None:
    return fields[key].attempt(read) if key in fields else None


def _threshold(fields: dict[str, At], key: str, source: CompetitorSource | None) -> int:
    if key not in fields:
        return 0
    if source is CompetitorSource.BUY_BOX:
        fields[key].report("Feedback is asked only of the lowest competitor, not of the Buy Box")
    return fields[key].attempt(partial(integer, least=0, most=THRESHOLDS[key])) or 0


def _channel(at: At) -> Fulfilment:
    word = text(at)
    if word not in CHANNELS:
        message = f"Expected {listed(CHANNELS)}, who ships the competitor's item, not {word!r}"
        raise Wrong(at, f"{message}{did_you_mean(word, list(CHANNELS))}")
    return CHANNELS[word]


def _sellers(at: At) -> tuple[str, ...] | None:
    items = at.items("Sellers")
    if not 1 <= len(items) <= MAX_SELLERS:
        raise Wrong(at, f"Name 1 to {MAX_SELLERS} sellers")
    found: dict[str, None] = {}
    for item in items:
        seller = item.attempt(_seller)
        if seller in found:
            item.report(f"{seller} is named twice; remove one")
        if seller is not None:
            found[seller] = None
    return tuple(found)


def _seller(at: At) -> str:
    seller = text(at)
    if not SELLER_ID.fullmatch(seller):
        raise Wrong(at, f"Expected a seller id of Amazon's such as A2FIQ4DEMOGIFT, not {seller!r}")
    return seller


def _conditions(at: At) -> tuple[ConditionMode, _Percents] | None:
    """What to do about offers in other conditions than ours (behaviour 14.4)."""
    fields = at.fields(["mode", "percents"], "`conditions`")
    mode = at.required(
        fields, "mode", partial(choice, choices=ConditionMode), ConditionMode.VARIANCE
    )
    if mode is ConditionMode.VARIANCE:
        percents = at.required(fields, "percents", _percents, "{used_good: 80}")
        return None if percents is None else (mode, percents)
    if mode is None:
        return None
    if "percents" in fields:
        fields["percents"].report("Percentages are only used with `mode: variance`")
    return (mode, ())


def _percents(at: At) -> _Percents:
    """What items are worth by condition, in per cent of a new one."""
    fields = at.fields(Condition, "`percents`")
    read = {
        Condition(key): value.attempt(partial(_worth, condition=Condition(key)))
        for key, value in fields.items()
    }
    return tuple((condition, value) for condition, value in read.items() if value is not None)


def _worth(at: At, condition: Condition) -> Decimal:
    value = number(text(at).removesuffix("%"))
    if condition is Condition.NEW:
        if value != 100:
            raise Wrong(at, "A new item is always worth 100; leave it out")
        return Decimal(100)
    most = MAX_INCREASE if condition.startswith("collectible") else 100
    if value is None or not 1 <= value <= most:
        raise Wrong(at, f"Expected a percentage from 1 to {most}")
    return value
