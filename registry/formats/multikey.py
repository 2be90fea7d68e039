"""Ed25519 public keys as Multikey (W3C Controlled Identifiers 1.0, section 2.2.2) and base58btc multibase."""

from __future__ import annotations

import base58

PUBLIC_KEY_SIZE = 32
_ED25519_PUBLIC = bytes.fromhex("ed01")
# 64 bytes take 88 symbols; base58 arithmetic is quadratic, so longer texts are refused before decoding.
_MAX_SYMBOLS = 96


class MalformedMultibase(ValueError):
    """Not a base58btc multibase value of the expected size."""


def encode_base58btc(value: bytes) -> str:
    """Multibase text: 'z' and the base58 (Bitcoin alphabet) symbols."""
    return "z" + str(base58.b58encode(value), "ascii")


def decode_base58btc(text: object, size: int) -> bytes:
    """The `size` bytes behind a multibase text. Raises MalformedMultibase."""
    # `base58` would overlook blanks at the end.
    if not isinstance(text, str) or not text.startswith("z") or len(text) > _MAX_SYMBOLS or not text.isalnum():
        raise MalformedMultibase("expected base58btc multibase text, beginning with 'z'")
    try:
        value: bytes = base58.b58decode(text[1:])
    except ValueError as error:
        raise MalformedMultibase("not base58btc") from error
    if len(value) != size:
        raise MalformedMultibase(f"expected {size} bytes, found {len(value)}")
    return value


def encode_public_key(public_key: bytes) -> str:
    """`publicKeyMultibase` of an Ed25519 key (z6Mk…)."""
    return encode_base58btc(_ED25519_PUBLIC + public_key)


def decode_public_key(text: object) -> bytes:
    """The 32 bytes of an Ed25519 `publicKeyMultibase`. Raises MalformedMultibase, also for other key types."""
    value = decode_base58btc(text, len(_ED25519_PUBLIC) + PUBLIC_KEY_SIZE)
    if not value.startswith(_ED25519_PUBLIC):
        raise MalformedMultibase("not an Ed25519 public key")
    return value[len(_ED25519_PUBLIC) :]
