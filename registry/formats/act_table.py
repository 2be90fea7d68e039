"""Acts on certificates as rows of a file: which certificate, which act, why, from when and until when.

A row names its certificate by public id or by number. In lines of JSON the names are those of the columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

from registry.domain.certificate import CERTIFICATE_ZONE
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.reasons import REASONS, Act, Reason
from registry.formats.certificate_rows import table_rows
from registry.formats.certificate_table import ERROR_COLUMNS, Problem, folded, meant, text_of
from registry.formats.table import Cell, MalformedTable, TableFormat, TableRow, require_few, restored
from registry.formats.table_ndjson import JsonLine, read_ndjson


class ActColumn(NamedTuple):
    """A column: its names, and an example."""

    name: str
    name_zh: str
    example: str


COLUMNS = (
    ActColumn("public_id", "公开编号", ""),
    ActColumn("number", "证书编号", "00125Q30001R0S"),
    ActColumn("act", "操作", "suspend"),
    ActColumn("reason", "原因", "surveillance_overdue"),
    ActColumn("effective_at", "生效时间", ""),
    ActColumn("until", "截止时间", ""),
    ActColumn("note", "备注", ""),
)
ACTS = {one.value: one for one in (Act.SUSPEND, Act.RESTORE, Act.WITHDRAW, Act.CANCEL)}
_ACTS_ZH = {"暂停": "suspend", "恢复": "restore", "撤销": "withdraw", "注销": "cancel"}
_BY_NAME = {name: column.name for column in COLUMNS for name in (column.name, column.name_zh)}
_PASSED_OVER = frozenset(name for names in ERROR_COLUMNS for name in names) | {"status", "状态"}
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_BATCH = 1000


class RequestedAct(NamedTuple):
    """What a row asks for; exactly one of `public_id` and `number` names the certificate."""

    public_id: str | None
    number: str | None
    act: Act
    reason: Reason
    effective_at: datetime | None
    until: datetime | None
    note: str | None


class ActRecord(NamedTuple):
    """A row: what it asks for, or what is wrong with it."""

    line: int
    requested: RequestedAct | None
    problems: list[Problem]


class ActBatch(NamedTuple):
    """Some rows further on, how the file calls its columns, and how much of it has been read."""

    records: list[ActRecord]
    names: dict[str, str]
    read: int


def read_acts(path: Path, kind: TableFormat) -> Iterator[ActBatch]:
    """Every row of a file of acts, in batches. Raises MalformedTable."""
    with path.open("rb") as file:
        if kind is TableFormat.NDJSON:
            names = {column.name: column.name for column in COLUMNS}
            records: Iterator[ActRecord] = map(_from_line, read_ndjson(file))
        else:
            rows = require_few(table_rows(file, kind))
            first = next(rows, None)
            if first is None:
                raise MalformedTable("the file is empty")
            positions, names = _heading(first.cells)
            records = (_from_row(row, positions, names) for row in rows)
        batch: list[ActRecord] = []
        for record in records:
            batch.append(record)
            if len(batch) == _BATCH:
                yield ActBatch(batch, names, file.tell())
                batch = []
        yield ActBatch(batch, names, file.tell())


def _heading(cells: Sequence[Cell]) -> tuple[dict[str, int], dict[str, str]]:
    """Where each column stands, and how the file calls it. Raises MalformedTable."""
    positions: dict[str, int] = {}
    names: dict[str, str] = {}
    for position, cell in enumerate(cells):
        written = text_of(cell)
        name = folded(written)
        if name in _PASSED_OVER or not name:
            continue
        known = _BY_NAME.get(name)
        if known is None:
            raise MalformedTable(f"the column {written!r} is unknown{meant(name, list(_BY_NAME))}")
        if known in positions:
            raise MalformedTable(f"the column {written!r} is there twice")
        positions[known], names[known] = position, written
    if not positions.keys() & {"public_id", "number"}:
        raise MalformedTable("the heading has neither a column 'public_id' (公开编号) nor 'number' (证书编号)")
    for needed in ("act", "reason"):
        if needed not in positions:
            raise MalformedTable(f"the heading has no column {needed!r}")
    return positions, names


def _from_row(row: TableRow, positions: dict[str, int], names: dict[str, str]) -> ActRecord:
    cells = {name: row.cells[position] for name, position in positions.items() if position < len(row.cells)}
    return _record(row.line, cells, names)


def _from_line(line: JsonLine) -> ActRecord:
    if line.problem is not None:
        return ActRecord(line.line, None, [Problem("", line.problem)])
    given = {name: value for name, value in line.document.items() if name not in _PASSED_OVER}
    problems = [Problem(name, "unknown") for name in given.keys() - _BY_NAME.keys()]
    problems += [Problem(name, "not a text") for name, value in given.items() if not isinstance(value, str | None)]
    if problems:
        return ActRecord(line.line, None, problems)
    return _record(line.line, given, {name: name for name in _BY_NAME})


def _record(line: int, cells: dict[str, Any], names: dict[str, str]) -> ActRecord:
    problems: list[Problem] = []

    def read(name: str, convert: Callable[[Cell], Any]) -> Any:
        cell = cells.get(name)
        if cell is None or text_of(cell) == "":
            return None
        try:
            return convert(cell)
        except (ValueError, MalformedPublicId) as error:
            problems.append(Problem(names.get(name, name), str(error)))
            return None

    public_id, number = read("public_id", _public_id), read("number", _number)
    act, reason = read("act", _act), read("reason", _reason)
    requested = RequestedAct(
        public_id,
        # An export has both; the public id says the same more exactly.
        None if public_id else number,
        act,
        reason,
        read("effective_at", _moment),
        read("until", _moment),
        read("note", lambda cell: restored(text_of(cell))),
    )
    told = {one.column for one in problems}
    named = public_id or number or told & {names.get("public_id"), names.get("number")}
    missing = [] if named else ["number" if "number" in names else "public_id"]
    missing += [name for name, value in (("act", act), ("reason", reason)) if value is None]
    problems += [Problem(names[name], "missing") for name in missing if names[name] not in told]
    return ActRecord(line, None if problems else requested, problems)


def _public_id(cell: Cell) -> str:
    return parse_public_id(text_of(cell))


def _number(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"{text_of(cell)} is a number to Excel, which drops digits; format the column as text")
    return restored(cell.strip())


def _act(cell: Cell) -> Act:
    typed = text_of(cell)
    known = ACTS.get(_ACTS_ZH.get(typed, typed.lower()))
    if known is None:
        raise ValueError(f"no act that can be done by file; use one of: {', '.join(ACTS)}")
    return known


def _reason(cell: Cell) -> Reason:
    typed = text_of(cell)
    try:
        return Reason(typed.lower())
    except ValueError:
        known = sorted({one.value for act in ACTS.values() for one in REASONS[act]})
        raise ValueError(f"unknown; the reasons are: {', '.join(known)}") from None


def _moment(cell: Cell) -> datetime:
    """A moment with its offset from UTC; a day alone is its beginning in China."""
    if isinstance(cell, datetime) and cell.time() == time.min:
        cell = cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime.combine(cell, time.min, CERTIFICATE_ZONE).astimezone(UTC)
    typed = text_of(cell)
    found = _DAY.fullmatch(typed)
    if found:
        year, month, day = map(int, found.groups())
        return datetime(year, month, day, tzinfo=CERTIFICATE_ZONE).astimezone(UTC)
    try:
        moment = datetime.fromisoformat(typed)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("no time with its offset; write 2026-03-02T12:30:00+08:00, or 2026-03-02 for a day's beginning")
