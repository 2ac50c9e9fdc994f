"""Pages ask the database for what they show: each field alone comes out as it does of whole rows."""

import json
from typing import Any

import graphql
import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from domain.access import Role, Viewer
from graphql_api import listings
from graphql_api.context import RequestContext
from graphql_api.executor import PlanExecutor
from graphql_api.scalars import SCALARS
from graphql_api.schema import Mutation, Query
from services.runtime import Runtime
from storage.listings import LISTINGS
from storage.mongo import Scope
from tests.factories import MERCHANT
from tests.graphql_api.seeds import a_full_listing, stock_everything

SCHEMA = strawberry.Schema(
    Query,
    Mutation,
    config=StrawberryConfig(scalar_map=SCALARS),
    execution_context_class=PlanExecutor,
)
"""Without the limits of the API."""
TYPE: Any = SCHEMA._schema.type_map["Listing"]
UNSTABLE = {"explain", "priceHistory"}
"""They decide anew, under a new id, and end now."""


def _leaves(kind: Any, depth: int = 0) -> str:
    """All that can be asked of a type without arguments, not following nouns."""
    named = graphql.get_named_type(kind)
    if graphql.is_leaf_type(named):
        return ""
    if depth and ("Node" in [each.name for each in named.interfaces] or depth > 3):
        return " { __typename id }" if "id" in named.fields else " { __typename }"
    fields = (
        name + _leaves(field.type, depth + 1)
        for name, field in named.fields.items()
        if not any(graphql.is_required_argument(each) for each in field.args.values())
        and name not in UNSTABLE
    )
    return " { " + " ".join(fields) + " }"


@pytest.fixture
async def shop(runtime: Runtime, scope: Scope) -> Runtime:
    await stock_everything(scope)
    await LISTINGS.insert(scope, [a_full_listing()])
    return runtime


async def _asked(runtime: Runtime, selection: str) -> list[Any]:
    viewer = Viewer.of_roles(MERCHANT, "a test", [Role.OWNER])
    query = f"{{ listings(first: 3) {{ nodes {{ {selection} }} }} }}"
    result = await SCHEMA.execute(query, None, RequestContext(runtime, viewer))
    assert not result.errors, (selection, result.errors)
    assert result.data is not None
    found: list[Any] = json.loads(json.dumps(result.data["listings"]["nodes"]))
    return found


async def test_each_field_of_a_listing_alone_is_what_it_is_among_all(
    shop: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, field in TYPE.fields.items():
        selection = name + _leaves(field.type, 1)
        projected = await _asked(shop, selection)
        with monkeypatch.context() as patched:
            patched.setattr(type(listings.NOUN.projection), "fields", lambda *_: None)
            whole = await _asked(shop, selection)
        if name not in UNSTABLE:
            assert projected == whole, name
        assert len(projected) == 2
