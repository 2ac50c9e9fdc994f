"""Reads what everybody asks for an item, and maps offers out of answers and notifications alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import structlog

from connectors.amazon.operations import GET_ITEM_OFFERS_BATCH, Operation
from connectors.amazon.payload import Node, amount, folded, node, nodes, text, whole
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.errors import Unavailable
from connectors.port import ItemOffers
from domain.clock import Clock
from domain.listing import Condition, Fulfilment
from domain.offer import Offer

log = structlog.get_logger()

BATCH = 20
"""Items of a request, at most."""
_LASTING = {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}

# Amazon's groups of conditions, with the words for the grades within each. Open box, OEM, club and
# the like have no condition of ours: such an offer is none to compare with, and is left out.
_GRADES: dict[str, dict[str, Condition]] = {
    "new": {"new": Condition.NEW},
    "refurbished": {
        "refurbished": Condition.REFURBISHED,
        "refurbished_warranty": Condition.REFURBISHED,
        "warranty": Condition.REFURBISHED,
    },
    "used": {
        "mint": Condition.USED_LIKE_NEW,
        "like_new": Condition.USED_LIKE_NEW,
        "very_good": Condition.USED_VERY_GOOD,
        "good": Condition.USED_GOOD,
        "acceptable": Condition.USED_ACCEPTABLE,
    },
    "collectible": {
        "mint": Condition.COLLECTIBLE_LIKE_NEW,
        "like_new": Condition.COLLECTIBLE_LIKE_NEW,
        "very_good": Condition.COLLECTIBLE_VERY_GOOD,
        "good": Condition.COLLECTIBLE_GOOD,
        "acceptable": Condition.COLLECTIBLE_ACCEPTABLE,
    },
}


async def read(
    transport: Transport, asins: Sequence[str], condition: Condition, clock: Clock
) -> list[ItemOffers]:
    """Offers on at most 20 items, in the group of a condition.

    Raises:
        Unavailable: Amazon had no answer for any of them.
    """
    if len(asins) > BATCH:
        raise ValueError(f"{len(asins)} items in one request, {BATCH} at most")
    if not asins:
        return []
    group = condition.value.partition("_")[0]
    answer = await transport.send(
        GET_ITEM_OFFERS_BATCH,
        body={
            "requests": [
                {
                    "uri": f"/products/pricing/v0/items/{asin}/offers",
                    "method": "GET",
                    "MarketplaceId": transport.account.marketplace.id,
                    "ItemCondition": group.capitalize(),
                    "CustomerType": "Consumer",
                }
                for asin in asins
            ]
        },
        priority=Priority.BACKGROUND,
    )
    responses = nodes(node(folded(answer)).get("responses"))
    seller_id = transport.account.seller_id
    items = [item for response in responses if (item := _item_of(response, seller_id, clock))]
    if not items:
        require_lasting(responses, GET_ITEM_OFFERS_BATCH)
    return items


def require_lasting(responses: Sequence[Node], operation: Operation) -> None:
    """Raise `Unavailable` where any of a batch's answers may be another one next time."""
    if any(status_of(response) not in _LASTING for response in responses):
        raise Unavailable("Amazon had no offers for any of the items", operation=operation.name)


def status_of(response: Node) -> int | None:
    """The status of one of a batch's answers."""
    return whole(node(response.get("status")).get("statuscode"))


def told_at(response: Node) -> datetime | None:
    """Amazon's time of one of a batch's answers, out of its headers."""
    try:
        at = parsedate_to_datetime(str(node(response.get("headers")).get("date")))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _item_of(response: Node, seller_id: str, clock: Clock) -> ItemOffers | None:
    """One of a batch's answers; None where there is none for this item, now or ever."""
    content = node(node(response.get("body")).get("payload"))
    asin = text(content.get("asin")) or text(node(response.get("request")).get("asin"))
    state = text(content.get("status"))
    if asin is None or not content or state == "ActiveButTooSoonForProcessing":
        log.warning("amazon.offers.none", asin=asin, status=status_of(response), state=state)
        return None
    group = (text(content.get("itemcondition")) or "new").lower()
    at = told_at(response) or clock.now()
    return item_offers(content, asin, group, at, seller_id)


def item_offers(
    content: Node, asin: str, group: str, observed_at: datetime, seller_id: str
) -> ItemOffers:
    """Offers out of an answer or a notification, its keys folded to lower case."""
    grades = _GRADES.get(group, {})
    offers = []
    for row in nodes(content.get("offers")):
        offer = _offer_of(row, grades, seller_id)
        if offer is None:
            log.info("amazon.offers.left_out", asin=asin, condition=row.get("subcondition"))
        else:
            offers.append(offer)
    return ItemOffers(
        asin=asin,
        offers=_with_buy_box(offers, node(content.get("summary")), group),
        observed_at=observed_at,
        covers=frozenset(grades.values()),
    )


def _offer_of(row: Node, grades: dict[str, Condition], seller_id: str) -> Offer | None:
    """None for an offer that we cannot compare with: another condition, business only, or no price."""
    grade = (text(row.get("subcondition")) or "").lower().replace(" ", "_").replace("-", "_")
    condition = grades.get(grade)
    price, shipping = amount(row.get("listingprice")), amount(row.get("shipping"))
    if condition is None or price is None or shipping is None or row.get("offertype") == "B2B":
        return None
    if shipping.currency != price.currency:
        return None
    feedback = node(row.get("sellerfeedbackrating"))
    is_own = row.get("sellerid") == seller_id or row.get("myoffer") is True
    return Offer(
        seller_id=seller_id if is_own else text(row.get("sellerid")) or "",
        condition=condition,
        listing_price=price,
        shipping=shipping,
        fulfilment=Fulfilment.AMAZON if row.get("isfulfilledbyamazon") else Fulfilment.MERCHANT,
        feedback_rating=_per_cent(feedback.get("sellerpositivefeedbackrating")),
        feedback_count=whole(feedback.get("feedbackcount")),
        is_buy_box_winner=row.get("isbuyboxwinner") is True,
        is_own=is_own,
    )


def _with_buy_box(offers: list[Offer], summary: Node, group: str) -> tuple[Offer, ...]:
    """Mark the winner by the summary where no offer says so itself.

    The summary gives the winner's price, at times with the seller. Only an offer of that very seller and
    price is marked. Who else may have won, among the offers or beyond the twenty shown, is not known;
    equal prices prove nothing, and nobody is marked.
    """
    if any(offer.is_buy_box_winner for offer in offers):
        return tuple(offers)
    winners = {
        (seller, amount(row.get("listingprice")), amount(row.get("shipping")))
        for row in nodes(summary.get("buyboxprices"))
        if (text(row.get("condition")) or "").lower() == group and row.get("offertype") != "B2B"
        if (seller := text(row.get("sellerid")))
    }
    return tuple(
        replace(
            offer,
            is_buy_box_winner=(offer.seller_id, offer.listing_price, offer.shipping) in winners,
        )
        for offer in offers
    )


def _per_cent(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if not 0 <= value <= 100:
        return None
    return int(Decimal(value).to_integral_value(ROUND_HALF_UP))
