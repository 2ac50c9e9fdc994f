"""Before a listing: what is asked of Amazon, and what is made of its answers."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.amazon.connector import AmazonConnector
from connectors.errors import Missing, Rejected, Throttled, Unavailable, Unreadable
from connectors.port import OfferDraft, OfferPatch
from connectors.product_listing import (
    ProductListing,
    ProductTypeDefinition,
    Requirements,
    RestrictionCode,
)
from domain.listing import Condition
from domain.money import Money

_US = "ATVPDKIKX0DER"
_USD = Money(1250, "USD")
_SCHEMA = b'{"type": "object"}'


def _asked(wire: Any) -> dict[str, list[str]]:
    return parse_qs(wire.requests[-1].url.query.decode())


def test_the_connector_is_what_a_listing_needs(connector: AmazonConnector) -> None:
    desk: ProductListing = connector
    assert desk is connector


async def test_of_an_item_the_main_image_comes_first(connector: AmazonConnector, wire: Any) -> None:
    images = [
        {"variant": "PT01", "link": "http://images/2"},
        {"variant": "MAIN", "link": "http://images/1"},
    ]
    family = [{"type": "VARIATION", "parentAsins": ["B0PARENT01"]}, {"type": "PACKAGE_HIERARCHY"}]
    answer = {
        "asin": "B000000001",
        "summaries": [{"marketplaceId": _US, "itemName": "Mug", "surprise": {}}],
        "images": [{"marketplaceId": _US, "images": images}],
        "relationships": [{"marketplaceId": _US, "relationships": family}],
        "salesRanks": [
            {"marketplaceId": _US, "displayGroupRanks": [{"title": "Kitchen", "rank": 3}]},
            {"marketplaceId": "ELSEWHERE", "displayGroupRanks": [{"title": "Bath", "rank": 1}]},
        ],
    }
    wire.answer(httpx.Response(200, json=answer))

    found = await connector.catalog_item("B000000001")

    assert (found.item.title, found.parent_asins) == ("Mug", ("B0PARENT01",))
    assert found.images == ("http://images/1", "http://images/2")
    assert [(rank.category, rank.rank) for rank in found.sales_ranks] == [("Kitchen", 3)]
    assert wire.requests[-1].url.path == "/catalog/2022-04-01/items/B000000001"


async def test_an_item_that_is_not_there_is_missing(
    connector: AmazonConnector, wire: Any, errors: Any
) -> None:
    wire.answer(errors(404, "NOT_FOUND"))
    with pytest.raises(Missing):
        await connector.catalog_item("B000000001")


async def test_restrictions_name_their_reasons(connector: AmazonConnector, wire: Any) -> None:
    reasons = [
        {"message": "Ask.", "reasonCode": "APPROVAL_REQUIRED", "links": [{"resource": "http://a"}]},
        {"message": "New.", "reasonCode": "SOMETHING_NEW"},
    ]
    rows = [
        {"marketplaceId": _US, "conditionType": "used_good", "reasons": reasons},
        {"marketplaceId": _US},
        {"marketplaceId": "ELSEWHERE", "reasons": reasons},
    ]
    wire.answer(httpx.Response(200, json={"restrictions": rows}))

    found = await connector.restrictions("B000000001", Condition.USED_GOOD)

    assert [(one.condition, one.code, one.approval_url) for one in found] == [
        ("used_good", RestrictionCode.APPROVAL_REQUIRED, "http://a"),
        ("used_good", RestrictionCode.UNKNOWN, None),
        (None, RestrictionCode.UNKNOWN, None),
    ]
    asked = _asked(wire)
    assert asked["conditionType"] == ["used_good"]
    assert asked["sellerId"] == ["A3OURSELLER"]


async def test_no_list_of_restrictions_is_not_taken_for_permission(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={}))
    with pytest.raises(Unreadable):
        await connector.restrictions("B000000001")


async def test_a_refusal_that_is_a_bare_list_keeps_its_words(
    connector: AmazonConnector, wire: Any
) -> None:
    refusal = [{"code": "BAD_REQUEST", "message": "Invalid 'asin' provided."}]
    wire.answer(httpx.Response(400, json=refusal))
    with pytest.raises(Rejected, match="Invalid 'asin'") as caught:
        await connector.restrictions("B000000001")
    assert caught.value.code == "BAD_REQUEST"


async def test_a_preview_is_the_write_with_a_mode(connector: AmazonConnector, wire: Any) -> None:
    draft = OfferDraft("SKU-1", "B000000001", "MUG", Condition.NEW, _USD, 3, 2)
    patch = OfferPatch("SKU-1", "MUG", _USD, None)
    problem = {"code": "90220", "message": "Missing.", "severity": "ERROR"}
    valid = {"sku": "SKU-1", "status": "VALID", "submissionId": "s", "issues": []}
    accepted, refused = {**valid, "status": "ACCEPTED"}, {**valid, "status": "INVALID"}
    wire.answer(
        httpx.Response(200, json=valid),
        httpx.Response(200, json=accepted),
        httpx.Response(200, json={**refused, "issues": [problem]}),
        httpx.Response(200, json=accepted),
    )

    assert (await connector.preview_offer(draft)).accepted
    assert (await connector.put_offer(draft)).accepted
    judged = await connector.preview_patch(patch)
    assert (await connector.patch_offer(patch)).accepted

    assert not judged.accepted
    assert [issue.code for issue in judged.issues] == ["90220"]
    preview, put, preview_of_patch, patched = wire.requests
    for one, other in ((preview, put), (preview_of_patch, patched)):
        assert (one.method, one.url.path, one.content) == (
            other.method,
            other.url.path,
            other.content,
        )
        assert one.url.params["mode"] == "VALIDATION_PREVIEW"
        assert "mode" not in other.url.params


async def test_what_was_stored_is_not_taken_for_a_preview(
    connector: AmazonConnector, wire: Any
) -> None:
    stored = {"sku": "SKU-1", "status": "ACCEPTED", "submissionId": "s"}
    wire.answer(httpx.Response(200, json=stored))
    assert not (await connector.preview_patch(OfferPatch("SKU-1", "MUG", None, 1))).accepted


async def test_previews_have_a_quota_of_their_own(
    connector: AmazonConnector, wire: Any, errors: Any
) -> None:
    patch = OfferPatch("SKU-1", "MUG", None, 1)
    wire.answer(*[errors(429, "QuotaExceeded")] * 5)
    with pytest.raises(Throttled):
        await connector.preview_patch(patch)
    wire.slept.clear()

    wire.answer(httpx.Response(200, json={"sku": "SKU-1", "status": "ACCEPTED"}))
    await connector.patch_offer(patch)

    assert wire.slept == []


async def test_product_types_are_searched_by_words_or_title(
    connector: AmazonConnector, wire: Any
) -> None:
    rows = [{"name": "MUG", "displayName": "Mug"}, {"name": "CUP"}, {"displayName": "No name"}]
    answers = [httpx.Response(200, json={"productTypes": rows}) for _ in range(3)]
    wire.answer(*answers)

    found = await connector.product_types(["mugs, cups", "tea"])
    assert [(one.name, one.display_name) for one in found] == [("MUG", "Mug"), ("CUP", "CUP")]
    assert _asked(wire)["keywords"] == ["mugs,cups,tea"]
    await connector.product_types([])
    assert "keywords" not in _asked(wire)
    await connector.product_types_for("A mug, blue")
    assert _asked(wire)["itemName"] == ["A mug, blue"]


def _definition(checksum: str) -> dict[str, Any]:
    link = {"resource": "http://amazon.test/schema", "verb": "GET"}
    return {
        "schema": {"link": link, "checksum": checksum},
        "productType": "MUG",
        "productTypeVersion": {"version": "v1"},
        "propertyGroups": {"offer": {"title": "Offer", "propertyNames": ["price", 3]}, "x": None},
    }


async def _read(connector: AmazonConnector, wire: Any, checksum: str) -> ProductTypeDefinition:
    wire.answer(httpx.Response(200, json=_definition(checksum)))
    return await connector.product_type_definition("MUG", Requirements.LISTING_OFFER_ONLY)


@pytest.mark.parametrize("written", ["base64", "hex"])
async def test_a_schema_is_held_against_its_checksum(
    written: str, connector: AmazonConnector, wire: Any
) -> None:
    digest = hashlib.md5(_SCHEMA, usedforsecurity=False)
    checksum = (
        digest.hexdigest() if written == "hex" else base64.b64encode(digest.digest()).decode()
    )
    definition = await _read(connector, wire, checksum)
    assert definition.attribute_groups == (("Offer", ("price",)), ("x", ()))
    assert _asked(wire)["requirements"] == ["LISTING_OFFER_ONLY"]

    wire.answer(
        httpx.Response(200, content=_SCHEMA), httpx.Response(200, content=_SCHEMA[:-1] + b" ")
    )
    assert json.loads(await connector.product_type_schema(definition)) == {"type": "object"}
    assert "x-amz-access-token" not in wire.requests[-1].headers
    with pytest.raises(Unavailable, match="damaged"):
        await connector.product_type_schema(definition)


@pytest.mark.parametrize("content", [b"[]", b"<html>"])
async def test_a_schema_that_is_none_is_unreadable(
    content: bytes, connector: AmazonConnector, wire: Any
) -> None:
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    definition = await _read(connector, wire, checksum)
    wire.answer(httpx.Response(200, content=content))
    with pytest.raises(Unreadable):
        await connector.product_type_schema(definition)


async def test_a_definition_without_a_schema_is_unreadable(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={"productType": "MUG"}))
    with pytest.raises(Unreadable):
        await connector.product_type_definition("MUG", Requirements.LISTING)
