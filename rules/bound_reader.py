"""Reads floors and ceilings, with the fees and the margin that a floor may know."""

from decimal import Decimal
from fractions import Fraction
from functools import partial

from rules.adjustment_reader import DIRECTIONS, amount, by_percent, percentage_within, size
from rules.amounts import factor
from rules.facts import CODE
from rules.language import Bound, Fees
from rules.reader import At, Wrong, text

MAX_TAKEN = 95
"""Per cent of a price that fees and margin may take together."""
FEE_FIELDS = ("referral", "fixed")


def read_floor(at: At) -> Bound | None:
    """The lowest price of a rule."""
    fields = at.fields(["source", *DIRECTIONS, "fees", "margin"], "A floor")
    bound = _plain(at, fields)
    fees = fields["fees"].attempt(_fees) if "fees" in fields else None
    margin = None
    if "margin" in fields:
        margin = fields["margin"].attempt(partial(size, most_percent=MAX_TAKEN))
        changes = [key for key in DIRECTIONS if key in fields]
        if changes:
            fields["margin"].report(
                f"A floor has either a margin or an {changes[0]}: both say what is to be earned; remove one"
            )
    taken = (fees.referral_percent if fees else 0) + ((margin and margin.percent) or 0)
    if taken > MAX_TAKEN:
        at.report(f"Fees and margin take {taken:f}% of the price; {MAX_TAKEN}% is the most")
    if bound is None:
        return None
    return Bound(bound.source, bound.adjust, fees, margin)


def read_ceiling(at: At) -> Bound | None:
    """The highest price of a rule."""
    for key in ("fees", "margin"):
        if at.has(key):
            at.report(f"Only a floor has {key}; a ceiling is a price attribute, adjusted or not")
            return None
    return _plain(at, at.fields(["source", *DIRECTIONS], "A ceiling"))


def check_order(at: At, floor: Bound, ceiling: Bound) -> None:
    """A ceiling that can never be as high as the floor is a mistake; it shows where both have one source."""
    if floor.source != ceiling.source:
        return
    kept = Fraction(1)
    if floor.fees:
        kept -= Fraction(floor.fees.referral_percent) / 100
    if floor.margin:
        kept -= Fraction(floor.margin.percent or 0) / 100
    if kept > 0 and factor(ceiling.adjust) < factor(floor.adjust) / kept:
        at.report(
            f"This ceiling is always below the floor: both come from {floor.source}; raise the ceiling or lower the floor"
        )


def _plain(at: At, fields: dict[str, At]) -> Bound | None:
    source = at.required(fields, "source", code, "cost")
    changes = [key for key in DIRECTIONS if key in fields]
    if len(changes) > 1:
        raise Wrong(at, "A floor or ceiling is either increased or decreased")
    if not changes:
        return None if source is None else Bound(source)
    adjust = fields[changes[0]].attempt(partial(by_percent, changes[0]))
    return None if source is None or adjust is None else Bound(source, adjust)


def _fees(at: At) -> Fees | None:
    fields = at.fields(FEE_FIELDS, "`fees`")
    if not fields:
        raise Wrong(
            at, 'Write what Amazon keeps: {referral: 15%} or {referral: 15%, fixed: "3.50"}'
        )
    referral: Decimal | None = Decimal(0)
    fixed: Decimal | None = Decimal(0)
    if "referral" in fields:
        referral = fields["referral"].attempt(partial(percentage_within, most=MAX_TAKEN))
    if "fixed" in fields:
        fixed = fields["fixed"].attempt(amount)
    return None if referral is None or fixed is None else Fees(referral, fixed)


def code(at: At) -> str:
    """The code of a price attribute."""
    written = text(at)
    if not CODE.fullmatch(written):
        raise Wrong(at, f"Expected the code of a price attribute such as cost, not {written!r}")
    return written
