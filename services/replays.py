"""Replay: deciding recorded decisions again from what was kept of them, by the same code, and comparing the bytes."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import orjson

from domain.decision import Decision
from domain.replay import Difference, Replay, ReplayOutcome
from domain.ruleset import Ruleset
from domain.run import Run, RunStatus
from rules.basis_reader import Damaged, read
from services.consequences import as_judged
from services.decisions import Case, Known, decide_all
from services.rulebooks import Rulebook, Rulebooks
from services.runtime import Runtime
from storage.decisions import content, content_bytes
from storage.filters import AllOf, Is
from storage.mongo import Scope
from storage.rulesets import RULESETS
from storage.runs import RUNS


async def replay(runtime: Runtime, scope: Scope, decisions: Sequence[Decision]) -> list[Replay]:
    """Decide recorded decisions again, each by what was known and in force then, and compare what comes of it.

    Nothing is written.
    """
    ids = {id_ for row in decisions for id_ in (row.listing_ruleset_id, row.ruleset_id) if id_}
    rulesets = await RULESETS.get_many(scope, ids) if ids else {}
    again: list[Case | ReplayOutcome] = []
    for row in decisions:
        again.append(_again(runtime.rulebooks, row, rulesets))
        await asyncio.sleep(0)
    runs = await _runs(scope, [each for each in again if isinstance(each, Case)])
    return [
        Replay(each)
        if isinstance(each, ReplayOutcome)
        else _compared(row, _judged(each, row, runs))
        for row, each in zip(decisions, again, strict=True)
    ]


def _again(
    rulebooks: Rulebooks, row: Decision, rulesets: Mapping[str, Ruleset]
) -> Case | ReplayOutcome:
    """What is decided before the run is judged, or why nothing can be."""
    if row.basis is None:
        return ReplayOutcome.NOT_KEPT
    try:
        basis = read(row.basis, row.merchant_id, row.store_id)
    except Damaged:
        return ReplayOutcome.NOT_KEPT
    if basis is None:
        return ReplayOutcome.OTHER_VERSION
    listing, pricing = (
        rulebooks.compile(rulesets[id_]) if id_ and id_ in rulesets else None
        for id_ in (row.listing_ruleset_id, row.ruleset_id)
    )
    rulebook = Rulebook(listing, pricing, basis.guardrails)
    known = Known(basis.listing, basis.product, basis.offers, basis.answer)
    return decide_all(basis.store, rulebook, [known], basis.now, basis.trigger)[0]


async def _runs(scope: Scope, cases: Sequence[Case]) -> list[Run]:
    """The runs that judged cases, and those that people answered for."""
    answered = {case.listing.held.run_id for case in cases if case.listing.held}
    moving = [case.decision for case in cases if case.moves_price]
    where = AllOf(
        (
            Is("store_id", "in", list({each.store_id for each in moving})),
            Is("started_at", "in", list({each.decided_at for each in moving})),
        )
    )
    found = await RUNS.find(scope, where) if moving else []
    return [*found, *(await RUNS.get_many(scope, answered)).values()] if answered else found


def _judged(case: Case, row: Decision, runs: Iterable[Run]) -> Decision:
    """The decision once its run was judged: the run of its moment, of several the one that it names."""
    own, held = (case.decision.store_id, case.decision.decided_at), case.listing.held
    if case.is_answered and held:
        found = [run for run in runs if run.id == held.run_id]
    else:
        found = [run for run in runs if (run.store_id, run.started_at) == own]
    run = min(found, key=lambda run: run.id != row.run_id, default=None)
    if run is None:
        return case.decision
    # People may have answered since; a run broke limits or did not from its beginning.
    status = RunStatus.HELD if run.breaches else RunStatus.PASSED
    return as_judged(case, replace(run, status=status)).decision


def _compared(row: Decision, again: Decision) -> Replay:
    if content_bytes(row) == content_bytes(again):
        return Replay(ReplayOutcome.SAME)
    return Replay(ReplayOutcome.DIFFERENT, tuple(_differences(content(row), content(again), "")))


def _differences(recorded: Any, again: Any, path: str) -> Iterator[Difference]:
    inside: Iterable[tuple[Any, Any, Any]]
    if isinstance(recorded, dict) and isinstance(again, dict):
        inside = ((key, recorded.get(key), again.get(key)) for key in recorded | again)
    elif isinstance(recorded, list | tuple) and isinstance(again, list | tuple):
        pairs = zip_longest(recorded, again)
        inside = ((place, one, other) for place, (one, other) in enumerate(pairs))
    else:
        one, other = _told(recorded), _told(again)
        if one != other:
            yield Difference(path, one, other)
        return
    for key, one, other in inside:
        yield from _differences(one, other, f"{path}.{key}" if path else str(key))


def _told(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
