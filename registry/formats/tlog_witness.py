"""The bodies of `add-checkpoint`, with which a log asks a witness for its cosignature (C2SP tlog-witness)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.formats.signed_note import MAX_NOTE_SIZE, MalformedNote, NoteSignature, parse_signatures
from registry.formats.tlog_checkpoint import decode_hash, decode_size, encode_hash

PATH = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_PROOF_LINES = 63
_OLD = "old "


class MalformedRequest(ValueError):
    """Not the body of an add-checkpoint request."""


class MalformedResponse(ValueError):
    """Not an answer that a witness gives."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: the size of which the log knows that the witness has seen it, the proof from there, the checkpoint.

    `checkpoint` is a signed note, its bytes as they were published.
    """

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The body."""
        lines = [f"{_OLD}{self.old_size}", *map(encode_hash, self.proof), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def parse_request(body: bytes) -> AddCheckpoint:
    """Take a body apart; the checkpoint in it is not looked at. Raises MalformedRequest."""
    head, separator, checkpoint = body.partition(b"\n\n")
    if not separator or len(checkpoint) > MAX_NOTE_SIZE:
        raise MalformedRequest("the body is not an old size, a proof, an empty line and a checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        if not first.startswith(_OLD):
            raise MalformedRequest("the first line is not 'old' and a size")
        if len(lines) > MAX_PROOF_LINES:
            raise MalformedRequest(f"the proof has more than {MAX_PROOF_LINES} lines")
        old_size = decode_size(first.removeprefix(_OLD))
        return AddCheckpoint(old_size, tuple(map(decode_hash, lines)), checkpoint)
    except UnicodeDecodeError:
        raise MalformedRequest("the size and the proof are not ASCII") from None
    except MalformedNote as error:
        raise MalformedRequest(str(error)) from None


def encode_response(signatures: Sequence[NoteSignature]) -> bytes:
    """The body of an answer 200."""
    return "".join(signature.line for signature in signatures).encode()


def parse_response(body: bytes) -> tuple[NoteSignature, ...]:
    """The signature lines of an answer 200, not verified. Raises MalformedResponse."""
    try:
        return parse_signatures(body.decode("utf-8"))
    except (UnicodeDecodeError, MalformedNote) as error:
        raise MalformedResponse("the witness's answer is not a sequence of signature lines") from error


def encode_size(size: int) -> bytes:
    """The body of an answer 409: the size that the witness cosigned last."""
    return f"{size}\n".encode()


def parse_size(body: bytes) -> int:
    """The size in an answer 409. Raises MalformedResponse."""
    try:
        text = body.decode("ascii")
        if not text.endswith("\n"):
            raise MalformedResponse("the size in the witness's answer has no newline")
        return decode_size(text[:-1])
    except (UnicodeDecodeError, MalformedNote) as error:
        raise MalformedResponse("the witness's answer is not a size") from error
