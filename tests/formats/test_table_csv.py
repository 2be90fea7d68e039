"""CSV as it comes from Excel, from programs, and from people who mean harm."""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.table import MalformedTable, neutralised, recognize, restored
from registry.formats.table_csv import read_csv, write_csv
from tests.formats.tables import csv_file

ROWS = [["证书编号", "name"], ["001", "宁波"], ["002", 'a "quoted", text\r\nover two lines']]
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(file: io.BytesIO) -> list[Any]:
    return [row.cells for row in read_csv(file)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(encoding: str, delimiter: str) -> None:
    assert read(csv_file(ROWS, encoding, delimiter=delimiter)) == ROWS


def test_rows_know_the_line_that_they_begin_on() -> None:
    file = csv_file([*ROWS, [], ["003", "x"]], lineterminator="\n")
    assert [row.line for row in read_csv(file)] == [1, 2, 3, 6]


def test_a_broken_byte_in_utf8_is_an_error_with_its_line_and_not_another_text() -> None:
    raw = "编号,名称\n001,宁波\n002,杭".encode() + b"\xff" + b"\n"
    with pytest.raises(MalformedTable, match="line 3 has bytes that are no UTF-8"):
        read(io.BytesIO(raw))


def test_a_broken_byte_in_gb18030_is_an_error_with_its_line() -> None:
    raw = "编号,名称\n001,宁波\n".encode("gb18030") + b"002,\xff\xff\n"
    with pytest.raises(MalformedTable, match="line 3 has bytes that are no GB18030"):
        read(io.BytesIO(raw))


def test_a_nul_is_an_error_with_its_line() -> None:
    with pytest.raises(MalformedTable, match="line 2 has a NUL"):
        read(io.BytesIO(b"a,b\n1,\0\n"))


def test_a_quotation_mark_that_is_never_closed_names_the_row() -> None:
    with pytest.raises(MalformedTable, match="begins on line 2 can't be read: a quotation mark"):
        read(io.BytesIO(b'a,b\n1,"never\nclosed\n'))


def test_a_cell_without_end_is_refused() -> None:
    with pytest.raises(MalformedTable, match="line 2 can't be read: a cell is longer"):
        read(io.BytesIO(b'a,b\n1,"' + b"x\n" * 1_000_000 + b'"\n'))


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(MalformedTable, match="line 1 is longer than"):
        read(io.BytesIO(b"x" * 5_000_000))


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_an_error(raw: bytes) -> None:
    for prefix in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b'"'):
        with suppress(MalformedTable):
            read(io.BytesIO(prefix + raw))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1))
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    # The heading decides about the delimiter.
    rows = [["a", "b"], *([cell.replace("\r", " ") for cell in row] for row in rows)]
    file = io.BytesIO()
    write_csv(file, rows)
    file.seek(0)
    again = [[restored(str(cell)) for cell in row] for row in read(file)]
    assert again == [row for row in rows if any(map(str.strip, row))]


@given(CELLS)
def test_a_neutralised_cell_is_no_formula_and_comes_back(text: str) -> None:
    written = neutralised(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert restored(written) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''=1", "＝1"])
def test_formulas_are_neutralised(text: str) -> None:
    assert neutralised(text) == "'" + text
    assert neutralised("'" + text) == "''" + text


def test_an_apostrophe_of_a_name_stays() -> None:
    assert neutralised("'s-Hertogenbosch") == restored("'s-Hertogenbosch") == "'s-Hertogenbosch"


def test_no_formula_leaves_by_a_written_file() -> None:
    file = io.BytesIO()
    write_csv(file, [["a", "b"], ["=HYPERLINK(1)", 'x",=1']])
    text = file.getvalue().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == ["'=HYPERLINK(1)", 'x",=1']


def test_files_are_recognized_by_their_first_bytes() -> None:
    assert recognize(io.BytesIO(b"\xef\xbb\xbf{}")) == "ndjson"
    assert recognize(io.BytesIO(b"number,scheme")) == "csv"
    for raw, told in ((b"\xd0\xcf\x11\xe0", "xlsx"), (b"%PDF-1.7", "PDF"), (b" \n", "empty")):
        with pytest.raises(MalformedTable, match=told):
            recognize(io.BytesIO(raw))
