"""The operations of Amazon's Selling Partner API that we call, with their documented usage plans."""

from dataclasses import dataclass
from enum import Enum


class Grant(Enum):
    """On whose behalf a call is made."""

    SELLER = "SELLER"
    """With the seller's authorisation."""
    NOTIFICATIONS = "NOTIFICATIONS"
    """With the application's own right to manage where notifications go."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its name in Amazon's models, where it lives, and its rate and burst."""

    name: str
    method: str
    path: str
    rate: float
    """Requests a second."""
    burst: int
    grant: Grant = Grant.SELLER
    once: bool = False
    """Doing it twice is not doing it once: it is sent again only where it cannot have arrived."""
    silent: bool = False
    """It answers without a body where all went well."""
    lists: bool = False
    """It may answer with a list, which is given as the `items` of an object."""
    asks_whether: bool = False
    """That something is not there is one of its answers, and no trouble."""
    quota: str | None = None
    """A quota of its own beside that of the other calls of this name; the header does not tell its rate."""


# By its model it answers with an object, by its example with the list alone.
GET_MARKETPLACE_PARTICIPATIONS = Operation(
    *("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 0.016, 15),
    lists=True,
)

_CATALOG = "/catalog/2022-04-01/items"
SEARCH_CATALOG_ITEMS = Operation("searchCatalogItems", "GET", _CATALOG, 2, 2)
GET_CATALOG_ITEM = Operation("getCatalogItem", "GET", _CATALOG + "/{asin}", 2, 2)

_LISTINGS = "/listings/2021-08-01/items/{sellerId}"
SEARCH_LISTINGS_ITEMS = Operation("searchListingsItems", "GET", _LISTINGS, 5, 5)
GET_LISTINGS_ITEM = Operation(
    "getListingsItem", "GET", _LISTINGS + "/{sku}", 5, 10, asks_whether=True
)
PUT_LISTINGS_ITEM = Operation("putListingsItem", "PUT", _LISTINGS + "/{sku}", 5, 10)
PATCH_LISTINGS_ITEM = Operation("patchListingsItem", "PATCH", _LISTINGS + "/{sku}", 5, 5)
DELETE_LISTINGS_ITEM = Operation("deleteListingsItem", "DELETE", _LISTINGS + "/{sku}", 5, 5)
# One preview a second, whether it is of a put or of a patch.
_PREVIEWS = "VALIDATION_PREVIEW"
PREVIEW_PUT = Operation("putListingsItem", "PUT", _LISTINGS + "/{sku}", 1, 1, quota=_PREVIEWS)
PREVIEW_PATCH = Operation("patchListingsItem", "PATCH", _LISTINGS + "/{sku}", 1, 1, quota=_PREVIEWS)

GET_LISTINGS_RESTRICTIONS = Operation(
    "getListingsRestrictions", "GET", "/listings/2021-08-01/restrictions", 5, 10
)

_DEFINITIONS = "/definitions/2020-09-01/productTypes"
SEARCH_PRODUCT_TYPES = Operation("searchDefinitionsProductTypes", "GET", _DEFINITIONS, 5, 10)
GET_PRODUCT_TYPE = Operation(
    "getDefinitionsProductType", "GET", _DEFINITIONS + "/{productType}", 5, 10
)

_FEES = "/products/fees/v0"
GET_FEES_ESTIMATE_FOR_SKU = Operation(
    "getMyFeesEstimateForSKU", "POST", f"{_FEES}/listings/{{SellerSKU}}/feesEstimate", 1, 2
)
GET_FEES_ESTIMATE_FOR_ASIN = Operation(
    "getMyFeesEstimateForASIN", "POST", f"{_FEES}/items/{{Asin}}/feesEstimate", 1, 2
)
GET_FEES_ESTIMATES = Operation(
    "getMyFeesEstimates", "POST", f"{_FEES}/feesEstimate", 0.5, 1, lists=True
)

_PRICING, _PRICING_BATCH = "/products/pricing/v0", "/batches/products/pricing"
GET_PRICING = Operation("getPricing", "GET", f"{_PRICING}/price", 0.5, 1)
GET_COMPETITIVE_PRICING = Operation(
    "getCompetitivePricing", "GET", f"{_PRICING}/competitivePrice", 0.5, 1
)
GET_ITEM_OFFERS = Operation("getItemOffers", "GET", f"{_PRICING}/items/{{Asin}}/offers", 0.5, 1)
GET_LISTING_OFFERS = Operation(
    "getListingOffers", "GET", f"{_PRICING}/listings/{{SellerSKU}}/offers", 1, 2
)
GET_ITEM_OFFERS_BATCH = Operation(
    "getItemOffersBatch", "POST", f"{_PRICING_BATCH}/v0/itemOffers", 0.1, 1
)
GET_LISTING_OFFERS_BATCH = Operation(
    "getListingOffersBatch", "POST", f"{_PRICING_BATCH}/v0/listingOffers", 0.5, 1
)
# Sellers have plans of their own for these two; the header tells.
GET_COMPETITIVE_SUMMARY = Operation(
    "getCompetitiveSummary",
    "POST",
    f"{_PRICING_BATCH}/2022-05-01/items/competitiveSummary",
    0.033,
    1,
)
GET_FEATURED_OFFER_EXPECTED_PRICE_BATCH = Operation(
    "getFeaturedOfferExpectedPriceBatch",
    "POST",
    f"{_PRICING_BATCH}/2022-05-01/offer/featuredOfferExpectedPrice",
    0.033,
    1,
)

_REPORTS = "/reports/2021-06-30"
CREATE_REPORT = Operation("createReport", "POST", f"{_REPORTS}/reports", 0.0167, 15, once=True)
GET_REPORT = Operation("getReport", "GET", f"{_REPORTS}/reports/{{reportId}}", 2, 15)
GET_REPORTS = Operation("getReports", "GET", f"{_REPORTS}/reports", 0.0222, 10)
GET_REPORT_DOCUMENT = Operation(
    "getReportDocument", "GET", f"{_REPORTS}/documents/{{reportDocumentId}}", 0.0167, 15
)
_SCHEDULES = f"{_REPORTS}/schedules"
_SCHEDULE = f"{_SCHEDULES}/{{reportScheduleId}}"
# A type has one schedule in a marketplace, so that creating it twice is creating it once.
CREATE_REPORT_SCHEDULE = Operation("createReportSchedule", "POST", _SCHEDULES, 0.0222, 10)
GET_REPORT_SCHEDULES = Operation("getReportSchedules", "GET", _SCHEDULES, 0.0222, 10)
GET_REPORT_SCHEDULE = Operation("getReportSchedule", "GET", _SCHEDULE, 0.0222, 10)
CANCEL_REPORT_SCHEDULE = Operation(
    "cancelReportSchedule", "DELETE", _SCHEDULE, 0.0222, 10, silent=True
)

_FEEDS = "/feeds/2021-06-30"
CREATE_FEED_DOCUMENT = Operation("createFeedDocument", "POST", f"{_FEEDS}/documents", 0.5, 15)
# Five in five minutes, for all feeds of listings of a seller.
CREATE_LISTINGS_FEED = Operation(
    *("createFeed", "POST", f"{_FEEDS}/feeds", 5 / 300, 5),
    once=True,
    quota="createFeed JSON_LISTINGS_FEED",
)
CREATE_FEED = Operation("createFeed", "POST", f"{_FEEDS}/feeds", 0.0083, 15, once=True)
GET_FEED = Operation("getFeed", "GET", f"{_FEEDS}/feeds/{{feedId}}", 2, 15)
GET_FEEDS = Operation("getFeeds", "GET", f"{_FEEDS}/feeds", 0.0222, 10)
GET_FEED_DOCUMENT = Operation(
    "getFeedDocument", "GET", f"{_FEEDS}/documents/{{feedDocumentId}}", 0.0222, 10
)

_SUBSCRIPTIONS = "/notifications/v1/subscriptions/{notificationType}"
_DESTINATIONS = "/notifications/v1/destinations"
GET_SUBSCRIPTION = Operation("getSubscription", "GET", _SUBSCRIPTIONS, 1, 5, asks_whether=True)
CREATE_SUBSCRIPTION = Operation("createSubscription", "POST", _SUBSCRIPTIONS, 1, 5)
GET_DESTINATIONS = Operation("getDestinations", "GET", _DESTINATIONS, 1, 5, Grant.NOTIFICATIONS)
CREATE_DESTINATION = Operation(
    "createDestination", "POST", _DESTINATIONS, 1, 5, Grant.NOTIFICATIONS
)

CREATE_RESTRICTED_DATA_TOKEN = Operation(
    "createRestrictedDataToken", "POST", "/tokens/2021-03-01/restrictedDataToken", 1, 10
)

SEARCH_ORDERS = Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 0.0056, 20)
# By the parcel's reference twice is once.
CONFIRM_SHIPMENT = Operation(
    *("confirmShipment", "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", 2, 10),
    silent=True,
)

GET_INVENTORY_SUMMARIES = Operation(
    "getInventorySummaries", "GET", "/fba/inventory/v1/summaries", 2, 2
)

LIST_TRANSACTIONS = Operation(
    "listTransactions", "GET", "/finances/2024-06-19/transactions", 0.5, 10
)
