"""Reads prices shortly: the seller's own, and those in the Buy Boxes (Product Pricing v0)."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.amazon.offers import BATCH
from connectors.amazon.operations import GET_COMPETITIVE_PRICING, GET_PRICING, Operation
from connectors.amazon.payload import Node, amount, node, nodes, text, whole
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.pricing import CompetitivePrice, CompetitivePricing, Named, OwnPrice
from domain.listing import Fulfilment
from domain.money import Money


async def own(transport: Transport, by: Named, names: Sequence[str]) -> list[OwnPrice]:
    """What the seller itself asks, for at most 20 items or listings."""
    answer = await _ask(transport, GET_PRICING, by, names)
    return own_prices_of(answer)


async def competitive(
    transport: Transport, by: Named, names: Sequence[str]
) -> list[CompetitivePricing]:
    """What the Buy Boxes ask, for at most 20 items or listings."""
    answer = await _ask(transport, GET_COMPETITIVE_PRICING, by, names)
    return pricing_of(answer)


async def _ask(transport: Transport, operation: Operation, by: Named, names: Sequence[str]) -> Node:
    if len(names) > BATCH:
        raise ValueError(f"{len(names)} names in one request, {BATCH} at most")
    if unsuitable := [name for name in names if "," in name]:
        raise ValueError(f"{unsuitable[0]!r} holds a comma, which separates the names")
    if not names:
        return {}
    kind, parameter = ("Asin", "Asins") if by is Named.ASIN else ("Sku", "Skus")
    return await transport.send(
        operation,
        query={
            "MarketplaceId": transport.account.marketplace.id,
            "ItemType": kind,
            parameter: ",".join(names),
        },
        priority=Priority.BACKGROUND,
    )


def own_prices_of(answer: Node) -> list[OwnPrice]:
    """The seller's offers in an answer; what has no price is left out."""
    found = []
    for asin, _, product in _products(answer):
        for offer in nodes(product.get("Offers")):
            price, shipping = _price(node(offer.get("BuyingPrice")))
            sku = text(offer.get("SellerSKU"))
            if price is None or sku is None:
                continue
            found.append(
                OwnPrice(
                    asin=asin,
                    seller_sku=sku,
                    is_business=offer.get("offerType") == "B2B",
                    listing_price=price,
                    shipping=shipping,
                    regular_price=amount(offer.get("RegularPrice")),
                    fulfilment=_fulfilment(text(offer.get("FulfillmentChannel"))),
                )
            )
    return found


def pricing_of(answer: Node) -> list[CompetitivePricing]:
    """How the items in an answer are priced."""
    found = []
    for asin, sku, product in _products(answer):
        told = node(product.get("CompetitivePricing"))
        found.append(
            CompetitivePricing(
                asin=asin,
                seller_sku=sku,
                prices=tuple(
                    price
                    for row in nodes(told.get("CompetitivePrices"))
                    if (price := _competitive_price(row)) is not None
                ),
                offer_counts=_counts(told),
            )
        )
    return found


def _products(answer: Node) -> Iterator[tuple[str, str | None, Node]]:
    """ASIN, SKU and the rest of what was found."""
    for row in nodes(answer.get("payload")):
        product = node(row.get("Product"))
        names = node(product.get("Identifiers"))
        asin = text(node(names.get("MarketplaceASIN")).get("ASIN")) or text(row.get("ASIN"))
        if asin is not None and product:
            yield asin, text(row.get("SellerSKU")), product


def _competitive_price(row: Node) -> CompetitivePrice | None:
    price, shipping = _price(node(row.get("Price")))
    if price is None:
        return None
    return CompetitivePrice(
        condition=text(row.get("condition")) or "",
        is_business=row.get("offerType") == "B2B",
        at_least=whole(row.get("quantityTier")) or 1,
        listing_price=price,
        shipping=shipping,
        is_own=row.get("belongsToRequester") is True,
    )


def _counts(told: Node) -> Mapping[str, int]:
    return {
        condition: count
        for row in nodes(told.get("NumberOfOfferListings"))
        if (condition := text(row.get("condition")))
        and (count := whole(row.get("Count"))) is not None
    }


def _price(row: Node) -> tuple[Money | None, Money | None]:
    return amount(row.get("ListingPrice")), amount(row.get("Shipping"))


def _fulfilment(channel: str | None) -> Fulfilment:
    return Fulfilment.AMAZON if (channel or "").startswith("AMAZON") else Fulfilment.MERCHANT
