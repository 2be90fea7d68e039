"""Decentralized identifiers that are their own key: `did:key` with Ed25519 (W3C CCG did:key Method 0.9)."""

from __future__ import annotations

from registry.formats.multikey import MalformedMultibase, decode_public_key, encode_public_key
from registry.formats.verification_methods import UnknownVerificationMethod, VerificationMethod

_PREFIX = "did:key:"
_SHOWN = 120
# The relationships under which the method's document lists its key (3.1.5); none for key agreement, which takes
# another curve.
_PURPOSES = frozenset({"assertionMethod", "authentication", "capabilityDelegation", "capabilityInvocation"})


def did_key(public_key: bytes) -> str:
    """The DID of an Ed25519 public key of 32 bytes."""
    return _PREFIX + encode_public_key(public_key)


def did_key_method(public_key: bytes) -> str:
    """The DID URL of the one verification method in the document of that DID."""
    return f"{did_key(public_key)}#{encode_public_key(public_key)}"


def is_did_key(url: str) -> bool:
    """Whether the address is of this method at all."""
    return url.startswith(_PREFIX)


def resolve_did_key(url: str) -> VerificationMethod:
    """The key behind `did:key:z6Mk…#z6Mk…`. Raises UnknownVerificationMethod for anything else."""
    did, hash_sign, fragment = url.partition("#")
    if not is_did_key(did):
        raise UnknownVerificationMethod(f"{url[:_SHOWN]} is not a did:key")
    identifier = did.removeprefix(_PREFIX)
    if not hash_sign or fragment != identifier:
        raise UnknownVerificationMethod(f"{url[:_SHOWN]} does not end with its own key after the '#'")
    try:
        public_key = decode_public_key(identifier)
    except MalformedMultibase as error:
        raise UnknownVerificationMethod(f"{url[:_SHOWN]} is not an Ed25519 key: {error}") from error
    return VerificationMethod(id=url, controller=did, public_key=public_key, purposes=_PURPOSES)
