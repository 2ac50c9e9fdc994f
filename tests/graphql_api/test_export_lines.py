"""What an export says of a thing is what the API says of it, field by field and to the letter."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from domain.change import ChangeKind
from domain.decision import (
    BusinessPrice,
    DecisionOutcome,
    DecisionReason,
    FactValue,
    QuantityPrice,
    RuleOutcome,
    TraceStep,
)
from domain.export import ExportKind
from domain.listing import (
    Condition,
    Due,
    Fulfilment,
    Issue,
    ListingReason,
    ListingStatus,
    OfferTerms,
    PriceOverride,
)
from domain.money import Money
from domain.order import OrderLine, OrderStatus
from services.exports import SHAPES
from services.lines.columns import Children
from services.runtime import Runtime
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.orders import ORDERS
from tests.factories import NOW, a_listing, an_offer, usd
from tests.graphql_api.bulk import exported
from tests.graphql_api.calls import WRITTEN, noun_of
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import (
    a_change,
    a_decision,
    a_snapshot,
    an_order,
    asin_of,
    stock_everything,
)

MANY = 40
LEFT_OUT = {
    "Listing": """
        offers decisions changes submissions explain priceBounds held featuredOffer priceDecision latestDecision
        openSubmission priceHistory
    """,
    "PriceDecision": "submission isStored rules replay",
    "Order": "changes",
    "OfferSnapshot": "",
    "Change": "",
}
"""Fields that come from other documents, which are exports of their own; a new field must be exported or stand here."""
CHILD_LEFT_OUT = {
    "OrderLine": "listing",
}


def amounts(chance: Random) -> Money | None:
    currency = chance.choice(["USD", "JPY", "KWD"])
    return chance.choice([None, Money(chance.randrange(-500, 10**7), currency), usd("0.05")])


def business(chance: Random) -> BusinessPrice | None:
    tier = QuantityPrice(chance.randrange(2, 9), usd("7.00"))
    return chance.choice([None, BusinessPrice(usd("9.00")), BusinessPrice(usd("9.00"), (tier,))])


async def stock_listings(scope: Scope, chance: Random) -> None:
    rows = []
    for number in range(MANY):
        at = NOW + timedelta(milliseconds=chance.randrange(10**9))
        override = PriceOverride(usd("9.90"), "Ada", at)
        issue = Issue("90220", "Brand \u201cX\u201d\n\u2028 is missing", "ERROR", ("brand",))
        rows.append(
            a_listing(
                f"S/{number:02}\u00e9\U0001f600",
                product_id=chance.choice([None, "acme/MUG-1"]),
                asin=chance.choice([None, asin_of(number)]),
                product_type=chance.choice([None, "MUG"]),
                condition=chance.choice(list(Condition)),
                fulfilment=chance.choice(list(Fulfilment)),
                status=chance.choice(list(ListingStatus)),
                reason=chance.choice([None, *ListingReason]),
                candidates=tuple(asin_of(n) for n in range(chance.randrange(3))),
                issues=(issue,) * chance.randrange(3),
                price=amounts(chance),
                quantity=chance.choice([None, 0, 7]),
                wanted_price=amounts(chance),
                wanted_quantity=chance.choice([None, 0, 7]),
                override=chance.choice([None, override]),
                owns_buy_box=chance.choice([None, True, False]),
                hold=chance.choice([None, *DecisionReason]),
                due=chance.choice([Due(), Due(at, "OFFERS_CHANGED", 3)]),
                business=business(chance),
                list_price=amounts(chance),
                wanted_terms=OfferTerms(business(chance), amounts(chance)),
                version=chance.randrange(1, 99),
                updated_at=at,
            )
        )
    await LISTINGS.insert(scope, rows)
    # As versions of the program left them that did not know these fields yet.
    old = ["business", "list_price", "wanted_terms", "held", "price_decision_id"]
    unset = {"$unset": dict.fromkeys(old, "")}
    await scope.update("listings", {"_id": rows[0].id}, unset)


async def stock_offers(scope: Scope, chance: Random) -> None:
    for number in range(1, MANY):
        offers = tuple(
            an_offer(
                f"SELLER{chance.randrange(3)}",
                f"{chance.randrange(10, 13)}.00",
                shipping=usd(chance.choice(["0.00", "1.00"])),
                condition=chance.choice(list(Condition)),
                fulfilment=chance.choice(list(Fulfilment)),
                feedback_rating=chance.choice([None, 90]),
                feedback_count=chance.choice([None, 12]),
                is_own=chance.random() < 0.5,
            )
            for _ in range(chance.randrange(12))
        )
        await SNAPSHOTS.insert(scope, [a_snapshot(asin_of(number), offers=offers)])


async def stock_decisions(scope: Scope, chance: Random) -> None:
    rows = [
        a_decision(
            number,
            outcome=chance.choice(list(DecisionOutcome)),
            reason=chance.choice(list(DecisionReason)),
            price_before=amounts(chance),
            price_after=amounts(chance),
            quantity_after=chance.choice([None, 3]),
            floor=amounts(chance),
            ceiling=amounts(chance),
            business=business(chance),
            list_price=amounts(chance),
            ruleset_id=chance.choice([None, "ruleset1"]),
            run_id=chance.choice([None, "run1"]),
            trace=(TraceStep("RULE", "a \u20ac", amounts(chance), amounts(chance), "key"),)
            * chance.randrange(3),
            listing_rules=(RuleOutcome("l", None, applied=True, note="it lists"),)
            * chance.randrange(2),
            rules=(
                RuleOutcome("a", None, applied=True, note=""),
                RuleOutcome("b", 3, applied=False, note="no"),
            )[: chance.randrange(3)],
            facts=(FactValue("sku", "MUG-1"), FactValue("category", ("A/B", "C"))),
        )
        for number in range(1, MANY)
    ]
    await DECISIONS.insert(scope, rows)


async def stock_changes(scope: Scope, chance: Random) -> None:
    rows = [
        a_change(
            number,
            kind=chance.choice(list(ChangeKind)),
            before=chance.choice([None, "x"]),
            after=chance.choice([None, "y"]),
            listing_id=chance.choice([None, "store1/MUG-1"]),
            order_id=chance.choice([None, "store1/111-0000001"]),
            decision_id=chance.choice([None, "decision0000"]),
        )
        for number in range(2, MANY)
    ]
    await CHANGES.insert(scope, rows)


async def stock_orders(scope: Scope, chance: Random) -> None:
    line = OrderLine("1", "MUG-1", "B000000001", "A mug", 1, 0, usd("20.00"))
    blank = OrderLine("2", None, None, "?", 2, 1, None)
    rows = [
        an_order(
            number,
            status=chance.choice(list(OrderStatus)),
            fulfilment=chance.choice(list(Fulfilment)),
            ship_by=chance.choice([None, NOW]),
            total=amounts(chance),
            lines=(line, blank)[: chance.randrange(3)],
        )
        for number in range(2, MANY)
    ]
    # Several at one moment: the order must be total.
    rows = [replace(row, purchased_at=NOW + timedelta(hours=n // 7)) for n, row in enumerate(rows)]
    await ORDERS.insert(scope, rows)


STOCKS = {
    ExportKind.LISTINGS: stock_listings,
    ExportKind.OFFERS: stock_offers,
    ExportKind.DECISIONS: stock_decisions,
    ExportKind.CHANGES: stock_changes,
    ExportKind.ORDERS: stock_orders,
}


def selection(type_: GraphQLObjectType, left_out: str = "") -> str:
    """All of a type that is its own: values whole, other nouns by their ids, lists of pages whole."""
    asked = []
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if name in left_out.split():
            continue
        if is_leaf_type(below):
            asked.append(name)
        elif below.name.endswith("Connection"):
            inner = get_named_type(below.fields["nodes"].type)
            asked.append(f"{name}(first: 250) {{ nodes {{ {selection(inner)} }} }}")
        elif noun_of(field.type):
            asked.append(f"{name} {{ id }}")
        else:
            asked.append(f"{name} {{ {selection(below, CHILD_LEFT_OUT.get(below.name, ''))} }}")
    return " ".join(asked)


def told(lines: list[dict[str, Any]], lists: list[str]) -> dict[str, dict[str, Any]]:
    """Things by id, with their children in them again."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        if "__parentId" not in line:
            found[line["id"]] = {**line, "": []}
            continue
        parent = found[line.pop("__parentId")]
        assert parent is list(found.values())[-1], "children stand after their parent"
        parent[""].append(line)
    for parent in found.values():
        children = parent.pop("")
        for name in lists:
            typename = SHAPES_BY_TYPE[parent["__typename"]].fields[name].typename  # type: ignore[union-attr]
            parent[name] = [each for each in children if each["__typename"] == typename]
            children = [each for each in children if each["__typename"] != typename]
        assert not children
    return found


SHAPES_BY_TYPE = {shape.kind.value: shape for shape in SHAPES.values()}


@pytest.mark.parametrize("kind", ExportKind)
async def test_lines_say_what_the_api_says(
    runtime: Runtime, scope: Scope, ask: Ask, kind: ExportKind
) -> None:
    await stock_everything(scope)
    await scope.delete("api_keys", {})  # callers of this machine need none
    await STOCKS[kind](scope, Random(7))
    shape = SHAPES[kind]
    type_ = WRITTEN.type_map[shape.kind.value]
    assert isinstance(type_, GraphQLObjectType)

    lines = await exported(ask, runtime, scope, kind=kind.value)

    lists = [name for name, field in shape.fields.items() if isinstance(field, Children)]
    things = told(lines, lists)
    assert len(things) >= MANY - 1
    asked = selection(type_, LEFT_OUT[type_.name])
    query = (
        f"query ($id: ID!) {{ node(id: $id) {{ __typename ... on {type_.name} {{ {asked} }} }} }}"
    )
    for id_, thing in things.items():
        node = (await ask(query, id=id_))["node"]
        for name in lists:
            children = node[name]["nodes"] if isinstance(node[name], dict) else node[name]
            typename = shape.fields[name].typename  # type: ignore[union-attr]
            node[name] = [{"__typename": typename, **each} for each in children]
        assert thing == node
        assert list(thing)[:2] == ["id", "__typename"]


async def test_only_the_fields_that_are_named_are_told_and_only_what_matches(
    runtime: Runtime, scope: Scope, ask: Ask
) -> None:
    await stock_everything(scope)
    await scope.delete("api_keys", {})  # callers of this machine need none
    await stock_listings(scope, Random(7))

    lines = await exported(
        ask,
        runtime,
        scope,
        kind="LISTINGS",
        fields=["price", "sellerSku", "id"],
        where={"listings": {"sellerSku": {"in": ["MUG-1", "never"]}}},
    )

    assert [list(line) for line in lines] == [["id", "__typename", "sellerSku", "price"]]
    assert lines[0]["price"] == {"amount": "20.00", "currencyCode": "USD"}
