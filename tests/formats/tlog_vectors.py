"""The vectors that Go's implementation made (tests/vectors/tlog), and keys to sign with."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.formats.signed_note import ED25519, VerifierKey

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors/tlog/vectors.json").read_text("utf-8"))
LARGEST = 70_000


def entry(index: int) -> bytes:
    """The vectors' entry of that index."""
    return f"entry {index}".encode()


def hashes(encoded: list[str] | None) -> list[bytes]:
    """Hashes out of JSON. Go writes an empty list as null."""
    return [b64decode(value) for value in encoded or []]


def signing_key(name: str, seed: bytes, key_type: int = ED25519) -> tuple[VerifierKey, Callable[[bytes], bytes]]:
    """A key as notes name it, and what signs with it."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return VerifierKey(name, key_type, private.public_key().public_bytes_raw()), private.sign
