"""Before a listing, against the simulator, by our connector; every answer fits Amazon's models."""

import json
from typing import Any

import jsonschema
import pytest
from starlette.applications import Starlette

from connectors.amazon.connector import AmazonConnector
from connectors.errors import Missing, Unauthorized
from connectors.port import OfferDraft, OfferPatch
from connectors.product_listing import Requirements, RestrictionCode
from connectors.simulator import state_file
from connectors.simulator.settings import SimulatorSettings
from domain.listing import Condition
from domain.money import Money
from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    OTHER_SELLER,
    SELLER,
    Amazon,
    asin,
    offer_attributes,
    scenario,
)

_RESTRICTIONS = "/listings/2021-08-01/restrictions"
_TYPES = "/definitions/2020-09-01/productTypes"
_DRAFT = OfferDraft("A", asin(1), "DRINKING_CUP", Condition.NEW, Money(2500, "USD"), 4, 2)


async def _restricted(amazon: Amazon) -> None:
    """A world in which an item is closed in two conditions, and one is of another type."""
    world = scenario(scenarioId="restricted", items=4)
    world["items"][1]["restrictions"] = {
        "new_new": "APPROVAL_REQUIRED",
        "used_good": "NOT_ELIGIBLE",
    }
    world["items"][2] |= {"productType": "TABLE_LAMP", "title": "Lamp for a table"}
    await amazon.control("scenario", world)
    await amazon.sign_in()


async def test_an_item_is_told_in_full(amazon: Amazon, connector: AmazonConnector) -> None:
    family = scenario(items=3, scenarioId="family")
    family["items"][0]["childAsins"] = [asin(1), asin(2)]
    family["items"][1]["parentAsin"] = asin(0)
    await amazon.control("scenario", family)

    found = await connector.catalog_item(asin(1))

    assert found.item.title == "Hiking mug 1-XS, blue"
    assert found.parent_asins == (asin(0),)
    (rank,) = found.sales_ranks
    assert rank.category == "Drinking cup"
    with pytest.raises(Missing):
        await connector.catalog_item("B0NOWHERE1")


async def test_restrictions_are_those_of_the_scenario(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    await _restricted(amazon)

    assert await connector.restrictions(asin(0)) == []
    assert await connector.restrictions(asin(1), Condition.USED_VERY_GOOD) == []
    (new,) = await connector.restrictions(asin(1), Condition.NEW)
    assert (new.condition, new.code) == ("new_new", RestrictionCode.APPROVAL_REQUIRED)
    assert new.approval_url is not None
    assert new.approval_url.startswith("https://sellercentral.amazon.com/")
    _, used = await connector.restrictions(asin(1))
    assert (used.code, used.approval_url) == (RestrictionCode.NOT_ELIGIBLE, None)
    (nowhere,) = await connector.restrictions("B0NOWHERE1")
    assert nowhere.code is RestrictionCode.ASIN_NOT_FOUND


async def test_what_is_restricted_is_accepted_and_never_live(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    await _restricted(amazon)

    assert (await connector.put_offer(_DRAFT)).accepted
    await amazon.advance(30, frozen=True)

    (listing,) = await connector.listings(["A"])
    assert not listing.is_buyable
    assert [issue.code for issue in listing.issues] == ["5461"]


async def test_restrictions_outlast_a_restart(
    amazon: Amazon, app: Starlette, settings: SimulatorSettings
) -> None:
    await _restricted(amazon)
    await amazon.advance(15)
    assert settings.state_file is not None
    kept = state_file.load(settings.state_file)
    assert kept.items[asin(1)].restrictions["used_good"] == "NOT_ELIGIBLE"
    assert state_file.state_digest(kept) == state_file.state_digest(app.state.simulator.world)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"asin": "x"}, 400),
        ({"conditionType": "shiny"}, 400),
        ({"marketplaceIds": "A1PA6795UKMFR9"}, 403),
        ({"sellerId": OTHER_SELLER}, 403),
    ],
)
async def test_a_wrong_question_is_refused_with_a_bare_list(
    amazon: Amazon, changed: dict[str, str], status: int
) -> None:
    query = {"asin": asin(1), "sellerId": SELLER, "marketplaceIds": MARKETPLACE, **changed}
    answer = await amazon.call("GET", _RESTRICTIONS, **query)
    assert answer.status_code == status
    assert isinstance(answer.json(), list)
    assert ("x-amzn-RateLimit-Limit" in answer.headers) is (status == 400)


async def test_a_preview_judges_and_stores_nothing(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    assert (await connector.preview_offer(_DRAFT)).accepted
    await amazon.advance(30, frozen=True)
    assert await connector.listings(["A"]) == []
    nobody = await connector.preview_patch(OfferPatch("A", "DRINKING_CUP", None, 3))
    assert (nobody.accepted, nobody.issues[0].code) == (False, "13013")

    await connector.put_offer(_DRAFT)
    await amazon.advance(30, frozen=True)
    free = OfferPatch("A", "DRINKING_CUP", Money(0, "USD"), None)
    assert not (await connector.preview_patch(free)).accepted
    assert (await connector.preview_patch(OfferPatch("A", "DRINKING_CUP", None, 9))).accepted
    await amazon.advance(30, frozen=True)
    (listing,) = await connector.listings(["A"])
    assert listing.quantity == 4
    assert [entry["operation"] for entry in await amazon.journal()] == ["putListingsItem"]


async def test_product_types_are_those_of_the_catalogue(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    await _restricted(amazon)

    assert [one.name for one in await connector.product_types([])] == ["DRINKING_CUP", "TABLE_LAMP"]
    assert [one.name for one in await connector.product_types(["lamp"])] == ["TABLE_LAMP"]
    assert await connector.product_types(["bicycle"]) == []
    (recommended,) = await connector.product_types_for("A blue hiking mug")
    assert (recommended.name, recommended.display_name) == ("DRINKING_CUP", "Drinking cup")
    assert await connector.product_types_for("Bicycle") == []


@pytest.mark.parametrize("requirements", list(Requirements))
async def test_a_schema_describes_what_is_accepted(
    amazon: Amazon, connector: AmazonConnector, requirements: Requirements
) -> None:
    definition = await connector.product_type_definition("DRINKING_CUP", requirements)
    again = await connector.product_type_definition("DRINKING_CUP", requirements)
    content = await connector.product_type_schema(definition)

    assert definition.schema_checksum == again.schema_checksum
    schema = json.loads(content)
    jsonschema.Draft201909Validator.check_schema(schema)
    named = {name for _, names in definition.attribute_groups for name in names}
    assert named == schema["properties"].keys()
    if requirements is Requirements.LISTING_OFFER_ONLY:
        validator = jsonschema.Draft201909Validator(schema)
        good: dict[str, Any] = offer_attributes(asin(1), 25)
        free = offer_attributes(asin(1), 0)
        for attributes, is_good in ((good, True), (free, False)):
            assert validator.is_valid(attributes) is is_good
            answer = await amazon.put("A", attributes, mode="VALIDATION_PREVIEW")
            assert (answer.json()["status"] == "VALID") is is_good


async def test_an_old_address_of_a_schema_has_run_out(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    definition = await connector.product_type_definition("DRINKING_CUP", Requirements.LISTING)
    await amazon.advance(15, frozen=True)
    assert (await amazon.http.get(definition.schema_url)).status_code == 403


async def test_questions_about_product_types_that_cannot_be(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    with pytest.raises(Missing):
        await connector.product_type_definition("NOTHING", Requirements.LISTING)
    here = {"marketplaceIds": MARKETPLACE}
    for path, query in (
        (_TYPES, {**here, "keywords": "a", "itemName": "b"}),
        (_TYPES, {}),
        (f"{_TYPES}/DRINKING_CUP", {**here, "requirements": "EVERYTHING"}),
        (f"{_TYPES}/DRINKING_CUP", {**here, "productTypeVersion": "1999"}),
    ):
        answer = await amazon.call("GET", path, **query)
        assert answer.status_code == 400, (path, query)
    foreign = await amazon.call("GET", f"{_TYPES}/DRINKING_CUP", **here, sellerId=OTHER_SELLER)
    assert foreign.status_code == 403


async def test_an_application_without_the_role_is_told(
    amazon: Amazon, connector: AmazonConnector
) -> None:
    faults = [{"operation": "getListingsRestrictions", "kind": "403", "next": 1}]
    await amazon.control("faults", {"faults": faults})
    with pytest.raises(Unauthorized):
        await connector.restrictions(asin(1))


async def test_a_scenario_closes_only_conditions_that_there_are(amazon: Amazon) -> None:
    world = scenario(items=1)
    world["items"][0]["restrictions"] = {"shiny": "NOT_ELIGIBLE"}
    answer = await amazon.http.post("/control/scenario", json=world)
    assert answer.status_code == 400
    assert "shiny" in answer.text
