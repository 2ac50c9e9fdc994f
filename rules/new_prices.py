"""New prices of a run, which may be very many, in a few bytes each."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.money import Money

_NONE = -1
"""Stands for no amount; prices and costs are never below zero."""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """One price of a run that is about to be published. All money of a run is in the store's currency."""

    listing_id: str
    before: Money | None
    """The price last wanted or live; None for what was never priced."""
    after: Money
    cost: Money | None = None
    """What a unit costs, where the catalogue tells."""


class NewPrices:
    """The prices of a run in minor units of one currency, by column; each is made a `NewPrice` when it is looked at."""

    def __init__(self, prices: Iterable[NewPrice] = ()) -> None:
        self.currency = ""
        """Its ISO code; empty as long as there are no prices."""
        self.listing_ids: list[str] = []
        self.before = array("q")
        """Minor units; below zero for what was never priced."""
        self.after = array("q")
        self.cost = array("q")
        """Minor units; below zero where the catalogue does not tell."""
        for price in prices:
            self.add(price)

    def add(self, price: NewPrice) -> None:
        """Put one more at the end."""
        self.currency = price.after.currency
        self.listing_ids.append(price.listing_id)
        self.before.append(_NONE if price.before is None else price.before.minor)
        self.after.append(price.after.minor)
        self.cost.append(_NONE if price.cost is None else price.cost.minor)

    def extend(self, others: "NewPrices") -> None:
        """Put others at the end."""
        self.currency = self.currency or others.currency
        self.listing_ids += others.listing_ids
        self.before += others.before
        self.after += others.after
        self.cost += others.cost

    def __len__(self) -> int:
        return len(self.listing_ids)

    def __iter__(self) -> Iterator[NewPrice]:
        columns = zip(self.listing_ids, self.before, self.after, self.cost, strict=True)
        for listing_id, before, after, cost in columns:
            price = Money(after, self.currency)
            yield NewPrice(listing_id, self._perhaps(before), price, self._perhaps(cost))

    @property
    def up(self) -> int:
        """How many are higher than before."""
        return sum(0 <= was < will for was, will in zip(self.before, self.after, strict=True))

    @property
    def down(self) -> int:
        """How many are lower than before."""
        return sum(was > will for was, will in zip(self.before, self.after, strict=True))

    @property
    def first(self) -> int:
        """How many are the first of their listings."""
        return sum(was < 0 for was in self.before)

    def below_cost(self) -> list[int]:
        """The places of those that are below what a unit costs."""
        columns = enumerate(zip(self.after, self.cost, strict=True))
        return [place for place, (after, cost) in columns if after < cost]

    def costs(self, places: Iterable[int]) -> dict[str, Money]:
        """What units cost at some places where that is known, by listing."""
        return {self.listing_ids[place]: Money(self.cost[place], self.currency) for place in places}

    def _perhaps(self, minor: int) -> Money | None:
        return None if minor < 0 else Money(minor, self.currency)
