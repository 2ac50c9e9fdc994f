"""The ways to the operations about listings to be and about prices, and what their official answers come to."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.amazon.connector import AmazonConnector
from connectors.pricing import (
    BuyerSegment,
    ExpectedPriceStatus,
    FeesInquiry,
    ItemName,
    Named,
    Problem,
)
from connectors.product_listing import Requirements, RestrictionCode
from domain.listing import Condition, Fulfilment
from domain.money import Money

_PRICE = Money(1000, "USD")
_ASIN, _SKU = ItemName(Named.ASIN, "asin123"), ItemName(Named.SELLER_SKU, "sku123")
_BY_ASIN = FeesInquiry(_ASIN, _PRICE, Fulfilment.MERCHANT, shipping=_PRICE)
_BY_SKU = FeesInquiry(_SKU, _PRICE, Fulfilment.AMAZON)
_LISTED = ["GC-QTMS-SV2I", "VT-DEIT-57TQ", "NA-H7X1-JYTM", "RL-JVOC-MBSL"]
_GROUPS = [Condition.NEW, Condition.USED_GOOD]

CALLS: dict[str, Callable[[AmazonConnector], Awaitable[Any]]] = {
    "getCatalogItem": lambda amazon: amazon.catalog_item("B07N4M94X4"),
    "getListingsRestrictions": lambda amazon: amazon.restrictions("B0000ASIN1"),
    "searchDefinitionsProductTypes": lambda amazon: amazon.product_types(["LUGGAGE"]),
    "getDefinitionsProductType": lambda amazon: amazon.product_type_definition(
        "LUGGAGE", Requirements.LISTING
    ),
    "getMyFeesEstimateForASIN": lambda amazon: amazon.fees_estimate(_BY_ASIN),
    "getMyFeesEstimateForSKU": lambda amazon: amazon.fees_estimate(_BY_SKU),
    "getMyFeesEstimates": lambda amazon: amazon.fees_estimates([_BY_ASIN, _BY_SKU]),
    "getPricing": lambda amazon: amazon.own_prices(Named.ASIN, ["B00V5DG6IQ", "B00551Q3CS"]),
    "getCompetitivePricing": lambda amazon: amazon.competitive_pricing(Named.ASIN, ["B00V5DG6IQ"]),
    "getItemOffers": lambda amazon: amazon.offers_on(_ASIN, Condition.NEW),
    "getListingOffers": lambda amazon: amazon.offers_on(_SKU, Condition.NEW),
    "getListingOffersBatch": lambda amazon: amazon.listing_offers(_LISTED, Condition.NEW),
    "getCompetitiveSummary": lambda amazon: amazon.competitive_summaries(["B00ZIAODGE"], _GROUPS),
    "getFeaturedOfferExpectedPriceBatch": lambda amazon: amazon.expected_prices(["MY_SKU"]),
}


def _expect_item(result: Any) -> None:
    assert (result.item.asin, result.item.brand) == ("B07N4M94X4", "SAMSUNG")
    assert ("EAN", "0887276302195") in result.item.identifiers
    assert result.images[0] == "https://m.media-amazon.com/images/I/91uohwV+k3L.jpg"
    assert {(rank.category, rank.rank) for rank in result.sales_ranks} >= {("QLED TVs", 113)}


def _expect_restriction(result: Any) -> None:
    (restriction,) = result
    assert restriction.condition == "used_acceptable"
    assert restriction.code is RestrictionCode.UNKNOWN
    assert restriction.message == "You cannot list the product in this condition."
    assert restriction.approval_url.endswith("approve?asin=B0000ASIN1")


def _expect_product_types(result: Any) -> None:
    (found,) = result
    assert (found.name, found.display_name) == ("LUGGAGE", "Luggage")


def _expect_definition(result: Any) -> None:
    assert (result.product_type.name, result.version) == ("LUGGAGE", "UHqSqmb4FNUk=")
    assert result.schema_url == "https://schema-url"
    ((title, names),) = result.attribute_groups
    assert title == "Product Identity"
    assert "brand" in names


def _expect_fees(result: Any) -> None:
    assert (result.total, result.fees, result.problem) == (Money(300, "USD"), (), None)
    assert result.estimated_at == datetime(2019, 10, 28, 18, 49, 32, tzinfo=UTC)


def _expect_all_fees(result: Any) -> None:
    assert [(one.name, one.total) for one in result] == [
        (_ASIN, Money(300, "USD")),
        (_SKU, Money(300, "MXN")),
    ]


def _expect_own_prices(result: Any) -> None:
    assert [price.asin for price in result] == ["B00V5DG6IQ", "B00551Q3CS"]
    price = result[0]
    assert price.listing_price == Money(950 if price.is_business else 1000, "USD")
    assert (price.shipping, price.regular_price) == (Money(0, "USD"), Money(1000, "USD"))


def _expect_pricing(result: Any) -> None:
    first, second = result
    assert (first.asin, second.asin) == ("B00V5DG6IQ", "B00551Q3CS")
    assert first.prices[0].listing_price == Money(13000, "USD")
    assert first.prices[0].is_own
    assert first.offer_counts["new"] in {3, 20, 402}
    assert [price.at_least for price in first.prices] in ([1], [1, 3, 5])


def _expect_offers(result: Any) -> None:
    (offer,) = result.offers
    assert offer.landed_price == Money(1000, "USD")
    assert offer.fulfilment is Fulfilment.MERCHANT


def _expect_listing_offers(result: Any) -> None:
    assert [one.name.value for one in result] == _LISTED
    assert any(one.offers for one in result)


def _expect_summary(result: Any) -> None:
    found = result[0]
    assert (found.asin, found.problem) == ("B00ZIAODGE", None)
    first, second = found.featured
    assert first.offer.listing_price == Money(1811, "USD")
    assert first.offer.shipping == Money(250, "USD")
    assert BuyerSegment("PRIME", Decimal(10)) in first.segments or len(first.segments) == 3
    assert second.offer.seller_id == "A2ZWOLFOFDPJL1"
    assert found.reference_prices["CompetitivePrice"] == Money(1739, "USD")
    assert [offer.listing_price.minor for offer in found.lowest["New"]] == [1715, 1811]
    (used,) = found.lowest["Used"]
    assert (used.condition, used.fulfilment) == ("Used", Fulfilment.AMAZON)
    assert found.similar_asins == ("B00ZIA513F", "B009DA8GI1", "B00KF8SK3D")
    for refused in result[1:]:
        assert refused.problem == Problem("INVALID_ASIN", "11_AABB_123 is not a valid ASIN")


def _expect_expected(result: Any) -> None:
    valid, alone, refused = result
    assert (valid.status, valid.price) == (ExpectedPriceStatus.VALID_FOEP, Money(1000, "USD"))
    assert valid.competing == valid.featured
    assert valid.competing.listing_price == Money(1200, "USD")
    assert (alone.status, alone.price, alone.competing) == (
        ExpectedPriceStatus.NO_COMPETING_OFFER,
        None,
        None,
    )
    assert (refused.status, refused.problem.code) == (ExpectedPriceStatus.UNKNOWN, "INVALID_SKU")


EXPECT: dict[str, Callable[[Any], None]] = {
    "getCatalogItem": _expect_item,
    "getListingsRestrictions": _expect_restriction,
    "searchDefinitionsProductTypes": _expect_product_types,
    "getDefinitionsProductType": _expect_definition,
    "getMyFeesEstimateForASIN": _expect_fees,
    "getMyFeesEstimateForSKU": _expect_fees,
    "getMyFeesEstimates": _expect_all_fees,
    "getPricing": _expect_own_prices,
    "getCompetitivePricing": _expect_pricing,
    "getItemOffers": _expect_offers,
    "getListingOffers": _expect_offers,
    "getListingOffersBatch": _expect_listing_offers,
    "getCompetitiveSummary": _expect_summary,
    "getFeaturedOfferExpectedPriceBatch": _expect_expected,
}
