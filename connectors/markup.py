"""XML as marketplaces exchange it: elements and text, no document types."""

import re
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, XMLParser

_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold: one of them would spoil the whole document."""


class _NoDocumentType(TreeBuilder):
    """Builds elements. A document type is where entities come from that grow without bounds."""

    def doctype(self, name: str, *_: object) -> None:
        """Refuse one."""
        raise ValueError(f"a document type {name!r} is not taken")


def read(content: bytes) -> Element:
    """The root of a document.

    Raises:
        ValueError: it is not XML, or declares a document type.
    """
    parser = XMLParser(target=_NoDocumentType())  # noqa: S314 - without document types there are no entities
    try:
        parser.feed(content)
        root: Element = parser.close()
    except (ET.ParseError, LookupError) as error:
        raise ValueError(f"not XML: {error}") from error
    return root


def write(root: Element) -> bytes:
    """A document in UTF-8."""
    content: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return content


def add(parent: Element, name: str, value: object = None) -> Element:
    """A new element at the end of another one, with text or without; what XML cannot hold is left out."""
    element = SubElement(parent, name)
    if value is not None:
        element.text = _IMPOSSIBLE.sub("", str(value))
    return element


def text(element: Element, path: str) -> str | None:
    """The text at a path with something in it."""
    return (element.findtext(path) or "").strip() or None


def count(element: Element, path: str) -> int | None:
    """The whole number at a path."""
    found = text(element, path) or ""
    return int(found) if found.isascii() and found.isdigit() else None
