"""`demo`: the whole story against a simulated Amazon, in one terminal."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table

from cli.catalog import import_file
from cli.scenario import SAMPLES
from cli.session import console, run
from cli.stage import Stage, open_stage, open_store, put_on_amazon, sample_rules
from cli.story import Story, Tally
from domain.listing import ListingStatus
from domain.store import Store
from services.settings import Settings
from storage.filters import AllOf, Is
from storage.listings import LISTINGS


def demo(
    catalog: Annotated[
        Path, typer.Option(help="A Magento product export to sell.", exists=True, dir_okay=False)
    ] = SAMPLES / "catalog.csv",
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
    rules = sample_rules()
    run(
        lambda: _demo(
            catalog, data_dir, rules, once=once, ticks=ticks, pace=pace, seed=seed, port=port
        )
    )


async def _demo(
    catalog: Path,
    data_dir: Path,
    rules: dict[str, str],
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
        eans = await put_on_amazon(stage, catalog, seed)
        operation = await import_file(stage.runtime, catalog, "USD")
        for error in operation.errors:
            console.print(f"  {error.where}: {error.message}", highlight=False, markup=False)
        store = await open_store(stage, rules, products_have_ean=eans)
        story = Story(stage.runtime, store, stage.amazon)
        tally, before = await tell(story, ticks, pace)
        console.print(summary(tally, before, time.monotonic() - began))
        if once:
            return
        await _invite(stage, store)
        await asyncio.Event().wait()


async def tell(story: Story, ticks: int, pace: float) -> tuple[Tally, str]:
    """Tell the story with a live table; gives how it ended, and the Buy Box share that it began with."""
    with Live(console=console, refresh_per_second=8) as live:

        def watch(moment: str, tally: Tally) -> None:
            live.update(_progress(moment, tally))

        await story.begin()
        before = await story.list_everything(watch)
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


def summary(tally: Tally, share_at_first: str, seconds: float) -> Table:
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
    table.add_row("Buy Box share once live / at the end", f"{share_at_first} / {tally.share}")
    table.add_row("Orders", f"{tally.orders:,}")
    table.add_row("Time taken", f"{seconds:.0f} s")
    return table


async def _invite(stage: Stage, store: Store) -> None:
    scope = stage.runtime.scope(store.merchant_id)
    active = AllOf((Is("store_id", "eq", store.id), Is("status", "eq", ListingStatus.ACTIVE)))
    shown = await LISTINGS.find(scope, active, limit=1)
    sku = shown[0].seller_sku if shown else ""
    console.print(
        f"\nGraphQL is at [bold]http://127.0.0.1:{stage.port}/graphql[/bold] until Ctrl-C. Try:"
    )
    for query in (
        "{ listings(first: 5) { nodes { sellerSku status price { amount } priceDecision { trigger reason } } } }",
        f'{{ listings(first: 1, where: {{sellerSku: {{eq: "{sku}"}}}}) {{ nodes {{ explain {{ trace {{ step note }} }} }} }} }}',
        "{ orders(first: 5) { nodes { marketplaceOrderId status total { amount currencyCode } } } }",
    ):
        console.print(f"  {query}", highlight=False, markup=False, soft_wrap=True)
    settings = stage.runtime.settings
    for line in (
        "Or in another terminal, where the first line makes commands speak to this demonstration:",
        f"  export SALES_CHANNEL_DATA_DIR={settings.data_dir} SALES_CHANNEL_CLOCK_FILE={settings.clock_file}",
        f'  {_command()} explain "{sku}"',
        f"  {_command()} rules plan my-rules.yaml",
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _command() -> str:
    """How we were called, for a user to call us again."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "sales-channel" else f"{sys.executable} -m cli"
