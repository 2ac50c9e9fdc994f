"""Guard rails: limits that a whole run of new prices must keep, whatever the rules say.

They judge what came out, not how, so that a mistake in rules, catalogue or market data is stopped before
the first price is sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from statistics import median

from domain.money import CURRENCY_DIGITS, Money

DEFAULT_FROM_LISTINGS = 10


class Limit(StrEnum):
    """What a guard rail watches; spelled as rule documents do."""

    MINIMUM_PRICE = "minimumPrice"
    """No price is lower."""
    LARGEST_STEP = "largestStep"
    """No price moves by more, up or down."""
    CHANGED_SHARE = "changedShare"
    """No larger share of the catalogue gets another price at once."""
    TOTAL_FALL = "totalFall"
    """All the prices that change do not fall by more, taken together."""
    MEDIAN_FALL = "medianFall"
    """Half of the prices that change do not fall by more."""
    BELOW_COST = "belowCost"
    """Not more prices than so many are below cost."""

    @property
    def holds_run(self) -> bool:
        """Whether breaking it holds the whole run, and not just the listings that break it."""
        return self not in {Limit.MINIMUM_PRICE, Limit.LARGEST_STEP}


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


@dataclass(frozen=True, slots=True)
class NewPrice:
    """One listing of a run. All money of a run is in the store's currency."""

    listing_id: str
    before: Money | None
    """The price last wanted or live; None for what was never priced."""
    after: Money
    cost: Money | None = None
    """What a unit costs, where the catalogue tells."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a run breaks."""

    limit: Limit
    note: str
    """What was found and what is allowed, for people."""
    listing_ids: tuple[str, ...] = ()
    """The listings that break it; for limits of the run those that count most, the worst first."""

    @property
    def holds_run(self) -> bool:
        """Whether nothing of the run may be sent."""
        return self.limit.holds_run


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What the guard rails say of a run."""

    breaches: tuple[Breach, ...]

    @property
    def holds_run(self) -> bool:
        """Whether nothing of the run may be sent until a person has looked."""
        return any(breach.holds_run for breach in self.breaches)

    @property
    def held_listings(self) -> frozenset[str]:
        """Listings whose own price breaks a limit; the others may be sent unless the run is held."""
        return frozenset(
            listing_id
            for breach in self.breaches
            if not breach.holds_run
            for listing_id in breach.listing_ids
        )


_WORST = 10
"""Listings that a breach of the whole run names."""


def judge_run(rails: Guardrails, run: Sequence[NewPrice], catalogue_size: int) -> RunVerdict:
    """Judge a run of new prices before any is sent.

    `run` may hold prices that stay; `catalogue_size` counts the store's listings, the run's included.
    """
    changed = [each for each in run if each.before != each.after]
    return RunVerdict(tuple(_breaches(rails, run, changed, catalogue_size)))


def _breaches(
    rails: Guardrails, run: Sequence[NewPrice], changed: Sequence[NewPrice], catalogue_size: int
) -> Iterator[Breach]:
    yield from _under_minimum(rails.minimum_price, run)
    yield from _large_steps(rails.largest_step_percent, changed)
    yield from _below_cost(rails.below_cost, changed)
    if len(changed) < rails.from_listings:
        return
    yield from _large_share(rails.changed_share_percent, changed, catalogue_size)
    moved = sorted((each for each in changed if each.before and each.before.minor > 0), key=_rise)
    if moved:
        yield from _total_fall(rails.total_fall_percent, moved)
        yield from _median_fall(rails.median_fall_percent, moved)


def _under_minimum(least: Decimal | None, run: Sequence[NewPrice]) -> Iterator[Breach]:
    if least is None:
        return
    found = [
        each for each in run if Fraction(each.after.minor) < _in_minor(least, each.after.currency)
    ]
    if found:
        lowest = min(found, key=lambda each: each.after.minor)
        note = f"{_prices(len(found))} under {least:f}, the lowest {lowest.after}"
        yield Breach(Limit.MINIMUM_PRICE, note, _ids(found))


def _large_steps(largest: Decimal | None, changed: Sequence[NewPrice]) -> Iterator[Breach]:
    if largest is None:
        return
    found = [
        each
        for each in changed
        if each.before and each.before.minor > 0 and abs(_rise(each)) > Fraction(largest)
    ]
    if found:
        worst = max(found, key=lambda each: abs(_rise(each)))
        note = f"{_prices(len(found))} beyond a step of {largest:f}%, one from {worst.before} to {worst.after}"
        yield Breach(Limit.LARGEST_STEP, note, _ids(found))


def _below_cost(most: int | None, changed: Sequence[NewPrice]) -> Iterator[Breach]:
    if most is None:
        return
    found = [each for each in changed if each.cost is not None and each.after < each.cost]
    if len(found) > most:
        found.sort(key=lambda each: each.after.minor - (each.cost.minor if each.cost else 0))
        note = f"{_prices(len(found))} below cost; allowed: {most}"
        yield Breach(Limit.BELOW_COST, note, _ids(found[:_WORST]))


def _large_share(
    most: Decimal | None, changed: Sequence[NewPrice], catalogue_size: int
) -> Iterator[Breach]:
    share = Fraction(100 * len(changed), max(catalogue_size, len(changed)))
    if most is not None and share > Fraction(most):
        note = f"{len(changed)} of {catalogue_size} prices change, {_told(share)}; {most:f}% are allowed"
        yield Breach(Limit.CHANGED_SHARE, note)


def _total_fall(most: Decimal | None, moved: Sequence[NewPrice]) -> Iterator[Breach]:
    before = sum(each.before.minor for each in moved if each.before)
    fall = Fraction(100 * (before - sum(each.after.minor for each in moved)), before)
    if most is not None and fall > Fraction(most):
        note = f"The prices that change fall by {_told(fall)} in total; {most:f}% is allowed"
        yield Breach(Limit.TOTAL_FALL, note, _ids(moved[:_WORST]))


def _median_fall(most: Decimal | None, moved: Sequence[NewPrice]) -> Iterator[Breach]:
    fall = -Fraction(median(_rise(each) for each in moved))
    if most is not None and fall > Fraction(most):
        note = f"Half of the prices that change fall by {_told(fall)} or more; {most:f}% is allowed"
        yield Breach(Limit.MEDIAN_FALL, note, _ids(moved[:_WORST]))


def _rise(change: NewPrice) -> Fraction:
    """By how many per cent a price rises; negative where it falls."""
    if change.before is None:
        return Fraction(0)
    return Fraction(100 * (change.after - change.before).minor, change.before.minor)


def _in_minor(amount: Decimal, currency: str) -> Fraction:
    return Fraction(amount) * Fraction(10) ** CURRENCY_DIGITS[currency]


def _ids(changes: Sequence[NewPrice]) -> tuple[str, ...]:
    return tuple(each.listing_id for each in changes)


def _prices(count: int) -> str:
    return "1 price" if count == 1 else f"{count} prices"


def _told(percent: Fraction) -> str:
    """Rounded up to tenths, so that what is over a limit never looks equal to it."""
    tenths = -(-percent.numerator * 10 // percent.denominator)
    return f"{tenths // 10}.{tenths % 10}%"
