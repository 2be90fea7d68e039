"""A ZIP archive (PKWARE APPNOTE) made piece by piece, for files that are compressed already; any number of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo


class Entry(NamedTuple):
    """One file of an archive."""

    name: str
    content: bytes
    changed_at: datetime


def zip_parts(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive, entry by entry; nothing but the list of names is kept."""
    written = _Written()
    with ZipFile(written, "w", ZIP_STORED) as archive:
        for entry in entries:
            archive.writestr(ZipInfo(entry.name, entry.changed_at.timetuple()[:6]), entry.content)
            yield written.taken()
    yield written.taken()


class _Written(io.RawIOBase):
    """Keeps what is written until somebody takes it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It is written to, and nothing else."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Keep it."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """All since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
