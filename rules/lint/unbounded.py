"""Prices that nothing holds up."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial

from domain.decision import DecisionReason
from rules.facts import PRICE
from rules.language import Intelligent, Rule, Standard
from rules.lint.examiner import ORDINARY, Examiner, Wish, applies
from rules.lint.finding import Finding, FindingCode, Severity, Witness
from rules.lint.seasons import meeting
from rules.pricing import PricingVerdict

_CENT = Decimal("0.01")
_HALF = Fraction(1, 2)


def not_above_zero(examiner: Examiner) -> Iterator[Finding]:
    """Rules that take an amount off prices that can be as low as it."""
    source = examiner.template.store.settings.price.source
    followers = _avoidable(examiner)
    for rule in examiner.live:
        is_amount = isinstance(rule.action, Standard) and rule.action.adjust.amount is not None
        if not isinstance(rule.action, Standard) or not is_amount or rule.action.adjust.is_increase:
            continue
        wishes = _cheap(source, examiner)
        is_too_low = partial(_is_not_above_zero, key=rule.key)
        found = examiner.witness(
            examiner.cases([rule], wishes=wishes), {rule.key}.issubset, is_too_low
        )
        if found is None and followers:
            bare = examiner.cases([rule], followers, wishes)
            found = examiner.witness(bare, {rule.key}.issubset, is_too_low)
        if found is not None:
            yield _too_low(rule, found)


def _cheap(source: str, examiner: Examiner) -> tuple[Wish, ...]:
    """Listings that cost next to nothing, with and without the prices that floors are made of."""
    cheap = frozenset(PRICE + code for code in (source, "price"))
    own = tuple((code, _CENT) for code in (source, "price"))
    others = tuple(
        (code, None) for code in examiner.template.prices if code not in {source, "price"}
    )
    return (Wish(low=cheap, prices=own), Wish(low=cheap, prices=(*own, *others), has_market=False))


def _avoidable(examiner: Examiner) -> list[Rule]:
    """The intelligent rules that some listings do not match; they bring floors."""
    return [
        rule
        for rule in examiner.rules
        if isinstance(rule.action, Intelligent) and rule.when is not None
    ]


def _is_not_above_zero(verdict: PricingVerdict, key: str) -> bool:
    price = verdict.price_after
    return price is not None and price.minor <= 0 and applies(verdict, key)


def _too_low(rule: Rule, found: Witness) -> Finding:
    severity = Severity.WARNING if found.is_constructed else Severity.ERROR
    message = (
        "The amount that it takes off can be all of the price or more, and such a price is held, not published. "
        "Take off a percentage, or add a condition on the least price, such as `{fact: price, gte: 20}`."
    )
    return Finding(FindingCode.NOT_ABOVE_ZERO, severity, (rule.key,), message, found)


def no_floor(examiner: Examiner) -> Iterator[Finding]:
    """Intelligent rules that follow a competitor where they have no floor."""
    for rule in examiner.live:
        if not isinstance(rule.action, Intelligent):
            continue
        cases = examiner.cases([rule], wishes=_without_floor(rule.action, examiner))
        found = examiner.witness(cases, {rule.key}.issubset, partial(_is_unbounded, key=rule.key))
        if found is not None:
            source = rule.action.floor.source
            message = (
                f"It follows competitors where its floor, made of {source}, has no value, and such a price is held, "
                f"not published. Add the condition `{{fact: price.{source}, exists: true}}`, or another floor."
            )
            severity = Severity.HINT if found.is_constructed else Severity.WARNING
            yield Finding(FindingCode.UNBOUNDED, severity, (rule.key,), message, found)


def _without_floor(action: Intelligent, examiner: Examiner) -> tuple[Wish, ...]:
    """Listings without what the floor is made of, where they have a price all the same, and ordinary ones."""
    source = examiner.template.store.settings.price.source
    if source in {"price", action.floor.source}:
        return ORDINARY
    return (*ORDINARY, Wish(prices=(("price", None), (action.floor.source, None))))


def _is_unbounded(verdict: PricingVerdict, key: str) -> bool:
    return verdict.reason is DecisionReason.UNBOUNDED and applies(verdict, key)


def chain_of_decreases(examiner: Examiner) -> Iterator[Finding]:
    """Decreases that add up to more than half of the price, where no floor holds it."""
    settings = examiner.template.store.settings.price
    if settings.absolute_minimum is not None or settings.map_attribute is not None:
        return
    chained = _chained(examiner)
    if len(chained) < 2:
        return
    keys = tuple(rule.key for rule in chained)
    falls = partial(_falls, keys=keys)
    found = examiner.witness(
        examiner.cases(chained, _avoidable(examiner)), set(keys).issubset, falls
    )
    left = None if found is None else _left(found)
    if left is None or left > _HALF:
        return
    message = (
        f"{len(keys)} decreases add up on the same listings and leave {round(100 * left)}% of the price; only the "
        "store's absolute minimum would stop them. End with an intelligent rule that has a floor, use `stop`, or set "
        "that minimum."
    )
    yield Finding(FindingCode.UNBOUNDED, Severity.WARNING, keys, message, found)


def _chained(examiner: Examiner) -> list[Rule]:
    """Decreases that can run together without an intelligent rule, each that fits to those before it.

    Those with `stop` are left out: they end a chain.
    """
    chained: list[Rule] = []
    floors = _avoidable(examiner)
    for rule in examiner.live:
        if not isinstance(rule.action, Standard) or rule.action.adjust.is_increase or rule.stop:
            continue
        several = [*chained, rule]
        if (
            all(examiner.may_meet(each, rule) for each in chained)
            and meeting([each.schedule for each in several], examiner.since) is not None
            and examiner.is_possible(several, floors)
        ):
            chained = several
    return chained


def _falls(verdict: PricingVerdict, keys: Sequence[str]) -> bool:
    return verdict.floor is None and verdict.price_after is not None and applies(verdict, *keys)


def _left(found: Witness) -> Fraction | None:
    """The share of the source price that is left; None where it is not known."""
    verdict = found.verdict
    if not isinstance(verdict, PricingVerdict) or verdict.price_after is None:
        return None
    steps = (step.before for step in verdict.trace if step.step == "RULE")
    start = next((before for before in steps if before is not None), None)
    return Fraction(verdict.price_after.minor, start.minor) if start else None
