"""The passing of time: the one place in which the market moves."""

from dataclasses import dataclass

from connectors.simulator import batches
from connectors.simulator.clock import MINUTE
from connectors.simulator.demand import place_orders, progress_orders
from connectors.simulator.events import Announced, announce_offers
from connectors.simulator.market import move_rivals
from connectors.simulator.submissions import settle
from connectors.simulator.world import World


@dataclass(frozen=True, slots=True)
class Advance:
    """What happened while time passed."""

    offers_changed: int
    """Items and conditions whose offers changed."""
    orders_placed: int
    notifications_sent: int
    of_offers: Announced


def advance(world: World, minutes: int, *, market_frozen: bool) -> Advance:
    """Let time pass, as one tick.

    Feeds and reports are worked on at their moments, submissions become live and orders move on; then, unless the market is frozen, rivals act and
    buyers buy; then whoever subscribed is told.
    """
    since, until = world.now_ms, world.now_ms + minutes * MINUTE
    world.tick += 1
    changed: set[tuple[str, str]] = set()
    told = 0
    for moment in batches.moments(world, until):
        world.now_ms = moment
        changed |= settle(world)
        told += batches.move_on(world)
    world.now_ms = until
    changed |= settle(world)
    placed = 0
    if not market_frozen:
        changed |= move_rivals(world)
        orders, emptied = place_orders(world, since)
        changed |= emptied
        placed = len(orders)
    # After the placing: what was ordered and paid within this time must not look changed in the next.
    progress_orders(world)
    _drop_expired_tokens(world)
    of_offers = announce_offers(world, changed)
    return Advance(len(changed), placed, told + of_offers.sent, of_offers)


def _drop_expired_tokens(world: World) -> None:
    # One tick longer than they live, so that an expired token is told from one that never was.
    old = [
        key for key, token in world.tokens.items() if token.expires_ms + 60 * MINUTE < world.now_ms
    ]
    for key in old:
        del world.tokens[key]
