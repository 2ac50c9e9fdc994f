"""The connector to Amazon: everything that `connectors.connector.Connector` asks, for one store."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

import httpx
import structlog

from connectors.amazon import (
    catalog,
    diagnosis,
    feeds,
    listings,
    notifications,
    offers,
    orders,
    participations,
    reports,
    submissions,
)
from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.auth import SharedTokens, Tokens, Unshared
from connectors.amazon.back_office import AmazonBackOffice
from connectors.amazon.pricing import AmazonPricing
from connectors.amazon.product_listing import AmazonProductListing
from connectors.amazon.queue import Queue
from connectors.amazon.transport import Transport
from connectors.budget import Budget, Priority, Sleep
from connectors.journal import Journal
from connectors.port import (
    CatalogItem,
    Delivery,
    Diagnosis,
    FeedReport,
    IdentifierType,
    ItemOffers,
    ListingsReport,
    MarketplaceListing,
    OfferDraft,
    OfferPatch,
    OrderPage,
    Receipt,
    Task,
)
from domain.clock import Clock
from domain.listing import Condition

log = structlog.get_logger()

_TIMEOUT = httpx.Timeout(30, connect=10)


class AmazonConnector(AmazonProductListing, AmazonPricing, AmazonBackOffice):
    """Talks to Amazon for one seller account in one marketplace.

    An `http` client that is handed in stays open when the connector closes.
    """

    def __init__(
        self,
        account: AmazonAccount,
        endpoints: AmazonEndpoints,
        budget: Budget,
        clock: Clock,
        http: httpx.AsyncClient | None = None,
        *,
        shared_tokens: SharedTokens | None = None,
        journal: Journal | None = None,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._account = account
        self._clock = clock
        self._owns_http = http is None
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT)
        self._transport = Transport(
            account,
            endpoints.api_url,
            budget=budget,
            tokens=Tokens(
                account, endpoints.lwa_url, self._http, clock, shared_tokens or Unshared(), journal
            ),
            journal=journal,
            http=self._http,
            sleep=sleep,
            chance=chance,
        )
        self._endpoints = endpoints
        self._queue_arn = endpoints.queue_arn
        self._queue = (
            Queue(endpoints.queue_arn, endpoints, journal) if endpoints.queue_arn else None
        )

    async def check(self) -> str:
        """The seller account's name on the marketplace; raises `Unauthorized` with what failed."""
        return await participations.check(self._transport)

    async def diagnose(self) -> list[Diagnosis]:
        """What works and what does not, part by part."""
        return await diagnosis.diagnose(
            self._transport, self._endpoints, self._queue, self._clock.now()
        )

    async def search_by_identifiers(
        self, kind: IdentifierType, values: Sequence[str]
    ) -> list[CatalogItem]:
        """Items that carry any of at most 20 identifiers."""
        return await catalog.search_by_identifiers(self._transport, kind, values)

    async def search_by_keywords(self, words: str) -> list[CatalogItem]:
        """The first page of items that the words find."""
        return await catalog.search_by_keywords(self._transport, words)

    def all_listings(self) -> AsyncIterator[list[MarketplaceListing]]:
        """Pages of every listing of the seller."""
        return listings.every(self._transport)

    async def listings(
        self, seller_skus: Sequence[str], *, urgently: bool = True
    ) -> list[MarketplaceListing]:
        """Those of at most 20 seller SKUs that exist."""
        priority = Priority.URGENT if urgently else Priority.BACKGROUND
        return await listings.by_sku(self._transport, seller_skus, priority)

    async def request_listings_report(self) -> str:
        """Have a report of all listings made; gives its id."""
        return await reports.request(self._transport)

    async def listings_report_since(self, moment: datetime) -> str | None:
        """The id of the newest report that was asked for since a moment."""
        return await reports.requested_since(self._transport, moment)

    async def report(self, report_id: str) -> Task:
        """How far a report is."""
        return await reports.state(self._transport, report_id)

    async def read_listings_report(self, document_id: str) -> ListingsReport:
        """What a report of listings says."""
        return await reports.read(self._transport, document_id)

    async def put_offer(self, draft: OfferDraft) -> Receipt:
        """Create or replace an offer."""
        return await submissions.put_offer(self._transport, draft)

    async def patch_offer(self, patch: OfferPatch) -> Receipt:
        """Change price, quantity or both."""
        return await submissions.patch_offer(self._transport, patch)

    async def end_offer(self, seller_sku: str) -> Receipt:
        """Remove an offer."""
        return await submissions.end_offer(self._transport, seller_sku)

    def fit_into_feed(self, patches: Sequence[OfferPatch]) -> int:
        """How many of the patches, from the first on, go into one feed."""
        return feeds.fitting(self._account, patches)

    async def upload_feed(self, patches: Sequence[OfferPatch]) -> str:
        """Upload patches, numbered from 1; gives the document's id."""
        return await feeds.upload(self._transport, patches)

    async def send_feed(self, document_id: str) -> str:
        """Have an uploaded document worked off; gives the feed's id."""
        return await feeds.send(self._transport, document_id)

    async def feeds_since(self, moment: datetime) -> list[Task]:
        """Feeds of listings that were sent since a moment, newest first."""
        return await feeds.sent_since(self._transport, moment)

    async def feed(self, feed_id: str) -> Task:
        """How far a feed is."""
        return await feeds.state(self._transport, feed_id)

    async def read_feed_report(self, document_id: str) -> FeedReport:
        """What became of each message of a feed."""
        return await feeds.read(self._transport, document_id)

    async def offers(self, asins: Sequence[str], condition: Condition) -> list[ItemOffers]:
        """Offers on at most 20 items in the condition's group."""
        return await offers.read(self._transport, asins, condition, self._clock)

    async def subscribe(self) -> None:
        """Make sure that the notifications arrive; without a queue there are none."""
        if self._queue_arn is None:
            log.warning("amazon.notifications.no_queue")
            return
        await notifications.subscribe(self._transport, self._queue_arn)

    @property
    def hears(self) -> bool:
        """Whether the store's notifications have a queue."""
        return self._queue is not None

    async def receive(self, limit: int, wait: int = 0) -> list[Delivery]:
        """At most `limit` events that wait; where there are none, those that come first within so many seconds."""
        if self._queue is None:
            return []
        seller_id, marketplace_id = self._account.seller_id, self._account.marketplace.id
        return [
            Delivery(
                message.handle, notifications.event_of(message.body, seller_id, marketplace_id)
            )
            for message in await self._queue.receive(limit, wait)
        ]

    async def acknowledge(self, handles: Sequence[str]) -> None:
        """Have these not delivered again."""
        if self._queue is not None:
            await self._queue.acknowledge(handles)

    def orders_since(self, changed_after: datetime, store_id: str) -> AsyncIterator[OrderPage]:
        """Pages of the orders that changed after a moment of Amazon's time."""
        return orders.since(self._transport, changed_after, store_id, self._clock)

    async def close(self) -> None:
        """Let go of connections."""
        if self._queue is not None:
            await self._queue.close()
        if self._owns_http:
            await self._http.aclose()
