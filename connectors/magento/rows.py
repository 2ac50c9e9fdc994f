"""Rows of a CSV file with the numbers of their lines, one after the other, whatever is wrong with some."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from domain.errors import InvalidInput

MAX_ROW_BYTES = 2 * 1024 * 1024
"""A longer row is an error. Magento's longest texts stay well below it; a quote that is never closed does not."""

# The module's own limit of 128 KiB is less than a long description or a parent's list of variations.
# The setting is the process's, so it is raised once and left to `MAX_ROW_BYTES` to bound what comes in.
csv.field_size_limit(MAX_ROW_BYTES)

_BOM = b"\xef\xbb\xbf"

# The csv module would take a quote within a cell that is not quoted. No writer leaves one there; the rest
# of a torn row does, and must not pass for a row.
_ROW = re.compile(
    r"""(?:"(?:[^"]|"")*+"|[^",\r\n]*+)(?:,(?:"(?:[^"]|"")*+"|[^",\r\n]*+))*+[\r\n]*"""
)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of one row; `line` is the number of its first line in the file, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """Text from `line` on that makes no row, and why."""

    line: int
    message: str


class _Malformed(Exception):
    """These lines are no row."""


class RowReader:
    """Reads rows from a stream without seeking, so that a pipe will do.

    A row ends at the first line end outside quotes. Where a row cannot be read, reading goes on at the
    next line that starts one of the right width: a lost quote costs its own row and not those after it.
    """

    def __init__(self, stream: IO[bytes] | IO[str]) -> None:
        # A text stream over bytes would raise at the first bad byte and end the reading.
        self._stream: IO[bytes] | IO[str] = getattr(stream, "buffer", stream)
        self._ahead: deque[bytes] = deque()
        self._line = 1
        self.position = 0
        """How much of the stream has been read: bytes, or characters of a stream of text."""

    def header(self) -> list[str]:
        """Names of the columns, from the first line.

        Raises:
            InvalidInput: the file is empty or does not start as UTF-8 text in CSV does.
        """
        lines = self._record()
        if not lines:
            raise InvalidInput("The file is empty; its first line must name the columns.")
        lines[0] = lines[0].removeprefix(_BOM)
        try:
            return [name.strip() for name in _cells(lines)]
        except _Malformed as error:
            raise InvalidInput(f"The first line does not name columns: {error}") from None

    def rows(self, width: int) -> Iterator[Row | BadRow]:
        """The rows after the header, each of `width` cells; rows without any content are left out."""
        while True:
            line = self._line
            lines = self._record()
            if not lines:
                return
            try:
                cells = _cells(lines)
                if any(cells):
                    _check_width(cells, width)
                    yield Row(line, cells)
            except _Malformed as error:
                yield BadRow(line, str(error))
                self._resume(lines[1:], width)

    def _record(self) -> list[bytes]:
        """Lines up to the first line end outside quotes; none at the end of the file."""
        lines: list[bytes] = []
        quotes = size = 0
        while line := self._take():
            lines.append(line)
            quotes += line.count(b'"')
            size += len(line)
            if quotes % 2 == 0 or size > MAX_ROW_BYTES:
                break
        return lines

    def _resume(self, lines: list[bytes], width: int) -> None:
        """Of the lines that a bad row swallowed, drop those before the next good row."""
        self._give_back(lines)
        for _ in lines:
            candidate = self._record()
            self._give_back(candidate)
            if _is_row(candidate, width):
                return
            self._take()

    def _take(self) -> bytes:
        """The next line with its end; of a line beyond all measure only the beginning."""
        if self._ahead:
            line = self._ahead.popleft()
        else:
            line = rest = self._read()
            while len(rest) > MAX_ROW_BYTES and not rest.endswith(b"\n"):
                rest = self._read()
        if line:
            self._line += 1
        return line

    def _give_back(self, lines: list[bytes]) -> None:
        self._line -= len(lines)
        self._ahead.extendleft(reversed(lines))

    def _read(self) -> bytes:
        part = self._stream.readline(MAX_ROW_BYTES + 1)
        self.position += len(part)
        return part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")


def _cells(lines: list[bytes]) -> list[str]:
    raw = b"".join(lines)
    if len(raw) > MAX_ROW_BYTES:
        raise _Malformed(
            f"the row is longer than {MAX_ROW_BYTES} bytes; most likely a quote is opened here and never closed"
        )
    if b"\0" in raw:
        raise _Malformed("the row contains a NUL byte; the file must be UTF-8 text")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        bad = raw[error.start]
        raise _Malformed(
            f"byte 0x{bad:02X} is not UTF-8; save the file in the encoding UTF-8"
        ) from None
    if not _ROW.fullmatch(text):
        raise _Malformed(
            "the cells cannot be told apart; a cell that holds a comma, a quote or a line end stands "
            'in double quotes, and a quote in it is written twice, as in "5"" pot"'
        )
    return next(csv.reader([text]), [])


def _check_width(cells: list[str], width: int) -> None:
    if len(cells) != width:
        raise _Malformed(f"the row has {len(cells)} cells where the first line names {width}")


def _is_row(lines: list[bytes], width: int) -> bool:
    try:
        return len(_cells(lines)) == width
    except _Malformed:
        return False
