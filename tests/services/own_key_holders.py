"""Issuers that keep their keys: they sign with `cryptography` alone, what the registry hands them."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

import base58
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.formats.signing_request import SigningRequest
from registry.services.context import Actor, Registry
from registry.services.prepare import Prepared
from registry.services.register_key import challenge_for, register_key
from registry.store.issuers import StoredKey


class KeyHolder:
    """Somebody with a key that no registry has: 32 bytes of the value `seed`."""

    def __init__(self, seed: int = 7) -> None:
        self.private_key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public_key = self.private_key.public_key().public_bytes_raw()
        self.multibase = "z" + base58.b58encode(b"\xed\x01" + self.public_key).decode()

    def sign(self, request: SigningRequest, **changes: Any) -> dict[str, Any]:
        """The document with the proof that was asked for; `changes` to members of the proof, None for none."""
        proof = {name: value for name, value in {**request.proof, **changes}.items() if value is not None}
        data = hashlib.sha256(rfc8785.dumps(proof)).digest() + hashlib.sha256(rfc8785.dumps(request.document)).digest()
        return self.sealed(request.document, proof, data)

    def sign_data(self, handed_out: dict[str, Any]) -> dict[str, Any]:
        """The same by the 64 bytes alone, as with a signer that knows nothing of documents."""
        return self.sealed(handed_out["document"], handed_out["proof"], base64.b64decode(handed_out["hash_data"]))

    def sealed(self, document: dict[str, Any], proof: dict[str, Any], data: bytes) -> dict[str, Any]:
        value = "z" + base58.b58encode(self.private_key.sign(data)).decode()
        return {**document, "proof": {**proof, "proofValue": value}}

    def register(self, registry: Registry, actor: Actor, **options: Any) -> StoredKey:
        """Have the key registered for the issuer."""
        asked = challenge_for(registry, actor, self.multibase)
        return register_key(registry, actor, self.sign(asked.request), **options)

    def signed(self, prepared: Prepared, **changes: Any) -> dict[str, Any]:
        """The credential of a prepared certificate."""
        return self.sign(prepared.request, **changes)


def stamp(moment: datetime) -> str:
    """As proofs write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
