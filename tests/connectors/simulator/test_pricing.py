"""Prices, against the simulator, by our connector; every answer fits Amazon's models."""

from typing import Any

import pytest

from connectors.amazon.connector import AmazonConnector
from connectors.errors import Missing, Rejected
from connectors.port import OfferDraft, OfferPatch
from connectors.pricing import ExpectedPriceStatus, FeesInquiry, ItemName, Named
from domain.decision import BusinessPrice
from domain.listing import Condition, Fulfilment, OfferTerms
from domain.money import Money
from tests.connectors.simulator.amazon import MARKETPLACE, Amazon, asin, scenario

_PRICING, _BATCHES = "/products/pricing/v0", "/batches/products/pricing"
_FEES = "/products/fees/v0/feesEstimate"
_SKU = "MUG/1 #50%"
_NEW = Condition.NEW
_COUNT = 12


def _usd(minor: int) -> Money:
    return Money(minor, "USD")


def _draft(sku: str, number: int, price: int = 2000, **changes: Any) -> OfferDraft:
    told: dict[str, Any] = {"condition": _NEW, "quantity": 5, **changes}
    return OfferDraft(sku, asin(number), "DRINKING_CUP", price=_usd(price), handling_days=2, **told)


@pytest.fixture
async def shop(amazon: Amazon, connector: AmazonConnector) -> AmazonConnector:
    """Ours is an offer on each of the first items."""
    for number in range(_COUNT):
        await connector.put_offer(_draft(_SKU if number == 1 else f"S{number}", number))
    await amazon.advance(30, frozen=True)
    return connector


async def test_fees_are_those_that_sales_come_to(shop: AmazonConnector) -> None:
    by_asin, by_sku = ItemName(Named.ASIN, asin(1)), ItemName(Named.SELLER_SKU, _SKU)
    shipping = _usd(500)

    by_merchant = await shop.fees_estimate(
        FeesInquiry(by_asin, _usd(2000), Fulfilment.MERCHANT, shipping)
    )
    by_amazon = await shop.fees_estimate(FeesInquiry(by_sku, _usd(2000), Fulfilment.AMAZON))
    cheap, nobody = await shop.fees_estimates(
        [
            FeesInquiry(by_asin, _usd(100), Fulfilment.MERCHANT),
            FeesInquiry(ItemName(Named.SELLER_SKU, "NOBODY"), _usd(1), Fulfilment.MERCHANT),
        ]
    )

    # 15 per cent of what the buyer pays, 30 cents at least; 3.50 for Amazon's work.
    assert by_merchant.total == _usd(375)
    assert [(fee.type, fee.final) for fee in by_merchant.fees] == [("ReferralFee", _usd(375))]
    assert by_amazon.total == _usd(650)
    assert [part.type for part in by_amazon.fees[1].included] == ["FBAPickAndPack"]
    assert by_amazon.estimated_at is not None
    assert (cheap.total, cheap.problem) == (_usd(30), None)
    assert nobody.problem is not None
    assert nobody.problem.code == "InvalidParameterValue"
    with pytest.raises(Rejected, match="NOBODY"):
        await shop.fees_estimate(
            FeesInquiry(ItemName(Named.SELLER_SKU, "NOBODY"), _usd(1), Fulfilment.MERCHANT)
        )


async def test_offers_on_a_listing_are_those_on_its_item(
    shop: AmazonConnector, amazon: Amazon
) -> None:
    skus = [_SKU if number == 1 else f"S{number}" for number in range(_COUNT)]

    by_sku = await shop.listing_offers([*skus, "NOBODY"], _NEW)
    by_asin = await shop.offers([asin(number) for number in range(_COUNT)], _NEW)
    single = await shop.offers_on(ItemName(Named.SELLER_SKU, _SKU), _NEW)
    item = await shop.offers_on(ItemName(Named.ASIN, asin(1)), _NEW)

    assert [one.name.value for one in by_sku] == skus
    assert [one.offers for one in by_sku] == [one.offers for one in by_asin]
    assert single.offers == item.offers == by_sku[1].offers
    assert sum(offer.is_own for offer in single.offers) == 1
    with pytest.raises(Rejected):
        await shop.offers_on(ItemName(Named.SELLER_SKU, "NOBODY"), _NEW)
    answered = (await amazon.status())["requests"]
    # The unknown SKU needs no other spelling.
    assert answered["getListingOffersBatch"] == {"200": 1}


async def test_own_prices_follow_what_is_live(shop: AmazonConnector, amazon: Amazon) -> None:
    terms = OfferTerms(business=BusinessPrice(_usd(1900)))
    await shop.patch_offer(OfferPatch(_SKU, "DRINKING_CUP", _usd(2150), None, terms))
    before = await shop.own_prices(Named.ASIN, [asin(1), "B0NOWHERE1"])
    await amazon.advance(30, frozen=True)
    (after,) = await shop.own_prices(Named.SELLER_SKU, [_SKU, "NOBODY"])

    assert [price.listing_price for price in before] == [_usd(2000)]
    assert (after.listing_price, after.asin) == (_usd(2150), asin(1))
    assert after.shipping == _usd(0)
    query = {"MarketplaceId": MARKETPLACE, "ItemType": "Asin", "Asins": asin(1)}
    business = await amazon.call("GET", f"{_PRICING}/price", **query, OfferType="B2B")
    (offer,) = business.json()["payload"][0]["Product"]["Offers"]
    assert offer["BuyingPrice"]["ListingPrice"] == {"CurrencyCode": "USD", "Amount": 19.0}
    used = await amazon.call("GET", f"{_PRICING}/price", **query, ItemCondition="Used")
    assert used.json()["payload"][0]["Product"]["Offers"] == []


async def test_every_view_of_the_buy_box_is_the_same(shop: AmazonConnector) -> None:
    asins = [asin(number) for number in range(_COUNT)]
    pricing = await shop.competitive_pricing(Named.ASIN, asins)
    summaries = await shop.competitive_summaries(asins)
    seen = 0
    for item, short, summary in zip(
        await shop.offers(asins, _NEW), pricing, summaries, strict=True
    ):
        winners = [offer for offer in item.offers if offer.is_buy_box_winner]
        assert short.asin == summary.asin == item.asin
        assert short.offer_counts["new"] == len(item.offers)
        assert [(one.listing_price, one.is_own) for one in short.prices] == [
            (winner.listing_price, winner.is_own) for winner in winners
        ]
        featured = [one.offer for one in summary.featured]
        assert [(one.seller_id, one.listing_price, one.shipping) for one in featured] == [
            (winner.seller_id, winner.listing_price, winner.shipping) for winner in winners
        ]
        told = [(one.seller_id, one.listing_price) for one in summary.lowest["New"]]
        assert told == [(one.seller_id, one.listing_price) for one in item.offers]
        seen += len(winners)
    assert seen > _COUNT // 2


async def test_the_expected_price_wins_and_a_cent_more_does_not(
    shop: AmazonConnector, amazon: Amazon
) -> None:
    skus = [_SKU if number == 1 else f"S{number}" for number in range(_COUNT)]
    found = await shop.expected_prices([*skus, "NOBODY"])

    nobody = found.pop()
    assert nobody.problem is not None
    assert (nobody.status, nobody.problem.code) == (ExpectedPriceStatus.UNKNOWN, "INVALID_SKU")
    valid = {one.seller_sku: one for one in found if one.price is not None}
    assert len(valid) > _COUNT // 2
    assert {one.status for one in found} == {
        ExpectedPriceStatus.VALID_FOEP,
        ExpectedPriceStatus.NO_COMPETING_OFFER,
    }
    for more in (0, 1):
        for sku, one in valid.items():
            assert one.price is not None
            price = _usd(one.price.minor + more)
            await shop.patch_offer(OfferPatch(sku, "DRINKING_CUP", price, None))
        await amazon.advance(30, frozen=True)
        for now in await shop.expected_prices(list(valid)):
            assert now.featured is not None
            assert now.price == valid[now.seller_sku].price
            assert now.competing == valid[now.seller_sku].competing
            assert now.featured.is_own is (more == 0)
            if more:
                assert now.featured == now.competing


async def test_an_offer_that_cannot_be_featured_has_no_expected_price(
    shop: AmazonConnector, amazon: Amazon
) -> None:
    await shop.put_offer(_draft("USED", 3, condition=Condition.USED_GOOD))
    await shop.patch_offer(OfferPatch("S2", "DRINKING_CUP", None, 0))
    await amazon.advance(30, frozen=True)

    used, empty = await shop.expected_prices(["USED", "S2"])

    assert (used.status, used.price) == (ExpectedPriceStatus.OFFER_NOT_ELIGIBLE, None)
    assert empty.status is ExpectedPriceStatus.OFFER_NOT_FOUND


async def test_summaries_tell_the_family_and_what_is_not_there(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    family = scenario(items=3, scenarioId="family")
    family["items"][0]["childAsins"] = [asin(1), asin(2)]
    family["items"][1]["parentAsin"] = asin(0)
    await amazon.control("scenario", family)

    child, nowhere = await connector.competitive_summaries(
        [asin(1), "B0NOWHERE1"], [_NEW, Condition.USED_GOOD]
    )

    assert child.similar_asins == (asin(2),)
    assert child.reference_prices == {"CompetitivePrice": _usd(2100)}
    (offers,) = await connector.offers([asin(1)], Condition.USED_GOOD)
    assert child.lowest.keys() == ({"New", "Used"} if offers.offers else {"New"})
    assert nowhere.problem is not None
    assert nowhere.problem.code == "INVALID_ASIN"


def _fees(**changes: object) -> dict[str, object]:
    price = {"ListingPrice": {"CurrencyCode": "USD", "Amount": 1}}
    return {
        "MarketplaceId": MARKETPLACE,
        "Identifier": "1",
        "PriceToEstimateFees": price,
        **changes,
    }


def _asked_fees(**changes: object) -> list[dict[str, object]]:
    return [{"IdType": "ASIN", "IdValue": asin(1), "FeesEstimateRequest": _fees(**changes)}]


def _euros(amount: object, currency: str = "EUR") -> dict[str, object]:
    return {"ListingPrice": {"CurrencyCode": currency, "Amount": amount}}


_SUMMARY = {
    "asin": asin(1),
    "marketplaceId": MARKETPLACE,
    "includedData": ["referencePrices"],
    "method": "GET",
    "uri": "/products/pricing/2022-05-01/items/competitiveSummary",
}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (_FEES, {}, 400),
        (_FEES, [], 400),
        (_FEES, [1], 400),
        (_FEES, [{"IdType": "EAN", "IdValue": "1"}], 400),
        (_FEES, _asked_fees() * 20, 200),
        (_FEES, _asked_fees() * 21, 400),
        (_FEES, _asked_fees(MarketplaceId="X"), 400),
        (_FEES, _asked_fees(Identifier=None), 400),
        (_FEES, _asked_fees(IsAmazonFulfilled="no"), 400),
        (_FEES, _asked_fees(PriceToEstimateFees={}), 400),
        (_FEES, _asked_fees(PriceToEstimateFees=_euros(1)), 400),
        (_FEES, _asked_fees(PriceToEstimateFees=_euros("1", "USD")), 400),
        (_FEES, _asked_fees(PriceToEstimateFees=_euros(1.001, "USD")), 400),
        (_FEES, _asked_fees(PriceToEstimateFees=_euros(-1, "USD")), 400),
        (f"{_BATCHES}/v0/listingOffers", {"requests": []}, 400),
        (f"{_BATCHES}/2022-05-01/items/competitiveSummary", {"requests": [_SUMMARY] * 20}, 200),
        (f"{_BATCHES}/2022-05-01/items/competitiveSummary", {"requests": [_SUMMARY] * 21}, 400),
        (f"{_BATCHES}/2022-05-01/items/competitiveSummary", {"requests": [3]}, 400),
        (
            f"{_BATCHES}/2022-05-01/items/competitiveSummary",
            {"requests": [{**_SUMMARY, "includedData": ["news"]}]},
            400,
        ),
        (
            f"{_BATCHES}/2022-05-01/items/competitiveSummary",
            {"requests": [{**_SUMMARY, "lowestPricedOffersInputs": [{"itemCondition": "New"}]}]},
            400,
        ),
        (
            f"{_BATCHES}/2022-05-01/items/competitiveSummary",
            {"requests": [{**_SUMMARY, "marketplaceId": "X"}]},
            403,
        ),
        (
            f"{_BATCHES}/2022-05-01/offer/featuredOfferExpectedPrice",
            {"requests": [_SUMMARY]},
            400,
        ),
    ],
)
async def test_questions_that_cannot_be_are_refused(
    amazon: Amazon, path: str, body: object, status: int
) -> None:
    assert (await amazon.call("POST", path, body)).status_code == status


@pytest.mark.parametrize(
    "query",
    [
        {"MarketplaceId": MARKETPLACE, "ItemType": "Ean", "Asins": asin(1)},
        {"MarketplaceId": MARKETPLACE, "ItemType": "Sku", "Asins": asin(1)},
        {"ItemType": "Asin", "Asins": asin(1)},
        {"MarketplaceId": MARKETPLACE, "ItemType": "Asin", "Asins": ",".join([asin(1)] * 21)},
    ],
)
@pytest.mark.parametrize("name", ["price", "competitivePrice"])
async def test_lists_of_names_are_checked(amazon: Amazon, name: str, query: dict[str, str]) -> None:
    assert (await amazon.call("GET", f"{_PRICING}/{name}", **query)).status_code == 400


async def test_an_item_that_is_not_there_is_missing_nowhere_else(shop: AmazonConnector) -> None:
    with pytest.raises(Missing):
        await shop.catalog_item("B0NOWHERE1")
    assert await shop.competitive_pricing(Named.ASIN, ["B0NOWHERE1"]) == []
