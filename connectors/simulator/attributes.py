"""Listing attributes: what an offer must hold, what patches do to it, and what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.simulator.wire import JsonObject
from connectors.simulator.world import Attributes
from domain.money import Money

PRICE, STOCK, CONDITION, ASIN = (
    "purchasable_offer",
    "fulfillment_availability",
    "condition_type",
    "merchant_suggested_asin",
)
_REQUIRED = (CONDITION, ASIN, PRICE)
_KNOWN = frozenset(
    {
        *_REQUIRED,
        STOCK,
        "brand",
        "condition_note",
        "externally_assigned_product_identifier",
        "gift_options",
        "item_name",
        "list_price",
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
    PRICE: ("marketplace_id", "audience"),
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

    marketplace_id: str
    currency: str

    def price(self, attributes: Attributes) -> Money | None:
        """The price for all buyers; None without one. Raises `WrongValue`."""
        offer = self._offer(attributes)
        return None if offer is None else self._amount(offer, "our_price")

    def minimum(self, attributes: Attributes) -> Money | None:
        """The lowest price that the seller allows. Raises `WrongValue`."""
        offer = self._offer(attributes)
        if offer is None or "minimum_seller_allowed_price" not in offer:
            return None
        return self._amount(offer, "minimum_seller_allowed_price")

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
        for name, check in ((PRICE, self._check_price), (STOCK, self.stock)):
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
        if self.price(attributes) is None and not any(
            value.get("audience") == "B2B" for value in attributes[PRICE]
        ):
            raise WrongValue("There is no price for this marketplace.", "MISSING_PRICE")
        self.minimum(attributes)

    def _here(self, attributes: Attributes, name: str) -> list[dict[str, Any]]:
        return [
            value
            for value in attributes.get(name, ())
            if value.get("marketplace_id", self.marketplace_id) == self.marketplace_id
        ]

    def _offer(self, attributes: Attributes) -> dict[str, Any] | None:
        for value in self._here(attributes, PRICE):
            if value.get("audience", "ALL") == "ALL":
                return value
        return None

    def _amount(self, offer: dict[str, Any], name: str) -> Money:
        currency = offer.get("currency", self.currency)
        if currency != self.currency:
            raise WrongValue(
                f"The currency must be {self.currency}, not {currency}.", "INVALID_PRICE"
            )
        try:
            amount = offer[name][0]["schedule"][0]["value_with_tax"]
        except (KeyError, IndexError, TypeError):
            raise WrongValue(f"'{name}' holds no 'value_with_tax'.", "MISSING_PRICE") from None
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise WrongValue(f"'value_with_tax' must be a number, not {amount!r}.", "INVALID_PRICE")
        try:
            money = Money.parse(Decimal(amount), currency)
        except ValueError as error:
            raise WrongValue(str(error), "INVALID_PRICE") from error
        if money.minor <= 0:
            raise WrongValue("The price must be above 0.", "INVALID_PRICE")
        return money


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
    named parts of the values with the same selectors; ``delete`` removes those with the same selectors,
    or the attribute when no values are given.
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
            old.append(value)
        else:
            old[place] = {**old[place], **value}
    return {**attributes, name: old}


def _selector(name: str, value: dict[str, Any]) -> tuple[object, ...]:
    defaults = {"audience": "ALL"}
    return tuple(
        str(value.get(part, defaults.get(part)))
        for part in _SELECTORS.get(name, ("marketplace_id",))
    )
