"""Numbers that satisfy comparisons."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Context, Decimal, localcontext
from math import ceil, floor

from rules.language import Leaf
from rules.lint.literals import Range, range_of, unwanted, wanted

MOST = 8
"""Numbers that are offered."""

_CENT = Decimal("0.01")
_EXACT = Context(prec=100)
"""Enough digits for what lies between any two numbers of a document."""
_TYPICAL = (Decimal(100), Decimal(20), Decimal(5), Decimal(1))


def numbers(
    leaves: Sequence[Leaf], least: Decimal | None = None, *, is_whole: bool = False
) -> list[Decimal]:
    """Some numbers that satisfy all of the comparisons; none where no number does.

    Numbers are taken to be dense unless they are whole, so they may have more decimals than a currency.
    """
    with localcontext(_EXACT):
        return _numbers(leaves, range_of(leaves, least), is_whole=is_whole)


def _numbers(leaves: Sequence[Leaf], span: Range, *, is_whole: bool) -> list[Decimal]:
    excluded = {value for values in unwanted(leaves) for value in values}
    lists = [set(values) for values in wanted(leaves)]
    source = _whole(span, len(excluded) + 2) if is_whole else _any(span)
    if lists:
        shared = set.intersection(*lists)
        source = iter(sorted(value for value in shared if isinstance(value, Decimal)))
    found: list[Decimal] = []
    for value in source:
        if value in excluded or not span.holds(value) or value in found:
            continue
        if is_whole and value != value.to_integral_value():
            continue
        found.append(value)
        if len(found) == MOST:
            break
    return found or _between(span, excluded, is_whole=is_whole or bool(lists))


def _any(span: Range) -> Iterator[Decimal]:
    """Plain numbers first, then those close to the limits."""
    yield from _TYPICAL
    low, high = span.low, span.high
    if low is not None and high is not None:
        middle = (low + high) / 2
        yield middle.quantize(_CENT) if abs(middle) < 10**12 else middle
        yield middle
    for limit in (low, high):
        if limit is not None:
            yield limit
            for step in (Decimal(1), _CENT, Decimal(50)):
                yield limit + step if limit is low else limit - step
    yield from (_CENT, Decimal(1000), Decimal(0), Decimal(-1))


def _whole(span: Range, enough: int) -> Iterator[Decimal]:
    """So many from each limit on that one of them is not excluded, where there is one."""
    yield from map(Decimal, (2, 1, 3, 10, 0))
    if span.low is not None:
        yield from (Decimal(floor(span.low) + step) for step in range(enough + 1))
    if span.high is not None:
        yield from (Decimal(ceil(span.high) - step) for step in range(enough + 1))
    if span.low is None and span.high is None:
        yield from map(Decimal, range(enough))


def _between(span: Range, excluded: AbstractSet[object], *, is_whole: bool) -> list[Decimal]:
    """A number where the likely ones are all excluded: one of many, spread over the range."""
    if is_whole:
        return []
    low = span.low if span.low is not None else (span.high or Decimal(0)) - 1
    high = span.high if span.high is not None else low + 1
    if low >= high:
        return []
    parts = len(excluded) + 2
    for part in range(1, parts):
        value = low + (high - low) * part / parts
        if value not in excluded and low < value < high:
            return [value]
    return []
