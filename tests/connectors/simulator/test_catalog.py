"""Catalog Items and Sellers: what can be found, and in which form."""

from tests.connectors.simulator.amazon import MARKETPLACE, Amazon, asin, scenario

_ITEMS = "/catalog/2022-04-01/items"
_EVERYTHING = "identifiers,productTypes,relationships,summaries,attributes,images,salesRanks"


async def test_identifiers_find_their_items(amazon: Amazon) -> None:
    answer = await amazon.call(
        "GET",
        _ITEMS,
        identifiers="4006381000003,4006381000004,4999999999999",
        identifiersType="EAN",
        marketplaceIds=MARKETPLACE,
        includedData=_EVERYTHING,
    )
    found = answer.json()
    assert found["numberOfResults"] == 2
    assert [item["asin"] for item in found["items"]] == [asin(3), asin(4)]
    item = found["items"][0]
    assert item["summaries"][0]["itemName"] == "Hiking mug 3-XS, blue"
    assert item["summaries"][0]["brand"] == "Brook"
    assert item["identifiers"][0]["identifiers"] == [
        {"identifierType": "EAN", "identifier": "4006381000003"}
    ]
    assert item["productTypes"] == [{"marketplaceId": MARKETPLACE, "productType": "DRINKING_CUP"}]


async def test_a_upc_is_found_as_the_ean_and_gtin_that_it_is(amazon: Amazon) -> None:
    item = {
        "asin": "B0UPC00001",
        "title": "Lamp",
        "identifiers": {"UPC": ["036000291452"]},
        "referencePrice": "5.00",
    }
    await amazon.control("scenario", scenario(scenarioId="upc") | {"items": [item]})
    await amazon.sign_in()
    for kind, value in (
        ("UPC", "036000291452"),
        ("EAN", "0036000291452"),
        ("GTIN", "00036000291452"),
        ("ASIN", "B0UPC00001"),
    ):
        answer = await amazon.call(
            "GET", _ITEMS, identifiers=value, identifiersType=kind, marketplaceIds=MARKETPLACE
        )
        assert answer.json()["numberOfResults"] == 1, kind


async def test_keywords_must_all_occur(amazon: Amazon) -> None:
    async def titles(words: str) -> list[str]:
        answer = await amazon.call("GET", _ITEMS, keywords=words, marketplaceIds=MARKETPLACE)
        return [item["summaries"][0]["itemName"] for item in answer.json()["items"]]

    assert await titles("HIKING mug 7-xs, BLUE") == ["Hiking mug 7-XS, blue"]
    assert await titles("brook 4006381000007") == ["Hiking mug 7-XS, blue"]
    assert await titles("acme,hiking,7") == []
    assert await titles("green") == []


async def test_keyword_results_come_in_pages(amazon: Amazon) -> None:
    query = {"keywords": "mug", "marketplaceIds": MARKETPLACE, "pageSize": "20"}
    first = (await amazon.call("GET", _ITEMS, **query)).json()
    assert first["numberOfResults"] == 30
    token = first["pagination"]["nextToken"]
    second = (await amazon.call("GET", _ITEMS, **query, pageToken=token)).json()
    assert "nextToken" not in second["pagination"]
    asins = {item["asin"] for item in first["items"] + second["items"]}
    assert len(asins) == 30


async def test_variations_name_their_relatives(amazon: Amazon) -> None:
    family = scenario(items=3, scenarioId="family")
    family["items"][0]["childAsins"] = [asin(1), asin(2)]
    family["items"][1]["parentAsin"] = family["items"][2]["parentAsin"] = asin(0)
    await amazon.control("scenario", family)
    await amazon.sign_in()
    query = {"marketplaceIds": MARKETPLACE, "includedData": "relationships,summaries"}
    parent = (await amazon.call("GET", f"{_ITEMS}/{asin(0)}", **query)).json()
    assert parent["relationships"][0]["relationships"] == [
        {"type": "VARIATION", "childAsins": [asin(1), asin(2)]}
    ]
    assert parent["summaries"][0]["itemClassification"] == "VARIATION_PARENT"
    child = (await amazon.call("GET", f"{_ITEMS}/{asin(1)}", **query)).json()
    assert child["relationships"][0]["relationships"] == [
        {"type": "VARIATION", "parentAsins": [asin(0)]}
    ]


async def test_an_unknown_asin_is_not_found(amazon: Amazon) -> None:
    answer = await amazon.call("GET", f"{_ITEMS}/B0NOWHERE0", marketplaceIds=MARKETPLACE)
    assert answer.status_code == 404
    assert answer.headers["x-amzn-RateLimit-Limit"] == "2000000.0"


async def test_a_search_that_makes_no_sense_is_refused(amazon: Amazon) -> None:
    for query in (
        {},
        {"keywords": "mug", "identifiers": "1", "identifiersType": "EAN"},
        {"identifiers": "1"},
        {"identifiers": "1", "identifiersType": "GCID"},
        {"identifiers": "1", "identifiersType": "SKU"},
        {"identifiers": ",".join(map(str, range(21))), "identifiersType": "EAN"},
        {"keywords": "mug", "pageSize": "0"},
    ):
        answer = await amazon.call("GET", _ITEMS, **{"marketplaceIds": MARKETPLACE, **query})
        assert answer.status_code == 400, query


async def test_the_seller_takes_part_in_its_marketplace(amazon: Amazon) -> None:
    answer = await amazon.call("GET", "/sellers/v1/marketplaceParticipations")
    entry = answer.json()["payload"][0]
    assert entry["marketplace"]["id"] == MARKETPLACE
    assert entry["storeName"] == "Our shop"
