"""A process that is killed in the middle of an import leaves nothing, and the import can be done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from registry.formats.table import TableFormat
from registry.services.bulk.check_certificates import check_certificates
from registry.services.bulk.import_certificates import import_checked
from registry.services.bulk.imports import ImportKind, Sent, read_import, send_file
from registry.services.bulk.run_imports import run_next
from registry.services.context import Actor, Registry
from tests.conftest import BASE_URL, NOON, PASSPHRASE, Clock
from tests.formats.tables import csv_file, sample_table

_ROWS = 3000
# Says that it is in the middle, and stays there.
_STOPPED = """
import sys
from datetime import datetime
from pathlib import Path
from registry.formats.table import TableFormat
from registry.services.bulk import run_imports
from registry.services.bulk.check_certificates import check_certificates
from registry.services.bulk.import_certificates import import_checked
from registry.services.context import open_registry, operator
from registry.settings import read_settings
import os

def stay(done, total):
    if 0 < done < total:
        print("in the middle", flush=True)
        sys.stdin.read()

registry = open_registry(read_settings(os.environ), lambda: datetime.fromisoformat(sys.argv[1]))
if sys.argv[2] == "worker":
    import_checked_before = run_imports.import_checked
    def stopping(registry, actor, checked, progress, finish):
        import_checked_before(registry, actor, checked, stay, finish)
    run_imports._STEPS[run_imports.ImportKind.CERTIFICATES] = (run_imports.check_certificates, stopping)
    while run_imports.run_next(registry):
        pass
else:
    actor = operator(registry, "cqc")
    with check_certificates(registry, actor, Path(sys.argv[2]), TableFormat.CSV) as checked:
        import_checked(registry, actor, checked, stay)
"""


def killed_in_the_middle(registry: Registry, what: str) -> None:
    environment = {
        **os.environ,
        "REGISTRY_DATABASE_URL": registry.settings.database_url,
        "REGISTRY_DATA_DIR": str(registry.settings.data_dir),
        "REGISTRY_BASE_URL": BASE_URL,
        "REGISTRY_KEY_PASSPHRASE": PASSPHRASE,
    }
    command = [sys.executable, "-c", _STOPPED, NOON.isoformat(), what]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in the middle\n"
        process.send_signal(signal.SIGKILL)


def counts(registry: Registry) -> tuple[int, ...]:
    tables = ("certificates", "credentials", "status_events", "log_pending", "log_entries")
    with registry.database.read() as connection:
        return tuple(int(connection.scalar(text(f"SELECT count(*) FROM {one}")) or 0) for one in tables)


def test_a_command_that_is_killed_leaves_nothing(registry: Registry, actor: Actor, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(csv_file(sample_table(_ROWS)).getvalue())
    before = counts(registry)
    killed_in_the_middle(registry, str(path))
    assert counts(registry) == before
    with check_certificates(registry, actor, path, TableFormat.CSV) as checked:
        assert checked.counts.new == _ROWS
        import_checked(registry, actor, checked)
    assert counts(registry)[0] == _ROWS


def test_what_a_killed_worker_was_at_is_done_by_the_next(registry: Registry, actor: Actor, clock: Clock) -> None:
    one = send_file(registry, actor, Sent(ImportKind.CERTIFICATES, dry_run=False), csv_file(sample_table(_ROWS)))
    killed_in_the_middle(registry, "worker")
    assert counts(registry)[0] == 0
    assert read_import(registry, actor, one.name).state == "recording"
    assert not run_next(registry)
    clock.advance(seconds=120)
    while run_next(registry):
        pass
    assert read_import(registry, actor, one.name).state == "done"
    assert counts(registry) == (_ROWS, _ROWS, _ROWS, 0, counts(registry)[-1])
