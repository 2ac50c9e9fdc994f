"""The state of the simulated Amazon: sellers, catalogue, rivals, listings, orders, subscriptions.

Everything here changes only between two awaits, so that a request sees a whole world.
"""

import heapq
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from connectors.simulator.catalog_index import CatalogIndex
from connectors.simulator.queue import Queues
from domain.marketplace import MARKETPLACES, Marketplace

JOURNAL_KEPT = 50_000
"""Writes that the journal holds, so that a long story does not fill memory and state file with them."""
Attributes = dict[str, list[dict[str, Any]]]
"""Listing attributes as Amazon writes them. Never changed in place: a change makes a new dict."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller account of the scenario and the application that it has authorised at its start."""

    seller_id: str
    name: str
    client_id: str
    client_secret: str
    refresh_token: str


@dataclass(slots=True)
class Rival:
    """Another seller's offer on an item. Amounts are in the smallest unit of the currency."""

    seller_id: str
    temper: str
    price: int
    ask: int
    """What it would like to get; never asks more than this."""
    floor: int
    """What it never goes below."""
    shipping: int
    fulfilled_by_amazon: bool
    rating: int
    """Positive feedback in whole per cent."""
    feedback: int
    """Number of feedbacks."""
    condition: str
    in_stock: bool = True
    back_at: int | None = None
    """Tick at which an offer that is out of stock returns."""


@dataclass(slots=True)
class Item:
    """An item of the catalogue with the rivals who sell it."""

    asin: str
    title: str
    brand: str | None
    product_type: str
    identifiers: tuple[tuple[str, str], ...]
    reference: int
    """The price level of the item, in the currency's smallest unit."""
    parent_asin: str | None
    child_asins: tuple[str, ...]
    rivals: list[Rival]
    restrictions: dict[str, str] = field(default_factory=dict)
    """Conditions in which it may not be listed, with Amazon's word for why."""
    react_at: int | None = None
    """Tick from which the rivals answer a change of a listing's live price."""


@dataclass(slots=True)
class Submission:
    """Accepted attributes on their way: first to be seen, then on sale. `attributes` is None for a deletion."""

    visible_at: int
    live_at: int
    attributes: Attributes | None
    touched: list[str]


@dataclass(slots=True)
class Listing:
    """One seller SKU."""

    seller_id: str
    sku: str
    product_type: str
    created_ms: int
    updated_ms: int
    accepted: Attributes | None
    """The newest accepted attributes; None after an accepted deletion."""
    shown: Attributes | None
    """What a read gives; None until it is visible for the first time."""
    asin: str | None = None
    condition: str = "new_new"
    price: int | None = None
    """Live price; None until the offer is live."""
    business_price: int | None = None
    """Live price of one unit for businesses; None without an offer to them."""
    quantity: int = 0
    """Live quantity."""
    fulfilled_by_amazon: bool = False
    issues: list[dict[str, Any]] = field(default_factory=list)
    pending: list[Submission] = field(default_factory=list)

    @property
    def is_suppressed(self) -> bool:
        """Whether an issue keeps the offer off the market."""
        return any(issue["severity"] == "ERROR" for issue in self.issues)

    @property
    def is_buyable(self) -> bool:
        """Whether a buyer can order it."""
        return self.price is not None and self.quantity > 0 and not self.is_suppressed


@dataclass(slots=True)
class Parcel:
    """What left for a buyer in one box; of Amazon's own boxes it is known only when they left."""

    reference: str
    quantity: int
    shipped_ms: int
    told_ms: int
    """When it was confirmed; that is when its money is posted."""
    carrier: str = ""
    method: str = ""
    tracking: str = ""


@dataclass(slots=True)
class Order:
    """An order of one item."""

    order_id: str
    item_id: str
    seller_id: str
    sku: str
    asin: str
    title: str
    condition: str
    quantity: int
    unit_price: int
    fulfilled_by_amazon: bool
    status: str
    created_ms: int
    updated_ms: int
    merchant_number: str | None = None
    """The seller's own number, once the seller acknowledged the order with one."""
    parcels: list[Parcel] = field(default_factory=list)

    @property
    def shipped(self) -> int:
        """Units that have left."""
        return sum(parcel.quantity for parcel in self.parcels)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token: of a seller, or grantless with a scope."""

    client_id: str
    seller_id: str | None
    scope: str | None
    expires_ms: int
    resources: list[str] = field(default_factory=list)
    """Methods and paths that a restricted data token is for; empty for every other token."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """That a seller lets an application act for it, known by its refresh token."""

    client_id: str
    seller_id: str
    granted_ms: int


@dataclass(frozen=True, slots=True)
class Code:
    """What a seller's consent sends the application, to be exchanged for an authorisation."""

    client_id: str
    seller_id: str
    redirect_uri: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an application wants its notifications."""

    destination_id: str
    client_id: str
    name: str
    arn: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a seller's application is told of, and where."""

    subscription_id: str
    client_id: str
    seller_id: str
    notification_type: str
    payload_version: str
    destination_id: str
    directive: dict[str, Any] | None


@dataclass(slots=True)
class StoredDocument:
    """What a feed brings in, or what a feed or a report comes to."""

    document_id: str
    seller_id: str
    content_type: str
    content: str | None = None
    """In Base64; None until it is uploaded, and when it was worked off."""
    is_compressed: bool = False


@dataclass(slots=True)
class Batch:
    """A feed or a report: asked for, waiting, worked on for a while, and over."""

    batch_id: str
    client_id: str
    seller_id: str
    type: str
    marketplace_ids: list[str]
    created_ms: int
    ready_at: int
    """Work on it begins no sooner."""
    input_id: str | None = None
    """A feed's document."""
    status: str = "IN_QUEUE"
    started_ms: int | None = None
    ends_at: int | None = None
    """When work on it ends; after that, when it ended."""
    result_id: str | None = None
    data_from_ms: int | None = None
    """From when on a report tells; None where it tells of the moment."""
    schedule_id: str | None = None


@dataclass(slots=True)
class Schedule:
    """That a report is asked for again and again."""

    schedule_id: str
    client_id: str
    seller_id: str
    type: str
    marketplace_ids: list[str]
    period: str
    next_ms: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One write that reached a listing operation."""

    order: int
    tick: int
    at_ms: int
    operation: str
    seller_id: str
    sku: str
    price: str | None
    quantity: int | None
    status: str
    submission_id: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How notifications of offers go astray, as shares of them."""

    lost: float = 0.0
    """Never come."""
    late: float = 0.0
    """Come after the next tick only, among or after those of younger events."""
    twice: float = 0.04
    """Come a second time: half of these at once, half after the next tick."""


@dataclass(slots=True)
class World:
    """All of it. What is derived is rebuilt after loading and never saved."""

    scenario_id: str | None = None
    seed: int = 0
    marketplace_id: str = "ATVPDKIKX0DER"
    currency: str = "USD"
    now_ms: int = 0
    tick: int = 0
    change_share: float = 0.0
    orders_per_tick: float = 0.0
    sellers: dict[str, Seller] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    listings: dict[str, dict[str, Listing]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    authorizations: dict[str, Authorization] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    destinations: dict[str, Destination] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    delivery: Delivery = Delivery()
    late_messages: list[tuple[str, str]] = field(default_factory=list)
    """Notifications, or second copies of them, held back by one tick: ARN and body."""
    documents: dict[str, StoredDocument] = field(default_factory=dict)
    feeds: dict[str, Batch] = field(default_factory=dict)
    reports: dict[str, Batch] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    settled_ms: int = 0
    """Up to when settlements are made."""
    journal: deque[JournalEntry] = field(default_factory=lambda: deque(maxlen=JOURNAL_KEPT))
    """The newest writes, oldest first."""
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    queues: Queues = field(default_factory=Queues)

    # Derived.
    index: CatalogIndex = field(default_factory=CatalogIndex)
    due: list[tuple[int, str, str]] = field(default_factory=list)
    """Heap of moments at which a listing's submission moves on, with seller id and SKU."""
    listings_by_asin: dict[str, dict[tuple[str, str], Listing]] = field(default_factory=dict)
    buy_box: dict[str, str | None] = field(default_factory=dict)
    """Key of the offer that holds the Buy Box, for the items looked at since they changed."""

    @property
    def marketplace(self) -> Marketplace:
        """The marketplace in which everything happens."""
        return next(m for m in MARKETPLACES.values() if m.id == self.marketplace_id)

    def listing(self, seller_id: str, sku: str) -> Listing | None:
        """The listing of that SKU, seen or not."""
        return self.listings.get(seller_id, {}).get(sku)

    def add(self, listing: Listing) -> None:
        """Put a listing into the world and its indexes."""
        self.listings.setdefault(listing.seller_id, {})[listing.sku] = listing
        self.place(listing, listing.asin)
        for submission in listing.pending:
            self.schedule(listing, submission)

    def schedule(self, listing: Listing, submission: Submission) -> None:
        """Remember when a submission becomes visible and when it becomes live."""
        for at in (submission.visible_at, submission.live_at):
            heapq.heappush(self.due, (at, listing.seller_id, listing.sku))

    def place(self, listing: Listing, asin: str | None) -> None:
        """Move a listing's offer to an item."""
        key = (listing.seller_id, listing.sku)
        if listing.asin is not None:
            self.listings_by_asin.get(listing.asin, {}).pop(key, None)
        listing.asin = asin
        if asin is not None:
            self.listings_by_asin.setdefault(asin, {})[key] = listing

    def remove(self, listing: Listing) -> None:
        """Take a listing out of the world."""
        self.place(listing, None)
        del self.listings[listing.seller_id][listing.sku]

    def rebuild_index(self) -> None:
        """Index the catalogue anew, after it was loaded."""
        self.index = CatalogIndex()
        for item in self.items.values():
            self.index.add(item.asin, f"{item.title} {item.brand or ''}", item.identifiers)
