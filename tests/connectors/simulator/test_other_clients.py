"""Other people's clients complete a round against the simulator, unmodified apart from the address.

`amzn-sp-api` is Amazon's own, generated from its models and strict about them; `python-amazon-sp-api` is the popular one.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import spapi
from sp_api.api import (
    CatalogItems,
    Feeds,
    ListingsItems,
    Notifications,
    Orders,
    Products,
    Reports,
    Sellers,
)
from sp_api.auth import AccessTokenClient, access_token_client
from sp_api.base import Marketplaces, SellingApiNotFoundException
from spapi.models.feeds_v2021_06_30 import CreateFeedDocumentSpecification, CreateFeedSpecification
from spapi.models.listings_items_v2021_08_01 import (
    ListingsItemPatchRequest,
    ListingsItemPutRequest,
    PatchOperation,
)
from spapi.models.notifications_v1 import (
    CreateDestinationRequest,
    CreateSubscriptionRequest,
    DestinationResourceSpecification,
    SqsResource,
)
from spapi.models.orders_v0 import (
    ConfirmShipmentOrderItem,
    ConfirmShipmentRequest,
    PackageDetail,
)
from spapi.models.product_fees_v0 import (
    FeesEstimateByIdRequest,
    FeesEstimateRequest,
    PriceToEstimateFees,
)
from spapi.models.product_fees_v0 import MoneyType as FeesMoney
from spapi.models.product_pricing_v0 import GetItemOffersBatchRequest, ItemOffersRequest
from spapi.models.product_pricing_v2022_05_01 import (
    CompetitiveSummaryBatchRequest,
    CompetitiveSummaryRequest,
    FeaturedOfferExpectedPriceRequest,
    GetFeaturedOfferExpectedPriceBatchRequest,
)
from spapi.models.reports_v2021_06_30 import (
    CreateReportScheduleSpecification,
    CreateReportSpecification,
)

from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    NOTIFICATIONS,
    SELLER,
    asin,
    merge,
    offer_attributes,
    price_attribute,
    scenario,
)

_SKU = "MUG/blue #1, 50% + more"
_PARTS = ["summaries", "attributes", "issues", "offers", "fulfillmentAvailability"]
_ALL_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
_QUEUE = "arn:aws:sqs:us-east-1:123456789012:offers"


@pytest.fixture
def control(port: int) -> Iterator[httpx.Client]:
    """The hand on the simulated time."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/control") as control:
        # Everybody buys, so that there are orders to search for.
        document = scenario(market={"changeShare": 0.1, "ordersPerTick": 20.0})
        control.post("/scenario", json=document).raise_for_status()
        yield control


def _pass(control: httpx.Client, minutes: int) -> None:
    control.post("/advance", json={"minutes": minutes}).raise_for_status()


@pytest.fixture
def official(port: int) -> Iterator[Callable[..., Any]]:
    """Amazon's own client, with a fresh token at each call: as the seller, or with a grantless scope."""
    base, opened = f"http://127.0.0.1:{port}", []

    def sign_in(**grant: str) -> Any:
        config = spapi.SPAPIConfig("client", "secret", **(grant or {"refresh_token": "Atzr|ours"}))
        token_url = f"{base}/auth/o2/token"
        signed_in = spapi.SPAPIClient(config, oauth_endpoint=token_url, endpoint=base).api_client
        opened.append(signed_in)
        return signed_in

    yield sign_in
    for client in opened:
        client.rest_client.pool_manager.clear()


@pytest.fixture
def popular(port: int) -> Iterator[Callable[..., Any]]:
    """A part of the popular client, as the seller."""
    # It keeps tokens for the whole process, and knows them by the refresh token alone.
    access_token_client.cache.clear()
    access_token_client.grantless_cache.clear()
    opened = []

    class LocalTokens(AccessTokenClient):  # type: ignore[misc]  # it has no types
        scheme, host = "http://", f"127.0.0.1:{port}"

    def open_part(kind: Any, **options: Any) -> Any:
        credentials = {
            "refresh_token": "Atzr|ours",
            "lwa_app_id": "client",
            "lwa_client_secret": "secret",
        }
        part = kind(
            Marketplaces.US,
            credentials=credentials,
            auth_token_client_class=LocalTokens,
            **options,
        )
        part.endpoint = f"http://127.0.0.1:{port}"
        opened.append(part)
        return part

    yield open_part
    for part in opened:
        part.close()
        part._auth._transport.close()


def test_amazons_own_client_lists_reprices_and_reads(
    official: Callable[..., Any], control: httpx.Client
) -> None:
    client = official()
    sellers = spapi.SellersApi(client).get_marketplace_participations()
    listings = spapi.ListingsApi(client)

    put = listings.put_listings_item(
        SELLER,
        _SKU,
        [MARKETPLACE],
        ListingsItemPutRequest("DRINKING_CUP", "LISTING_OFFER_ONLY", offer_attributes(asin(1), 21)),
        included_data=["issues"],
    )
    _pass(control, 45)
    client = official()
    listings = spapi.ListingsApi(client)
    patch = listings.patch_listings_item(
        SELLER,
        _SKU,
        [MARKETPLACE],
        ListingsItemPatchRequest(
            "DRINKING_CUP",
            [PatchOperation(**merge("purchasable_offer", price_attribute(19.5)))],
        ),
    )
    _pass(control, 45)
    listings = spapi.ListingsApi(official())
    read = listings.get_listings_item(SELLER, _SKU, [MARKETPLACE], included_data=_PARTS)
    found = listings.search_listings_items(SELLER, [MARKETPLACE], included_data=_PARTS)

    assert [row.marketplace.id for row in sellers.payload] == [MARKETPLACE]
    assert (put.status, patch.status, put.issues) == ("ACCEPTED", "ACCEPTED", [])
    assert (read.sku, read.summaries[0].asin, read.issues) == (_SKU, asin(1), [])
    assert [offer.price.amount for offer in read.offers if offer.offer_type == "B2C"] == ["19.50"]
    assert [item.sku for item in found.items] == [_SKU]

    removed = listings.delete_listings_item(SELLER, _SKU, [MARKETPLACE])
    _pass(control, 45)
    with pytest.raises(spapi.ApiException) as caught:
        spapi.ListingsApi(official()).get_listings_item(SELLER, _SKU, [MARKETPLACE])
    assert (removed.status, caught.value.status) == ("ACCEPTED", 404)


def test_amazons_own_client_ships_counts_and_accounts(
    official: Callable[..., Any], control: httpx.Client
) -> None:
    listings = spapi.ListingsApi(official())
    own = offer_attributes(asin(1), 15, 5000)
    by_amazon = {
        **offer_attributes(asin(2), 15),
        "fulfillment_availability": [{"fulfillment_channel_code": "AMAZON_NA"}],
    }
    for sku, attributes in (("OWN", own), ("FBA", by_amazon)):
        request = ListingsItemPutRequest("DRINKING_CUP", "LISTING_OFFER_ONLY", attributes)
        listings.put_listings_item(SELLER, sku, [MARKETPLACE], request)
    _pass(control, 60)
    _pass(control, 20)
    client = official()
    found = spapi.SearchOrdersApi(client).search_orders(
        created_after="2026-05-04T00:00:00Z",
        fulfilled_by=["MERCHANT"],
        fulfillment_statuses=["UNSHIPPED"],
    )
    order = found.orders[0]
    item = ConfirmShipmentOrderItem(
        order.order_items[0].order_item_id, order.order_items[0].quantity_ordered
    )
    parcel = PackageDetail(
        package_reference_id="1",
        carrier_code="UPS",
        tracking_number="1Z",
        ship_date="2026-05-04T18:00:00Z",
        order_items=[item],
    )

    spapi.OrdersV0Api(client).confirm_shipment(
        order.order_id, ConfirmShipmentRequest(parcel, marketplace_id=MARKETPLACE)
    )
    reports = spapi.ReportsApi(client)
    made = reports.create_report_schedule(
        CreateReportScheduleSpecification(_ALL_LISTINGS, [MARKETPLACE], period="P1D")
    )
    _pass(control, 5)

    shipped = spapi.GetOrderApi(client).get_order(order.order_id, included_data=["PACKAGES"])
    assert shipped.order.packages[0].tracking_number == "1Z"
    money = spapi.FinancesV2024Api(client).list_transactions(
        related_identifier_name="ORDER_ID", related_identifier_value=order.order_id
    )
    assert money.payload.transactions[0].transaction_status == "DEFERRED"
    stock = spapi.FbaInventoryApi(client).get_inventory_summaries(
        "Marketplace", MARKETPLACE, [MARKETPLACE], details=True
    )
    (row,) = stock.payload.inventory_summaries
    assert (row.seller_sku, row.inventory_details.fulfillable_quantity > 0) == ("FBA", True)
    schedule = reports.get_report_schedule(made.report_schedule_id)
    assert (schedule.period, schedule.report_type) == ("P1D", _ALL_LISTINGS)
    reports.cancel_report_schedule(made.report_schedule_id)


def test_amazons_own_client_sees_rivals_catalogue_and_orders(
    official: Callable[..., Any], control: httpx.Client
) -> None:
    listings = spapi.ListingsApi(official())
    for number in (1, 2):
        attributes = offer_attributes(asin(number), 15, 5000)
        request = ListingsItemPutRequest("DRINKING_CUP", "LISTING_OFFER_ONLY", attributes)
        listings.put_listings_item(SELLER, f"MUG-{number}", [MARKETPLACE], request)
    _pass(control, 600)
    client = official()

    requests = [
        ItemOffersRequest(
            uri=f"/products/pricing/v0/items/{asin(number)}/offers",
            method="GET",
            marketplace_id=MARKETPLACE,
            item_condition="New",
        )
        for number in (1, 2)
    ]
    batch = spapi.ProductPricingApi(client).get_item_offers_batch(
        GetItemOffersBatchRequest(requests)
    )
    single = spapi.ProductPricingApi(client).get_item_offers(MARKETPLACE, "New", asin(1))
    item = spapi.CatalogApi(client).get_catalog_item(
        asin(1), [MARKETPLACE], included_data=["summaries", "identifiers"]
    )
    orders = spapi.SearchOrdersApi(client).search_orders(
        created_after="2026-05-04T00:00:00Z", marketplace_ids=[MARKETPLACE], max_results_per_page=5
    )
    more = spapi.SearchOrdersApi(client).search_orders(
        created_after="2026-05-04T00:00:00Z",
        marketplace_ids=[MARKETPLACE],
        max_results_per_page=5,
        pagination_token=orders.pagination.next_token,
    )
    order = spapi.GetOrderApi(client).get_order(orders.orders[0].order_id)

    offers = [response.body.payload.offers for response in batch.responses]
    assert all(any(offer.seller_id == SELLER for offer in each) for each in offers)
    assert len(single.payload.offers) == len(offers[0])
    assert item.summaries[0].item_name == "Hiking mug 1-XS, blue"
    assert len(orders.orders) == len(more.orders) == 5
    assert order.order.order_items[0].product.seller_sku.startswith("MUG-")


def test_amazons_own_client_asks_what_may_be_listed_and_what_it_earns(
    official: Callable[..., Any], control: httpx.Client
) -> None:
    request = ListingsItemPutRequest(
        "DRINKING_CUP", "LISTING_OFFER_ONLY", offer_attributes(asin(1), 15, 5000)
    )
    spapi.ListingsApi(official()).put_listings_item(SELLER, _SKU, [MARKETPLACE], request)
    _pass(control, 30)
    client = official()

    closed = spapi.ListingsRestrictionsApi(client).get_listings_restrictions(
        asin(1), SELLER, [MARKETPLACE]
    )
    types = spapi.DefinitionsApi(client).search_definitions_product_types(
        [MARKETPLACE], keywords=["drinking"]
    )
    definition = spapi.DefinitionsApi(client).get_definitions_product_type(
        "DRINKING_CUP", [MARKETPLACE]
    )
    price = PriceToEstimateFees(FeesMoney("USD", 15.0))
    (fees,) = spapi.FeesApi(client).get_my_fees_estimates(
        [
            FeesEstimateByIdRequest(
                FeesEstimateRequest(MARKETPLACE, True, price, "1"), "ASIN", asin(1)
            )
        ]
    )
    pricing = spapi.ProductPricingApi(client)
    own = pricing.get_pricing(MARKETPLACE, "Asin", asins=[asin(1), asin(2)])
    competitive = pricing.get_competitive_pricing(MARKETPLACE, "Asin", asins=[asin(1)])
    offers = pricing.get_listing_offers(MARKETPLACE, "New", _SKU)
    expected = spapi.ProductPricingV2022Api(client).get_featured_offer_expected_price_batch(
        GetFeaturedOfferExpectedPriceBatchRequest(
            [
                FeaturedOfferExpectedPriceRequest(
                    uri="/products/pricing/2022-05-01/offer/featuredOfferExpectedPrice",
                    method="GET",
                    marketplace_id=MARKETPLACE,
                    sku=_SKU,
                )
            ]
        )
    )
    summaries = spapi.ProductPricingV2022Api(client).get_competitive_summary(
        CompetitiveSummaryBatchRequest(
            [
                CompetitiveSummaryRequest(
                    asin=asin(1),
                    marketplace_id=MARKETPLACE,
                    included_data=["featuredBuyingOptions", "referencePrices"],
                    method="GET",
                    uri="/products/pricing/2022-05-01/items/competitiveSummary",
                )
            ]
        )
    )

    assert closed.restrictions == []
    assert [each.name for each in types.product_types] == ["DRINKING_CUP"]
    assert httpx.get(definition.var_schema.link.resource).json()["type"] == "object"
    assert fees.fees_estimate.total_fees_estimate.amount == 2.25 + 3.5
    first, second = own.payload
    assert [offer.seller_sku for offer in first.product.offers] == [_SKU]
    assert second.product.offers == []
    assert len(competitive.payload) == 1
    assert any(offer.my_offer for offer in offers.payload.offers)
    assert expected.responses[0].body.offer_identifier.asin == asin(1)
    assert summaries.responses[0].body.reference_prices[0].name == "CompetitivePrice"


def test_amazons_own_client_subscribes_without_a_seller(
    official: Callable[..., Any], control: httpx.Client
) -> None:
    grantless = spapi.NotificationsApi(official(scope=NOTIFICATIONS))
    seller = spapi.NotificationsApi(official())

    resource = DestinationResourceSpecification(sqs=SqsResource(_QUEUE))
    made = grantless.create_destination(CreateDestinationRequest(resource, "offers"))
    subscribed = seller.create_subscription(
        "ANY_OFFER_CHANGED",
        CreateSubscriptionRequest("1.0", made.payload.destination_id),
    )
    known = seller.get_subscription("ANY_OFFER_CHANGED")
    by_id = grantless.get_subscription_by_id(
        subscribed.payload.subscription_id, "ANY_OFFER_CHANGED"
    )

    assert grantless.get_destinations().payload[0].resource.sqs.arn == _QUEUE
    assert known.payload.subscription_id == by_id.payload.subscription_id
    with pytest.raises(spapi.ApiException) as caught:
        seller.get_destinations()
    assert caught.value.status == 403


def test_the_popular_client_completes_its_round(
    popular: Callable[..., Any], control: httpx.Client
) -> None:
    (row,) = popular(Sellers).get_marketplace_participation().payload
    attributes = offer_attributes(asin(3), 15, 5000)
    put = popular(ListingsItems).put_listings_item(
        SELLER,
        "MUG-3",
        marketplaceIds=[MARKETPLACE],
        body={
            "productType": "DRINKING_CUP",
            "requirements": "LISTING_OFFER_ONLY",
            "attributes": attributes,
        },
    )
    _pass(control, 15)
    patch = popular(ListingsItems).patch_listings_item(
        SELLER,
        "MUG-3",
        marketplaceIds=[MARKETPLACE],
        body={
            "productType": "DRINKING_CUP",
            "patches": [merge("purchasable_offer", price_attribute(14))],
        },
    )
    _pass(control, 30)
    read = popular(ListingsItems).get_listings_item(
        SELLER, "MUG-3", marketplaceIds=[MARKETPLACE], includedData=_PARTS
    )
    offers = popular(Products).get_item_offers(
        asin(3), item_condition="New", MarketplaceId=MARKETPLACE
    )
    orders = popular(Orders, version="2026-01-01").search_orders(
        createdAfter="2026-05-04T00:00:00Z"
    )
    popular(Notifications).create_destination("offers", arn=_QUEUE)
    (destination,) = popular(Notifications).get_destinations().payload
    item = popular(CatalogItems, version="2022-04-01").get_catalog_item(asin(3))

    assert row["marketplace"]["id"] == MARKETPLACE
    assert put.payload["status"] == patch.payload["status"] == "ACCEPTED"
    assert read.payload["offers"][0]["price"]["amount"] == "14.00"
    assert any(offer["SellerId"] == SELLER for offer in offers.payload["Offers"])
    assert orders.payload["orders"]
    assert destination["resource"]["sqs"]["arn"] == _QUEUE
    assert item.payload["asin"] == asin(3)
    with pytest.raises(SellingApiNotFoundException):
        popular(ListingsItems).get_listings_item(SELLER, "NONE", marketplaceIds=[MARKETPLACE])


def _feed(sku: str) -> bytes:
    """A feed that reprices a listing, and has something to complain of."""
    patches = [merge("purchasable_offer", price_attribute(17.5))]
    message = {"operationType": "PATCH", "productType": "DRINKING_CUP", "patches": patches}
    return json.dumps(
        {
            "header": {"sellerId": SELLER, "version": "2.0", "issueLocale": "en_US"},
            "messages": [
                {"messageId": 1, "sku": sku, **message},
                {"messageId": 2, "sku": "NONE", **message},
            ],
        }
    ).encode()


def _unpacked(content: bytes, algorithm: str | None) -> bytes:
    return gzip.decompress(content) if algorithm == "GZIP" else content


def test_amazons_own_client_sends_a_feed_and_downloads_reports(
    official: Callable[..., Any], control: httpx.Client
) -> None:
    request = ListingsItemPutRequest(
        "DRINKING_CUP", "LISTING_OFFER_ONLY", offer_attributes(asin(1), 21)
    )
    spapi.ListingsApi(official()).put_listings_item(SELLER, "MUG-1", [MARKETPLACE], request)
    _pass(control, 45)
    feeds = spapi.FeedsApi(official())

    kind = "application/json; charset=UTF-8"
    document = feeds.create_feed_document(CreateFeedDocumentSpecification(kind))
    uploaded = httpx.put(document.url, content=_feed("MUG-1"), headers={"content-type": kind})
    made = feeds.create_feed(
        CreateFeedSpecification(
            "JSON_LISTINGS_FEED", [MARKETPLACE], input_feed_document_id=document.feed_document_id
        )
    )
    first = feeds.get_feed(made.feed_id).processing_status
    _pass(control, 60)
    feeds = spapi.FeedsApi(official())
    done = feeds.get_feed(made.feed_id)
    told = feeds.get_feed_document(done.result_feed_document_id)
    content = httpx.get(told.url).content
    report = json.loads(_unpacked(content, told.compression_algorithm))

    assert uploaded.status_code == 200
    assert (first, done.processing_status) == ("IN_QUEUE", "DONE")
    assert [feed.feed_id for feed in feeds.get_feeds(feed_types=["JSON_LISTINGS_FEED"]).feeds] == [
        made.feed_id
    ]
    assert report["summary"]["messagesProcessed"] == 2
    assert {issue["messageId"] for issue in report["issues"]} == {2}

    reports = spapi.ReportsApi(official())
    asked = reports.create_report(
        CreateReportSpecification(
            report_type="GET_MERCHANT_LISTINGS_ALL_DATA", marketplace_ids=[MARKETPLACE]
        )
    )
    _pass(control, 60)
    reports = spapi.ReportsApi(official())
    ready = reports.get_report(asked.report_id)
    there = reports.get_report_document(ready.report_document_id)
    lines = _unpacked(httpx.get(there.url).content, there.compression_algorithm).decode("cp1252")

    assert ready.processing_status == "DONE"
    assert "MUG-1" in lines
    assert "17.50" in lines


def test_the_popular_client_sends_a_feed_and_downloads_a_report(
    popular: Callable[..., Any], control: httpx.Client
) -> None:
    popular(ListingsItems).put_listings_item(
        SELLER,
        "MUG-1",
        marketplaceIds=[MARKETPLACE],
        body={
            "productType": "DRINKING_CUP",
            "requirements": "LISTING_OFFER_ONLY",
            "attributes": offer_attributes(asin(1), 21),
        },
    )
    _pass(control, 30)

    _, made = popular(Feeds).submit_feed(
        "JSON_LISTINGS_FEED", io.BytesIO(_feed("MUG-1")), content_type="application/json"
    )
    feed_id = made.payload["feedId"]
    _pass(control, 15)
    asked = popular(Reports).create_report(
        reportType="GET_MERCHANT_LISTINGS_ALL_DATA", marketplaceIds=[MARKETPLACE]
    )
    _pass(control, 10)
    feed = popular(Feeds).get_feed(feed_id).payload
    told = popular(Feeds).get_feed_document(feed["resultFeedDocumentId"])
    report = popular(Reports).get_report(asked.payload["reportId"]).payload
    listed = popular(Reports).get_report_document(report["reportDocumentId"], download=True)

    assert (feed["processingStatus"], report["processingStatus"]) == ("DONE", "DONE")
    assert '"messagesProcessed":2' in str(told).replace(" ", "")
    assert "MUG-1" in listed.payload["document"]
