"""The stage of the demonstration: servers, simulated Amazon, API and workers, each a process of its own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cli.processes import environment, free_port, program, programs
from cli.rules import publish_document
from cli.scenario import SAMPLES, SELLER, products_of, scenario_of
from cli.session import ACTOR, console
from cli.stores import opened
from connectors.simulator.controls import Controls
from domain.store import CatalogSearchSettings, Store, StoreStatus
from embedded.servers import ServerUrls, open_servers
from embedded.supervisor import Supervisor
from services import stores
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.vault import AmazonCredentials

_STORE = "Demo"
_SERVERS = {"MONGODB_URL", "REDIS_URL"}
_RATE_SCALE = 200
"""Amazon's limits are widened this much: a demonstration does not wait an hour for prices to leave."""
_QUEUE = "arn:aws:sqs:us-east-1:437568002678:sales-channel-{seller}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that the story is told on."""

    runtime: Runtime
    amazon: Controls
    supervisor: Supervisor
    urls: ServerUrls
    port: int
    """Of the API, on 127.0.0.1."""


def sample_rules() -> dict[str, str]:
    """The rule documents that the project ships, by file name."""
    files = sorted((SAMPLES / "rules").glob("*.yaml"))
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@asynccontextmanager
async def open_stage(data_dir: Path, port: int) -> AsyncIterator[Stage]:
    """Servers, simulator, API and workers, each a process of its own; all gone at the end."""
    logs = data_dir / "log"
    logs.mkdir(parents=True, exist_ok=True)
    amazon_port, api_port = free_port(), free_port(port)
    settings = Settings(
        data_dir=data_dir,
        amazon_url=f"http://127.0.0.1:{amazon_port}",
        amazon_queue_arn=_QUEUE,
        amazon_rate_scale=_RATE_SCALE,
        clock_file=data_dir / "clock",
    )
    # A demonstration never writes into servers that are used for something else.
    outside = {name: os.environ[name] for name in os.environ if name not in _SERVERS}
    console.print("Starting MongoDB, Valkey, a simulated Amazon, the API and three workers.")
    with open_servers(data_dir, outside) as urls, Supervisor() as supervisor:
        env = environment(urls, settings)
        arguments = (
            *("simulator", "--port", str(amazon_port), "--rate-scale", str(_RATE_SCALE)),
            *("--state", str(data_dir / "amazon.json"), "--clock", str(settings.clock_file)),
        )
        supervisor.start(program("simulator", arguments, env, logs))
        amazon = Controls(f"http://127.0.0.1:{amazon_port}")
        await amazon.wait_until_up()
        for each in programs(env, port=api_port, log_dir=logs):
            supervisor.start(each)
        async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
            try:
                yield Stage(runtime, amazon, supervisor, urls, api_port)
            finally:
                await amazon.close()


async def put_on_amazon(stage: Stage, catalog: Path, seed: int) -> bool:
    """Give the simulated Amazon an item for each product of the file; gives whether the products carry EANs."""
    products = products_of(catalog)
    if await stage.amazon.load(scenario_of(catalog.stem, seed, products)):
        console.print("Amazon is simulated, with rivals on every item.")
    else:
        console.print("The simulated Amazon goes on where it was left.")
    return any("ean" in product.attributes for product in products)


async def open_store(stage: Stage, rules: dict[str, str], *, products_have_ean: bool) -> Store:
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
