"""A witness (C2SP tlog-witness): cosigns what continues the log that it knows, and nothing else.

It remembers the last checkpoint of each log that it cosigned. A later one gets its cosignature only with a proof that
the remembered tree is its beginning. Remembering and answering are one transaction: what has been answered is on the
disk, and of two checkpoints that continue the same one only one can be first.

Checkpoints are public, and anybody may send them. Repeating one costs the witness a signature or a write to the disk
only once in a while.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from keys import FileKeyStore, KeyRecord, Purpose, Signer
from registry.domain.errors import Conflict, Misconfigured, NotFound, RegistryError
from registry.formats import tlog_witness
from registry.formats.merkle import EMPTY_ROOT, consistency_holds
from registry.formats.signed_note import (
    ED25519,
    ED25519_COSIGNATURE,
    MalformedKey,
    MalformedNote,
    NoteSignature,
    SignedNote,
    UnverifiedNote,
    VerifierKey,
    parse_note,
    parse_vkey,
    verify_note,
)
from registry.formats.tlog_checkpoint import Checkpoint, parse_checkpoint
from registry.formats.tlog_cosignature import cosign
from registry.formats.tlog_witness import AddCheckpoint
from registry.services.refusal_throttle import RefusalThrottle
from registry.settings import Settings
from registry.store import witness_state
from registry.store.database import Database
from registry.store.witness_state import Evidence, LogState, Refusal, RefusalKind

_KEY, _OWNER = "witness-1", "witness"
# For so long an unchanged checkpoint gets the cosignature that it has, with the time that it has.
_SAME_ANSWER_FOR = timedelta(seconds=10)
_logger = logging.getLogger(__name__)


class BadRequest(RegistryError):
    """The request is not one of add-checkpoint."""


class UnknownLog(RegistryError):
    """The checkpoint is of a log that this witness does not watch."""


class NotSignedByLog(RegistryError):
    """The checkpoint has no signature of the log, or a false one."""


class OtherSize(RegistryError):
    """The request does not start from the checkpoint that was cosigned last, which has `size` leaves."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"The last cosigned checkpoint has {size} leaves.")


class NotConsistent(RegistryError):
    """Nothing shows that the checkpoint continues the one that was cosigned last."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness at work: its name and public key, what signs, what it remembers, its clock, and what it holds back."""

    key: VerifierKey
    signer: Signer
    state: Database
    clock: Callable[[], datetime]
    throttle: RefusalThrottle = field(default_factory=RefusalThrottle)


@dataclass(frozen=True, slots=True)
class WitnessReport:
    """What the operator wants to know: logs and refusals."""

    key: VerifierKey
    logs: tuple[LogState, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Submission:
    """A request whose checkpoint a key of the log has signed; `signatures` are those."""

    request: AddCheckpoint
    checkpoint: Checkpoint
    text: str
    signatures: tuple[NoteSignature, ...]

    def note(self, *more: NoteSignature) -> bytes:
        return SignedNote(self.text, (*self.signatures, *more)).encode()


def folder_of(settings: Settings) -> Path:
    """Where a witness keeps its key and its state."""
    return settings.data_dir / "witness"


def initialize(settings: Settings, name: str, now: datetime) -> VerifierKey:
    """Make a witness: its key and its state. Raises Conflict where there is one, Misconfigured, keys.KeyStoreError."""
    keys = _keys(settings)
    try:
        VerifierKey(name, ED25519_COSIGNATURE, bytes(32))
    except MalformedKey as error:
        raise Misconfigured(f"{name!r} can't be the name of a witness: {error}.") from None
    if _key_record(keys) is not None:
        raise Conflict(f"There is a witness in {folder_of(settings)} already. Its name and its key are for ever.")
    state = _state(settings)
    witness_state.prepare(state)
    with state.transaction() as connection:
        witness_state.set_witness_name(connection, name)
        record = keys.create(_KEY, _OWNER, Purpose.WITNESS, now)
    state.close()
    return _verifier_key(name, record)


def open_witness(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Witness:
    """The witness in the data folder. Raises Misconfigured, keys.KeyStoreError."""
    keys = _keys(settings)
    if _key_record(keys) is None:
        raise Misconfigured("There is no witness here. Make one: registry witness init NAME")
    keys.check()
    signer = keys.signer(_KEY, clock())
    state = _state(settings)
    witness_state.prepare(state)
    with state.read() as connection:
        name = witness_state.witness_name(connection)
    if name is None:
        # A state that starts anew would cosign a fork of what it cosigned before.
        raise Misconfigured(f"The witness's state is gone from {folder_of(settings)}. Restore it from the backup.")
    return Witness(_verifier_key(name, signer.record), signer, state, clock)


def add_log(witness: Witness, origin: str, vkey: str) -> bool:
    """Watch a log, or trust a further key of one that is watched; returns whether that was new.

    Raises Misconfigured.
    """
    key = _log_key(vkey)
    if not origin or any(character < " " for character in origin):
        raise Misconfigured("A log's origin is the first line of its checkpoints, not empty.")
    with witness.state.transaction() as connection:
        if witness_state.find_log(connection, origin) is None:
            witness_state.insert_log(connection, origin, EMPTY_ROOT)
        if key.vkey in witness_state.log_vkeys(connection, origin):
            return False
        witness_state.insert_log_vkey(connection, origin, key.vkey)
    return True


def drop_log_key(witness: Witness, origin: str, vkey: str) -> None:
    """Trust a key of a log no more, say after the log has moved to another. Raises NotFound, Misconfigured."""
    with witness.state.transaction() as connection:
        if not witness_state.delete_log_vkey(connection, origin, _log_key(vkey).vkey):
            raise NotFound(f"This witness trusts no such key of the log {origin}.")


def report(witness: Witness) -> WitnessReport:
    """How the logs stand, and what was refused."""
    with witness.state.read() as connection:
        logs, refused = witness_state.all_logs(connection), witness_state.refusals(connection)
    return WitnessReport(witness.key, tuple(logs), tuple(refused))


def latest_note(witness: Witness, origin_hash: str) -> bytes:
    """The last checkpoint that was cosigned of the log whose origin has this SHA-256 (hex). Raises NotFound."""
    with witness.state.read() as connection:
        for log in witness_state.all_logs(connection):
            if log.note is not None and hashlib.sha256(log.origin.encode()).hexdigest() == origin_hash:
                return log.note
    raise NotFound("This witness has cosigned no checkpoint of that log.")


def add_checkpoint(witness: Witness, body: bytes) -> bytes:
    """Answer an add-checkpoint request: the lines with the witness's cosignature.

    Raises BadRequest, UnknownLog, NotSignedByLog, OtherSize, NotConsistent, StorageUnavailable. The checks stand in the
    order in which the specification has them.
    """
    now = witness.clock().astimezone(UTC)
    with witness.state.read() as connection:
        submission = _submission(connection, body)
        log = _log(connection, submission)
    refused = _refusal(submission, log)
    if refused is None:
        known = _cosigned_just_now(witness, submission, log, now)
        if known is not None:
            return known
        with witness.state.transaction() as connection:
            # What was read before may have been replaced.
            log = _log(connection, submission)
            refused = _refusal(submission, log)
            if refused is None:
                return _cosign(witness, connection, submission, log, now)
    error, kind = refused
    if kind is not None:
        _report(witness, submission, log, kind, now)
    raise error


def _log(connection: Connection, submission: _Submission) -> LogState:
    log = witness_state.find_log(connection, submission.checkpoint.origin)
    assert log is not None  # noqa: S101 - it has keys, or the submission would have been refused
    return log


def _cosigned_just_now(witness: Witness, submission: _Submission, log: LogState, now: datetime) -> bytes | None:
    """The answer to what has been cosigned already, as long as that is new; else None."""
    if log.note is None or log.cosigned_at is None or now - log.cosigned_at >= _SAME_ANSWER_FOR:
        return None
    standing = parse_note(log.note)
    if standing.text != submission.text:
        return None
    own = (witness.key.name, witness.key.key_id)
    return tlog_witness.encode_response([one for one in standing.signatures if (one.name, one.key_id) == own])


def _report(witness: Witness, submission: _Submission, log: LogState, kind: RefusalKind, now: datetime) -> None:
    """Write a refusal into the state and the program's log, unless the same was written just now."""
    seen = submission.checkpoint
    times = witness.throttle.times(log.origin, kind, seen.root, now)
    if not times:
        return
    if log.note is not None:
        evidence = Evidence(submission.note(), log.note)
        with witness.state.transaction() as connection:
            witness_state.record_refusal(connection, log.origin, kind, times, now, evidence)
    _logger.warning(
        "REFUSED %s of %s: size %d root %s, where size %d root %s is cosigned",
        *(kind.value, log.origin, seen.size, seen.root.hex(), log.size, log.root.hex()),
    )


def _submission(connection: Connection, body: bytes) -> _Submission:
    try:
        request = tlog_witness.parse_request(body)
        note = parse_note(request.checkpoint)
        checkpoint = parse_checkpoint(note.text)
    except (tlog_witness.MalformedRequest, MalformedNote) as error:
        raise BadRequest(f"Not a request of add-checkpoint: {error}.") from error
    keys = [parse_vkey(vkey) for vkey in witness_state.log_vkeys(connection, checkpoint.origin)]
    if not keys:
        raise UnknownLog("This witness does not watch that log.")
    try:
        signed_by = {(key.name, key.key_id) for key in verify_note(note, keys)}
    except UnverifiedNote as error:
        raise NotSignedByLog(f"The checkpoint: {error}.") from error
    if request.old_size > checkpoint.size:
        raise BadRequest("The old size is larger than the checkpoint's.")
    # Signatures of strangers are not kept: whoever sends a checkpoint can add any.
    by_log = tuple(one for one in note.signatures if (one.name, one.key_id) in signed_by)
    return _Submission(request, checkpoint, note.text, by_log)


def _refusal(submission: _Submission, log: LogState) -> tuple[RegistryError, RefusalKind | None] | None:
    """Why not to cosign, and what to make of it; None: cosign."""
    request, seen = submission.request, submission.checkpoint
    forked = seen.size == log.size and seen.root != log.root
    if request.old_size != log.size:
        kind = RefusalKind.FORK if forked else RefusalKind.ROLLBACK if seen.size < log.size else None
        return OtherSize(log.size), kind
    if seen.size == 0 and seen.root != EMPTY_ROOT:
        return NotConsistent("The root hash of an empty log is not that of the empty tree."), None
    if forked:
        return NotConsistent("Another root hash was cosigned at this size: the log has forked."), RefusalKind.FORK
    if not consistency_holds(request.proof, log.size, seen.size, log.root, seen.root):
        reason = f"The proof does not show that the log at size {log.size} is the beginning of this one."
        return NotConsistent(reason), RefusalKind.NO_PROOF
    return None


def _cosign(witness: Witness, connection: Connection, submission: _Submission, log: LogState, now: datetime) -> bytes:
    # A clock that was set back must not make a larger tree older than a smaller one.
    at = now if log.cosigned_at is None else max(now, log.cosigned_at)
    signature = cosign(submission.text, witness.key, int(at.timestamp()), witness.signer.sign)
    seen = submission.checkpoint
    cosigned = LogState(log.origin, seen.size, seen.root, submission.note(signature), at)
    if not witness_state.replace_cosigned(connection, submission.request.old_size, cosigned):
        raise OtherSize(log.size)
    return tlog_witness.encode_response([signature])


def _log_key(vkey: str) -> VerifierKey:
    try:
        key = parse_vkey(vkey)
    except MalformedKey as error:
        raise Misconfigured(f"Not a log's key: {error}.") from None
    if key.key_type != ED25519:
        raise Misconfigured("A log's key has the signature type 0x01; this is a cosigner's.")
    return key


def _verifier_key(name: str, record: KeyRecord) -> VerifierKey:
    return VerifierKey(name, ED25519_COSIGNATURE, record.public_key)


def _key_record(keys: FileKeyStore) -> KeyRecord | None:
    return next((record for record in keys.records() if record.name == _KEY), None)


def _keys(settings: Settings) -> FileKeyStore:
    return FileKeyStore(folder_of(settings) / "keys", settings.require_passphrase())


def _state(settings: Settings) -> Database:
    return Database(f"sqlite:///{folder_of(settings) / 'state.sqlite'}")
