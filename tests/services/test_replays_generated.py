"""What a decision keeps is enough to make it again, whatever it was made from. NIGHTLY=1 tries ten thousand."""

import os
from dataclasses import replace

import bson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.decision import Decision
from domain.replay import Replay, ReplayOutcome
from domain.run import Breach, Run, RunLimit, RunStatus
from domain.store import Store
from rules.conditions import ReferenceMatcher
from services.consequences import as_judged
from services.decisions import Case, Known, decide_all, keep_bases
from services.replays import _again, _compared, _judged
from services.rulebooks import Rulebook, Rulebooks
from storage.mongo import from_document, to_document
from tests.rules.given import NOW
from tests.services import worlds

_COUNT = 10_000 if os.environ.get("NIGHTLY") else 80


@settings(
    max_examples=_COUNT,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(worlds.worlds(), worlds.rulebooks(), st.sampled_from(["BY_HAND", None]), st.booleans())
def test_what_a_decision_keeps_decides_it_again_to_the_same_bytes(
    world: tuple[Store, Known], rulebook: Rulebook, trigger: str | None, is_held: bool
) -> None:
    store, known = world
    run = a_run("judging", is_held=is_held)
    judging = replace(run, status=RunStatus.HELD if is_held else RunStatus.PASSED)
    (case,) = keep_bases(store, rulebook, decide_all(store, rulebook, [known], NOW, trigger))
    written = as_judged(case, judging).decision
    document = bson.decode(bson.encode(to_document(written)))
    recorded = from_document(Decision, document)
    rulesets = {
        rules.ruleset.id: rules.ruleset for rules in (rulebook.listing, rulebook.pricing) if rules
    }

    again = _again(Rulebooks(ReferenceMatcher), recorded, rulesets)

    assert isinstance(again, Case)
    assert _compared(recorded, _judged(again, recorded, [a_run("run"), run])) == Replay(
        ReplayOutcome.SAME
    )
    # What was decided of it, and when to look again, is the same too.
    assert (again.eligibility, again.verdict) == (case.eligibility, case.verdict)
    assert (again.moves_price, again.is_answered) == (case.moves_price, case.is_answered)


def a_run(id_: str, *, is_held: bool = False) -> Run:
    """A run that people answered since."""
    breaches = (Breach(RunLimit.TOTAL_FALL, "too far"),) if is_held else ()
    status = RunStatus.RESUMED if is_held else RunStatus.UNDONE
    return Run(id_, "merchant", "store", status, breaches, {}, 1, 0, 0, NOW, NOW, NOW)
