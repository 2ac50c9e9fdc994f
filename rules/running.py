"""A price on its way through the rules, and the trace that it leaves."""

from dataclasses import dataclass, replace

from domain.decision import TraceStep
from domain.money import Money
from rules.bounds import Limit


@dataclass(frozen=True, slots=True)
class Running:
    """The price so far. Each step gives a new one."""

    price: Money
    trace: tuple[TraceStep, ...]
    floor: Limit | None = None
    """Of the intelligent rule that took part; before VAT."""
    ceiling: Limit | None = None
    is_settled: bool = False
    """The price follows the market, which carries its taxes: none are added any more (behaviour 14.7)."""
    is_taxed: bool = False
    """VAT was added to a bound that was hit, so the price carries it."""
    follows_rival: bool = False
    """The price came from a competitor."""
    is_kept: bool = False
    """The price came from the current one, so it was finished already and no later rule may change it again."""
    hold: str | None = None
    """Why a rule wants a person to look before it is published."""

    def step(
        self, step: str, note: str, after: Money | None = None, *, rule_key: str | None = None
    ) -> "Running":
        """The price after a step; without `after` the step only tells something."""
        price = self.price if after is None else after
        traced = TraceStep(step, note, before=self.price, after=price, rule_key=rule_key)
        return replace(self, price=price, trace=(*self.trace, traced))
