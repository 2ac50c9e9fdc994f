"""Writes listings to Amazon: put, patch and delete, each answered with a receipt."""

from typing import Any

import orjson

from connectors.amazon.listings import issues_of
from connectors.amazon.operations import (
    DELETE_LISTINGS_ITEM,
    PATCH_LISTINGS_ITEM,
    PUT_LISTINGS_ITEM,
    Operation,
)
from connectors.amazon.payload import text
from connectors.amazon.transport import Transport
from connectors.port import OfferDraft, OfferPatch, Receipt
from domain.marketplace import Marketplace
from domain.money import Money

Attribute = dict[str, Any]


async def put_offer(transport: Transport, draft: OfferDraft) -> Receipt:
    """Create or replace an offer on an item that the catalogue has."""
    marketplace = transport.account.marketplace
    body = {
        "productType": draft.product_type,
        "requirements": "LISTING_OFFER_ONLY",
        "attributes": {
            "merchant_suggested_asin": [{"value": draft.asin, "marketplace_id": marketplace.id}],
            "condition_type": [{"value": draft.condition.value, "marketplace_id": marketplace.id}],
            "purchasable_offer": [_price(draft.price, marketplace)],
            "fulfillment_availability": [_availability(draft, marketplace)],
        },
    }
    return await _submit(transport, PUT_LISTINGS_ITEM, draft.seller_sku, body)


async def patch_offer(transport: Transport, patch: OfferPatch) -> Receipt:
    """Change price, quantity or both.

    `merge` touches only what is sent within the offer of the same marketplace, currency and audience,
    or within the same fulfilment channel. `replace` would drop what we do not send: sale price and
    business prices of the one, handling time and restock date of the other. It remains the fallback
    should a product type refuse `merge`, and then has to carry all of the attribute, read beforehand.
    """
    marketplace = transport.account.marketplace
    patches = []
    if patch.price is not None:
        patches.append(_merge("purchasable_offer", _price(patch.price, marketplace)))
    if patch.quantity is not None:
        stock = {"fulfillment_channel_code": "DEFAULT", "quantity": patch.quantity}
        patches.append(_merge("fulfillment_availability", stock))
    if not patches:
        raise ValueError(f"nothing to change on {patch.seller_sku}")
    body = {"productType": patch.product_type, "patches": patches}
    return await _submit(transport, PATCH_LISTINGS_ITEM, patch.seller_sku, body)


async def end_offer(transport: Transport, seller_sku: str) -> Receipt:
    """Remove an offer."""
    return await _submit(transport, DELETE_LISTINGS_ITEM, seller_sku, None)


def _price(price: Money, marketplace: Marketplace) -> Attribute:
    # A fragment puts the digits into the body as they are: no float is between us and the price.
    amount = orjson.Fragment(price.amount)
    return {
        "marketplace_id": marketplace.id,
        "currency": price.currency,
        "audience": "ALL",
        "our_price": [{"schedule": [{"value_with_tax": amount}]}],
    }


def _availability(draft: OfferDraft, marketplace: Marketplace) -> Attribute:
    if draft.quantity is None:
        return {"fulfillment_channel_code": f"AMAZON_{marketplace.region}"}
    return {
        "fulfillment_channel_code": "DEFAULT",
        "quantity": draft.quantity,
        "lead_time_to_ship_max_days": draft.handling_days,
    }


def _merge(attribute: str, value: Attribute) -> Attribute:
    return {"op": "merge", "path": f"/attributes/{attribute}", "value": [value]}


async def _submit(
    transport: Transport, operation: Operation, seller_sku: str, body: object | None
) -> Receipt:
    marketplace_id = transport.account.marketplace.id
    answer = await transport.send(
        operation,
        path={"sellerId": transport.account.seller_id, "sku": seller_sku},
        query={"marketplaceIds": marketplace_id, "issueLocale": "en_US"},
        body=body,
    )
    return Receipt(
        accepted=answer.get("status") == "ACCEPTED",
        submission_id=text(answer.get("submissionId")) or "",
        issues=issues_of(answer, marketplace_id),
    )
