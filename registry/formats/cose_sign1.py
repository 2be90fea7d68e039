"""COSE_Sign1: one Ed25519 signature over some bytes, in CBOR (RFC 9052, section 4.2; RFC 9053, section 2.2).

Everything is deterministic CBOR (RFC 8949, section 4.2.1): a message has one encoding, and another is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cbor2

from registry.formats.ed25519 import SIGNATURE_SIZE, ed25519_holds

# Header parameters (RFC 9052, section 3.1).
ALGORITHM, KEY_ID = 1, 4
# EdDSA (RFC 9053) is what COSE libraries know, so that is what we write. Ed25519 (RFC 9864) will take its place one
# day; it is read already, because prints and the programs that read them are of different ages.
EDDSA, ED25519 = -8, -19
# Tag 18 takes one byte.
_TAG = b"\xd2"
# The message, its header map, and what stands in that.
_MAX_DEPTH = 3


class MalformedCose(ValueError):
    """Not a COSE_Sign1 message, or not in deterministic CBOR."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """A message taken apart; `protected` and `payload` are the bytes that were signed."""

    protected: bytes
    unprotected: Mapping[Any, Any]
    payload: bytes
    signature: bytes

    def headers(self) -> dict[Any, Any]:
        """The protected header parameters. Raises MalformedCose."""
        found = decode(self.protected) if self.protected else {}
        if not isinstance(found, dict):
            raise MalformedCose("the protected header is no map")
        return found


def encode(value: Any) -> bytes:
    """Deterministic CBOR of integers, texts, bytes, lists, and maps whose keys are integers from -24 to 23.

    cbor2 sorts keys by their length first (RFC 7049); for these, of one byte each, that is the order of RFC 8949.
    """
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """What `encode` wrote. Raises MalformedCose, also for other encodings of the same."""
    try:
        value = cbor2.loads(data, max_depth=_MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False)
        exact = encode(value) == data
    except (cbor2.CBORError, ValueError, TypeError, OverflowError) as error:
        raise MalformedCose("not CBOR") from error
    if not exact:
        raise MalformedCose("not deterministic CBOR")
    return value


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052, section 4.4), without external data: what the signature is over."""
    return encode(["Signature1", protected, b"", payload])


def write_sign1(headers: Mapping[int, Any], payload: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """A tagged message with all of `headers` protected. `sign` turns bytes into an Ed25519 signature of 64 bytes."""
    protected = encode(dict(headers))
    signature = sign(to_be_signed(protected, payload))
    return _TAG + encode([protected, {}, payload, signature])


def read_sign1(data: bytes) -> Sign1:
    """Take a tagged message apart. Raises MalformedCose."""
    if not data.startswith(_TAG):
        raise MalformedCose("not tagged as COSE_Sign1")
    match decode(data[len(_TAG) :]):
        case [bytes() as protected, dict() as unprotected, bytes() as payload, bytes() as signature]:
            if len(signature) == SIGNATURE_SIZE:
                return Sign1(protected, unprotected, payload, signature)
    raise MalformedCose("not a COSE_Sign1 message with an Ed25519 signature")


def sign1_holds(message: Sign1, public_key: bytes) -> bool:
    """Whether the signature is Ed25519, and `public_key` (32 bytes) made it. Raises MalformedCose for bad headers."""
    if message.headers().get(ALGORITHM) not in (EDDSA, ED25519):
        return False
    return ed25519_holds(public_key, message.signature, to_be_signed(message.protected, message.payload))
