"""Reading files of rule documents, and telling their mistakes by the lines of the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from cli.session import errors
from rules.document import DocumentError, DocumentInvalid, RulesetDocument, parse, parse_all
from rules.source import split


@dataclass(frozen=True, slots=True)
class Written:
    """One document of a file."""

    file: Path
    text: str
    """Its own part of the file."""
    lines_before: int
    """Lines of the file that stand before it."""
    document: RulesetDocument


def read_documents(files: Sequence[Path], consequence: str = "") -> list[Written]:
    """All documents of files. Where one has mistakes, all of them are told, with what follows, and the command ends."""
    found = [_read(file) for file in files]
    _end_where(None in found, consequence)
    return [written for each in found if each is not None for written in each]


def require_currency(documents: Sequence[Written], currency: str, consequence: str = "") -> None:
    """Tell the amounts that a store's currency does not have, with what follows, and end the command where there are any."""
    sound = [_suits(written, currency) for written in documents]
    _end_where(not all(sound), consequence)


def _read(file: Path) -> list[Written] | None:
    try:
        text = file.read_text(encoding="utf-8")
        parts = zip(split(text), parse_all(text), strict=True)
    except UnicodeDecodeError:
        errors.print(f"[red]{file}[/red]: not UTF-8 text")
        return None
    except DocumentInvalid as invalid:
        _tell(file, invalid.errors)
        return None
    return [Written(file, part.text, part.first_line - 1, document) for part, document in parts]


def _suits(written: Written, currency: str) -> bool:
    try:
        parse(written.text, currency=currency)
    except DocumentInvalid as invalid:
        _tell(written.file, [error.moved(written.lines_before) for error in invalid.errors])
        return False
    return True


def _tell(file: Path, mistakes: Sequence[DocumentError]) -> None:
    for mistake in mistakes:
        told = f"{file}:{mistake.line}:{mistake.column}: {mistake.message}"
        errors.print(told, highlight=False, markup=False, soft_wrap=True)


def _end_where(is_wrong: bool, consequence: str) -> None:
    if not is_wrong:
        return
    if consequence:
        errors.print(consequence)
    raise typer.Exit(1)
