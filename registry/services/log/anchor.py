"""The newest checkpoint that this machine has signed, kept outside the database.

Whoever writes to the database could otherwise set the log back, and have the registry sign another history from there
on. With this, only who also writes to the registry's own folder can; and witnesses and mirrors see that as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import Connection

from registry.domain.errors import RegistryError
from registry.formats.merkle import MalformedTile, reader_of, root_from_tiles, root_tiles
from registry.formats.signed_note import MalformedNote, parse_note
from registry.formats.tlog_checkpoint import Checkpoint, parse_checkpoint
from registry.services.context import Registry
from registry.store import log as store


class LogDamaged(RegistryError):
    """The stored log is not the one that was signed; nothing is added to it."""


def keep(registry: Registry, note: bytes) -> None:
    """Remember a checkpoint that has been committed, unless a later one is remembered already."""
    kept = _read(registry)
    if kept is not None and kept.size >= parse_checkpoint(parse_note(note).text).size:
        return
    path = _path(registry)
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(note)
        file.flush()
        # After a power cut, half a file would keep the log from going on.
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def require_continuation(registry: Registry, connection: Connection, tree: Checkpoint) -> None:
    """Raises LogDamaged unless the stored tree contains all that this machine has signed before."""
    kept = _read(registry)
    if kept is None or (kept.size, kept.root) == (tree.size, tree.root):
        return
    advice = (
        f"This machine has signed the log at size {kept.size} ({_path(registry)}), and the database has another one. "
        "Restore the newest backup. Run: registry log verify"
    )
    if kept.size >= tree.size:
        raise LogDamaged(advice)
    tiles = store.read_tiles(connection, [(one.level, one.index) for one in root_tiles(kept.size)])
    try:
        continued = root_from_tiles(kept.size, reader_of(tiles)) == kept.root
    except MalformedTile:
        continued = False
    if not continued:
        raise LogDamaged(advice)


def _read(registry: Registry) -> Checkpoint | None:
    path = _path(registry)
    try:
        return parse_checkpoint(parse_note(path.read_bytes()).text)
    except FileNotFoundError:
        return None
    except (OSError, MalformedNote) as error:
        raise LogDamaged(f"{path} can't be read: {error}. Restore it from the backup.") from error


def _path(registry: Registry) -> Path:
    return registry.settings.data_dir / "log-checkpoint"
