"""Apollo Client and Relay against a served API. The assertions stand in the `.test` files, which node runs."""

from pathlib import Path

from tests.graphql_api.clients.conftest import NODE, Shop, run


async def test_apollo_pages_refetches_mutates_and_subscribes(shop: Shop, javascript: Path) -> None:
    await run(NODE, "--test", "apollo.test.mjs", cwd=javascript, environ=shop.environ)


async def test_relay_compiles_and_pages_refetches_mutates_and_subscribes(
    shop: Shop, javascript: Path
) -> None:
    compiler = javascript / "node_modules" / ".bin" / "relay-compiler"
    await run(compiler, "relay.config.json", cwd=javascript)
    await run(
        NODE, "--test", "--test-force-exit", "relay.test.js", cwd=javascript, environ=shop.environ
    )
