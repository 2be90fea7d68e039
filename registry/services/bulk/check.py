"""The dry run: all rows of a file against all rules, the file itself and the register. Nothing is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

import orjson

from registry.domain.errors import InvalidInput, Violation
from registry.formats.certificate_table import Problem
from registry.formats.credential import stated_of, stated_terms
from registry.formats.error_report import WrongRow, lines_of, packed_wrong, unpacked_wrong, write_report
from registry.formats.table import MalformedTable, TableFormat
from registry.services.bulk.apart import read_apart
from registry.services.bulk.judge import Batch, GoodRow, Rules, judge_file, read_order
from registry.services.context import Actor, Registry, Verb
from registry.store import issuers
from registry.store.bulk_certificates import documents_by_number

T = TypeVar("T")
Progress = Callable[[int, int], None]
_NEVER_SHOWN: Progress = lambda _done, _total: None  # noqa: E731
_READ_HERE = 1 << 20


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

    def add(self, rows: int, new: Iterable[GoodRow], wrong: Iterable[WrongRow]) -> None:
        """Take in what has been found about further rows."""
        requests = [row.request + b"\n" for row in new]
        lines = [packed_wrong(row) for row in wrong]
        self._good.writelines(requests)
        self._wrong.writelines(lines)
        old = self.counts
        already = rows - len(requests) - len(lines)
        self.counts = Counts(old.rows + rows, old.new + len(requests), old.already + already, old.wrong + len(lines))

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
        write_report(_read(lines_of, source, self.kind, wanted), self.kind, self.wrong_rows(), target)


@contextmanager
def check_file(
    registry: Registry, actor: Actor, path: Path, kind: TableFormat, progress: Progress = _NEVER_SHOWN
) -> Iterator[CheckedFile]:
    """Hold a file of certificates against everything.

    Raises InvalidInput for a file that can't be read, NotPermitted.
    """
    actor.require(Verb.ISSUE)
    with registry.database.read() as connection:
        issuer = issuers.get_issuer(connection, actor.issuer_id)
        rules = Rules(issuer.code, tuple(issuers.authorizations_of(connection, issuer.id)), registry.now())
    digest, size = _digest(path)
    # Nobody else sees these files, and they are gone when the process is, however it ends.
    with TemporaryFile(prefix="registry-import-") as good, TemporaryFile(prefix="registry-import-") as wrong:
        checked = CheckedFile(kind, digest, good, wrong)
        lines: dict[str, int] = {}
        try:
            for batch in _read(judge_file, path, kind, rules):
                _add(registry, actor, checked, batch, lines)
                progress(min(batch.read, size), size)
        except MalformedTable as error:
            raise InvalidInput([Violation((), str(error))]) from error
        if not checked.counts.rows:
            raise InvalidInput([Violation((), "the file has a heading and no rows")])
        progress(size, size)
        yield checked


def _add(registry: Registry, actor: Actor, checked: CheckedFile, batch: Batch, lines: dict[str, int]) -> None:
    """Hold a batch against the rows before it and against the register."""
    with registry.database.read() as connection:
        taken = documents_by_number(connection, actor.issuer_id, [row.number for row in batch.good])
    new: list[GoodRow] = []
    wrong = list(batch.wrong)
    for row in batch.good:
        first = lines.setdefault(row.number, row.line)
        reason = None
        if first != row.line:
            reason = f"occurs more than once in this file, first on line {first}"
        elif row.number not in taken:
            new.append(row)
        elif not _is_same(row, taken[row.number]):
            reason = "taken by another certificate of this issuer, which says something else"
        if reason:
            wrong.append(WrongRow(row.line, [Problem(batch.number_column, reason)]))
    wrong.sort(key=lambda row: row.line)
    checked.add(len(batch.good) + len(batch.wrong), new, wrong)


def _is_same(row: GoodRow, document: bytes) -> bool:
    """Whether the register says of this number what the row says."""
    return stated_terms(read_order(row.request).certificate) == stated_of(orjson.loads(document))


def _read(read: Callable[..., Iterator[T]], path: Path, kind: TableFormat, *arguments: object) -> Iterator[T]:
    """Apart where it could hurt or where it is worth it: a process takes a second to begin."""
    if kind is TableFormat.XLSX or path.stat().st_size > _READ_HERE:
        return read_apart(read, path, kind, *arguments)
    return read(path, kind, *arguments)


def _digest(path: Path) -> tuple[str, int]:
    """SHA-256 of a file in hexadecimal digits, and its size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
