"""The files of a key store: one a key, readable by its owner alone, written atomically.

A key file is JSON: the public record, and either the private key as encrypted PKCS#8 (`pkcs8`) or its place on a
PKCS#11 token (`pkcs11`). The record is repeated in the database for everybody to see; here it says what the registry's
own processes may sign with.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from keys.signer import Custody, KeyAlreadyExists, KeyNotFound, KeyRecord, KeyStoreError, Purpose

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where on which token a key is: the token's label, and the key's CKA_ID there."""

    token: str
    key_id: bytes


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a key file has: the record, and the private half, encrypted, or where that is."""

    record: KeyRecord
    private: str | TokenPlace


class KeyFiles:
    """The key files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[KeyFile]:
        """All key files, those of the oldest keys first. Raises KeyStoreError for one that can't be read."""
        found = [self._read(path) for path in self.folder.glob("*.json")] if self.folder.is_dir() else []
        return sorted(found, key=lambda one: (one.record.created_at, one.record.name))

    def read(self, name: str) -> KeyFile:
        """The key file of a name. Raises KeyNotFound, KeyStoreError."""
        return self._read(self._path(name))

    def add(self, new: KeyFile) -> KeyRecord:
        """Write a new key file; the folder is made where it is missing. Raises KeyAlreadyExists, KeyStoreError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise KeyStoreError(f"The key folder {self.folder} can't be made ({error.strerror}).") from None
        return self._write(new, replacing=False)

    def replace(self, changed: KeyFile) -> KeyRecord:
        """Write a key file in the place of the one of its name. Raises KeyStoreError."""
        return self._write(changed, replacing=True)

    def check_access(self) -> None:
        """Refuse a folder that others can read. Raises KeyStoreError."""
        if self.folder.is_dir():
            _refuse_access_by_others(self.folder)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other thread or process change a key meanwhile, so that no mark on it gets lost."""
        try:
            descriptor = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise KeyNotFound(f"The key folder {self.folder} can't be read ({error.strerror}).") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        if not is_key_name(name):
            raise KeyNotFound(f"No key is named {name!r}.")
        return self.folder / f"{name}.json"

    def _read(self, path: Path) -> KeyFile:
        try:
            _refuse_access_by_others(path)
            found = _key_file(json.loads(path.read_text("utf-8")))
            if found.record.name != path.stem:
                # A copy would go on signing after the key was retired.
                name = found.record.name
                raise KeyStoreError(f"The key file {path} is a copy of {name!r}. Remove it from this folder.")
            return found
        except FileNotFoundError:
            raise KeyNotFound(f"No key is named {path.stem!r}.") from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise KeyStoreError(f"The key file {path} can't be read ({type(error).__name__}).") from None

    def _write(self, one: KeyFile, *, replacing: bool) -> KeyRecord:
        """Write to a new file beside it (mode 0600), flush it to the disk, then give it its name in one step."""
        target = self._path(one.record.name)
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(_content(one), file, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                if replacing:
                    Path(temporary).replace(target)
                else:
                    # A hard link fails where the name exists: no key is ever overwritten, not even in a race.
                    os.link(temporary, target)
            finally:
                Path(temporary).unlink(missing_ok=True)
            _flush_folder(self.folder)
        except FileExistsError:
            raise KeyAlreadyExists(f"A key named {one.record.name} exists already.") from None
        except OSError as error:
            raise KeyStoreError(f"The key file {target} can't be written ({error.strerror}).") from None
        return one.record


def is_key_name(name: str) -> bool:
    """Whether a key may have this name."""
    return _NAME.fullmatch(name) is not None


def _refuse_access_by_others(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        wanted = "700" if path.is_dir() else "600"
        raise KeyStoreError(
            f"{path} can be read by others (mode {mode:04o}). Run: chmod {wanted} {path} - and if anybody else "
            "had access, rotate the key."
        )


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _content(one: KeyFile) -> dict[str, Any]:
    record, private = one.record, one.private
    place = {"pkcs8": private} if isinstance(private, str) else {"pkcs11": _place_content(private)}
    return {
        "version": _VERSION,
        "name": record.name,
        "owner": record.owner,
        "purpose": record.purpose.value,
        "public_key": record.public_key.hex(),
        "created_at": record.created_at.isoformat(),
        "retired_at": record.retired_at and record.retired_at.isoformat(),
        "compromised_since": record.compromised_since and record.compromised_since.isoformat(),
        **place,
    }


def _place_content(place: TokenPlace) -> dict[str, str]:
    return {"token": place.token, "id": place.key_id.hex()}


def _key_file(content: dict[str, Any]) -> KeyFile:
    if content["version"] != _VERSION:
        raise ValueError("unknown version of key file")
    on_token = "pkcs11" in content
    record = KeyRecord(
        name=content["name"],
        owner=content["owner"],
        purpose=Purpose(content["purpose"]),
        public_key=bytes.fromhex(content["public_key"]),
        created_at=_time(content["created_at"]),
        retired_at=_instant(content["retired_at"]),
        compromised_since=_instant(content["compromised_since"]),
        custody=Custody.TOKEN if on_token else Custody.FILE,
    )
    if not on_token:
        return KeyFile(record, str(content["pkcs8"]))
    place = content["pkcs11"]
    return KeyFile(record, TokenPlace(str(place["token"]), bytes.fromhex(place["id"])))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _time(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return instant
