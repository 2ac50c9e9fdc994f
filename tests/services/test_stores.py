"""Opening, connecting, settling and pausing stores (behaviour 2, 3)."""

import base64
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.change import ChangeKind
from domain.errors import Conflict, InvalidInput, NotConnected, NotFound, StaleVersion
from domain.listing import Condition, Fulfilment
from domain.store import (
    CatalogSearchSettings,
    ListAction,
    PriceSettings,
    StockSettings,
    Store,
    StoreSettings,
    StoreStatus,
)
from embedded.servers import ServerUrls
from services import looks, stores
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.vault import AmazonCredentials, Vault, development_key
from storage.changes import CHANGES
from storage.filters import Is
from storage.stores import STORES
from tests.factories import MERCHANT, usd
from tests.services.amazon import (
    CLIENT_SECRET,
    OTHER_SELLER_ID,
    REFRESH_TOKEN,
    SELLER_ID,
    Amazon,
    an_item,
)
from tests.services.shop import BY_EAN, CREDENTIALS, Shop, a_mug, forget_jobs, open_shop, queued


async def opened(runtime: Runtime, **changes: Any) -> Store:
    fields = {"name": "Shop", "email": "me@shop.com", "country": "US", "catalog_currency": "USD"}
    return await stores.create(
        runtime, runtime.scope(MERCHANT), actor="me", **{**fields, **changes}
    )


async def test_a_new_store_waits_to_be_connected_with_the_documented_defaults(
    runtime: Runtime,
) -> None:  # F001, F017
    store = await opened(runtime, name="  Shop ")

    assert await STORES.require(runtime.scope(MERCHANT), store.id) == store
    assert (store.name, store.status, store.connection) == ("Shop", StoreStatus.IN_SETUP, None)
    settings = store.settings
    assert settings == StoreSettings(
        list_action=ListAction.AUTO,
        handling_days=2,
        import_third_party_listings=True,
        import_orders=True,
        fulfilled_by=Fulfilment.MERCHANT,
        condition=Condition.NEW,
        stock=StockSettings(0, 10_000, 100),
        catalog_search=CatalogSearchSettings(None, None, None, None, None, "name"),
        price=PriceSettings("price", None, None, vat_percent=None, currency_rate=None),
    )


@pytest.mark.parametrize(
    ("country", "currency"), [("US", "USD"), ("CA", "CAD"), ("MX", "MXN"), ("UK", "GBP")]
)
async def test_each_country_sells_in_its_currency(
    runtime: Runtime, country: str, currency: str
) -> None:  # F002
    assert (await opened(runtime, country=country)).currency == currency


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "me"}, "email"),
        ({"country": "XX"}, "country"),
        ({"country": ""}, "country"),
        ({"catalog_currency": "XXX"}, "catalogCurrency"),
    ],
)
async def test_a_store_that_cannot_be_is_refused_by_the_field(
    runtime: Runtime, changes: dict[str, str], field: str
) -> None:  # F001
    with pytest.raises(InvalidInput) as caught:
        await opened(runtime, **changes)
    assert caught.value.field == ("input", field)
    assert await STORES.count(runtime.scope(MERCHANT)) == 0


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (StoreSettings(handling_days=-1), "handlingDays"),
        (StoreSettings(time_zone="Europe/Atlantis"), "timeZone"),
        (StoreSettings(time_zone="../etc"), "timeZone"),
        (
            StoreSettings(stock=StockSettings(out_of_stock_threshold=-1)),
            "stock.outOfStockThreshold",
        ),
        (StoreSettings(stock=StockSettings(maximum=-1)), "stock.maximum"),
        (
            StoreSettings(stock=StockSettings(do_not_manage_quantity=-1)),
            "stock.doNotManageQuantity",
        ),
        (StoreSettings(price=PriceSettings(vat_percent=Decimal(101))), "price.vatPercent"),
        (StoreSettings(price=PriceSettings(currency_rate=Decimal(0))), "price.currencyRate"),
        (StoreSettings(price=PriceSettings(absolute_minimum="1.999")), "price.absoluteMinimum"),
        (StoreSettings(price=PriceSettings(absolute_minimum="cheap")), "price.absoluteMinimum"),
        (
            StoreSettings(price=PriceSettings(largest_step_percent=Decimal(0))),
            "price.largestStepPercent",
        ),
    ],
)
async def test_a_setting_that_cannot_work_is_refused_by_its_name(
    shop: Shop, given: StoreSettings, path: str
) -> None:
    before = await shop.store()
    with pytest.raises(InvalidInput) as caught:
        await stores.change_settings(shop.runtime, shop.scope, shop.id, given, actor="me")
    assert caught.value.field == ("input", "settings", *path.split("."))
    assert await shop.store() == before


async def test_connecting_makes_the_store_active_and_starts_what_it_needs(
    runtime: Runtime, amazon: Amazon, servers: ServerUrls
) -> None:  # F005
    store = await opened(runtime)

    connected = await stores.connect(
        runtime,
        runtime.scope(MERCHANT),
        store.id,
        seller_id=SELLER_ID,
        credentials=CREDENTIALS,
        actor="me",
    )

    assert (connected.status, connected.version) == (StoreStatus.ACTIVE, 2)
    assert connected.connection is not None
    assert connected.connection.connected_at == runtime.clock.now()
    woken = {name for name, _ in await queued(servers)}
    assert woken == {"import_listings", "match_products", "reprice", "import_orders"}
    log = await CHANGES.find(runtime.scope(MERCHANT), Is("kind", "eq", ChangeKind.STORE))
    assert [(entry.after, entry.actor) for entry in log] == [("created", "me"), ("connected", "me")]


@pytest.mark.parametrize(
    "credentials",
    [
        AmazonCredentials("client", "wrong", REFRESH_TOKEN),
        AmazonCredentials("client", CLIENT_SECRET, "Atzr|revoked"),
        AmazonCredentials("nobody", CLIENT_SECRET, REFRESH_TOKEN),
    ],
    ids=["wrong-secret", "revoked-token", "unknown-application"],
)
async def test_credentials_that_amazon_refuses_are_not_kept(
    runtime: Runtime, credentials: AmazonCredentials
) -> None:  # F005
    store = await opened(runtime)
    with pytest.raises(InvalidInput, match="Amazon refuses these credentials") as caught:
        await stores.connect(
            runtime,
            runtime.scope(MERCHANT),
            store.id,
            seller_id=SELLER_ID,
            credentials=credentials,
            actor="me",
        )
    assert caught.value.code == "CREDENTIALS_REFUSED"
    assert await STORES.require(runtime.scope(MERCHANT), store.id) == store


async def test_a_store_whose_new_credentials_are_refused_goes_on_with_the_old_ones(
    shop: Shop,
) -> None:
    before = await shop.store()
    with pytest.raises(InvalidInput):
        await stores.connect(
            shop.runtime,
            shop.scope,
            shop.id,
            seller_id=SELLER_ID,
            credentials=AmazonCredentials("client", "wrong", REFRESH_TOKEN),
            actor="me",
        )
    assert await shop.store() == before
    await shop.put_on_sale(a_mug())
    assert (await shop.listing()).price == usd("20.00")


async def test_an_amazon_that_is_away_says_so(
    shop: Shop, settings: Settings, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.amazon.transport._SHORTEST_BACK_OFF", 0)
    store = await opened(shop.runtime)
    shop.amazon.trouble("*", "503", 100)
    with pytest.raises(NotConnected, match="could not be asked"):
        await stores.connect(
            shop.runtime,
            shop.scope,
            store.id,
            seller_id=SELLER_ID,
            credentials=CREDENTIALS,
            actor="me",
        )
    assert (await STORES.require(shop.scope, store.id)).status is StoreStatus.IN_SETUP


@pytest.mark.parametrize("operation", ["createDestination", "createSubscription"])
@pytest.mark.parametrize("kind", ["empty", "reset", "503"])
async def test_an_answer_that_is_lost_while_connecting_does_not_show(
    runtime: Runtime, amazon: Amazon, operation: str, kind: str
) -> None:
    amazon.trouble(operation, kind, 1)
    shop = await open_shop(runtime, amazon)
    await shop.put_on_sale(a_mug())
    assert await shop.receive() > 0


async def test_credentials_lie_sealed_in_the_database(shop: Shop) -> None:
    raw = await shop.runtime.database.handle.stores.find_one({"_id": shop.id})
    written = repr(raw)
    secrets = [CREDENTIALS.client_id, CREDENTIALS.client_secret, CREDENTIALS.refresh_token]
    spelled = [f"{secret!r}" for secret in secrets] + [
        base64.b64encode(secret.encode()).decode() for secret in secrets
    ]
    assert not [secret for secret in spelled if secret.strip("'") in written]
    connection = (await shop.store()).connection
    assert connection is not None
    assert shop.runtime.vault.open(connection.sealed_credentials) == CREDENTIALS


def test_credentials_do_not_show_in_logs() -> None:
    assert CLIENT_SECRET not in repr(CREDENTIALS)
    assert REFRESH_TOKEN not in str(CREDENTIALS)


async def test_credentials_sealed_with_another_key_say_what_to_do(
    shop: Shop, settings: Settings, servers: ServerUrls, tmp_path: Any
) -> None:
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    urls = (servers.mongodb_url, servers.redis_url)
    async with open_runtime(elsewhere, *urls) as other:
        with pytest.raises(NotConnected, match="SALES_CHANNEL_SECRET_KEY"):
            await other.connections.of(await shop.store())


def test_the_development_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Any) -> None:
    key = development_key(tmp_path / "data")
    assert development_key(tmp_path / "data") == key
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0
    assert Vault(key).open(Vault(key).seal(CREDENTIALS)) == CREDENTIALS


async def test_two_seller_accounts_stand_side_by_side(
    shop: Shop, amazon: Amazon
) -> None:  # F003, F004
    store = await opened(shop.runtime, name="Other", settings=StoreSettings(catalog_search=BY_EAN))
    await stores.connect(
        shop.runtime,
        shop.scope,
        store.id,
        seller_id=OTHER_SELLER_ID,
        credentials=replace(CREDENTIALS, refresh_token=f"{REFRESH_TOKEN}2"),
        actor="me",
    )
    other = replace(shop, id=store.id)
    await shop.import_products(a_mug(1))
    await shop.match()
    await shop.settle()
    assert await other.listings() == {}

    await other.match()
    await other.override(usd("15.00"))
    await other.settle()

    sent = [(entry["sellerId"], entry["price"]) for entry in amazon.journal("MUG-1")]
    assert sent == [(SELLER_ID, "20.00"), (OTHER_SELLER_ID, "15.00")]
    assert (await shop.listing()).price == usd("20.00")


async def test_settings_are_not_written_over_those_that_the_caller_has_not_seen(
    shop: Shop,
) -> None:
    seen = await shop.store()
    await shop.change_settings(handling_days=3)
    with pytest.raises(StaleVersion) as caught:
        await stores.change_settings(
            shop.runtime,
            shop.scope,
            shop.id,
            seen.settings,
            actor="me",
            expected_version=seen.version,
        )
    assert caught.value.field == ("input", "expectedVersion")
    assert (await shop.store()).settings.handling_days == 3


async def test_new_settings_have_every_price_decided_again(shop: Shop, servers: ServerUrls) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    await forget_jobs(servers)
    await shop.change_settings(price=PriceSettings(vat_percent=Decimal(10)))

    assert await shop.due() == 2
    assert {name for name, _ in await queued(servers)} == {"match_products", "reprice"}
    await shop.settle()
    assert (await shop.listing()).price == usd("22.00")


async def test_a_store_of_nobody_is_not_there(shop: Shop) -> None:
    stranger = shop.runtime.scope("somebody else")
    for use_case in (
        stores.change_settings(shop.runtime, stranger, shop.id, StoreSettings(), actor="me"),
        stores.set_active(shop.runtime, stranger, shop.id, active=False, actor="me"),
    ):
        with pytest.raises(NotFound):
            await use_case


async def test_only_a_connected_store_can_be_paused_or_resumed(runtime: Runtime) -> None:
    store = await opened(runtime)
    with pytest.raises(Conflict, match="Connect"):
        await stores.set_active(runtime, runtime.scope(MERCHANT), store.id, active=True, actor="me")


async def test_a_paused_store_neither_sends_nor_fetches(shop: Shop, amazon: Amazon) -> None:  # F010
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
    await shop.import_products(a_mug())
    asked = amazon.status()["requests"]
    for use_case in (
        shop.import_listings,
        shop.match,
        shop.confirm,
        shop.receive,
        shop.import_orders,
        lambda: looks.pull(shop.runtime, shop.scope, shop.id, None),
    ):
        with pytest.raises(NotConnected):
            await use_case()
    assert amazon.status()["requests"] == asked


async def test_a_resumed_store_makes_up_for_what_happened_while_it_was_paused(
    shop: Shop, servers: ServerUrls
) -> None:  # F010
    await shop.put_on_sale(a_mug())
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
    await shop.import_products(a_mug(price="21.00"), a_mug(2))
    await forget_jobs(servers)

    await stores.set_active(shop.runtime, shop.scope, shop.id, active=True, actor="me")

    assert {name for name, _ in await queued(servers)} == {
        "import_listings",
        "match_products",
        "reprice",
        "import_orders",
    }
    await shop.match()
    await shop.settle()
    assert {sku: row.price for sku, row in (await shop.listings()).items()} == {
        "MUG-1": usd("21.00"),
        "MUG-2": usd("20.00"),
    }


async def test_connecting_anew_skips_no_order(shop: Shop, amazon: Amazon) -> None:  # F006
    amazon.begin([an_item(1)], orders_per_tick=4)
    await shop.put_on_sale(a_mug(stock=Decimal(100)))
    await shop.import_orders()
    amazon.advance(60, frozen=False)
    amazon.advance(60)
    placed = amazon.status()["orders"]
    assert placed

    # The authorisation ended for two hours, and the seller has granted it again.
    await stores.connect(
        shop.runtime, shop.scope, shop.id, seller_id=SELLER_ID, credentials=CREDENTIALS, actor="me"
    )

    assert await shop.import_orders() == placed
