"""Custody of private keys: the only code that ever sees one."""

from keys.file_store import FileKeyStore
from keys.signer import KeyAlreadyExists, KeyNotFound, KeyRecord, KeyState, KeyStoreError, Purpose, Signer

__all__ = [
    "FileKeyStore",
    "KeyAlreadyExists",
    "KeyNotFound",
    "KeyRecord",
    "KeyState",
    "KeyStoreError",
    "Purpose",
    "Signer",
]
