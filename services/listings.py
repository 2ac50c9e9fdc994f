"""Listings: finding them on Amazon, making them of products, overrides and publishing by hand."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import islice

from connectors.connector import Connector
from connectors.port import MarketplaceListing
from domain.change import ChangeKind
from domain.errors import Conflict, InvalidInput, StaleVersion
from domain.listing import (
    NOT_DUE,
    Due,
    Listing,
    ListingReason,
    ListingStatus,
    PriceOverride,
    listing_id,
)
from domain.money import Money
from domain.operation import OperationKind
from domain.product import Product, product_id
from domain.store import ListAction, Store
from rules.eligibility import judge
from rules.facts import facts_of
from services import idempotency, looks, matching, operations, webhook_events
from services.changelog import of_listing
from services.matching import Match
from services.queue import Job
from services.runtime import Runtime
from storage import leases, listings, products
from storage.changes import CHANGES
from storage.filters import Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.products import PRODUCTS
from storage.stores import STORES

_PRODUCTS_AT_ONCE = 200


async def match_products(
    runtime: Runtime, scope: Scope, store_id: str, operation_id: str | None
) -> None:
    """Make listings of the eligible products that have none yet (behaviour 6, 12)."""
    async with leases.hold(runtime.database, f"match:{store_id}") as mine:
        if not mine:
            return
        store = await STORES.require(scope, store_id)
        connector = await runtime.connections.of(store)
        waiting = [batch async for batch in _unlisted(runtime, scope, store)]
        if not waiting and operation_id is None:
            return
        operation = await operations.resume(
            scope, operation_id, OperationKind.MATCH, store_id=store_id
        )
        total = sum(map(len, waiting))
        async with operations.running(scope, operation) as progress:
            done = 0
            for batch in waiting:
                made = await _take_up(runtime, scope, store, connector, batch)
                await looks.take_up(scope, store, made)
                for listing in made:
                    progress.counts[listing.reason or "MATCHED"] += 1
                done += len(batch)
                await progress.report(done, total)
                await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)


async def override_price(
    runtime: Runtime,
    scope: Scope,
    id_: str,
    price: Money | None,
    *,
    actor: str,
    expected_version: int | None = None,
) -> Listing:
    """Set a listing's price by hand, above all rules, or with None give it back to them (behaviour 14.9).

    Raises:
        NotFound: no such listing.
        InvalidInput: the price is not above zero or not in the store's currency.
        StaleVersion: the listing is not at the expected version.
    """
    now = runtime.clock.now()

    async def write(inside: Scope) -> Listing:
        listing = await LISTINGS.require(inside, id_, field=("input", "listingId"))
        store = await STORES.require(inside, listing.store_id)
        check_override(listing, store, price, expected_version)
        before = listing.override.price if listing.override else None
        if price == before:
            return listing
        override = PriceOverride(price, actor, now) if price else None
        await listings.change(inside, [(id_, {"override": override, "updated_at": now})])
        # Marks only what can be decided: a price set on what waits to be published does not publish it.
        await listings.mark_due(inside, store.id, Is("_id", "eq", id_), at=now, reason="OVERRIDE")
        entry = of_listing(
            listing, ChangeKind.OVERRIDE, before=before, after=price, actor=actor, at=now
        )
        await CHANGES.insert(inside, [entry])
        return await LISTINGS.require(inside, id_)

    listing = await scope.transaction(write)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, listing.store_id)
    return listing


async def publish(runtime: Runtime, scope: Scope, id_: str, *, actor: str) -> Listing:
    """Send a listing that waits for it to Amazon.

    Raises:
        NotFound: no such listing.
        Conflict: it does not wait to be listed.
    """
    now = runtime.clock.now()

    async def write(inside: Scope) -> Listing:
        listing = await LISTINGS.require(inside, id_, field=("input", "listingId"))
        check_publish(listing)
        status, due = ListingStatus.LIST_IN_PROGRESS, Due(now, "PUBLISHED")
        await listings.change(inside, [(id_, {"status": status, "due": due, "updated_at": now})])
        entry = of_listing(
            listing, ChangeKind.STATUS, before=listing.status, after=status, actor=actor, at=now
        )
        await CHANGES.insert(inside, [entry])
        after = replace(
            listing, status=status, due=due, updated_at=now, version=listing.version + 1
        )
        await webhook_events.tell(inside, webhook_events.listing_status(listing, after, at=now))
        await idempotency.settle(inside, id_)
        return after

    listing = await scope.transaction(write)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, listing.store_id)
    return listing


def check_override(
    listing: Listing, store: Store, price: Money | None, expected_version: int | None
) -> None:
    """Go on only if the listing can have this price, or none, set by hand.

    Raises:
        InvalidInput: the price is not above zero or not in the store's currency.
        StaleVersion: the listing is not at the expected version.
    """
    if expected_version is not None and expected_version != listing.version:
        raise StaleVersion(
            f"The listing is at version {listing.version}.", field=("expectedVersion",)
        )
    if price is not None and price.currency != store.currency:
        raise InvalidInput(f"The store sells in {store.currency}.", field=("price", "currencyCode"))
    if price is not None and price.minor <= 0:
        raise InvalidInput("A price is above zero.", field=("price", "amount"))


def check_publish(listing: Listing) -> None:
    """Go on only if the listing waits to be published.

    Raises:
        Conflict: it does not.
    """
    if listing.status is not ListingStatus.READY_TO_LIST:
        raise Conflict(
            f"Only a listing that is READY_TO_LIST can be published; this one is {listing.status}.",
            field=("listingId",),
        )


async def _unlisted(
    runtime: Runtime, scope: Scope, store: Store
) -> AsyncIterator[Sequence[Product]]:
    """Eligible products without a listing, in batches that one search can take."""
    rulebook = await runtime.rulebooks.in_force(scope, store.id)
    after = ""
    while batch := await products.next_batch(scope, after, _PRODUCTS_AT_ONCE):
        after = batch[-1].id
        known = await listings.known_ids(scope, [listing_id(store.id, row.sku) for row in batch])
        fresh = [row for row in batch if listing_id(store.id, row.sku) not in known]
        facts = [facts_of(row, store) for row in fresh]
        rules = rulebook.listing
        matched = rules.matcher.match(facts) if rules else [frozenset[str]()] * len(fresh)
        document = rules.document if rules else None
        eligible = iter(
            [
                row
                for row, keys in zip(fresh, matched, strict=True)
                if judge(document, row, store, keys).eligible
            ]
        )
        while group := list(islice(eligible, matching.BATCH)):
            yield group


async def _take_up(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    connector: Connector,
    batch: Sequence[Product],
) -> list[Listing]:
    """The listings of some products: as they stand on Amazon where they do, else new ones.

    Amazon is asked first, since a new listing would be put over one that a person made there.
    """
    standing = await connector.listings([product.sku for product in batch])
    there = {found.seller_sku for found in standing}
    new = [product for product in batch if product.sku not in there]
    matches = await matching.match(connector, new, store.settings.catalog_search)
    made = [_made(runtime, store, product, matches[product.id]) for product in new]
    return made + await with_products(
        scope, [imported(runtime, store, found) for found in standing]
    )


def _made(runtime: Runtime, store: Store, product: Product, match: Match) -> Listing:
    """The new listing of a product."""
    now = runtime.clock.now()
    status, due = ListingStatus.INCOMPLETE, NOT_DUE
    if match.item and store.settings.list_action is ListAction.AUTO:
        status, due = ListingStatus.LIST_IN_PROGRESS, Due(now, "MATCHED")
    elif match.item:
        status = ListingStatus.READY_TO_LIST
    listing = _blank(runtime, store, product.sku)
    return replace(
        listing,
        asin=match.item.asin if match.item else None,
        product_type=match.item.product_type if match.item else None,
        product_id=product.id,
        title=match.item.title if match.item else product.name,
        status=status,
        reason=match.reason,
        candidates=match.candidates,
        due=due,
    )


def imported(runtime: Runtime, store: Store, found: MarketplaceListing) -> Listing:
    """A listing that stands on Amazon and was not made by us."""
    return replace(
        _blank(runtime, store, found.seller_sku),
        asin=found.asin,
        product_type=found.product_type,
        title=found.title,
        condition=found.condition or store.settings.condition,
        fulfilment=found.fulfilment,
        status=ListingStatus.ACTIVE if found.is_buyable else ListingStatus.INACTIVE,
        issues=found.issues,
        price=found.price,
        quantity=found.quantity,
        business=found.business,
        list_price=found.list_price,
        wanted_price=found.price,
        wanted_quantity=found.quantity,
    )


async def with_products(scope: Scope, found: list[Listing]) -> list[Listing]:
    """The listings with their products, found by seller SKU; without one they wait for a person."""
    ids = {listing.id: product_id(scope.merchant_id, listing.seller_sku) for listing in found}
    known = await PRODUCTS.get_many(scope, ids.values())
    return [
        replace(listing, product_id=ids[listing.id], due=Due(listing.created_at, "IMPORTED"))
        if ids[listing.id] in known
        else replace(listing, status=ListingStatus.NEW_THIRD_PARTY, reason=ListingReason.NO_PRODUCT)
        for listing in found
    ]


def _blank(runtime: Runtime, store: Store, seller_sku: str) -> Listing:
    now = runtime.clock.now()
    settings = store.settings
    return Listing(
        id=listing_id(store.id, seller_sku),
        merchant_id=store.merchant_id,
        store_id=store.id,
        seller_sku=seller_sku,
        asin=None,
        product_id=None,
        title="",
        product_type=None,
        condition=settings.condition,
        fulfilment=settings.fulfilled_by,
        status=ListingStatus.INCOMPLETE,
        reason=None,
        candidates=(),
        issues=(),
        price=None,
        quantity=None,
        wanted_price=None,
        wanted_quantity=None,
        override=None,
        owns_buy_box=None,
        hold=None,
        last_decision_id=None,
        inputs_hash=None,
        due=NOT_DUE,
        version=1,
        created_at=now,
        updated_at=now,
    )
