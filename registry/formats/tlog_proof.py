"""Proofs that an entry is in a log, checked with no help from the log (`c2sp.org/tlog-proof@v1`)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from registry.formats.merkle import inclusion_holds
from registry.formats.signed_note import MAX_NOTE_SIZE, MalformedNote, UnverifiedNote, VerifierKey, decode_base64
from registry.formats.tlog_checkpoint import Checkpoint, decode_hash, decode_size, encode_hash, open_checkpoint
from registry.formats.tlog_cosignature import Cosignature, cosignatures

MEDIA_TYPE = "text/plain; charset=utf-8"
FILE_EXTENSION = ".tlog-proof"
_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "
# A path in a tree of less than 2^63 leaves.
_MAX_PATH = 63
MAX_EXTRA_SIZE = 65_536
MAX_PROOF_SIZE = MAX_NOTE_SIZE + 2 * MAX_EXTRA_SIZE


class MalformedLogProof(ValueError):
    """Not a tlog-proof."""


class InvalidLogProof(ValueError):
    """The proof does not show what it should; the message says at which step."""


class UnwitnessedLogProof(InvalidLogProof):
    """Too few of the demanded witnesses cosigned the checkpoint in the proof. A later proof of the same may do."""


class _TooFewWitnesses(UnverifiedNote):
    """The log has signed a note, and too few witnesses."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof taken apart: the entry's index, its audit path (sibling first), and the signed checkpoint's bytes.

    `extra` is opaque and authenticated by nothing.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The file."""
        extra = [] if self.extra is None else [_EXTRA + base64.b64encode(self.extra).decode()]
        lines = [_FIRST_LINE, *extra, f"{_INDEX}{self.index}", *map(encode_hash, self.path), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Whom a verifier believes: logs (a key is good for the origin that is its name), witnesses, and how many of these.

    `quorum` is the number of different witnesses whose cosignatures a checkpoint needs.
    """

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0


@dataclass(frozen=True, slots=True)
class ProvenInclusion:
    """What a proof showed: the checkpoint, and the known witnesses that cosigned it."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]


def parse_proof(proof: bytes) -> LogProof:
    """Take a proof apart; the checkpoint in it is not looked at. Raises MalformedLogProof."""
    if len(proof) > MAX_PROOF_SIZE:
        raise MalformedLogProof(f"the proof has more than {MAX_PROOF_SIZE} bytes")
    head, separator, checkpoint = proof.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedLogProof("the lines before the checkpoint are not ASCII") from None
    if not separator or lines.pop(0) != _FIRST_LINE:
        raise MalformedLogProof(f"the proof does not begin with '{_FIRST_LINE}', or has no checkpoint")
    extra = _decode_extra(lines.pop(0)) if lines and lines[0].startswith(_EXTRA) else None
    if not lines or not lines[0].startswith(_INDEX):
        raise MalformedLogProof("the proof names no index")
    if len(lines) > 1 + _MAX_PATH:
        raise MalformedLogProof(f"the path has more than {_MAX_PATH} hashes")
    try:
        index = decode_size(lines[0].removeprefix(_INDEX))
        return LogProof(index, tuple(map(decode_hash, lines[1:])), checkpoint, extra)
    except MalformedNote as error:
        raise MalformedLogProof(str(error)) from None


def verify_proof(proof: LogProof, leaf: bytes, policy: TrustPolicy) -> ProvenInclusion:
    """Check that leaf hash `leaf` is in the log, by the steps of the specification.

    Raises InvalidLogProof.
    """
    try:
        checkpoint, cosigned = open_cosigned(proof.checkpoint, policy)
    except _TooFewWitnesses as error:
        raise UnwitnessedLogProof(f"the checkpoint: {error}") from error
    except (MalformedNote, UnverifiedNote) as error:
        raise InvalidLogProof(f"the checkpoint: {error}") from error
    if not inclusion_holds(proof.path, proof.index, checkpoint.size, leaf, checkpoint.root):
        raise InvalidLogProof(f"the entry is not number {proof.index} of the log at size {checkpoint.size}")
    return ProvenInclusion(checkpoint, cosigned)


def open_cosigned(note: bytes, policy: TrustPolicy) -> tuple[Checkpoint, tuple[Cosignature, ...]]:
    """The checkpoint in a note, and the cosignatures of known witnesses, of whom there must be enough.

    Raises MalformedNote, UnverifiedNote.
    """
    checkpoint, signed = open_checkpoint(note, policy.logs)
    cosigned = tuple(cosignatures(signed, policy.witnesses))
    # One key under two names is one witness.
    witnesses = len({cosignature.key.public_key for cosignature in cosigned})
    if witnesses < policy.quorum:
        raise _TooFewWitnesses(f"{witnesses} known witnesses cosigned it, {policy.quorum} are demanded")
    return checkpoint, cosigned


def _decode_extra(line: str) -> bytes:
    encoded = line.removeprefix(_EXTRA)
    try:
        extra = decode_base64(encoded)
    except ValueError:
        raise MalformedLogProof("the extra data is not base64") from None
    if len(extra) > MAX_EXTRA_SIZE:
        raise MalformedLogProof(f"the extra data has more than {MAX_EXTRA_SIZE} bytes")
    return extra
