"""The page at /graphql: every example of it is sound and can be run as it stands."""

from typing import Any

import orjson
import pytest
from graphql import parse, validate

from graphql_api.documents import RULES
from graphql_api.explorer import examples, page
from graphql_api.limits import TOKENS
from graphql_api.schema import SCHEMA
from services import listings, repricing
from services.runtime import Runtime
from storage.listings import LISTINGS
from storage.mongo import Scope
from tests.factories import usd
from tests.graphql_api.conftest import Ask, gid
from tests.graphql_api.seeds import stock_shop
from tests.graphql_api.sockets import connected, listening, served

IDS = {
    "the id of a listing": gid("Listing", "store1/MUG-1"),
    "the id of a store": gid("Store", "store1"),
}
LIVE = [each for each in examples() if "\nsubscription " in each["query"]]
ANSWERED = [each for each in examples() if each not in LIVE]


def _title(example: dict[str, str]) -> str:
    return example["title"]


def _variables(example: dict[str, str]) -> Any:
    text = example["variables"] or "{}"
    for written, id_ in IDS.items():
        text = text.replace(written, id_)
    return orjson.loads(text)


@pytest.mark.parametrize("example", examples(), ids=_title)
def test_examples_are_valid_within_the_limits(example: dict[str, str]) -> None:
    document = parse(example["query"], max_tokens=TOKENS)
    assert validate(SCHEMA._schema, document, RULES) == []
    assert validate(SCHEMA._schema, document) == []


@pytest.mark.parametrize("example", ANSWERED, ids=_title)
async def test_examples_are_answered(scope: Scope, ask: Ask, example: dict[str, str]) -> None:
    await stock_shop(scope)
    data = await ask(example["query"], **_variables(example))
    assert all(value is not None for value in data.values())
    for payload in data.values():
        assert payload.get("userErrors", []) == []


async def test_a_price_is_tried_without_being_set(scope: Scope, ask: Ask) -> None:
    await stock_shop(scope)
    [example] = [each for each in ANSWERED if each["title"] == "try a price"]
    listing = (await ask(example["query"], **_variables(example)))["listingPriceOverride"][
        "listing"
    ]
    assert listing["override"]["price"]["amount"] == "19.99"
    assert listing["explain"]["after"]["amount"] == "19.99"
    assert (await LISTINGS.require(scope, "store1/MUG-1")).override is None


@pytest.mark.parametrize("example", LIVE, ids=_title)
async def test_examples_tell_what_happens(
    runtime: Runtime, scope: Scope, example: dict[str, str]
) -> None:
    await stock_shop(scope)
    async with served(runtime) as address, connected(address) as client:
        await client.init()
        await client.subscribe("1", example["query"], **_variables(example))
        await listening(runtime, 1)
        await listings.override_price(runtime, scope, "store1/MUG-1", usd("21.00"), actor="Ann")
        await repricing.reprice(runtime, scope, "store1", None)
        event = await client.event("1")
    assert event["decision"]["after"] == {"amount": "21.00", "currencyCode": "USD"}
    assert event["decision"]["listing"]["sellerSku"] == "MUG-1"


def test_the_page_shows_the_examples() -> None:
    html = page()
    assert "const examples = [{" in html
    assert "WhyThisPrice" in html
    assert "FollowDecisions" in html
