"""Reads guard-rails."""

from functools import partial

from domain.run import RunLimit
from rules.adjustment_reader import amount, percentage_within
from rules.guardrails import (
    DEFAULT_FROM_LISTINGS,
    DEFAULT_GUARDRAILS,
    LIMITS,
    Guardrails,
    PriceLimit,
)
from rules.reader import At, Wrong, integer

FROM_LISTINGS = "fromListings"
PERCENTAGES = (
    PriceLimit.LARGEST_STEP,
    RunLimit.CHANGED_SHARE,
    RunLimit.TOTAL_FALL,
    RunLimit.MEDIAN_FALL,
)
MOST_LISTINGS = 1_000_000


def read_guardrails(at: At) -> Guardrails | None:
    """The limits of a document, at least one; of the brakes that every store has, those that it leaves out stay."""
    fields = at.fields([*LIMITS, FROM_LISTINGS], "`limits`")
    if not any(key in fields for key in LIMITS):
        raise Wrong(at, "Write a limit, such as {totalFall: 10%}")
    percents = {
        key: fields[key].attempt(partial(percentage_within, most=_most(key)))
        for key in PERCENTAGES
        if key in fields
    }
    total, middle = DEFAULT_GUARDRAILS.total_fall_percent, DEFAULT_GUARDRAILS.median_fall_percent
    minimum = below_cost = None
    if PriceLimit.MINIMUM_PRICE in fields:
        minimum = fields[PriceLimit.MINIMUM_PRICE].attempt(amount)
    if RunLimit.BELOW_COST in fields:
        below_cost = fields[RunLimit.BELOW_COST].attempt(
            partial(integer, least=0, most=MOST_LISTINGS)
        )
    from_listings = None
    if FROM_LISTINGS in fields:
        from_listings = fields[FROM_LISTINGS].attempt(partial(integer, least=1, most=MOST_LISTINGS))
    return Guardrails(
        minimum,
        percents.get(PriceLimit.LARGEST_STEP),
        percents.get(RunLimit.CHANGED_SHARE),
        percents.get(RunLimit.TOTAL_FALL, total),
        percents.get(RunLimit.MEDIAN_FALL, middle),
        below_cost,
        from_listings or DEFAULT_FROM_LISTINGS,
    )


def _most(key: PriceLimit | RunLimit) -> int:
    """A price can rise by more than all of it, nothing else can be more than all."""
    return 1000 if key is PriceLimit.LARGEST_STEP else 100
