"""Finding items by identifier and by words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text, without regard to case: runs of letters and digits."""
    return _WORD.findall(text.casefold())


def _forms(kind: str, value: str) -> set[tuple[str, str]]:
    """Under which types an identifier is found: a UPC is an EAN with a zero before it, both are GTINs."""
    found = {(kind, value)}
    if kind in {"UPC", "EAN", "JAN"} and value.isdigit():
        found |= {("GTIN", value.zfill(14)), ("EAN", value.zfill(13))}
        if value.zfill(13).startswith("0"):
            found.add(("UPC", value.zfill(13)[1:]))
    return found


@dataclass(slots=True)
class CatalogIndex:
    """Which items carry an identifier, and which a word."""

    by_identifier: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    by_word: dict[str, set[str]] = field(default_factory=dict)

    def add(self, asin: str, text: str, identifiers: Iterable[tuple[str, str]]) -> None:
        """Index one item."""
        pairs = list(identifiers)
        for kind, value in [("ASIN", asin), *pairs]:
            for form in _forms(kind, value):
                self.by_identifier.setdefault(form, set()).add(asin)
        for word in words(" ".join([text, asin, *(value for _, value in pairs)])):
            self.by_word.setdefault(word, set()).add(asin)

    def with_identifier(self, kind: str, values: Iterable[str]) -> set[str]:
        """ASINs that carry any of the values."""
        return set().union(*(self.by_identifier.get((kind, value), ()) for value in values))

    def with_words(self, wanted: Iterable[str]) -> set[str]:
        """ASINs that carry every word; none without words."""
        sets = [self.by_word.get(word, set()) for word in wanted]
        return set.intersection(*sets) if sets else set()
