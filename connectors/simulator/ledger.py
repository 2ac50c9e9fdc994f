"""The sellers' accounts: what each parcel earned, what Amazon took of it, and when the money is theirs.

It follows from the orders alone, so that nothing has to be kept in step with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.simulator.chance import uuid
from connectors.simulator.clock import DAY
from connectors.simulator.world import Order, Parcel, World

_DEFERRED = 7 * DAY
"""Amazon keeps what a buyer paid until a week after the delivery; here after the parcel left."""
_REFERRAL_PERCENT = 15
_LEAST_REFERRAL = 30
"""In the currency's smallest unit."""
FULFILMENT = 350
"""For picking, packing and sending a unit, in the currency's smallest unit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one parcel came to. Amounts are in the currency's smallest unit; fees are negative."""

    transaction_id: str
    order: Order
    parcel: Parcel
    principal: int
    commission: int
    fulfilment: int
    """0 where the seller ships."""

    @property
    def posted_ms(self) -> int:
        """When it was entered."""
        return self.parcel.told_ms

    @property
    def released_ms(self) -> int:
        """From when on the money is the seller's."""
        return self.parcel.told_ms + _DEFERRED

    @property
    def total(self) -> int:
        """What is left for the seller."""
        return self.principal + self.commission + self.fulfilment


def referral(price: int) -> int:
    """What Amazon takes for the sale of one unit."""
    return max(_LEAST_REFERRAL, (price * _REFERRAL_PERCENT + 50) // 100)


def entries(world: World, seller_id: str) -> Iterator[Entry]:
    """All of a seller's, in no order."""
    for order in world.orders.values():
        if order.seller_id == seller_id:
            for parcel in order.parcels:
                yield _entry(world, order, parcel)


def _entry(world: World, order: Order, parcel: Parcel) -> Entry:
    return Entry(
        transaction_id=uuid(world.seed, "transaction", order.order_id, parcel.reference),
        order=order,
        parcel=parcel,
        principal=order.unit_price * parcel.quantity,
        commission=-referral(order.unit_price) * parcel.quantity,
        fulfilment=-FULFILMENT * parcel.quantity if order.fulfilled_by_amazon else 0,
    )
