"""Deciding collides with whoever asks for a marking, and not with other decisions of the store."""

import asyncio

import pytest

from domain.marking import Marking
from storage.markings import LANES, ask, asked, touch
from storage.mongo import Scope
from tests.factories import NOW

MARKING = Marking("marking1", "RULES_PUBLISHED", NOW, None)


@pytest.mark.parametrize("lane", range(LANES))
async def test_who_decides_begins_again_when_a_marking_was_asked_for_meanwhile(
    scope: Scope, lane: int
) -> None:
    seen = []

    async def decide(inside: Scope) -> None:
        seen.append(await asked(inside, "store1"))
        if len(seen) == 1:
            await ask(scope, "store1", MARKING)
        await touch(inside, "store1", lane)

    await scope.transaction(decide)

    assert seen == [[], [MARKING]]


async def test_decisions_in_lanes_of_their_own_are_written_at_the_same_time(scope: Scope) -> None:
    await ask(scope, "store1", MARKING)
    begun: list[int] = []
    all_touched = asyncio.Barrier(LANES)

    async def decide(inside: Scope, lane: int) -> None:
        begun.append(lane)
        await touch(inside, "store1", lane)
        await all_touched.wait()

    def in_lane(lane: int) -> asyncio.Task[None]:
        return asyncio.create_task(scope.transaction(lambda inside: decide(inside, lane)))

    await asyncio.wait_for(asyncio.gather(*map(in_lane, range(LANES))), 20)

    assert sorted(begun) == list(range(LANES))
