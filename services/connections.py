"""Connectors of stores, built from their sealed credentials and kept while the credentials stand."""

from redis.asyncio import Redis

from connectors.amazon import consent
from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import RedisBudget
from connectors.connector import Connector
from domain.clock import Clock
from domain.errors import NotConnected
from domain.store import Store, StoreStatus
from services.access_tokens import SealedTokens
from services.communication_errors import CallLog
from services.settings import Settings
from services.vault import AmazonCredentials, Vault


class Connections:
    """One connector a store, all sharing one rate budget."""

    def __init__(
        self, settings: Settings, vault: Vault, clock: Clock, redis_url: str, calls: CallLog
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._calls = calls
        self._redis: Redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
        self._budget = RedisBudget(
            self._redis, rate_scale=settings.amazon_rate_scale, workers=settings.workers
        )
        self._tokens = SealedTokens(self._redis, vault)
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

    def consent_url(self, store: Store, state: str) -> str:
        """The page at Amazon on which the store's seller allows our application.

        Raises:
            NotConnected: the installation has no application.
        """
        return consent.consent_url(
            self._application(), store.marketplace, state, self._settings.amazon_url
        )

    async def exchange(self, store: Store, code: str) -> AmazonCredentials:
        """What the seller's consent is good for.

        Raises:
            NotConnected: the installation has no application.
            MarketplaceError: Amazon refuses the code, or does not answer.
        """
        application = self._application()
        endpoints = self._endpoints(store, "")
        refresh_token = await consent.exchange(
            application, endpoints.lwa_url, code, self._calls.of(store)
        )
        return AmazonCredentials(application.client_id, application.client_secret, refresh_token)

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
            account,
            self._endpoints(store, seller_id),
            self._budget,
            self._clock,
            shared_tokens=self._tokens,
            journal=self._calls.of(store),
        )

    def _application(self) -> consent.Application:
        settings = self._settings
        id_, client_id = settings.amazon_application_id, settings.amazon_client_id
        if id_ is None or client_id is None or settings.amazon_client_secret is None:
            raise NotConnected(
                "This installation has no application at Amazon. Set SALES_CHANNEL_AMAZON_APPLICATION_ID, "
                "_CLIENT_ID and _CLIENT_SECRET, or connect the store with credentials."
            )
        return consent.Application(
            id=id_,
            client_id=client_id,
            client_secret=settings.amazon_client_secret.get_secret_value(),
            redirect_url=settings.amazon_redirect_url,
            is_draft=settings.amazon_application_is_draft,
        )

    def _endpoints(self, store: Store, seller_id: str) -> AmazonEndpoints:
        arn = self._settings.amazon_queue_arn
        queue = arn.replace("{seller}", seller_id) if arn else None
        if self._settings.amazon_url:
            return AmazonEndpoints.at(self._settings.amazon_url, queue_arn=queue)
        return AmazonEndpoints.of_region(store.marketplace.region, queue_arn=queue)
