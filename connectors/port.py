"""What a marketplace connector can do, as small protocols, and the values that cross them.

A connector is bound to one store: its credentials, seller account and marketplace.
Every method may raise the errors of `connectors.errors`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.decision import BusinessPrice
from domain.listing import NO_TERMS, Condition, Fulfilment, Issue, OfferTerms
from domain.money import Money
from domain.offer import Offer
from domain.order import Order


class IdentifierType(StrEnum):
    """Identifiers by which a marketplace's catalogue is searched."""

    ASIN = "ASIN"
    EAN = "EAN"
    GCID = "GCID"
    ISBN = "ISBN"
    UPC = "UPC"


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """An item of the marketplace's own catalogue."""

    asin: str
    title: str
    brand: str | None
    product_type: str | None
    identifiers: tuple[tuple[str, str], ...]
    """Pairs of type and value, such as ``("EAN", "4006381333931")``."""
    child_asins: tuple[str, ...]
    """Variations below it; a parent cannot be listed itself."""


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """A new offer on an item that the marketplace knows."""

    seller_sku: str
    asin: str
    product_type: str
    condition: Condition
    price: Money
    quantity: int | None
    """None where Amazon fulfils."""
    handling_days: int
    business: BusinessPrice | None = None
    """None makes no offer to businesses."""
    list_price: Money | None = None


@dataclass(frozen=True, slots=True)
class OfferPatch:
    """New price, new quantity, or both, of an offer that is there; None leaves a value alone."""

    seller_sku: str
    product_type: str
    price: Money | None
    quantity: int | None
    terms: OfferTerms = NO_TERMS
    """Told with the price, in the same breath; nothing where the price is left alone."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The marketplace's answer to a draft, a patch or an end. Accepted is not live."""

    accepted: bool
    submission_id: str
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class MarketplaceListing:
    """A listing as the marketplace holds it now."""

    seller_sku: str
    asin: str | None
    title: str
    product_type: str | None
    condition: Condition | None
    is_buyable: bool
    price: Money | None
    quantity: int | None
    fulfilment: Fulfilment
    issues: tuple[Issue, ...]
    business: BusinessPrice | None = None
    """What businesses pay; None where no offer is made to them."""
    list_price: Money | None = None
    """The price that buyers may see struck through."""


@dataclass(frozen=True, slots=True)
class ItemOffers:
    """Offers on one item at a moment of the marketplace's time."""

    asin: str
    offers: tuple[Offer, ...]
    observed_at: datetime
    covers: frozenset[Condition] = frozenset(Condition)
    """Conditions that the marketplace spoke of; what was known of others still stands."""


@dataclass(frozen=True, slots=True)
class OffersChanged:
    """An event: the offers on an item changed, and this is what they are now."""

    item: ItemOffers


class TaskKind(StrEnum):
    """What the marketplace works on in its own time."""

    FEED = "FEED"
    REPORT = "REPORT"


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """An event: a feed or a report is over, well or not. It says that it is time to look, and nothing more."""

    kind: TaskKind
    id: str


Event = OffersChanged | TaskEnded


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event of a kind that we do not use; it is acknowledged and counted."""

    type: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event with the handle that acknowledges it. It comes again until acknowledged."""

    handle: str
    event: Event | UnknownEvent


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders; all orders changed before `complete_until` have been seen once the last page is read."""

    orders: tuple[Order, ...]
    complete_until: datetime | None
    """The marketplace's time; None on every page but the last, and where the marketplace does not tell."""
    unreadable: tuple[str, ...] = ()
    """Numbers of orders that came in a form we cannot read; a person should look at them."""


class ConnectionPart(StrEnum):
    """What a connection is made of, in the order in which one needs the other."""

    APPLICATION = "APPLICATION"
    TOKEN = "TOKEN"  # noqa: S105
    REGION = "REGION"
    MARKETPLACE = "MARKETPLACE"
    ROLE = "ROLE"
    QUEUE = "QUEUE"


class DiagnosisOutcome(StrEnum):
    """What is known of a part."""

    GOOD = "GOOD"
    BAD = "BAD"
    UNKNOWN = "UNKNOWN"
    """It could not be tried: something before it is bad, or Amazon did not answer."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of one part of a connection, for people."""

    part: ConnectionPart
    outcome: DiagnosisOutcome
    message: str
    remedy: str | None = None
    """What to do about it; None where there is nothing to do."""


class TaskState(StrEnum):
    """How far the marketplace is with a task."""

    WORKING = "WORKING"
    """It waits, or is worked on; also where the marketplace has a word for it that we do not know."""
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    """Taken back by someone; or, for a report, there was nothing to tell."""
    FAILED = "FAILED"
    """Given up. Of a feed some, none or all was done."""


@dataclass(frozen=True, slots=True)
class Task:
    """A report or a feed, which the marketplace works on in its own time."""

    id: str
    state: TaskState
    document_id: str | None
    """What came of it; None while there is nothing."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListingsReport:
    """Every listing of the seller at one moment, told shortly: no product type, no terms, no issues."""

    listings: tuple[MarketplaceListing, ...]
    """Titles may have lost characters."""
    unreadable: tuple[int, ...] = ()
    """Numbers of lines that we cannot read."""


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What became of the messages of a feed."""

    processed: int
    refused: Mapping[int, tuple[Issue, ...]]
    """Issues of the messages that were refused, by their numbers; the others were accepted."""
    issues: tuple[Issue, ...] = ()
    """What is wrong with the feed as a whole."""
    seller_skus: Mapping[int, str] = field(default_factory=dict)
    """Of the messages of which something is told, where their SKUs are told with it."""


class ChecksConnection(Protocol):
    """Tells whether the credentials work for the store's marketplace."""

    async def check(self) -> str:
        """The seller account's name on the marketplace; raises `Unauthorized` with what failed."""

    async def diagnose(self) -> list[Diagnosis]:
        """What works and what does not, part by part. Trouble is told, never raised."""


class ReadsCatalog(Protocol):
    """Searches the marketplace's catalogue."""

    async def search_by_identifiers(
        self, kind: IdentifierType, values: Sequence[str]
    ) -> list[CatalogItem]:
        """Items that carry any of at most 20 identifiers."""

    async def search_by_keywords(self, words: str) -> list[CatalogItem]:
        """The first page of items that the words find."""


class ReadsListings(Protocol):
    """Reads the seller's own listings."""

    def all_listings(self) -> AsyncIterator[list[MarketplaceListing]]:
        """Pages of every listing of the seller.

        Raises `Rejected` after the last page where the marketplace shows no more although there are more.
        """

    async def listings(
        self, seller_skus: Sequence[str], *, urgently: bool = True
    ) -> list[MarketplaceListing]:
        """Those of at most 20 seller SKUs that exist."""


class ReportsListings(Protocol):
    """Has reports made of all listings of the seller, however many they are."""

    async def request_listings_report(self) -> str:
        """Have a report made; gives its id. Asking twice makes two."""

    async def listings_report_since(self, moment: datetime) -> str | None:
        """The id of the newest report that was asked for since a moment of the marketplace's time."""

    async def report(self, report_id: str) -> Task:
        """How far a report is."""

    async def read_listings_report(self, document_id: str) -> ListingsReport:
        """What a report says; raises `Unreadable` where its form is another one."""


class WritesListings(Protocol):
    """Creates, changes and ends the seller's listings. Values are absolute, so that sending twice is sending once."""

    async def put_offer(self, draft: OfferDraft) -> Receipt:
        """Create or replace an offer."""

    async def patch_offer(self, patch: OfferPatch) -> Receipt:
        """Change price, quantity or both, all of it or nothing."""

    async def end_offer(self, seller_sku: str) -> Receipt:
        """Remove an offer."""


class WritesInFeeds(Protocol):
    """Changes many listings at once. Feeds are worked off in the order in which they were sent, one at a time."""

    def fit_into_feed(self, patches: Sequence[OfferPatch]) -> int:
        """How many of the patches, from the first on, go into one feed."""

    async def upload_feed(self, patches: Sequence[OfferPatch]) -> str:
        """Upload patches of different SKUs, numbered from 1; gives the document's id. Nothing happens yet."""

    async def send_feed(self, document_id: str) -> str:
        """Have an uploaded document worked off; gives the feed's id. Sending twice makes two feeds."""

    async def feeds_since(self, moment: datetime) -> list[Task]:
        """Feeds of this kind that were sent since a moment of the marketplace's time, newest first."""

    async def feed(self, feed_id: str) -> Task:
        """How far a feed is."""

    async def read_feed_report(self, document_id: str) -> FeedReport:
        """What became of each message."""


class ReadsOffers(Protocol):
    """Reads what everybody asks for an item."""

    async def offers(self, asins: Sequence[str], condition: Condition) -> list[ItemOffers]:
        """Offers on at most 20 items in the condition's group (new, used, ...).

        Items for which the marketplace had no answer this time are left out.
        """


class ReceivesEvents(Protocol):
    """Receives the marketplace's notifications, each at least once, in any order."""

    async def subscribe(self) -> None:
        """Make sure that the notifications arrive; calling again changes nothing."""

    @property
    def hears(self) -> bool:
        """Whether there is anything from which events could come."""

    async def receive(self, limit: int, wait: int = 0) -> list[Delivery]:
        """At most `limit` events that wait; where there are none, those that come first within so many seconds."""

    async def acknowledge(self, handles: Sequence[str]) -> None:
        """Have these not delivered again."""


class ReadsOrders(Protocol):
    """Reads orders."""

    def orders_since(self, changed_after: datetime, store_id: str) -> AsyncIterator[OrderPage]:
        """Pages of the orders that changed after a moment of the marketplace's time."""
