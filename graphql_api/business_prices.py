"""Business prices: what businesses pay for one unit, and for each when they buy many."""

import strawberry

from domain import decision as domain
from graphql_api.money import Money


@strawberry.type(description="What each unit costs a business that buys so many at once.")
class QuantityPrice:
    """A tier."""

    at_least: int = strawberry.field(description="From how many units in one purchase on.")
    price: Money = strawberry.field(description="Price of each unit.")


@strawberry.type(description="What businesses pay.")
class BusinessPrice:
    """A price with its tiers."""

    price: Money = strawberry.field(description="Price of a unit below the first tier.")
    tiers: list[QuantityPrice] = strawberry.field(
        description="Prices by quantity, from the smallest quantity to the largest; empty where none are offered."
    )

    @classmethod
    def maybe(cls, row: domain.BusinessPrice | None) -> "BusinessPrice | None":
        """The price as the schema shows it, where there is one."""
        if row is None:
            return None
        return cls(
            price=Money.of(row.price),
            tiers=[
                QuantityPrice(at_least=tier.at_least, price=Money.of(tier.price))
                for tier in row.tiers
            ],
        )
