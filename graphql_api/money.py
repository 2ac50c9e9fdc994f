"""Money on its way out and in."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, cast

import strawberry

from domain import money as domain
from domain.errors import InvalidInput
from domain.money import CURRENCY_DIGITS
from graphql_api.fields import FromNode
from graphql_api.scalars import CurrencyCode

_shown = FromNode[domain.Money]()


@strawberry.type(description="An amount in one currency.")
class Money:
    """Exact, with all of the currency's digits."""

    SHOWN: ClassVar[type] = domain.Money

    amount: Decimal = _shown(
        lambda money: money.amount,  # type: ignore[assignment]  # the scalar writes it as it is
        description='Decimal with the currency\'s digits, such as "12.50".',
    )
    currency_code: CurrencyCode = _shown(
        lambda money: CurrencyCode(money.currency), description="The currency."
    )

    @staticmethod
    def of(money: domain.Money) -> "Money":
        """The amount as the schema shows it, which is as it is."""
        return cast("Money", money)

    @staticmethod
    def maybe(money: domain.Money | None) -> "Money | None":
        """The same, where there may be none."""
        return cast("Money | None", money)


@strawberry.input(description="An amount in one currency.")
class MoneyInput:
    """Refused, never rounded, when it has more digits than its currency."""

    amount: Decimal = strawberry.field(
        description='Decimal with no more digits than the currency has, such as "12.50".'
    )
    currency_code: CurrencyCode = strawberry.field(description="The currency.")

    def money(self, field: Sequence[str]) -> domain.Money:
        """The amount.

        Raises:
            InvalidInput: an unknown currency, or more digits than it has; `field` leads to this input.
        """
        if self.currency_code not in CURRENCY_DIGITS:
            raise InvalidInput(
                f"{self.currency_code} is not an ISO 4217 currency code such as USD.",
                field=(*field, "currencyCode"),
            )
        try:
            return domain.Money.parse(self.amount, self.currency_code)
        except ValueError as error:
            raise InvalidInput(f"{error}.", field=(*field, "amount")) from None
