"""Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures with the names of their keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from registry.formats.ed25519 import ed25519_holds

# The limits of Go's sumdb/note. The specification asks for 16 signatures at least.
MAX_NOTE_SIZE = 1_000_000
MAX_SIGNATURES = 100
ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
_KEY_TYPES = {ED25519, ED25519_COSIGNATURE}
_PUBLIC_KEY_SIZE = 32
_KEY_ID_SIZE = 4
_DASH = "— "


class MalformedNote(ValueError):
    """Not a signed note."""


class MalformedKey(ValueError):
    """Not a verifier key, or of a type that is not supported here."""


class UnverifiedNote(ValueError):
    """A note without a signature of a trusted key, or with a false one in the name of such a key."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as notes name it: key name, signature type (0x01 or 0x04), and the 32 bytes of an Ed25519 key."""

    name: str
    key_type: int
    public_key: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise MalformedKey("a key name is not empty and has no spaces, plus signs or control characters")
        if self.key_type not in _KEY_TYPES:
            raise MalformedKey(f"signature type {self.key_type:#04x} is not supported; Ed25519 is 0x01, or 0x04")
        if len(self.public_key) != _PUBLIC_KEY_SIZE:
            raise MalformedKey(f"an Ed25519 key has 32 bytes, this one {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that, beside the name, say in a note which key signed."""
        named = self.name.encode() + b"\n" + bytes([self.key_type]) + self.public_key
        return hashlib.sha256(named).digest()[:_KEY_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The key as text: `<name>+<key id>+<base64>`."""
        key = base64.b64encode(bytes([self.key_type]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the names that it gives its key, and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note taken apart. `text` ends in a newline. Nothing is verified by taking apart."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}".encode()


def parse_vkey(text: str) -> VerifierKey:
    """A verifier key from its text. Raises MalformedKey, also where the key id is not that of the key."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise MalformedKey("a verifier key is <name>+<key id>+<base64 key>")
    try:
        data = decode_base64(parts[2])
    except ValueError:
        raise MalformedKey("the verifier key's last part is not base64") from None
    key = VerifierKey(parts[0], data[0] if data else 0, data[1:])
    if parts[1] != key.key_id.hex():
        raise MalformedKey("the verifier key's id does not belong to its name and key")
    return key


def check_text(text: str) -> None:
    """Raises MalformedNote where `text` can't be the text of a note."""
    if not text.endswith("\n"):
        raise MalformedNote("a note's text ends in a newline")
    if _has_controls(text):
        raise MalformedNote("a note has no control characters but newlines")


def parse_note(note: bytes) -> SignedNote:
    """Take a signed note apart, without verifying it. Raises MalformedNote."""
    if len(note) > MAX_NOTE_SIZE:
        raise MalformedNote(f"the note has more than {MAX_NOTE_SIZE} bytes")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedNote("the note is not UTF-8") from None
    before, separator, after = whole.rpartition("\n\n")
    if not separator:
        raise MalformedNote("the note has no empty line before its signatures")
    text = before + "\n"
    check_text(text)
    return SignedNote(text, parse_signatures(after))


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Signature lines, one at least, each with its newline. Raises MalformedNote."""
    if not lines.endswith("\n"):
        raise MalformedNote("the last signature line has no newline")
    # Not splitlines(): only U+000A ends a line.
    split = lines[:-1].split("\n")
    if len(split) > MAX_SIGNATURES:
        raise MalformedNote(f"more than {MAX_SIGNATURES} signatures")
    return tuple(_parse_signature(line) for line in split)


def sign_note(text: str, key: VerifierKey, sign: Callable[[bytes], bytes]) -> NoteSignature:
    """A signature of type 0x01 over a text. `sign` makes an Ed25519 signature of 64 bytes. Raises MalformedNote."""
    check_text(text)
    if key.key_type != ED25519:
        raise MalformedKey("only keys of type 0x01 sign a note's text as it stands")
    return NoteSignature(key.name, key.key_id, sign(text.encode()))


def signatures_by(note: SignedNote, keys: Iterable[VerifierKey]) -> list[tuple[VerifierKey, bytes]]:
    """The signatures in the name of known keys, not verified. Others are left out, as the format asks."""
    known = {(key.name, key.key_id): key for key in keys}
    named = ((known.get((signature.name, signature.key_id)), signature) for signature in note.signatures)
    return [(key, signature.signature) for key, signature in named if key is not None]


def verify_note(note: SignedNote, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """The keys of type 0x01, of those given, that signed the note: one at least.

    Raises UnverifiedNote where there is none, or where a signature in the name of one of them is false.
    """
    message = note.text.encode()
    signed = signatures_by(note, (key for key in keys if key.key_type == ED25519))
    for key, signature in signed:
        if not ed25519_holds(key.public_key, signature, message):
            raise UnverifiedNote(f"the signature of {key.name} does not hold")
    if not signed:
        raise UnverifiedNote("no signature of a known key")
    return list(dict.fromkeys(key for key, _ in signed))


def decode_base64(text: str) -> bytes:
    """Standard Base 64 (RFC 4648, section 4), in its one canonical form. Raises ValueError."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if base64.b64encode(value).decode() != text:
        raise ValueError("not canonical base64")
    return value


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _is_name(name):
        raise MalformedNote("a signature line is '— <key name> <base64>'")
    try:
        data = decode_base64(encoded)
    except ValueError:
        raise MalformedNote("a signature is not base64") from None
    if len(data) <= _KEY_ID_SIZE:
        raise MalformedNote("a signature is too short")
    return NoteSignature(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not _has_controls(name) and not any(map(str.isspace, name))


def _has_controls(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)
