"""Searches Amazon's catalogue, and reads one item of it."""

from collections.abc import Sequence

import structlog

from connectors.amazon.operations import GET_CATALOG_ITEM, SEARCH_CATALOG_ITEMS
from connectors.amazon.payload import Node, first, node, nodes, of_marketplace, text, texts, whole
from connectors.amazon.transport import Transport
from connectors.port import CatalogItem, IdentifierType
from connectors.product_listing import CatalogItemDetail, SalesRank

log = structlog.get_logger()

PAGE = 20
"""Items of a page, and identifiers of a search, at most."""
_MOST_PAGES = 10
_INCLUDED = "summaries,identifiers,productTypes,relationships"


async def search_by_identifiers(
    transport: Transport, kind: IdentifierType, values: Sequence[str]
) -> list[CatalogItem]:
    """All items that carry any of at most 20 identifiers.

    Amazon's catalogue cannot be searched by GCID, so that nothing is found by one.
    """
    if len(values) > PAGE:
        raise ValueError(f"{len(values)} identifiers in one search, {PAGE} at most")
    if not values or kind is IdentifierType.GCID:
        return []
    query = {"identifiersType": kind.value, "identifiers": ",".join(values)}
    items: list[CatalogItem] = []
    token: str | None = None
    # An identifier may be on several items, so that twenty identifiers may fill more than one page.
    for _ in range(_MOST_PAGES):
        answer = await _page(transport, query, token)
        items += _items_of(answer, transport.account.marketplace.id)
        token = text(node(answer.get("pagination")).get("nextToken"))
        if token is None:
            return items
    log.warning("amazon.catalog.pages_left", identifiers=len(values), items=len(items))
    return items


async def search_by_keywords(transport: Transport, words: str) -> list[CatalogItem]:
    """The first page of items that the words find."""
    # Keywords are a list with commas between; the words are one search, whatever is in them.
    wanted = " ".join(words.replace(",", " ").split())
    if not wanted:
        return []
    answer = await _page(transport, {"keywords": wanted}, None)
    return _items_of(answer, transport.account.marketplace.id)


async def one(transport: Transport, asin: str) -> CatalogItemDetail:
    """One item; raises `Missing` where there is none."""
    marketplace_id = transport.account.marketplace.id
    answer = await transport.send(
        GET_CATALOG_ITEM,
        path={"asin": asin},
        query={
            "marketplaceIds": marketplace_id,
            "includedData": f"{_INCLUDED},images,salesRanks",
        },
    )
    return detail_of(answer, asin, marketplace_id)


def detail_of(answer: Node, asin: str, marketplace_id: str) -> CatalogItemDetail:
    """An item with what Amazon tells of it beside the item itself."""
    images = [
        image
        for row in of_marketplace(answer.get("images"), marketplace_id)
        for image in nodes(row.get("images"))
    ]
    return CatalogItemDetail(
        item=_item_of(answer, asin, marketplace_id),
        parent_asins=_relatives(answer, marketplace_id, "parentAsins"),
        images=tuple(
            link
            for image in sorted(images, key=lambda image: image.get("variant") != "MAIN")
            if (link := text(image.get("link")))
        ),
        sales_ranks=tuple(
            SalesRank(category, rank)
            for row in of_marketplace(answer.get("salesRanks"), marketplace_id)
            for name in ("displayGroupRanks", "classificationRanks")
            for place in nodes(row.get(name))
            if (category := text(place.get("title")))
            and (rank := whole(place.get("rank"))) is not None
        ),
    )


async def _page(transport: Transport, query: dict[str, str], token: str | None) -> Node:
    return await transport.send(
        SEARCH_CATALOG_ITEMS,
        query={
            **query,
            "marketplaceIds": transport.account.marketplace.id,
            "includedData": _INCLUDED,
            "pageSize": PAGE,
            **({"pageToken": token} if token else {}),
        },
    )


def _items_of(answer: Node, marketplace_id: str) -> list[CatalogItem]:
    return [
        _item_of(item, asin, marketplace_id)
        for item in nodes(answer.get("items"))
        if (asin := text(item.get("asin")))
    ]


def _item_of(item: Node, asin: str, marketplace_id: str) -> CatalogItem:
    summary = first(of_marketplace(item.get("summaries"), marketplace_id))
    product_type = first(of_marketplace(item.get("productTypes"), marketplace_id))
    return CatalogItem(
        asin=asin,
        title=text(summary.get("itemName")) or "",
        brand=text(summary.get("brand")),
        product_type=text(product_type.get("productType")),
        identifiers=tuple(
            (kind, value)
            for row in of_marketplace(item.get("identifiers"), marketplace_id)
            for pair in nodes(row.get("identifiers"))
            if (kind := text(pair.get("identifierType")))
            and (value := text(pair.get("identifier")))
        ),
        child_asins=_relatives(item, marketplace_id, "childAsins"),
    )


def _relatives(item: Node, marketplace_id: str, name: str) -> tuple[str, ...]:
    return tuple(
        asin
        for row in of_marketplace(item.get("relationships"), marketplace_id)
        for relationship in nodes(row.get("relationships"))
        if relationship.get("type") == "VARIATION"
        for asin in texts(relationship.get(name))
    )
