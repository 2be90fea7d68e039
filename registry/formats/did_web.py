"""Decentralized identifiers of the `did:web` method, and the documents behind them (W3C DID Core, did:web)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from registry.domain.signing_key import PublishedKey
from registry.formats.canonical_json import JsonObject
from registry.formats.data_integrity import timestamp
from registry.formats.multikey import encode_public_key

_TERM = {"@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
DID_CONTEXT: list[str | JsonObject] = [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    {
        "activeFrom": {"@id": "https://schema.org/validFrom", **_TERM},
        "retiredAt": {"@id": "https://schema.org/validUntil", **_TERM},
    },
]


def registry_did(base_url: str) -> str:
    """The registry's own DID; its document stands at /.well-known/did.json."""
    return "did:web:" + _host(base_url)


def issuer_did(base_url: str, code: str) -> str:
    """The DID of an issuer; its document stands at /issuers/{code}/did.json."""
    return f"did:web:{_host(base_url)}:issuers:{code}"


def did_document(
    did: str,
    keys: Iterable[PublishedKey],
    also_known_as: Iterable[str] = (),
    log_keys: Iterable[PublishedKey] = (),
) -> JsonObject:
    """All keys that ever were the subject's, with their validity (Controlled Identifiers 1.0, sections 2.2 and 2.3).

    A retired key stays under `assertionMethod` and has no `expires`. What it signed is still good, while a verifier
    refuses each proof, however old, of a key that the relationship does not list (section 3.3) or whose `expires`
    has passed (section 2.2: such a key is not to verify proofs "at or after the time of expiration"). So our own
    `retiredAt` tells when it ceased to sign, and `activeFrom` when it began.

    A compromised key has `revoked`, and leaves `assertionMethod`: from the document nobody can tell what it signed
    before the thief had it ("Revocation Semantics" there). The verdict and the proof of the log can.

    `log_keys` sign checkpoints and no credentials: they are listed under no relationship.
    """
    asserting = sorted(keys, key=_age)
    return {
        "@context": DID_CONTEXT,
        "id": did,
        "alsoKnownAs": list(also_known_as),
        "verificationMethod": [_verification_method(did, key) for key in sorted([*asserting, *log_keys], key=_age)],
        "assertionMethod": [key.verification_method for key in asserting if vouches(key)],
    }


def vouches(key: PublishedKey) -> bool:
    """Whether outsiders may still believe signatures of a key: those of a retired one, but of no compromised one."""
    return key.compromised_since is None


def json_web_key(key: PublishedKey) -> JsonObject:
    """An Ed25519 public key as a JWK (RFC 8037)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": key.verification_method,
        "x": urlsafe_b64encode(key.public_key).rstrip(b"=").decode(),
    }


def _verification_method(did: str, key: PublishedKey) -> JsonObject:
    method: JsonObject = {
        "id": key.verification_method,
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": encode_public_key(key.public_key),
        "activeFrom": timestamp(key.active_from),
    }
    if key.retired_at is not None:
        # Rounded up, for what it signed in that very second counts.
        method["retiredAt"] = timestamp(key.retired_at + timedelta(microseconds=999_999))
    if key.compromised_since is not None:
        method["revoked"] = timestamp(key.compromised_since)
    return method


def _age(key: PublishedKey) -> tuple[datetime, str]:
    return key.active_from, key.verification_method


def _host(base_url: str) -> str:
    """Host and port, with the colon of a port percent-encoded as did:web asks."""
    return urlsplit(base_url).netloc.replace(":", "%3A")
