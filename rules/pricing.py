"""The decision on one listing: its price and quantity, with every reason (behaviour 14.7)."""

from dataclasses import dataclass

from domain.decision import (
    DecisionOutcome,
    DecisionReason,
    FactValue,
    RuleVerdict,
    TraceStep,
)
from domain.money import Money
from domain.product import Product
from domain.store import PriceSettings
from rules.amounts import exchanged, with_percent
from rules.bounds import CATALOG_PRICE, Exchange, price_attribute
from rules.conditions import written
from rules.facts import Facts, facts_of
from rules.following import Surroundings, with_vat
from rules.guard import below_minimum, objection
from rules.inputs import PricingInputs, inputs_hash
from rules.quantity import Quantity, quantity_of
from rules.running import Running
from rules.sequence import run_rules

__all__ = ["PricingInputs", "PricingVerdict", "decide", "inputs_hash"]

_TOLD_FACTS = frozenset(
    "sku condition price stock buyBoxPrice buyBoxOwned lowestPrice competitorCount".split()
)
"""Told with every decision, besides the facts that the document reads."""


@dataclass(frozen=True, slots=True)
class PricingVerdict:
    """A decision without its identity; the fields mean what they mean in `domain.decision.Decision`.

    A held decision holds back the price alone: `price_after` is the price that must not be published,
    `quantity_after` may and should go out, so that an empty shelf is never kept on sale by a doubtful price.
    """

    outcome: DecisionOutcome
    reason: DecisionReason
    price_before: Money | None
    price_after: Money | None
    quantity_after: int | None
    floor: Money | None
    """In marketplace currency, before VAT; None where no intelligent rule took part or it had none."""
    ceiling: Money | None
    trace: tuple[TraceStep, ...]
    rules: tuple[RuleVerdict, ...]
    """In the order in which they run; empty under an override."""
    facts: tuple[FactValue, ...]

    @property
    def publishes_price(self) -> bool:
        """Whether `price_after` may leave for Amazon."""
        return self.outcome is not DecisionOutcome.HOLD


def decide(inputs: PricingInputs) -> PricingVerdict:
    """Decide the price and quantity of one listing.

    Raises:
        EngineDisagrees: `matched` is not what the conditions say of these facts.
    """
    facts = facts_of(inputs.product, inputs.store, inputs.listing, inputs.offers)
    override = inputs.listing.override
    if override is not None:
        return _overridden(inputs, facts, override.price)
    return _computed(inputs, facts)


def _overridden(inputs: PricingInputs, facts: Facts, price: Money) -> PricingVerdict:
    """A person's price, published as it is unless it is under the store's absolute minimum."""
    running = Running(price, ()).step("OVERRIDE", "A person set this price; no rule was asked")
    refusal = below_minimum(price, inputs.store.settings.price)
    reason = DecisionReason.OVERRIDE
    if refusal is not None:
        running = running.step("GUARD", refusal.note)
        reason = refusal.reason
    return _verdict(inputs, facts, reason, running.trace, price=price, is_held=refusal is not None)


def _computed(inputs: PricingInputs, facts: Facts) -> PricingVerdict:
    """The price source, the rules, the floor once more, MAP, VAT and the guard."""
    settings = inputs.store.settings.price
    exchange = Exchange(settings.currency_rate, inputs.store.currency)
    start = _source(inputs.product, settings, exchange)
    if isinstance(start, _NoPrice):
        trace = (TraceStep("SOURCE", start.note, before=None, after=None),)
        return _verdict(inputs, facts, start.reason, trace, price=None, is_held=True)
    around = Surroundings(
        inputs.product,
        inputs.listing,
        inputs.offers,
        exchange,
        settings.vat_percent,
        inputs.price_before,
    )
    running, rules = run_rules(
        start,
        inputs.document,
        facts,
        inputs.matched,
        inputs.today,
        around,
    )
    running = _floor_again(running, settings)
    running = _at_least_map(running, inputs.product, settings, exchange)
    if not running.is_settled:
        running = with_vat(running, settings.vat_percent)
    live = inputs.listing.price or inputs.listing.wanted_price
    refusal = objection(running, settings, live)
    reason = DecisionReason.RULES
    if refusal is not None:
        running = running.step("GUARD", refusal.note)
        reason = refusal.reason
    return _verdict(
        inputs,
        facts,
        reason,
        running.trace,
        price=running.price,
        is_held=refusal is not None,
        floor=running.floor.price if running.floor else None,
        ceiling=running.ceiling.price if running.ceiling else None,
        rules=rules,
    )


@dataclass(frozen=True, slots=True)
class _NoPrice:
    """Nothing to start from."""

    reason: DecisionReason
    note: str


def _source(product: Product, settings: PriceSettings, exchange: Exchange) -> Running | _NoPrice:
    """The price that the rules start from, in the store's currency."""
    price, note = price_attribute(product, settings.source), f"{settings.source} of the product"
    if price is None and settings.source != CATALOG_PRICE:
        price = price_attribute(product, CATALOG_PRICE)
        note = f"The product has no {settings.source}, so its {CATALOG_PRICE}"
    if price is None:
        return _NoPrice(
            DecisionReason.NO_SOURCE, f"The product has neither {settings.source} nor a price"
        )
    local = exchanged(price, exchange.rate, exchange.currency)
    if local is None:
        return _NoPrice(
            DecisionReason.NO_CONVERSION,
            f"The price is {price} and the store has no rate to {exchange.currency}",
        )
    source = TraceStep("SOURCE", note, before=None, after=price)
    if price.currency == exchange.currency:
        return Running(local, (source,))
    converted = TraceStep(
        "CONVERT",
        f"1 {price.currency} is {exchange.rate:f} {exchange.currency}",
        before=price,
        after=local,
    )
    return Running(local, (source, converted))


def _floor_again(running: Running, settings: PriceSettings) -> Running:
    """Later rules may have gone below the floor. A price with VAT in it is held against the floor with VAT."""
    floor = running.floor.price if running.floor else None
    if floor is None or running.floor is None:
        return running
    gross = with_percent(floor, settings.vat_percent) if settings.vat_percent else floor
    if running.price >= (gross if running.is_taxed else floor):
        return running
    raised = running.step(
        "FLOOR", f"Not below the floor after all rules: {running.floor.note}", floor
    )
    return with_vat(raised, settings.vat_percent) if running.is_settled else raised


def _at_least_map(
    running: Running, product: Product, settings: PriceSettings, exchange: Exchange
) -> Running:
    """Not below the minimum advertised price, where the product has one."""
    if settings.map_attribute is None:
        return running
    source = price_attribute(product, settings.map_attribute)
    least = source and exchanged(source, exchange.rate, exchange.currency)
    if least is None or running.price >= least:
        return running
    return running.step("MAP", f"Not below {settings.map_attribute}: {source}", least)


def _verdict(
    inputs: PricingInputs,
    facts: Facts,
    reason: DecisionReason,
    trace: tuple[TraceStep, ...],
    *,
    price: Money | None,
    is_held: bool,
    floor: Money | None = None,
    ceiling: Money | None = None,
    rules: tuple[RuleVerdict, ...] = (),
) -> PricingVerdict:
    fulfilment = inputs.listing.fulfilment
    quantity = quantity_of(
        inputs.store.settings.stock, inputs.product, fulfilment, eligible=inputs.eligible
    )
    return PricingVerdict(
        outcome=_outcome(inputs, price, quantity, is_held=is_held),
        reason=reason,
        price_before=inputs.price_before,
        price_after=price,
        quantity_after=quantity.value,
        floor=floor,
        ceiling=ceiling,
        trace=(*trace, TraceStep("QUANTITY", quantity.note, before=None, after=None)),
        rules=rules,
        facts=_told(inputs, facts),
    )


def _outcome(
    inputs: PricingInputs, price: Money | None, quantity: Quantity, *, is_held: bool
) -> DecisionOutcome:
    if is_held:
        return DecisionOutcome.HOLD
    if price == inputs.price_before and quantity.value in {None, inputs.quantity_before}:
        return DecisionOutcome.KEEP
    return DecisionOutcome.CHANGE


def _told(inputs: PricingInputs, facts: Facts) -> tuple[FactValue, ...]:
    read = inputs.document.facts if inputs.document else frozenset()
    return tuple(FactValue(name, written(facts.get(name))) for name in sorted(_TOLD_FACTS | read))
