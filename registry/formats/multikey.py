"""Ed25519 public keys as Multikey (W3C Controlled Identifiers 1.0, section 2.2.2) and base58btc multibase."""

from __future__ import annotations

from operator import mul

PUBLIC_KEY_SIZE = 32
_ED25519_PUBLIC = bytes.fromhex("ed01")
# 64 bytes take 88 symbols; base58 arithmetic is quadratic, so longer texts are refused before decoding.
_MAX_SYMBOLS = 96
# Base58 as Bitcoin has it. Working in pairs of symbols, and (for writing) in chunks of ten, which fit a machine word,
# takes a fifth of the time that the packages take which go symbol by symbol through long integers, and every
# signature is read and written this way.
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE = len(_ALPHABET)
_PAIR = _BASE * _BASE
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
# By the two bytes of a pair, read as one number the way this machine does.
_PAIR_VALUES = {memoryview(pair.encode()).cast("H")[0]: value for value, pair in enumerate(_PAIRS)}
_PAIR_POWERS = [_PAIR**power for power in reversed(range(_MAX_SYMBOLS // 2))]
_CHUNK_SYMBOLS = 10
_CHUNK = _BASE**_CHUNK_SYMBOLS


class MalformedMultibase(ValueError):
    """Not a base58btc multibase value of the expected size."""


def encode_base58btc(value: bytes) -> str:
    """Multibase text: 'z' and the base58 (Bitcoin alphabet) symbols."""
    number = int.from_bytes(value, "big")
    pairs = []
    while number:
        number, chunk = divmod(number, _CHUNK)
        for _ in range(_CHUNK_SYMBOLS // 2):
            chunk, pair = divmod(chunk, _PAIR)
            pairs.append(_PAIRS[pair])
    symbols = "".join(reversed(pairs)).lstrip(_ALPHABET[0])
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
    # A zero in front changes nothing of the number.
    even = symbols if len(symbols) % 2 == 0 else _ALPHABET[0] + symbols
    try:
        pairs = [_PAIR_VALUES[pair] for pair in memoryview(even.encode("ascii")).cast("H")]
    except (KeyError, UnicodeEncodeError):
        raise MalformedMultibase("not base58btc") from None
    number = sum(map(mul, pairs, _PAIR_POWERS[-len(pairs) :])) if pairs else 0
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
