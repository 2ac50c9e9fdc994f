"""Subscribes to Amazon's notifications and reads them out of the queue's messages."""

import structlog

from connectors.amazon.offers import item_offers
from connectors.amazon.operations import (
    CREATE_DESTINATION,
    CREATE_SUBSCRIPTION,
    GET_DESTINATIONS,
    GET_SUBSCRIPTION,
)
from connectors.amazon.payload import Node, folded, moment, node, nodes, parse, text, texts
from connectors.amazon.transport import Transport
from connectors.errors import Missing, Rejected, Unreadable
from connectors.port import OffersChanged, UnknownEvent

log = structlog.get_logger()

ANY_OFFER_CHANGED = "ANY_OFFER_CHANGED"
MALFORMED = "MALFORMED"
"""The type that a message has which is no notification at all."""
_VERSION = "1.0"
_PATH = {"notificationType": ANY_OFFER_CHANGED}


async def subscribe(transport: Transport, queue_arn: str) -> None:
    """Have the store's notifications sent to a queue; calling again changes nothing.

    A seller has one subscription of a type. Where it was made for another marketplace's store it stays as
    it is, and this store learns of offers by reading them only.

    Raises:
        Rejected: Amazon refuses, as where the seller's notifications already go to another queue.
    """
    marketplace_id = transport.account.marketplace.id
    destination_id = await _destination(transport, queue_arn)
    if await _is_subscribed(transport, destination_id):
        return
    try:
        await transport.send(
            CREATE_SUBSCRIPTION,
            path=_PATH,
            body={
                "payloadVersion": _VERSION,
                "destinationId": destination_id,
                "processingDirective": {
                    "eventFilter": {
                        "eventFilterType": ANY_OFFER_CHANGED,
                        "marketplaceIds": [marketplace_id],
                    }
                },
            },
        )
    except Rejected:
        # A try whose answer was lost has made it, so that the next one is refused.
        if not await _is_subscribed(transport, destination_id):
            raise
    log.info("amazon.notifications.subscribed", type=ANY_OFFER_CHANGED, marketplace=marketplace_id)


async def _is_subscribed(transport: Transport, destination_id: str | None) -> bool:
    """Whether the seller's notifications go to a destination already."""
    try:
        answer = await transport.send(
            GET_SUBSCRIPTION, path=_PATH, query={"payloadVersion": _VERSION}
        )
    except Missing:
        return False
    subscription, marketplace_id = node(answer.get("payload")), transport.account.marketplace.id
    if destination_id is None or subscription.get("destinationId") != destination_id:
        return False
    if marketplace_id not in (_marketplaces(subscription) or (marketplace_id,)):
        log.warning("amazon.notifications.for_others", marketplace=marketplace_id)
    return True


def _marketplaces(subscription: Node) -> tuple[str, ...]:
    """Those that a subscription is for; none named are all."""
    directive = node(subscription.get("processingDirective"))
    return texts(node(directive.get("eventFilter")).get("marketplaceIds"))


async def arrive(transport: Transport, queue_arn: str) -> bool:
    """Whether Amazon sends the seller's notifications to a queue."""
    return await _is_subscribed(transport, await _known_destination(transport, queue_arn))


async def _known_destination(transport: Transport, queue_arn: str) -> str | None:
    """The id under which Amazon knows the queue; None where it does not."""
    known = await transport.send(GET_DESTINATIONS)
    for row in nodes(known.get("payload")):
        sqs = node(node(row.get("resource")).get("sqs"))
        if sqs.get("arn") == queue_arn and (found := text(row.get("destinationId"))):
            return found
    return None


async def _destination(transport: Transport, queue_arn: str) -> str:
    """The id under which Amazon knows the queue; it is told of the queue where it does not."""
    if found := await _known_destination(transport, queue_arn):
        return found
    try:
        answer = await transport.send(
            CREATE_DESTINATION,
            body={
                "name": f"sales-channel {queue_arn.rpartition(':')[2]}",
                "resourceSpecification": {"sqs": {"arn": queue_arn}},
            },
        )
    except Rejected:
        if found := await _known_destination(transport, queue_arn):
            return found
        raise
    created = text(node(answer.get("payload")).get("destinationId"))
    if created is None:
        raise Unreadable("The new destination has no id", operation=CREATE_DESTINATION.name)
    return created


def event_of(body: str, seller_id: str, marketplace_id: str) -> OffersChanged | UnknownEvent:
    """The event in a message. One that cannot be read is unknown, so that it never blocks the queue."""
    try:
        message = node(folded(parse(body)))
    except ValueError:
        message = {}
    kind = text(message.get("notificationtype"))
    if kind != ANY_OFFER_CHANGED:
        if kind is None:
            log.error("amazon.notifications.malformed", size=len(body))
        return UnknownEvent(kind or MALFORMED)
    content = node(node(message.get("payload")).get("anyofferchangednotification"))
    trigger = node(content.get("offerchangetrigger"))
    asin = text(trigger.get("asin"))
    changed_at = moment(trigger.get("timeofofferchange")) or moment(message.get("eventtime"))
    if asin is None or changed_at is None:
        log.error("amazon.notifications.malformed", type=kind, size=len(body))
        return UnknownEvent(kind)
    if (content.get("sellerid"), trigger.get("marketplaceid")) != (seller_id, marketplace_id):
        # A queue that several stores share: this one must not take another's prices for its own.
        log.warning("amazon.notifications.of_another_store", type=kind)
        return UnknownEvent(kind)
    group = (text(trigger.get("itemcondition")) or "new").lower()
    return OffersChanged(item_offers(content, asin, group, changed_at, seller_id))
