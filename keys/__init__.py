"""Custody of private keys: the only code that ever sees one."""

from keys.file_store import FileKeyStore
from keys.pkcs11_token import Pkcs11Token
from keys.signer import Custody, KeyAlreadyExists, KeyNotFound, KeyRecord, KeyState, KeyStoreError, Purpose, Signer

__all__ = [
    "Custody",
    "FileKeyStore",
    "KeyAlreadyExists",
    "KeyNotFound",
    "KeyRecord",
    "KeyState",
    "KeyStoreError",
    "Pkcs11Token",
    "Purpose",
    "Signer",
]
