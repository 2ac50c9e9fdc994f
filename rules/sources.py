"""Where facts come from: what of a listing each fact is read from, in a form that can be looked up."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from domain.money import CURRENCY_DIGITS, Money
from rules.facts import PRICE, Facts

Source = Any
"""A value, the text of an attribute, or a price; None where nothing is known."""


class Sources:
    """Reads the sources of some facts, a batch at a time."""

    def __init__(self, facts: Iterable[str]) -> None:
        found = list(facts)
        self._values = [fact for fact in found if "." not in fact]
        prices = [fact for fact in found if fact.startswith(PRICE)]
        attributes = [fact for fact in found if "." in fact and fact not in prices]
        self._attributes, self._prices = _codes(attributes), _codes(prices)
        self.facts = (*self._values, *attributes, *prices)
        """The facts in the order of their columns."""

    def columns(self, batch: Sequence[Facts]) -> list[Sequence[Source]]:
        """For each fact its sources, one for each listing; listings are read one after another, which is faster."""
        values, attributes, prices = self._values, self._attributes, self._prices
        return [
            *zip(*[list(map(facts.values.get, values)) for facts in batch], strict=True),
            *zip(*[list(map(facts.attributes.get, attributes)) for facts in batch], strict=True),
            *zip(*[list(map(facts.prices.get, prices)) for facts in batch], strict=True),
        ]


def alone(fact: str, source: Source) -> Facts:
    """A listing of which no more is known than the source of one fact."""
    if source is None:
        return Facts({})
    _, is_family, code = fact.partition(".")
    if not is_family:
        return Facts({fact: source})
    if fact.startswith(PRICE):
        return Facts({}, {code: source})
    return Facts({}, {}, {code: source})


def decimal(money: Money) -> Decimal:
    """The value of a price, as `Facts.get` gives it, but without writing it first."""
    return Decimal(money.minor).scaleb(-CURRENCY_DIGITS[money.currency])


def _codes(facts: Iterable[str]) -> list[str]:
    return [fact.partition(".")[2] for fact in facts]
