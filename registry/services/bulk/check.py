"""The dry run: all rows of a file against all rules, the file itself and the register. Nothing is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self

import orjson

from registry.domain.errors import InvalidInput, Violation
from registry.formats.certificate_table import Problem
from registry.formats.credential import stated_of, stated_terms
from registry.formats.error_report import WrongRow, packed_wrong, unpacked_wrong, write_report
from registry.formats.table import MalformedTable, TableFormat
from registry.services.bulk.judge import Batch, GoodRow, Rules, judge_rows, read_order
from registry.services.context import Actor, Registry, Verb
from registry.store import issuers
from registry.store.bulk_certificates import documents_by_number

Progress = Callable[[int, int], None]
_NEVER_SHOWN: Progress = lambda _done, _total: None  # noqa: E731
_HASHED_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a file has, and what they are: new, already registered word for word, or wrong."""

    rows: int = 0
    new: int = 0
    already: int = 0
    wrong: int = 0


class CheckedFile:
    """What the dry run found, kept in temporary files until closed, however many rows there are."""

    def __init__(self, kind: TableFormat, digest: str) -> None:
        self.kind = kind
        self.digest = digest
        self.counts = Counts()
        self._good = TemporaryFile(prefix="registry-import-")  # noqa: SIM115 - closed with this
        self._wrong = TemporaryFile(prefix="registry-import-")  # noqa: SIM115 - closed with this

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._good.close()
        self._wrong.close()

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

    def write_report(self, source: BinaryIO, target: BinaryIO) -> None:
        """Write the wrong rows of `source`, the file that was checked, with what is wrong with each."""
        source.seek(0)
        write_report(source, self.kind, self.wrong_rows(), target)


def check_file(
    registry: Registry, actor: Actor, file: BinaryIO, kind: TableFormat, progress: Progress = _NEVER_SHOWN
) -> CheckedFile:
    """Hold a file of certificates against everything; the caller closes what is returned.

    Raises InvalidInput for a file that can't be read, NotPermitted.
    """
    actor.require(Verb.ISSUE)
    with registry.database.read() as connection:
        issuer = issuers.get_issuer(connection, actor.issuer_id)
        rules = Rules(issuer.code, tuple(issuers.authorizations_of(connection, issuer.id)), registry.now())
    digest, size = _digest(file)
    checked = CheckedFile(kind, digest)
    lines: dict[str, int] = {}
    try:
        for batch in judge_rows(file, kind, rules):
            _add(registry, actor, checked, batch, lines)
            progress(min(batch.read, size), size)
    except MalformedTable as error:
        checked.__exit__(None, None, None)
        raise InvalidInput([Violation((), str(error))]) from error
    except BaseException:
        checked.__exit__(None, None, None)
        raise
    if not checked.counts.rows:
        checked.__exit__(None, None, None)
        raise InvalidInput([Violation((), "the file has a heading and no rows")])
    progress(size, size)
    return checked


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


def _digest(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 of a file in hexadecimal digits, and its size; the file is at its beginning again then."""
    digest = hashlib.sha256()
    while part := file.read(_HASHED_AT_ONCE):
        digest.update(part)
    size = file.tell()
    file.seek(0)
    return digest.hexdigest(), size
