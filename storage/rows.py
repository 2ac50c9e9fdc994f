"""Rows for reading: a domain value whose fields are made of its document when they are looked at.

Of a page most fields of most rows never are, and making a whole value of a document takes longer than decoding it.
Such a row is of the domain type and has its methods. It is for showing; what is made of it by `replace`, or arrives of
it in another process, is a whole value again.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from storage.mongo import reader, to_field

T = TypeVar("T")

_Put = Callable[[Any, Any], None]
_AS_IT_IS = {str, bool, bytes, datetime}
"""Types whose values the driver gives as they are wanted."""


class NotRead(AttributeError):
    """A field that was not asked of the database: a mistake of ours."""


def rows_of(
    kind: type[T], documents: Iterable[dict[str, Any]], read: Collection[str] | None = None
) -> list[T]:
    """The rows of documents, of which `read` names the fields; None where they are whole."""
    row, put_document, put_read, put_made = _lazy(cast("Any", kind))
    made = []
    for document in documents:
        if "_id" in document:
            document["id"] = document["_id"]
        one: Any = object.__new__(row)
        put_document(one, document)
        put_read(one, read)
        put_made(one, {})
        made.append(one)
    return made


@cache
def _lazy(kind: type) -> tuple[type, _Put, _Put, _Put]:
    """The class of the rows of a domain type, and what fills them."""
    hints = get_type_hints(kind)
    members: dict[str, Any] = {"__slots__": ("__dict__", "_read", "_made"), "__doc__": kind.__doc__}
    for field in dataclasses.fields(kind):
        members[field.name] = _field(field, hints[field.name])
    # `replace` calls the class of what it copies.
    members["__new__"] = lambda _, **fields: kind(**fields)
    members["__reduce__"] = lambda self: (
        _whole,
        (kind, {name: getattr(self, name) for name in hints}),
    )
    members["__repr__"] = lambda self: f"<row of {kind.__name__} {self.__dict__.get('_id', '')}>"
    row = type(kind.__name__, (kind,), members)
    slots = vars(row)
    return row, slots["__dict__"].__set__, slots["_read"].__set__, slots["_made"].__set__


def _whole(kind: type[T], fields: Mapping[str, Any]) -> T:
    return kind(**fields)


def _field(field: "dataclasses.Field[Any]", hint: Any) -> Any:
    """How a field is made of the document that holds it."""
    key, take = field.name, _maker(hint)
    if take is None:
        return _AsItIs(field)

    def made(self: Any) -> Any:
        known = self._made
        if key in known:
            return known[key]
        try:
            value = self.__dict__[key]
        except KeyError:
            return _absent(self, field)
        known[key] = taken = take(value)
        return taken

    return property(made)


class _AsItIs:
    """A field that the document has as it is wanted.

    A row's document is its `__dict__`, so Python finds the value there by itself, and asks here for what it lacks.
    """

    def __init__(self, field: "dataclasses.Field[Any]") -> None:
        self._field = field

    def __get__(self, row: Any, _: type) -> Any:
        return self if row is None else _absent(row, self._field)


def _absent(row: Any, field: "dataclasses.Field[Any]") -> Any:
    """What a document lacks that was written before the field was there."""
    if row._read is not None and field.name not in row._read:  # noqa: SLF001 - our own class
        raise NotRead(f"`{field.name}` of {type(row).__name__}")
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        # Of this kind, so that whatever prints a row goes on.
        raise AttributeError(f"The document of {type(row).__name__} lacks `{field.name}`.")
    return field.default


def _maker(hint: Any) -> Callable[[Any], Any] | None:
    """How a value of a type is made; None where it is the document's own."""
    if hint in _AS_IT_IS:
        return None
    if get_origin(hint) in {Union, UnionType}:
        return _perhaps(hint)
    if hint is int:
        return int  # large ones come in a class of the driver's
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {each.value: each for each in hint}
        return lambda value: members.get(value) or hint(value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _often_the_usual(hint)
    return reader(hint)


def _often_the_usual(kind: type) -> Callable[[Any], Any]:
    """Parts such as what is due are mostly as they are by default, and those are one value for all."""
    make = reader(kind)
    try:
        usual = kind()
    except TypeError:  # it has no defaults
        return make
    written = to_field(usual)
    return lambda value: usual if value == written else make(value)


def _perhaps(hint: Any) -> Callable[[Any], Any] | None:
    kinds = [each for each in get_args(hint) if each is not NoneType]
    if len(kinds) > 1:
        return reader(hint)
    make = _maker(kinds[0])
    return make and (lambda value: None if value is None else make(value))
