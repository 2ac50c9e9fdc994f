"""Which competitor's price an intelligent rule follows, and what it is worth (behaviour 14.3 and 14.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from domain.listing import Condition, Fulfilment
from domain.money import Money
from domain.offer import Offer, OfferSnapshot
from rules.language import Competitor, CompetitorSource, ConditionMode
from rules.market import fresh, is_amazon, rivals_of, winners_of

_FAMILIES = {
    condition: family
    for family, conditions in {
        "used": [
            Condition.USED_LIKE_NEW,
            Condition.USED_VERY_GOOD,
            Condition.USED_GOOD,
            Condition.USED_ACCEPTABLE,
        ],
        "collectible": [
            Condition.COLLECTIBLE_LIKE_NEW,
            Condition.COLLECTIBLE_VERY_GOOD,
            Condition.COLLECTIBLE_GOOD,
            Condition.COLLECTIBLE_ACCEPTABLE,
        ],
    }.items()
    for condition in conditions
}


@dataclass(frozen=True, slots=True)
class Rival:
    """A competitor's price, after variance. `price` is None where no competitor counts."""

    price: Money | None
    note: str
    is_ours: bool = False
    """We hold the Buy Box ourselves, so there is nobody to follow; `price` is our own, without shipping."""


def find_rival(
    wanted: Competitor,
    snapshot: OfferSnapshot | None,
    condition: Condition,
    currency: str,
    now: datetime,
    *,
    with_shipping: bool = True,
) -> Rival:
    """The competitor that a rule follows for an item in `condition`. Ties go to the first seller id."""
    if snapshot is None:
        return Rival(None, "No offers of competitors are known")
    known = replace(snapshot, offers=fresh(snapshot, wanted.max_age, now))
    if wanted.max_age and snapshot.offers and not known.offers:
        age = told_duration(wanted.max_age)
        return Rival(None, f"What is known of the offers is older than {age}")
    winners = winners_of(known, currency)
    if wanted.source is CompetitorSource.BUY_BOX:
        ours = next((each for each in winners if each.is_own and each.condition is condition), None)
        if ours is not None:
            return Rival(ours.listing_price, "We hold the Buy Box", is_ours=True)
        offers = [offer for offer in winners if not offer.is_own]
        nobody = "No competitor holds the Buy Box"
    else:
        offers = [offer for offer in rivals_of(known, currency) if _is_trusted(offer, wanted)]
        nobody = "No competitor passes the feedback filters"
    counted = [offer for offer in offers if _counts(offer, wanted)]
    offer = _closest(counted, condition, wanted.mode)
    if offer is not None:
        return _worth(offer, condition, wanted, with_shipping=with_shipping)
    if counted:
        nobody = f"No competitor offers it as {condition.value}"
    elif offers:
        nobody = f"{_told_sellers(offers)} does not count for this rule"
    return Rival(None, nobody)


def told_duration(length: timedelta) -> str:
    """A length of time in words, such as ``90 minutes`` or ``2 days``."""
    minutes = length // timedelta(minutes=1)
    for unit, size in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        count, rest = divmod(minutes, size)
        if count and not rest:
            return f"{count} {unit}{'s' * (count != 1)}"
    return "less than a minute"


def _counts(offer: Offer, wanted: Competitor) -> bool:
    """Whether an offer passes the filters on who sells and ships it."""
    return (
        (wanted.fulfilment is None or offer.fulfilment is wanted.fulfilment)
        and (not wanted.only_sellers or offer.seller_id in wanted.only_sellers)
        and offer.seller_id not in wanted.exclude_sellers
        and not (wanted.exclude_amazon and is_amazon(offer))
    )


def _told_sellers(offers: Sequence[Offer]) -> str:
    """The cheapest of some offers, and how many more there are."""
    first = min(offers, key=lambda offer: (offer.landed_price.minor, offer.seller_id))
    name = "Amazon itself" if is_amazon(first) else first.seller_id
    channel = "by Amazon" if first.fulfilment is Fulfilment.AMAZON else "by the seller"
    others = f" (and {len(offers) - 1} more)" if len(offers) > 1 else ""
    return f"{name}, shipped {channel},{others}"


def _is_trusted(offer: Offer, wanted: Competitor) -> bool:
    """Whether the seller's feedback suffices; unknown feedback counts as none."""
    return (offer.feedback_rating or 0) >= wanted.min_feedback_rating and (
        offer.feedback_count or 0
    ) >= wanted.min_feedback_count


def _closest(offers: Sequence[Offer], condition: Condition, mode: ConditionMode) -> Offer | None:
    """The lowest offer in our condition; failing that in its family; failing that in the best other condition."""
    same = [offer for offer in offers if offer.condition is condition]
    if same or mode is ConditionMode.MATCHING_ONLY:
        return _lowest(same)
    family = _FAMILIES.get(condition)
    relatives = [offer for offer in offers if family and _FAMILIES.get(offer.condition) == family]
    if relatives:
        return _lowest(relatives)
    found = {offer.condition for offer in offers}
    best = next((other for other in Condition if other in found), None)  # best condition first
    return _lowest([offer for offer in offers if offer.condition is best])


def _lowest(offers: Sequence[Offer]) -> Offer | None:
    return min(offers, key=lambda offer: (offer.landed_price.minor, offer.seller_id), default=None)


def _worth(offer: Offer, condition: Condition, wanted: Competitor, *, with_shipping: bool) -> Rival:
    """The price, scaled by the difference of what the two conditions are worth."""
    holder = "Buy Box" if wanted.source is CompetitorSource.BUY_BOX else "Lowest competitor"
    base = offer.landed_price if with_shipping else offer.listing_price
    how = "with" if with_shipping else "without"
    note = f"{holder} {offer.seller_id} at {base} {how} shipping, {offer.condition.value}"
    if wanted.mode is not ConditionMode.VARIANCE or offer.condition is condition:
        return Rival(base, note)
    percents = {**dict(wanted.percents), Condition.NEW: Decimal(100)}
    missing = [each.value for each in (offer.condition, condition) if each not in percents]
    if missing:
        return Rival(None, f"{note}, but the rule has no percentage for {' and '.join(missing)}")
    scale = 1 - Fraction(percents[offer.condition] - percents[condition]) / 100
    if scale <= 0:
        return Rival(None, f"{note}, but its condition is worth too much more than ours to compare")
    price = base.times(scale)
    return Rival(price, f"{note}, worth {price} as {condition.value}")
