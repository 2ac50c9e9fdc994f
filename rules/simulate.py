"""Two sets of rules over a stream of listings, to the difference between them. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from domain.decision import Decision, DecisionOutcome, DecisionReason
from domain.listing import Listing
from domain.money import Money
from domain.plan import BelowCost, Effect, Example, Move, Verdict
from domain.product import Product
from domain.store import Store
from rules.catalog import cost_of
from rules.eligibility import Eligibility

_MOVES = 10
_SKUS = 20
_KEY, _CHANGE = 8, 4
"""Bytes that name a listing and what would change of it in the digests."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one set of rules says of a listing."""

    eligibility: Eligibility
    decision: Decision


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a listing would stand once what the rules say is carried out."""

    price: Money | None
    """The price that would be wanted; where it is held, the one from before."""
    hold: tuple[DecisionReason, Money | None] | None
    eligible: bool
    is_on_sale: bool


@dataclass(slots=True)
class Comparison:
    """Counts the differences as listings and products stream by; nothing of them is kept but what is shown."""

    store: Store
    _counts: Counter[str] = field(default_factory=Counter)
    _held: Counter[str] = field(default_factory=Counter)
    _difference: int = 0
    _lost: Counter[str] = field(default_factory=Counter)
    _up: list[Move] = field(default_factory=list)
    _down: list[Move] = field(default_factory=list)
    _skus: dict[str, list[str]] = field(default_factory=dict)
    _examples: dict[str, Example] = field(default_factory=dict)
    _digests: bytearray = field(default_factory=bytearray)

    def listing(self, listing: Listing, product: Product, before: Said, after: Said) -> None:
        """Take in a listing with what both sides say of it."""
        was, will = _standing(listing, before), _standing(listing, after)
        self._counts["listings"] += 1
        self._counts["held_before"] += was.hold is not None
        self._counts["held_after"] += will.hold is not None
        self._note_cost(product, was, will)
        if was == will:
            self._counts["unchanged"] += 1
            return
        self._note_change(listing.id, repr((will.price, will.hold, will.eligible)))
        for kind in self._kinds(listing, was, will):
            example = Example(
                listing.seller_sku, listing.title, _verdict(was, before), _verdict(will, after)
            )
            self._examples.setdefault(kind, example)

    def product(self, product: Product, *, eligible_before: bool, eligible_after: bool) -> None:
        """Take in a product that has no listing."""
        self._counts["unlisted"] += 1
        if eligible_before is eligible_after:
            return
        kind = "newly_listed" if eligible_after else "no_longer_listed"
        self._note_sku(kind, product.sku)
        self._note_change(f"product {product.id}", kind)

    def effect(self) -> Effect:
        """The difference so far."""
        counts, currency = self._counts, self.store.currency
        return Effect(
            listings=counts["listings"],
            unlisted=counts["unlisted"],
            changed=len(self._digests) // (_KEY + _CHANGE),
            up=counts["up"],
            down=counts["down"],
            first_priced=counts["first_priced"],
            unchanged=counts["unchanged"],
            held=dict(sorted(self._held.items())),
            released=counts["released"],
            held_before=counts["held_before"],
            held_after=counts["held_after"],
            newly_listed=counts["newly_listed"],
            no_longer_listed=counts["no_longer_listed"],
            newly_ineligible=counts["newly_ineligible"],
            back_to_eligible=counts["back_to_eligible"],
            with_stock=counts["with_stock"],
            price_difference=Money(self._difference, currency),
            below_cost_before=self._below_cost("before"),
            below_cost_after=self._below_cost("after"),
            largest_up=tuple(self._up),
            largest_down=tuple(self._down),
            newly_listed_skus=tuple(self._skus.get("newly_listed", ())),
            newly_ineligible_skus=tuple(self._skus.get("newly_ineligible", ())),
            back_to_eligible_skus=tuple(self._skus.get("back_to_eligible", ())),
            examples=tuple(self._examples[kind] for kind in sorted(self._examples)),
        )

    def digests(self) -> bytes:
        """A digest of each listing that changes and of how, to see later whether the same would still happen."""
        return bytes(self._digests)

    def _kinds(self, listing: Listing, was: _Standing, will: _Standing) -> Iterator[str]:
        """Every kind of change of a listing, each counted."""
        if was.hold and not will.hold:
            self._counts["released"] += 1
            yield "released"
        if was.eligible is not will.eligible:
            kind = "back_to_eligible" if will.eligible else "newly_ineligible"
            self._note_sku(kind, listing.seller_sku)
            yield kind
        if will.hold and will.hold != was.hold:
            self._held[will.hold[0].value] += 1
            yield "held"
        elif will.price is None or will.price == was.price:
            self._counts["unchanged"] += 1
        elif was.price is None:
            self._counts["first_priced"] += 1
            yield "first_priced"
        else:
            direction = "up" if will.price > was.price else "down"
            self._counts[direction] += 1
            largest = self._up if direction == "up" else self._down
            _keep(largest, Move(listing.seller_sku, listing.title, was.price, will.price))
            yield direction

    def _note_cost(self, product: Product, was: _Standing, will: _Standing) -> None:
        if was.is_on_sale and will.is_on_sale and was.price and will.price:
            self._counts["with_stock"] += 1
            self._difference += (will.price - was.price).minor
        cost = cost_of(product, self.store)
        if cost is None:
            return
        for side, standing in (("before", was), ("after", will)):
            if standing.is_on_sale and standing.price and standing.price < cost:
                self._lost[f"{side} listings"] += 1
                self._lost[f"{side} amount"] += (cost - standing.price).minor

    def _below_cost(self, side: str) -> BelowCost:
        amount = Money(self._lost[f"{side} amount"], self.store.currency)
        return BelowCost(self._lost[f"{side} listings"], amount)

    def _note_sku(self, kind: str, sku: str) -> None:
        self._counts[kind] += 1
        shown = self._skus.setdefault(kind, [])
        if len(shown) < _SKUS:
            shown.append(sku)

    def _note_change(self, key: str, change: str) -> None:
        self._digests += blake2b(key.encode(), digest_size=_KEY).digest()
        self._digests += blake2b(change.encode(), digest_size=_CHANGE).digest()


@dataclass(frozen=True, slots=True)
class Drift:
    """How far what would change now is from what would have changed before."""

    differing: int
    """Listings to which something else would happen, or that only now or no longer would change."""
    total: int
    """Listings that change in either."""


def drift(before: bytes, after: bytes) -> Drift:
    """Compare two digests of what would change."""
    first, second = _by_key(before), _by_key(after)
    keys = first.keys() | second.keys()
    return Drift(sum(first.get(key) != second.get(key) for key in keys), len(keys))


def _standing(listing: Listing, said: Said) -> _Standing:
    decision, eligible = said.decision, said.eligibility.eligible
    is_held = decision.outcome is DecisionOutcome.HOLD
    last = listing.price if listing.wanted_price is None else listing.wanted_price
    price = last if is_held else decision.price_after
    if last is None and not eligible:
        price = None  # what was never on offer is not offered to be kept out
    return _Standing(
        price,
        (decision.reason, decision.price_after) if is_held else None,
        eligible,
        is_on_sale=eligible and price is not None and decision.quantity_after != 0,
    )


def _verdict(standing: _Standing, said: Said) -> Verdict:
    return Verdict(
        price=standing.price,
        outcome=said.decision.outcome,
        reason=said.decision.reason,
        is_eligible=said.eligibility.eligible,
        ineligible_because=said.eligibility.reason,
        trace=said.decision.trace,
    )


def _keep(largest: list[Move], move: Move) -> None:
    """Put a move in its place among the largest, if it is one of them."""
    if len(largest) == _MOVES and abs(move.share) <= abs(largest[-1].share):
        return
    largest.append(move)
    largest.sort(key=lambda each: -abs(each.share))
    del largest[_MOVES:]


def _by_key(digests: bytes) -> dict[bytes, bytes]:
    width = _KEY + _CHANGE
    return {
        digests[at : at + _KEY]: digests[at + _KEY : at + width]
        for at in range(0, len(digests), width)
    }
