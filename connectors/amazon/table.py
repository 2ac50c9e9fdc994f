"""Tables with tabs, the form of Amazon's flat files."""

from collections.abc import Collection, Iterator, Mapping
from itertools import zip_longest

from connectors.amazon.operations import GET_REPORT_DOCUMENT
from connectors.errors import Unreadable

Row = Mapping[str, str]


def decoded(content: bytes, charset: str) -> str:
    """The text of a document; a charset that is none of text is taken for Cp1252."""
    try:
        return content.decode(charset, errors="replace").removeprefix("\ufeff")
    except (LookupError, ValueError):
        return content.decode("cp1252", errors="replace")


def rows(
    table: str, needed: Collection[str], *, cut_short: bool = False
) -> Iterator[tuple[int, Row | None]]:
    """Numbered lines by column; None for one that has too many cells, or not those that are needed.

    Where lines may be `cut_short`, the cells that they lack are empty ones.

    Raises:
        Unreadable: a column that is needed is not there.
    """
    # Not splitlines: names hold characters that it takes for the end of a line.
    lines = table.replace("\r\n", "\n").split("\n")
    header = [name.strip().strip('"').lower() for name in lines[0].split("\t")]
    if missing := {*needed} - {*header}:
        raise Unreadable(
            f"The report has no column {', '.join(sorted(missing))}",
            operation=GET_REPORT_DOCUMENT.name,
        )
    width = len(header)
    least = 1 if cut_short else max(map(header.index, needed)) + 1
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if line and least <= len(cells) <= width:
            yield number, dict(zip_longest(header, cells, fillvalue=""))
        elif line:
            yield number, None
