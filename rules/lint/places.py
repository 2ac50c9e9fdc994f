"""Where in a document its rules and their conditions stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.source import Items, Mapping, Node, Scalar, read


@dataclass(frozen=True, slots=True)
class Location:
    """A place of a document, as `DocumentError` tells it."""

    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A rule's own place, and those of its conditions in their order."""

    start: Location
    conditions: tuple[Location, ...]


def places(source: str) -> dict[str, RulePlace]:
    """The place of every rule of a document by its key.

    Raises:
        DocumentInvalid: the text is no document.
    """
    rules = _value(read(source), "rules")
    found = {}
    for index, item in enumerate(rules.items if isinstance(rules, Items) else ()):
        path = f"rules[{index}]"
        key, when = _value(item, "key"), _value(item, "when")
        if isinstance(key, Scalar):
            conditions = () if when is None else tuple(_conditions(when, f"{path}.when"))
            found[key.text] = RulePlace(_location(item, path), conditions)
    return found


def _value(node: Node, key: str) -> Node | None:
    if not isinstance(node, Mapping):
        return None
    return next((value for name, value in node.entries if name.text == key), None)


def _conditions(node: Node, path: str) -> Iterator[Location]:
    """The mappings that name a fact."""
    if isinstance(node, Mapping):
        if _value(node, "fact") is not None:
            yield _location(node, path)
            return
        for key, value in node.entries:
            yield from _conditions(value, f"{path}.{key.text}")
    elif isinstance(node, Items):
        for index, item in enumerate(node.items):
            yield from _conditions(item, f"{path}[{index}]")


def _location(node: Node, path: str) -> Location:
    return Location(node.place.line, node.place.column, path)
