"""Whether the account works for the store's marketplace, and what fails where it does not."""

from connectors.amazon.operations import GET_MARKETPLACE_PARTICIPATIONS
from connectors.amazon.payload import Node, node, nodes, text
from connectors.amazon.transport import Transport
from connectors.errors import Refusal, Unauthorized


async def check(transport: Transport) -> str:
    """The seller account's name on the marketplace.

    Raises:
        Unauthorized: `refusal` names application, token, role or marketplace.
    """
    return name_of(transport, await transport.send(GET_MARKETPLACE_PARTICIPATIONS))


def name_of(transport: Transport, answer: Node) -> str:
    """The account's name on the store's marketplace, out of an answer; raises `Unauthorized` where it is not there."""
    marketplace = transport.account.marketplace
    others = []
    for row in nodes(answer.get("payload", answer.get("items"))):
        of = node(row.get("marketplace"))
        if not node(row.get("participation")).get("isParticipating"):
            continue
        if of.get("id") == marketplace.id:
            return text(row.get("storeName")) or transport.account.seller_id
        others.append(text(of.get("countryCode")) or "?")
    raise Unauthorized(
        f"The account does not sell on {marketplace.domain}; "
        f"it sells in {', '.join(sorted(others)) or 'no marketplace of this region'}",
        operation=GET_MARKETPLACE_PARTICIPATIONS.name,
        refusal=Refusal.MARKETPLACE,
    )
