"""Reads what a pricing rule does: adjust the running price, or follow a competitor between bounds."""

from functools import partial

from rules.adjustment_reader import DIRECTIONS, INCREASE, MATCH, read_adjustment
from rules.bound_reader import check_order, read_ceiling, read_floor
from rules.competitor_reader import read_competitor
from rules.language import (
    Adjustment,
    Competitor,
    CompetitorSource,
    Fallback,
    Intelligent,
    Otherwise,
    Standard,
)
from rules.reader import At, Wrong, choice

OTHERWISE_FIELDS = ("noCompetitor", "buyBoxOwned", "belowFloor", "aboveCeiling")


def read_standard(at: At, fields: dict[str, At]) -> Standard | None:
    """The action of a standard rule (behaviour 14.2)."""
    adjust = at.required(fields, "adjust", read_adjustment, "{decrease: 10%}")
    return None if adjust is None else Standard(adjust)


def read_intelligent(at: At, fields: dict[str, At]) -> Intelligent | None:
    """The action of an intelligent rule; it must have a floor (behaviour 14.3 to 14.6)."""
    competitor = at.required(fields, "competitor", read_competitor, "{source: buyBox}")
    adjust: Adjustment | None = None
    is_match = "adjust" in fields and fields["adjust"].is_word(MATCH)
    if not is_match:
        adjust = at.required(fields, "adjust", read_adjustment, MATCH)
    floor = at.required(fields, "floor", read_floor, "{source: cost, increase: 15%}")
    ceiling = fields["ceiling"].attempt(read_ceiling) if "ceiling" in fields else None
    if floor and ceiling:
        check_order(fields["ceiling"], floor, ceiling)
    otherwise: Otherwise | None = Otherwise()
    if "otherwise" in fields:
        otherwise = fields["otherwise"].attempt(_otherwise)
        _check_otherwise(fields, competitor)
    if competitor is None or floor is None or otherwise is None or not (is_match or adjust):
        return None
    return Intelligent(competitor, adjust, floor, ceiling, otherwise)


def _otherwise(at: At) -> Otherwise | None:
    """What to do in each case in which a rule does not simply follow."""
    fields = at.fields(OTHERWISE_FIELDS, "`otherwise`")
    if not fields:
        raise Wrong(at, "Write what to do in a case, such as {noCompetitor: keep}")
    usual = Otherwise()
    read = partial(choice, choices=Fallback)
    none = fields["noCompetitor"].attempt(read) if "noCompetitor" in fields else None
    won = fields["buyBoxOwned"].attempt(_won) if "buyBoxOwned" in fields else None
    low = fields["belowFloor"].attempt(read) if "belowFloor" in fields else None
    high = fields["aboveCeiling"].attempt(read) if "aboveCeiling" in fields else None
    return Otherwise(
        none or usual.no_competitor,
        won or usual.buy_box_owned,
        low or usual.below_floor,
        high or usual.above_ceiling,
    )


def _won(at: At) -> Fallback | Adjustment | None:
    """What to do while the Buy Box is ours: take a price, or ask for more."""
    if not any(at.has(key) for key in DIRECTIONS):
        return choice(at, Fallback)
    adjust = read_adjustment(at)
    if adjust is not None and not adjust.is_increase:
        raise Wrong(at, "Who holds the Buy Box need not go lower; write {increase: 1%}, or keep")
    return adjust


def _check_otherwise(fields: dict[str, At], competitor: Competitor | None) -> None:
    """Refuse cases that cannot come about, and what would lead nowhere."""
    otherwise = fields["otherwise"]
    said = {key: otherwise.inner(key) for key in OTHERWISE_FIELDS if otherwise.has(key)}
    if "ceiling" not in fields:
        for key, at in said.items():
            if at.is_word(Fallback.CEILING) or key == "aboveCeiling":
                at.report("The rule has no ceiling; give it one, such as {source: price}")
    won = said.get("buyBoxOwned")
    if won is None:
        return
    if competitor and competitor.source is not CompetitorSource.BUY_BOX:
        won.report("Only a rule with {source: buyBox} looks at who holds the Buy Box")
    if won.has(INCREASE):
        for key in ("ceiling", "cooldown"):
            if key not in fields:
                won.report(f"A price that rises again and again needs a {key} in the same rule")
