"""Rows of a CSV file: line numbers, and that damage stays where it is."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.magento.rows import MAX_ROW_BYTES, BadRow, Row, RowReader
from domain.errors import InvalidInput

CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r") | st.sampled_from(',"\n '), max_size=8
)


def read(text: str | bytes) -> list[Row | BadRow]:
    reader = RowReader(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
    return list(reader.rows(len(reader.header())))


def lines_of(rows: list[Row | BadRow], kind: type[Row] | type[BadRow]) -> list[int]:
    return [row.line for row in rows if isinstance(row, kind)]


@given(
    st.lists(st.tuples(CELL, CELL, CELL).filter(any), max_size=8), st.sampled_from(["\n", "\r\n"])
)
def test_what_csv_writes_is_read_back_with_the_line_of_each_row(
    rows: list[tuple[str, str, str]], end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(["a", "b", "c"])
    expected = []
    for row in rows:
        expected.append(Row(text.getvalue().count("\n") + 1, list(row)))
        writer.writerow(row)

    assert read(text.getvalue()) == expected


@given(st.binary(max_size=300) | st.text('ab,"\n\r\0é', max_size=80).map(str.encode))
def test_no_bytes_crash_the_reader_and_lines_only_go_up(data: bytes) -> None:
    rows = read(b"a,b\n" + data)

    numbers = [row.line for row in rows]
    assert numbers == sorted(set(numbers))
    assert all(1 < number <= data.count(b"\n") + 2 for number in numbers)


@given(st.text(st.sampled_from('x",\n'), max_size=30))
def test_no_damage_reaches_the_rows_far_after_it(damage: str) -> None:
    rows = read(f'a,b\n{damage}\n"end",1\nlast,2\n')

    assert rows[-1] == Row(damage.count("\n") + 4, ["last", "2"])


def test_a_quote_that_is_never_closed_costs_its_own_row_only() -> None:
    rows = read('a,b\n1,"lost\n2,x\n3,"two\nlines"\n4,y\n')

    assert lines_of(rows, BadRow) == [2]
    assert [row for row in rows if isinstance(row, Row)] == [
        Row(3, ["2", "x"]),
        Row(4, ["3", "two\nlines"]),
        Row(6, ["4", "y"]),
    ]


def test_a_row_of_wrong_width_over_several_lines_is_one_error() -> None:
    rows = read('a,b\n1,"two\nlines",more\n2,x\n')

    assert lines_of(rows, BadRow) == [2]
    assert rows[-1] == Row(4, ["2", "x"])


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (b"1,\xe9t\xe9", "0xE9"),
        (b"1,a\0b", "NUL"),
        (b"1", "1 cells where the first line names 2"),
        (b'1,"a"b', "quotes"),
        (b"1,a\rb", "quotes"),
        (b"1," + b"x" * MAX_ROW_BYTES, "longer"),
        (b"1," + b"x" * 3 * MAX_ROW_BYTES, "longer"),
        (b'1,"' + (b"x" * 4095 + b"\n") * (MAX_ROW_BYTES // 2048) + b'"', "longer"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_and_the_next_is_read(bad: bytes, word: str) -> None:
    rows = read(b"a,b\n0,ok\n" + bad + b"\n2,ok\n")

    (first, error, *_, last) = rows
    assert first == Row(2, ["0", "ok"])
    assert isinstance(error, BadRow)
    assert error.line == 3
    assert word in error.message
    assert last == Row(4 + bad.count(b"\n"), ["2", "ok"])


def test_empty_rows_count_as_lines_and_are_no_rows() -> None:
    assert read("a,b\n\n1,x\n,\r\n,,,\n2,y") == [Row(3, ["1", "x"]), Row(6, ["2", "y"])]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert RowReader(io.BytesIO(b"\xef\xbb\xbfa,b\n")).header() == ["a", "b"]


@pytest.mark.parametrize("data", [b"", b"\xff\xfea\0,\0", b'"never closed', b"a\rb\r"])
def test_a_file_without_a_readable_first_line_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        RowReader(io.BytesIO(data)).header()


def test_text_that_is_no_unicode_is_an_error_of_its_row() -> None:
    rows = list(RowReader(io.StringIO("1,\udcff\n2,x\n")).rows(2))

    assert lines_of(rows, BadRow) == [1]
    assert rows[1] == Row(2, ["2", "x"])
