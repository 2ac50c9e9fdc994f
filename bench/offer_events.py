"""Notifications of changed offers for the benches, put into the queue as Amazon puts them there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson

from domain.marketplace import Marketplace
from domain.money import Money

_AT_ONCE = 10
_RIVALS = 4


@dataclass(frozen=True, slots=True)
class Change:
    """Rivals ask something else for an item."""

    listing_id: str
    asin: str
    own: Money
    lowest: Money


async def send(
    http: httpx.AsyncClient, queue: str, changes: Sequence[Change], seller: str, place: Marketplace
) -> None:
    """Put a notification for each change into a queue of SQS."""
    for start in range(0, len(changes), _AT_ONCE):
        entries = [
            {"Id": str(number), "MessageBody": orjson.dumps(_body(change, seller, place)).decode()}
            for number, change in enumerate(changes[start : start + _AT_ONCE])
        ]
        answer = await http.post(
            "/sqs",
            content=orjson.dumps({"QueueUrl": queue, "Entries": entries}),
            headers={"x-amz-target": "AmazonSQS.SendMessageBatch"},
        )
        answer.raise_for_status()


def _body(change: Change, seller: str, place: Marketplace) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    rivals = [
        _offer(f"RIVAL{number}", Money(change.lowest.minor + 25 * number, change.lowest.currency))
        for number in range(_RIVALS)
    ]
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ANY_OFFER_CHANGED",
        "PayloadVersion": "1.0",
        "EventTime": now,
        "NotificationMetadata": {"NotificationId": str(uuid4()), "PublishTime": now},
        "Payload": {
            "AnyOfferChangedNotification": {
                "SellerId": seller,
                "OfferChangeTrigger": {
                    "MarketplaceId": place.id,
                    "ASIN": change.asin,
                    "ItemCondition": "new",
                    "TimeOfOfferChange": now,
                    "OfferChangeType": "External",
                },
                "Summary": {"NumberOfOffers": [], "BuyBoxPrices": []},
                "Offers": [_offer(seller, change.own), *rivals],
            }
        },
    }


def _offer(seller: str, price: Money) -> dict[str, Any]:
    return {
        "SellerId": seller,
        "SubCondition": "new",
        "SellerFeedbackRating": {"FeedbackCount": 500, "SellerPositiveFeedbackRating": 95},
        "ShippingTime": {"MinimumHours": 24, "MaximumHours": 48, "AvailabilityType": "NOW"},
        "ListingPrice": {"Amount": float(price.amount), "CurrencyCode": price.currency},
        "Shipping": {"Amount": 0.0, "CurrencyCode": price.currency},
        "ShipsFrom": {"Country": "US", "State": ""},
        "IsFulfilledByAmazon": False,
        "IsBuyBoxWinner": seller == "RIVAL0",
        "IsFeaturedMerchant": True,
    }
