"""Where in the text of a document its rules and their conditions stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.source import Items, Mapping, Node, Place, Scalar, read


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A rule's own place, and those of its conditions in their order."""

    start: Place
    conditions: tuple[Place, ...]


def places(source: str) -> dict[str, RulePlace]:
    """The place of every rule of a document by its key.

    Raises:
        DocumentInvalid: the text is no document.
    """
    rules = _value(read(source), "rules")
    found = {}
    for item in rules.items if isinstance(rules, Items) else ():
        key, when = _value(item, "key"), _value(item, "when")
        if isinstance(key, Scalar):
            conditions = () if when is None else tuple(_conditions(when))
            found[key.text] = RulePlace(item.place, conditions)
    return found


def _value(node: Node, key: str) -> Node | None:
    if not isinstance(node, Mapping):
        return None
    return next((value for name, value in node.entries if name.text == key), None)


def _conditions(node: Node) -> Iterator[Place]:
    """The mappings that name a fact."""
    if isinstance(node, Mapping):
        if _value(node, "fact") is not None:
            yield node.place
            return
        for _, value in node.entries:
            yield from _conditions(value)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _conditions(item)
