"""Stores full of listings for the benches of repricing, each with a product of twelve attributes and five offers.

Very many are filled in by processes of their own, so that what is measured afterwards has not read them.
"""

import asyncio
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from random import Random

from bench.document import source
from bench.shop import a_listing, a_snapshot, a_store
from bench.workload import Listing as FactsOfListing
from bench.workload import listings as catalogue
from bench.workload import rules
from domain.listing import Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product, ProductType, product_id
from domain.store import Store
from embedded.servers import ServerUrls
from services import rulesets
from services.rulebooks import Rulebook
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.products import PRODUCTS
from storage.stores import STORES

_AT_ONCE = 1_000
_TENTH = {"sku": {"$regex": "0$"}}


@dataclass(frozen=True, slots=True)
class Row:
    """A listing with what a decision on it rests on."""

    listing: Listing
    product: Product
    offers: OfferSnapshot


async def open_store(runtime: Runtime, store: Store, *, document: str | None = None) -> None:
    """A store with a pricing document in force: one of 200 rules, unless another is given."""
    scope = runtime.scope(store.merchant_id)
    await STORES.insert(scope, [store])
    text = document or source(rules(1, 200))
    draft = await rulesets.create(runtime, scope, store.id, text, author="bench")
    await rulesets.publish(runtime, scope, draft.id, actor="bench")


async def fill(
    scope: Scope, store_id: str, numbers: range, rulebook: Rulebook | None = None
) -> None:
    """Put listings into a store; with a rulebook as though it had decided them, which leaves them as they are."""
    store = await STORES.require(scope, store_id)
    for start in range(numbers.start, numbers.stop, _AT_ONCE):
        some = rows(store_id, range(start, min(start + _AT_ONCE, numbers.stop)))
        if rulebook:
            some = known(store, rulebook, some)
        await asyncio.gather(
            LISTINGS.insert(scope, [row.listing for row in some]),
            PRODUCTS.insert(scope, [row.product for row in some]),
            SNAPSHOTS.insert(scope, [row.offers for row in some]),
        )


def fill_apart(
    urls: ServerUrls, settings: Settings, store_id: str, size: int, *, decided: bool
) -> None:
    """The same by two processes that end afterwards; `decided` by the rules that the store has in force."""
    step = -(-size // 2)
    parts = [range(start, min(start + step, size)) for start in range(0, size, step)]
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(parts), mp_context=spawning) as pool:
        list(pool.map(partial(_fill_part, urls, settings, store_id, decided), parts))


def _fill_part(
    urls: ServerUrls, settings: Settings, store_id: str, decided: bool, numbers: range
) -> None:
    async def work() -> None:
        async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
            scope = runtime.scope(settings.merchant)
            rulebook = await runtime.rulebooks.in_force(scope, store_id) if decided else None
            await fill(scope, store_id, numbers, rulebook)

    asyncio.run(work())


def rows(store_id: str, numbers: range) -> list[Row]:
    """The listings of these numbers, always the same ones, at most a thousand."""
    chance = Random(f"{store_id}:{numbers.start}")
    facts = catalogue(numbers.start, len(numbers))
    found = []
    for fact, number in zip(facts, numbers, strict=True):
        # At its product's price: one that moves too far at once is held, and not what is measured.
        price = Money(int(fact["price"]), "USD")
        listing = a_listing(number, chance, store=store_id)
        sku = f"{store_id}-{listing.seller_sku}"  # of a product that no other store sells
        of_product = product_id(listing.merchant_id, sku)
        listing = replace(listing, price=price, wanted_price=price, product_id=of_product)
        found.append(Row(listing, _product(listing, sku, fact), a_snapshot(listing, chance)))
    return found


def known(store: Store, rulebook: Rulebook, some: Sequence[Row]) -> list[Row]:
    """The same as though all had been decided by what they know now."""
    digester = rulebook.digester(store, store.created_at)
    return [
        replace(
            row,
            listing=replace(
                row.listing, inputs_hash=digester.of(row.product, row.listing, row.offers, None)
            ),
        )
        for row in some
    ]


async def make_a_tenth_dearer(scope: Scope) -> int:
    """Change the catalogue prices of a tenth of the products; gives how many that were."""
    dearer = {
        "prices.price.minor": {"$add": ["$prices.price.minor", 7]},
        "content_hash": {"$concat": [{"$substrCP": ["$content_hash", 1, 63]}, "1"]},
    }
    return await scope.update_many(PRODUCTS.name, _TENTH, [{"$set": dearer}])


def _product(listing: Listing, sku: str, facts: FactsOfListing) -> Product:
    """The product of a listing, with what the rules ask about."""
    prices = {
        str(name): Money(int(facts[name]), "USD") for name in ("price", "cost") if name in facts
    }
    told = {name: str(facts[name]) for name in ("brand", "color") if name in facts}
    return Product(
        id=listing.product_id or "",
        merchant_id=listing.merchant_id,
        sku=sku,
        name=listing.title,
        type=ProductType.SIMPLE,
        attribute_set=str(facts["set"]),
        categories=(str(facts["category"]),),
        is_enabled=True,
        prices=prices,
        attributes=told | {f"attribute_{number}": "some value" for number in range(10)},
        stock=Decimal(int(facts["stock"])),
        manages_stock=True,
        content_hash="0" * 64,
        version=1,
        created_at=listing.created_at,
        updated_at=listing.updated_at,
    )


__all__ = [
    "Row",
    "a_store",
    "fill",
    "fill_apart",
    "known",
    "make_a_tenth_dearer",
    "open_store",
    "rows",
]
