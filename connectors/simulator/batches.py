"""Feeds and reports on the clock: they wait, one of a kind at a time is worked on for a seller, and they are over."""

from collections.abc import Callable, Iterator

from connectors.simulator import feed_work, report_work, settlements
from connectors.simulator.chance import between
from connectors.simulator.clock import DAY, HOUR, MINUTE, SECOND
from connectors.simulator.events import announce_feed, announce_report
from connectors.simulator.world import Batch, World

PERIODS = {
    **{f"PT{count}M": count * MINUTE for count in (5, 15, 30)},
    **{f"PT{count}H": count * HOUR for count in (1, 2, 4, 8, 12, 84)},
    **{f"P{count}D": count * DAY for count in (1, 2, 3, 7, 14, 15, 18, 30)},
    "P1M": 30 * DAY,
}
"""How often a scheduled report may be made; a month is thirty days here."""
_SHORTEST, _LONGEST = 45 * SECOND, 150 * SECOND

Kind = tuple[dict[str, Batch], Callable[[World, Batch], int], Callable[[World, Batch], None]]
"""The batches, how long one takes beyond a start of chance, and what is done at its end."""


def moments(world: World, until: int) -> Iterator[int]:
    """The moments up to one at which a feed or report moves on, as long as somebody moves them on in between."""
    while True:
        coming = [at for by_id, _, _ in _kinds(world) for _, at in _steps(by_id)]
        coming += [schedule.next_ms for schedule in world.schedules.values()]
        coming.append(settlements.next_moment(world))
        at = max(min(coming, default=until + 1), world.now_ms)
        if at > until:
            return
        yield at


def move_on(world: World) -> int:
    """Begin and end what is to begin and end now; gives how many notifications that sent."""
    told = sum(announce_report(world, settled) for settled in settlements.make_due(world))
    _ask_for_scheduled(world)
    for by_id, lasts, finish in _kinds(world):
        for batch, at in _steps(by_id):
            if at > world.now_ms:
                continue
            if batch.status == "IN_QUEUE":
                batch.status, batch.started_ms = "IN_PROGRESS", world.now_ms
                start = between(_SHORTEST, _LONGEST, world.seed, "lasts", batch.batch_id)
                batch.ends_at = world.now_ms + start + lasts(world, batch)
                continue
            finish(world, batch)
            announce = announce_feed if by_id is world.feeds else announce_report
            told += announce(world, batch)
    return told


def queued(
    world: World,
    by_id: dict[str, Batch],
    kind: str,
    type_: str,
    *,
    client_id: str,
    seller_id: str,
    marketplace_ids: list[str],
) -> Batch:
    """A new batch at the end of the seller's queue."""
    name = (world.seed, kind, seller_id, len(by_id))
    batch = Batch(
        batch_id=str(between(10**10, 10**11 - 1, *name)),
        client_id=client_id,
        seller_id=seller_id,
        type=type_,
        marketplace_ids=marketplace_ids,
        created_ms=world.now_ms,
        ready_at=world.now_ms + between(5 * SECOND, 30 * SECOND, *name, "ready"),
    )
    by_id[batch.batch_id] = batch
    return batch


def _ask_for_scheduled(world: World) -> None:
    for schedule in world.schedules.values():
        if schedule.next_ms > world.now_ms:
            continue
        report = queued(
            world,
            world.reports,
            "report",
            schedule.type,
            client_id=schedule.client_id,
            seller_id=schedule.seller_id,
            marketplace_ids=schedule.marketplace_ids,
        )
        report.schedule_id = schedule.schedule_id
        report.data_from_ms = world.now_ms - PERIODS[schedule.period]
        schedule.next_ms += PERIODS[schedule.period]


def cancel(batch: Batch, now_ms: int) -> bool:
    """Take a batch out of the queue; false where it is not in it any more."""
    if batch.status != "IN_QUEUE":
        return False
    batch.status, batch.started_ms, batch.ends_at = "CANCELLED", now_ms, now_ms
    return True


def _kinds(world: World) -> tuple[Kind, Kind]:
    return (
        (world.feeds, feed_work.lasts, feed_work.finish),
        (world.reports, report_work.lasts, report_work.finish),
    )


def _steps(by_id: dict[str, Batch]) -> list[tuple[Batch, int]]:
    """Of each seller the batch that moves on next, and when."""
    firsts: dict[str, Batch] = {}
    for batch in by_id.values():
        first = firsts.get(batch.seller_id)
        if batch.status == "IN_PROGRESS" or (batch.status == "IN_QUEUE" and first is None):
            firsts[batch.seller_id] = batch
    return [
        (batch, batch.ready_at if batch.ends_at is None else batch.ends_at)
        for batch in firsts.values()
    ]
