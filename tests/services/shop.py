"""A shop that sells on the simulated Amazon, and what tests do with it and look at."""

from dataclasses import dataclass, replace
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio import Redis

from connectors.errors import NotReady
from connectors.magento.product_export import RowError
from connectors.port import ItemOffers
from domain.change import Change
from domain.decision import Decision
from domain.listing import Condition, Listing, listing_id
from domain.offer import Offer
from domain.operation import Operation
from domain.product import Product, product_id
from domain.ruleset import Ruleset
from domain.store import CatalogSearchSettings, Store, StoreSettings
from domain.submission import Submission, SubmissionState
from embedded.servers import ServerUrls
from services import (
    events,
    listing_imports,
    listings,
    markings,
    offers,
    operations,
    orders,
    products,
    repricing,
    rulesets,
    stores,
)
from services import submissions as sending
from services.queue import BULK, REPRICE, SYNC, unpack
from services.runtime import Runtime
from services.settings import Settings
from services.vault import AmazonCredentials
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.filters import Is
from storage.keyset import Sort
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.products import PRODUCTS
from storage.stores import STORES
from storage.submissions import SUBMISSIONS, count_in_states
from tests.factories import MERCHANT, a_product
from tests.services.amazon import (
    CLIENT_SECRET,
    RATE_SCALE,
    REFRESH_TOKEN,
    SELLER_ID,
    Amazon,
    asin_of,
    ean_of,
)

DATABASE = "services_under_test"
CREDENTIALS = AmazonCredentials("client", CLIENT_SECRET, REFRESH_TOKEN)
BY_EAN = CatalogSearchSettings(ean="ean", general=None)


def settings_of(amazon: Amazon, folder: Any) -> Settings:
    """Settings of a process that sells on the simulated Amazon."""
    return Settings(
        data_dir=folder,
        database=DATABASE,
        merchant=MERCHANT,
        amazon_url=amazon.url,
        amazon_queue_arn="arn:aws:sqs:us-east-1:000000000000:offers-{seller}",
        amazon_rate_scale=RATE_SCALE,
        clock_file=amazon.clock_file,
    )


def a_mug(number: int = 1, price: str = "20.00", **changes: Any) -> Product:
    """A product that Amazon's item of the same number is; each content has a hash of its own."""
    mug = a_product(f"MUG-{number}", price, attributes={"ean": ean_of(number)})
    mug = replace(mug, **changes)
    told = (mug.prices, mug.attributes, mug.stock, mug.manages_stock, mug.is_enabled, mug.type)
    return replace(mug, content_hash=repr((mug.name, mug.categories, told)))


async def queued(urls: ServerUrls) -> list[tuple[str, tuple[Any, ...]]]:
    """The jobs that wait in the queues, with their arguments."""
    redis = ArqRedis.from_url(urls.redis_url)
    redis.job_deserializer = unpack
    jobs = [
        job for name in (SYNC, REPRICE, BULK) for job in await redis.queued_jobs(queue_name=name)
    ]
    await redis.aclose()
    return [(job.function, tuple(job.args)) for job in jobs]


async def forget_jobs(urls: ServerUrls) -> None:
    """Empty the queues."""
    async with Redis.from_url(urls.redis_url) as redis:
        await redis.flushdb()


async def wipe(runtime: Runtime) -> None:
    """Take everything out of the database and leave its indexes."""
    # The server's own are what time-series collections consist of.
    for name in await runtime.database.handle.list_collection_names(
        filter={"name": {"$not": {"$regex": "^system"}}}
    ):
        await runtime.database.handle[name].delete_many({})


@dataclass
class Shop:
    """A store with what belongs to it."""

    runtime: Runtime
    amazon: Amazon
    scope: Scope
    id: str

    async def store(self) -> Store:
        return await STORES.require(self.scope, self.id)

    async def change_settings(self, **changes: Any) -> Store:
        settings = replace((await self.store()).settings, **changes)
        return await stores.change_settings(self.runtime, self.scope, self.id, settings, actor="me")

    async def import_products(self, *rows: Product | RowError) -> Operation:
        operation = await operations.start(self.scope, products.KIND, actor="me")
        async with operations.running(self.scope, operation) as progress:
            await products.import_catalog(self.runtime, self.scope, rows, progress)
        return await OPERATIONS.require(self.scope, operation.id)

    async def import_listings(self) -> None:
        """Import what stands on Amazon, letting time pass until its report is made."""
        for _ in range(5):
            try:
                await self.import_listings_once()
            except NotReady:
                self.amazon.advance(3)
            else:
                return
        raise AssertionError("the report is never made")

    async def import_listings_once(self) -> None:
        await listing_imports.import_listings(self.runtime, self.scope, self.id, None)

    async def match(self) -> None:
        await listings.match_products(self.runtime, self.scope, self.id, None)

    async def reprice(self) -> int:
        return await repricing.reprice(self.runtime, self.scope, self.id, None)

    async def push(self) -> None:
        await sending.push(self.runtime, self.scope, self.id)

    async def confirm(self) -> None:
        await sending.confirm(self.runtime, self.scope, self.id)

    async def receive(self) -> int:
        return await events.receive(self.runtime, self.scope, self.id)

    async def import_orders(self) -> int:
        return await orders.import_orders(self.runtime, self.scope, self.id)

    async def settle(self) -> None:
        """Decide, send and read back, letting time pass, until nothing is left to do."""
        for _ in range(10):
            await self.reprice()
            await self.push()
            if not await self.open():
                return
            self.amazon.advance(30)
            await self.confirm()
        raise AssertionError("the shop does not come to rest")

    async def open(self) -> int:
        """How many listings and submissions are not at their end."""
        waiting = [SubmissionState.PENDING, SubmissionState.SENT, SubmissionState.ACCEPTED]
        under_way = await count_in_states(self.scope, self.id, waiting)
        return under_way + await self.due()

    async def due(self) -> int:
        """How many listings are to be decided."""
        await markings.carry_out(self.scope, self.id)
        return await markings.count_due(self.scope, self.id)

    async def put_on_sale(self, *rows: Product) -> None:
        """Import products, find them on Amazon, and list them until they are live."""
        await self.import_products(*rows)
        await self.match()
        await self.settle()

    async def publish(self, source: str) -> Ruleset:
        draft = await rulesets.create(self.runtime, self.scope, self.id, source, author="me")
        return await rulesets.publish(self.runtime, self.scope, draft.id, actor="me")

    async def see(self, *found: Offer, number: int = 1, **changes: Any) -> int:
        """Learn what everybody asks for an item; gives how many listings became due."""
        item = ItemOffers(asin_of(number), found, self.runtime.clock.now(), frozenset(Condition))
        return await offers.record(
            self.runtime,
            self.scope,
            await self.store(),
            [replace(item, **changes)],
            reason="OFFERS_CHANGED",
        )

    async def override(self, price: Any, sku: str = "MUG-1") -> Listing:
        return await listings.override_price(
            self.runtime, self.scope, self.listing_id(sku), price, actor="me"
        )

    def listing_id(self, sku: str = "MUG-1") -> str:
        return listing_id(self.id, sku)

    async def listing(self, sku: str = "MUG-1") -> Listing:
        return await LISTINGS.require(self.scope, self.listing_id(sku))

    async def listings(self) -> dict[str, Listing]:
        found = await LISTINGS.find(self.scope, Is("store_id", "eq", self.id))
        return {listing.seller_sku: listing for listing in found}

    async def product(self, sku: str = "MUG-1") -> Product:
        return await PRODUCTS.require(self.scope, product_id(MERCHANT, sku))

    async def decisions(self, sku: str = "MUG-1") -> list[Decision]:
        return await DECISIONS.find(self.scope, self._of(sku), sort=Sort("_id"))

    async def submissions(self, sku: str = "MUG-1") -> list[Submission]:
        return await SUBMISSIONS.find(self.scope, self._of(sku), sort=Sort("_id"))

    async def states(self, sku: str = "MUG-1") -> list[SubmissionState]:
        return [submission.state for submission in await self.submissions(sku)]

    async def changes(self, sku: str = "MUG-1") -> list[Change]:
        return await CHANGES.find(self.scope, self._of(sku), sort=Sort("_id"))

    def _of(self, sku: str) -> Is:
        return Is("listing_id", "eq", self.listing_id(sku))


async def open_shop(runtime: Runtime, amazon: Amazon, country: str = "US", **settings: Any) -> Shop:
    """A connected store of the runtime's merchant."""
    scope = runtime.scope(MERCHANT)
    store = await stores.create(
        runtime,
        scope,
        name="Shop",
        email="me@shop.com",
        country=country,
        catalog_currency="USD",
        actor="me",
        settings=StoreSettings(**{"catalog_search": BY_EAN, **settings}),
    )
    await stores.connect(
        runtime, scope, store.id, seller_id=SELLER_ID, credentials=CREDENTIALS, actor="me"
    )
    return Shop(runtime, amazon, scope, store.id)
