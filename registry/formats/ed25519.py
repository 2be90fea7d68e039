"""Checking Ed25519 signatures (RFC 8032)."""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions

from registry.formats.multikey import PUBLIC_KEY_SIZE

SIGNATURE_SIZE = 64


def ed25519_holds(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` (64 bytes) over `data` was made with the private half of `public_key` (32 bytes)."""
    # The binding hands both to C without a look at their lengths.
    if len(public_key) != PUBLIC_KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    try:
        # libsodium: half the time of OpenSSL for Ed25519 verification, and it refuses keys of small order.
        nacl.bindings.crypto_sign_open(signature + data, public_key)
    except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
        return False
    return True
