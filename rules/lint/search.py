"""Looks for a listing of which several trees of conditions are true, or shows that there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules.alternatives import Literal
from rules.language import Leaf, Quantifier, When
from rules.lint.domains import Domain, Domains
from rules.lint.literals import variable_of

MOST_STEPS = 3000
"""Branches after which one search gives up."""

Asked = dict[str, frozenset[Literal]]
"""What is asked of each variable."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A tree of conditions that must be true, or false."""

    when: When
    is_negated: bool = False


@dataclass(slots=True)
class Search:
    """One search. Conditions that are ignored may be true or false."""

    domains: Domains
    demands: Sequence[Demand]
    ignored: frozenset[Leaf] = frozenset()
    was_sure: bool = True
    """False where something was left open, so that finding nothing shows nothing."""
    _steps: int = field(default=MOST_STEPS)

    def solutions(self) -> Iterator[dict[str, Domain]]:
        """What each variable can be, in one way after another; variables of which nothing is asked are left out."""
        states: list[tuple[list[Demand], list[list[Demand]], Asked]] = [
            (list(self.demands), [], {})
        ]
        while states:
            pending, clauses, asked = states.pop()
            self.domains.effort.spend(5 + len(clauses))
            if not self._settles(pending, clauses, asked):
                continue
            clause = self._next(clauses, asked)
            if clause is None:
                yield {name: self.domains.of(name, each) for name, each in asked.items()}
                continue
            self._steps -= len(clause)
            if self._steps < 0:
                self.was_sure = False
                return
            states += [([child], list(clauses), dict(asked)) for child in reversed(clause)]

    def shows_impossible(self) -> bool:
        """Whether it is shown that there is no solution."""
        return next(self.solutions(), None) is None and self.was_sure

    def _settles(self, pending: list[Demand], clauses: list[list[Demand]], asked: Asked) -> bool:
        """Ask everything that must be so; False where that cannot be."""
        while pending:
            demand = pending.pop()
            if isinstance(demand.when, Leaf):
                if not self._asks(Literal(demand.when, demand.is_negated), asked):
                    return False
                continue
            negates = demand.when.quantifier in {Quantifier.NONE, Quantifier.NOT_ALL}
            joins_all = demand.when.quantifier in {Quantifier.ALL, Quantifier.NONE}
            is_negated = negates is not demand.is_negated
            children = [Demand(child, is_negated) for child in demand.when.children]
            if joins_all is not demand.is_negated or len(children) == 1:
                pending += children
            else:
                clauses.append(children)
        return True

    def _asks(self, literal: Literal, asked: Asked) -> bool:
        if literal.leaf in self.ignored:
            return True
        name = variable_of(literal.leaf.fact)
        before = asked.get(name, frozenset())
        if literal in before:
            return True
        now = asked[name] = before | {literal}
        domain = self.domains.of(name, now)
        if not domain.values and not domain.is_all:
            self.was_sure = False
        return bool(domain.values)

    def _next(self, clauses: list[list[Demand]], asked: Asked) -> list[Demand] | None:
        """The shortest clause that is not true already; taken out of the list. None where all are true."""
        clauses[:] = [
            each for each in clauses if not any(self._is_asked(one, asked) for one in each)
        ]
        if not clauses:
            return None
        shortest = min(range(len(clauses)), key=lambda index: len(clauses[index]))
        return clauses.pop(shortest)

    def _is_asked(self, demand: Demand, asked: Asked) -> bool:
        if not isinstance(demand.when, Leaf):
            return False
        if demand.when in self.ignored:
            return True
        literal = Literal(demand.when, demand.is_negated)
        return literal in asked.get(variable_of(demand.when.fact), ())
