"""One intelligent rule: follow a competitor's price between a floor and a ceiling (behaviour 14.3 to 14.7)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from domain.listing import Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product
from rules.amounts import adjusted, told, with_percent
from rules.bounds import Exchange, ceiling_of, floor_of
from rules.competitor import Rival, find_rival
from rules.language import Intelligent
from rules.market import own_shipping
from rules.running import Running


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an intelligent rule sees besides the running price."""

    product: Product
    listing: Listing
    offers: OfferSnapshot | None
    exchange: Exchange
    vat_percent: Decimal | None
    current_price: Money | None
    """What the listing costs now."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The running price after the rule."""

    running: Running
    note: str
    """What the rule did, for people."""
    keeps_buy_box: bool = False
    """The price stays because the Buy Box is ours."""


def follow(running: Running, key: str, rule: Intelligent, around: Surroundings) -> Followed:
    """Apply an intelligent rule. Without a competitor the running price stays, above an explicit floor."""
    floor = floor_of(rule.floor, around.product, around.exchange)
    ceiling = ceiling_of(rule.ceiling, around.product, around.exchange)
    rival = find_rival(
        rule.competitor, around.offers, around.listing.condition, around.exchange.currency
    )
    if rival.is_ours:
        bounded = replace(running, floor=floor, ceiling=ceiling, is_settled=True)
        kept = bounded.step(
            "COMPETITOR",
            f"{rival.note}, so the current price stays",
            around.current_price or rival.price,
            rule_key=key,
        )
        clamped = _clamped(kept, key, around.vat_percent)
        return Followed(clamped, "It applied: the Buy Box is ours", keeps_buy_box=True)
    if rival.price is None:
        told_so = running.step(
            "COMPETITOR", f"{rival.note}; the price is left as it is", rule_key=key
        )
        explicit = None if floor.is_fallback else floor
        bounded = replace(told_so, floor=explicit, ceiling=ceiling)
        return Followed(bounded, "It applied, but found no competitor")
    bounded = replace(
        running, floor=floor, ceiling=ceiling, is_settled=True, is_taxed=False, follows_rival=True
    )
    candidate = _undercut(bounded, key, rule, rival, around)
    return Followed(_clamped(candidate, key, around.vat_percent), "It applied")


def _undercut(
    running: Running, key: str, rule: Intelligent, rival: Rival, around: Surroundings
) -> Running:
    """The competitor's landed price, adjusted, less what buyers pay us for shipping."""
    running = running.step("COMPETITOR", rival.note, rival.price, rule_key=key)
    if rule.adjust is not None:
        after = adjusted(running.price, rule.adjust)
        running = running.step(
            "RULE", f"{told(rule.adjust)} than the competitor", after, rule_key=key
        )
    if around.offers is None:
        return running
    shipping = own_shipping(around.offers, around.listing.condition, around.exchange.currency)
    if shipping.minor:
        note = f"Less our own shipping of {shipping}, which buyers pay on top"
        running = running.step("SHIPPING", note, running.price - shipping, rule_key=key)
    return running


def _clamped(running: Running, key: str, vat_percent: Decimal | None) -> Running:
    """Not above the ceiling, then not below the floor; a bound that is hit carries VAT (behaviour 14.7)."""
    unbounded = running
    if running.ceiling and running.ceiling.price and running.price > running.ceiling.price:
        note = f"Not above the ceiling: {running.ceiling.note}"
        running = running.step("CEILING", note, running.ceiling.price, rule_key=key)
    if running.floor and running.floor.price and running.price < running.floor.price:
        note = f"Not below the floor: {running.floor.note}"
        running = running.step("FLOOR", note, running.floor.price, rule_key=key)
    if running is unbounded:
        return running
    return replace(with_vat(running, vat_percent, rule_key=key), is_taxed=True)


def with_vat(
    running: Running, vat_percent: Decimal | None, *, rule_key: str | None = None
) -> Running:
    """VAT on top, where the store adds any."""
    if not vat_percent:
        return running
    after = with_percent(running.price, vat_percent)
    return running.step("VAT", f"{vat_percent:f}% VAT on top", after, rule_key=rule_key)
