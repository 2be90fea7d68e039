"""What is wrong with a file: its wrong rows again, with the line, the columns and the reasons beside them.

Mended, it can be sent as it is: the three columns are passed over when it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
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


def lines_of(path: Path, kind: TableFormat, wanted: Collection[int]) -> Iterator[tuple[int, Any]]:
    """The heading of a table, without the columns of an earlier report, as line 0, and the `wanted` lines.

    Rows are lists of texts; lines of JSON are objects, and there is no heading. Raises MalformedTable.
    """
    with path.open("rb") as file:
        yield from _objects(file, wanted) if kind is TableFormat.NDJSON else _rows(file, kind, wanted)


def write_report(
    lines: Iterable[tuple[int, Any]], kind: TableFormat, wrong: Iterable[WrongRow], target: BinaryIO
) -> None:
    """Write the rows that are wrong, as `lines_of` found them, with what is wrong, in the format of the file."""
    if kind is TableFormat.NDJSON:
        target.writelines(ndjson_parts(_told_objects(lines, wrong)))
    elif kind is TableFormat.CSV:
        write_csv(target, _told_rows(lines, wrong))
    else:
        write_xlsx(target, _told_rows(lines, wrong), "错误 Errors")


def _rows(file: BinaryIO, kind: TableFormat, wanted: Collection[int]) -> Iterator[tuple[int, list[str]]]:
    rows = table_rows(file, kind)
    heading = [text_of(cell) for cell in next(rows).cells]
    # A report that was sent again and still is wrong does not grow further columns.
    kept = [position for position, name in enumerate(heading) if name and name not in _ERROR_NAMES]
    yield 0, [heading[position] for position in kept]
    for line, cells in rows:
        if line in wanted:
            yield line, [text_of(cells[position]) if position < len(cells) else "" for position in kept]


def _objects(file: BinaryIO, wanted: Collection[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line in read_ndjson(file):
        if line.line in wanted:
            unreadable = {"unreadable": line.text.decode(errors="replace")}
            yield line.line, line.document if line.problem is None else unreadable


def _told_rows(lines: Iterable[tuple[int, Any]], wrong: Iterable[WrongRow]) -> Iterator[list[str]]:
    rest = iter(lines)
    _, heading = next(rest)
    yield [*heading, _LINE, _COLUMN, _REASON]
    for (line, texts), row in zip(rest, wrong, strict=True):
        yield [*texts, str(line), ", ".join(_columns(row)), _reasons(row)]


def _told_objects(lines: Iterable[tuple[int, Any]], wrong: Iterable[WrongRow]) -> Iterator[dict[str, Any]]:
    for (line, document), row in zip(lines, wrong, strict=True):
        yield {**document, _LINE: line, _COLUMN: ", ".join(_columns(row)), _REASON: _reasons(row)}


def _columns(row: WrongRow) -> list[str]:
    return list(dict.fromkeys(one.column for one in row.problems if one.column))


def _reasons(row: WrongRow) -> str:
    """All reasons; with the columns in front where there are several."""
    if len(row.problems) == 1:
        return row.problems[0].reason
    return "; ".join(f"{one.column}: {one.reason}" if one.column else one.reason for one in row.problems)
