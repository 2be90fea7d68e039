"""Custody of private keys: the only code that ever sees one."""

from keys.file_store import FileKeyStore
from keys.signer import Custody, KeyAlreadyExists, KeyNotFound, KeyRecord, KeyState, KeyStoreError, Purpose, Signer

__all__ = [
    "Custody",
    "FileKeyStore",
    "KeyAlreadyExists",
    "KeyNotFound",
    "KeyRecord",
    "KeyState",
    "KeyStoreError",
    "Purpose",
    "Signer",
]
