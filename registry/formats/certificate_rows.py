"""A file of certificates, in any of the formats, as one request after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from registry.domain.errors import Violation
from registry.formats.certificate_table import ERROR_COLUMNS, INFORMATION, CertificateHeading, Problem, Record
from registry.formats.table import MalformedTable, TableFormat, TableRow, require_few
from registry.formats.table_csv import read_csv
from registry.formats.table_ndjson import JsonLine, read_ndjson
from registry.formats.table_xlsx import read_xlsx

# Beside what an issue request has: names of an export and of a report of errors, which say nothing new.
_PASSED_OVER = frozenset(name for name, _ in (*INFORMATION, *ERROR_COLUMNS))


class CertificateRows:
    """The rows of one file. Iterating may raise MalformedTable at any row; nothing that was read counts then."""

    def __init__(self, file: BinaryIO, kind: TableFormat) -> None:
        """Raises MalformedTable for a heading that can't be understood. The file must be seekable."""
        # The rows as they stand there, for `record`.
        self.raw: Iterator[Any] = iter(())
        self._heading: CertificateHeading | None = None
        if kind is TableFormat.NDJSON:
            self.raw = read_ndjson(file)
            return
        self.raw = require_few(table_rows(file, kind))
        first = next(self.raw, None)
        if first is None:
            raise MalformedTable("the file is empty")
        self._heading = CertificateHeading(first.cells)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self.raw)

    def record(self, raw: Any) -> Record:
        """One of `raw` as a request."""
        return _record(raw) if self._heading is None else self._heading.record(raw)

    def problem(self, violation: Violation, record: Record) -> Problem:
        """A broken rule, told by the column; in lines of JSON by the path."""
        if self._heading is None:
            return Problem(violation.pointer, violation.reason)
        return Problem(self._heading.column_of(violation.path, record), violation.reason)

    def number_problem(self, reason: str) -> Problem:
        """The same for the certificate number."""
        return self.problem(Violation(("certificate", "number"), reason), Record(0, {}, []))


def table_rows(file: BinaryIO, kind: TableFormat) -> Iterator[TableRow]:
    """The heading and the rows of a table, whatever they are about. Raises MalformedTable."""
    return read_csv(file) if kind is TableFormat.CSV else read_xlsx(file)


def _record(line: JsonLine) -> Record:
    if line.problem is not None:
        return Record(line.line, {}, [Problem("", line.problem)])
    for name in _PASSED_OVER & line.document.keys():
        del line.document[name]
    return Record(line.line, line.document, [])
