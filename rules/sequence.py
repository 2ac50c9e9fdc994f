"""The rules of a pricing document, one after the other, and what became of each (behaviour 14.7)."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.decision import RuleVerdict
from rules.amounts import adjusted, told
from rules.conditions import explain
from rules.facts import Facts
from rules.following import Surroundings, follow
from rules.language import Intelligent, Rule, RulesetDocument, Shape, Standard
from rules.running import Running


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
    verdicts: list[RuleVerdict] = field(default_factory=list)


def run_rules(
    running: Running,
    document: RulesetDocument | None,
    facts: Facts,
    matched: frozenset[str],
    local: datetime,
    around: Surroundings,
) -> Course:
    """The course of the price through all rules, `local` being the store's own time."""
    course = Course(running, Shape() if document is None else document.shape)
    for rule in in_order(document):
        conditions = None if rule.when is None else explain(rule.when, facts)
        held = conditions is None or conditions.holds
        if rule.active and held != (rule.key in matched):
            raise EngineDisagrees(f"rule {rule.key}: engine says {not held}, conditions say {held}")
        obstacle = _obstacle(rule, course, local, held=held)
        note = obstacle or _apply(rule, course, around)
        course.verdicts.append(
            RuleVerdict(rule.key, rule.priority, obstacle is None, note, conditions)
        )
    return course


def in_order(document: RulesetDocument | None) -> list[Rule]:
    """Rules as they run: by priority, then those without one; equals in the order of the document."""
    if document is None:
        return []
    return sorted(document.rules, key=lambda rule: (rule.priority is None, rule.priority or 0))


def _obstacle(rule: Rule, course: Course, local: datetime, *, held: bool) -> str | None:
    """Why a rule does not run; None where it does."""
    if not rule.active:
        return "The rule is switched off"
    if out_of_season := rule.schedule.obstacle(local):
        return out_of_season
    if not held:
        return "Its conditions do not hold"
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
