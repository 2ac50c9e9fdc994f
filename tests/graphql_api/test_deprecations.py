"""An answer names what of its document is deprecated."""

from collections.abc import Iterator

import httpx
import pytest
from graphql import build_schema, parse

from graphql_api import documents
from graphql_api.deprecations import Deprecation, deprecated
from graphql_api.schema import SCHEMA
from storage.mongo import Scope
from tests.graphql_api.seeds import stock_shop

SHOP = build_schema("""
    type Query { old(by: By, in: In): Old  new: Int  gone: Int @deprecated(reason: "Use `new`.") }
    type Old { name: String  title: String @deprecated(reason: "Use `name`.") }
    input In { good: Int  bad: Int @deprecated(reason: "It does nothing.")  deeper: [In!] }
    enum By { AGE  HEIGHT @deprecated(reason: "Nobody measures.") }
    type Mutation { act(old: Int @deprecated(reason: "Give nothing.")): Int }
""")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{ new old { name } }", []),
        ("{ a: gone b: gone }", ["Query.gone"]),
        ("{ old { ...all } } fragment all on Old { ... on Old { title } }", ["Old.title"]),
        ("{ old(by: HEIGHT) { name } }", ["By.HEIGHT"]),
        ("{ old(by: AGE, in: {good: 1, deeper: [{bad: 2}]}) { name } }", ["In.bad"]),
        ("query ($in: In = {bad: 1}) { old(in: $in) { name } }", ["In.bad"]),
        ("mutation { act(old: 1) }", ["Mutation.act(old:)"]),
        ("{ __typename old { __typename title } gone }", ["Old.title", "Query.gone"]),
    ],
)
def test_what_is_named_and_deprecated_is_found(text: str, names: list[str]) -> None:
    assert [each.field for each in deprecated(SHOP, parse(text))] == names


def test_the_reason_comes_along() -> None:
    assert deprecated(SHOP, parse("{ gone }")) == (Deprecation("Query.gone", "Use `new`."),)


@pytest.fixture
def dated(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Has `Listing.asin` go out of use for a while."""
    reason = "Use `marketplaceItemId`. Removed after 2027-06-30."
    listing = SCHEMA._schema.type_map["Listing"]
    monkeypatch.setattr(listing.fields["asin"], "deprecation_reason", reason)  # type: ignore[attr-defined]
    documents.known.cache_clear()
    yield reason
    documents.known.cache_clear()


async def test_an_answer_tells_it(client: httpx.AsyncClient, scope: Scope, dated: str) -> None:
    await stock_shop(scope)
    for text, told in (
        ("{ listings { nodes { asin } } }", [{"field": "Listing.asin", "reason": dated}]),
        ("{ listings { nodes { sellerSku } } }", None),
    ):
        for _ in range(2):  # as it comes first, and as it is remembered
            body = (await client.post("/graphql", json={"query": text})).json()
            assert body["data"]["listings"]["nodes"]
            assert body["extensions"].get("deprecations") == told
