"""People outside of the registry who sign with a `did:key` of their own; and credentials for them to sign."""

from __future__ import annotations

import copy
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.formats.did_key import did_key, did_key_method
from registry.formats.proofs import Cryptosuite, secure
from tests.conftest import NOON

VC_V1 = "https://www.w3.org/2018/credentials/v1"
VC_V2 = "https://www.w3.org/ns/credentials/v2"
EXAMPLES_V2 = "https://www.w3.org/ns/credentials/examples/v2"
JCS, RDFC = Cryptosuite.JCS, Cryptosuite.RDFC


class ForeignSigner:
    """Somebody with a key: 32 bytes of the value `seed`."""

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public_key = self._key.public_key().public_bytes_raw()
        self.did = did_key(public_key)
        self.method = did_key_method(public_key)

    def sign(self, document: dict[str, Any], suite: Cryptosuite, **options: Any) -> dict[str, Any]:
        return secure(document, suite, self.method, NOON, self._key.sign, **options)


ISSUER, HOLDER, STRANGER = ForeignSigner(1), ForeignSigner(2), ForeignSigner(3)


def credential(**changes: Any) -> dict[str, Any]:
    """A credential of version 2.0 by ISSUER, not signed; `changes` by name, `context` for @context."""
    document: dict[str, Any] = {
        "@context": [VC_V2, EXAMPLES_V2],
        "id": "urn:uuid:86294362-4254-4f36-854f-3952fe42555d",
        "type": ["VerifiableCredential", "ExampleCredential"],
        "issuer": ISSUER.did,
        "credentialSubject": {"id": "did:example:subject", "alumniOf": "清华大学"},
    }
    return _with(document, changes)


def credential_v1(**changes: Any) -> dict[str, Any]:
    """The same of version 1.1, without an example context."""
    document: dict[str, Any] = {
        "@context": [VC_V1],
        "id": "urn:uuid:86294362-4254-4f36-854f-3952fe42555d",
        "type": ["VerifiableCredential"],
        "issuer": ISSUER.did,
        "issuanceDate": "2026-03-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:subject"},
    }
    return _with(document, changes)


def presentation(*credentials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A presentation by HOLDER, not signed."""
    document: dict[str, Any] = {"@context": [VC_V2], "type": ["VerifiablePresentation"], "holder": HOLDER.did}
    if credentials:
        document["verifiableCredential"] = list(credentials)
    return _with(document, changes)


def _with(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    contexts = {"@context": changes.pop("context")} if "context" in changes else {}
    return {**document, **contexts, **copy.deepcopy(changes)}
