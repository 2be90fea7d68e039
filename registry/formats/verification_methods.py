"""Verification methods: public keys with a name, an owner and purposes (W3C Controlled Identifiers 1.0)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ASSERTION_METHOD = "assertionMethod"
AUTHENTICATION = "authentication"


class UnknownVerificationMethod(ValueError):
    """No verification method was found under that address; the message says why."""


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """An Ed25519 key as its controller's document lists it.

    `id` is the DID URL that proofs name, `controller` the DID in whose document it stands, `public_key` has 32 bytes,
    `purposes` are the verification relationships under which the document lists it (2.3). `expires` and `revoked` are
    the moments from which on it counts no more (2.2).
    """

    id: str
    controller: str
    public_key: bytes
    purposes: frozenset[str]
    expires: datetime | None = None
    revoked: datetime | None = None
