"""Guard-rails: limits that new prices must keep, whatever the rules say.

They judge what came out, not how, so that a mistake in rules, catalogue or market data is stopped before
the first price is sent. Limits on a single price belong to `rules.guard`; this judges the prices of a run together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from statistics import median

from domain.decision import Decision, DecisionOutcome, DecisionReason, TraceStep
from domain.money import Money
from domain.run import Breach, RunLimit

DEFAULT_FROM_LISTINGS = 10


class PriceLimit(StrEnum):
    """What guard-rails watch of each price by itself; spelled as rule documents do."""

    MINIMUM_PRICE = "minimumPrice"
    """No price is lower."""
    LARGEST_STEP = "largestStep"
    """No price moves by more, up or down."""


LIMITS: tuple[PriceLimit | RunLimit, ...] = (*PriceLimit, *RunLimit)
"""Every limit that a document may set."""


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The limits of a document; None where there is none."""

    minimum_price: Decimal | None = None
    """In marketplace currency."""
    largest_step_percent: Decimal | None = None
    changed_share_percent: Decimal | None = None
    total_fall_percent: Decimal | None = None
    median_fall_percent: Decimal | None = None
    below_cost: int | None = None
    from_listings: int = DEFAULT_FROM_LISTINGS
    """Share, total and median are judged where at least so many prices change: a few say nothing."""


DEFAULT_GUARDRAILS = Guardrails(total_fall_percent=Decimal(30), median_fall_percent=Decimal(30))
"""In force where a store has none of its own; a store's document takes their place."""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """One price of a run that is about to be published. All money of a run is in the store's currency."""

    listing_id: str
    before: Money | None
    """The price last wanted or live; None for what was never priced."""
    after: Money
    cost: Money | None = None
    """What a unit costs, where the catalogue tells."""


_WORST = 10
"""Listings that a breach names."""


def judge_run(
    rails: Guardrails, run: Sequence[NewPrice], catalogue_size: int
) -> tuple[Breach, ...]:
    """The limits that the prices of a run break together; where there is one, none of them may be sent.

    `catalogue_size` counts the store's listings, the run's included. First prices count as below cost or not;
    they are no change of the catalogue.
    """
    return tuple(_breaches(rails, run, catalogue_size))


def judge_hour(
    rails: Guardrails,
    run: Sequence[NewPrice],
    earlier: Sequence[NewPrice],
    catalogue_size: int,
) -> tuple[Breach, ...]:
    """The limits that a run breaks together with what went out within the hour before it, oldest first.

    Each listing counts once, with its price from before the first of its changes. Where somebody else set its price
    in between, or it had none, it counts from there on.
    """
    if not earlier:
        return ()
    moves: dict[str, NewPrice] = {}
    for each in (*earlier, *run):
        so_far = moves.get(each.listing_id)
        if so_far is not None and so_far.before is not None and so_far.after == each.before:
            each = replace(each, before=so_far.before)  # noqa: PLW2901 - the same move, seen whole
        moves[each.listing_id] = each
    whole = [each for each in moves.values() if each.before != each.after]
    return tuple(
        replace(breach, note=f"Together with the hour before: {breach.note}")
        for breach in judge_run(rails, whole, catalogue_size)
    )


def held(decision: Decision, breaches: Sequence[Breach]) -> Decision:
    """A decision whose price stays back because its run is held; its quantity goes out."""
    why = "; ".join(breach.note for breach in breaches)
    step = TraceStep(
        "GUARD",
        f"Held with its whole run, which waits for a person: {why}",
        before=decision.price_after,
        after=decision.price_after,
    )
    return replace(
        decision,
        outcome=DecisionOutcome.HOLD,
        reason=DecisionReason.RUN_HELD,
        trace=(*decision.trace, step),
        business=None,
        list_price=None,
    )


def _breaches(rails: Guardrails, run: Sequence[NewPrice], catalogue_size: int) -> Iterator[Breach]:
    yield from _below_cost(rails.below_cost, run)
    moved = sorted((each for each in run if each.before and each.before.minor > 0), key=_rise)
    if not moved or len(moved) < rails.from_listings:
        return
    yield from _large_share(rails.changed_share_percent, moved, catalogue_size)
    yield from _total_fall(rails.total_fall_percent, moved)
    yield from _median_fall(rails.median_fall_percent, moved)


def _below_cost(most: int | None, run: Sequence[NewPrice]) -> Iterator[Breach]:
    if most is None:
        return
    found = [each for each in run if each.cost is not None and each.after < each.cost]
    if len(found) > most:
        found.sort(key=lambda each: each.after.minor - (each.cost.minor if each.cost else 0))
        prices = "1 price" if len(found) == 1 else f"{len(found)} prices"
        yield Breach(
            RunLimit.BELOW_COST, f"{prices} below cost; allowed: {most}", _ids(found[:_WORST])
        )


def _large_share(
    most: Decimal | None, moved: Sequence[NewPrice], catalogue_size: int
) -> Iterator[Breach]:
    share = Fraction(100 * len(moved), max(catalogue_size, len(moved)))
    if most is not None and share > Fraction(most):
        note = (
            f"{len(moved)} of {catalogue_size} prices change, {_told(share)}; {most:f}% are allowed"
        )
        yield Breach(RunLimit.CHANGED_SHARE, note)


def _total_fall(most: Decimal | None, moved: Sequence[NewPrice]) -> Iterator[Breach]:
    before = sum(each.before.minor for each in moved if each.before)
    fall = Fraction(100 * (before - sum(each.after.minor for each in moved)), before)
    if most is not None and fall > Fraction(most):
        note = f"The prices that change fall by {_told(fall)} in total; {most:f}% is allowed"
        yield Breach(RunLimit.TOTAL_FALL, note, _ids(moved[:_WORST]))


def _median_fall(most: Decimal | None, moved: Sequence[NewPrice]) -> Iterator[Breach]:
    fall = -Fraction(median(_rise(each) for each in moved))
    if most is not None and fall > Fraction(most):
        note = f"Half of the prices that change fall by {_told(fall)} or more; {most:f}% is allowed"
        yield Breach(RunLimit.MEDIAN_FALL, note, _ids(moved[:_WORST]))


def _rise(change: NewPrice) -> Fraction:
    """By how many per cent a price rises; negative where it falls."""
    if change.before is None:
        return Fraction(0)
    return Fraction(100 * (change.after - change.before).minor, change.before.minor)


def _ids(changes: Sequence[NewPrice]) -> tuple[str, ...]:
    return tuple(each.listing_id for each in changes)


def _told(percent: Fraction) -> str:
    """Rounded up to tenths, so that what is over a limit never looks equal to it."""
    tenths = -(-percent.numerator * 10 // percent.denominator)
    return f"{tenths // 10}.{tenths % 10}%"
