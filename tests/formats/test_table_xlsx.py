"""Workbooks: those that openpyxl writes, and those that nobody should open."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.table import MalformedTable
from registry.formats.table_xlsx import CellTooLong, read_xlsx, write_xlsx
from tests.formats.tables import xlsx_file


def test_texts_numbers_and_dates_come_as_what_they_are() -> None:
    rows: list[list[Any]] = [["编号", "b", "c", "d"], ["00012", 45663, date(2025, 1, 6), True]]
    found = [row.cells for row in read_xlsx(xlsx_file(rows))]
    assert [str(cell).removesuffix(" 00:00:00") for cell in found[1]] == ["00012", "45663.0", "2025-01-06", "True"]


def test_rows_know_their_number_in_the_sheet_whatever_is_empty() -> None:
    file = xlsx_file([[], ["", "a"], [], ["", "x"]])
    assert [(row.line, row.cells[-1]) for row in read_xlsx(file)] == [(2, "a"), (4, "x")]


def test_the_first_sheet_that_is_shown_is_read() -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["hidden"])
    workbook.active.sheet_state = "hidden"
    workbook.create_sheet("shown").append(["seen"])
    file = io.BytesIO()
    workbook.save(file)
    assert [row.cells for row in read_xlsx(file)] == [["seen"]]


def test_merged_cells_are_named() -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["a", "b"])
    workbook.active.append(["1", "2"])
    workbook.active.merge_cells("A3:AB4")
    file = io.BytesIO()
    workbook.save(file)
    with pytest.raises(MalformedTable, match="A3:AB4"):
        list(read_xlsx(file))


@pytest.mark.parametrize("raw", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"number,scheme"])
def test_what_is_no_workbook_is_an_error(raw: bytes) -> None:
    with pytest.raises(MalformedTable, match="not a workbook"):
        list(read_xlsx(io.BytesIO(raw)))


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    file = io.BytesIO()
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
        for _ in range(1100):
            part.write(b" " * (1 << 20))
    with pytest.raises(MalformedTable, match="unpacks to more than a gigabyte"):
        list(read_xlsx(file))


def test_entities_are_not_expanded() -> None:
    secret = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    source = xlsx_file([["a"], ["MARK"]])
    file = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if b"MARK" in content:
                content = content.replace(b"MARK", b"&e;").replace(b"?>", b"?>" + secret.encode(), 1)
                if b"<!DOCTYPE" not in content:
                    content = secret.encode() + content
            new.writestr(name, content)
    try:
        cells = [cell for row in read_xlsx(file) for cell in row.cells]
    except MalformedTable:
        return
    assert not any("root" in str(cell) for cell in cells)


# Made once: a workbook tells when it was made, and is longer or shorter for it.
INTACT = xlsx_file([["number", "scheme"], ["1", "x"]]).getvalue()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_read_or_an_error(data: st.DataObject) -> None:
    raw = bytearray(INTACT)
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedTable):
        list(read_xlsx(io.BytesIO(bytes(raw))))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1), min_size=2, max_size=2)))
def test_what_is_written_is_read_again_as_texts(rows: list[list[str]]) -> None:
    rows = [["a", "b"], *rows]
    file = io.BytesIO()
    write_xlsx(file, rows, "sheet")
    file.seek(0)
    found = [
        [cell.removeprefix("'") if isinstance(cell, str) else cell for cell in row.cells] for row in read_xlsx(file)
    ]
    assert found == [[cell.removeprefix("'") for cell in row] for row in rows]


def test_a_formula_is_a_text_in_a_written_workbook() -> None:
    file = io.BytesIO()
    write_xlsx(file, [["a"], ["=1+1"], ["00012"]], "sheet")
    sheet = openpyxl.load_workbook(file).active
    assert [(cell.value, cell.data_type, cell.number_format) for (cell,) in sheet.iter_rows()][1:] == [
        ("'=1+1", "s", "@"),
        ("00012", "s", "@"),
    ]


def test_a_text_that_no_cell_can_hold_is_an_error() -> None:
    with pytest.raises(CellTooLong, match="Excel takes 32,767"):
        write_xlsx(io.BytesIO(), [["a"], ["x" * 32_768]], "sheet")
