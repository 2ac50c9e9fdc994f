"""Catalog Items 2022-04-01: searchCatalogItems and getCatalogItem."""

from connectors.simulator.catalog_index import words
from connectors.simulator.offer_document import sales_rank
from connectors.simulator.operations import Call
from connectors.simulator.paging import page
from connectors.simulator.wire import JsonObject, SpApiError, invalid
from connectors.simulator.world import Item, World

_INCLUDED = frozenset(
    """attributes classifications dimensions identifiers images productTypes relationships
    salesRanks summaries vendorDetails""".split()
)
_IDENTIFIER_TYPES = frozenset("ASIN EAN GTIN ISBN JAN MINSAN SKU UPC".split())
MOST_IDENTIFIERS = 20


def search_catalog_items(call: Call) -> JsonObject:
    """Items that carry any of some identifiers, or all of some words."""
    call.require_marketplaces(call.query.many("marketplaceIds"), most=1)
    included = call.query.choices("includedData", _INCLUDED, "summaries")
    identifiers = call.query.many("identifiers", most=MOST_IDENTIFIERS)
    keywords = call.query.many("keywords", most=MOST_IDENTIFIERS)
    if bool(identifiers) == bool(keywords):
        raise invalid("Exactly one of identifiers and keywords is required.")
    if identifiers:
        found = sorted(_identified(call, identifiers))
    else:
        wanted = words(" ".join(keywords))
        found = sorted(
            call.world.index.with_words(wanted), key=lambda asin: _closeness(call.world, asin)
        )
    chosen, neighbours = page(call, found)
    answer: JsonObject = {
        "numberOfResults": len(found),
        "items": [document(call.world, call.world.items[asin], included) for asin in chosen],
    }
    if neighbours:
        answer["pagination"] = neighbours
    return answer


def get_catalog_item(call: Call) -> JsonObject:
    """One item by its ASIN."""
    call.require_marketplaces(call.query.many("marketplaceIds"))
    included = call.query.choices("includedData", _INCLUDED, "summaries")
    item = call.world.items.get(call.path["asin"])
    if item is None:
        raise SpApiError(
            404, "NOT_FOUND", f"Requested item '{call.path['asin']}' not found in the marketplace."
        )
    return document(call.world, item, included)


def document(world: World, item: Item, included: set[str]) -> JsonObject:
    """An item with the data sets asked for; those that are not simulated are empty."""
    at = {"marketplaceId": world.marketplace_id}
    answer: JsonObject = {"asin": item.asin}
    for name in sorted(included):
        match name:
            case "summaries":
                answer[name] = [{**at, **_summary(item)}]
            case "identifiers":
                pairs = [
                    {"identifierType": kind, "identifier": value}
                    for kind, value in item.identifiers
                ]
                answer[name] = [{**at, "identifiers": pairs}]
            case "productTypes":
                answer[name] = [{**at, "productType": item.product_type}]
            case "relationships":
                answer[name] = [{**at, "relationships": _relationships(item)}]
            case "salesRanks":
                answer[name] = [{**at, "displayGroupRanks": [_rank(world, item)]}]
            case "attributes":
                answer[name] = {}
            case _:
                answer[name] = []
    return answer


def _identified(call: Call, identifiers: list[str]) -> set[str]:
    kind = call.query.one("identifiersType")
    if kind not in _IDENTIFIER_TYPES:
        raise invalid(
            f"identifiersType is required and one of {', '.join(sorted(_IDENTIFIER_TYPES))}."
        )
    if kind != "SKU":
        return call.world.index.with_identifier(kind, identifiers)
    if call.query.one("sellerId") != call.seller_id:
        raise invalid("sellerId is required with identifiersType SKU.")
    mine = call.world.listings.get(call.seller_id, {})
    asins = {mine[sku].asin for sku in identifiers if sku in mine}
    return {asin for asin in asins if asin in call.world.items}


def _closeness(world: World, asin: str) -> tuple[int, str]:
    """Shorter titles first: fewer words that nobody asked for."""
    return (len(world.items[asin].title), asin)


def _summary(item: Item) -> JsonObject:
    summary = {
        "itemClassification": "VARIATION_PARENT" if item.child_asins else "BASE_PRODUCT",
        "itemName": item.title,
    }
    return {**summary, "brand": item.brand} if item.brand else summary


def _rank(world: World, item: Item) -> JsonObject:
    return {
        "websiteDisplayGroup": f"{item.product_type.lower()}_display_on_website",
        "title": item.product_type.replace("_", " ").capitalize(),
        "rank": sales_rank(world.seed, item),
    }


def _relationships(item: Item) -> list[JsonObject]:
    relationship: JsonObject = {"type": "VARIATION"}
    if item.child_asins:
        relationship["childAsins"] = list(item.child_asins)
    elif item.parent_asin:
        relationship["parentAsins"] = [item.parent_asin]
    else:
        return []
    return [relationship]
