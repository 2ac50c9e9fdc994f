"""Reads what everybody asks, by the name of one item or of the seller's own listings."""

from collections.abc import Mapping, Sequence

import structlog

from connectors.amazon.offers import BATCH, item_offers, require_lasting, status_of, told_at
from connectors.amazon.operations import (
    GET_ITEM_OFFERS,
    GET_LISTING_OFFERS,
    GET_LISTING_OFFERS_BATCH,
)
from connectors.amazon.payload import Node, folded, node, nodes, text
from connectors.amazon.transport import Transport, path_of
from connectors.budget import Priority
from connectors.errors import Unreadable
from connectors.pricing import ItemName, Named, NamedOffers
from domain.clock import Clock
from domain.listing import Condition

log = structlog.get_logger()

_REFUSED = {400, 404}
_NOT_YET = "ActiveButTooSoonForProcessing"


async def one(
    transport: Transport, name: ItemName, condition: Condition, clock: Clock
) -> NamedOffers:
    """Offers on one item or listing, in the group of a condition."""
    operation, place = (
        (GET_ITEM_OFFERS, "Asin") if name.by is Named.ASIN else (GET_LISTING_OFFERS, "SellerSKU")
    )
    answer = await transport.send(
        operation, path={place: name.value}, query=_asked(transport, condition)
    )
    response = {"body": folded(answer)}
    found = _offers_of(response, name, transport.account.seller_id, clock)
    if found is None:
        raise Unreadable("The answer holds no offers", operation=operation.name)
    return found


async def several(
    transport: Transport, seller_skus: Sequence[str], condition: Condition, clock: Clock
) -> list[NamedOffers]:
    """Offers on at most 20 listings, in the group of a condition.

    Raises:
        Unavailable: Amazon had no answer for any of them.
    """
    if len(seller_skus) > BATCH:
        raise ValueError(f"{len(seller_skus)} listings in one request, {BATCH} at most")
    if not seller_skus:
        return []
    paths = {
        path_of(GET_LISTING_OFFERS, {"SellerSKU": sku}).split("/")[-2]: sku for sku in seller_skus
    }
    answers = await _batch(transport, paths, condition)
    # Amazon took SKUs as they are until the end of 2024, and since then encoded as in any path.
    refused = {
        sku: sku
        for path, sku in paths.items()
        if path != sku and status_of(answers.get(sku, {})) in _REFUSED
    }
    if refused:
        answers |= await _batch(transport, refused, condition)
    found = [
        offers
        for sku in dict.fromkeys(seller_skus)
        if (
            offers := _offers_of(
                answers.get(sku, {}),
                ItemName(Named.SELLER_SKU, sku),
                transport.account.seller_id,
                clock,
            )
        )
    ]
    if not found:
        require_lasting(list(answers.values()), GET_LISTING_OFFERS_BATCH)
    return found


async def _batch(
    transport: Transport, paths: Mapping[str, str], condition: Condition
) -> dict[str, Node]:
    """The answers by SKU; asked for are the SKUs, in the form in which they are keys."""
    answer = await transport.send(
        GET_LISTING_OFFERS_BATCH,
        body={
            "requests": [
                {
                    "uri": f"/products/pricing/v0/listings/{path}/offers",
                    "method": "GET",
                    **_asked(transport, condition),
                }
                for path in paths
            ]
        },
        priority=Priority.BACKGROUND,
    )
    answers = {}
    for response in nodes(node(folded(answer)).get("responses")):
        told = _sku_of(response)
        sku = paths.get(told, told)
        if sku in paths.values():
            answers[sku] = response
    return answers


def _asked(transport: Transport, condition: Condition) -> dict[str, str]:
    return {
        "MarketplaceId": transport.account.marketplace.id,
        "ItemCondition": condition.value.partition("_")[0].capitalize(),
        "CustomerType": "Consumer",
    }


def _sku_of(response: Node) -> str:
    content = node(node(response.get("body")).get("payload"))
    return (
        text(content.get("sku"))
        or text(node(content.get("identifier")).get("sellersku"))
        or text(node(response.get("request")).get("sellersku"))
        or ""
    )


def _offers_of(response: Node, name: ItemName, seller_id: str, clock: Clock) -> NamedOffers | None:
    """One answer, its keys folded; None where there is none for this name, now or ever."""
    content = node(node(response.get("body")).get("payload"))
    state = text(content.get("status"))
    if not content or state == _NOT_YET:
        log.warning("amazon.offers.none", item=name.value, status=status_of(response), state=state)
        return None
    group = (text(content.get("itemcondition")) or "new").lower()
    item = item_offers(content, name.value, group, told_at(response) or clock.now(), seller_id)
    return NamedOffers(name, item.offers, item.observed_at)
