"""Excel workbooks (ISO/IEC 29500): the first sheet of one as rows, and rows as one.

Reading needs the whole sheet in memory, and what a small file unpacks to is its maker's choice: whoever reads files of
others does that in a process whose memory is limited.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook
from python_calamine import SheetVisibleEnum as Visible

from registry.formats.table import MAX_COLUMNS, MAX_ROWS, MalformedTable, TableRow, neutralised

# What a sheet of 200,000 rows with long texts unpacks to.
_MAX_UNPACKED = 1 << 30
_MAX_PARTS = 2000
# The most that Excel takes in a cell.
MAX_EXCEL_CELL = 32_767


class CellTooLong(ValueError):
    """A text that no cell of a workbook can hold."""


def read_xlsx(file: BinaryIO) -> Iterator[TableRow]:
    """The heading and the rows of the first sheet that is shown; empty rows are left out. Raises MalformedTable."""
    _require_reasonable(file)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        shown = [one.name for one in workbook.sheets_metadata if one.visible == Visible.Visible]
        sheet = workbook.get_sheet_by_name((shown or workbook.sheet_names)[0])
        merged = sheet.merged_cell_ranges
        if merged:
            raise MalformedTable(f"cells are merged ({_named(*merged[0])}); a row for each certificate, please")
        if sheet.start is None:
            raise MalformedTable("the first sheet is empty")
        if sheet.width > MAX_COLUMNS or sheet.total_height > MAX_ROWS * 5:
            raise MalformedTable(f"the first sheet reaches to row {sheet.total_height:,}, column {sheet.total_width:,}")
        for line, cells in enumerate(sheet.iter_rows(), start=1):
            if any(cell not in ("", None) for cell in cells):
                yield TableRow(line, list(cells))
    except (CalamineError, zipfile.BadZipFile, IndexError, OSError) as error:
        raise MalformedTable(f"not a workbook that can be read: {str(error) or type(error).__name__}") from error


def write_xlsx(file: BinaryIO, rows: Iterable[Sequence[str]], sheet: str, widths: Sequence[int] = ()) -> None:
    """Rows as a workbook with one sheet of texts, the first row in bold. Raises CellTooLong, with the row."""
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as workbook:
        write_sheet(workbook, rows, sheet, widths)


def write_sheet(workbook: Any, rows: Iterable[Sequence[str]], sheet: str, widths: Sequence[int] = ()) -> Any:
    """One sheet of a workbook; returns it. Raises CellTooLong."""
    bold = workbook.add_format({"bold": True, "num_format": "@"})
    # So that what is typed into the sheet stays as it is typed: numbers keep their zeros.
    plain = workbook.add_format({"num_format": "@"})
    page = workbook.add_worksheet(sheet)
    page.freeze_panes(1, 0)
    for column, width in enumerate(widths):
        page.set_column(column, column, width, plain)
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            if not text:
                continue
            cell = neutralised(text)
            if len(cell) > MAX_EXCEL_CELL:
                raise CellTooLong(f"a cell of {row[0]} has {len(cell):,} characters; Excel takes {MAX_EXCEL_CELL:,}")
            page.write_string(number, column, cell, plain if number else bold)
    return page


def _require_reasonable(file: BinaryIO) -> None:
    """Look at what the file says that it unpacks to; the reader's process sees to it that it says the truth."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise MalformedTable(f"not a workbook: {error}") from error
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise MalformedTable("the workbook unpacks to more than a gigabyte, or has more than 2,000 parts")
    file.seek(0)


def _named(start: tuple[int, int], end: tuple[int, int]) -> str:
    return f"{_column(start[1])}{start[0] + 1}:{_column(end[1])}{end[0] + 1}"


def _column(index: int) -> str:
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
