"""Tables for tests, in each format."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl

from registry.formats import canonical_json
from registry.formats.certificate_table import COLUMNS, cells_of
from tests.conftest import sample_request

NAMES = [column.name for column in COLUMNS]


def csv_file(rows: Sequence[Sequence[Any]], encoding: str = "utf-8", **how: Any) -> io.BytesIO:
    """Rows as Python's own `csv` writes them."""
    text = io.StringIO(newline="")
    csv.writer(text, **how).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def xlsx_file(rows: Sequence[Sequence[Any]]) -> io.BytesIO:
    """Rows as openpyxl writes them."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    workbook.save(file)
    file.seek(0)
    return file


def ndjson_file(documents: Sequence[Any]) -> io.BytesIO:
    return io.BytesIO(b"".join(canonical_json.canonicalize(one) + b"\n" for one in documents))


def sample_cells(number: str = "00125Q30001R0S", **changes: str) -> list[str]:
    """The cells of a good certificate; `changes` by the names of columns."""
    cells = dict(zip(NAMES, cells_of(sample_request(number)), strict=True))
    return [changes.get(name, cells[name]) for name in NAMES]


def sample_table(count: int, first: int = 1) -> list[list[str]]:
    """A heading, and rows that can be issued."""
    return [NAMES, *(sample_cells(f"00125Q{serial:05}R0S") for serial in range(first, first + count))]
