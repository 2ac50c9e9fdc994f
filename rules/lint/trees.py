"""Trees of conditions without negation, whose comparisons are numbered so that many can be compared fast."""

from dataclasses import dataclass, field

from rules.alternatives import Literal
from rules.language import Leaf, Quantifier, When
from rules.lint.literals import variable_of


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A comparison that must be true, or false."""

    number: int
    variable: str
    literal: Literal


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Trees of which all must be true, or one."""

    is_all: bool
    children: tuple["Tree", ...]


Tree = Atom | Joined


@dataclass(slots=True)
class Forest:
    """The trees of one document."""

    atoms: list[Atom] = field(default_factory=list)
    """By their numbers."""
    _numbers: dict[Literal, Atom] = field(default_factory=dict)
    _trees: dict[tuple[int, bool], tuple[When, Tree]] = field(default_factory=dict)

    def tree(self, when: When, *, is_negated: bool = False) -> Tree:
        """Conditions that must be true or, negated, false. The same object gives the same tree."""
        key = (id(when), is_negated)
        if key not in self._trees:
            # The conditions are kept with it, so that no other object can come to have their id.
            self._trees[key] = (when, self._made(when, is_negated=is_negated))
        return self._trees[key][1]

    def _made(self, when: When, *, is_negated: bool) -> Tree:
        if isinstance(when, Leaf):
            return self._atom(Literal(when, is_negated))
        negates = when.quantifier in {Quantifier.NONE, Quantifier.NOT_ALL}
        joins_all = when.quantifier in {Quantifier.ALL, Quantifier.NONE}
        children = tuple(
            self._made(child, is_negated=negates is not is_negated) for child in when.children
        )
        return Joined(joins_all is not is_negated or len(children) == 1, children)

    def _atom(self, literal: Literal) -> Atom:
        atom = self._numbers.get(literal)
        if atom is None:
            atom = Atom(len(self.atoms), variable_of(literal.leaf.fact), literal)
            self._numbers[literal] = atom
            self.atoms.append(atom)
        return atom
