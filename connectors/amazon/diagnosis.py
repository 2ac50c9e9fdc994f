"""Why a connection does not work: its parts are tried one after another, and the first bad one is named.

Amazon answers the same "access denied" for most of them, so what is bad follows from what still works.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from connectors.amazon import notifications
from connectors.amazon.account import AmazonEndpoints
from connectors.amazon.operations import (
    GET_ITEM_OFFERS_BATCH,
    GET_MARKETPLACE_PARTICIPATIONS,
    SEARCH_LISTINGS_ITEMS,
    SEARCH_ORDERS,
)
from connectors.amazon.participations import name_of
from connectors.amazon.payload import Node, first, nodes, text
from connectors.amazon.queue import Queue
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.errors import MarketplaceError, Missing, Refusal, Retryable, Unauthorized
from connectors.port import ConnectionPart, Diagnosis, DiagnosisOutcome

NOTIFIER = "437568002678"
"""The AWS account from which Amazon sends notifications."""
_RECENTLY = timedelta(hours=1)
_PRICING, _ORDERS = "Pricing", "Inventory and Order Tracking"
_LISTING = "Product Listing"
_REFUSED = {
    Refusal.APPLICATION: (
        ConnectionPart.APPLICATION,
        "Check client id and secret of the application, and connect the store again. A secret runs out after 180 days.",
    ),
    Refusal.TOKEN: (
        ConnectionPart.TOKEN,
        "The seller took the authorisation back, or its year ended. Authorise the store again.",
    ),
}


async def diagnose(
    transport: Transport, endpoints: AmazonEndpoints, queue: Queue | None, now: datetime
) -> list[Diagnosis]:
    """What is known of each part. Nothing is changed at Amazon, and trouble is told, never raised."""
    try:
        answer = await _participations(transport)
    except Unauthorized as error:
        found = [await _of_refusal(transport, endpoints, error)]
    except MarketplaceError as error:
        found = [_unknown(ConnectionPart.APPLICATION, error)]
    else:
        found = [_of_marketplace(transport, answer)]
        if found[0].outcome is DiagnosisOutcome.GOOD:
            found += await _of_roles(transport, now)
        found.append(await _of_queue(transport, queue, endpoints.queue_arn))
    return _complete(found)


async def _participations(transport: Transport, api_url: str | None = None) -> Node:
    return await transport.send(GET_MARKETPLACE_PARTICIPATIONS, api_url=api_url)


async def _of_refusal(
    transport: Transport, endpoints: AmazonEndpoints, error: Unauthorized
) -> Diagnosis:
    """Which part it is that keeps the first call from working."""
    if error.refusal in _REFUSED:
        part, remedy = _REFUSED[error.refusal]
        return _bad(part, error.message, remedy)
    ours = transport.account.marketplace
    for region, api_url in endpoints.other_api_urls:
        try:
            await _participations(transport, api_url)
        except MarketplaceError:
            continue
        return _bad(
            ConnectionPart.REGION,
            f"The account is at home in Amazon's region {region}, and {ours.country} is in {ours.region}.",
            f"Authorise with an account of the region {ours.region}, or open a store in a country of {region}.",
        )
    return _bad(
        ConnectionPart.ROLE,
        f"Amazon takes the token but refuses even to tell where the account sells: {error.message}.",
        "See in Seller Central that the account is active. The application needs the role Selling Partner Insights; "
        "after a role was added, authorise the store again.",
    )


def _of_marketplace(transport: Transport, answer: Node) -> Diagnosis:
    try:
        name = name_of(transport, answer)
    except Unauthorized as error:
        domain = transport.account.marketplace.domain
        remedy = (
            f"Register the account for {domain} in Seller Central, or open a store where it sells."
        )
        return _bad(ConnectionPart.MARKETPLACE, f"{error.message}.", remedy)
    domain = transport.account.marketplace.domain
    return _good(ConnectionPart.MARKETPLACE, f"The account sells on {domain} as {name}.")


async def _of_roles(transport: Transport, now: datetime) -> list[Diagnosis]:
    """Each role by an operation that needs it and changes nothing."""
    marketplace_id = transport.account.marketplace.id
    asins: list[str] = []

    async def listing() -> None:
        answer = await transport.send(
            SEARCH_LISTINGS_ITEMS,
            path={"sellerId": transport.account.seller_id},
            query={"marketplaceIds": marketplace_id, "pageSize": 1},
            priority=Priority.BACKGROUND,
        )
        summary = first(nodes(first(nodes(answer.get("items"))).get("summaries")))
        asins.extend(asin for asin in [text(summary.get("asin"))] if asin)

    async def pricing() -> None:
        request = {
            "uri": f"/products/pricing/v0/items/{asins[0]}/offers",
            "method": "GET",
            "MarketplaceId": marketplace_id,
            "ItemCondition": "New",
        }
        await transport.send(
            GET_ITEM_OFFERS_BATCH, body={"requests": [request]}, priority=Priority.BACKGROUND
        )

    async def orders() -> None:
        since = (now - _RECENTLY).isoformat().replace("+00:00", "Z")
        await transport.send(
            SEARCH_ORDERS,
            query={
                "marketplaceIds": marketplace_id,
                "lastUpdatedAfter": since,
                "maxResultsPerPage": 1,
            },
            priority=Priority.BACKGROUND,
        )

    found = [await _of_role(_LISTING, listing)]
    if asins:
        found.append(await _of_role(_PRICING, pricing))
    else:
        untried = f"The role {_PRICING} could not be tried: there is no listing to ask about."
        found.append(Diagnosis(ConnectionPart.ROLE, DiagnosisOutcome.UNKNOWN, untried))
    return [*found, await _of_role(_ORDERS, orders)]


async def _of_role(role: str, use: Callable[[], Awaitable[None]]) -> Diagnosis:
    try:
        await use()
    except Unauthorized as error:
        return _bad(
            ConnectionPart.ROLE,
            f"The role {role} is missing: Amazon refuses {error.operation}.",
            f"Add the role {role} to the application in the developer console, then authorise the store again: "
            "an authorisation does not grow by itself.",
        )
    except MarketplaceError as error:
        return _unknown(ConnectionPart.ROLE, error)
    return _good(ConnectionPart.ROLE, f"The application has the role {role}.")


async def _of_queue(transport: Transport, queue: Queue | None, arn: str | None) -> Diagnosis:
    part = ConnectionPart.QUEUE
    if queue is None or arn is None:
        return Diagnosis(
            part,
            DiagnosisOutcome.UNKNOWN,
            "No queue is set up, so prices follow the market by sweeps only.",
            "Make an SQS queue and set SALES_CHANNEL_AMAZON_QUEUE_ARN to its ARN.",
        )
    try:
        return await _try_queue(transport, queue, arn)
    except Missing as error:
        return _bad(part, f"There is no queue {arn}: {error.message}", "Make it, or mend the ARN.")
    except Unauthorized as error:
        return _bad(
            part,
            f"{error.message}.",
            "Give this installation AWS credentials that may receive, delete and look at the queue's messages.",
        )
    except MarketplaceError as error:
        return _unknown(part, error)


async def _try_queue(transport: Transport, queue: Queue, arn: str) -> Diagnosis:
    part = ConnectionPart.QUEUE
    if not await queue.lets_in(NOTIFIER):
        remedy = f"Let the AWS account {NOTIFIER} do SendMessage and GetQueueAttributes in the queue's policy."
        return _bad(part, f"Amazon may not send to the queue {arn}.", remedy)
    if not await notifications.arrive(transport, arn):
        told = f"Amazon does not send this seller's notifications to the queue {arn}."
        return _bad(part, told, "Connect the store again, which subscribes it.")
    return _good(part, f"Notifications arrive in the queue {arn}.")


def _complete(found: list[Diagnosis]) -> list[Diagnosis]:
    """With what follows for the other parts from the first that was found out."""
    order, reached = list(ConnectionPart), found[0].part
    # Who is refused at the first call for a role may still be in the wrong region.
    proven = order.index(ConnectionPart.REGION if reached is ConnectionPart.ROLE else reached)
    known = {each.part for each in found}
    because = f"It could not be tried: {reached.lower()} comes first."
    others = [
        _good(part, _WORKS[part])
        if place < proven
        else Diagnosis(part, DiagnosisOutcome.UNKNOWN, because)
        for place, part in enumerate(order)
        if part not in known
    ]
    return sorted([*found, *others], key=lambda each: order.index(each.part))


_WORKS = {
    ConnectionPart.APPLICATION: "Amazon knows the application and takes its secret.",
    ConnectionPart.TOKEN: "The seller's authorisation stands.",
    ConnectionPart.REGION: "The account is at home in the store's region.",
}


def _good(part: ConnectionPart, message: str) -> Diagnosis:
    return Diagnosis(part, DiagnosisOutcome.GOOD, message)


def _bad(part: ConnectionPart, message: str, remedy: str) -> Diagnosis:
    return Diagnosis(part, DiagnosisOutcome.BAD, message, remedy)


def _unknown(part: ConnectionPart, error: MarketplaceError) -> Diagnosis:
    remedy = "Try again in a few minutes." if isinstance(error, Retryable) else None
    return Diagnosis(part, DiagnosisOutcome.UNKNOWN, f"{error.message}.", remedy)
