"""What a dry run finds, row by row, kept in files; and the report of the wrong rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

from sqlalchemy import Connection

from registry.domain.errors import InvalidInput, Violation
from registry.formats.error_report import WrongRow, lines_of, packed_wrong, unpacked_wrong, write_report
from registry.formats.table import MalformedTable, TableFormat
from registry.services.bulk.apart import read_apart

T = TypeVar("T")
Progress = Callable[[int, int], None]
# Bytes: up to here, files are read in this process; from there on, by several.
_READ_HERE, _SHARED = 1 << 20, 8 << 20
_MOST_SHARES = 2


def unseen(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def nothing_more(_connection: Connection) -> None:
    """Nothing to be done at the end of a transaction."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a file has, and what they are: new, already registered word for word, or wrong."""

    rows: int = 0
    new: int = 0
    already: int = 0
    wrong: int = 0


class CheckedFile:
    """What the dry run found, kept in two files, however many rows there are."""

    def __init__(self, kind: TableFormat, digest: str, good: BinaryIO, wrong: BinaryIO) -> None:
        """`digest` is SHA-256 of the file; `good` and `wrong` are empty files."""
        self.kind = kind
        self.digest = digest
        self.counts = Counts()
        self._good = good
        self._wrong = wrong

    def add(self, rows: int, new: Iterable[bytes], wrong: Iterable[WrongRow]) -> None:
        """Take in what has been found about further rows: the requests of the new ones, and what is wrong."""
        requests = [request + b"\n" for request in new]
        lines = [packed_wrong(row) for row in sorted(wrong, key=lambda row: row.line)]
        self._good.writelines(requests)
        self._wrong.writelines(lines)
        old = self.counts
        already = rows - len(requests) - len(lines)
        self.counts = Counts(old.rows + rows, old.new + len(requests), old.already + already, old.wrong + len(lines))

    def require_rows(self) -> None:
        """Raises MalformedTable for a file without any."""
        if not self.counts.rows:
            raise MalformedTable("the file has no rows")

    def requests(self) -> Iterator[bytes]:
        """The requests of all new rows, in the order of the file."""
        self._good.seek(0)
        return iter(self._good)

    def wrong_rows(self) -> Iterator[WrongRow]:
        """The wrong rows, in the order of the file."""
        self._wrong.seek(0)
        return map(unpacked_wrong, self._wrong)

    def write_report(self, source: Path, target: BinaryIO) -> None:
        """Write the wrong rows of `source`, the file that was checked, with what is wrong with each."""
        wanted = frozenset(row.line for row in self.wrong_rows())
        write_report(read_file(lines_of, source, self.kind, wanted), self.kind, self.wrong_rows(), target)


@contextmanager
def dry_run(path: Path, kind: TableFormat) -> Iterator[CheckedFile]:
    """An empty CheckedFile for a file, to be filled. Raises InvalidInput where that turns out not to be readable."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # Nobody else sees these files, and they are gone when the process is, however it ends.
    with TemporaryFile(prefix="registry-import-") as good, TemporaryFile(prefix="registry-import-") as wrong:
        try:
            yield CheckedFile(kind, digest, good, wrong)
        except MalformedTable as error:
            raise InvalidInput([Violation((), str(error))]) from error


def read_file(read: Callable[..., Iterator[T]], path: Path, kind: TableFormat, *arguments: object) -> Iterator[T]:
    """Apart where it could hurt or where it is worth it: a process takes a second to begin."""
    if kind is TableFormat.XLSX or path.stat().st_size > _READ_HERE:
        return read_apart(read, path, kind, *arguments)
    return read(path, kind, *arguments)


def read_shared(read: Callable[..., Iterator[T]], path: Path, kind: TableFormat, *arguments: object) -> Iterator[T]:
    """The same by several processes, for a `read` that takes its share and the number of shares at the end."""
    shares = min(_MOST_SHARES, len(os.sched_getaffinity(0)))
    # A workbook is read as a whole by each process: time and memory for each anew.
    if kind is TableFormat.XLSX or path.stat().st_size < _SHARED or shares == 1:
        yield from read_file(read, path, kind, *arguments)
        return
    with ExitStack() as stack:
        readers = [
            stack.enter_context(closing(read_apart(read, path, kind, *arguments, share, shares)))
            for share in range(shares)
        ]
        for reader in cycle(readers):
            item = next(reader, None)
            if item is None:
                return
            yield item
