"""Looks for a listing of which several trees of conditions are true, or shows that there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules.language import Leaf
from rules.lint.domains import Domain, Domains
from rules.lint.trees import Atom, Joined, Tree

MOST_STEPS = 3000
"""Branches after which one search gives up."""

Asked = dict[str, frozenset[int]]
"""The numbers of the comparisons that are asked of each variable."""


@dataclass(slots=True)
class Search:
    """One search. Conditions that are ignored may be true or false."""

    domains: Domains
    trees: Sequence[Tree]
    ignored: frozenset[Leaf] = frozenset()
    was_sure: bool = True
    """False where something was left open, so that finding nothing shows nothing."""
    _steps: int = field(default=MOST_STEPS)

    def solutions(self) -> Iterator[dict[str, Domain]]:
        """What each variable can be, in one way after another; variables of which nothing is asked are left out."""
        states: list[tuple[list[Tree], list[Joined], Asked]] = [(list(self.trees), [], {})]
        while states:
            pending, clauses, asked = states.pop()
            self.domains.effort.spend(5)
            if not self._settles(pending, clauses, asked):
                continue
            clause = self._next(clauses, asked)
            if clause is None:
                yield {name: self.domains.of(name, each) for name, each in asked.items()}
                continue
            self._steps -= len(clause.children)
            if self._steps < 0:
                self.was_sure = False
                return
            states += [([child], clauses.copy(), asked.copy()) for child in clause.children[::-1]]

    def shows_impossible(self) -> bool:
        """Whether it is shown that there is no solution."""
        return next(self.solutions(), None) is None and self.was_sure

    def _settles(self, pending: list[Tree], clauses: list[Joined], asked: Asked) -> bool:
        """Ask everything that must be so; False where that cannot be."""
        while pending:
            tree = pending.pop()
            if isinstance(tree, Joined):
                if tree.is_all:
                    pending += tree.children
                else:
                    clauses.append(tree)
            elif not self._asks(tree, asked):
                return False
        return True

    def _asks(self, atom: Atom, asked: Asked) -> bool:
        before = asked.get(atom.variable, frozenset())
        if atom.number in before or (self.ignored and atom.literal.leaf in self.ignored):
            return True
        now = asked[atom.variable] = before | {atom.number}
        domain = self.domains.of(atom.variable, now)
        if not domain.values and not domain.is_all:
            self.was_sure = False
        return bool(domain.values)

    def _next(self, clauses: list[Joined], asked: Asked) -> Joined | None:
        """The shortest clause that is not true already; taken out of the list. None where all are true."""
        open_ones = []
        for clause in clauses:
            self.domains.effort.spend(1 + len(clause.children) // 4)
            if not any(self._is_asked(each, asked) for each in clause.children):
                open_ones.append(clause)
        clauses[:] = open_ones
        if not clauses:
            return None
        shortest = min(range(len(clauses)), key=lambda index: len(clauses[index].children))
        return clauses.pop(shortest)

    def _is_asked(self, tree: Tree, asked: Asked) -> bool:
        if isinstance(tree, Joined):
            return False
        is_ignored = bool(self.ignored) and tree.literal.leaf in self.ignored
        return is_ignored or tree.number in asked.get(tree.variable, ())
