"""Offers as lines: an item as a store sees it, and after it everybody's offers, the cheapest first."""

from collections.abc import Iterator

from domain.global_id import Kind
from domain.listing import Condition
from services.lines.columns import (
    Children,
    Json,
    Row,
    moment_at,
    moment_of,
    money_of,
    plain,
    reference,
)
from services.lines.shape import Shape
from storage.offers import SNAPSHOTS

_CONDITIONS = {condition.value: condition.name for condition in Condition}


def _offers(row: Row) -> Iterator[Json]:
    observed = moment_of(row["observed_at"])
    for offer in sorted(row["offers"], key=_place):
        price = offer["listing_price"]
        yield {
            "sellerId": offer["seller_id"],
            "condition": _CONDITIONS[offer["condition"]],
            "marketplaceCondition": offer["condition"],
            "listingPrice": money_of(price),
            "shipping": money_of(offer["shipping"]),
            "landedPrice": money_of({"minor": _landed(offer), "currency": price["currency"]}),
            "fulfilment": offer["fulfilment"],
            "feedbackRating": offer["feedback_rating"],
            "feedbackCount": offer["feedback_count"],
            "isBuyBoxWinner": offer["is_buy_box_winner"],
            "isOwn": offer["is_own"],
            "observedAt": observed,
        }


def _landed(offer: Row) -> int:
    price, shipping = offer["listing_price"], offer["shipping"]
    landed: int = price["minor"] + shipping["minor"]
    return landed


def _place(offer: Row) -> tuple[int, str, str, str]:
    return (_landed(offer), offer["seller_id"], offer["condition"], offer["fulfilment"])


LINES = Shape(
    Kind.OFFER_SNAPSHOT,
    SNAPSHOTS.name,
    {
        "store": reference("store_id", Kind.STORE),
        "asin": plain("asin"),
        "observedAt": moment_at("observed_at"),
        "offers": Children("offers", "Offer", _offers, ("observed_at",)),
    },
    batch=500,
)
