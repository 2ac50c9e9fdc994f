"""`demo`: the whole story against a simulated Amazon, in one terminal."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table

from cli.catalog import import_file
from cli.processes import environment, free_port, program, programs
from cli.rules import publish_document
from cli.scenario import SELLER, scenario_of
from cli.session import ACTOR, console, run
from cli.stores import opened
from cli.story import Story, Tally
from connectors.magento.product_export import read_products
from connectors.simulator.controls import Controls
from domain.clock import SystemClock
from domain.product import Product
from domain.store import CatalogSearchSettings, Store, StoreStatus
from embedded.servers import open_servers
from embedded.supervisor import Supervisor
from services import stores
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.vault import AmazonCredentials
from storage.filters import Is
from storage.listings import LISTINGS

_SAMPLES = Path(__file__).parent.parent / "samples"
_STORE = "Demo"
_RATE_SCALE = 200
"""Amazon's limits are widened this much: a demonstration does not wait an hour for prices to leave."""
_QUEUE = "arn:aws:sqs:us-east-1:437568002678:sales-channel-{seller}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that the story is told on."""

    runtime: Runtime
    market: Controls
    supervisor: Supervisor
    port: int


def demo(
    catalog: Annotated[
        Path, typer.Option(help="A Magento product export to sell.", exists=True, dir_okay=False)
    ] = _SAMPLES / "catalog.csv",
    once: Annotated[bool, typer.Option("--once", help="Stop after the table.")] = False,
    ticks: Annotated[int, typer.Option(help="Half hours of the market to watch.", min=1)] = 24,
    pace: Annotated[float, typer.Option(help="Seconds that a half hour takes at least.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Seed of the simulated market.")] = 7,
    port: Annotated[int, typer.Option(help="Port of the API on 127.0.0.1.")] = 8000,
) -> None:
    """Watch a catalogue go on sale on a simulated Amazon, be repriced as rivals move, and take orders.

    Everything is real but Amazon: MongoDB, Valkey, the API and the workers run as processes of their own. Their
    data and logs stay under `.data/demo`, so a second run goes on where the first one ended.
    """
    data_dir = Settings().data_dir / "demo" / catalog.stem
    (data_dir / "log").mkdir(parents=True, exist_ok=True)
    files = sorted((_SAMPLES / "rules").glob("*.yaml"))
    rules = {file.name: file.read_text(encoding="utf-8") for file in files}
    run(
        lambda: _demo(
            catalog, data_dir, rules, once=once, ticks=ticks, pace=pace, seed=seed, port=port
        )
    )


async def _demo(
    catalog: Path,
    data_dir: Path,
    rules: Mapping[str, str],
    *,
    once: bool,
    ticks: int,
    pace: float,
    seed: int,
    port: int,
) -> None:
    began = time.monotonic()
    console.rule("[bold]sales-channel[/bold]: a catalogue on Amazon")
    async with open_stage(data_dir, port) as stage:
        eans = await put_on_amazon(stage.market, catalog, seed)
        operation = await import_file(stage.runtime, catalog, "USD")
        for error in operation.errors:
            console.print(f"  {error.where}: {error.message}", highlight=False, markup=False)
        store = await open_store(stage, rules, products_have_ean=eans)
        story = Story(stage.runtime, store, stage.market)
        tally, before = await tell(story, ticks, pace)
        console.print(summary(tally, before, time.monotonic() - began))
        if once:
            return
        await _invite(stage, store)
        await asyncio.Event().wait()


@asynccontextmanager
async def open_stage(data_dir: Path, port: int) -> AsyncIterator[Stage]:
    """Servers, simulator, API and workers, each a process of its own; all gone at the end."""
    logs = data_dir / "log"
    clock_file, market_port, api_port = data_dir / "clock", free_port(), free_port(port)
    overrides: dict[str, str] = {
        "SALES_CHANNEL_DATA_DIR": str(data_dir),
        "SALES_CHANNEL_AMAZON_URL": f"http://127.0.0.1:{market_port}",
        "SALES_CHANNEL_AMAZON_QUEUE_ARN": _QUEUE,
        "SALES_CHANNEL_AMAZON_RATE_SCALE": str(_RATE_SCALE),
        "SALES_CHANNEL_CLOCK_FILE": str(clock_file),
    }
    settings = Settings(
        data_dir=data_dir,
        amazon_url=overrides["SALES_CHANNEL_AMAZON_URL"],
        amazon_queue_arn=_QUEUE,
        amazon_rate_scale=_RATE_SCALE,
        clock_file=clock_file,
    )
    console.print("Starting MongoDB, Valkey, a simulated Amazon, the API and two workers.")
    with open_servers(data_dir) as urls, Supervisor() as supervisor:
        env = environment(urls, overrides)
        arguments = (
            *("simulator", "--port", str(market_port), "--rate-scale", str(_RATE_SCALE)),
            *("--state", str(data_dir / "amazon.json"), "--clock", str(clock_file)),
        )
        supervisor.start(program("simulator", arguments, env, logs))
        market = Controls(f"http://127.0.0.1:{market_port}")
        await market.wait_until_up()
        for each in programs(env, port=api_port, log_dir=logs):
            supervisor.start(each)
        async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
            try:
                yield Stage(runtime, market, supervisor, api_port)
            finally:
                await market.close()


async def put_on_amazon(market: Controls, catalog: Path, seed: int) -> bool:
    """Give the simulated Amazon an item for each product of the file; gives whether the products carry EANs."""
    rows = read_products(catalog, merchant_id="", currency="USD", now=SystemClock().now())
    products = [row for row in rows if isinstance(row, Product)]
    if await market.load(scenario_of(catalog.stem, seed, products)):
        console.print("Amazon is simulated, with rivals on every item.")
    else:
        console.print("The simulated Amazon goes on where it was left.")
    return any("ean" in product.attributes for product in products)


async def open_store(stage: Stage, rules: Mapping[str, str], *, products_have_ean: bool) -> Store:
    """The demonstration's store, opened and connected where that is still to do, with the sample rules."""
    runtime = stage.runtime
    scope = runtime.scope(runtime.settings.merchant)
    store = await opened(runtime, _STORE, email="demo@example.com", country="US", currency="USD")
    search = CatalogSearchSettings(
        ean="ean" if products_have_ean else None, accept_general_match=not products_have_ean
    )
    if store.settings.catalog_search != search:
        store = await stores.change_settings(
            runtime, scope, store.id, replace(store.settings, catalog_search=search), actor=ACTOR
        )
    for name, source in rules.items():
        told = await publish_document(runtime, store.id, source)
        console.print(f"{name}: {told}", highlight=False)
    if store.status is not StoreStatus.ACTIVE:
        credentials = AmazonCredentials(
            SELLER["clientId"], SELLER["clientSecret"], SELLER["refreshToken"]
        )
        store = await stores.connect(
            runtime,
            scope,
            store.id,
            seller_id=SELLER["sellerId"],
            credentials=credentials,
            actor=ACTOR,
        )
        console.print(f"Store {store.name} is connected to {store.marketplace.domain}.")
    return store


async def tell(story: Story, ticks: int, pace: float) -> tuple[Tally, str]:
    """Tell the story with a live table; gives how it ended, and the Buy Box share before it."""
    with Live(console=console, refresh_per_second=8) as live:

        def watch(moment: str, tally: Tally) -> None:
            live.update(_progress(moment, tally))

        await story.begin()
        await story.list_everything(watch)
        before = story.tally.share
        for _ in range(ticks):
            began = time.monotonic()
            await story.tick(watch)
            await asyncio.sleep(max(0.0, pace - (time.monotonic() - began)))
        await story.settle(watch)
    return story.tally, before


def _progress(moment: str, tally: Tally) -> Table:
    table = Table(title=f"Amazon time: {moment}", title_justify="left", min_width=60)
    for name in ("active", "in progress", "repriced", "held", "events", "Buy Box", "orders"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{tally.statuses['ACTIVE']:,}",
        f"{tally.statuses['LIST_IN_PROGRESS']:,}",
        f"{tally.up:,} up, {tally.down:,} down",
        f"{tally.holds.total():,}",
        f"{tally.events:,}",
        tally.share,
        f"{tally.orders:,}",
    )
    return table


def summary(tally: Tally, share_before: str, seconds: float) -> Table:
    """The table at the end."""
    table = Table(title="What happened", title_justify="left", show_header=False, min_width=60)
    table.add_row("Listed and live", f"{tally.statuses['ACTIVE']:,}")
    for status, count in sorted(tally.statuses.items()):
        if status != "ACTIVE":
            table.add_row(f"  {status}", f"{count:,}")
    for reason, count in sorted(tally.reasons.items()):
        table.add_row(f"  because {reason}", f"{count:,}")
    table.add_row("Repriced up / down", f"{tally.up:,} / {tally.down:,}")
    table.add_row("Held for a person", f"{tally.holds.total():,}")
    for reason, count in sorted(tally.holds.items()):
        table.add_row(f"  because {reason}", f"{count:,}")
    table.add_row("Buy Box share before / after", f"{share_before} / {tally.share}")
    table.add_row("Orders", f"{tally.orders:,}")
    table.add_row("Time taken", f"{seconds:.0f} s")
    return table


async def _invite(stage: Stage, store: Store) -> None:
    scope = stage.runtime.scope(store.merchant_id)
    shown = await LISTINGS.find(scope, Is("store_id", "eq", store.id), limit=1)
    sku = shown[0].seller_sku if shown else ""
    console.print(
        f"\nGraphQL is at [bold]http://127.0.0.1:{stage.port}/graphql[/bold] until Ctrl-C. Try:"
    )
    for query in (
        "{ listings(first: 5) { nodes { sellerSku status price { amount } latestDecision { reason } } } }",
        f'{{ listings(first: 1, where: {{sellerSku: {{eq: "{sku}"}}}}) {{ nodes {{ explain {{ trace {{ step note }} }} }} }} }}',
        "{ orders(first: 5) { nodes { marketplaceOrderId status total { amount currencyCode } } } }",
    ):
        console.print(f"  {query}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"Or in another terminal: SALES_CHANNEL_DATA_DIR={stage.runtime.settings.data_dir} "
        f'sales-channel explain "{sku}"',
        highlight=False,
        soft_wrap=True,
    )
