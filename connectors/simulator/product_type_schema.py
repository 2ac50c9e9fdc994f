"""The JSON Schemas of product types: Amazon's form, with those attributes that the simulator judges."""

from connectors.simulator.attributes import (
    ASIN,
    CONDITION,
    CONDITIONS,
    LIST_PRICE,
    PRICE,
    STOCK,
)
from connectors.simulator.wire import JsonObject
from connectors.simulator.world import World

GROUPS = {
    "product_identity": ("item_name", "brand", ASIN),
    "offer": (CONDITION, PRICE, STOCK, LIST_PRICE),
}
"""The attributes, as they are grouped."""
_OFFER = (ASIN, CONDITION, PRICE, STOCK, LIST_PRICE)
_PRODUCT = ("item_name", "brand")
REQUIREMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "LISTING": ((*_PRODUCT, *_OFFER), (*_PRODUCT, CONDITION, PRICE)),
    "LISTING_PRODUCT_ONLY": (_PRODUCT, _PRODUCT),
    "LISTING_OFFER_ONLY": (_OFFER, (ASIN, CONDITION, PRICE)),
}
"""What a listing is to be: the attributes that it may hold, and those that it must."""


def schema(world: World, product_type: str, requirements: str, *, is_enforced: bool) -> JsonObject:
    """What the attributes of a listing must be."""
    allowed, required = REQUIREMENTS[requirements]
    properties = _properties(world)
    return {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$id": f"https://schemas.amazon.com/selling-partners/definitions/product-types/{product_type}",
        "type": "object",
        "properties": {name: properties[name] for name in allowed},
        "required": list(required) if is_enforced else [],
        "additionalProperties": False,
    }


def _properties(world: World) -> dict[str, JsonObject]:
    text = {"type": "string", "maxLength": 500}
    money = {"type": "number", "exclusiveMinimum": 0}
    currency = {"type": "string", "enum": [world.currency]}
    schedule = _values({"schedule": _values({"value_with_tax": money}, required=True)})
    return {
        "item_name": _here(world, {"value": text}),
        "brand": _here(world, {"value": text}),
        ASIN: _here(world, {"value": {"type": "string", "pattern": "^[A-Z0-9]{10}$"}}),
        CONDITION: _here(world, {"value": {"type": "string", "enum": sorted(CONDITIONS)}}),
        PRICE: _here(
            world,
            {
                "currency": currency,
                "audience": {"type": "string", "enum": ["ALL", "B2B"]},
                "our_price": schedule,
                "minimum_seller_allowed_price": schedule,
            },
        ),
        STOCK: _values(
            {
                "fulfillment_channel_code": {"type": "string"},
                "quantity": {"type": "integer", "minimum": 0},
                "lead_time_to_ship_max_days": {"type": "integer", "minimum": 0},
            }
        ),
        LIST_PRICE: _here(world, {"currency": currency, "value": money, "value_with_tax": money}),
    }


def _here(world: World, parts: JsonObject) -> JsonObject:
    """An attribute that is told for each marketplace."""
    return _values({**parts, "marketplace_id": {"type": "string", "enum": [world.marketplace_id]}})


def _values(parts: JsonObject, *, required: bool = False) -> JsonObject:
    item: JsonObject = {"type": "object", "properties": parts}
    if required:
        item["required"] = list(parts)
    return {"type": "array", "minItems": 1, "items": item}
