"""A plan: what rule documents would do to a store's catalogue, worked out before they are published."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from domain.decision import DecisionOutcome, DecisionReason, TraceStep
from domain.listing import ListingReason
from domain.money import Money
from domain.ruleset import RulesetKind
from domain.run import Breach


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A rule document that is to be published."""

    kind: RulesetKind
    name: str
    source: str
    """The document as written, comments and all."""
    content_hash: str
    """SHA-256 of `source`, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of rules that was in force at some moment."""

    kind: RulesetKind
    ruleset_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Move:
    """A price that would change."""

    seller_sku: str
    title: str
    before: Money
    after: Money

    @property
    def share(self) -> Fraction:
        """The change as a part of the price before, negative where it falls."""
        return Fraction((self.after - self.before).minor, max(self.before.minor, 1))


@dataclass(frozen=True, slots=True)
class BelowCost:
    """Listings on sale for less than their products cost, and how much is lost on one unit of each."""

    listings: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one set of rules says of a listing."""

    price: Money | None
    """The price that would be wanted; a held one is not, see `outcome` and `trace`."""
    outcome: DecisionOutcome
    reason: DecisionReason
    is_eligible: bool
    ineligible_because: ListingReason | None
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A listing on which the rules in force and the planned ones differ."""

    seller_sku: str
    title: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference that documents make over a catalogue, against the rules in force.

    `up`, `down`, `first_priced`, `held` and `unchanged` count every listing once. Money is in the store's currency.
    """

    listings: int
    """Listings that were decided both ways."""
    unlisted: int
    """Products without a listing that were looked at."""
    changed: int
    """Listings and products to which anything happens."""
    up: int
    down: int
    first_priced: int
    """Listings that have no price under the rules in force and get one."""
    unchanged: int
    held: dict[str, int]
    """Prices that would be held and are not, or are for another price or reason, by reason."""
    released: int
    """Listings whose price is held under the rules in force and would not be."""
    held_before: int
    held_after: int
    newly_listed: int
    """Products without a listing that would become eligible."""
    no_longer_listed: int
    """Products without a listing that wait to be listed and would not be eligible."""
    newly_ineligible: int
    back_to_eligible: int
    with_stock: int
    """Listings on sale before and after, over which `price_difference` is summed."""
    price_difference: Money
    """Sum of price after minus price before, one unit of each."""
    below_cost_before: BelowCost
    below_cost_after: BelowCost
    largest_up: tuple[Move, ...]
    """By share of the price, the largest first."""
    largest_down: tuple[Move, ...]
    newly_listed_skus: tuple[str, ...]
    """The first of them."""
    newly_ineligible_skus: tuple[str, ...]
    back_to_eligible_skus: tuple[str, ...]
    examples: tuple[Example, ...]
    """One of each kind of change, with both traces."""
    breaches: tuple[Breach, ...] = ()
    """Why the guard-rails would hold the run that follows from publishing; empty where they would not."""

    @property
    def is_empty(self) -> bool:
        """Whether publishing would change nothing."""
        return self.changed == 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Documents with what publishing them would do. Its id is that of the operation that works it out."""

    id: str
    merchant_id: str
    store_id: str
    documents: tuple[PlannedDocument, ...]
    """One of a kind at most."""
    documents_hash: str
    """Digest over the hashes of all documents: equal for equal documents."""
    author: str
    created_at: datetime
    in_force: tuple[InForce, ...] = ()
    """The rules that `effect` compares with."""
    effect: Effect | None = None
    """None until it is worked out."""
    digests: bytes = b""
    """What would change, twelve bytes a listing: see `rules.simulate`."""
    awaits_answer: bool = False
    """Made in the course of publishing, for someone who is asked about it: nobody may take it for looked at."""
    published_at: datetime | None = None
    ruleset_ids: tuple[str, ...] = ()
    """The versions that came of it when it was published."""
