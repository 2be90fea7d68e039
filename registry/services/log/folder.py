"""A log as static files, each where HTTP has it (C2SP tlog-tiles), so that any web server serves the folder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registry.domain.errors import Conflict, StorageUnavailable
from registry.formats.signed_note import MAX_NOTE_SIZE

_CHECKPOINT = "checkpoint"
_LOCK = ".lock"
_REFUSED = "refused"


class LogFolder:
    """The files of one log. Paths are relative to the log's prefix, as formats/tlog_tiles.py makes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that all else has been fetched for; None where there is none."""
        return self.read(_CHECKPOINT, MAX_NOTE_SIZE)

    def read(self, path: str, at_most: int) -> bytes | None:
        """A file; None where there is none. Of one that is too long, one byte more than `at_most`.

        Raises StorageUnavailable.
        """
        try:
            with (self.folder / path).open("rb") as file:
                return file.read(at_most + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageUnavailable(f"{self.folder / path} can't be read: {error.strerror}.") from error

    def write(self, path: str, content: bytes) -> None:
        """Write a file in one step, and be sure that it is on the disk. Raises StorageUnavailable."""
        target = self.folder / path
        partial = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except OSError as error:
            raise StorageUnavailable(f"{target} can't be written: {error.strerror}.") from error

    def move_to(self, checkpoint: bytes) -> None:
        """Let the folder be the log at this checkpoint, all of whose files have been written."""
        self.write(_CHECKPOINT, checkpoint)

    def keep_refused(self, name: str, checkpoint: bytes) -> Path:
        """Keep a signed checkpoint that must not stand, as evidence; returns its file."""
        self.write(f"{_REFUSED}/{name}", checkpoint)
        return self.folder / _REFUSED / name

    def drop_partials(self, path: str) -> None:
        """Remove the narrower versions of a full tile."""
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(self.folder / f"{path}.p")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process write here meanwhile; a new folder that stays empty is removed again.

        Raises Conflict, StorageUnavailable.
        """
        new = not self.folder.exists()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StorageUnavailable(f"{self.folder} can't be written: {error.strerror}.") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(f"Another process is mirroring into {self.folder}.") from error
            try:
                yield
            finally:
                if new:
                    self._remove_if_empty()
        finally:
            os.close(descriptor)

    def _remove_if_empty(self) -> None:
        if [one.name for one in self.folder.iterdir()] == [_LOCK]:
            with suppress(OSError):
                (self.folder / _LOCK).unlink()
                self.folder.rmdir()
