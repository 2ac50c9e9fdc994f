"""The decision on one listing: its price and quantity, with every reason (behaviour 14.7)."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from domain.decision import (
    BusinessPrice,
    DecisionOutcome,
    DecisionReason,
    FactValue,
    RuleOutcome,
    TraceStep,
)
from domain.money import Money
from domain.product import Product
from domain.run import RunStatus
from domain.store import PriceSettings
from rules.again import decide_again_at
from rules.amounts import exchanged, money, with_percent
from rules.bounds import Exchange
from rules.business import Besides, besides
from rules.catalog import CATALOG_PRICE, price_attribute
from rules.facts import Facts, facts_of
from rules.following import Surroundings, held_against, with_vat
from rules.guard import Objection, below_minimum, objection, under_the_floor
from rules.inputs import PricingInputs
from rules.quantity import Quantity, quantity_of
from rules.running import Running
from rules.sequence import Course, check, run_rules
from rules.shaping import Window, shaped
from rules.verdicts import told as told_facts

__all__ = ["PricingInputs", "PricingVerdict", "decide"]

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
    rules: tuple[RuleOutcome, ...]
    """Those whose conditions hold, in the order in which they run; empty under an override."""
    facts: tuple[FactValue, ...]
    business: BusinessPrice | None = None
    list_price: Money | None = None
    decide_again_at: datetime | None = None
    """When time alone may lead to another decision; None while it cannot."""
    turned_down: Money | None = None
    """What the rules want where the price is one from before a run that a person undid."""

    @property
    def publishes_price(self) -> bool:
        """Whether `price_after` may leave for Amazon."""
        return self.outcome is not DecisionOutcome.HOLD


def decide(inputs: PricingInputs, facts: Facts | None = None) -> PricingVerdict:
    """Decide the price and quantity of one listing; `facts` are those of the inputs, where they are known already.

    Raises:
        EngineDisagrees: `matched` is not what the conditions say of these facts.
    """
    if facts is None:
        facts = facts_of(inputs.product, inputs.store, inputs.listing, inputs.offers)
    override = inputs.listing.override
    if override is not None:
        return _overridden(inputs, facts, override.price)
    verdict = _computed(inputs, facts)
    if inputs.document is not None:
        check(inputs.document, facts, inputs.matched)
    return verdict


def _overridden(inputs: PricingInputs, facts: Facts, price: Money) -> PricingVerdict:
    """A person's price, published as it is unless it is under the store's absolute minimum."""
    running = Running(price, ()).step("OVERRIDE", "A person set this price; no rule was asked")
    refusal = below_minimum(price, inputs)
    return _settled(inputs, facts, DecisionReason.OVERRIDE, running, refusal)


def _computed(inputs: PricingInputs, facts: Facts) -> PricingVerdict:
    """The price source, the rules, the floor once more, MAP, VAT, the finish and the guard."""
    settings = inputs.store.settings.price
    exchange = _exchange(inputs)
    start = _source(inputs.product, settings, exchange)
    if isinstance(start, _NoPrice):
        trace = (TraceStep("SOURCE", start.note, before=None, after=None),)
        return _verdict(
            inputs, facts, start.reason, trace, price=None, extra=Besides(), is_held=True
        )
    around = Surroundings(
        inputs.product,
        inputs.listing,
        inputs.offers,
        exchange,
        inputs.price_before,
        inputs.now,
        settings.compares_with_shipping,
    )
    course = run_rules(start, inputs.document, inputs.matched, inputs.local, around)
    running = _floor_again(course.running, settings)
    running = _at_least_map(running, inputs.product, settings, exchange)
    if not running.is_settled:
        running = replace(with_vat(running, settings.vat_percent), is_taxed=True)
    running = _finished(running, course, inputs)
    rules = tuple(course.outcomes)
    former = _former_price(inputs)
    if former is not None:
        return _taken_back(inputs, facts, running, former, rules)
    return _settled(inputs, facts, DecisionReason.RULES, running, objection(running, inputs), rules)


def _former_price(inputs: PricingInputs) -> Money | None:
    """The price from before a run that a person undid, where it is not set again yet."""
    held = inputs.listing.held
    if held is None or inputs.answer not in {RunStatus.UNDOING, RunStatus.UNDONE}:
        return None
    return held.back_to


def _taken_back(
    inputs: PricingInputs,
    facts: Facts,
    running: Running,
    former: Money,
    rules: tuple[RuleOutcome, ...],
) -> PricingVerdict:
    """The former price, unless it may not be published any more; what the rules want is turned down."""
    back = running.step("UNDO", "A person undid the run: the price from before it", former)
    refusal = below_minimum(former, inputs) or under_the_floor(former, running, inputs)
    verdict = _settled(inputs, facts, DecisionReason.UNDONE, back, refusal, rules)
    return replace(verdict, turned_down=running.price)


def _exchange(inputs: PricingInputs) -> Exchange:
    settings = inputs.store.settings.price
    return Exchange(
        settings.currency_rate,
        inputs.store.currency,
        settings.vat_percent,
        bounds_with_vat=settings.bounds_with_vat,
    )


def _finished(running: Running, course: Course, inputs: PricingInputs) -> Running:
    """The price with the step, the ending and the pause that rules ask for, within every bound."""
    settings, product = inputs.store.settings.price, inputs.product
    changed_at = inputs.listing.price_changed_at
    bounds = [held_against(running.floor, running, settings.vat_percent)]
    if settings.map_attribute is not None:
        exchange = _exchange(inputs)
        least = price_attribute(product, settings.map_attribute)
        advertised = least and exchanged(least, exchange.rate, exchange.currency)
        if advertised is not None and not running.is_settled:
            advertised = with_percent(advertised, settings.vat_percent)
        bounds.append(advertised)
    if settings.absolute_minimum is not None:
        bounds.append(money(Decimal(settings.absolute_minimum), inputs.store.currency))
    window = Window(
        max(
            (each for each in bounds if each is not None), key=lambda each: each.minor, default=None
        ),
        held_against(running.ceiling, running, settings.vat_percent),
    )
    return shaped(
        running,
        course.shape,
        window,
        inputs.price_before,
        changed_at and changed_at.astimezone(inputs.zone),
        inputs.now,
    )


def _settled(
    inputs: PricingInputs,
    facts: Facts,
    reason: DecisionReason,
    running: Running,
    refusal: Objection | None,
    rules: tuple[RuleOutcome, ...] = (),
) -> PricingVerdict:
    """The verdict on a price: what goes out with it, or why it does not go out."""
    trace, extra = running.trace, Besides()
    if refusal is not None:
        trace = running.step("GUARD", refusal.note).trace
    else:
        extra = besides(running.price, inputs.product, inputs.store, _exchange(inputs))
    verdict = _verdict(
        inputs,
        facts,
        reason if refusal is None else refusal.reason,
        (*trace, *extra.trace),
        price=running.price,
        extra=extra,
        is_held=refusal is not None,
        floor=running.floor.price if running.floor else None,
        ceiling=running.ceiling.price if running.ceiling else None,
        rules=rules,
    )
    is_on_its_way = any(step.step == "STEP" for step in trace)
    return replace(verdict, decide_again_at=decide_again_at(inputs, is_on_its_way=is_on_its_way))


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
    floor = running.floor
    least = held_against(floor, running, settings.vat_percent)
    if floor is None or least is None or running.price >= least:
        return running
    raised = running.step(
        "FLOOR", f"Not below the floor after all rules: {floor.note}", floor.price
    )
    if not running.is_settled:
        return raised
    return replace(with_vat(raised, settings.vat_percent), is_taxed=True)


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
    extra: Besides,
    floor: Money | None = None,
    ceiling: Money | None = None,
    rules: tuple[RuleOutcome, ...] = (),
) -> PricingVerdict:
    fulfilment = inputs.listing.fulfilment
    quantity = quantity_of(
        inputs.store.settings.stock, inputs.product, fulfilment, eligible=inputs.eligible
    )
    return PricingVerdict(
        outcome=_outcome(inputs, price, quantity, extra, is_held=is_held),
        reason=reason,
        price_before=inputs.price_before,
        price_after=price,
        quantity_after=quantity.value,
        floor=floor,
        ceiling=ceiling,
        trace=(*trace, TraceStep("QUANTITY", quantity.note, before=None, after=None)),
        rules=rules,
        facts=_told(inputs, facts),
        business=extra.business,
        list_price=extra.list_price,
    )


def _outcome(
    inputs: PricingInputs, price: Money | None, quantity: Quantity, extra: Besides, *, is_held: bool
) -> DecisionOutcome:
    if is_held:
        return DecisionOutcome.HOLD
    before = inputs.listing.wanted_terms
    keeps = price == inputs.price_before and quantity.value in {None, inputs.quantity_before}
    if keeps and before.then(extra.business, extra.list_price) == before:
        return DecisionOutcome.KEEP
    return DecisionOutcome.CHANGE


def _told(inputs: PricingInputs, facts: Facts) -> tuple[FactValue, ...]:
    return told_facts(facts, _names_told(inputs.document.facts if inputs.document else frozenset()))


@lru_cache(maxsize=256)
def _names_told(read: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(_TOLD_FACTS | read))
