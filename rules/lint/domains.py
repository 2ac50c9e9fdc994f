"""What one variable of a listing can be, given all that conditions ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from domain.marketplace import MARKETPLACES
from domain.money import Money
from rules.alternatives import Literal
from rules.conditions import category_names, folded, leaf_holds
from rules.facts import (
    ATTRIBUTE,
    DATE,
    OPTIONS,
    PRICE,
    FactKind,
    Facts,
    Value,
    definition_of,
)
from rules.language import Leaf, Operator
from rules.lint.effort import Effort
from rules.lint.literals import values_of, wanted_when_known
from rules.lint.numbers import numbers
from rules.lint.seasons import ANY_DAY
from rules.lint.texts import Found, days, several, texts
from rules.lint.trees import Forest

Raw = Value | None
"""What a variable is set to: for attributes their text, for prices a decimal; None is not known."""

_ALWAYS_KNOWN = frozenset(
    "sku productType enabled stock managesStock country sellerSku condition fulfilment".split()
)
"""What every listing of the catalogue has."""
_WHOLE = frozenset({"quantity", "competitorCount"})
_NEVER_NEGATIVE = frozenset({"quantity", "competitorCount", "buyBoxPrice", "lowestPrice"})
_NO_NUMBER = "n/a"
"""A text that is neither number nor date."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Some values that a variable can take, the most ordinary first."""

    values: tuple[Raw, ...]
    is_all: bool
    """Where there are none, it was shown that none can be."""

    @property
    def is_impossible(self) -> bool:
        """Whether no value satisfies everything that is asked."""
        return not self.values and self.is_all


@dataclass(slots=True)
class Domains:
    """Domains, each worked out once."""

    effort: Effort
    forest: Forest = field(default_factory=Forest)
    """Gives the comparisons their numbers."""
    _known: dict[frozenset[int], Domain] = field(default_factory=dict)

    def of(self, variable: str, numbers: frozenset[int]) -> Domain:
        """What a variable can be of which all comparisons of some numbers are asked."""
        self.effort.spend(1)
        found = self._known.get(numbers)
        if found is None:
            literals = frozenset(self.forest.atoms[number].literal for number in numbers)
            self.effort.spend(20 + sum(20 + 5 * len(values_of(each.leaf)) for each in literals))
            found = self._known[numbers] = _domain(variable, literals)
        return found


def _domain(variable: str, literals: frozenset[Literal]) -> Domain:
    found = _values(variable, wanted_when_known(sorted(literals, key=repr)))
    values: list[Raw] = [*found.values]
    if variable.startswith(ATTRIBUTE):
        values.append(_NO_NUMBER)
    if variable not in _ALWAYS_KNOWN:
        values.append(None)
    fitting = [value for value in values if _satisfies(variable, value, literals)]
    return Domain(tuple(dict.fromkeys(fitting)), found.is_all)


def _values(variable: str, leaves: Sequence[Leaf]) -> Found:
    """Values that are known and may do."""
    if any(_forbids_knowing(leaf, variable) for leaf in leaves):
        return Found([], is_all=True)
    if variable.startswith(ATTRIBUTE):
        return _attribute(leaves)
    definition = definition_of(variable)
    match definition and definition.kind:
        case FactKind.FLAG:
            found = Found([True, False], is_all=True)
        case FactKind.CATEGORY:
            found = several(leaves, category_names)
        case FactKind.NUMBER | FactKind.MONEY:
            is_price = variable.startswith(PRICE) or variable in _NEVER_NEGATIVE
            least = Decimal(0) if is_price else None
            found = Found(numbers(leaves, least, is_whole=variable in _WHOLE), is_all=True)
        case FactKind.TEXT:
            named = definition.choices if definition else ()
            found = texts(leaves, tuple(MARKETPLACES) if variable == "country" else named)
        case _:
            found = Found([], is_all=False)
    return found


def _forbids_knowing(leaf: Leaf, variable: str) -> bool:
    """Whether the value must not exist. A text that is no date does not exist as a date, but is known."""
    is_same = leaf.fact == variable or variable.startswith(PRICE)
    return is_same and leaf.operator is Operator.EXISTS and leaf.value is False


def _attribute(leaves: Sequence[Leaf]) -> Found:
    """Texts of an attribute, which conditions may read as text, number, day or options at the same time."""
    by_reading: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        by_reading.setdefault(_reading(leaf), []).append(leaf)
    by_reading.pop("any", None)
    found: list[Found] = [_read_as(reading, each) for reading, each in by_reading.items()]
    if not found:
        return Found(["example"], is_all=True)
    is_all = len(found) == 1 and found[0].is_all
    return Found([value for each in found for value in each.values], is_all=is_all)


def _reading(leaf: Leaf) -> str:
    if leaf.fact.startswith(DATE):
        return DATE
    if leaf.fact.startswith(OPTIONS):
        return OPTIONS
    if isinstance(leaf.value, bool):
        return "any"
    return "number" if isinstance(values_of(leaf)[0], Decimal) else "text"


def _read_as(reading: str, leaves: Sequence[Leaf]) -> Found:
    if reading == DATE:
        return days(leaves, ANY_DAY)
    if reading == OPTIONS:
        options = several(leaves, _option_names)
        joined = ["|".join(each) for each in options.values if isinstance(each, tuple)]
        return Found(joined, is_all=options.is_all)
    if reading == "number":
        return Found([format(value, "f") for value in numbers(leaves)], is_all=True)
    return texts(leaves)


def _option_names(options: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(folded, options))


def _satisfies(variable: str, value: Raw, literals: frozenset[Literal]) -> bool:
    facts = _facts(variable, value)
    is_price = variable.startswith(PRICE)
    for each in literals:
        leaf = Leaf("price", each.leaf.operator, each.leaf.value) if is_price else each.leaf
        if leaf_holds(leaf, facts) is each.is_negated:
            return False
    return True


def _facts(variable: str, value: Raw) -> Facts:
    """Facts of which only one variable is known. A price is asked as `price`, since it may have any decimals here."""
    if value is None:
        return Facts({})
    if variable.startswith(ATTRIBUTE):
        return Facts({}, attributes={variable.removeprefix(ATTRIBUTE): str(value)})
    return Facts({"price" if variable.startswith(PRICE) else variable: value})


def money(value: Raw, currency: str) -> Money | None:
    """An amount as a price of a currency; None where it is none, or has more decimals than the currency."""
    if not isinstance(value, Decimal):
        return None
    try:
        return Money.parse(value, currency)
    except ValueError:
        return None
