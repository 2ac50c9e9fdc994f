"""The rules of a pricing document, one after the other, and what became of each (behaviour 14.7)."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.decision import RuleOutcome
from rules.amounts import adjusted, told
from rules.facts import Facts
from rules.following import Surroundings, follow
from rules.language import Intelligent, Rule, RulesetDocument, Shape, Standard
from rules.running import Running
from rules.truth import truths_of

NOT_HELD = "Its conditions do not hold"
SWITCHED_OFF = "The rule is switched off"


class EngineDisagrees(RuntimeError):
    """The rule engine and the reference evaluator differ on a rule, so no price can be justified. Always a bug."""


@dataclass(slots=True)
class Course:
    """How far the rules have come, and why later ones no longer run."""

    running: Running
    shape: Shape
    """How the price is to be finished, as the document and the last rules to speak of it say."""
    stopped: str | None = None
    followed: str | None = None
    """The one intelligent rule that counts."""
    outcomes: list[RuleOutcome] = field(default_factory=list)


def run_rules(
    running: Running,
    document: RulesetDocument | None,
    matched: frozenset[str],
    local: datetime,
    around: Surroundings,
) -> Course:
    """The course of the price through the rules that match, `local` being the store's own time."""
    if document is None:
        return Course(running, Shape())
    course = Course(running, document.shape)
    places = document.places
    for place in sorted(places[key] for key in matched & places.keys()):
        rule = document.in_order[place]
        obstacle = _obstacle(rule, course, local)
        note = obstacle or _apply(rule, course, around)
        course.outcomes.append(RuleOutcome(rule.key, rule.priority, obstacle is None, note))
    return course


def check(document: RulesetDocument, facts: Facts, matched: frozenset[str]) -> None:
    """Hold what the engine says of all rules against their conditions.

    Raises:
        EngineDisagrees: a rule matches that should not, or one that should does not.
    """
    if unknown := matched - document.places.keys():
        raise EngineDisagrees(f"rules {sorted(unknown)}: engine says True, and none is active")
    holding = truths_of(document).holding(facts)
    if wrong := sorted(matched ^ holding):
        told = (
            f"rule {key}: engine says {key in matched}, conditions say {key in holding}"
            for key in wrong
        )
        raise EngineDisagrees("; ".join(told))


def _obstacle(rule: Rule, course: Course, local: datetime) -> str | None:
    """Why a rule whose conditions hold does not run; None where it does."""
    if out_of_season := rule.schedule.obstacle(local):
        return out_of_season
    if course.followed and isinstance(rule.action, Intelligent) and not course.stopped:
        return f"Rule {course.followed} was the one that looks for a competitor"
    return course.stopped


def _apply(rule: Rule, course: Course, around: Surroundings) -> str:
    """Run a rule on the course and say what it did."""
    note = "It applied"
    if isinstance(rule.action, Standard):
        adjust = rule.action.adjust
        after = adjusted(course.running.price, adjust)
        course.running = course.running.step("RULE", told(adjust), after, rule_key=rule.key)
    elif isinstance(rule.action, Intelligent):
        course.followed = rule.key
        followed = follow(course.running, rule.key, rule.action, around)
        course.running, note = followed.running, followed.note
        if followed.running.is_kept:
            course.stopped = "The current price was taken, which later rules already shaped"
    else:
        raise TypeError(f"rule {rule.key} is no pricing rule")
    course.shape = rule.shape.over(course.shape)
    if rule.stop and rule.priority is not None:
        course.stopped = f"Rule {rule.key} stopped the rules after it"
    return note
