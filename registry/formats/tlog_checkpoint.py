"""Checkpoints (C2SP tlog-checkpoint): a signed note that states a log's name, its size and its root hash."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass

from registry.formats.merkle import EMPTY_ROOT, HASH_SIZE
from registry.formats.signed_note import (
    MalformedNote,
    SignedNote,
    UnverifiedNote,
    VerifierKey,
    decode_base64,
    parse_note,
    verify_note,
)

MAX_SIZE = 2**63 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MalformedCheckpoint(MalformedNote):
    """Not the text of a checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint states: the log's origin, its number of leaves, and the 32 bytes of its root hash."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text of the note. Raises MalformedCheckpoint where the fields do not make one."""
        text = "\n".join([self.origin, str(self.size), encode_hash(self.root), *self.extensions]) + "\n"
        if parse_checkpoint(text) != self:
            raise MalformedCheckpoint("a line of a checkpoint has no newline in it")
        return text


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from a note's text. Raises MalformedCheckpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise MalformedCheckpoint("a checkpoint has three lines at least, none of them empty")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, decode_size(size), decode_hash(root), tuple(extensions))


def open_checkpoint(note: bytes, log_keys: Collection[VerifierKey]) -> tuple[Checkpoint, SignedNote]:
    """The checkpoint in a note that one of the log's keys signed; a key is good for the origin that is its name.

    Raises MalformedNote (MalformedCheckpoint) and UnverifiedNote.
    """
    signed = parse_note(note)
    checkpoint = parse_checkpoint(signed.text)
    keys = [key for key in log_keys if key.name == checkpoint.origin]
    if not keys:
        raise UnverifiedNote(f"no key is known for the log {checkpoint.origin}")
    verify_note(signed, keys)
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise MalformedCheckpoint("the root hash of an empty log is not that of the empty tree")
    return checkpoint, signed


def encode_hash(value: bytes) -> str:
    """A hash as base64."""
    return base64.b64encode(value).decode()


def decode_hash(text: str) -> bytes:
    """The 32 bytes of a hash. Raises MalformedCheckpoint."""
    try:
        value = decode_base64(text)
    except ValueError:
        raise MalformedCheckpoint("a hash is not base64") from None
    if len(value) != HASH_SIZE:
        raise MalformedCheckpoint(f"a hash has {len(value)} bytes, not {HASH_SIZE}")
    return value


def decode_size(text: str) -> int:
    """A size or an index: decimal, no leading zeros, below 2^63. Raises MalformedCheckpoint."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedCheckpoint("a size is not a decimal number below 2^63")
    return int(text)
