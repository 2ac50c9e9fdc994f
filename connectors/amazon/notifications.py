"""Subscribes to Amazon's notifications and reads them out of the queue's messages."""

from enum import Enum

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
from connectors.errors import Missing, Rejected, Unauthorized, Unreadable
from connectors.port import Event, OffersChanged, TaskEnded, TaskKind, UnknownEvent

log = structlog.get_logger()

ANY_OFFER_CHANGED = "ANY_OFFER_CHANGED"
_ENDED = {
    "FEED_PROCESSING_FINISHED": TaskKind.FEED,
    "REPORT_PROCESSING_FINISHED": TaskKind.REPORT,
}
_ENDED_VERSION = "2020-09-04"
_LEFT_ALONE = frozenset(
    """ACCOUNT_STATUS_CHANGED B2B_ANY_OFFER_CHANGED BRANDED_ITEM_CONTENT_CHANGE
    DATA_KIOSK_QUERY_PROCESSING_FINISHED DETAIL_PAGE_TRAFFIC_EVENT FBA_INVENTORY_AVAILABILITY_CHANGES
    FBA_OUTBOUND_SHIPMENT_STATUS FEE_PROMOTION FULFILLMENT_ORDER_STATUS ITEM_INVENTORY_EVENT_CHANGE
    ITEM_PRODUCT_TYPE_CHANGE ITEM_SALES_EVENT_CHANGE LISTINGS_ITEM_ISSUES_CHANGE
    LISTINGS_ITEM_MFN_QUANTITY_CHANGE LISTINGS_ITEM_STATUS_CHANGE ORDER_CHANGE PRICING_HEALTH
    PRODUCT_TYPE_DEFINITIONS_CHANGE SHIPMENT_TRACKING_MILESTONE_CHANGED TRANSACTION_UPDATE""".split()
)
"""Types that have no use here; others than these are Amazon's news, and logged."""
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
    destination_id = await _destination(transport, queue_arn)
    await _subscribe_to_offers(transport, destination_id)
    for kind in _ENDED:
        await _subscribe_to_ends(transport, kind, destination_id)


async def _subscribe_to_offers(transport: Transport, destination_id: str) -> None:
    marketplace_id = transport.account.marketplace.id
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


async def _subscribe_to_ends(transport: Transport, kind: str, destination_id: str) -> None:
    """Have the ends of feeds or reports told. Where Amazon refuses, they are asked after all the same."""
    path = {"notificationType": kind}
    try:
        await transport.send(GET_SUBSCRIPTION, path=path, query={"payloadVersion": _ENDED_VERSION})
    except Missing:
        body = {"payloadVersion": _ENDED_VERSION, "destinationId": destination_id}
        try:
            await transport.send(CREATE_SUBSCRIPTION, path=path, body=body)
        except (Rejected, Unauthorized) as error:
            log.warning("amazon.notifications.refused", type=kind, reason=error.message)
        else:
            log.info("amazon.notifications.subscribed", type=kind)
    except (Rejected, Unauthorized) as error:
        log.warning("amazon.notifications.refused", type=kind, reason=error.message)


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


def event_of(body: str, seller_id: str, marketplace_id: str) -> Event | UnknownEvent:
    """The event in a message. One that cannot be read is unknown, so that it never blocks the queue.

    It comes from Amazon straight, or by way of EventBridge, which puts it into an envelope of its own.
    """
    try:
        message = node(folded(parse(body)))
    except (ValueError, RecursionError):
        message = {}
    if "detail-type" in message:
        message = node(message.get("detail"))
    kind = text(message.get("notificationtype"))
    if kind is None:
        log.error("amazon.notifications.malformed", size=len(body))
        return UnknownEvent(MALFORMED)
    if kind == ANY_OFFER_CHANGED:
        found: Event | _Unread = _offers_changed(message, seller_id, marketplace_id)
    elif kind in _ENDED:
        found = _task_ended(message, kind, seller_id)
    else:
        if kind not in _LEFT_ALONE:
            log.warning("amazon.notifications.new_type", type=kind)
        return UnknownEvent(kind)
    if isinstance(found, _Unread):
        # A queue that several stores share: this one must not take another's prices for its own.
        write = log.warning if found is _Unread.OF_ANOTHER_STORE else log.error
        write(f"amazon.notifications.{found.value}", type=kind, size=len(body))
        return UnknownEvent(kind)
    return found


class _Unread(Enum):
    """Why an event of a type that we use is none."""

    MALFORMED = "malformed"
    OF_ANOTHER_STORE = "of_another_store"


def _offers_changed(message: Node, seller_id: str, marketplace_id: str) -> OffersChanged | _Unread:
    content = node(node(message.get("payload")).get("anyofferchangednotification"))
    trigger = node(content.get("offerchangetrigger"))
    asin = text(trigger.get("asin"))
    changed_at = moment(trigger.get("timeofofferchange")) or moment(message.get("eventtime"))
    if asin is None or changed_at is None:
        return _Unread.MALFORMED
    if (content.get("sellerid"), trigger.get("marketplaceid")) != (seller_id, marketplace_id):
        return _Unread.OF_ANOTHER_STORE
    group = (text(trigger.get("itemcondition")) or "new").lower()
    return OffersChanged(item_offers(content, asin, group, changed_at, seller_id))


def _task_ended(message: Node, kind: str, seller_id: str) -> TaskEnded | _Unread:
    task = _ENDED[kind]
    name = f"{task.value.lower()}processingfinishednotification"
    content = node(node(message.get("payload")).get(name))
    task_id = text(content.get(f"{task.value.lower()}id"))
    if task_id is None:
        return _Unread.MALFORMED
    # Accounts that are no single seller's come without one.
    if text(content.get("sellerid")) not in {None, seller_id}:
        return _Unread.OF_ANOTHER_STORE
    return TaskEnded(task, task_id)
