"""Guard-rails: limits that new prices must keep, whatever the rules say.

They judge what came out, not how, so that a mistake in rules, catalogue or market data is stopped before
the first price is sent. Limits on a single price belong to `rules.guard`; this judges the prices of a run together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.decision import Decision, DecisionOutcome, DecisionReason, TraceStep
from domain.run import Breach, RunLimit
from rules.new_prices import NewPrice, NewPrices

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


_WORST = 10
"""Listings that a breach names."""


def judge_run(rails: Guardrails, run: NewPrices, catalogue_size: int) -> tuple[Breach, ...]:
    """The limits that the prices of a run break together; where there is one, none of them may be sent.

    `catalogue_size` counts the store's listings, the run's included. First prices count as below cost or not;
    they are no change of the catalogue.
    """
    return tuple(_breaches(rails, run, catalogue_size))


def judge_hour(
    rails: Guardrails, run: NewPrices, earlier: Iterable[NewPrice], catalogue_size: int
) -> tuple[Breach, ...]:
    """The limits that a run breaks together with what went out within the hour before it, oldest first.

    Each listing counts once, with its price from before the first of its changes. Where somebody else set its price
    in between, or it had none, it counts from there on.
    """
    moves: dict[str, NewPrice] = {}
    for each in earlier:
        moves[each.listing_id] = _seen_whole(each, moves.get(each.listing_id))
    if not moves:
        return ()
    whole = NewPrices()
    for each in run:
        move = _seen_whole(each, moves.pop(each.listing_id, None))
        if move.before != move.after:
            whole.add(move)
    for move in moves.values():
        if move.before != move.after:
            whole.add(move)
    return tuple(
        replace(breach, note=f"Together with the hour before: {breach.note}")
        for breach in judge_run(rails, whole, catalogue_size)
    )


def _seen_whole(price: NewPrice, so_far: NewPrice | None) -> NewPrice:
    """A price with what its listing cost before it moved first, where it is one move with what came before."""
    if so_far is None or so_far.before is None or so_far.after != price.before:
        return price
    return replace(price, before=so_far.before)


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


def _breaches(rails: Guardrails, run: NewPrices, catalogue_size: int) -> Iterator[Breach]:
    yield from _below_cost(rails.below_cost, run)
    moved = _in_order(run)
    if not moved or len(moved) < rails.from_listings:
        return
    yield from _large_share(rails.changed_share_percent, len(moved), catalogue_size)
    yield from _total_fall(rails.total_fall_percent, run, moved)
    yield from _median_fall(rails.median_fall_percent, run, moved)


def _in_order(run: NewPrices) -> list[int]:
    """The places of what changes a price, by how much it rises: what falls most comes first."""
    moved = [place for place, before in enumerate(run.before) if before > 0]
    # Two quotients of such numbers that are not the same differ by more than one part of this.
    scale = max(run.before, default=0) ** 2
    rises = [
        after * scale // before if before > 0 else 0
        for before, after in zip(run.before, run.after, strict=True)
    ]
    moved.sort(key=rises.__getitem__)
    return moved


def _below_cost(most: int | None, run: NewPrices) -> Iterator[Breach]:
    if most is None:
        return
    found = run.below_cost()
    if len(found) > most:
        found.sort(key=lambda place: run.after[place] - run.cost[place])
        prices = "1 price" if len(found) == 1 else f"{len(found)} prices"
        note = f"{prices} below cost; allowed: {most}"
        yield Breach(RunLimit.BELOW_COST, note, _worst(run, found))


def _large_share(most: Decimal | None, moved: int, catalogue_size: int) -> Iterator[Breach]:
    share = Fraction(100 * moved, max(catalogue_size, moved))
    if most is not None and share > Fraction(most):
        note = f"{moved} of {catalogue_size} prices change, {_told(share)}; {most:f}% are allowed"
        yield Breach(RunLimit.CHANGED_SHARE, note)


def _total_fall(most: Decimal | None, run: NewPrices, moved: Sequence[int]) -> Iterator[Breach]:
    before = sum(run.before[place] for place in moved)
    fall = Fraction(100 * (before - sum(run.after[place] for place in moved)), before)
    if most is not None and fall > Fraction(most):
        note = f"The prices that change fall by {_told(fall)} in total; {most:f}% is allowed"
        yield Breach(RunLimit.TOTAL_FALL, note, _worst(run, moved))


def _median_fall(most: Decimal | None, run: NewPrices, moved: Sequence[int]) -> Iterator[Breach]:
    middle = (moved[(len(moved) - 1) // 2], moved[len(moved) // 2])
    falls = [Fraction(100 * (run.before[at] - run.after[at]), run.before[at]) for at in middle]
    fall = (falls[0] + falls[1]) / 2
    if most is not None and fall > Fraction(most):
        note = f"Half of the prices that change fall by {_told(fall)} or more; {most:f}% is allowed"
        yield Breach(RunLimit.MEDIAN_FALL, note, _worst(run, moved))


def _worst(run: NewPrices, places: Sequence[int]) -> tuple[str, ...]:
    return tuple(run.listing_ids[place] for place in places[:_WORST])


def _told(percent: Fraction) -> str:
    """Rounded up to tenths, so that what is over a limit never looks equal to it."""
    tenths = -(-percent.numerator * 10 // percent.denominator)
    return f"{tenths // 10}.{tenths % 10}%"
