"""Accidents of catalogue, settings and market: no bad price is published, and a person is told what held and why.

The two penny prices of 2012 and 2014 are in test_runs.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.change import ChangeKind
from domain.decision import DecisionOutcome, DecisionReason
from domain.money import Money
from domain.run import RunStatus
from domain.store import PriceSettings
from domain.webhook import WebhookTopic
from storage.changes import CHANGES
from storage.filters import Is
from tests.factories import an_offer, usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug
from tests.services.test_runs import FOLLOW_THE_LOWEST, last_run, live_prices, sent_prices
from tests.services.test_webhook_events import listen, told

MUGS = range(1, 13)
FOLLOW_ABOVE_COST = FOLLOW_THE_LOWEST.replace("minimum", "cost, increase: 10%")


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin([an_item(number) for number in MUGS])
    return simulator


async def rivals_ask(shop: Shop, price: str) -> None:
    for number in MUGS:
        await shop.see(an_offer(price=price), number=number)


async def last_note(shop: Shop, step: str) -> str:
    """What the trace of the newest decision says of a step."""
    trace = (await shop.decisions())[-1].trace
    return [each.note for each in trace if each.step == step][-1]


@pytest.mark.parametrize("emptied", [{}, {"cost": usd("0.00")}])
async def test_an_emptied_cost_column_takes_no_price_down(
    shop: Shop, emptied: dict[str, Money]
) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await shop.publish(FOLLOW_ABOVE_COST)
    await rivals_ask(shop, "15.00")
    await shop.settle()
    assert await live_prices(shop) == {"14.99"}

    await shop.import_products(*(a_mug(n, prices={"price": usd("20.00"), **emptied}) for n in MUGS))
    await rivals_ask(shop, "0.01")
    await shop.settle()

    # Nobody knows any more what they cost, so they stand at the catalogue's price.
    assert await live_prices(shop) == {"20.00"}
    assert set(sent_prices(shop)) == {"14.99", "20.00"}
    assert "The product has no cost, so the catalogue price" in await last_note(shop, "FLOOR")
    (change,) = [c for c in await shop.changes() if (c.before or "").startswith("14.99")]
    assert (change.kind, change.after) == (ChangeKind.PRICE, "20.00 USD")


@pytest.mark.parametrize(("rate", "price"), [("110", "2200.00"), ("0.011", "0.22")])
async def test_a_currency_rate_off_by_a_hundred_is_held(shop: Shop, rate: str, price: str) -> None:
    await shop.change_settings(price=PriceSettings(currency_rate=Decimal("1.10")))
    euros = {"price": Money.parse("20.00", "EUR"), "cost": Money.parse("8.00", "EUR")}
    await shop.put_on_sale(*(a_mug(number, prices=euros) for number in MUGS))
    assert await live_prices(shop) == {"22.00"}
    await listen(shop, WebhookTopic.DECISION_HELD)

    await shop.change_settings(price=PriceSettings(currency_rate=Decimal(rate)))
    await shop.settle()

    assert sent_prices(shop) == []
    assert await live_prices(shop) == {"22.00"}
    decision = (await shop.decisions())[-1]
    assert (decision.outcome, decision.reason) == (
        DecisionOutcome.HOLD,
        DecisionReason.STEP_TOO_LARGE,
    )
    assert decision.price_after == usd(price)
    assert "away from 22.00 USD; the store allows 50% in one step" in await last_note(shop, "GUARD")
    assert f"1 EUR is {rate} USD" in await last_note(shop, "CONVERT")
    assert len(await told(shop, WebhookTopic.DECISION_HELD)) == len(MUGS)


async def test_a_currency_rate_that_is_too_low_is_held_where_steps_are_not_limited(
    shop: Shop,
) -> None:
    unlimited = PriceSettings(currency_rate=Decimal("1.10"), largest_step_percent=None)
    await shop.change_settings(price=unlimited)
    euros = {"price": Money.parse("20.00", "EUR"), "cost": Money.parse("8.00", "EUR")}
    await shop.put_on_sale(*(a_mug(number, prices=euros) for number in MUGS))
    await listen(shop, WebhookTopic.GUARDRAIL_TRIPPED)

    await shop.change_settings(price=replace(unlimited, currency_rate=Decimal("0.011")))
    await shop.settle()

    assert sent_prices(shop) == []
    assert (await last_run(shop)).breaches[0].note == (
        "The prices that change fall by 99.0% in total; 30% is allowed"
    )
    assert len(await told(shop, WebhookTopic.GUARDRAIL_TRIPPED)) == 1


async def test_a_rival_at_a_cent_takes_one_price_to_its_floor_and_no_further(shop: Shop) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await shop.publish(FOLLOW_ABOVE_COST.replace("10%", "50%"))
    await shop.settle()

    await shop.see(an_offer(price="0.01"))
    await shop.settle()

    assert sent_prices(shop) == ["12.00"]
    assert "cost 8.00 USD, 50% more" in await last_note(shop, "FLOOR")
    assert (await shop.decisions())[-1].floor == usd("12.00")


async def test_rivals_at_a_cent_everywhere_take_no_price_anywhere(shop: Shop) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    await shop.publish(FOLLOW_ABOVE_COST.replace("10%", "50%"))
    await shop.settle()
    await listen(shop, WebhookTopic.GUARDRAIL_TRIPPED)

    await rivals_ask(shop, "0.01")
    await shop.settle()

    assert sent_prices(shop) == []
    run = await last_run(shop)
    assert run.status is RunStatus.HELD
    (entry,) = await CHANGES.find(shop.scope, Is("kind", "eq", ChangeKind.RUN))
    assert entry.after is not None
    assert entry.after.startswith(
        f"run {run.id} of 12 prices held: The prices that change fall by 40.0% in total; 30% is allowed"
    )
    (event,) = await told(shop, WebhookTopic.GUARDRAIL_TRIPPED)
    assert event.key == run.id
