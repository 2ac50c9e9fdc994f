"""Stores: opening, connecting to Amazon, settings, pausing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.errors import MarketplaceError, Unauthorized
from domain.change import ChangeKind
from domain.errors import Conflict, InvalidInput, NotConnected, StaleVersion
from domain.ids import new_id
from domain.marketplace import MARKETPLACES
from domain.money import CURRENCY_DIGITS, Money
from domain.operation import OperationKind
from domain.store import Connection, QuantityDiscount, Store, StoreSettings, StoreStatus
from services import idempotency, markings, operations
from services.changelog import of_store
from services.queue import Job
from services.runtime import Runtime
from services.vault import AmazonCredentials
from storage.changes import CHANGES
from storage.mongo import Scope
from storage.stores import STORES, save

_MOST_DISCOUNTS = 5
"""Amazon's own limit."""


async def create(
    runtime: Runtime,
    scope: Scope,
    *,
    name: str,
    email: str,
    country: str,
    catalog_currency: str,
    actor: str,
    settings: StoreSettings | None = None,
) -> Store:
    """Open a store. It talks to nobody until it is connected.

    Raises:
        InvalidInput: a field cannot be used as given.
    """
    if not name.strip():
        raise InvalidInput("Give the store a name.", field=("input", "name"))
    if "@" not in email:
        raise InvalidInput("Give an e-mail address such as me@shop.com.", field=("input", "email"))
    if country not in MARKETPLACES:
        known = ", ".join(MARKETPLACES)
        raise InvalidInput(f"Amazon's country is one of {known}.", field=("input", "country"))
    if catalog_currency not in CURRENCY_DIGITS:
        raise InvalidInput(
            "The catalogue's currency is an ISO 4217 code such as USD.",
            field=("input", "catalogCurrency"),
        )
    now = runtime.clock.now()
    store = Store(
        id=new_id(),
        merchant_id=scope.merchant_id,
        name=name.strip(),
        email=email.strip(),
        country=country,
        catalog_currency=catalog_currency,
        status=StoreStatus.IN_SETUP,
        settings=settings or StoreSettings(),
        connection=None,
        orders_read_until=None,
        version=1,
        created_at=now,
        updated_at=now,
    )
    check_settings(store)

    async def write(inside: Scope) -> None:
        await STORES.insert(inside, [store])
        await _log(runtime, inside, store, None, "created", actor)
        await idempotency.settle(inside, store.id)

    await scope.transaction(write)
    return store


async def connect(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    *,
    seller_id: str,
    credentials: AmazonCredentials,
    actor: str,
) -> Store:
    """Try the credentials at Amazon and, when they work, keep them sealed and start the synchronisation.

    Raises:
        NotFound: no such store.
        InvalidInput: Amazon refuses the credentials, and says why.
        NotConnected: Amazon could not be asked.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    now, since = runtime.clock.now(), runtime.clock.now()
    if store.connection and store.connection.seller_id == seller_id:
        # The same account with new credentials: orders of the time in between are still to be read.
        since = store.connection.connected_at
    connected = replace(
        store,
        status=StoreStatus.ACTIVE,
        connection=Connection(seller_id, runtime.vault.seal(credentials), since),
        updated_at=now,
    )
    connector = await runtime.connections.of(connected)
    try:
        await connector.check()
        await connector.subscribe()
    except Unauthorized as error:
        raise InvalidInput(
            f"Amazon refuses these credentials: {error.message}",
            field=("input", "credentials"),
            code="CREDENTIALS_REFUSED",
        ) from error
    except MarketplaceError as error:
        raise NotConnected(f"Amazon could not be asked: {error.message}") from error

    async def write(inside: Scope) -> Store:
        saved = await save(inside, connected)
        await _log(runtime, inside, saved, store.status, "connected", actor)
        return saved

    saved = await scope.transaction(write)
    await synchronise(runtime, scope, saved, actor=actor)
    return saved


async def synchronise(runtime: Runtime, scope: Scope, store: Store, *, actor: str) -> None:
    """Start everything that a newly connected or resumed store needs."""
    if store.settings.import_third_party_listings:
        operation = await operations.start(
            scope, OperationKind.LISTINGS_IMPORT, actor=actor, store_id=store.id
        )
        await runtime.queue.wake(Job.IMPORT_LISTINGS, scope.merchant_id, store.id, operation.id)
    for job in (Job.MATCH_PRODUCTS, Job.REPRICE, Job.IMPORT_ORDERS):
        await runtime.queue.wake(job, scope.merchant_id, store.id)


async def change_settings(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    settings: StoreSettings,
    *,
    actor: str,
    expected_version: int | None = None,
) -> Store:
    """Replace a store's settings; every price is decided again under the new ones.

    Raises:
        NotFound: no such store.
        InvalidInput: a setting cannot be used as given.
        StaleVersion: the store is not at the expected version.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    if expected_version is not None and expected_version != store.version:
        raise StaleVersion(
            f"The store is at version {store.version}.", field=("input", "expectedVersion")
        )
    now = runtime.clock.now()
    changed = replace(store, settings=settings, updated_at=now)
    check_settings(changed)

    async def write(inside: Scope) -> Store:
        saved = await save(inside, changed)
        await markings.ask(inside, store_id, at=now, reason="SETTINGS_CHANGED")
        await _log(runtime, inside, saved, None, "settings changed", actor)
        return saved

    saved = await scope.transaction(write)
    for job in (Job.MATCH_PRODUCTS, Job.REPRICE):
        await runtime.queue.wake(job, scope.merchant_id, store_id)
    return saved


async def set_active(
    runtime: Runtime, scope: Scope, store_id: str, *, active: bool, actor: str
) -> Store:
    """Resume or pause a store. A paused one keeps everything and sends and fetches nothing.

    Raises:
        NotFound: no such store.
        Conflict: it is not connected yet.
    """
    store = await STORES.require(scope, store_id, field=("input", "storeId"))
    if store.connection is None:
        raise Conflict("Connect the store to Amazon first.", field=("input", "storeId"))
    status = StoreStatus.ACTIVE if active else StoreStatus.INACTIVE
    if status is store.status:
        return store

    async def write(inside: Scope) -> Store:
        saved = await save(inside, replace(store, status=status, updated_at=runtime.clock.now()))
        await _log(runtime, inside, saved, store.status, status, actor)
        return saved

    saved = await scope.transaction(write)
    if active:
        await synchronise(runtime, scope, saved, actor=actor)
    return saved


def check_settings(store: Store) -> None:
    """Refuse settings that could not work.

    Raises:
        InvalidInput: names the setting and what would be right.
    """
    for path, holds, message in _requirements(store):
        if not holds:
            raise InvalidInput(message, field=("input", "settings", *path))


def _requirements(store: Store) -> Iterator[tuple[tuple[str, ...], bool, str]]:
    """Path, whether it holds, and what to say where it does not."""
    settings, stock, price = store.settings, store.settings.stock, store.settings.price
    whole = "Use a quantity of 0 or more."
    yield ("handlingDays",), settings.handling_days >= 0, "Use a number of days of 0 or more."
    yield ("timeZone",), _is_zone(settings.time_zone), "Use a name such as Europe/Berlin."
    yield ("stock", "outOfStockThreshold"), stock.out_of_stock_threshold >= 0, whole
    yield ("stock", "maximum"), stock.maximum >= 0, whole
    yield ("stock", "doNotManageQuantity"), stock.do_not_manage_quantity >= 0, whole
    vat, rate, step = price.vat_percent, price.currency_rate, price.largest_step_percent
    yield ("price", "vatPercent"), vat is None or 0 <= vat <= 100, "VAT is 0 to 100 per cent."
    yield ("price", "currencyRate"), rate is None or rate > 0, "A rate is above zero."
    yield ("price", "largestStepPercent"), step is None or step > 0, "A step is above zero."
    minimum = _refusal(price.absolute_minimum, store.currency)
    yield ("price", "absoluteMinimum"), minimum is None, minimum or ""
    if price.business is not None:
        there = "Amazon Business is not in this store's country."
        yield ("price", "business"), store.marketplace.has_business, there
        discounts = ("price", "business", "discounts")
        yield from ((discounts, *each) for each in _of_discounts(price.business.discounts))


def _of_discounts(discounts: Sequence[QuantityDiscount]) -> Iterator[tuple[bool, str]]:
    """What discounts by quantity must keep (behaviour 11)."""
    yield len(discounts) <= _MOST_DISCOUNTS, f"There can be {_MOST_DISCOUNTS} discounts at most."
    for each in discounts:
        # Amazon refuses tiers from a single unit on, and with them the price that they leave with.
        yield each.at_least >= 2, "A discount by quantity starts at 2 units or more."
        yield 0 < each.percent_off < 100, "A discount is above 0 and below 100 per cent."
    for less, more in pairwise(discounts):
        twice = f"Two discounts start at {more.at_least} units."
        yield less.at_least < more.at_least, twice
        small = f"Who buys {more.at_least} must save more than who buys {less.at_least}: more than {less.percent_off:f} %."
        yield less.percent_off < more.percent_off, small


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _refusal(amount: str | None, currency: str) -> str | None:
    """Why an amount cannot be used; None where it can."""
    try:
        if amount is not None:
            Money.parse(amount, currency)
    except ValueError as error:
        return str(error)
    return None


async def _log(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    before: object | None,
    after: object,
    actor: str,
) -> None:
    entry = of_store(
        scope.merchant_id,
        store.id,
        ChangeKind.STORE,
        before=before,
        after=after,
        actor=actor,
        at=runtime.clock.now(),
    )
    await CHANGES.insert(scope, [entry])
