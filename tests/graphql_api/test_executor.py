"""The executor with plans against graphql-core's own: whatever is asked, data and errors must be the same."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, NamedTuple

import graphql
import pytest
import strawberry
import structlog
from graphql.language import ast
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from strawberry.extensions import ParserCache
from strawberry.schema.config import StrawberryConfig

from domain.access import Role, Viewer
from domain.clock import FixedClock
from graphql_api import executor
from graphql_api.context import RequestContext
from graphql_api.executor import PlanExecutor
from graphql_api.executor_trial import executor_class
from graphql_api.fields import FromNode, FromRow
from graphql_api.scalars import SCALARS, Sku
from graphql_api.schema import SCHEMA, Mutation, Query
from services.runtime import Runtime
from storage.mongo import Scope
from storage.orders import ORDERS
from tests.factories import MERCHANT
from tests.graphql_api.conftest import gid
from tests.graphql_api.seeds import an_order, stock_shop

CONFIG = StrawberryConfig(scalar_map=SCALARS)
EXAMPLES = 3000 if os.environ.get("NIGHTLY") else 25
SDL = SCHEMA.as_str()
LISTS = ["listings", "stores", "products", "orders", "decisions", "changes", "nodes", "node"]


class Schemas:
    """One schema twice: with plans and with graphql-core's own executor."""

    def __init__(self, query: type, mutation: type) -> None:
        self.planned, self.plain = (
            strawberry.Schema(
                query,
                mutation,
                config=CONFIG,
                extensions=[lambda: ParserCache(maxsize=500)],
                execution_context_class=chosen,
            )
            for chosen in (PlanExecutor, None)
        )

    async def check(self, query: str, context: Any, **variables: Any) -> dict[str, Any]:
        """Ask both, the planned one twice: its second answer comes from what it remembers."""
        document = graphql.print_ast(graphql.parse(query))
        answers = []
        for schema in (self.plain, self.planned, self.planned):
            result = await schema.execute(document, variables, context())
            errors = [error.formatted for error in result.errors or ()]
            answers.append(json.dumps({"data": result.data, "errors": errors}, default=repr))
        assert answers[1] == answers[0]
        assert answers[2] == answers[0]
        answer: dict[str, Any] = json.loads(answers[0])
        return answer


# A world of everything that can go well and wrong.


class Colour(Enum):
    RED = "r"
    BLUE = "b"


@strawberry.interface
class Thing:
    id: strawberry.ID


class Coin(NamedTuple):
    cents: Any


@strawberry.type
class Price:
    SHOWN: ClassVar[type] = Coin

    cents: int = FromNode[Coin]()(lambda coin: coin.cents, description="Read off what is shown.")
    in_words: str | None = FromNode[Coin]()(lambda coin: f"{coin.cents} cents", description="")


class Row(NamedTuple):
    label: Any = "label"
    coin: Any = Coin(5)


_of_row = FromRow[Row]()


@strawberry.type
class Part(Thing):
    name: str
    row: strawberry.Private[Any] = Row()
    label: str | None = _of_row(lambda row: row.label, description="Read off the row.")
    coin: Price | None = _of_row(lambda row: row.coin, description="Read off the row.")
    coins: list[Price] = _of_row(lambda row: [row.coin, Coin(1)], description="Read off the row.")
    colour: Colour | None = None
    weight: float | None = None
    count: int = 0
    is_big: bool = False
    price: Decimal | None = None
    made_at: datetime | None = None
    sku: Sku | None = None
    tags: list[str] = strawberry.field(default_factory=list)
    grid: list[list[int | None]] | None = None
    inside: "Part | None" = None
    parts: "list[Part]" = strawberry.field(default_factory=list)
    perhaps: "list[Part | None] | None" = None
    anything: Annotated["Part | Other", strawberry.union("Anything")] | None = None
    thing: Thing | None = None

    @strawberry.field
    def shout(self, times: int = 1) -> str:
        return self.name.upper() * times

    @strawberry.field
    async def later(self) -> "Part":
        await asyncio.sleep(0)
        return self

    @strawberry.field
    async def broken(self) -> int:
        raise ValueError("broken")

    @strawberry.field
    def maybe_broken(self) -> int | None:
        raise ValueError("broken, too")


@strawberry.type
class Other(Thing):
    size: int


def part(**changes: Any) -> Part:
    values: dict[str, Any] = {
        "id": strawberry.ID("p1"),
        "name": "Part",
        "colour": Colour.BLUE,
        "weight": 1.5,
        "count": 3,
        "price": Decimal("12.50"),
        "made_at": datetime(2026, 1, 5, tzinfo=UTC),
        "sku": Sku("A-1"),
        "tags": ["a", "b"],
        "grid": [[1, None], []],
    }
    return Part(**(values | changes))


def nameless() -> Part:
    found = part()
    del found.name
    return found


class Text(str):
    __slots__ = ()


class Loud(Part):
    pass


PARTS: dict[str, Any] = {
    "good": part(),
    "empty": Part(id=strawberry.ID("p0"), name=""),
    "deep": part(parts=[part(inside=part(count=7)), part()], perhaps=[None, part()]),
    "no name": part(name=None),
    "name is a number": part(name=5),
    "name is a text of its own kind": part(name=Text("x")),
    "name is an error": part(name=ValueError("no name")),
    "name is missing": nameless(),
    "count too large": part(count=2**31),
    "count is true": part(count=True),
    "count is a text": part(count="7"),
    "weight is not finite": part(weight=float("inf")),
    "weight is whole": part(weight=2),
    "colour unknown": part(colour="green"),
    "price is a text": part(price="1.00"),
    "sku is a number": part(sku=5),
    "tags is none": part(tags=None),
    "tags has none": part(tags=["a", None]),
    "tags is a tuple": part(tags=("a", "b")),
    "tags is a text": part(tags="ab"),
    "grid is crooked": part(grid=[[1], 2]),
    "one part broken": part(parts=[part(), part(name=None), part()]),
    "one part perhaps broken": part(perhaps=[part(), part(name=None), part()]),
    "inside broken": part(inside=part(inside=part(name=None))),
    "inside is another": part(inside=Other(id=strawberry.ID("o1"), size=1)),
    "inside is of a subclass": part(inside=Loud(id=strawberry.ID("l1"), name="loud")),
    "inside is a dict": part(inside={"name": "x"}),
    "inside looks like one": part(inside=SimpleNamespace(**vars(part()))),
    "no row": part(row=None),
    "row has no label": part(row=Row(label=None)),
    "row's label is a number": part(row=Row(label=5)),
    "row has no coin": part(row=Row(coin=None)),
    "coin is too large": part(row=Row(coin=Coin(2**31))),
    "coin is empty": part(row=Row(coin=Coin(None))),
    "coin only looks like one": part(row=Row(coin=SimpleNamespace(cents=1))),
    "coin is a text": part(row=Row(coin="5")),
    "of a union": part(anything=Other(id=strawberry.ID("o1"), size=2)),
    "of an interface": part(thing=part(name="by interface")),
}


@strawberry.type
class WorldQuery:
    @strawberry.field
    def part(self, of: str) -> Part:
        return PARTS[of]  # type: ignore[no-any-return]

    @strawberry.field
    async def parts(self, of: str) -> list[Part | None]:
        return [PARTS["good"], PARTS[of], PARTS["good"]]

    @strawberry.field
    def things(self) -> list[Thing]:
        return [PARTS["good"], Other(id=strawberry.ID("o1"), size=1), PARTS["count too large"]]


@strawberry.type
class WorldMutation:
    @strawberry.mutation
    async def touch(self, of: str) -> Part:
        return PARTS[of]  # type: ignore[no-any-return]


WORLD = Schemas(WorldQuery, WorldMutation)

ASKED = [
    "query ($of: String!) { part(of: $of) { label coin { cents inWords } } }",
    "query ($of: String!) { parts(of: $of) { name label coin { c: cents __typename } coins { inWords cents } id } }",
    "query ($of: String!) { parts(of: $of) { label later { label coins { cents } } parts { label } shout } }",
    "query ($of: String!) { part(of: $of) { id name count } }",
    """query ($of: String!) { part(of: $of) {
        b: name a: name __typename colour weight count isBig price madeAt sku tags grid } }""",
    "query ($of: String!) { parts(of: $of) { name tags inside { name inside { id name count } } } }",
    """query ($of: String!) { parts(of: $of) {
        name shout(times: 2) weight later { name later { count } } parts { name shout } sku } }""",
    """query ($of: String!) { part(of: $of) {
        id perhaps { name count inside { colour } } parts { id name inside { count } } grid } }""",
    "query ($of: String!) { part(of: $of) { name broken } other: part(of: $of) { maybeBroken name } }",
    """query ($of: String!) { a: part(of: $of) { ...F } b: part(of: $of) { id ...F parts { ...F } } }
       fragment F on Part { name ...G } fragment G on Part { count price inside { name weight } }""",
    """query ($of: String!) { part(of: $of) { anything { __typename ... on Other { size } ... on Part { name } }
         thing { id __typename ... on Part { name tags } } inside { ... on Thing { id } name } } }""",
    "query ($of: String!) { parts(of: $of) { name @skip(if: true) id count @include(if: false) } }",
    "mutation ($of: String!) { a: touch(of: $of) { name count } b: touch(of: $of) { name tags shout } }",
]


@pytest.mark.parametrize("of", PARTS)
async def test_whatever_a_node_holds_comes_out_the_same(of: str) -> None:
    for query in ASKED:
        await WORLD.check(query, dict, of=of)


async def test_errors_of_a_plan_are_those_of_the_executor() -> None:
    query = "{ parts(of: %s) { name count parts { name } } }"

    answer = await WORLD.check(query % '"one part broken"', dict)

    assert answer["data"]["parts"][1] is None
    assert answer["data"]["parts"][0] == {"name": "Part", "count": 3, "parts": []}
    assert [error["path"] for error in answer["errors"]] == [["parts", 1, "parts", 1, "name"]]


async def test_interfaces_give_what_each_type_has() -> None:
    await WORLD.check(
        "{ things { id __typename ... on Part { count } ... on Other { size } } }", dict
    )


@pytest.mark.parametrize("yes", [True, False])
async def test_directives_are_looked_at_anew_for_each_value(yes: bool) -> None:
    query = """query ($yes: Boolean!) { part(of: "good") {
        name @include(if: $yes) count @skip(if: $yes) ... @include(if: $yes) { tags inside { id } } } }"""

    answer = await WORLD.check(query, dict, yes=yes)

    assert list(answer["data"]["part"]) == (["name", "tags", "inside"] if yes else ["count"])


async def test_equal_texts_with_other_fragments_are_other_operations() -> None:
    query = '{ part(of: "good") { ...F } } fragment F on Part { %s }'

    for field in ("name", "count"):
        answer = await WORLD.check(query % field, dict)
        assert list(answer["data"]["part"]) == [field]


async def test_introspection_is_graphql_cores_own() -> None:
    await WORLD.check(graphql.get_introspection_query(), dict)


async def test_plain_nodes_are_written_by_plans_and_memory_has_a_bound() -> None:
    schema = WORLD.planned

    for number in range(executor._KEPT + 50):
        await schema.execute(f'{{ a{number}: part(of: "deep") {{ name parts {{ id }} }} }}')

    assert len(executor._kept) == executor._KEPT
    newest = next(reversed(executor._kept.values()))
    assert [list(plan.rest) for plan in newest.plans.values()] == [["a249"], [], []]


class Failing(PlanExecutor):
    def _plan(self, *_: Any) -> Any:
        raise TypeError("an internal of graphql-core is another now")


class Wrong(PlanExecutor):
    def execute_fields(self, *arguments: Any) -> Any:
        fields = super().execute_fields(*arguments)
        return dict.fromkeys(fields) if isinstance(fields, dict) else fields


@pytest.mark.parametrize("broken", [Failing, Wrong])
def test_an_executor_that_answers_otherwise_is_not_used_and_the_log_says_so(
    broken: type[PlanExecutor],
) -> None:
    with structlog.testing.capture_logs() as logs:
        assert executor_class(broken) is None
    assert [line["event"] for line in logs] == ["graphql.plans.off"]


def test_the_product_answers_with_plans() -> None:
    assert issubclass(SCHEMA.execution_context_class, PlanExecutor)


# The product's own schema, with documents that nobody thought of.


IDS = [
    gid("Listing", "store1/MUG-1"),
    gid("Listing", "never"),
    gid("Order", "store1/111-0000001"),
    gid("Store", "store1"),
    gid("Product", "acme/MUG-1"),
    gid("PriceDecision", "decision0000"),
    gid("Change", "change0000"),
    gid("Submission", "submission-decision0000"),
]


class _Bent(graphql.Visitor):
    """Rewrites a document: aliases, directives with variables and fragments in places that are drawn."""

    def __init__(self, draw: st.DrawFn) -> None:
        super().__init__()
        self._drawn = iter(draw(st.lists(st.integers(0, 9), min_size=40, max_size=40)))

    def leave_field(
        self, node: ast.FieldNode, _key: Any, _parent: Any, _path: Any, ancestors: list[Any]
    ) -> Any:
        if node.name.value == "explain":  # it decides anew, under a new id
            return ast.FieldNode(name=ast.NameNode(value="__typename"), arguments=(), directives=())
        node = _with(node, arguments=_arguments(node))
        match next(self._drawn, 9):
            case 0:
                return _with(node, directives=(_directive("include", "yes"),))
            case 1:
                return _with(node, directives=(_directive("skip", "no"),))
            case 2:
                return _with(node, directives=(_directive("skip", "yes"),))
            case 3 if len(ancestors) > 3:
                return ast.InlineFragmentNode(
                    directives=(), selection_set=ast.SelectionSetNode(selections=(node,))
                )
        return node


def _arguments(node: ast.FieldNode) -> tuple[ast.ArgumentNode, ...]:
    """Those without which nothing is found. What is drawn at random never finds anything and is left out."""
    ids = [ast.StringValueNode(value=id_) for id_ in IDS]
    known = {"id": ids[0], "against": ids[0], "ids": ast.ListValueNode(values=tuple(ids))}
    return tuple(
        ast.ArgumentNode(name=argument.name, value=known[argument.name.value])
        for argument in node.arguments or ()
        if argument.name.value in known
    )


def _with(node: ast.FieldNode, **changes: Any) -> ast.FieldNode:
    values = {key: getattr(node, key) for key in ("name", "alias", "arguments", "selection_set")}
    return ast.FieldNode(**(values | changes))


def _directive(name: str, variable: str) -> ast.DirectiveNode:
    value = ast.VariableNode(name=ast.NameNode(value=variable))
    argument = ast.ArgumentNode(name=ast.NameNode(value="if"), value=value)
    return ast.DirectiveNode(name=ast.NameNode(value=name), arguments=(argument,))


@st.composite
def documents(draw: st.DrawFn) -> str:
    document = graphql.parse(draw(queries(SDL, fields=LISTS, allow_x00=False)))
    bent = graphql.print_ast(graphql.visit(document, _Bent(draw)))
    used = "__typename @include(if: $yes) @skip(if: $no)"
    return bent.replace("{", f"query ($yes: Boolean! = true, $no: Boolean! = false) {{ {used}", 1)


@pytest.fixture
async def shop(runtime: Runtime, scope: Scope) -> AsyncIterator[Runtime]:
    await stock_shop(scope, ["MUG-1", "PEN-1", "CUP-1"])
    await ORDERS.insert(scope, [an_order(1)])
    with structlog.testing.capture_logs():
        yield runtime


REAL = Schemas(Query, Mutation)
"""Without the limits of the API: what they refuse would not be compared."""

NODE = f'{{ node(id: "{gid("Listing", "store1/MUG-1")}") {{ id ... on Listing {{ title offers {{ nodes {{ sellerId }} }} }} }} }}'
PAGE = """{ listings(first: 2) { nodes { id title price { amount } store { name listingCounts { count } }
    featuredOffer { sellerId landedPrice { amount } } latestDecision { trace { step } rules { ruleKey } }
    openSubmission { state } product { name prices { code } } changes { nodes { kind } } }
    edges { cursor node { title } } pageInfo { endCursor startCursor hasNextPage } } }"""


@pytest.mark.timeout(300 if EXAMPLES == 60 else 2 * 3600)
@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 25,  # some documents take seconds; chance is for the night
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
@given(document=documents())
@example(document=NODE)
@example(document=PAGE)
async def test_whatever_is_asked_of_the_product_comes_out_the_same(
    shop: Runtime, document: str
) -> None:
    viewer = Viewer.of_roles(MERCHANT, "a test", [Role.OWNER])
    # What is expected at some time is so from now on, and both are to be asked at the same moment.
    at_rest = replace(shop, clock=FixedClock(shop.clock.now()))
    await REAL.check(document, lambda: RequestContext(at_rest, viewer))
