"""Keys in a folder: one file a key, readable by its owner alone, written atomically, encrypted with a passphrase.

A key file is JSON: the public record, and the private key as encrypted PKCS#8. The record is repeated in the database
for everybody to see; here it says what the registry's own processes may sign with.
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
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys import pkcs8, sealing
from keys.signer import KeyAlreadyExists, KeyNotFound, KeyRecord, KeyState, KeyStoreError, Purpose, Signer

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_VERSION = 1
MIN_PASSPHRASE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class _FileSigner:
    record: KeyRecord
    _private_key: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)

    def __repr__(self) -> str:
        return f"<signer {self.record.name}>"


class FileKeyStore:
    """The keys in one folder, opened with one passphrase. Without it they can be listed; nothing is signed or made."""

    def __init__(self, folder: Path, passphrase: str | None) -> None:
        """Raises KeyStoreError for a passphrase that is too short to protect anything."""
        if passphrase is not None and len(passphrase) < MIN_PASSPHRASE_LENGTH:
            raise KeyStoreError(f"The key passphrase needs at least {MIN_PASSPHRASE_LENGTH} characters.")
        self._folder = folder
        try:
            self._passphrase = None if passphrase is None else passphrase.encode("utf-8")
        except UnicodeEncodeError:
            # That exception holds the whole text.
            raise KeyStoreError("The key passphrase is not UTF-8 text.") from None
        self._opened: dict[str, _FileSigner] = {}
        self._sealer: sealing.Sealer | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<FileKeyStore {self._folder}>"

    def create(self, name: str, owner: str, purpose: Purpose, now: datetime) -> KeyRecord:
        """Generate a key and store it. Raises KeyAlreadyExists, KeyStoreError."""
        if not _NAME.fullmatch(name):
            raise KeyStoreError(f"{name!r} is no key name: small letters, digits and hyphens, at most 64.")
        # A key under another passphrase than the others' could never be opened beside them.
        self.check()
        private_key = Ed25519PrivateKey.generate()
        record = KeyRecord(name, owner, purpose, private_key.public_key().public_bytes_raw(), now)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise KeyStoreError(f"The key folder {self._folder} can't be made ({error.strerror}).") from None
        return self._write(record, pkcs8.encrypt(private_key, self._required_passphrase()), replacing=False)

    def records(self) -> list[KeyRecord]:
        """All keys, oldest first. Raises KeyStoreError for a file that can't be read."""
        if not self._folder.is_dir():
            return []
        found = [self._read(path)[0] for path in self._folder.glob("*.json")]
        return sorted(found, key=lambda record: (record.created_at, record.name))

    def signer(self, name: str, now: datetime) -> Signer:
        """A signer with a key that is active now. Raises KeyNotFound, KeyStoreError (ended, wrong passphrase).

        The record is read anew each time, so that a key retired by another process stops signing at once.
        """
        record, pem = self._read(self._path(name))
        state = record.state_at(now)
        if state is not KeyState.ACTIVE:
            raise KeyStoreError(f"The key {name} is {state} and signs no more.")
        return self._open(record, pem)

    def _open(self, record: KeyRecord, pem: str) -> Signer:
        name = record.name
        with self._lock:
            opened = self._opened.get(name)
            if opened is None or opened.record != record:
                opened = self._opened[name] = _FileSigner(record, self._decrypt(name, pem, record))
        return opened

    def retire(self, name: str, at: datetime) -> KeyRecord:
        """Let a key sign no more from a time on; what it signed before stays good. An earlier end wins over a later."""
        with self._alone():
            record, pem = self._read(self._path(name))
            if record.retired_at is not None and record.retired_at <= at:
                return record
            return self._write(replace(record, retired_at=at), pem, replacing=True)

    def mark_compromised(self, name: str, since: datetime) -> KeyRecord:
        """Declare that from `since` on anybody may have signed with a key. An earlier time wins over a later."""
        with self._alone():
            record, pem = self._read(self._path(name))
            if record.compromised_since is not None and record.compromised_since <= since:
                return record
            return self._write(replace(record, compromised_since=since), pem, replacing=True)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """A small secret, sealed so that it can lie in a database; `context` says whose it is. Raises KeyStoreError."""
        return self._open_sealer().seal(plain, context)

    def unseal(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed in the same context. Raises KeyStoreError."""
        try:
            return self._open_sealer().open(sealed, context)
        except sealing.CantBeOpened as error:
            raise KeyStoreError(str(error)) from None

    def _open_sealer(self) -> sealing.Sealer:
        passphrase = self._required_passphrase()
        with self._lock:
            if self._sealer is None:
                try:
                    _refuse_access_by_others(self._folder)
                    self._sealer = sealing.open_sealer(self._folder, passphrase)
                except OSError as error:
                    raise KeyStoreError(f"The key folder {self._folder} can't be used ({error.strerror}).") from None
                except sealing.CantBeOpened as error:
                    raise KeyStoreError(str(error)) from None
        return self._sealer

    def check(self) -> None:
        """Refuse what must not run: files that others can read, or a passphrase that does not open the keys.

        Raises KeyStoreError, saying what to do. The newest key without an end is opened as a test of the passphrase.
        """
        if not self._folder.is_dir():
            return
        _refuse_access_by_others(self._folder)
        endless = [one for one in self.records() if one.retired_at is None and one.compromised_since is None]
        if endless:
            self._open(*self._read(self._path(endless[-1].name)))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other thread or process change a key meanwhile, so that no mark on it gets lost."""
        try:
            descriptor = os.open(self._folder, os.O_RDONLY)
        except OSError as error:
            raise KeyNotFound(f"The key folder {self._folder} can't be read ({error.strerror}).") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyNotFound(f"No key is named {name!r}.")
        return self._folder / f"{name}.json"

    def _required_passphrase(self) -> bytes:
        if self._passphrase is None:
            raise KeyStoreError("The keys were opened without their passphrase: nothing can be signed or made.")
        return self._passphrase

    def _decrypt(self, name: str, pem: str, record: KeyRecord) -> Ed25519PrivateKey:
        try:
            private_key = pkcs8.decrypt(pem, self._required_passphrase())
        except pkcs8.WrongPassphrase as error:
            raise KeyStoreError(f"Key {name}: {error}. Check REGISTRY_KEY_PASSPHRASE[_FILE].") from None
        if private_key.public_key().public_bytes_raw() != record.public_key:
            raise KeyStoreError(f"Key {name}: the file's public and private halves differ. Restore it.")
        return private_key

    def _read(self, path: Path) -> tuple[KeyRecord, str]:
        try:
            _refuse_access_by_others(path)
            content = json.loads(path.read_text("utf-8"))
            record = _record_from(content)
            if record.name != path.stem:
                # A copy would go on signing after the key was retired.
                raise KeyStoreError(f"The key file {path} is a copy of {record.name!r}. Remove it from this folder.")
            return record, str(content["pkcs8"])
        except FileNotFoundError:
            raise KeyNotFound(f"No key is named {path.stem!r}.") from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise KeyStoreError(f"The key file {path} can't be read ({type(error).__name__}).") from None

    def _write(self, record: KeyRecord, pem: str, *, replacing: bool) -> KeyRecord:
        """Write to a new file beside it (mode 0600), flush it to the disk, then give it its name in one step."""
        target = self._path(record.name)
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(_content(record, pem), file, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                if replacing:
                    Path(temporary).replace(target)
                else:
                    # A hard link fails where the name exists: no key is ever overwritten, not even in a race.
                    os.link(temporary, target)
            finally:
                Path(temporary).unlink(missing_ok=True)
            _flush_folder(self._folder)
        except FileExistsError:
            raise KeyAlreadyExists(f"A key named {record.name} exists already.") from None
        except OSError as error:
            raise KeyStoreError(f"The key file {target} can't be written ({error.strerror}).") from None
        return record


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


def _content(record: KeyRecord, pem: str) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "name": record.name,
        "owner": record.owner,
        "purpose": record.purpose.value,
        "public_key": record.public_key.hex(),
        "created_at": record.created_at.isoformat(),
        "retired_at": record.retired_at and record.retired_at.isoformat(),
        "compromised_since": record.compromised_since and record.compromised_since.isoformat(),
        "pkcs8": pem,
    }


def _record_from(content: dict[str, Any]) -> KeyRecord:
    if content["version"] != _VERSION:
        raise ValueError("unknown version of key file")
    return KeyRecord(
        name=content["name"],
        owner=content["owner"],
        purpose=Purpose(content["purpose"]),
        public_key=bytes.fromhex(content["public_key"]),
        created_at=_time(content["created_at"]),
        retired_at=_instant(content["retired_at"]),
        compromised_since=_instant(content["compromised_since"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _time(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return instant
