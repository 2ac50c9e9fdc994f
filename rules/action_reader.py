"""Reads what a pricing rule does: adjustments, competitors, floors and ceilings."""

from decimal import Decimal
from functools import partial

from domain.listing import Condition
from rules.conditions import number
from rules.facts import CODE
from rules.language import (
    Adjustment,
    Bound,
    Competitor,
    CompetitorSource,
    ConditionMode,
    Intelligent,
    Standard,
)
from rules.reader import At, Wrong, choice, decimal, integer, text

MATCH = "match"
MAX_INCREASE = 1000
"""Per cent by which a price or bound can be increased."""

_INCREASE = "increase"
_DIRECTIONS = (_INCREASE, "decrease")
_THRESHOLDS = {"minFeedbackRating": 100, "minFeedbackCount": 1_000_000_000}
_COMPETITOR_FIELDS = ("source", *_THRESHOLDS, "conditions")

_Percents = tuple[tuple[Condition, Decimal], ...]


def read_standard(at: At, fields: dict[str, At]) -> Standard | None:
    """The action of a standard rule (behaviour 14.2)."""
    adjust = at.required(fields, "adjust", _adjustment, "{decrease: 10%}")
    return None if adjust is None else Standard(adjust)


def read_intelligent(at: At, fields: dict[str, At]) -> Intelligent | None:
    """The action of an intelligent rule; it must have a floor (behaviour 14.3 to 14.6)."""
    competitor = at.required(fields, "competitor", _competitor, "{source: buyBox}")
    adjust: Adjustment | None = None
    is_match = "adjust" in fields and fields["adjust"].is_word(MATCH)
    if not is_match:
        adjust = at.required(fields, "adjust", _adjustment, MATCH)
    floor = at.required(fields, "floor", _bound, "{source: cost, increase: 15%}")
    ceiling = fields["ceiling"].attempt(_bound) if "ceiling" in fields else None
    if competitor is None or floor is None or not (is_match or adjust):
        return None
    return Intelligent(competitor, adjust, floor, ceiling)


def _adjustment(at: At) -> Adjustment | None:
    """An increase or a decrease, by a percentage or an amount."""
    if at.is_word(MATCH):
        raise Wrong(at, "Only a rule with `type: intelligent` can match; write {decrease: 10%}")
    fields = at.fields(_DIRECTIONS, "An adjustment")
    if len(fields) != 1:
        raise Wrong(at, 'Write one of {increase: ...} and {decrease: ...}, by 10% or by "2.00"')
    (direction, size), *_ = fields.items()
    if text(size).endswith("%"):
        return _by_percent(direction, size)
    amount = decimal(size)
    _check_above_zero(size, amount)
    return Adjustment(direction == _INCREASE, amount=amount)


def _by_percent(direction: str, at: At) -> Adjustment:
    written = text(at)
    percent = number(written.removesuffix("%"))
    if percent is None or not written.endswith("%"):
        raise Wrong(at, "Expected a percentage such as 15%")
    _check_above_zero(at, percent)
    if direction != _INCREASE and percent >= 100:
        raise Wrong(at, "A decrease must be less than 100%")
    if percent > MAX_INCREASE:
        raise Wrong(at, f"An increase can be {MAX_INCREASE}% at most")
    return Adjustment(direction == _INCREASE, percent=percent)


def _check_above_zero(at: At, value: Decimal) -> None:
    if value <= 0:
        raise Wrong(at, "This must be above zero; the direction is said by increase or decrease")


def _bound(at: At) -> Bound | None:
    """A floor or ceiling."""
    fields = at.fields(["source", *_DIRECTIONS], "A floor or ceiling")
    source = at.required(fields, "source", _code, "cost")
    changes = [key for key in fields if key in _DIRECTIONS]
    if len(changes) > 1:
        raise Wrong(at, "A floor or ceiling is either increased or decreased")
    if not changes:
        return None if source is None else Bound(source)
    adjust = fields[changes[0]].attempt(partial(_by_percent, changes[0]))
    return None if source is None or adjust is None else Bound(source, adjust)


def _code(at: At) -> str:
    code = text(at)
    if not CODE.fullmatch(code):
        raise Wrong(at, f"Expected the code of a price attribute such as cost, not {code!r}")
    return code


def _competitor(at: At) -> Competitor | None:
    fields = at.fields(_COMPETITOR_FIELDS, "A competitor")
    source = at.required(
        fields, "source", partial(choice, choices=CompetitorSource), CompetitorSource.BUY_BOX
    )
    thresholds = {}
    for key, most in _THRESHOLDS.items():
        if key not in fields:
            continue
        if source is CompetitorSource.BUY_BOX:
            fields[key].report(
                "Feedback is asked only of the lowest competitor, not of the Buy Box"
            )
        thresholds[key] = fields[key].attempt(partial(integer, least=0, most=most))
    variance = fields["conditions"].attempt(_conditions) if "conditions" in fields else None
    if source is None:
        return None
    return Competitor(
        source,
        thresholds.get("minFeedbackRating") or 0,
        thresholds.get("minFeedbackCount") or 0,
        *(variance or (ConditionMode.ALL, ())),
    )


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
