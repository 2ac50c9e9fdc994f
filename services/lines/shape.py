"""What lines of a kind look like, and writing them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter

import orjson

from domain.global_id import Kind, global_ids
from services.lines.columns import Children, Column, Field, Json, Row
from storage.keyset import Sort

BY_ID = Sort("_id")
_SLICE = 100
"""Documents whose fields are taken out together: they stay in the processor's cache meanwhile."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A noun's lines."""

    kind: Kind
    collection: str
    fields: Mapping[str, Field]
    """By their names in the API's schema, in its order; `id` and `__typename` are always there."""
    batch: int
    """Documents that are read at a time: a few megabytes."""
    sort: Sort = BY_ID

    def paths(self, names: Iterable[str]) -> list[str]:
        """The stored fields that some of the fields need."""
        return sorted({path for name in names for path in self.fields[name].paths})

    def shows(self, names: Iterable[str]) -> set[Kind]:
        """The nouns that some of the fields refer to, and the one that has them."""
        return {self.kind} | {kind for name in names if (kind := self.fields[name].shows)}


def written(shape: Shape, names: Sequence[str], rows: Sequence[Row]) -> bytes:
    """The lines of documents, each object's children after it."""
    slices = (rows[start : start + _SLICE] for start in range(0, len(rows), _SLICE))
    return b"".join(_written(shape, names, part) for part in slices)


def _written(shape: Shape, names: Sequence[str], rows: Sequence[Row]) -> bytes:
    ids = global_ids(shape.kind, (row["_id"] for row in rows))
    columns = _columns(shape, names, rows)
    keys = ("id", "__typename", *columns)
    values = zip(ids, repeat(shape.kind.value), *columns.values(), strict=False)
    heads = _dumped(map(dict, map(zip, repeat(keys), values)))
    lists = [field for name in names if isinstance(field := shape.fields[name], Children)]
    if not lists:
        return b"".join(heads)
    lines: list[bytes] = []
    for head, id_, row in zip(heads, ids, rows, strict=True):
        lines.append(head)
        for each in lists:
            if row[each.path] or each.others:
                lines += _dumped(_child(each, id_, child) for child in each.of(row))
    return b"".join(lines)


def _columns(
    shape: Shape, names: Sequence[str], rows: Sequence[Row]
) -> dict[str, Iterable[object]]:
    """The values of all fields that are no lists of children; those that are stored as such in one go."""
    fields = {name: field for name in names if isinstance(field := shape.fields[name], Column)}
    plain = {name: field.paths[0] for name, field in fields.items() if field.is_plain}
    found: dict[str, Iterable[object]] = {}
    if len(plain) > 1:  # of one the getter gives no tuple
        try:
            found = dict(
                zip(plain, zip(*map(itemgetter(*plain.values()), rows), strict=True), strict=True)
            )
        except KeyError:  # written before there was such a field
            found = {}
    return {
        name: found[name] if name in found else field.values(rows) for name, field in fields.items()
    }


def _child(field: Children, parent_id: str, child: Json) -> Json:
    return {"__typename": field.typename, "__parentId": parent_id, **child}


def _dumped(objects: Iterable[Json]) -> Iterator[bytes]:
    return map(orjson.dumps, objects, repeat(None), repeat(orjson.OPT_APPEND_NEWLINE))
