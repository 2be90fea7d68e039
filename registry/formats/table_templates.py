"""Empty tables to begin with: the heading and an example row, in each format."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from registry.domain.reasons import REASONS, Act
from registry.domain.schemes import SCHEMES
from registry.formats import act_table, certificate_table
from registry.formats.canonical_json import JsonObject
from registry.formats.certificate_table import CertificateHeading
from registry.formats.table import TableFormat, TableRow
from registry.formats.table_csv import write_csv
from registry.formats.table_ndjson import ndjson_parts
from registry.formats.table_xlsx import write_sheet

_CHOICES = {
    "scheme": list(SCHEMES),
    "holder_kind": ["organization", "person"],
    "holder_id_scheme": ["uscc", "lei", "other"],
    "size": ["micro", "small", "medium", "large"],
}
_ROWS = 10_000


def certificate_template(kind: TableFormat, *, chinese: bool) -> bytes:
    """For certificates to be issued."""
    columns = certificate_table.COLUMNS
    example = [column.example for column in columns]
    if kind is TableFormat.NDJSON:
        record = CertificateHeading([column.name for column in columns]).record(TableRow(1, list(example)))
        return b"".join(ndjson_parts([record.request]))
    choices = {**_CHOICES, "reason": [one.value for one in sorted(REASONS[Act.ISSUE])]}
    return _table(kind, columns, example, choices, chinese=chinese)


def act_template(kind: TableFormat, *, chinese: bool) -> bytes:
    """For acts on certificates."""
    columns = act_table.COLUMNS
    example = [column.example for column in columns]
    if kind is TableFormat.NDJSON:
        line: JsonObject = {column.name: column.example for column in columns if column.example}
        return b"".join(ndjson_parts([line]))
    reasons = sorted({one.value for act in act_table.ACTS.values() for one in REASONS[act]})
    return _table(kind, columns, example, {"act": list(act_table.ACTS), "reason": reasons}, chinese=chinese)


def _table(
    kind: TableFormat,
    columns: Sequence[Any],
    example: Sequence[str],
    choices: dict[str, list[str]],
    *,
    chinese: bool,
) -> bytes:
    rows = [[column.name_zh if chinese else column.name for column in columns], list(example)]
    file = io.BytesIO()
    if kind is TableFormat.CSV:
        write_csv(file, rows)
        return file.getvalue()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        widths = [max(12, min(36, len(cell) + 8)) for cell in example]
        page = write_sheet(workbook, rows, "Sheet1", widths)
        lists = workbook.add_worksheet("Lists")
        lists.hide()
        for position, (name, values) in enumerate(choices.items()):
            column = next(index for index, one in enumerate(columns) if one.name == name)
            lists.write_column(0, position, values)
            letter = chr(ord("A") + position)
            # In a sheet of their own: Excel takes no more than 255 characters of a list in the rule itself.
            source = f"=Lists!${letter}$1:${letter}${len(values)}"
            page.data_validation(1, column, _ROWS, column, {"validate": "list", "source": source})
    return file.getvalue()
