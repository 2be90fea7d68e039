"""What the rest of the registry may know of a private key: its name, its public half, and that it can sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Purpose(StrEnum):
    """What a key signs. One key serves one purpose, so that a signature can't be passed off as another kind.

    `issuer`: certificates of one certification body. The others are the registry's own: `registry` signs what the
    registry says of itself, `log` checkpoints, `status_list` status list credentials, `receipt` verification receipts.
    `conformance` signs what the conformance face (VC-API) is given: a key for tests, which nobody publishes.
    `witness` cosigns the checkpoints of logs: the key of a witness (registry witness), not of a registry.
    """

    ISSUER = "issuer"
    REGISTRY = "registry"
    LOG = "log"
    STATUS_LIST = "status_list"
    RECEIPT = "receipt"
    WITNESS = "witness"
    CONFORMANCE = "conformance"


class Custody(StrEnum):
    """Who holds the private half: a file of this store, a PKCS#11 token, or the issuer itself, outside of any store."""

    FILE = "file"
    TOKEN = "token"  # noqa: S105 - no secret
    ISSUER = "issuer"


class KeyState(StrEnum):
    """Whether a key may sign."""

    ACTIVE = "active"
    RETIRED = "retired"
    COMPROMISED = "compromised"


class KeyStoreError(Exception):
    """The key store can't do what was asked; the message says what to do."""


class KeyNotFound(KeyStoreError):
    """No key of that name."""


class KeyAlreadyExists(KeyStoreError):
    """A key of that name exists; keys are never overwritten."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """The public part of a stored key.

    `name` is unique in the store, `owner` is an issuer's code (or 'registry'), `public_key` 32 bytes (Ed25519).
    `retired_at` may lie in the future: an end that is planned.
    """

    name: str
    owner: str
    purpose: Purpose
    public_key: bytes
    created_at: datetime
    retired_at: datetime | None = None
    compromised_since: datetime | None = None
    custody: Custody = Custody.FILE

    def state_at(self, moment: datetime) -> KeyState:
        """Compromised outranks retired, and counts whatever the moment."""
        if self.compromised_since is not None:
            return KeyState.COMPROMISED
        return KeyState.ACTIVE if self.retired_at is None or moment < self.retired_at else KeyState.RETIRED


class Signer(Protocol):
    """Signs with one active key."""

    @property
    def record(self) -> KeyRecord:
        """The public part."""

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature (RFC 8032), 64 bytes."""
