"""Ed25519 public keys as Multikey (W3C Controlled Identifiers 1.0, section 2.2.2) and base58btc multibase."""

from __future__ import annotations

import gmpy2

PUBLIC_KEY_SIZE = 32
_ED25519_PUBLIC = bytes.fromhex("ed01")
# 64 bytes take 88 symbols; base58 arithmetic is quadratic, so longer texts are refused before decoding.
_MAX_SYMBOLS = 96
# Base58 as Bitcoin has it, and the 58 digits that GMP uses for the same values: every signature is written and read
# this way, and going symbol by symbol through long integers takes longer than hashing the document.
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_GMP_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
_BASE = len(_ALPHABET)
_WRITTEN = str.maketrans(_GMP_DIGITS, _ALPHABET)
# Letters and digits outside of the alphabet become what GMP reads as no digit.
_READ = {ord(symbol): "!" for symbol in "0OIl"} | str.maketrans(_ALPHABET, _GMP_DIGITS)


class MalformedMultibase(ValueError):
    """Not a base58btc multibase value of the expected size."""


def encode_base58btc(value: bytes) -> str:
    """Multibase text: 'z' and the base58 (Bitcoin alphabet) symbols."""
    number = gmpy2.mpz(int.from_bytes(value, "big"))
    symbols = number.digits(_BASE).translate(_WRITTEN) if number else ""
    zeros = len(value) - len(value.lstrip(b"\0"))
    return "z" + _ALPHABET[0] * zeros + symbols


def decode_base58btc(text: object, size: int) -> bytes:
    """The `size` bytes behind a multibase text. Raises MalformedMultibase."""
    if not isinstance(text, str) or not text.startswith("z") or len(text) > _MAX_SYMBOLS or not text.isalnum():
        raise MalformedMultibase("expected base58btc multibase text, beginning with 'z'")
    value = _decode(text[1:])
    if len(value) != size:
        raise MalformedMultibase(f"expected {size} bytes, found {len(value)}")
    return value


def _decode(symbols: str) -> bytes:
    try:
        number = int(gmpy2.mpz(symbols.translate(_READ), _BASE)) if symbols else 0
    except ValueError:
        raise MalformedMultibase("not base58btc") from None
    zeros = len(symbols) - len(symbols.lstrip(_ALPHABET[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_public_key(public_key: bytes) -> str:
    """`publicKeyMultibase` of an Ed25519 key (z6Mk…)."""
    return encode_base58btc(_ED25519_PUBLIC + public_key)


def decode_public_key(text: object) -> bytes:
    """The 32 bytes of an Ed25519 `publicKeyMultibase`. Raises MalformedMultibase, also for other key types."""
    value = decode_base58btc(text, len(_ED25519_PUBLIC) + PUBLIC_KEY_SIZE)
    if not value.startswith(_ED25519_PUBLIC):
        raise MalformedMultibase("not an Ed25519 public key")
    return value[len(_ED25519_PUBLIC) :]
