"""Tables of rows in files: what CSV, Excel workbooks and lines of JSON have in common.

A cell that begins with = + - @ (also in their full-width forms), a tab or the end of a line would be a formula to a
spreadsheet (CWE-1236). Such cells are written with an apostrophe in front, and it is taken off when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import BinaryIO, NamedTuple

# What a workbook can hold in a cell beside texts.
Cell = str | int | float | bool | date | datetime | time | timedelta | None
MAX_ROWS = 200_000
# 200 sites with six columns each, and some more.
MAX_COLUMNS = 1300
MAX_CELL_LENGTH = 1_048_576
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


class MalformedTable(ValueError):
    """A file that can't be read as what it is said to be; the message says where it stops making sense."""


class TableFormat(StrEnum):
    """The formats of tables, by the endings of their files' names."""

    CSV = "csv"
    XLSX = "xlsx"
    NDJSON = "ndjson"

    @property
    def media_type(self) -> str:
        """For HTTP."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    TableFormat.NDJSON: "application/x-ndjson",
}


class TableRow(NamedTuple):
    """A row as it stands in the file, and the line that it begins on, counted from 1."""

    line: int
    cells: list[Cell]


def recognize(file: BinaryIO) -> TableFormat:
    """The format of a file by its first bytes; the file is at its beginning again then. Raises MalformedTable."""
    head = file.read(4096)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return TableFormat.XLSX
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise MalformedTable("this is a workbook of the old kind (.xls) or one with a password; save it as .xlsx")
    if head.startswith(b"%PDF"):
        raise MalformedTable("this is a PDF; a file is CSV, XLSX or NDJSON")
    if not head.strip():
        raise MalformedTable("the file is empty")
    return TableFormat.NDJSON if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else TableFormat.CSV


def neutralised(text: str) -> str:
    """The text as a spreadsheet takes it for a text, whatever it begins with."""
    return "'" + text if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """What `neutralised` was given."""
    return text[1:] if _NEUTRALISED.match(text) else text


def require_few(rows: Iterator[TableRow], limit: int = MAX_ROWS) -> Iterator[TableRow]:
    """The heading and no more than `limit` rows. Raises MalformedTable."""
    for position, row in enumerate(rows):
        if position > limit:
            raise MalformedTable(f"more than {limit:,} rows; send them in several files")
        if len(row.cells) > MAX_COLUMNS:
            raise MalformedTable(f"line {row.line} has more than {MAX_COLUMNS} cells")
        yield row
