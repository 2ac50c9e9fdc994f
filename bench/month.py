"""Does a store stand a month? `python -m bench.month`, or `make soak`: 30 days of trading on the simulated Amazon.

API, workers, servers and simulator run as processes of their own, as in the demonstration, while rivals move, buyers
buy, notifications are lost, late and doubled, and the catalogue is imported anew each night. Time moves on when all is
done, so that a mark that stays stuck ends it. The books are kept here, apart from the product's own: what floor each
product has, and what every rival asks. Ends with an error where a price reached Amazon under its floor or without a
decision, the daily sweep left an offer unknown, something was left undone, or memory grew.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from bench.chart import svg
from bench.ledger import Ledger, Plan, panels
from cli.scenario import scenario_of
from cli.stage import Stage, open_stage, open_store
from cli.story import Story
from domain.money import Money
from domain.product import Product, ProductType, content_hash, product_id
from services import operations, products

_DAY = 24 * 60
_PATIENCE = 600.0
_BRANDS = ("Alder", "Birch", "Cedar")
RULES = {
    "listing": "kind: listing\nname: All\nrules:\n  - {key: all, then: list}\n",
    "pricing": """
kind: pricing
name: Ten per cent above cost, whatever rivals do
rules:
  - key: win
    type: intelligent
    when: {fact: category, contains: Alder}
    competitor: {source: buyBox}
    adjust: {decrease: 2%}
    floor: {source: cost, increase: 10%}
    ceiling: {source: price, increase: 15%}
  - key: match
    type: intelligent
    when: {fact: category, contains: Birch}
    competitor: {source: lowest, minFeedbackRating: 85}
    adjust: match
    floor: {source: cost, increase: 10%}
  - key: undercut
    type: intelligent
    when: {fact: category, contains: Cedar}
    competitor: {source: lowest}
    adjust: {decrease: "0.01"}
    floor: {source: cost, increase: 10%}
""",
}


def main() -> None:
    """Play the month, print it, draw it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, value in (("listings", 2_000), ("days", 30), ("step", 360), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--chart", type=Path, help="Where to write an SVG of the days.")
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("Memory is read from /proc, which only Linux has.")
    plan = Plan(options.listings, options.days, options.step, options.seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ledger = asyncio.run(play(Path(folder), plan))
    print(ledger.summary(time.monotonic() - began))
    if options.chart:
        options.chart.write_text(svg(panels(ledger.days)), encoding="utf-8")
    sys.exit(1 if ledger.wrong else 0)


async def play(data_dir: Path, plan: Plan) -> Ledger:
    """Open a store and trade; gives the books with all that went wrong."""
    chance = Random(plan.seed)
    async with open_stage(data_dir, 0) as stage:
        shelf = _catalogue(stage.runtime.settings.merchant, plan.listings, chance)
        market = {"changeShare": 0.03, "ordersPerTick": plan.listings / 500}
        scenario = scenario_of("month", plan.seed, shelf)
        await stage.amazon.load({**scenario, "market": market})
        await stage.amazon.delivery(lost=plan.lost, late=plan.late, twice=plan.twice)
        await _import(stage, shelf)
        store = await open_store(stage, RULES, products_have_ean=True)
        story = Story(stage.runtime, store, stage.amazon, patience=_PATIENCE)
        ledger = Ledger(stage, store, data_dir / "amazon.json")
        ledger.know(shelf)
        await story.begin()
        await story.list_everything(_nobody)
        await ledger.check_prices()
        for number in range(1, plan.days + 1):
            began, happened = time.monotonic(), Counter[str]()
            for _ in range(_DAY // plan.step):
                told = await story.tick(_nobody, plan.step)
                happened += Counter({k: v for k, v in told.items() if isinstance(v, int)})
                happened["prices"] += await ledger.check_prices()
            unknown = len(await ledger.unknown_offers())
            await story.sweep(_nobody)
            happened["prices"] += await ledger.check_prices()
            await ledger.check_sweep()
            day = await ledger.close_day(number, happened, unknown, time.monotonic() - began)
            print(day.told(), flush=True)
            shelf = _next_morning(shelf, number, chance)
            await _import(stage, shelf)
            ledger.know(shelf)
            await story.answer(_nobody, "imported")
            await ledger.check_prices()
        await story.settle(_nobody)
        await ledger.check_prices()
        await ledger.check_end()
    return ledger


def _catalogue(merchant_id: str, size: int, chance: Random) -> list[Product]:
    """Products of three brands that cost whole dimes, so that ten per cent above is whole cents."""
    return [_product(merchant_id, number, chance) for number in range(1, size + 1)]


def _product(merchant_id: str, number: int, chance: Random) -> Product:
    cost = Money(10 * chance.randint(40, 900), "USD")
    at = datetime.fromisoformat("2026-01-05T08:00:00+00:00")
    return _hashed(
        Product(
            id=product_id(merchant_id, f"P-{number:05}"),
            merchant_id=merchant_id,
            sku=f"P-{number:05}",
            name=f"Product {number}",
            type=ProductType.SIMPLE,
            attribute_set="Default",
            categories=(f"Default Category/{_BRANDS[number % len(_BRANDS)]}",),
            is_enabled=True,
            prices={"price": Money(cost.minor * 9 // 5, "USD"), "cost": cost},
            attributes={"ean": f"29{number:011}"},
            stock=Decimal(chance.randint(5, 40)),
            manages_stock=True,
            content_hash="",
            version=1,
            created_at=at,
            updated_at=at,
        )
    )


def _next_morning(shelf: list[Product], day: int, chance: Random) -> list[Product]:
    """The same products: a twelfth of them counted anew, and one in fifty costs more or less than yesterday."""
    return [
        _hashed(
            replace(
                product,
                stock=Decimal(chance.randint(5, 40)) if number % 12 == day % 12 else product.stock,
                prices={**product.prices, "cost": _cost(product, chance)},
            )
        )
        for number, product in enumerate(shelf)
    ]


def _cost(product: Product, chance: Random) -> Money:
    """What a unit costs tomorrow, in whole dimes."""
    dimes = product.prices["cost"].minor // 10
    if chance.random() < 0.02:
        dimes = max(1, dimes * chance.randint(85, 120) // 100)
    return Money(10 * dimes, "USD")


def _hashed(product: Product) -> Product:
    return replace(product, content_hash=content_hash(product))


async def _import(stage: Stage, shelf: list[Product]) -> None:
    scope = stage.runtime.scope(stage.runtime.settings.merchant)
    operation = await operations.start(scope, products.KIND, actor="bench")
    async with operations.running(scope, operation) as progress:
        await products.import_catalog(stage.runtime, scope, shelf, progress)


def _nobody(_moment: str, _tally: object) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    main()
