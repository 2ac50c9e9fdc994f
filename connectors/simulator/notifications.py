"""Notifications v1: destinations and subscriptions."""

import re

from connectors.simulator.chance import uuid
from connectors.simulator.events import VERSIONS
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, SpApiError, invalid, read_object
from connectors.simulator.world import Destination, Subscription

_ARN = re.compile(r"arn:aws:sqs:\S+:\S+:\S+")


def create_destination(call: Call) -> JsonObject:
    """Name a queue to which notifications may be sent."""
    body = read_object(call.body)
    name = body.get("name")
    specification = body.get("resourceSpecification")
    sqs = specification.get("sqs") if isinstance(specification, dict) else None
    arn = sqs.get("arn") if isinstance(sqs, dict) else None
    if not isinstance(name, str) or not name or len(name) > 256:
        raise invalid("name is required, with at most 256 characters.")
    if not isinstance(arn, str) or not _ARN.fullmatch(arn):
        raise invalid("resourceSpecification.sqs.arn must be the ARN of an SQS queue.")
    if any(known.arn == arn for known in _destinations(call)):
        raise SpApiError(409, "Conflict", "A destination with this resource exists already.")
    destination = Destination(
        uuid(call.world.seed, "destination", call.client_id, arn), call.client_id, name, arn
    )
    call.world.destinations[destination.destination_id] = destination
    # At AWS the queue is there before; here whoever names one gets it.
    if call.world.queues.of_arn(arn) is None:
        call.world.queues.create(arn.rpartition(":")[2], {})
    return {"payload": _destination_document(destination)}


def get_destinations(call: Call) -> JsonObject:
    """The application's destinations."""
    return {"payload": [_destination_document(found) for found in _destinations(call)]}


def get_destination(call: Call) -> JsonObject:
    """One destination of the application."""
    return {"payload": _destination_document(_destination(call, call.path["destination_id"]))}


def delete_destination(call: Call) -> JsonObject:
    """Remove a destination; subscriptions that name it fall silent."""
    del call.world.destinations[_destination(call, call.path["destination_id"]).destination_id]
    return {}


def create_subscription(call: Call) -> JsonObject:
    """Have the seller's notifications of a type sent to a destination."""
    notification_type = _known_type(call.path["notification_type"])
    body = read_object(call.body)
    version, destination_id = body.get("payloadVersion"), body.get("destinationId")
    directive = body.get("processingDirective")
    if version != VERSIONS[notification_type]:
        raise invalid(f"payloadVersion must be {VERSIONS[notification_type]}.")
    if not isinstance(destination_id, str):
        raise invalid("destinationId is required.")
    if not isinstance(directive, dict | None):
        raise invalid("processingDirective must be an object.")
    _destination(call, destination_id)
    if _subscriptions(call, notification_type):
        raise SpApiError(409, "Conflict", f"A subscription to {notification_type} exists already.")
    subscription = Subscription(
        uuid(call.world.seed, "subscription", call.seller_id, notification_type),
        call.client_id,
        call.seller_id,
        notification_type,
        version,
        destination_id,
        directive,
    )
    call.world.subscriptions[subscription.subscription_id] = subscription
    return {"payload": _subscription_document(subscription)}


def get_subscription(call: Call) -> JsonObject:
    """The seller's subscription to a type."""
    notification_type = _known_type(call.path["notification_type"])
    found = _subscriptions(call, notification_type)
    if not found:
        raise SpApiError(404, "NotFound", f"There is no subscription to {notification_type}.")
    return {"payload": _subscription_document(found[0])}


def get_subscriptions(call: Call) -> JsonObject:
    """The seller's subscriptions to one type, as a list."""
    types = call.query.many("notificationTypes", most=1)
    if not types:
        raise invalid("notificationTypes is required.")
    call.query.whole("pageSize", 30, 30, 100)
    found = _subscriptions(call, _known_type(types[0]))
    return {"payload": {"subscriptions": [_subscription_document(one) for one in found]}}


def get_subscription_by_id(call: Call) -> JsonObject:
    """A subscription of the application, whoever the seller is."""
    return {"payload": _subscription_document(_subscription(call))}


def delete_subscription_by_id(call: Call) -> JsonObject:
    """End a subscription."""
    del call.world.subscriptions[_subscription(call).subscription_id]
    return {}


def _known_type(name: str) -> str:
    if name not in VERSIONS:
        raise invalid(f"{name} is not simulated; {' and '.join(sorted(VERSIONS))} are.")
    return name


def _destinations(call: Call) -> list[Destination]:
    return [d for d in call.world.destinations.values() if d.client_id == call.client_id]


def _destination(call: Call, destination_id: str) -> Destination:
    destination = call.world.destinations.get(destination_id)
    if destination is None or destination.client_id != call.client_id:
        raise SpApiError(404, "NotFound", "The destination does not exist.")
    return destination


def _subscriptions(call: Call, notification_type: str) -> list[Subscription]:
    return [
        subscription
        for subscription in call.world.subscriptions.values()
        if subscription.seller_id == call.seller_id
        and subscription.client_id == call.client_id
        and subscription.notification_type == notification_type
    ]


def _subscription(call: Call) -> Subscription:
    subscription = call.world.subscriptions.get(call.path["subscription_id"])
    if (
        subscription is None
        or subscription.client_id != call.client_id
        or subscription.notification_type != call.path["notification_type"]
    ):
        raise SpApiError(404, "NotFound", "The subscription does not exist.")
    return subscription


def _destination_document(destination: Destination) -> JsonObject:
    return {
        "destinationId": destination.destination_id,
        "name": destination.name,
        "resource": {"sqs": {"arn": destination.arn}},
    }


def _subscription_document(subscription: Subscription) -> JsonObject:
    document: JsonObject = {
        "subscriptionId": subscription.subscription_id,
        "payloadVersion": subscription.payload_version,
        "destinationId": subscription.destination_id,
    }
    if subscription.directive is not None:
        document["processingDirective"] = subscription.directive
    return document
