"""One intelligent rule: follow a competitor's price between a floor and a ceiling (behaviour 14.3 to 14.7)."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.listing import Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product
from rules.amounts import adjusted, told, with_percent
from rules.bounds import Exchange, Limit, ceiling_of, floor_of
from rules.competitor import Rival, find_rival
from rules.language import Adjustment, Fallback, Intelligent
from rules.market import own_shipping
from rules.running import Running


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an intelligent rule sees besides the running price."""

    product: Product
    listing: Listing
    offers: OfferSnapshot | None
    exchange: Exchange
    current_price: Money | None
    """What the listing costs now."""
    now: datetime
    compares_with_shipping: bool = True

    @property
    def vat_percent(self) -> Decimal | None:
        """VAT that the store adds to prices that do not follow the market."""
        return self.exchange.vat_percent


@dataclass(frozen=True, slots=True)
class Followed:
    """The running price after the rule."""

    running: Running
    note: str
    """What the rule did, for people."""


def follow(running: Running, key: str, rule: Intelligent, around: Surroundings) -> Followed:
    """Apply an intelligent rule. Whatever it comes to, an explicit floor holds."""
    floor = floor_of(rule.floor, around.product, around.exchange)
    ceiling = ceiling_of(rule.ceiling, around.product, around.exchange)
    case = _Case(running, key, rule, around, floor, ceiling)
    rival = find_rival(
        rule.competitor,
        around.offers,
        around.listing.condition,
        around.exchange.currency,
        around.now,
        with_shipping=around.compares_with_shipping,
    )
    if rival.is_ours:
        return _won(case, rival)
    if rival.price is None:
        return _instead(
            case, rule.otherwise.no_competitor, rival.note, "It applied, but found no competitor"
        )
    bounded = replace(
        running, floor=floor, ceiling=ceiling, is_settled=True, is_taxed=False, follows_rival=True
    )
    candidate = _undercut(bounded, key, rule, rival, around)
    if _is_above(candidate, ceiling, around):
        if rule.otherwise.above_ceiling is not Fallback.CEILING:
            return _instead(
                case,
                rule.otherwise.above_ceiling,
                f"{candidate.price} is above the ceiling",
                "It applied, and the price was above the ceiling",
                candidate,
            )
    elif _is_below(candidate, floor, around) and rule.otherwise.below_floor is not Fallback.FLOOR:
        return _instead(
            case,
            rule.otherwise.below_floor,
            f"{candidate.price} is below the floor",
            "It applied, and the price was below the floor",
            candidate,
        )
    return Followed(_clamped(candidate, key, around), "It applied")


@dataclass(frozen=True, slots=True)
class _Case:
    """A rule at work on a listing."""

    before: Running
    key: str
    rule: Intelligent
    around: Surroundings
    floor: Limit
    ceiling: Limit


def _won(case: _Case, rival: Rival) -> Followed:
    """The Buy Box is ours, so there is nobody to undercut."""
    wish, current = case.rule.otherwise.buy_box_owned, case.around.current_price or rival.price
    if not isinstance(wish, Adjustment):
        return _instead(case, wish, rival.note, "It applied: the Buy Box is ours", current=current)
    running = _from_current(case, case.before, f"{rival.note} at the current price", current)
    more = adjusted(running.price, wish)
    raised = running.step("RULE", f"{told(wish)} while it stays ours", more, rule_key=case.key)
    return Followed(_clamped(raised, case.key, case.around), "It applied: the Buy Box is ours")


def _instead(
    case: _Case,
    wish: Fallback,
    why: str,
    note: str,
    candidate: Running | None = None,
    current: Money | None = None,
) -> Followed:
    """What the rule takes where it does not follow. What is not there to be taken leaves the price as it is."""
    key, around, before = case.key, case.around, case.before
    current = current or around.current_price
    if candidate is not None:
        before = replace(before, price=candidate.price, trace=candidate.trace)
    if wish is Fallback.KEEP and current is not None:
        kept = _from_current(case, before, f"{why}, so the current price stays", current)
        return Followed(_clamped(kept, key, around), note)
    bounded = replace(before, floor=case.floor, ceiling=case.ceiling, is_settled=True)
    if wish is Fallback.FLOOR and case.floor.price is not None:
        said = f"{why}, so the floor: {case.floor.note}"
        return Followed(_with_bound(bounded, "FLOOR", said, case.floor, case), note)
    if wish is Fallback.CEILING and case.ceiling.price is not None:
        said = f"{why}, so the ceiling: {case.ceiling.note}"
        return Followed(
            _clamped(_with_bound(bounded, "CEILING", said, case.ceiling, case), key, around), note
        )
    explicit = None if case.floor.is_fallback else case.floor
    if wish is Fallback.HOLD:
        said = f"{why}; the rule says that a person should look"
        held = candidate or replace(before, floor=explicit, ceiling=case.ceiling)
        return Followed(replace(held.step("COMPETITOR", said, rule_key=key), hold=said), note)
    said = f"{why}; the price is left as it is"
    left = before.step("COMPETITOR", said, case.before.price, rule_key=key)
    return Followed(replace(left, floor=explicit, ceiling=case.ceiling), note)


def _from_current(case: _Case, before: Running, note: str, current: Money | None) -> Running:
    """The current price, which carries its taxes and was shaped by later rules already."""
    running = before.step("COMPETITOR", note, current, rule_key=case.key)
    return replace(
        running,
        floor=case.floor,
        ceiling=case.ceiling,
        is_settled=True,
        is_taxed=False,
        is_kept=True,
    )


def _with_bound(running: Running, step: str, note: str, limit: Limit, case: _Case) -> Running:
    """At a bound, VAT and all."""
    at_bound = running.step(step, note, limit.price, rule_key=case.key)
    return replace(with_vat(at_bound, case.around.vat_percent, rule_key=case.key), is_taxed=True)


def _undercut(
    running: Running, key: str, rule: Intelligent, rival: Rival, around: Surroundings
) -> Running:
    """The competitor's price, adjusted, less what buyers pay us for shipping."""
    running = running.step("COMPETITOR", rival.note, rival.price, rule_key=key)
    if rule.adjust is not None:
        after = adjusted(running.price, rule.adjust)
        running = running.step(
            "RULE", f"{told(rule.adjust)} than the competitor", after, rule_key=key
        )
    if around.offers is None or not around.compares_with_shipping:
        return running
    shipping = own_shipping(around.offers, around.listing.condition, around.exchange.currency)
    if shipping.minor:
        note = f"Less our own shipping of {shipping}, which buyers pay on top"
        running = running.step("SHIPPING", note, running.price - shipping, rule_key=key)
    return running


def _is_above(running: Running, ceiling: Limit, around: Surroundings) -> bool:
    most = held_against(ceiling, running, around.vat_percent)
    return most is not None and running.price > most


def _is_below(running: Running, floor: Limit, around: Surroundings) -> bool:
    least = held_against(floor, running, around.vat_percent)
    return least is not None and running.price < least


def held_against(
    limit: Limit | None, running: Running, vat_percent: Decimal | None
) -> Money | None:
    """What a price is compared with: a bound that is hit carries VAT, and so does one that is compared with it."""
    if limit is None or limit.price is None:
        return None
    if running.is_taxed or (limit.is_with_vat and running.is_settled):
        return with_percent(limit.price, vat_percent)
    return limit.price


def _clamped(running: Running, key: str, around: Surroundings) -> Running:
    """Not above the ceiling, then not below the floor; a bound that is hit carries VAT (behaviour 14.7)."""
    unbounded, floor, ceiling = running, running.floor, running.ceiling
    if ceiling and _is_above(running, ceiling, around):
        note = f"Not above the ceiling: {ceiling.note}"
        running = running.step("CEILING", note, ceiling.price, rule_key=key)
        is_low = floor is not None and floor.price is not None and running.price < floor.price
    else:
        is_low = floor is not None and _is_below(running, floor, around)
    if floor and is_low:
        note = f"Not below the floor: {floor.note}"
        running = running.step("FLOOR", note, floor.price, rule_key=key)
    if running is unbounded:
        return running
    return replace(with_vat(running, around.vat_percent, rule_key=key), is_taxed=True)


def with_vat(
    running: Running, vat_percent: Decimal | None, *, rule_key: str | None = None
) -> Running:
    """VAT on top, where the store adds any."""
    if not vat_percent:
        return running
    after = with_percent(running.price, vat_percent)
    return running.step("VAT", f"{vat_percent:f}% VAT on top", after, rule_key=rule_key)
