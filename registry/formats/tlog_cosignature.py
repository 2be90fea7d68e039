"""Cosignatures of witnesses (C2SP tlog-cosignature, the Ed25519 kind, signature type 0x04).

A witness says by one: at this time, this was the largest tree that I had seen of this log, consistent with all before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from registry.formats.ed25519 import ed25519_holds
from registry.formats.signed_note import (
    ED25519_COSIGNATURE,
    MalformedKey,
    NoteSignature,
    SignedNote,
    UnverifiedNote,
    VerifierKey,
    check_text,
    signatures_by,
)

_MAX_TIMESTAMP = 2**63 - 1
_TIMESTAMP_SIZE = 8


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that holds: the witness's key, and when it signed (POSIX seconds)."""

    key: VerifierKey
    timestamp: int


def cosign(text: str, key: VerifierKey, timestamp: int, sign: Callable[[bytes], bytes]) -> NoteSignature:
    """Cosign a checkpoint's text at `timestamp` (POSIX seconds). Raises MalformedKey, MalformedNote, ValueError."""
    check_text(text)
    if key.key_type != ED25519_COSIGNATURE:
        raise MalformedKey("only keys of type 0x04 cosign")
    if not 0 < timestamp <= _MAX_TIMESTAMP:
        raise ValueError("the time of a cosignature is a positive number below 2^63")
    signature = sign(_message(text, timestamp))
    return NoteSignature(key.name, key.key_id, timestamp.to_bytes(_TIMESTAMP_SIZE, "big") + signature)


def cosignatures(note: SignedNote, witness_keys: Collection[VerifierKey]) -> list[Cosignature]:
    """The cosignatures that the note carries of known witnesses; other keys, and keys of another type, are ignored.

    Raises UnverifiedNote where one in the name of a known witness is false.
    """
    found = []
    for key, data in signatures_by(note, (key for key in witness_keys if key.key_type == ED25519_COSIGNATURE)):
        timestamp = int.from_bytes(data[:_TIMESTAMP_SIZE], "big")
        message = _message(note.text, timestamp)
        if timestamp > _MAX_TIMESTAMP or not ed25519_holds(key.public_key, data[_TIMESTAMP_SIZE:], message):
            raise UnverifiedNote(f"the cosignature of {key.name} does not hold")
        found.append(Cosignature(key, timestamp))
    return found


def _message(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
