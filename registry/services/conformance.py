"""The key of the conformance face, and the status list that its credentials point to.

What this key signs is for testing: the `did:key` says nothing about whose it is. It is a key of its own, made when it
is first needed, published nowhere, and never an issuer's or one that the registry speaks with.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from keys import KeyAlreadyExists, KeyNotFound, KeyStoreError, Purpose, Signer
from registry.formats import bitstring_status_list as status_list
from registry.formats.canonical_json import JsonObject
from registry.formats.did_key import did_key, did_key_method
from registry.formats.proofs import Cryptosuite, secure
from registry.services.context import Registry

_KEY = "conformance-1"
_OWNER = "conformance"
_TTL = timedelta(minutes=5)
_KEPT = timedelta(days=1)


def conformance_did(registry: Registry) -> str:
    """The `did:key` that the instances issue with. Raises keys.KeyStoreError."""
    return did_key(_signer(registry).record.public_key)


def sign(registry: Registry, document: JsonObject, suite: Cryptosuite) -> JsonObject:
    """The document with one proof more. Raises as `proofs.secure`, and keys.KeyStoreError."""
    signer = _signer(registry)
    return secure(document, suite, did_key_method(signer.record.public_key), registry.now(), signer.sign)


def status_list_url(registry: Registry, suite: Cryptosuite) -> str:
    """Where the list of revocations of one instance stands."""
    return f"{registry.base_url}/vc-api/{suite.value}/status-lists/{status_list.Purpose.REVOCATION.value}"


def new_status_entry(registry: Registry, suite: Cryptosuite) -> JsonObject:
    """A `credentialStatus` entry for a new credential, at random. Two may share a place: none is ever revoked."""
    url, index = status_list_url(registry, suite), secrets.randbelow(status_list.MINIMUM_LENGTH)
    return {"id": f"{url}#{index}", **status_list.status_entry(url, index, status_list.Purpose.REVOCATION)}


def status_list_credential(registry: Registry, suite: Cryptosuite) -> JsonObject:
    """The signed list of revocations of one instance, in which nothing is revoked. Raises keys.KeyStoreError."""
    now = registry.now()
    document = status_list.status_list_credential(
        url=status_list_url(registry, suite),
        issuer=conformance_did(registry),
        purpose=status_list.Purpose.REVOCATION,
        bits=bytes(status_list.MINIMUM_LENGTH // 8),
        valid_from=now,
        valid_until=now + _KEPT,
        ttl=_TTL,
    )
    return sign(registry, document, suite)


def _signer(registry: Registry) -> Signer:
    try:
        signer = registry.keys.signer(_KEY, registry.now())
    except KeyNotFound:
        signer = _make(registry)
    if signer.record.purpose is not Purpose.CONFORMANCE:
        raise KeyStoreError(f"The key {_KEY} is for {signer.record.purpose}, not for conformance tests. Remove it.")
    return signer


def _make(registry: Registry) -> Signer:
    now = registry.now()
    try:
        registry.keys.create(_KEY, _OWNER, Purpose.CONFORMANCE, now)
    except KeyAlreadyExists:
        # Another process made it at the same moment.
        return registry.keys.signer(_KEY, now)
    return registry.keys.signer(_KEY, now)
