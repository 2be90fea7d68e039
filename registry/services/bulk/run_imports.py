"""What workers do with files: check them, and record what was accepted. Several may run; one may die at any time.

A worker claims an import and keeps giving signs of life. When those stop, another takes the import up from the
beginning of its state: nothing of it was recorded, because that and the end of the import are one transaction.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from keys import KeyStoreError
from registry.domain.errors import Conflict, RegistryError, StorageUnavailable
from registry.formats.error_report import packed_wrong
from registry.formats.table import TableFormat
from registry.services.approvals import needs_approval
from registry.services.bulk.acts import check_acts, perform_acts
from registry.services.bulk.check_certificates import check_certificates
from registry.services.bulk.checked_file import CheckedFile, Progress
from registry.services.bulk.import_certificates import import_checked
from registry.services.bulk.imports import ImportKind, ImportState, file_parts, propose_recording, read_import
from registry.services.context import Actor, Registry, Verb
from registry.store import imports as store
from registry.store.imports import StoredImport

_CLAIM = timedelta(seconds=60)
_SIGN_OF_LIFE_SECONDS = 1.0
_MAX_ATTEMPTS = 5
# How long a file is kept that nobody accepts, and the report of wrong rows.
_KEPT_FOR = timedelta(days=7)
_logger = logging.getLogger(__name__)
_Check = Callable[[Registry, Actor, Path, TableFormat, Progress], AbstractContextManager[CheckedFile]]
_Perform = Callable[[Registry, Actor, CheckedFile, Progress, Callable[[Connection], None]], None]
_STEPS: dict[ImportKind, tuple[_Check, _Perform]] = {
    ImportKind.CERTIFICATES: (check_certificates, import_checked),
    ImportKind.ACTS: (check_acts, perform_acts),
}


class _Lost(Exception):
    """Another worker has taken the import, because this one gave no sign of life for too long."""


def run_next(registry: Registry) -> bool:
    """Check or record one file, if any waits. Raises StorageUnavailable."""
    now = registry.now()
    with registry.database.read() as connection:
        if not store.has_work(connection, now):
            return False
    claim = secrets.token_urlsafe(16)
    with registry.database.transaction() as connection:
        found = store.claim_next(connection, claim, now, now + _CLAIM)
    if found is None:
        return False
    _Run(registry, found, claim).go()
    return True


def forget_old(registry: Registry) -> None:
    """Refuse what nobody has accepted in a week, and drop reports of that age."""
    now = registry.now()
    with registry.database.transaction() as connection:
        for key in store.unfinished_before(connection, now - _KEPT_FOR):
            problem = f"Nobody has accepted it within {_KEPT_FOR.days} days."
            values = {"state": ImportState.REFUSED, "problem": problem, "changed_at": now}
            if store.update_import(connection, key, [ImportState.CHECKED], **values):
                store.delete_parts(connection, key)
        for key in store.reported_before(connection, now - _KEPT_FOR):
            store.delete_parts(connection, key)


class _Run:
    """One worker with one import."""

    def __init__(self, registry: Registry, found: StoredImport, claim: str) -> None:
        self._registry = registry
        self._import = found
        self._claim = claim
        self._shown_at = float("-inf")
        self._silent = False

    def go(self) -> None:
        """Do it, and see that it is known what came of it."""
        try:
            if self._import.attempts > _MAX_ATTEMPTS:
                self._refuse("The registry has tried several times and could not finish it; its log says more.")
            else:
                self._work()
        except _Lost:
            _logger.warning("import %s was taken over by another worker", self._import.name)
        except StorageUnavailable:
            # The claim runs out, and somebody tries again.
            raise
        except (RegistryError, KeyStoreError) as error:
            self._refuse(error.diagnostics() if isinstance(error, RegistryError) else str(error))
        except Exception:
            _logger.exception("import %s failed", self._import.name)
            self._refuse("The registry made a mistake. It has been logged; nothing was recorded.")

    def _work(self) -> None:
        check, perform = _STEPS[ImportKind(self._import.kind)]
        kind = TableFormat(self._import.format)
        with NamedTemporaryFile(prefix="registry-import-") as file:
            for part in file_parts(self._registry, self._import, "file"):
                file.write(part)
            file.flush()
            path = Path(file.name)
            checking = self._unseen if self._import.state == ImportState.RECORDING else self._show
            with check(self._registry, self._actor(), path, kind, checking) as checked:
                if self._import.state == ImportState.CHECKING or not self._may_record(checked):
                    self._report(path, checked)
                    return
                self._perform(perform, checked)

    def _perform(self, perform: _Perform, checked: CheckedFile) -> None:
        if not checked.counts.new:
            with self._registry.database.transaction() as connection:
                self._finish(connection, checked)
            return
        # On SQLite nobody else can write while this does, also not about how far it is; nor can others take it up.
        self._silent = self._registry.database.dialect == "sqlite"
        try:
            perform(
                self._registry, self._actor(), checked, self._show, lambda connection: self._finish(connection, checked)
            )
        except Conflict as error:
            if self._import.attempts >= _MAX_ATTEMPTS:
                raise
            # The register has changed since the check, a moment ago: the next one sees how it is now.
            _logger.info("import %s is checked again: %s", self._import.name, error)
            self._silent = False
            self._change(state=ImportState.ACCEPTED, claim=None)

    def _may_record(self, checked: CheckedFile) -> bool:
        return not checked.counts.wrong or self._import.skip_wrong

    def _report(self, path: Path, checked: CheckedFile) -> None:
        """Keep what the check found, and go on where nobody has to be asked."""
        wanted = not self._import.dry_run and self._may_record(checked) and self._import.state == ImportState.CHECKING
        waits = wanted and needs_approval(self._registry, self._actor())
        go_on = wanted and not waits
        with TemporaryFile() as report, TemporaryFile() as lines:
            if checked.counts.wrong:
                checked.write_report(path, report)
                for row in checked.wrong_rows():
                    lines.write(packed_wrong(row))
            with self._registry.database.transaction() as connection:
                for role, file in (("report", report), ("wrong", lines)):
                    file.seek(0)
                    store.write_parts(connection, self._import.id, role, file)
                self._change_in(
                    connection,
                    state=ImportState.ACCEPTED if go_on else ImportState.CHECKED,
                    done=0,
                    total=checked.counts.new,
                    attempts=0,
                    claim=None,
                    **_counts(checked),
                )
        if waits and checked.counts.new:
            found = read_import(self._registry, self._actor(), self._import.name)
            propose_recording(self._registry, self._actor(), found, skip_wrong=found.skip_wrong)

    def _finish(self, connection: Connection, checked: CheckedFile) -> None:
        """The end, in the transaction of what was recorded."""
        counts = _counts(checked)
        self._change_in(
            connection, state=ImportState.DONE, done=checked.counts.new, total=checked.counts.new, claim=None, **counts
        )
        store.delete_parts(connection, self._import.id, "file")

    def _refuse(self, problem: str) -> None:
        try:
            with self._registry.database.transaction() as connection:
                self._change_in(connection, state=ImportState.REFUSED, problem=problem, claim=None)
                store.delete_parts(connection, self._import.id, "file")
        except _Lost:
            _logger.warning("import %s was taken over by another worker", self._import.name)

    def _show(self, done: int, total: int) -> None:
        """Say how far it is, which is the sign of life as well."""
        if self._silent or monotonic() - self._shown_at < _SIGN_OF_LIFE_SECONDS:
            return
        self._shown_at = monotonic()
        self._change(done=done, total=total, claimed_until=self._registry.now() + _CLAIM)

    def _unseen(self, _done: int, _total: int) -> None:
        """The second check of a file: a sign of life, but no progress of what was accepted."""
        self._show(0, self._import.new_count or 0)

    def _change(self, **values: Any) -> None:
        with self._registry.database.transaction() as connection:
            self._change_in(connection, **values)

    def _change_in(self, connection: Connection, **values: Any) -> None:
        """Raises _Lost."""
        now = self._registry.now()
        if not store.update_claimed(connection, self._import.id, self._claim, changed_at=now, **values):
            raise _Lost

    def _actor(self) -> Actor:
        one = self._import
        verbs = frozenset(Verb(verb) for verb in one.verbs)
        return Actor(one.actor, one.issuer_id, verbs, one.api_key_id, one.user_id, one.origin)


def _counts(checked: CheckedFile) -> dict[str, int]:
    counts = checked.counts
    return {
        "row_count": counts.rows,
        "new_count": counts.new,
        "already_count": counts.already,
        "wrong_count": counts.wrong,
    }
