"""Connectors of stores, built from their sealed credentials and kept while the credentials stand."""

from redis.asyncio import Redis

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import RedisBudget
from connectors.port import Connector
from domain.clock import Clock
from domain.errors import NotConnected
from domain.store import Store, StoreStatus
from services.settings import Settings
from services.vault import Vault


class Connections:
    """One connector a store, all sharing one rate budget."""

    def __init__(self, settings: Settings, vault: Vault, clock: Clock, redis_url: str) -> None:
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._redis: Redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
        self._budget = RedisBudget(
            self._redis, rate_scale=settings.amazon_rate_scale, workers=settings.workers
        )
        self._open: dict[str, tuple[bytes, AmazonConnector]] = {}

    async def of(self, store: Store) -> Connector:
        """The store's way to Amazon.

        Raises:
            NotConnected: the store was never connected, is paused, or its credentials cannot be opened.
        """
        if store.status is StoreStatus.INACTIVE:
            raise NotConnected(f"The store {store.name} is paused; nothing is sent or fetched.")
        if store.connection is None:
            raise NotConnected(f"Connect the store {store.name} to Amazon first.")
        sealed = store.connection.sealed_credentials
        known = self._open.get(store.id)
        if known and known[0] == sealed:
            return known[1]
        if known:
            await known[1].close()
        connector = self._build(store, store.connection.seller_id, sealed)
        self._open[store.id] = (sealed, connector)
        return connector

    async def close(self) -> None:
        """Let go of connections."""
        for _, connector in self._open.values():
            await connector.close()
        self._open.clear()
        await self._redis.aclose()

    def _build(self, store: Store, seller_id: str, sealed: bytes) -> AmazonConnector:
        credentials = self._vault.open(sealed)
        account = AmazonAccount(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            refresh_token=credentials.refresh_token,
            seller_id=seller_id,
            marketplace=store.marketplace,
            merchant_id=store.merchant_id,
        )
        return AmazonConnector(
            account, self._endpoints(store, seller_id), self._budget, self._clock
        )

    def _endpoints(self, store: Store, seller_id: str) -> AmazonEndpoints:
        arn = self._settings.amazon_queue_arn
        queue = arn.replace("{seller}", seller_id) if arn else None
        if self._settings.amazon_url:
            return AmazonEndpoints.at(self._settings.amazon_url, queue_arn=queue)
        return AmazonEndpoints.of_region(store.marketplace.region, queue_arn=queue)
