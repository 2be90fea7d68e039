"""Logs of many entries made cheaply, logs as files, and processes that die."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, event

from registry.domain.errors import NotFound
from registry.formats.merkle import HASH_SIZE, TileId, integrate, leaf_hash, reader_of, root_from_tiles
from registry.formats.signed_note import VerifierKey, sign_note
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_tiles import bundle_path, bundles_between, encode_bundle, tile_path, tiles_between
from registry.services.context import Registry
from registry.services.log.integrate import integrate_pending
from registry.store import log
from registry.store.database import Database
from tests.formats.tlog_vectors import signing_key

ORIGIN = "registry.example/log"
# Row ids that no certificate of a test has.
_NOBODY = 1_000_000


def fill(registry: Registry, count: int, first: int = 0) -> list[bytes]:
    """Place entries that no certificate stands behind; returns them."""
    entries = [b"entry %d" % number for number in range(first, first + count)]
    with registry.database.transaction() as connection:
        log.insert_pending(connection, [(_NOBODY + first + at, 1, entry) for at, entry in enumerate(entries)])
    integrate_pending(registry)
    return entries


class StaticLog:
    """A log as files, under a key of its own: a LogSource."""

    def __init__(self, words: Sequence[str], seed: bytes = bytes(32)) -> None:
        self.key, self._sign = signing_key(ORIGIN, seed)
        self._entries = [word.encode() for word in words]
        self._tiles = integrate(0, {}, map(leaf_hash, self._entries))
        self.size = len(words)
        self.fetched: list[str] = []
        self.files = self._made()

    @property
    def keys(self) -> list[VerifierKey]:
        return [self.key]

    def fetch(self, path: str, at_most: int) -> bytes:
        self.fetched.append(path)
        if path not in self.files:
            raise NotFound(path)
        return self.files[path]

    def _made(self) -> dict[str, bytes]:
        text = Checkpoint(ORIGIN, self.size, root_from_tiles(self.size, reader_of(self._tiles))).text
        files = {"checkpoint": f"{text}\n{sign_note(text, self.key, self._sign).line}".encode()}
        for tile in tiles_between(0, self.size):
            files[tile_path(tile)] = self._tiles[tile.level, tile.index]
            assert TileId(tile.level, tile.index, len(files[tile_path(tile)]) // HASH_SIZE) == tile
        for bundle in bundles_between(0, self.size):
            start = bundle.index * 256
            files[bundle_path(bundle)] = encode_bundle(self._entries[start : start + bundle.width])
        return files


def forget(registry: Registry) -> None:
    """Remove what the machine remembers of the log outside of the database, as when all of it was restored."""
    (registry.settings.data_dir / "log-checkpoint").unlink(missing_ok=True)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that are run meanwhile, those of COPY and of store/direct_read.py apart."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def fork(registry: Registry, work: Callable[[Registry], object]) -> int:
    """Start a process of its own that works on the same registry, over connections of its own; returns its id.

    No connection is open at that moment: neither SQLite nor libpq bears being shared with a child.
    """
    registry.database.close()
    child = os.fork()
    if child:
        return child
    try:
        work(replace(registry, database=Database(registry.database.url)))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def end_of(child: int) -> int:
    """Wait for a process; its exit code, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
