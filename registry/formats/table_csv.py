"""CSV (RFC 4180) as it comes out of spreadsheets: UTF-8 or GB18030, with commas, semicolons or tabs."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO

from registry.formats.table import MAX_CELL_LENGTH, MalformedTable, TableRow, neutralised

# Longer than the longest cell: only a file that is no table has such lines.
_LONGEST_LINE = 4 * MAX_CELL_LENGTH
_AT_ONCE = 1 << 20
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_csv(file: BinaryIO) -> Iterator[TableRow]:
    """The heading and the rows; lines without any text are left out. Raises MalformedTable, with the line.

    The file must be seekable.
    """
    # A setting of the whole process, which nobody else uses.
    csv.field_size_limit(MAX_CELL_LENGTH)
    text = io.TextIOWrapper(file, encoding=encoding_of(file), errors="strict", newline="")
    try:
        delimiter = _delimiter(_first_line(text))
        reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
        yield from _rows(reader)
    finally:
        # The caller may have closed the file and only then given up reading.
        with suppress(ValueError):
            text.detach()


def write_csv(file: BinaryIO, rows: Iterable[Sequence[str]]) -> None:
    """Rows as UTF-8 with a byte order mark, without which Excel takes Chinese for something else."""
    file.write(codecs.BOM_UTF8)
    for part in csv_parts(rows):
        file.write(part)


def csv_parts(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The same piece by piece, without the mark: cells neutralised, lines ended as RFC 4180 has it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        writer.writerow([neutralised(cell) for cell in row])
        if buffer.tell() >= _AT_ONCE // 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def encoding_of(file: BinaryIO) -> str:
    """The encoding of all of a file, from its beginning on; it is there again then.

    The first bytes beyond ASCII decide between UTF-8 and GB18030, which Excel writes in China: a broken file must not
    be read as another one that happens to make sense. Raises MalformedTable.
    """
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            _require(file, encoding)
            return encoding
    encoding = "utf-8"
    for raw in iter(lambda: file.readline(_LONGEST_LINE), b""):
        if not raw.isascii():
            encoding = "utf-8" if _decodes(raw, "utf-8") else "gb18030"
            break
    file.seek(0)
    _require(file, encoding)
    return encoding


def _require(file: BinaryIO, encoding: str) -> None:
    """Raises MalformedTable where the file is not in this encoding, or has characters that no text has."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    name = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16"}.get(encoding, "GB18030")
    while True:
        raw = file.read(_AT_ONCE)
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise MalformedTable(
                f"line {line} has bytes that are no {name}, in which the file begins; save it as UTF-8"
            ) from error
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise MalformedTable(f"line {line} has a NUL character; this is no text file")
        line += text.count("\n")
        if not raw:
            break
    file.seek(0)


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _first_line(text: io.TextIOWrapper) -> str:
    """The first line with any text; the text is at its beginning again then."""
    found = next((line for line in _lines(text) if line.strip()), "")
    text.seek(0)
    return found


def _delimiter(heading: str) -> str:
    """What the heading has most of, outside of quotes."""
    outside = "".join(heading.split('"')[::2])
    return max(",;\t", key=outside.count)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise MalformedTable(f"line {number} is longer than {_LONGEST_LINE:,} characters")
        yield line


def _rows(reader: Iterator[list[str]]) -> Iterator[TableRow]:
    ended = 0
    try:
        for cells in reader:
            begun, ended = ended + 1, reader.line_num  # type: ignore[attr-defined]
            if any(map(str.strip, cells)):
                yield TableRow(begun, list(cells))
    except csv.Error as error:
        told = str(error)
        if "field limit" in told:
            told = f"a cell is longer than {MAX_CELL_LENGTH:,} characters"
        if "unexpected end" in told:
            told = "a quotation mark is opened and never closed"
        raise MalformedTable(f"the row that begins on line {ended + 1} can't be read: {told}") from error
