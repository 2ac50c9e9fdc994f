"""Product Type Definitions 2020-09-01: the product types of the catalogue, and what each asks for."""

import base64
import hashlib

from connectors.simulator import documents
from connectors.simulator.catalog_index import words
from connectors.simulator.operations import Call
from connectors.simulator.product_type_schema import GROUPS, REQUIREMENTS, schema
from connectors.simulator.wire import JsonObject, SpApiError, dumps
from connectors.simulator.world import World

_ENFORCED = frozenset({"ENFORCED", "NOT_ENFORCED"})
_VERSIONS = frozenset({"LATEST", "RELEASE_CANDIDATE"})


def search_definitions_product_types(call: Call) -> JsonObject:
    """Product types by words of their names, or by the titles of items that are of them; all without either."""
    call.require_marketplaces(call.query.many("marketplaceIds"))
    keywords, title = call.query.many("keywords"), call.query.one("itemName")
    if keywords and title is not None:
        raise _bad("keywords and itemName exclude each other.")
    found = _types(call.world)
    if keywords:
        wanted = {word for keyword in keywords for word in words(keyword)}
        found = {name for name in found if wanted & {*words(name.replace("_", " "))}}
    elif title is not None:
        found = _recommended(call.world, title)
    at = [call.world.marketplace_id]
    return {
        "productTypes": [
            {"name": name, "displayName": _display(name), "marketplaceIds": at}
            for name in sorted(found)
        ],
        "productTypeVersion": _version(call.world),
    }


def get_definitions_product_type(call: Call) -> JsonObject:
    """What a product type asks for: where its schema is, and how its attributes are grouped."""
    query, world = call.query, call.world
    call.require_marketplaces(query.many("marketplaceIds"), most=1)
    if (seller_id := query.one("sellerId")) is not None:
        call.require_seller(seller_id)
    requirements = query.one("requirements") or "LISTING"
    enforced = query.one("requirementsEnforced") or "ENFORCED"
    version = query.one("productTypeVersion") or "LATEST"
    name = call.path["product_type"]
    if name not in _types(world):
        raise SpApiError(404, "NOT_FOUND", f"There is no product type {name}.")
    if requirements not in REQUIREMENTS or enforced not in _ENFORCED:
        raise _bad("requirements or requirementsEnforced is not known.")
    if version not in {*_VERSIONS, _version(world)}:
        raise _bad(f"There is no version {version}.")
    content = schema(world, name, requirements, is_enforced=enforced == "ENFORCED")
    return {
        "schema": _link(call, dumps(content, sort_keys=True), name, requirements, enforced),
        "requirements": requirements,
        "requirementsEnforced": enforced,
        "propertyGroups": {
            key: {
                **group,
                "propertyNames": [
                    attribute for attribute in GROUPS[key] if attribute in content["properties"]
                ],
            }
            for key, group in _TITLES.items()
        },
        "locale": world.marketplace.language,
        "marketplaceIds": [world.marketplace_id],
        "productType": name,
        "displayName": _display(name),
        "productTypeVersion": {
            "version": _version(world),
            "latest": True,
            "releaseCandidate": False,
        },
    }


_TITLES: dict[str, JsonObject] = {
    "product_identity": {"title": "Product Identity", "description": "What the product is."},
    "offer": {"title": "Offer", "description": "At what price, and how many."},
}


def _link(call: Call, content: bytes, *name: str) -> JsonObject:
    document = documents.publish(call.world, content, "application/json", "schema", *name)
    checksum = hashlib.md5(content, usedforsecurity=False).digest()
    return {
        "link": {
            "resource": documents.presigned(call.world, call.base_url, document, "GET"),
            "verb": "GET",
        },
        "checksum": base64.b64encode(checksum).decode(),
    }


def _types(world: World) -> set[str]:
    return {item.product_type for item in world.items.values()}


def _recommended(world: World, title: str) -> set[str]:
    """Those of the items that have the most words of the title."""
    wanted = {*words(title)}
    best: dict[str, int] = {}
    for item in world.items.values():
        shared = len(wanted & {*words(item.title)})
        best[item.product_type] = max(shared, best.get(item.product_type, 0))
    most = max(best.values(), default=0)
    return {name for name, shared in best.items() if shared == most > 0}


def _display(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _version(world: World) -> str:
    """One for all product types, as Amazon has it; theirs never change in a story."""
    return base64.b64encode(str(world.seed).encode()).decode()


def _bad(message: str) -> SpApiError:
    return SpApiError(400, "BAD_REQUEST", "Invalid input", message)
