"""Product Pricing: offers of everybody, the Buy Box, the lowest prices."""

import json
from decimal import Decimal
from typing import Any

from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    Amazon,
    asin,
    offer_attributes,
)


def _landed(offer: dict[str, Any]) -> Decimal:
    return Decimal(offer["ListingPrice"]["Amount"]) + Decimal(offer["Shipping"]["Amount"])


async def _payloads(amazon: Amazon, count: int = 20) -> list[dict[str, Any]]:
    answer = await amazon.offers([asin(number) for number in range(count)])
    body = json.loads(answer.content, parse_float=Decimal)
    return [one["body"]["payload"] for one in body["responses"]]


async def test_our_live_offer_stands_among_the_rivals(amazon: Amazon) -> None:
    for number in range(20):
        await amazon.put(f"S{number}", offer_attributes(asin(number), Decimal("21.35")))
    await amazon.advance(20, frozen=True)
    payloads = await _payloads(amazon)
    assert len(payloads) == 20
    for payload in payloads:
        mine = [offer for offer in payload["Offers"] if offer["MyOffer"]]
        assert [offer["SellerId"] for offer in mine] == [amazon.seller]
        assert mine[0]["ListingPrice"] == {"CurrencyCode": "USD", "Amount": Decimal("21.35")}
        assert [_landed(o) for o in payload["Offers"]] == sorted(map(_landed, payload["Offers"]))
    rivals = sum(len(payload["Offers"]) - 1 for payload in payloads)
    assert rivals > 10


async def test_amounts_are_written_with_all_their_digits(amazon: Amazon) -> None:
    await amazon.put("A", offer_attributes(asin(1), 21))
    await amazon.advance(20, frozen=True)
    answer = await amazon.offers([asin(1)])
    assert b'"Amount":21.00' in answer.content


async def test_one_offer_at_most_holds_the_buy_box_and_the_summary_tells_its_price(
    amazon: Amazon,
) -> None:
    held = 0
    for payload in await _payloads(amazon):
        winners = [offer for offer in payload["Offers"] if offer["IsBuyBoxWinner"]]
        told = payload["Summary"].get("BuyBoxPrices", [])
        assert len(winners) == len(told) <= 1
        for winner in winners:
            held += 1
            assert winner["IsFeaturedMerchant"]
            assert Decimal(told[0]["LandedPrice"]["Amount"]) == _landed(winner)
    assert held > 5


async def test_the_lowest_price_of_each_channel_is_told(amazon: Amazon) -> None:
    for payload in await _payloads(amazon):
        for lowest in payload["Summary"]["LowestPrices"]:
            if lowest["condition"] != "new":
                continue
            channel = [
                _landed(offer)
                for offer in payload["Offers"]
                if offer["IsFulfilledByAmazon"] == (lowest["fulfillmentChannel"] == "Amazon")
            ]
            assert Decimal(lowest["LandedPrice"]["Amount"]) == min(channel)


async def test_an_unknown_item_fails_alone(amazon: Amazon) -> None:
    body = (await amazon.offers([asin(1), "B0UNKNOWN1"])).json()
    assert [one["status"]["statusCode"] for one in body["responses"]] == [200, 400]
    assert body["responses"][1]["body"]["errors"][0]["code"] == "InvalidInput"
    assert body["responses"][1]["request"]["Asin"] == "B0UNKNOWN1"


async def test_the_single_request_tells_the_same(amazon: Amazon) -> None:
    single = await amazon.call(
        "GET",
        f"/products/pricing/v0/items/{asin(3)}/offers",
        MarketplaceId=MARKETPLACE,
        ItemCondition="New",
    )
    batch = (await amazon.offers([asin(3)])).json()
    assert single.json() == batch["responses"][0]["body"]


async def test_an_item_that_nobody_sells_used_has_no_buyable_offers(amazon: Amazon) -> None:
    body = (await amazon.offers([asin(number) for number in range(20)], "Club")).json()
    for one in body["responses"]:
        assert one["body"]["payload"]["status"] == "NoBuyableOffers"
        assert one["body"]["payload"]["Offers"] == []


async def test_a_batch_that_is_too_large_or_malformed_is_refused(amazon: Amazon) -> None:
    assert (await amazon.offers([asin(n) for n in range(21)])).status_code == 400
    assert (await amazon.offers([])).status_code == 400
    path = "/batches/products/pricing/v0/itemOffers"
    request = {"uri": "/elsewhere", "method": "GET", "MarketplaceId": "x", "ItemCondition": "New"}
    for requests in (
        [1],
        [request],
        [{**request, "uri": "/products/pricing/v0/items/B/offers", "ItemCondition": None}],
    ):
        assert (await amazon.call("POST", path, {"requests": requests})).status_code == 400
