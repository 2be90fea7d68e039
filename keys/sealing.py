"""Small secrets of others, sealed so that they can lie in a database: AES-256-GCM (NIST SP 800-38D).

The key that seals them is random, made at the first need, and kept in a file of its own beside the signing keys,
encrypted (AES-256-GCM as well) under a key that scrypt (RFC 7914) derives from the passphrase. So a new passphrase
needs this one file written anew, and a stolen database tells nothing.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_VERSION = 1
_KEY_LENGTH, _NONCE_LENGTH = 32, 12
# As for the signing keys (keys/pkcs8.py): 16 MiB of memory for each guess.
_COST, _BLOCK_SIZE, _PARALLELISM = 2**14, 8, 4
_FIRST_COST, _GREATEST_COST = 2**14, 2**20
_PURPOSE = b"registry sealing key"
_FILE = "sealing.key"


class CantBeOpened(ValueError):
    """The passphrase, the file or the sealed text is not the right one; the message names which."""


class Sealer:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "<Sealer>"

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """A version byte, a nonce, and the sealed text; it opens only in the same `context`."""
        nonce = os.urandom(_NONCE_LENGTH)
        return bytes([_VERSION]) + nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The plain text. Raises CantBeOpened."""
        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
        try:
            if version != bytes([_VERSION]):
                raise InvalidTag
            return self._cipher.decrypt(nonce, rest, context)
        except (InvalidTag, ValueError):
            raise CantBeOpened("A sealed secret can't be opened: another key sealed it, or it was altered.") from None


def open_sealer(folder: Path, passphrase: bytes) -> Sealer:
    """The sealer of a key folder; its key is made where there is none. Raises CantBeOpened, OSError."""
    path = folder / _FILE
    if not path.exists():
        _write_once(path, _wrapped(os.urandom(_KEY_LENGTH), passphrase))
    # Read back what is there: another process may have been faster.
    return Sealer(_unwrapped(path, passphrase))


def _wrapped(key: bytes, passphrase: bytes) -> str:
    salt, nonce = os.urandom(16), os.urandom(_NONCE_LENGTH)
    wrapped = AESGCM(_derived(passphrase, salt, _COST)).encrypt(nonce, key, _PURPOSE)
    content = {"version": _VERSION, "cost": _COST, "salt": salt.hex(), "nonce": nonce.hex()}
    return json.dumps(content | {"wrapped_key": wrapped.hex()}, indent=1)


def _unwrapped(path: Path, passphrase: bytes) -> bytes:
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["version"] != _VERSION:
            raise ValueError("unknown version")
        salt, nonce, wrapped = (bytes.fromhex(content[name]) for name in ("salt", "nonce", "wrapped_key"))
        # The first files did not say it.
        cost = content.get("cost", _FIRST_COST)
        if not 0 < cost <= _GREATEST_COST:
            raise ValueError("unknown cost")
        cipher = AESGCM(_derived(passphrase, salt, cost))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CantBeOpened(f"The file {path} can't be read ({type(error).__name__}). Restore it.") from None
    try:
        return cipher.decrypt(nonce, wrapped, _PURPOSE)
    except (InvalidTag, ValueError):
        raise CantBeOpened(f"The passphrase does not open {path}, or the file was altered.") from None


def _derived(passphrase: bytes, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt, _KEY_LENGTH, cost, _BLOCK_SIZE, _PARALLELISM).derive(passphrase)


def _write_once(path: Path, text: str) -> None:
    """Write a file with mode 0600, whole or not at all, and never over one that is there."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        Path(temporary).unlink(missing_ok=True)
