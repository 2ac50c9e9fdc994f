"""The operations of the Selling Partner API that are simulated, with where they are and who answers."""

from connectors.simulator import (
    catalog,
    competition,
    feeds,
    fees,
    finances,
    fulfilment_stock,
    listings,
    notifications,
    offers,
    orders,
    prices,
    product_types,
    report_schedules,
    reports,
    restricted,
    restrictions,
    sellers,
    shipments,
)
from connectors.simulator.operations import Handler

_LISTING = "/listings/2021-08-01/items/{seller_id}"
_FEEDS, _REPORTS = "/feeds/2021-06-30", "/reports/2021-06-30"
_SCHEDULES = f"{_REPORTS}/schedules"
_SCHEDULE = f"{_SCHEDULES}/{{schedule_id}}"
_DEFINITIONS = "/definitions/2020-09-01/productTypes"
_FEES, _PRICING = "/products/fees/v0", "/products/pricing/v0"
_BATCHES = "/batches/products/pricing"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_DESTINATIONS = "/notifications/v1/destinations"
OPERATIONS: list[tuple[str, str, str, Handler]] = [
    ("PATCH", f"{_LISTING}/{{sku}}", "patchListingsItem", listings.patch_listings_item),
    ("PUT", f"{_LISTING}/{{sku}}", "putListingsItem", listings.put_listings_item),
    ("GET", f"{_LISTING}/{{sku}}", "getListingsItem", listings.get_listings_item),
    ("DELETE", f"{_LISTING}/{{sku}}", "deleteListingsItem", listings.delete_listings_item),
    ("GET", _LISTING, "searchListingsItems", listings.search_listings_items),
    ("GET", "/catalog/2022-04-01/items", "searchCatalogItems", catalog.search_catalog_items),
    ("GET", "/catalog/2022-04-01/items/{asin}", "getCatalogItem", catalog.get_catalog_item),
    (
        "GET",
        "/listings/2021-08-01/restrictions",
        "getListingsRestrictions",
        restrictions.get_listings_restrictions,
    ),
    (
        "GET",
        _DEFINITIONS,
        "searchDefinitionsProductTypes",
        product_types.search_definitions_product_types,
    ),
    (
        "GET",
        f"{_DEFINITIONS}/{{product_type}}",
        "getDefinitionsProductType",
        product_types.get_definitions_product_type,
    ),
    (
        "POST",
        f"{_FEES}/listings/{{sku}}/feesEstimate",
        "getMyFeesEstimateForSKU",
        fees.get_my_fees_estimate_for_sku,
    ),
    (
        "POST",
        f"{_FEES}/items/{{asin}}/feesEstimate",
        "getMyFeesEstimateForASIN",
        fees.get_my_fees_estimate_for_asin,
    ),
    ("POST", f"{_FEES}/feesEstimate", "getMyFeesEstimates", fees.get_my_fees_estimates),
    ("GET", f"{_PRICING}/price", "getPricing", prices.get_pricing),
    (
        "GET",
        f"{_PRICING}/competitivePrice",
        "getCompetitivePricing",
        prices.get_competitive_pricing,
    ),
    ("GET", f"{_PRICING}/items/{{asin}}/offers", "getItemOffers", offers.get_item_offers),
    ("GET", f"{_PRICING}/listings/{{sku}}/offers", "getListingOffers", offers.get_listing_offers),
    (
        "POST",
        f"{_BATCHES}/v0/itemOffers",
        "getItemOffersBatch",
        offers.get_item_offers_batch,
    ),
    (
        "POST",
        f"{_BATCHES}/v0/listingOffers",
        "getListingOffersBatch",
        offers.get_listing_offers_batch,
    ),
    (
        "POST",
        f"{_BATCHES}/2022-05-01/items/competitiveSummary",
        "getCompetitiveSummary",
        competition.get_competitive_summary,
    ),
    (
        "POST",
        f"{_BATCHES}/2022-05-01/offer/featuredOfferExpectedPrice",
        "getFeaturedOfferExpectedPriceBatch",
        competition.get_featured_offer_expected_price_batch,
    ),
    ("GET", "/orders/2026-01-01/orders", "searchOrders", orders.search_orders),
    ("GET", "/orders/2026-01-01/orders/{order_id}", "getOrder", orders.get_order),
    (
        "POST",
        "/orders/v0/orders/{order_id}/shipmentConfirmation",
        "confirmShipment",
        shipments.confirm_shipment,
    ),
    (
        "GET",
        "/fba/inventory/v1/summaries",
        "getInventorySummaries",
        fulfilment_stock.get_inventory_summaries,
    ),
    (
        "GET",
        "/finances/2024-06-19/transactions",
        "listTransactions",
        finances.list_transactions,
    ),
    ("POST", _SCHEDULES, "createReportSchedule", report_schedules.create_report_schedule),
    ("GET", _SCHEDULES, "getReportSchedules", report_schedules.get_report_schedules),
    ("GET", _SCHEDULE, "getReportSchedule", report_schedules.get_report_schedule),
    ("DELETE", _SCHEDULE, "cancelReportSchedule", report_schedules.cancel_report_schedule),
    ("POST", f"{_FEEDS}/documents", "createFeedDocument", feeds.create_feed_document),
    (
        "GET",
        f"{_FEEDS}/documents/{{document_id}}",
        "getFeedDocument",
        feeds.get_feed_document,
    ),
    ("POST", f"{_FEEDS}/feeds", "createFeed", feeds.create_feed),
    ("GET", f"{_FEEDS}/feeds", "getFeeds", feeds.get_feeds),
    ("GET", f"{_FEEDS}/feeds/{{feed_id}}", "getFeed", feeds.get_feed),
    ("DELETE", f"{_FEEDS}/feeds/{{feed_id}}", "cancelFeed", feeds.cancel_feed),
    ("POST", f"{_REPORTS}/reports", "createReport", reports.create_report),
    ("GET", f"{_REPORTS}/reports", "getReports", reports.get_reports),
    ("GET", f"{_REPORTS}/reports/{{report_id}}", "getReport", reports.get_report),
    ("DELETE", f"{_REPORTS}/reports/{{report_id}}", "cancelReport", reports.cancel_report),
    (
        "GET",
        f"{_REPORTS}/documents/{{document_id}}",
        "getReportDocument",
        reports.get_report_document,
    ),
    (
        "GET",
        "/sellers/v1/marketplaceParticipations",
        "getMarketplaceParticipations",
        sellers.get_marketplace_participations,
    ),
    (
        "POST",
        "/tokens/2021-03-01/restrictedDataToken",
        "createRestrictedDataToken",
        restricted.create_restricted_data_token,
    ),
    ("GET", _SUBSCRIPTIONS, "getSubscriptions", notifications.get_subscriptions),
    (
        "POST",
        f"{_SUBSCRIPTIONS}/{{notification_type}}",
        "createSubscription",
        notifications.create_subscription,
    ),
    (
        "GET",
        f"{_SUBSCRIPTIONS}/{{notification_type}}",
        "getSubscription",
        notifications.get_subscription,
    ),
    (
        "GET",
        f"{_SUBSCRIPTIONS}/{{notification_type}}/{{subscription_id}}",
        "getSubscriptionById",
        notifications.get_subscription_by_id,
    ),
    (
        "DELETE",
        f"{_SUBSCRIPTIONS}/{{notification_type}}/{{subscription_id}}",
        "deleteSubscriptionById",
        notifications.delete_subscription_by_id,
    ),
    ("GET", _DESTINATIONS, "getDestinations", notifications.get_destinations),
    ("POST", _DESTINATIONS, "createDestination", notifications.create_destination),
    (
        "GET",
        f"{_DESTINATIONS}/{{destination_id}}",
        "getDestination",
        notifications.get_destination,
    ),
    (
        "DELETE",
        f"{_DESTINATIONS}/{{destination_id}}",
        "deleteDestination",
        notifications.delete_destination,
    ),
]
GRANTLESS = frozenset(
    """createDestination getDestinations getDestination deleteDestination getSubscriptionById
    deleteSubscriptionById""".split()
)
