"""Keys in a folder, a file for each (`key_files`): the private half encrypted in the file, or on a PKCS#11 token."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keys import pkcs8, sealing
from keys.key_files import KeyFile, KeyFiles, TokenPlace, is_key_name
from keys.pkcs11_token import Pkcs11Token
from keys.signer import Custody, KeyRecord, KeyState, KeyStoreError, Purpose, Signer

MIN_PASSPHRASE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class _OpenedKey:
    record: KeyRecord
    _sign: Callable[[bytes], bytes]

    def sign(self, message: bytes) -> bytes:
        return self._sign(message)

    def __repr__(self) -> str:
        return f"<signer {self.record.name}>"


class FileKeyStore:
    """The keys in one folder, opened with one passphrase, and perhaps a token on which some of them are.

    Without the passphrase they can be listed, and nothing of theirs is signed or made; without the token nothing of
    the keys that are on it.
    """

    def __init__(self, folder: Path, passphrase: str | None, token: Pkcs11Token | None = None) -> None:
        """Raises KeyStoreError for a passphrase that is too short to protect anything."""
        if passphrase is not None and len(passphrase) < MIN_PASSPHRASE_LENGTH:
            raise KeyStoreError(f"The key passphrase needs at least {MIN_PASSPHRASE_LENGTH} characters.")
        self._files = KeyFiles(folder)
        self._token = token
        try:
            self._passphrase = None if passphrase is None else passphrase.encode("utf-8")
        except UnicodeEncodeError:
            # That exception holds the whole text.
            raise KeyStoreError("The key passphrase is not UTF-8 text.") from None
        self._opened: dict[str, _OpenedKey] = {}
        self._sealer: sealing.Sealer | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<FileKeyStore {self._files.folder}>"

    def create(
        self, name: str, owner: str, purpose: Purpose, now: datetime, custody: Custody = Custody.FILE
    ) -> KeyRecord:
        """Generate a key in a file or on the token. Raises KeyAlreadyExists, KeyStoreError."""
        if not is_key_name(name):
            raise KeyStoreError(f"{name!r} is no key name: small letters, digits and hyphens, at most 64.")
        # A key under another passphrase than the others' could never be opened beside them.
        self.check()
        if custody is Custody.TOKEN:
            return self._create_on_token(name, owner, purpose, now)
        private_key = Ed25519PrivateKey.generate()
        record = KeyRecord(name, owner, purpose, private_key.public_key().public_bytes_raw(), now)
        return self._files.add(KeyFile(record, pkcs8.encrypt(private_key, self._required_passphrase())))

    def records(self) -> list[KeyRecord]:
        """All keys, oldest first. Raises KeyStoreError for a file that can't be read."""
        return [one.record for one in self._files.all()]

    def signer(self, name: str, now: datetime) -> Signer:
        """A signer with a key that is active now. Raises KeyNotFound, KeyStoreError (ended, wrong passphrase or PIN).

        The record is read anew each time, so that a key retired by another process stops signing at once.
        """
        file = self._files.read(name)
        state = file.record.state_at(now)
        if state is not KeyState.ACTIVE:
            raise KeyStoreError(f"The key {name} is {state} and signs no more.")
        return self._open(file)

    def retire(self, name: str, at: datetime) -> KeyRecord:
        """Let a key sign no more from a time on; what it signed before stays good. An earlier end wins over a later."""
        with self._files.alone():
            file = self._files.read(name)
            if file.record.retired_at is not None and file.record.retired_at <= at:
                return file.record
            return self._files.replace(replace(file, record=replace(file.record, retired_at=at)))

    def mark_compromised(self, name: str, since: datetime) -> KeyRecord:
        """Declare that from `since` on anybody may have signed with a key. An earlier time wins over a later."""
        with self._files.alone():
            file = self._files.read(name)
            if file.record.compromised_since is not None and file.record.compromised_since <= since:
                return file.record
            return self._files.replace(replace(file, record=replace(file.record, compromised_since=since)))

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
                folder = self._files.folder
                try:
                    self._files.check_access()
                    self._sealer = sealing.open_sealer(folder, passphrase)
                except OSError as error:
                    raise KeyStoreError(f"The key folder {folder} can't be used ({error.strerror}).") from None
                except sealing.CantBeOpened as error:
                    raise KeyStoreError(str(error)) from None
        return self._sealer

    def check(self) -> None:
        """Refuse what must not run: files that others can read, or a passphrase or PIN that does not open the keys.

        Raises KeyStoreError, saying what to do. The newest key without an end is opened as a test, of those in files
        and of those on the token.
        """
        self._files.check_access()
        endless = [
            one for one in self._files.all() if one.record.retired_at is None and one.record.compromised_since is None
        ]
        for newest in {one.record.custody: one for one in endless}.values():
            self._open(newest)

    def _create_on_token(self, name: str, owner: str, purpose: Purpose, now: datetime) -> KeyRecord:
        token = self._token
        if token is None:
            raise KeyStoreError(
                "There is no token to make a key on: set REGISTRY_PKCS11_MODULE and REGISTRY_PKCS11_TOKEN."
            )
        key_id = secrets.token_bytes(16)
        record = KeyRecord(name, owner, purpose, token.generate(key_id, name), now, custody=Custody.TOKEN)
        try:
            _require_ed25519(record, token.sign(key_id, _TRIAL))
            return self._files.add(KeyFile(record, TokenPlace(token.label, key_id)))
        except KeyStoreError:
            token.destroy(key_id)
            raise

    def _open(self, file: KeyFile) -> _OpenedKey:
        name = file.record.name
        with self._lock:
            opened = self._opened.get(name)
        if opened is None or opened.record != file.record:
            private = file.private
            sign = self._on_token(file.record, private) if isinstance(private, TokenPlace) else self._in_file(file)
            opened = _OpenedKey(file.record, sign)
            with self._lock:
                self._opened[name] = opened
        return opened

    def _in_file(self, file: KeyFile) -> Callable[[bytes], bytes]:
        name = file.record.name
        try:
            private_key = pkcs8.decrypt(str(file.private), self._required_passphrase())
        except pkcs8.WrongPassphrase as error:
            raise KeyStoreError(f"Key {name}: {error}. Check REGISTRY_KEY_PASSPHRASE[_FILE].") from None
        if private_key.public_key().public_bytes_raw() != file.record.public_key:
            raise KeyStoreError(f"Key {name}: the file's public and private halves differ. Restore it.")
        return private_key.sign

    def _on_token(self, record: KeyRecord, place: TokenPlace) -> Callable[[bytes], bytes]:
        token = self._token
        if token is None or token.label != place.token:
            configured = "" if token is None else f", and not on {token.label!r}"
            raise KeyStoreError(
                f"The key {record.name} is on the token {place.token!r}{configured}. "
                "Set REGISTRY_PKCS11_MODULE, REGISTRY_PKCS11_TOKEN and REGISTRY_PKCS11_PIN_FILE to it."
            )
        if token.public_key(place.key_id) != record.public_key:
            raise KeyStoreError(f"Key {record.name}: the token has another key there. Restore its file or the token.")
        return lambda message: token.sign(place.key_id, message)

    def _required_passphrase(self) -> bytes:
        if self._passphrase is None:
            raise KeyStoreError("The keys were opened without their passphrase: nothing can be signed or made.")
        return self._passphrase


# Signed once with each new key on a token, to see that it is Ed25519 as RFC 8032 has it. Nothing of ours is so short.
_TRIAL = b"trial"


def _require_ed25519(record: KeyRecord, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(record.public_key).verify(signature, _TRIAL)
    except (InvalidSignature, ValueError):
        raise KeyStoreError("The token's signature is not that of Ed25519 (RFC 8032): it can't be used.") from None
