"""Writes listings to Amazon: put, patch and delete, each answered with a receipt, and previews of the two first."""

from typing import Any

import orjson

from connectors.amazon.listings import issues_of
from connectors.amazon.operations import (
    DELETE_LISTINGS_ITEM,
    PATCH_LISTINGS_ITEM,
    PREVIEW_PATCH,
    PREVIEW_PUT,
    PUT_LISTINGS_ITEM,
    Operation,
)
from connectors.amazon.payload import text
from connectors.amazon.transport import Transport
from connectors.amazon.wording import note_issues
from connectors.port import OfferDraft, OfferPatch, Receipt
from domain.communication_error import ErrorClass
from domain.decision import BusinessPrice
from domain.listing import OfferTerms
from domain.marketplace import Marketplace
from domain.money import Money

Attribute = dict[str, Any]


async def put_offer(transport: Transport, draft: OfferDraft) -> Receipt:
    """Create or replace an offer on an item that the catalogue has."""
    return await _submit(transport, PUT_LISTINGS_ITEM, draft.seller_sku, _body_of(draft, transport))


async def preview_offer(transport: Transport, draft: OfferDraft) -> Receipt:
    """What `put_offer` would be answered; nothing is stored."""
    return await _preview(transport, PREVIEW_PUT, draft.seller_sku, _body_of(draft, transport))


async def preview_patch(transport: Transport, patch: OfferPatch) -> Receipt:
    """What `patch_offer` would be answered; nothing is stored."""
    return await _preview(transport, PREVIEW_PATCH, patch.seller_sku, _changes_of(patch, transport))


def _body_of(draft: OfferDraft, transport: Transport) -> Attribute:
    marketplace = transport.account.marketplace
    offers = [_offer(draft.price, marketplace, "ALL")]
    if draft.business is not None:
        offers.append(_business_offer(draft.business, marketplace))
    attributes = {
        "merchant_suggested_asin": [{"value": draft.asin, "marketplace_id": marketplace.id}],
        "condition_type": [{"value": draft.condition.value, "marketplace_id": marketplace.id}],
        "purchasable_offer": offers,
        "fulfillment_availability": [_availability(draft, marketplace)],
    }
    if draft.list_price is not None:
        attributes["list_price"] = [_list_price(draft.list_price, marketplace)]
    return {
        "productType": draft.product_type,
        "requirements": "LISTING_OFFER_ONLY",
        "attributes": attributes,
    }


async def patch_offer(transport: Transport, patch: OfferPatch) -> Receipt:
    """Change price with its terms, quantity or both, in one request.

    `merge` touches only what is sent within the offer of the same marketplace, currency and audience,
    or within the same fulfilment channel. `replace` would drop what we do not send: sale price and
    business prices of the one, handling time and restock date of the other. It remains the fallback
    should a product type refuse `merge`, and then has to carry all of the attribute, read beforehand.
    `delete` takes away what has the same selectors. Amazon merges no other attribute, so a list price,
    which is one value, is replaced.
    """
    body = _changes_of(patch, transport)
    return await _submit(transport, PATCH_LISTINGS_ITEM, patch.seller_sku, body)


def _changes_of(patch: OfferPatch, transport: Transport) -> Attribute:
    patches = patches_of(patch, transport.account.marketplace)
    return {"productType": patch.product_type, "patches": patches}


def patches_of(patch: OfferPatch, marketplace: Marketplace) -> list[Attribute]:
    """The operations on attributes that a patch comes to."""
    patches = []
    if patch.price is not None:
        patches += _price_patches(patch.price, patch.terms, marketplace)
    if patch.quantity is not None:
        stock = {"fulfillment_channel_code": "DEFAULT", "quantity": patch.quantity}
        patches.append(_patch("merge", "fulfillment_availability", stock))
    if not patches:
        raise ValueError(f"nothing to change on {patch.seller_sku}")
    return patches


async def end_offer(transport: Transport, seller_sku: str) -> Receipt:
    """Remove an offer."""
    return await _submit(transport, DELETE_LISTINGS_ITEM, seller_sku, None)


def _price_patches(price: Money, terms: OfferTerms, marketplace: Marketplace) -> list[Attribute]:
    here = {"marketplace_id": marketplace.id, "currency": price.currency}
    offers = [_offer(price, marketplace, "ALL")]
    if terms.business is not None:
        offer = _business_offer(terms.business, marketplace)
        # An explicit null is how a merge takes the discounts of before away.
        offers.append({"quantity_discount_plan": None, **offer})
    patches = [_patch("merge", "purchasable_offer", *offers)]
    if terms.withdraws_business:
        patches.append(_patch("delete", "purchasable_offer", {**here, "audience": "B2B"}))
    if terms.list_price is not None:
        patches.append(_patch("replace", "list_price", _list_price(terms.list_price, marketplace)))
    if terms.withdraws_list_price:
        patches.append(_patch("delete", "list_price", here))
    return patches


def _offer(price: Money, marketplace: Marketplace, audience: str) -> Attribute:
    return {
        "marketplace_id": marketplace.id,
        "currency": price.currency,
        "audience": audience,
        "our_price": [{"schedule": [{"value_with_tax": _number(price)}]}],
    }


def _business_offer(business: BusinessPrice, marketplace: Marketplace) -> Attribute:
    offer = _offer(business.price, marketplace, "B2B")
    if business.tiers:
        levels = [
            {"lower_bound": tier.at_least, "value": _number(tier.price)} for tier in business.tiers
        ]
        plan = {"schedule": [{"discount_type": "fixed", "levels": levels}]}
        offer["quantity_discount_plan"] = [plan]
    return offer


def _list_price(price: Money, marketplace: Marketplace) -> Attribute:
    name = "value_with_tax" if marketplace.shows_prices_with_tax else "value"
    return {
        "marketplace_id": marketplace.id,
        "currency": price.currency,
        name: _number(price),
    }


def _number(price: Money) -> orjson.Fragment:
    """The digits as they are: no float is between us and the price."""
    return orjson.Fragment(price.amount)


def _availability(draft: OfferDraft, marketplace: Marketplace) -> Attribute:
    if draft.quantity is None:
        return {"fulfillment_channel_code": f"AMAZON_{marketplace.region}"}
    return {
        "fulfillment_channel_code": "DEFAULT",
        "quantity": draft.quantity,
        "lead_time_to_ship_max_days": draft.handling_days,
    }


def _patch(op: str, attribute: str, *values: Attribute) -> Attribute:
    return {"op": op, "path": f"/attributes/{attribute}", "value": values}


async def _submit(
    transport: Transport, operation: Operation, seller_sku: str, body: object | None
) -> Receipt:
    return await _send(transport, operation, seller_sku, body, "ACCEPTED", {})


async def _preview(
    transport: Transport, operation: Operation, seller_sku: str, body: object
) -> Receipt:
    mode = {"mode": "VALIDATION_PREVIEW"}
    return await _send(transport, operation, seller_sku, body, "VALID", mode)


async def _send(
    transport: Transport,
    operation: Operation,
    seller_sku: str,
    body: object | None,
    accepted: str,
    mode: dict[str, str],
) -> Receipt:
    marketplace_id = transport.account.marketplace.id
    answer = await transport.send(
        operation,
        path={"sellerId": transport.account.seller_id, "sku": seller_sku},
        query={"marketplaceIds": marketplace_id, "issueLocale": "en_US", **mode},
        body=body,
    )
    receipt = Receipt(
        accepted=answer.get("status") == accepted,
        submission_id=text(answer.get("submissionId")) or "",
        issues=issues_of(answer, marketplace_id),
    )
    # What a try-out finds is told to whoever tried.
    if not (receipt.accepted or mode):
        note_issues(transport.journal, operation.name, ErrorClass.LISTING_ISSUE, receipt.issues)
    return receipt
