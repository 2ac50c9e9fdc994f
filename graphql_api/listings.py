"""Listings: seller SKUs of a store, with everything that says why they cost what they cost."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import listing as domain
from domain.access import AccessScope
from domain.decision import Decision, DecisionReason
from domain.offer import snapshot_id
from graphql_api import changes, decisions, products, runs, stores, submissions
from graphql_api.access import needs
from graphql_api.business_prices import BusinessPrice
from graphql_api.connections import After, Before, Connection, First, Last, Paging, SortDirection
from graphql_api.context import Info, RequestContext
from graphql_api.fields import FromNode, FromRow, described
from graphql_api.filters import where_of
from graphql_api.ids import Kind, Node, to_id, to_key
from graphql_api.issues import Issue, issues_of
from graphql_api.listing_filters import ListingSort, ListingWhereInput
from graphql_api.loaders import Count, Noun, pick
from graphql_api.money import Money
from graphql_api.offers import Offer, buy_box_of, offer_of, offers_page
from graphql_api.price_history import DEFAULT, FromAt, Points, PricePoint, ToAt, chart_of
from graphql_api.products import Product
from graphql_api.projection import Projection
from graphql_api.scalars import MarketplaceItemId, Sku
from graphql_api.selection import Selection
from services.decisions import explain
from storage.decisions import DECISIONS
from storage.filters import Is
from storage.keyset import Sort
from storage.listings import LISTINGS
from storage.offers import SNAPSHOTS, buy_boxes

if TYPE_CHECKING:
    from graphql_api.changes import Change
    from graphql_api.decisions import PriceBounds, PriceDecision
    from graphql_api.runs import RepriceRun
    from graphql_api.stores import Store
    from graphql_api.submissions import Submission

_Decision = Annotated["PriceDecision", strawberry.lazy("graphql_api.decisions")]
_Submission = Annotated["Submission", strawberry.lazy("graphql_api.submissions")]


@strawberry.type(description="A price set by a person; while it stands no rule is asked.")
class PriceOverride:
    """An override."""

    price: Money = strawberry.field(description="The price.")
    actor: str = strawberry.field(description="Who set it.")
    set_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A price that a run wanted and about which a person has to speak, or has spoken."
)
class HeldPrice:
    """What a run holds back."""

    price: Money = strawberry.field(description="The price.")
    run: Annotated["RepriceRun", strawberry.lazy("graphql_api.runs")] = strawberry.field(
        description="The run; its `status` says what a person made of it."
    )


_shown = FromRow[domain.Listing]()
_of_node = FromNode["Listing"]()


@strawberry.type(description="One seller SKU of one store: a product on sale, or on its way there.")
class Listing(Node):
    """A listing."""

    store: Annotated["Store", strawberry.lazy("graphql_api.stores")] = strawberry.field(
        description="The store that sells it."
    )
    product: Product | None = strawberry.field(
        description="The product of the catalogue; null where none belongs to it."
    )
    seller_sku: Sku = _shown(lambda row: Sku(row.seller_sku), description="Seller SKU on Amazon.")
    asin: MarketplaceItemId | None = _shown(
        lambda row: MarketplaceItemId(row.asin) if row.asin else None,
        description="ASIN of the item; null while no match was found.",
    )
    title: str = _shown(
        lambda row: row.title, description="Title on Amazon, or the product's name before."
    )
    marketplace_product_type: str | None = _shown(
        lambda row: row.product_type, description="Amazon's product type of the item."
    )
    condition: domain.Condition = _shown(
        lambda row: row.condition, description="Condition of the item."
    )
    marketplace_condition: str = _shown(
        lambda row: row.condition.value, description="Amazon's code of the condition."
    )
    fulfilment: domain.Fulfilment = _shown(lambda row: row.fulfilment, description="Who ships.")
    status: domain.ListingStatus = _shown(lambda row: row.status, description="Where it stands.")
    reason: domain.ListingReason | None = _shown(
        lambda row: row.reason, description="Why, where the status alone does not say."
    )
    candidates: list[MarketplaceItemId] = _shown(
        lambda row: [MarketplaceItemId(asin) for asin in row.candidates],
        description="ASINs to choose from while the match is open.",
    )
    issues: list[Issue] = _shown(
        lambda row: issues_of(row.issues), description="What Amazon says is wrong with it."
    )
    price: Money | None = _shown(
        lambda row: Money.maybe(row.price),
        description="Price live on Amazon as last read back, without shipping; null before it is live.",
    )
    business_price: BusinessPrice | None = _shown(
        lambda row: BusinessPrice.maybe(row.business),
        description="What businesses pay on Amazon as last read back; null where no offer is made to them.",
    )
    list_price: Money | None = _shown(
        lambda row: Money.maybe(row.list_price),
        description="Price that Amazon may show struck through, as last read back; null where there is none.",
    )
    quantity: int | None = _shown(
        lambda row: row.quantity,
        description="Quantity live on Amazon as last read back; null where Amazon fulfils.",
    )
    wanted_price: Money | None = _shown(
        lambda row: Money.maybe(row.wanted_price),
        description="Price of the last decision that said so; it differs from `price` while it is under way.",
    )
    wanted_business_price: BusinessPrice | None = _shown(
        lambda row: BusinessPrice.maybe(row.wanted_terms.business),
        description="Business price of the decision that set `wantedPrice`; null where it makes businesses no offer.",
    )
    wanted_list_price: Money | None = _shown(
        lambda row: Money.maybe(row.wanted_terms.list_price),
        description="List price of the decision that set `wantedPrice`; null where it sets none.",
    )
    wanted_quantity: int | None = _shown(
        lambda row: row.wanted_quantity, description="Quantity of the last decision."
    )
    price_bounds: Annotated["PriceBounds", strawberry.lazy("graphql_api.decisions")] = _of_node(
        lambda node: decisions.bounds_of(node.decided),
        description="The span in which the last decision's rules let the price move.",
    )
    override: PriceOverride | None = _shown(
        lambda row: _override(row.override),
        description="The price set by a person; null while the rules decide.",
    )
    is_buy_box_owner: bool | None = _shown(
        lambda row: row.owns_buy_box,
        description="Whether our offer holds the Buy Box; null while nobody does or nothing is known.",
    )
    hold: DecisionReason | None = _shown(
        lambda row: row.hold,
        description="Why the price that the rules want is not published; null where nothing is held.",
    )
    held: HeldPrice | None = strawberry.field(
        description="What a held, discarded or undone run wanted; null once the rules want something else."
    )
    featured_offer: Offer | None = strawberry.field(
        description="The offer that holds the Buy Box; null while none does or none is known."
    )
    price_decision: _Decision | None = strawberry.field(
        description="The decision that set the wanted price; null while none did."
    )
    latest_decision: _Decision | None = strawberry.field(
        description="The newest decision that came to something, be it a price, a quantity or a hold; null while none did."
    )
    open_submission: _Submission | None = strawberry.field(
        description="What is on its way to Amazon; null where nothing is."
    )
    due_at: datetime | None = _shown(
        lambda row: row.due.at,
        description="Since when it waits to be decided again; null where it does not.",
    )
    due_reason: str | None = _shown(
        lambda row: row.due.reason, description="Why it waits to be decided again."
    )
    version: int = _shown(lambda row: row.version, description="Counts up with every change.")
    created_at: datetime = _shown(
        lambda row: row.created_at, description="When it was made or found."
    )
    updated_at: datetime = _shown(lambda row: row.updated_at, description="When it last changed.")
    decided: strawberry.Private[Decision | None]
    row: strawberry.Private[domain.Listing]

    @described
    async def offers(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Offer]:
        """Everybody's offers on the item, by landed price and then seller."""
        key = _snapshot(self.row) or ""
        found = await info.context.rows(SNAPSHOTS, [key])
        return offers_page(found.get(key), Paging(first, after, last, before))

    @described
    async def decisions(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[_Decision]:
        """Decisions that changed it or are held, newest first."""
        paging = Paging(first, after, last, before)
        sort = decisions.NEWEST_FIRST
        return await decisions.NOUN.page(info, paging, sort=sort, where=self._mine())

    @described
    async def changes(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Annotated["Change", strawberry.lazy("graphql_api.changes")]]:
        """Its change log, newest first."""
        paging = Paging(first, after, last, before)
        sort = changes.NEWEST_FIRST
        return await changes.NOUN.page(info, paging, sort=sort, where=self._mine())

    @described
    async def submissions(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[_Submission]:
        """What was sent or is to be sent to Amazon, newest first."""
        paging = Paging(first, after, last, before)
        sort = submissions.NEWEST_FIRST
        return await submissions.NOUN.page(info, paging, sort=sort, where=self._mine())

    @described
    async def price_history(
        self, info: Info, from_at: FromAt = None, to_at: ToAt = None, points: Points = DEFAULT
    ) -> list[PricePoint]:
        """What it and its market cost over time, for a chart: the beginning and each span in which something changed.

        Kept for 180 days.
        """
        return await chart_of(info.context, self.row, from_at, to_at, points)

    @described
    async def explain(self, info: Info) -> _Decision | None:
        """Decides now and writes nothing: what the rules in force say of what is known.

        Null where no product belongs to the listing.
        """
        decisions.NOUN.check(info.context)
        row = await explain(info.context.runtime, info.context.scope, self.row)
        if row is None:
            return None
        wanted = Selection.of(info)
        return (await decisions.assemble(info.context, [row], wanted, is_stored=False))[0]

    def _mine(self) -> Is:
        return Is("listing_id", "eq", self.row.id)


Where = Annotated[
    ListingWhereInput | None, strawberry.argument(description="Only listings that match.")
]


def _decisions(rows: Sequence[domain.Listing], wanted: Selection) -> list[str]:
    """Ids of the decisions that are asked for, so that one query reads them all."""
    needs_latest = "latestDecision" in wanted or "priceBounds" in wanted
    latest = [row.last_decision_id for row in rows if needs_latest]
    priced = [row.price_decision_id for row in rows if "priceDecision" in wanted]
    return [id_ for id_ in (*latest, *priced) if id_]


async def assemble(
    context: RequestContext, rows: Sequence[domain.Listing], wanted: Selection
) -> list[Listing]:
    """The nodes of listings with the children that are asked for, each kind of child in one query."""
    places, sold, featured, made, sent = await asyncio.gather(
        stores.NOUN.by_keys(
            context, (row.store_id for row in rows if "store" in wanted), wanted["store"]
        ),
        products.NOUN.by_keys(
            context, (row.product_id for row in rows if "product" in wanted), wanted["product"]
        ),
        _featured(context, rows, wanted),
        context.rows(DECISIONS, _decisions(rows, wanted)),
        submissions.open_of(
            context,
            [row.id for row in rows if "openSubmission" in wanted],
            wanted["openSubmission"],
        ),
    )
    holding = await runs.NOUN.by_keys(
        context,
        (row.held.run_id for row in rows if row.held and "held" in wanted),
        wanted["held"]["run"],
    )
    priced = await decisions.NOUN.by_keys(
        context,
        (row.price_decision_id for row in rows if "priceDecision" in wanted),
        wanted["priceDecision"],
    )
    latest = await decisions.NOUN.by_keys(
        context,
        (row.last_decision_id for row in rows if "latestDecision" in wanted),
        wanted["latestDecision"],
    )
    return [
        Listing(
            id=to_id(Kind.LISTING, row.id),
            store=pick(places, row.store_id),
            product=pick(sold, row.product_id),
            decided=pick(made, row.last_decision_id),
            held=_held(row.held, holding),
            featured_offer=pick(featured, _snapshot(row)),
            price_decision=pick(priced, row.price_decision_id),
            latest_decision=pick(latest, row.last_decision_id),
            open_submission=pick(sent, row.id),
            row=row,
        )
        for row in rows
    ]


_PROJECTION = Projection(
    Listing,
    domain.Listing,
    always=("store_id", "product_id", "asin", "last_decision_id", "price_decision_id", "held"),
    whole=("explain", "priceHistory"),
)
NOUN: Noun[domain.Listing, Listing] = Noun(Kind.LISTING, LISTINGS, assemble, _PROJECTION)


async def _featured(
    context: RequestContext, rows: Sequence[domain.Listing], wanted: Selection
) -> dict[str, Offer]:
    """The offers that hold the Buy Box, by the id of their snapshot; read alone unless all are shown."""
    keys = {key for row in rows if (key := _snapshot(row))}
    if ("featuredOffer" not in wanted and "offers" not in wanted) or not keys:
        return {}
    if "offers" not in wanted:
        found = await buy_boxes(context.scope, keys)
        return {key: offer_of(row, observed_at) for key, (row, observed_at) in found.items()}
    snapshots = await context.rows(SNAPSHOTS, keys)
    nodes = {key: buy_box_of(snapshot) for key, snapshot in snapshots.items()}
    return {key: node for key, node in nodes.items() if node}


def _snapshot(row: domain.Listing) -> str | None:
    return snapshot_id(row.store_id, row.asin) if row.asin else None


def _held(row: domain.HeldPrice | None, holding: Mapping[str, "RepriceRun"]) -> HeldPrice | None:
    if row is None:
        return None
    return HeldPrice(price=Money.of(row.price), run=pick(holding, row.run_id))


def _override(row: domain.PriceOverride | None) -> PriceOverride | None:
    if row is None:
        return None
    return PriceOverride(price=Money.of(row.price), actor=row.actor, set_at=row.set_at)


@strawberry.type
class ListingQueries:
    """Query fields on listings."""

    @described
    async def listing(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002
    ) -> Listing | None:
        """A listing by its id; null where there is none."""
        return await NOUN.by_id(info, id)

    @described
    async def listing_by_sku(
        self,
        info: Info,
        store_id: Annotated[strawberry.ID, strawberry.argument(description="The store.")],
        seller_sku: Annotated[Sku, strawberry.argument(description="Seller SKU on Amazon.")],
    ) -> Listing | None:
        """A listing by its store and seller SKU; null where there is none."""
        store = to_key(Kind.STORE, store_id)
        if store is None:
            return None
        key = domain.listing_id(store, seller_sku)
        return await NOUN.by_key(info.context, key, Selection.of(info))

    @described
    async def listings(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        where: Where = strawberry.UNSET,
        sort: Annotated[
            ListingSort | None,
            strawberry.argument(description="Order; by store and seller SKU where not given."),
        ] = strawberry.UNSET,
    ) -> Connection[Listing]:
        """Listings, by store and seller SKU unless told otherwise."""
        order = (
            Sort(sort.field.value, sort.direction is SortDirection.DESC) if sort else Sort("_id")
        )
        paging = Paging(first, after, last, before)
        return await NOUN.page(info, paging, sort=order, where=where_of(where))

    @described
    @needs(AccessScope.READ)
    async def listings_count(self, info: Info, where: Where = strawberry.UNSET) -> Count:
        """How many listings match."""
        return await NOUN.count(info, where_of(where))
