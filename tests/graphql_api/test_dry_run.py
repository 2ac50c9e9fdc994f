"""A dry run answers as the mutation would, and leaves everything as it was."""

from typing import Any

import pytest

from domain.listing import ListingStatus, PriceOverride
from domain.run import RunStatus
from graphql_api.ids import Kind, to_id
from services.runtime import Runtime
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.runs import RUNS
from tests.factories import NOW, a_listing, usd
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import stock_shop
from tests.graphql_api.test_runs import a_run

PRICE = {"amount": "9.90", "currencyCode": "USD"}
MUTATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("listingPriceOverride", {"listingId": "MUG-1", "price": PRICE}, "listing { override { price { amount } } version }"),
    ("listingPriceOverrideClear", {"listingId": "SET-1"}, "listing { override { actor } version }"),
    ("listingPublish", {"listingId": "NEW-1"}, "listing { status dueReason }"),
    ("storeSettingsUpdate", {"storeId": "store1", "settings": {"handlingDays": 9}}, "store { settings { handlingDays } }"),
    ("repriceRunResume", {"runId": "held"}, "run { status answeredBy }"),
    ("repriceRunDiscard", {"runId": "held"}, "run { status answeredBy }"),
    ("repriceRunUndo", {"runId": "passed"}, "run { status answeredBy }"),
]  # fmt: skip


@pytest.fixture
async def shop(scope: Scope) -> None:
    await stock_shop(scope)
    ready = a_listing("NEW-1", status=ListingStatus.READY_TO_LIST)
    set_ = a_listing("SET-1", override=PriceOverride(usd("9.90"), "Ada", NOW))
    await LISTINGS.insert(scope, [ready, set_])
    await RUNS.insert(scope, [a_run(id="held"), a_run(id="passed", status=RunStatus.PASSED)])


async def everything(runtime: Runtime) -> dict[str, list[Any]]:
    handle = runtime.database.handle
    names = sorted({*await handle.list_collection_names()} - {"leases"})
    return {name: await handle[name].find().sort("_id").to_list(None) for name in names}


@pytest.mark.parametrize(("name", "given", "asked"), MUTATIONS, ids=[row[0] for row in MUTATIONS])
async def test_it_answers_as_the_mutation_would_and_writes_nothing(
    ask: Ask, runtime: Runtime, shop: None, name: str, given: dict[str, Any], asked: str
) -> None:
    kinds = {"listingId": Kind.LISTING, "storeId": Kind.STORE, "runId": Kind.RUN}
    input_ = {
        key: to_id(kinds[key], f"store1/{value}" if key == "listingId" else value)
        if key in kinds
        else value
        for key, value in given.items()
    }
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    query = f"mutation ($input: {type_}) {{ {name}(input: $input) {{ {asked} userErrors {{ code }} }} }}"
    before = await everything(runtime)

    dry = await ask(query, input={**input_, "dryRun": True})
    after = await everything(runtime)
    real = await ask(query, input=input_)

    assert after == before
    assert dry == real
    assert dry[name]["userErrors"] == []
    assert await everything(runtime) != before
