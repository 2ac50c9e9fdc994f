"""Tells what the seller may not list (Listings Restrictions 2021-08-01)."""

from connectors.amazon.operations import GET_LISTINGS_RESTRICTIONS
from connectors.amazon.payload import Node, first, nodes, of_marketplace, text
from connectors.amazon.transport import Transport
from connectors.errors import Unreadable
from connectors.product_listing import Restriction, RestrictionCode
from domain.listing import Condition


async def read(transport: Transport, asin: str, condition: Condition | None) -> list[Restriction]:
    """Why the seller may not list an item; nothing where it may."""
    account = transport.account
    answer = await transport.send(
        GET_LISTINGS_RESTRICTIONS,
        query={
            "asin": asin,
            "sellerId": account.seller_id,
            "marketplaceIds": account.marketplace.id,
            "reasonLocale": "en_US",
            **({"conditionType": condition.value} if condition else {}),
        },
    )
    return restrictions_of(answer, account.marketplace.id)


def restrictions_of(answer: Node, marketplace_id: str) -> list[Restriction]:
    """The reasons in an answer.

    Raises:
        Unreadable: it has no list of them, which must not pass for permission.
    """
    if not isinstance(answer.get("restrictions"), list):
        raise Unreadable(
            "The answer does not say whether there are restrictions",
            operation=GET_LISTINGS_RESTRICTIONS.name,
        )
    return [
        Restriction(
            condition=text(row.get("conditionType")),
            code=_code(text(reason.get("reasonCode"))),
            message=text(reason.get("message")) or "",
            approval_url=text(first(nodes(reason.get("links"))).get("resource")),
        )
        for row in of_marketplace(answer["restrictions"], marketplace_id)
        # A restriction without a reason is one all the same.
        for reason in nodes(row.get("reasons")) or [{}]
    ]


def _code(word: str | None) -> RestrictionCode:
    try:
        return RestrictionCode(word or "")
    except ValueError:
        return RestrictionCode.UNKNOWN
