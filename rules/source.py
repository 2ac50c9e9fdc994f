"""The text of a rule document as a tree of nodes that know their place.

The text is YAML 1.2 of the plain kind, and so JSON too: mappings, sequences and scalars, nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import yaml

from domain.errors import InvalidInput

MAX_BYTES = 256 * 1024
MAX_DOCUMENTS = 20
"""In one file."""
MAX_NESTING = 24
"""Levels of mappings and sequences; the language itself needs 13."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Mark(Protocol):
    """Where the parser is, counted from 0; its two implementations have no type in common."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class DocumentError:
    """One mistake in a rule document. Lines and columns count from 1."""

    line: int
    column: int
    path: str
    """Where in the document, such as ``rules[2].when.all[0].gte``; empty for the document as a whole."""
    message: str
    """What is wrong and what would be right."""

    def __str__(self) -> str:
        where = f", {self.path}" if self.path else ""
        return f"line {self.line}, column {self.column}{where}: {self.message}"

    def moved(self, lines: int) -> "DocumentError":
        """The same mistake, so many lines further down."""
        return replace(self, line=self.line + lines)


class DocumentInvalid(InvalidInput):
    """A rule document that cannot be used, with all of its mistakes, in the order of the text."""

    def __init__(self, errors: tuple[DocumentError, ...]) -> None:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{errors[0]}{more}", field=("source",), code="INVALID_DOCUMENT")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node starts, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as written; what it means depends on where it stands."""

    text: str
    is_plain: bool
    """Written without quotes."""
    place: Place


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping. Keys are scalars; one that comes twice is still there twice."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    place: Place


Node = Scalar | Items | Mapping


def read(text: str) -> Node:
    """The tree of a document.

    Raises:
        DocumentInvalid: not YAML, too large or too deep, more than one document, or an anchor, alias or tag.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _invalid(Place(1, 1), f"The document is larger than {MAX_BYTES // 1024} KiB")
    try:
        return _document(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        problem = error.problem or error.context or ""
        raise _invalid(place, _told(text, place, problem)) from error
    except yaml.YAMLError as error:
        raise _invalid(Place(1, 1), f"This is not valid YAML: {_first_line(error)}") from error
    except UnicodeError as error:
        raise _invalid(Place(1, 1), "The text holds characters that no text may hold") from error


@dataclass(frozen=True, slots=True)
class Part:
    """The text of one document of a file, and the line of the file on which it starts."""

    text: str
    first_line: int


def split(text: str) -> tuple[Part, ...]:
    """The documents of a file, divided by lines of ``---``; parts without content are left out.

    Raises:
        DocumentInvalid: larger than all of a file may be, or nothing in it.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_DOCUMENTS * MAX_BYTES:
        raise _invalid(Place(1, 1), "The file is too large")
    parts: list[Part] = []
    lines: list[str] = []
    first = 1
    pieces = _LINES.split(text)
    for number, line in enumerate(zip(pieces[::2], [*pieces[1::2], ""], strict=True), 1):
        if _DIVIDER.match(line[0]) and any(map(_has_content, lines)):
            parts.append(Part("".join(lines), first))
            lines, first = [], number
        lines.append("".join(line))
    if any(map(_has_content, lines)):
        parts.append(Part("".join(lines), first))
    if not parts:
        raise _invalid(Place(1, 1), "The document is empty")
    if len(parts) > MAX_DOCUMENTS:
        raise _invalid(Place(1, 1), f"A file can have {MAX_DOCUMENTS} documents")
    return tuple(parts)


_LINES = re.compile("(\r\n|[\n\r\x85\u2028\u2029])")
_DIVIDER = re.compile(r"---(\s|$)")
_NO_CONTENT = re.compile(r"(---|\.\.\.)?\s*(#.*)?|%.*")


def _has_content(line: str) -> bool:
    return not _NO_CONTENT.fullmatch(line.strip())


def _document(events: Iterator[yaml.Event]) -> Node:
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent) and root is not None:
            raise _invalid(
                _place(event.start_mark), "Only one document is allowed; remove the second"
            )
        if isinstance(event, yaml.NodeEvent):
            root = _node(event, events, 1)
    if root is None:
        raise _invalid(Place(1, 1), "The document is empty")
    return root


def _node(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
    """The node that starts with an event; takes the rest of it from the stream."""
    place = _place(event.start_mark)
    _refuse_references(event, place)
    if depth > MAX_NESTING:
        raise _invalid(place, "This is nested too deeply")
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, event.style is None or event.style == "", place)
    if isinstance(event, yaml.SequenceStartEvent):
        return Items(tuple(_nodes(events, depth + 1)), place)
    nodes = list(_nodes(events, depth + 1))
    entries = []
    for key, value in zip(nodes[::2], nodes[1::2], strict=True):
        if not isinstance(key, Scalar):
            raise _invalid(key.place, "A key must be a single word")
        entries.append((key, value))
    return Mapping(tuple(entries), place)


def _nodes(events: Iterator[yaml.Event], depth: int) -> Iterator[Node]:
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            return
        yield _node(event, events, depth)


def _refuse_references(event: yaml.Event, place: Place) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise _invalid(
            place, "Anchors and aliases (& and *) are not allowed; write the value out, or quote it"
        )
    if getattr(event, "tag", None) is not None:
        raise _invalid(place, "Tags (!) are not allowed; leave the tag out, or quote the value")


def _place(mark: _Mark | None) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _invalid(place: Place, message: str) -> DocumentInvalid:
    return DocumentInvalid((DocumentError(place.line, place.column, "", message),))


def _told(text: str, place: Place, problem: str) -> str:
    """What the parser says, with where to look: it finds out late that a line is indented wrongly."""
    lines = _LINES.split(text)[::2]
    if place.line <= len(lines) and "\t" in lines[place.line - 1][: place.column]:
        return "This line is indented with a tab; use spaces"
    return (
        f"This is not valid YAML: {problem}. Compare this line and those above it with an example: "
        "indentation, brackets, quotes"
    )


def _first_line(error: yaml.YAMLError) -> str:
    return str(error).partition("\n")[0]
