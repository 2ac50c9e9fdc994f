"""Listing attributes: what an offer must hold, what patches do to it, and what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from connectors.simulator.wire import JsonObject
from connectors.simulator.world import Attributes
from domain.marketplace import Marketplace
from domain.money import Money

PRICE, STOCK, CONDITION, ASIN, LIST_PRICE = (
    "purchasable_offer",
    "fulfillment_availability",
    "condition_type",
    "merchant_suggested_asin",
    "list_price",
)
BUSINESS = "B2B"
"""The audience of offers to businesses."""
_MOST_LEVELS = 5
_REQUIRED = (CONDITION, ASIN, PRICE)
_KNOWN = frozenset(
    {
        *_REQUIRED,
        STOCK,
        LIST_PRICE,
        "brand",
        "condition_note",
        "externally_assigned_product_identifier",
        "gift_options",
        "item_name",
        "max_order_quantity",
        "merchant_release_date",
        "merchant_shipping_group",
        "product_tax_code",
        "skip_offer",
        "supplier_declared_has_product_identifier_exemption",
    }
)
CONDITIONS = frozenset(
    """new_new new_open_box new_oem refurbished_refurbished used_like_new used_very_good used_good
    used_acceptable collectible_like_new collectible_very_good collectible_good
    collectible_acceptable club_club""".split()
)
_SELECTORS = {
    PRICE: ("marketplace_id", "currency", "audience"),
    LIST_PRICE: ("marketplace_id", "currency"),
    STOCK: ("fulfillment_channel_code",),
}


@dataclass(frozen=True, slots=True)
class Stock:
    """How many there are, and whether Amazon ships them."""

    quantity: int
    fulfilled_by_amazon: bool


class WrongValue(ValueError):
    """An attribute whose value cannot be; the message says why."""

    def __init__(self, message: str, category: str) -> None:
        super().__init__(message)
        self.category = category


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads attributes for one marketplace."""

    marketplace: Marketplace

    def price(self, attributes: Attributes, audience: str = "ALL") -> Money | None:
        """The price for all buyers, or that of one unit for an audience; None without one. Raises `WrongValue`."""
        offer = self._offer(attributes, audience)
        return None if offer is None else self._scheduled(offer, "our_price")

    def minimum(self, attributes: Attributes) -> Money | None:
        """The lowest price that the seller allows. Raises `WrongValue`."""
        offer = self._offer(attributes, "ALL")
        if offer is None or "minimum_seller_allowed_price" not in offer:
            return None
        return self._scheduled(offer, "minimum_seller_allowed_price")

    def stock(self, attributes: Attributes) -> Stock:
        """The quantity; nothing where none is given. Raises `WrongValue`."""
        for value in self._here(attributes, STOCK):
            channel = value.get("fulfillment_channel_code")
            if not isinstance(channel, str):
                raise WrongValue("'fulfillment_channel_code' is required.", "INVALID_ATTRIBUTE")
            if channel != "DEFAULT":
                return Stock(0, fulfilled_by_amazon=True)
            quantity = value.get("quantity", 0)
            if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
                raise WrongValue(
                    f"'quantity' must be a whole number of 0 or more, not {quantity!r}.",
                    "INVALID_ATTRIBUTE",
                )
            return Stock(quantity, fulfilled_by_amazon=False)
        return Stock(0, fulfilled_by_amazon=False)

    def text(self, attributes: Attributes, name: str) -> str | None:
        """The `value` of an attribute that has one."""
        for value in self._here(attributes, name):
            if isinstance(text := value.get("value"), str):
                return text
        return None

    def issues(self, attributes: Attributes, names: Sequence[str]) -> list[JsonObject]:
        """What is wrong with the named attributes at first sight."""
        found = [
            issue("90000900", "The attributes are invalid.", [name], "INVALID_ATTRIBUTE")
            for name in names
            if name not in _KNOWN
        ]
        checks = (
            (PRICE, self._check_price),
            (LIST_PRICE, self._check_list_price),
            (STOCK, self.stock),
        )
        for name, check in checks:
            if name in names and name in attributes:
                try:
                    check(attributes)
                except WrongValue as error:
                    found.append(issue("90244", str(error), [name], error.category))
        if CONDITION in names and self.text(attributes, CONDITION) not in {*CONDITIONS, None}:
            found.append(
                issue("90244", "The condition is not known.", [CONDITION], "INVALID_ATTRIBUTE")
            )
        return found

    def missing(self, attributes: Attributes) -> list[JsonObject]:
        """Issues for what an offer cannot do without."""
        return [
            issue(
                "90220",
                f"'{name}' is required but not supplied.",
                [name],
                "MISSING_PRICE" if name == PRICE else "MISSING_ATTRIBUTE",
            )
            for name in _REQUIRED
            if not self._here(attributes, name)
        ]

    def with_quantity(self, attributes: Attributes, quantity: int) -> Attributes:
        """The attributes after a sale."""
        values = [
            {**v, "quantity": quantity} if v.get("fulfillment_channel_code") == "DEFAULT" else v
            for v in attributes.get(STOCK, ())
        ]
        return {**attributes, STOCK: values}

    def _check_price(self, attributes: Attributes) -> None:
        business = self.price(attributes, BUSINESS)
        if business is not None:
            self._check_business(attributes, business)
        elif self.price(attributes) is None:
            raise WrongValue("There is no price for this marketplace.", "MISSING_PRICE")
        self.minimum(attributes)

    def _check_business(self, attributes: Attributes, price: Money) -> None:
        """Prices by quantity, where there are any, begin at two units and fall below the price of one."""
        if not self.marketplace.has_business:
            raise WrongValue(f"The audience '{BUSINESS}' is not allowed.", "INVALID_ATTRIBUTE")
        plans = (self._offer(attributes, BUSINESS) or {}).get("quantity_discount_plan")
        if plans is None:
            return
        try:
            plan = plans[0]["schedule"][0]
            kind = plan["discount_type"]
            levels = [(level["lower_bound"], level["value"]) for level in plan["levels"]]
        except (KeyError, IndexError, TypeError):
            raise WrongValue("'quantity_discount_plan' holds no levels.", "INVALID_PRICE") from None
        if kind != "fixed":
            raise WrongValue("Only the discount_type 'fixed' is simulated.", "INVALID_PRICE")
        if not 1 <= len(levels) <= _MOST_LEVELS:
            raise WrongValue(f"1 to {_MOST_LEVELS} levels are allowed.", "INVALID_PRICE")
        if not all(type(bound) is int for bound, _ in levels) or not _rise(
            [1, *(bound for bound, _ in levels)]
        ):
            raise WrongValue("'lower_bound' must rise, in whole units from 2 on.", "INVALID_PRICE")
        prices = [price, *(self._amount(value, "value") for _, value in levels)]
        if not _rise([-each.minor for each in prices]):
            raise WrongValue("Each level must cost less than the one before.", "INVALID_PRICE")

    def _check_list_price(self, attributes: Attributes) -> None:
        """It is told with or without taxes, as the marketplace shows its prices."""
        name = "value_with_tax" if self.marketplace.shows_prices_with_tax else "value"
        for value in self._here(attributes, LIST_PRICE):
            self._check_currency(value)
            self._amount(value.get(name), name)

    def _here(self, attributes: Attributes, name: str) -> list[dict[str, Any]]:
        here = self.marketplace.id
        return [v for v in attributes.get(name, ()) if v.get("marketplace_id", here) == here]

    def _offer(self, attributes: Attributes, audience: str) -> dict[str, Any] | None:
        for value in self._here(attributes, PRICE):
            if value.get("audience", "ALL") == audience:
                return value
        return None

    def _scheduled(self, offer: dict[str, Any], name: str) -> Money:
        self._check_currency(offer)
        try:
            amount = offer[name][0]["schedule"][0]["value_with_tax"]
        except (KeyError, IndexError, TypeError):
            raise WrongValue(f"'{name}' holds no 'value_with_tax'.", "MISSING_PRICE") from None
        return self._amount(amount, "value_with_tax")

    def _check_currency(self, value: dict[str, Any]) -> None:
        ours = self.marketplace.currency
        currency = value.get("currency", ours)
        if currency != ours:
            raise WrongValue(f"The currency must be {ours}, not {currency}.", "INVALID_PRICE")

    def _amount(self, amount: object, name: str) -> Money:
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise WrongValue(f"'{name}' must be a number, not {amount!r}.", "INVALID_PRICE")
        try:
            money = Money.parse(Decimal(amount), self.marketplace.currency)
        except ValueError as error:
            raise WrongValue(str(error), "INVALID_PRICE") from error
        if money.minor <= 0:
            raise WrongValue("The price must be above 0.", "INVALID_PRICE")
        return money


def _rise(values: Sequence[int]) -> bool:
    """Whether each is more than the one before."""
    return all(one < other for one, other in pairwise(values))


def issue(code: str, message: str, names: list[str], category: str) -> JsonObject:
    """An issue of severity ERROR."""
    return {
        "code": code,
        "message": message,
        "severity": "ERROR",
        "attributeNames": names,
        "categories": [category],
    }


def patched(
    attributes: Attributes, op: str, name: str, values: list[dict[str, Any]] | None
) -> Attributes:
    """The attributes after one patch operation.

    ``add`` and ``replace`` put the given values in place of all there were; ``merge`` changes only the
    named parts of the values with the same selectors, and removes a part that is null; ``delete`` removes
    those with the same selectors, or the attribute when no values are given.
    """
    if op in {"add", "replace"}:
        return {**attributes, name: list(values or ())}
    old = list(attributes.get(name, ()))
    if op == "delete":
        gone = {_selector(name, value) for value in values or ()}
        kept = [v for v in old if _selector(name, v) not in gone] if gone else []
        rest = {key: value for key, value in attributes.items() if key != name}
        return {**rest, name: kept} if kept else rest
    for value in values or ():
        place = next(
            (n for n, v in enumerate(old) if _selector(name, v) == _selector(name, value)), None
        )
        if place is None:
            old.append(_without_nulls(value))
        else:
            old[place] = _without_nulls({**old[place], **value})
    return {**attributes, name: old}


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    return {part: told for part, told in value.items() if told is not None}


def _selector(name: str, value: dict[str, Any]) -> tuple[object, ...]:
    defaults = {"audience": "ALL"}
    return tuple(
        str(value.get(part, defaults.get(part)))
        for part in _SELECTORS.get(name, ("marketplace_id",))
    )
