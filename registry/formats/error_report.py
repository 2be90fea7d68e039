"""What is wrong with a file: its wrong rows again, with the line, the columns and the reasons beside them.

Mended, it can be sent as it is: the three columns are passed over when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import orjson

from registry.formats.certificate_rows import table_rows
from registry.formats.certificate_table import ERROR_COLUMNS, Problem, text_of
from registry.formats.table import TableFormat
from registry.formats.table_csv import write_csv
from registry.formats.table_ndjson import ndjson_parts, read_ndjson
from registry.formats.table_xlsx import write_xlsx

_LINE, _COLUMN, _REASON = (name for name, _ in ERROR_COLUMNS)
_ERROR_NAMES = frozenset(name for names in ERROR_COLUMNS for name in names)


class WrongRow(NamedTuple):
    """A line that can't be taken as it is, and why."""

    line: int
    problems: Sequence[Problem]


def packed_wrong(row: WrongRow) -> bytes:
    """A wrong row as one line of JSON."""
    problems = [{"column": one.column, "reason": one.reason} for one in row.problems]
    return orjson.dumps({"line": row.line, "problems": problems}, option=orjson.OPT_APPEND_NEWLINE)


def unpacked_wrong(line: bytes) -> WrongRow:
    """What `packed_wrong` was given."""
    read = orjson.loads(line)
    return WrongRow(read["line"], [Problem(one["column"], one["reason"]) for one in read["problems"]])


def write_report(source: BinaryIO, kind: TableFormat, wrong: Iterable[WrongRow], target: BinaryIO) -> None:
    """Write the rows of `source` that are wrong, which come in the order of their lines, in the same format."""
    if kind is TableFormat.NDJSON:
        target.writelines(ndjson_parts(_lines(source, wrong)))
        return
    rows = _rows(source, kind, wrong)
    if kind is TableFormat.CSV:
        write_csv(target, rows)
    else:
        write_xlsx(target, rows, "错误 Errors")


def _rows(source: BinaryIO, kind: TableFormat, wrong: Iterable[WrongRow]) -> Iterator[list[str]]:
    rows = table_rows(source, kind)
    heading = [text_of(cell) for cell in next(rows).cells]
    # A report that was sent again and still is wrong does not grow further columns.
    kept = [position for position, name in enumerate(heading) if name.strip() not in _ERROR_NAMES]
    yield [*(heading[position] for position in kept), _LINE, _COLUMN, _REASON]
    waiting = iter(wrong)
    row = next(waiting, None)
    for line, cells in rows:
        if row is None:
            return
        if line != row.line:
            continue
        texts = [text_of(cells[position]) if position < len(cells) else "" for position in kept]
        yield [*texts, str(line), ", ".join(_columns(row)), _reasons(row)]
        row = next(waiting, None)


def _lines(source: BinaryIO, wrong: Iterable[WrongRow]) -> Iterator[dict[str, Any]]:
    waiting = iter(wrong)
    row = next(waiting, None)
    for line in read_ndjson(source):
        if row is None:
            return
        if line.line != row.line:
            continue
        document = line.document if line.problem is None else {"unreadable": line.text.decode(errors="replace")}
        yield {**document, _LINE: row.line, _COLUMN: ", ".join(_columns(row)), _REASON: _reasons(row)}
        row = next(waiting, None)


def _columns(row: WrongRow) -> list[str]:
    return list(dict.fromkeys(one.column for one in row.problems if one.column))


def _reasons(row: WrongRow) -> str:
    """All reasons; with the columns in front where there are several."""
    if len(row.problems) == 1:
        return row.problems[0].reason
    return "; ".join(f"{one.column}: {one.reason}" if one.column else one.reason for one in row.problems)
