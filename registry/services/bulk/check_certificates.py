"""The dry run: all rows of a file against all rules, the file itself and the register. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from registry.formats.certificate_table import Problem
from registry.formats.credential import stated_of, stated_terms
from registry.formats.error_report import WrongRow
from registry.formats.table import TableFormat
from registry.services.bulk.checked_file import CheckedFile, Progress, dry_run, read_shared, unseen
from registry.services.bulk.judge import Batch, GoodRow, Rules, judge_file, read_order
from registry.services.context import Actor, Registry, Verb
from registry.services.draft import open_pen
from registry.store.bulk_certificates import documents_by_number
from registry.store.preparations import kept_numbers


@contextmanager
def check_certificates(
    registry: Registry, actor: Actor, path: Path, kind: TableFormat, progress: Progress = unseen
) -> Iterator[CheckedFile]:
    """Hold a file of certificates against everything.

    Raises InvalidInput for a file that can't be read, NotPermitted, Conflict where the issuer can't issue now,
    keys.KeyStoreError.
    """
    actor.require(Verb.ISSUE)
    pen = open_pen(registry, actor)
    rules = Rules(pen.profile.code, tuple(pen.authorizations), registry.now(), pen.accredited_only)
    size = path.stat().st_size
    with dry_run(path, kind) as checked:
        lines: dict[str, int] = {}
        for batch in read_shared(judge_file, path, kind, rules):
            _add(registry, actor, checked, batch, lines)
            progress(min(batch.read, size), size)
        checked.require_rows()
        progress(size, size)
        yield checked


def _add(registry: Registry, actor: Actor, checked: CheckedFile, batch: Batch, lines: dict[str, int]) -> None:
    """Hold a batch against the rows before it and against the register."""
    numbers = [row.number for row in batch.good]
    with registry.database.read() as connection:
        taken = documents_by_number(connection, actor.issuer_id, numbers)
        kept = set(kept_numbers(connection, actor.issuer_id, numbers, registry.now()))
    new: list[bytes] = []
    wrong = list(batch.wrong)
    for row in batch.good:
        registered = taken.get(row.number, [])
        # Before all else: an export may have several versions of one number, each of which is there already.
        if registered and _is_same(row, registered):
            continue
        first = lines.setdefault(row.number, row.line)
        if first != row.line:
            reason = f"occurs more than once in this file, first on line {first}"
        elif row.number in kept:
            reason = "kept for a certificate that is prepared and waits for its signature"
        elif registered:
            reason = "taken by another certificate of this issuer, which says something else"
        else:
            new.append(row.request)
            continue
        wrong.append(WrongRow(row.line, [Problem(batch.number_column, reason)]))
    checked.add(len(batch.good) + len(batch.wrong), new, wrong)


def _is_same(row: GoodRow, documents: Iterable[bytes]) -> bool:
    """Whether the register says of this number, in one of the versions that have it, what the row says."""
    stated = stated_terms(read_order(row.request).certificate)
    return any(stated == stated_of(orjson.loads(document)) for document in documents)
