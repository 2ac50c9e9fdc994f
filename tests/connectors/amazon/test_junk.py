"""Whatever Amazon answers is a value, or one of the errors that callers know; never another exception."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.notifications import event_of
from connectors.budget import LocalBudget
from connectors.errors import MarketplaceError
from connectors.port import UnknownEvent
from domain.clock import FixedClock
from domain.listing import Condition
from domain.marketplace import MARKETPLACES
from tests.connectors.amazon import official_calls
from tests.connectors.amazon.conftest import NOW, Wire
from tests.connectors.amazon.junk import like

_US = {"marketplaceId": "ATVPDKIKX0DER"}
_CAPITAL = {"CurrencyCode": "USD", "Amount": "1.00"}
_SMALL = {"currencyCode": "USD", "amount": "1.00"}
_PRICE = {"ListingPrice": _CAPITAL, "Shipping": _CAPITAL}
_FEE = {"FeeType": "R", "FeeAmount": _CAPITAL, "FinalFee": _CAPITAL}
_ESTIMATE = {
    "Status": "Success",
    "FeesEstimateIdentifier": {"SellerInputIdentifier": "0", "IdType": "ASIN", "IdValue": "A"},
    "FeesEstimate": {
        "TimeOfFeesEstimation": "Mon Oct 28 18:49:32 UTC 2019",
        "TotalFeesEstimate": _CAPITAL,
        "FeeDetailList": [{**_FEE, "IncludedFeeDetailList": [_FEE]}],
    },
    "Error": {"Type": "T", "Code": "C", "Message": "M"},
}
_OFFERS = {
    "payload": {
        "SKU": "GC-QTMS-SV2I",
        "ASIN": "B1",
        "status": "Success",
        "ItemCondition": "New",
        "Summary": {"BuyBoxPrices": [{**_PRICE, "condition": "new", "sellerId": "S"}]},
        "Offers": [
            {
                **_PRICE,
                "SubCondition": "new",
                "SellerId": "S",
                "SellerFeedbackRating": {"SellerPositiveFeedbackRating": 90, "FeedbackCount": 1},
                "IsFulfilledByAmazon": True,
            }
        ],
    }
}
_BATCH = {
    "responses": [
        {
            "status": {"statusCode": 200},
            "headers": {"Date": "Mon, 04 May 2026 12:00:00 GMT"},
            "body": _OFFERS,
            "request": {"SellerSKU": "GC-QTMS-SV2I", "Asin": "B1"},
        }
    ]
}
_COMPETING = {
    "sellerId": "S",
    "condition": "New",
    "fulfillmentType": "AFN",
    "listingPrice": _SMALL,
    "shippingOptions": [{"price": _SMALL}],
    "featuredOfferSegments": [
        {"customerMembership": "P", "segmentDetails": {"glanceViewWeightPercentage": 1}}
    ],
}
_IDENTIFIED = {
    "offerIdentifier": {"sellerId": "S", "fulfillmentType": "MFN"},
    "condition": "New",
    "price": {"listingPrice": _SMALL, "shippingPrice": _SMALL},
}
_EXAMPLES: dict[str, Any] = {
    "getCatalogItem": {
        "asin": "B1",
        "summaries": [{**_US, "itemName": "A", "brand": "B"}],
        "images": [{**_US, "images": [{"variant": "MAIN", "link": "L"}]}],
        "salesRanks": [{**_US, "displayGroupRanks": [{"title": "T", "rank": 1}]}],
        "relationships": [
            {**_US, "relationships": [{"type": "VARIATION", "parentAsins": ["B2"]}]},
        ],
    },
    "getListingsRestrictions": {
        "restrictions": [
            {
                **_US,
                "conditionType": "new_new",
                "reasons": [{"reasonCode": "X", "message": "M", "links": [{"resource": "L"}]}],
            }
        ]
    },
    "searchDefinitionsProductTypes": {"productTypes": [{"name": "N", "displayName": "D"}]},
    "getDefinitionsProductType": {
        "schema": {"link": {"resource": "L"}, "checksum": "C"},
        "productType": "N",
        "productTypeVersion": {"version": "1"},
        "propertyGroups": {"offer": {"title": "T", "propertyNames": ["p"]}},
    },
    "getMyFeesEstimateForASIN": {"payload": {"FeesEstimateResult": _ESTIMATE}},
    "getMyFeesEstimateForSKU": {"payload": {"FeesEstimateResult": _ESTIMATE}},
    "getMyFeesEstimates": [_ESTIMATE],
    "getPricing": {
        "payload": [
            {
                "Product": {
                    "Identifiers": {"MarketplaceASIN": {"ASIN": "B1"}},
                    "Offers": [{"SellerSKU": "A", "BuyingPrice": _PRICE, "RegularPrice": _CAPITAL}],
                }
            }
        ]
    },
    "getCompetitivePricing": {
        "payload": [
            {
                "ASIN": "B1",
                "Product": {
                    "CompetitivePricing": {
                        "CompetitivePrices": [{"Price": _PRICE, "quantityTier": 2}],
                        "NumberOfOfferListings": [{"condition": "new", "Count": 1}],
                    }
                },
            }
        ]
    },
    "getItemOffers": _OFFERS,
    "getListingOffers": _OFFERS,
    "getItemOffersBatch": _BATCH,
    "getListingOffersBatch": _BATCH,
    "getCompetitiveSummary": {
        "responses": [
            {
                "body": {
                    "asin": "B1",
                    "featuredBuyingOptions": [{"segmentedFeaturedOffers": [_COMPETING]}],
                    "lowestPricedOffers": [
                        {
                            "lowestPricedOffersInput": {"itemCondition": "New"},
                            "offers": [_COMPETING],
                        }
                    ],
                    "referencePrices": [{"name": "N", "price": _SMALL}],
                    "similarItems": [{"items": [{"asin": "B2"}]}],
                    "errors": [{"code": "C", "message": "M"}],
                }
            }
        ]
    },
    "getFeaturedOfferExpectedPriceBatch": {
        "responses": [
            {
                "request": {"sku": "A"},
                "body": {
                    "offerIdentifier": {"asin": "B1"},
                    "featuredOfferExpectedPriceResults": [
                        {
                            "resultStatus": "VALID_FOEP",
                            "featuredOfferExpectedPrice": {"listingPrice": _SMALL},
                            "competingFeaturedOffer": _IDENTIFIED,
                            "currentFeaturedOffer": _IDENTIFIED,
                        }
                    ],
                },
            }
        ]
    },
}
_CALLS: dict[str, Callable[[AmazonConnector], Awaitable[Any]]] = {
    **official_calls.CALLS,
    "getItemOffersBatch": lambda amazon: amazon.offers(["B1"], Condition.NEW),
}


def _json(value: Any) -> bytes:
    return json.dumps(value, default=_number).encode()


def _number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float("nan") if value.is_snan() else float(value)


async def _ask(operation: str, content: bytes) -> None:
    wire = Wire()
    wire.answer(*(httpx.Response(200, content=content) for _ in range(10)))
    account = AmazonAccount("c", "s", "Atzr|r", "S", MARKETPLACES["US"], "merchant-1")
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire.handle)) as http:
        connector = AmazonConnector(
            account,
            AmazonEndpoints.at("http://amazon.test"),
            LocalBudget(rate_scale=1_000_000, sleep=wire.sleep),
            FixedClock(NOW),
            http,
            sleep=wire.sleep,
        )
        with contextlib.suppress(MarketplaceError):
            await _CALLS[operation](connector)


def test_there_is_junk_for_every_call() -> None:
    assert _EXAMPLES.keys() == _CALLS.keys()


@pytest.mark.parametrize("operation", list(_EXAMPLES))
@settings(max_examples=40)
@given(data=st.data())
def test_any_answer_is_read_or_told(operation: str, data: st.DataObject) -> None:
    asyncio.run(_ask(operation, _json(data.draw(like(_EXAMPLES[operation])))))


@pytest.mark.parametrize("operation", list(_EXAMPLES))
@pytest.mark.parametrize(
    "content",
    [b'{"payload": 1e999999999}', b"[" * 900 + b"]" * 900, b"[" * 90_000, b"\xff", b"", b"NaN"],
)
def test_no_answer_fills_the_memory_or_the_stack(operation: str, content: bytes) -> None:
    asyncio.run(_ask(operation, content))


def test_a_notification_that_is_nested_too_deep_does_not_block_the_queue() -> None:
    body = '{"NotificationType": "ANY_OFFER_CHANGED", "Payload": ' + "[" * 900 + "]" * 900 + "}"
    assert isinstance(event_of(body, "S", "ATVPDKIKX0DER"), UnknownEvent)


def test_a_rating_beyond_measure_is_none() -> None:
    rating = b'"SellerPositiveFeedbackRating": '
    content = _json(_BATCH)
    assert rating + b"90" in content
    odd = content.replace(rating + b"90", rating + b"1e99999999")
    asyncio.run(_ask("getItemOffersBatch", odd))
