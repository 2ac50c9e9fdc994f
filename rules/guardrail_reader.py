"""Reads guard rails."""

from functools import partial

from rules.adjustment_reader import amount, percentage_within
from rules.guardrails import DEFAULT_FROM_LISTINGS, Guardrails, Limit
from rules.reader import At, Wrong, integer

FROM_LISTINGS = "fromListings"
PERCENTAGES = (Limit.LARGEST_STEP, Limit.CHANGED_SHARE, Limit.TOTAL_FALL, Limit.MEDIAN_FALL)
MOST_LISTINGS = 1_000_000


def read_guardrails(at: At) -> Guardrails | None:
    """The limits of a document, at least one."""
    fields = at.fields([*Limit, FROM_LISTINGS], "`limits`")
    if not any(key in fields for key in Limit):
        raise Wrong(at, "Write a limit, such as {totalFall: 10%}")
    percents = {
        key: fields[key].attempt(partial(percentage_within, most=_most(key)))
        for key in PERCENTAGES
        if key in fields
    }
    minimum = below_cost = None
    if Limit.MINIMUM_PRICE in fields:
        minimum = fields[Limit.MINIMUM_PRICE].attempt(amount)
    if Limit.BELOW_COST in fields:
        below_cost = fields[Limit.BELOW_COST].attempt(partial(integer, least=0, most=MOST_LISTINGS))
    from_listings = None
    if FROM_LISTINGS in fields:
        from_listings = fields[FROM_LISTINGS].attempt(partial(integer, least=1, most=MOST_LISTINGS))
    return Guardrails(
        minimum,
        percents.get(Limit.LARGEST_STEP),
        percents.get(Limit.CHANGED_SHARE),
        percents.get(Limit.TOTAL_FALL),
        percents.get(Limit.MEDIAN_FALL),
        below_cost,
        from_listings or DEFAULT_FROM_LISTINGS,
    )


def _most(key: Limit) -> int:
    """A price can rise by more than all of it, nothing else can be more than all."""
    return 1000 if key is Limit.LARGEST_STEP else 100
