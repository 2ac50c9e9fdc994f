"""The scenario document: what a world starts from."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from connectors.simulator.attributes import CONDITIONS
from connectors.simulator.clock import to_ms
from connectors.simulator.rivals import invent_rivals
from connectors.simulator.world import Attributes, Authorization, Item, Listing, Seller, World
from domain.marketplace import MARKETPLACES
from domain.money import Money

Text = Annotated[str, Field(min_length=1, max_length=500)]
Price = Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,4})?$")]


def _condition(word: str) -> str:
    if word not in CONDITIONS:
        raise ValueError(f"{word} is none of Amazon's conditions")
    return word


Condition = Annotated[str, AfterValidator(_condition)]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class SellerPart(_Part):
    """A seller account and the application that may act for it."""

    seller_id: Text
    name: Text
    client_id: Text
    client_secret: Text
    refresh_token: Text


class ItemPart(_Part):
    """An item of Amazon's catalogue."""

    asin: Annotated[str, Field(pattern=r"^[A-Z0-9]{10}$")]
    title: Text
    brand: str | None = None
    product_type: Text = "PRODUCT"
    identifiers: dict[str, list[str]] = {}
    reference_price: Price
    parent_asin: str | None = None
    child_asins: list[str] = []
    restrictions: dict[Condition, Literal["APPROVAL_REQUIRED", "NOT_ELIGIBLE"]] = {}
    """Conditions in which sellers may not list it, and why."""


class ThirdPartyListingPart(_Part):
    """A listing that stands on Amazon before the story begins."""

    seller_id: Text
    seller_sku: Text
    asin: Text
    price: Price
    quantity: Annotated[int, Field(ge=0)]


class MarketPart(_Part):
    """How lively the market is."""

    change_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    orders_per_tick: Annotated[float, Field(ge=0, le=10_000)] = 3.0
    """Orders in a quarter of an hour, were all Buy Boxes of the listed items the sellers'."""


class ScenarioDocument(_Part):
    """Everything that a world starts from."""

    scenario_id: Text
    seed: int
    start: AwareDatetime
    marketplace_id: str = "ATVPDKIKX0DER"
    currency: str = "USD"
    sellers: Annotated[list[SellerPart], Field(min_length=1)]
    items: list[ItemPart]
    third_party_listings: list[ThirdPartyListingPart] = []
    market: MarketPart = MarketPart()


def read_scenario(document: object) -> ScenarioDocument:
    """Check a document.

    Raises:
        ValueError: with a sentence for each thing that is wrong with it.
    """
    try:
        scenario = ScenarioDocument.model_validate(document)
    except ValidationError as error:
        raise ValueError(
            "; ".join(
                f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
                for problem in error.errors()[:20]
            )
        ) from error
    _check_references(scenario)
    return scenario


def _check_references(scenario: ScenarioDocument) -> None:
    marketplace = next((m for m in MARKETPLACES.values() if m.id == scenario.marketplace_id), None)
    if marketplace is None or marketplace.currency != scenario.currency:
        raise ValueError(
            f"marketplaceId: {scenario.marketplace_id} is not a known marketplace in {scenario.currency}"
        )
    sellers = [part.seller_id for part in scenario.sellers]
    if len(set(sellers)) < len(sellers):
        raise ValueError("sellers: a sellerId occurs twice")
    asins = {part.asin for part in scenario.items}
    if len(asins) < len(scenario.items):
        raise ValueError("items: an asin occurs twice")
    for part in scenario.third_party_listings:
        if part.seller_id not in sellers:
            raise ValueError(f"thirdPartyListings: no seller {part.seller_id}")
        if part.asin not in asins:
            raise ValueError(f"thirdPartyListings: no item {part.asin}")


def build_world(scenario: ScenarioDocument) -> World:
    """The world at the scenario's start.

    Raises:
        ValueError: a price with more digits than the currency has.
    """
    world = World(
        scenario_id=scenario.scenario_id,
        seed=scenario.seed,
        marketplace_id=scenario.marketplace_id,
        currency=scenario.currency,
        now_ms=to_ms(scenario.start),
        settled_ms=to_ms(scenario.start),
        change_share=scenario.market.change_share,
        orders_per_tick=scenario.market.orders_per_tick,
        sellers={
            part.seller_id: Seller(
                part.seller_id, part.name, part.client_id, part.client_secret, part.refresh_token
            )
            for part in scenario.sellers
        },
        authorizations={
            part.refresh_token: Authorization(part.client_id, part.seller_id, to_ms(scenario.start))
            for part in scenario.sellers
        },
        items={part.asin: _item(scenario, part) for part in scenario.items},
    )
    world.rebuild_index()
    for third_party in scenario.third_party_listings:
        world.add(_listing(world, third_party))
    return world


def _item(scenario: ScenarioDocument, part: ItemPart) -> Item:
    reference = Money.parse(part.reference_price, scenario.currency).minor
    return Item(
        asin=part.asin,
        title=part.title,
        brand=part.brand,
        product_type=part.product_type,
        identifiers=tuple((kind, v) for kind, values in part.identifiers.items() for v in values),
        reference=reference,
        parent_asin=part.parent_asin,
        child_asins=tuple(part.child_asins),
        restrictions=dict(part.restrictions),
        # Nobody can sell a variation parent.
        rivals=[] if part.child_asins else invent_rivals(scenario.seed, part.asin, reference),
    )


def _listing(world: World, part: ThirdPartyListingPart) -> Listing:
    at = {"marketplace_id": world.marketplace_id}
    price = Money.parse(part.price, world.currency)
    attributes: Attributes = {
        "merchant_suggested_asin": [{"value": part.asin, **at}],
        "condition_type": [{"value": "new_new", **at}],
        "purchasable_offer": [
            {
                "currency": world.currency,
                "audience": "ALL",
                "our_price": [{"schedule": [{"value_with_tax": Decimal(price.amount)}]}],
                **at,
            }
        ],
        "fulfillment_availability": [
            {"fulfillment_channel_code": "DEFAULT", "quantity": part.quantity, **at}
        ],
    }
    return Listing(
        seller_id=part.seller_id,
        sku=part.seller_sku,
        product_type=world.items[part.asin].product_type,
        created_ms=world.now_ms,
        updated_ms=world.now_ms,
        accepted=attributes,
        shown=attributes,
        asin=part.asin,
        price=price.minor,
        quantity=part.quantity,
    )
