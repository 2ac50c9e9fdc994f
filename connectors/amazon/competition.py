"""Reads what wins the Buy Box (Product Pricing 2022-05-01)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.amazon.operations import (
    GET_COMPETITIVE_SUMMARY,
    GET_FEATURED_OFFER_EXPECTED_PRICE_BATCH,
    Operation,
)
from connectors.amazon.payload import Node, amount, first, node, nodes, text
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.pricing import (
    BuyerSegment,
    CompetingOffer,
    CompetitiveSummary,
    ExpectedPrice,
    ExpectedPriceStatus,
    FeaturedOffer,
    Problem,
)
from domain.listing import Condition, Fulfilment

MOST_ITEMS, MOST_LISTINGS = 20, 40
_FULFILMENTS = {"AFN": Fulfilment.AMAZON, "MFN": Fulfilment.MERCHANT}
# The model's text writes the one, its example the other.
_STATUSES = {"NO_COMPETING_OFFERS": ExpectedPriceStatus.NO_COMPETING_OFFER}
_WANTED = ("featuredBuyingOptions", "referencePrices", "lowestPricedOffers", "similarItems")


async def summaries(
    transport: Transport, asins: Sequence[str], conditions: Sequence[Condition]
) -> list[CompetitiveSummary]:
    """What at most 20 items are sold for."""
    if len(asins) > MOST_ITEMS:
        raise ValueError(f"{len(asins)} items in one request, {MOST_ITEMS} at most")
    if not asins:
        return []
    groups = dict.fromkeys(each.value.partition("_")[0].capitalize() for each in conditions)
    inputs = [{"itemCondition": group, "offerType": "Consumer"} for group in groups]
    wanted = [each for each in _WANTED if inputs or each != "lowestPricedOffers"]
    asked: dict[str, Any] = {"includedData": wanted}
    if inputs:
        asked["lowestPricedOffersInputs"] = inputs
    requests = [{"asin": asin, **asked} for asin in asins]
    answer = await _send(transport, GET_COMPETITIVE_SUMMARY, requests)
    return summaries_of(answer, transport.account.seller_id)


async def expected_prices(transport: Transport, seller_skus: Sequence[str]) -> list[ExpectedPrice]:
    """Prices that win the Buy Box, for at most 40 listings."""
    if len(seller_skus) > MOST_LISTINGS:
        raise ValueError(f"{len(seller_skus)} listings in one request, {MOST_LISTINGS} at most")
    if not seller_skus:
        return []
    requests = [{"sku": sku} for sku in seller_skus]
    answer = await _send(transport, GET_FEATURED_OFFER_EXPECTED_PRICE_BATCH, requests)
    return expected_prices_of(answer, transport.account.seller_id)


async def _send(transport: Transport, operation: Operation, requests: list[dict[str, Any]]) -> Node:
    shared = {
        "marketplaceId": transport.account.marketplace.id,
        "method": "GET",
        "uri": operation.path.removeprefix("/batches"),
    }
    return await transport.send(
        operation,
        body={"requests": [{**request, **shared} for request in requests]},
        priority=Priority.BACKGROUND,
    )


def summaries_of(answer: Node, seller_id: str) -> list[CompetitiveSummary]:
    """The summaries in an answer; those that name no item are left out."""
    found = []
    for response in nodes(answer.get("responses")):
        body = node(response.get("body"))
        asin = text(body.get("asin"))
        if asin is None:
            continue
        found.append(
            CompetitiveSummary(
                asin=asin,
                featured=tuple(
                    FeaturedOffer(offer, _segments(row))
                    for option in nodes(body.get("featuredBuyingOptions"))
                    for row in nodes(option.get("segmentedFeaturedOffers"))
                    if (offer := _summarised(row, None, seller_id)) is not None
                ),
                lowest={
                    group: tuple(
                        offer
                        for row in nodes(lowest.get("offers"))
                        if (offer := _summarised(row, group, seller_id)) is not None
                    )
                    for lowest in nodes(body.get("lowestPricedOffers"))
                    if (group := _group(lowest))
                },
                reference_prices={
                    name: price
                    for row in nodes(body.get("referencePrices"))
                    if (name := text(row.get("name")))
                    and (price := amount(row.get("price"))) is not None
                },
                similar_asins=tuple(
                    similar
                    for row in nodes(body.get("similarItems"))
                    for item in nodes(row.get("items"))
                    if (similar := text(item.get("asin")))
                ),
                problem=_problem(body),
            )
        )
    return found


def expected_prices_of(answer: Node, seller_id: str) -> list[ExpectedPrice]:
    """The prices in an answer; those that name no listing are left out."""
    found = []
    for response in nodes(answer.get("responses")):
        body = node(response.get("body"))
        sku = text(node(response.get("request")).get("sku"))
        if sku is None:
            continue
        result = first(nodes(body.get("featuredOfferExpectedPriceResults")))
        status = _status(text(result.get("resultStatus")))
        price = amount(node(result.get("featuredOfferExpectedPrice")).get("listingPrice"))
        found.append(
            ExpectedPrice(
                seller_sku=sku,
                asin=text(node(body.get("offerIdentifier")).get("asin")),
                status=status,
                price=price if status is ExpectedPriceStatus.VALID_FOEP else None,
                competing=_identified(node(result.get("competingFeaturedOffer")), seller_id),
                featured=_identified(node(result.get("currentFeaturedOffer")), seller_id),
                problem=_problem(body),
            )
        )
    return found


def _status(word: str | None) -> ExpectedPriceStatus:
    try:
        return _STATUSES.get(word or "") or ExpectedPriceStatus(word or "")
    except ValueError:
        return ExpectedPriceStatus.UNKNOWN


def _problem(body: Node) -> Problem | None:
    error = first(nodes(body.get("errors")))
    if not error:
        return None
    return Problem(text(error.get("code")) or "", text(error.get("message")) or "no reason given")


def _group(lowest: Node) -> str | None:
    return text(node(lowest.get("lowestPricedOffersInput")).get("itemCondition"))


def _summarised(row: Node, group: str | None, seller_id: str) -> CompetingOffer | None:
    """An offer of a summary; its condition may be told by the list that it stands in."""
    shipping = first(nodes(row.get("shippingOptions"))).get("price")
    condition = row.get("condition") or group
    return _competing(row, condition, row.get("listingPrice"), shipping, seller_id)


def _identified(row: Node, seller_id: str) -> CompetingOffer | None:
    """An offer beside an expected price."""
    who, price = node(row.get("offerIdentifier")), node(row.get("price"))
    asked, shipping = price.get("listingPrice"), price.get("shippingPrice")
    return _competing(who, row.get("condition"), asked, shipping, seller_id)


def _competing(
    who: Node, condition: object, asked: object, shipping: object, seller_id: str
) -> CompetingOffer | None:
    """None where the price or the seller is not told."""
    price, seller = amount(asked), text(who.get("sellerId"))
    if price is None or seller is None:
        return None
    return CompetingOffer(
        seller_id=seller,
        condition=text(condition) or "",
        fulfilment=_FULFILMENTS.get(text(who.get("fulfillmentType")) or ""),
        listing_price=price,
        shipping=amount(shipping),
        is_own=seller == seller_id,
    )


def _segments(row: Node) -> tuple[BuyerSegment, ...]:
    return tuple(
        BuyerSegment(
            text(segment.get("customerMembership")) or "",
            _percent(node(segment.get("segmentDetails")).get("glanceViewWeightPercentage")),
        )
        for segment in nodes(row.get("featuredOfferSegments"))
    )


def _percent(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)
