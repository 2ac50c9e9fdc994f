"""Every answer of these tests is held against Amazon's models; here is the proof that it happens."""

import json

import httpx
import pytest

from connectors.simulator.operation_table import OPERATIONS
from connectors.simulator.rates import PLANS
from tests.connectors.simulator.amazon import Amazon, asin, offer_attributes
from tests.connectors.simulator.official_models import MISSING, SHARED, OfficialModels

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=MISSING)


async def test_answers_are_counted_when_they_fit(amazon: Amazon, models: OfficialModels) -> None:
    before = models.checked.copy()
    await amazon.put("A", offer_attributes(asin(1), 25))
    await amazon.get("A")
    await amazon.offers([asin(1)])
    assert models.checked - before == {
        "putListingsItem 200": 1,
        "getListingsItem 404": 1,
        "getItemOffersBatch 200": 1,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"sku": "A", "status": "ACCEPTED"},
        {"sku": "A", "status": "ACCEPTED", "submissionId": "1", "surprise": 1},
        {"sku": "A", "status": "LIVE", "submissionId": "1"},
    ],
)
def test_an_answer_that_does_not_fit_is_noticed(
    models: OfficialModels, body: dict[str, object]
) -> None:
    request = httpx.Request("PUT", "http://x/listings/2021-08-01/items/S/a%2Fb?marketplaceIds=x")
    answer = httpx.Response(200, json=body, request=request)
    with pytest.raises(AssertionError, match="putListingsItem"):
        models.check(answer)


def test_limits_are_the_published_ones() -> None:
    lines = (SHARED / "operations.jsonl").read_text(encoding="utf-8").splitlines()
    # Of operations that two versions of an API share, the simulated ones have the rate of the newer.
    published = {
        (row["operationId"], str(row["rate"]), row["burst"]) for row in map(json.loads, lines)
    }
    simulated = {(name, str(float(plan.rate)), plan.burst) for name, plan in PLANS.items()}
    assert simulated <= published
    assert PLANS.keys() == {name for _, _, name, _ in OPERATIONS}
