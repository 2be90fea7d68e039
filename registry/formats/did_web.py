"""Decentralized identifiers of the `did:web` method, and the documents behind them (W3C DID Core, did:web)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from urllib.parse import urlsplit

from registry.domain.signing_key import PublishedKey
from registry.formats.canonical_json import JsonObject
from registry.formats.data_integrity import timestamp
from registry.formats.multikey import encode_public_key

DID_CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]


def registry_did(base_url: str) -> str:
    """The registry's own DID; its document stands at /.well-known/did.json."""
    return "did:web:" + _host(base_url)


def issuer_did(base_url: str, code: str) -> str:
    """The DID of an issuer; its document stands at /issuers/{code}/did.json."""
    return f"did:web:{_host(base_url)}:issuers:{code}"


def did_document(did: str, keys: Iterable[PublishedKey], also_known_as: Iterable[str] = ()) -> JsonObject:
    """All keys that ever were the subject's, with their validity, so that old signatures can still be checked.

    `assertionMethod` lists the keys whose new signatures count; `expires` and `revoked` tell of the others
    (Controlled Identifiers 1.0, section 2.2).
    """
    ordered = sorted(keys, key=lambda key: (key.active_from, key.verification_method))
    return {
        "@context": DID_CONTEXT,
        "id": did,
        "alsoKnownAs": list(also_known_as),
        "verificationMethod": [_verification_method(did, key) for key in ordered],
        "assertionMethod": [key.verification_method for key in ordered if key.compromised_since is None],
    }


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
    }
    if key.retired_at is not None:
        method["expires"] = timestamp(key.retired_at)
    if key.compromised_since is not None:
        method["revoked"] = timestamp(key.compromised_since)
    return method


def _host(base_url: str) -> str:
    """Host and port, with the colon of a port percent-encoded as did:web asks."""
    return urlsplit(base_url).netloc.replace(":", "%3A")
