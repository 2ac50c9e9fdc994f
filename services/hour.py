"""What guard-rails say of a run, by itself and together with what its store published within the hour before (ADR 32).

Many small runs are to reach no further than one large one.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

from domain.run import Breach
from rules.guardrails import Guardrails, judge_hour, judge_run
from rules.new_prices import NewPrice, NewPrices
from storage import decisions, listings, runs
from storage.decisions import Move
from storage.mongo import Scope
from storage.runs import Passed

_LENGTH = timedelta(hours=1)
_RUNS, _PRICES = 500, 1_000
"""No more are looked at, the newest first: a small run is not to wait for the sum of an hour."""
_REMEMBERED = 20 * _PRICES
"""Prices and runs that a process keeps in memory; some 300 bytes each."""


class LastHour:
    """Judges what is to be published by what was, and remembers the prices of runs that have ended: they stay."""

    def __init__(self) -> None:
        self._moves: OrderedDict[str, list[Move]] = OrderedDict()
        """By run, those looked at last at the end."""
        self._size = 0

    async def breaches_of(
        self, scope: Scope, store_id: str, rails: Guardrails, prices: NewPrices, now: datetime
    ) -> tuple[Breach, ...]:
        """The limits that the prices of a run break by themselves, or else together with the hour before a moment."""
        earlier = await self._prices_before(scope, store_id, rails, now, len(prices))
        size, most = 0, len(prices) + len(earlier)
        if rails.changed_share_percent is not None and most >= rails.from_listings:
            size = await listings.count_of(scope, store_id)
        return judge_run(rails, prices, size) or judge_hour(rails, prices, earlier, size)

    async def _prices_before(
        self, scope: Scope, store_id: str, rails: Guardrails, now: datetime, moving: int
    ) -> list[NewPrice]:
        """The prices of the hour, oldest first; none where they cannot matter to a run that moves so many."""
        if not moving:
            return []
        found = await runs.passed_since(scope, store_id, now - _LENGTH, _RUNS)
        chosen: dict[str, Passed] = {}
        total = 0
        for run in found:
            total += run.moved
            if total > _PRICES:
                break
            chosen[run.id] = run
        has_costs = any(run.costs for run in chosen.values())
        if not has_costs and total + moving < rails.from_listings:
            return []
        moves = await self._moves_of(scope, chosen)
        moves.sort(key=lambda move: move.id)
        return [
            NewPrice(
                *(move.listing_id, move.before, move.after),
                chosen[move.run_id].costs.get(move.listing_id),
            )
            for move in moves
        ]

    async def _moves_of(self, scope: Scope, chosen: dict[str, Passed]) -> list[Move]:
        """The prices that the runs set, read where they are not remembered."""
        moves: list[Move] = []
        unknown: dict[str, list[Move]] = {}
        for id_ in chosen:
            if id_ in self._moves:
                self._moves.move_to_end(id_)
                moves += self._moves[id_]
            else:
                unknown[id_] = []
        if not unknown:
            return moves
        for move in await decisions.moves_of_runs(scope, unknown):
            unknown[move.run_id].append(move)
            moves.append(move)
        for id_, own in unknown.items():
            # Who judges another run of the store meanwhile may have read the same.
            if chosen[id_].has_ended and id_ not in self._moves:
                self._moves[id_] = own
                self._size += 1 + len(own)
        while self._size > _REMEMBERED:
            self._size -= 1 + len(self._moves.popitem(last=False)[1])
        return moves
