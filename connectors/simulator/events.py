"""Notifications that leave for the sellers' queues: what they say, and the ways in which they go astray."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.simulator.chance import fraction, uuid
from connectors.simulator.clock import iso
from connectors.simulator.market import MarketOffer, condition_group, is_eligible
from connectors.simulator.offer_document import (
    ItemOffers,
    channel,
    item_offers,
    of_group,
    shipping_hours,
    sub_condition,
)
from connectors.simulator.wire import JsonObject, amount_object, dumps
from connectors.simulator.world import Batch, Subscription, World

OFFERS = "ANY_OFFER_CHANGED"
FEED_FINISHED, REPORT_FINISHED = "FEED_PROCESSING_FINISHED", "REPORT_PROCESSING_FINISHED"
VERSIONS = {
    OFFERS: "1.0",
    "ORDER_CHANGE": "1.0",
    FEED_FINISHED: "2020-09-04",
    REPORT_FINISHED: "2020-09-04",
}
"""The types that can be subscribed to, with the version of what each says."""
_ENDS_TWICE = 0.02
"""Share of the notifications of finished feeds and reports that come twice."""


@dataclass(slots=True)
class Announced:
    """What became of notifications of offers."""

    sent: int = 0
    """All that were put into queues, second copies and those of before included."""
    lost: int = 0
    late: int = 0
    twice: int = 0


def announce_offers(world: World, changed: Iterable[tuple[str, str]]) -> Announced:
    """Tell each subscribed seller of changed offers on the items that it sells in that condition.

    One message for an item, condition and tick. Messages come in no order; as `world.delivery` has it some are
    lost, come late or come twice.
    """
    announced, delivery = Announced(), world.delivery
    sending = [*world.late_messages]
    world.late_messages = []
    subscriptions = [
        s
        for s in world.subscriptions.values()
        if s.notification_type == OFFERS and _wants(world, s)
    ]
    for asin, group in changed:
        for subscription in subscriptions:
            if not _sells(world, subscription.seller_id, asin, group):
                continue
            arn = world.destinations[subscription.destination_id].arn
            message = (arn, dumps(_offers_changed(world, subscription, asin, group)).decode())
            name = (asin, group, world.tick)
            fate = fraction(world.seed, "fate", *name)
            if fate < delivery.lost:
                announced.lost += 1
                continue
            if fate < delivery.lost + delivery.late:
                announced.late += 1
                world.late_messages.append(message)
            else:
                sending.append(message)
            luck = fraction(world.seed, "twice", *name)
            if luck < delivery.twice:
                announced.twice += 1
                (sending if luck < delivery.twice / 2 else world.late_messages).append(message)
    world.late_messages.sort()
    shuffled = sorted(
        enumerate(sorted(sending)),
        key=lambda placed: fraction(world.seed, "order", world.tick, placed[0]),
    )
    announced.sent = sum(world.queues.deliver(arn, body) for _, (arn, body) in shuffled)
    return announced


def announce_feed(world: World, feed: Batch) -> int:
    """Tell that a feed is over; gives how many messages that were."""
    result = {"resultFeedDocumentId": feed.result_id} if feed.result_id else {}
    content = {"feedId": feed.batch_id, "feedType": feed.type, **_end_of(feed), **result}
    return _announce_end(world, feed, FEED_FINISHED, "feedProcessingFinishedNotification", content)


def announce_report(world: World, report: Batch) -> int:
    """Tell that a report is over; gives how many messages that were."""
    result = {"reportDocumentId": report.result_id} if report.result_id else {}
    content = {"reportId": report.batch_id, "reportType": report.type, **_end_of(report), **result}
    return _announce_end(
        world, report, REPORT_FINISHED, "reportProcessingFinishedNotification", content
    )


def _end_of(batch: Batch) -> JsonObject:
    return {
        "sellerId": batch.seller_id,
        "accountId": f"amzn1.merchant.o.{batch.seller_id}",
        "processingStatus": batch.status,
    }


def _announce_end(
    world: World, batch: Batch, notification_type: str, name: str, content: JsonObject
) -> int:
    sent = 0
    for subscription in world.subscriptions.values():
        if (
            subscription.notification_type != notification_type
            or (subscription.seller_id, subscription.client_id)
            != (batch.seller_id, batch.client_id)
            or not _wants(world, subscription)
        ):
            continue
        now, version = iso(world.now_ms), VERSIONS[notification_type]
        body = {
            "notificationVersion": version,
            "notificationType": notification_type,
            "payloadVersion": version,
            "eventTime": now,
            "payload": {name: content},
            "notificationMetadata": {
                "applicationId": subscription.client_id,
                "subscriptionId": subscription.subscription_id,
                "publishTime": now,
                "notificationId": uuid(world.seed, notification_type, batch.batch_id),
            },
        }
        arn, text = world.destinations[subscription.destination_id].arn, dumps(body).decode()
        copies = (
            2
            if fraction(world.seed, "twice", notification_type, batch.batch_id) < _ENDS_TWICE
            else 1
        )
        sent += sum(world.queues.deliver(arn, text) for _ in range(copies))
    return sent


def _wants(world: World, subscription: Subscription) -> bool:
    event_filter = (subscription.directive or {}).get("eventFilter") or {}
    marketplaces = event_filter.get("marketplaceIds")
    return subscription.destination_id in world.destinations and (
        not marketplaces or world.marketplace_id in marketplaces
    )


def _sells(world: World, seller_id: str, asin: str, group: str) -> bool:
    return any(
        owner == seller_id
        and listing.price is not None
        and condition_group(listing.condition) == group
        for (owner, _), listing in world.listings_by_asin.get(asin, {}).items()
    )


def _offers_changed(world: World, subscription: Subscription, asin: str, group: str) -> JsonObject:
    found = item_offers(world, world.items[asin])
    now = iso(world.now_ms)
    name = (world.seed, OFFERS, subscription.subscription_id, asin, group, world.tick)
    return {
        "NotificationVersion": "1.0",
        "NotificationType": OFFERS,
        "PayloadVersion": subscription.payload_version,
        "EventTime": now,
        "NotificationMetadata": {
            "ApplicationId": subscription.client_id,
            "SubscriptionId": subscription.subscription_id,
            "PublishTime": now,
            "NotificationId": uuid(*name),
        },
        "Payload": {
            "AnyOfferChangedNotification": {
                "SellerId": subscription.seller_id,
                "OfferChangeTrigger": {
                    "MarketplaceId": world.marketplace_id,
                    "ASIN": asin,
                    "ItemCondition": group,
                    "TimeOfOfferChange": now,
                    "OfferChangeType": "Internal",
                },
                "Summary": _summary(found, world.seed),
                "Offers": [
                    _offer(found, offer, world.marketplace.country, now)
                    for offer in of_group(found.offers, group)
                ],
            }
        },
    }


def _summary(found: ItemOffers, seed: int) -> JsonObject:
    featured = found.featured
    lowest = min((offer.landed for offer in found.offers), default=found.item.reference)
    eligible = _counts(found, eligible=True)
    return {
        "NumberOfOffers": _counts(found, eligible=False),
        "LowestPrices": [
            {
                "Condition": offer.group,
                "FulfillmentChannel": channel(offer),
                **found.prices(offer),
            }
            for offer in found.lowest
        ],
        "BuyBoxPrices": (
            [{"Condition": featured.group, **found.prices(featured)}] if featured else []
        ),
        **found.amounts(),
        "MinimumAdvertisedPrice": amount_object(0, found.currency),
        "SuggestedLowerPricePlusShipping": amount_object(lowest, found.currency),
        "TotalBuyBoxEligibleOffers": sum(entry["OfferCount"] for entry in eligible),
        "SalesRankings": found.sales_rankings(seed),
        "NumberOfBuyBoxEligibleOffers": eligible,
    }


def _counts(found: ItemOffers, *, eligible: bool) -> list[JsonObject]:
    return [
        {"Condition": condition, "FulfillmentChannel": channel_name, "OfferCount": count}
        for (condition, channel_name), count in sorted(found.counts(eligible=eligible).items())
    ]


def _offer(found: ItemOffers, offer: MarketOffer, country: str, now: str) -> JsonObject:
    prices = found.prices(offer)
    shortest, longest = shipping_hours(offer)
    return {
        "SellerId": offer.seller_id,
        "SubCondition": sub_condition(offer),
        "SellerFeedbackRating": {
            "FeedbackCount": offer.feedback,
            "SellerPositiveFeedbackRating": offer.rating,
        },
        "ShippingTime": {
            "MinimumHours": shortest,
            "MaximumHours": longest,
            "AvailabilityType": "NOW",
            "AvailableDate": now,
        },
        "ListingPrice": prices["ListingPrice"],
        "Points": {"PointsNumber": 0},
        "Shipping": prices["Shipping"],
        "ShipsFrom": {"Country": country, "State": ""},
        "IsFulfilledByAmazon": offer.fulfilled_by_amazon,
        "PrimeInformation": {
            "IsOfferPrime": offer.fulfilled_by_amazon,
            "IsOfferNationalPrime": offer.fulfilled_by_amazon,
        },
        "IsBuyBoxWinner": offer.key == found.holder,
        "IsExpeditedShippingAvailable": offer.fulfilled_by_amazon,
        "IsFeaturedMerchant": is_eligible(found.item, offer),
        "ShipsDomestically": True,
        "ShipsInternationally": False,
    }
