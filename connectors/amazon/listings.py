"""Reads the seller's own listings from Amazon."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from fractions import Fraction

from connectors.amazon.operations import GET_LISTINGS_ITEM, SEARCH_LISTINGS_ITEMS
from connectors.amazon.payload import (
    Node,
    first,
    money,
    node,
    nodes,
    of_marketplace,
    text,
    texts,
    whole,
)
from connectors.amazon.transport import Transport
from connectors.budget import Priority
from connectors.errors import Missing, Rejected
from connectors.port import MarketplaceListing
from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import Condition, Fulfilment, Issue
from domain.money import Money

PAGE = 20
"""Listings of a page, and seller SKUs of a search, at most."""
_INCLUDED = "summaries,attributes,offers,fulfillmentAvailability,issues"


async def by_sku(
    transport: Transport, seller_skus: Sequence[str], priority: Priority
) -> list[MarketplaceListing]:
    """Those of at most 20 seller SKUs that exist."""
    if len(seller_skus) > PAGE:
        raise ValueError(f"{len(seller_skus)} seller SKUs in one search, {PAGE} at most")
    # A search takes its SKUs with commas between, so one that holds a comma has to be read alone.
    together = [sku for sku in seller_skus if "," not in sku]
    alone = [sku for sku in seller_skus if "," in sku]
    found: list[MarketplaceListing] = []
    if together:
        query = {"identifiersType": "SKU", "identifiers": ",".join(together)}
        async for answer in _pages(transport, query, priority):
            found += _listings_of(answer, transport.account.marketplace.id)
    for sku in alone:
        try:
            item = await transport.send(
                GET_LISTINGS_ITEM,
                path={"sellerId": transport.account.seller_id, "sku": sku},
                query=_scope(transport),
                priority=priority,
            )
        except Missing:
            continue
        found.append(listing_of(item, sku, transport.account.marketplace.id))
    return found


async def every(transport: Transport) -> AsyncIterator[list[MarketplaceListing]]:
    """Pages of all listings.

    Raises:
        Rejected: after the last page, where the seller has more listings than Amazon pages through
            (1,000); the code is ``LISTINGS_CAPPED``.
    """
    seen = total = 0
    # Sorted by SKU: the default, by last change, moves listings between pages while they are read.
    query = {"sortBy": "sku", "sortOrder": "ASC"}
    async for answer in _pages(transport, query, Priority.BACKGROUND):
        listings = _listings_of(answer, transport.account.marketplace.id)
        seen += len(listings)
        total = whole(answer.get("numberOfResults")) or total
        yield listings
    if seen < total:
        raise Rejected(
            f"Amazon pages through {seen} of the seller's {total} listings",
            operation=SEARCH_LISTINGS_ITEMS.name,
            code="LISTINGS_CAPPED",
        )


async def _pages(
    transport: Transport, query: dict[str, str], priority: Priority
) -> AsyncIterator[Node]:
    token: str | None = ""
    while token is not None:
        answer = await transport.send(
            SEARCH_LISTINGS_ITEMS,
            path={"sellerId": transport.account.seller_id},
            query={
                **query,
                **_scope(transport),
                "pageSize": PAGE,
                **({"pageToken": token} if token else {}),
            },
            priority=priority,
        )
        yield answer
        token = text(node(answer.get("pagination")).get("nextToken"))


def _scope(transport: Transport) -> dict[str, str]:
    return {
        "marketplaceIds": transport.account.marketplace.id,
        "issueLocale": "en_US",
        "includedData": _INCLUDED,
    }


def _listings_of(answer: Node, marketplace_id: str) -> list[MarketplaceListing]:
    return [
        listing_of(item, sku, marketplace_id)
        for item in nodes(answer.get("items"))
        if (sku := text(item.get("sku")))
    ]


def listing_of(item: Node, seller_sku: str, marketplace_id: str) -> MarketplaceListing:
    """A listing as one marketplace sees it."""
    summary = first(of_marketplace(item.get("summaries"), marketplace_id))
    attributes = node(item.get("attributes"))
    offers = of_marketplace(item.get("offers"), marketplace_id)
    fulfilment, quantity = _availability(nodes(item.get("fulfillmentAvailability")))
    return MarketplaceListing(
        seller_sku=seller_sku,
        asin=text(summary.get("asin")),
        title=text(summary.get("itemName")) or "",
        product_type=text(summary.get("productType")),
        condition=_condition(summary.get("conditionType")),
        is_buyable="BUYABLE" in texts(summary.get("status")),
        price=_price(offers, "B2C", "ALL"),
        quantity=quantity,
        fulfilment=fulfilment,
        issues=issues_of(item, marketplace_id),
        business=_business(offers, _here(attributes.get("purchasable_offer"), marketplace_id)),
        list_price=_list_price(first(_here(attributes.get("list_price"), marketplace_id))),
    )


def issues_of(answer: Node, marketplace_id: str) -> tuple[Issue, ...]:
    """What is wrong in this marketplace; an issue that names none is meant for all."""
    return tuple(
        Issue(
            code=text(issue.get("code")) or "",
            message=text(issue.get("message")) or "",
            severity=text(issue.get("severity")) or "ERROR",
            attributes=texts(issue.get("attributeNames")),
        )
        for issue in nodes(answer.get("issues"))
        if marketplace_id in (texts(issue.get("marketplaceIds")) or (marketplace_id,))
    )


def _here(values: object, marketplace_id: str) -> list[Node]:
    """Those values of an attribute that are meant for a marketplace."""
    return [value for value in nodes(values) if value.get("marketplace_id") == marketplace_id]


def _price(offers: list[Node], kind: str, audience: str) -> Money | None:
    """The price of one unit in the offer of a kind that is made to a whole audience, rather than to a part of it."""
    found = first(
        offer
        for offer in offers
        if offer.get("offerType") == kind
        and node(offer.get("audience")).get("value", audience) == audience
    )
    price = node(found.get("price"))
    return money(price.get("amount"), price.get("currencyCode"))


def _business(offers: list[Node], attributes: list[Node]) -> BusinessPrice | None:
    """What businesses pay. Offers tell only the price of one unit, the attributes those by quantity."""
    price = _price(offers, "B2B", "B2B")
    if price is None:
        return None
    offer = first(value for value in attributes if value.get("audience") == "B2B")
    plan = first(nodes(first(nodes(offer.get("quantity_discount_plan"))).get("schedule")))
    is_percent = plan.get("discount_type") == "percent"
    tiers = []
    for level in nodes(plan.get("levels")):
        units, value = whole(level.get("lower_bound")), level.get("value")
        each = _less(price, value) if is_percent else money(value, price.currency)
        if units is not None and each is not None:
            tiers.append(QuantityPrice(units, each))
    return BusinessPrice(price, tuple(sorted(tiers, key=lambda tier: tier.at_least)))


def _less(price: Money, percent: object) -> Money | None:
    if isinstance(percent, bool) or not isinstance(percent, int | Decimal):
        return None
    return price.times(1 - Fraction(percent) / 100)


def _list_price(value: Node) -> Money | None:
    amount = value.get("value_with_tax", value.get("value"))
    return money(amount, value.get("currency"))


def _condition(word: object) -> Condition | None:
    """None for conditions that we do not sell, such as ``new_open_box``."""
    try:
        return Condition(str(word))
    except ValueError:
        return None


def _availability(rows: list[Node]) -> tuple[Fulfilment, int | None]:
    """Who ships, and how many there are where it is the merchant.

    A listing that was moved to Amazon's warehouses may keep a row of the merchant's own.
    """
    if any((text(row.get("fulfillmentChannelCode")) or "").startswith("AMAZON") for row in rows):
        return Fulfilment.AMAZON, None
    return Fulfilment.MERCHANT, whole(first(rows).get("quantity"))
