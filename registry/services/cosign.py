"""Asking witnesses for cosignatures of a checkpoint (C2SP tlog-witness, the log's side).

All witnesses are asked at the same time. One that does not answer, or answers nonsense, costs its cosignature and some
seconds, and nothing else: whatever comes back is checked here before anybody publishes it.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

from registry.domain.errors import Misconfigured
from registry.formats.signed_note import (
    ED25519_COSIGNATURE,
    MalformedKey,
    NoteSignature,
    SignedNote,
    UnverifiedNote,
    VerifierKey,
    parse_note,
    parse_vkey,
)
from registry.formats.tlog_checkpoint import parse_checkpoint
from registry.formats.tlog_cosignature import cosignatures
from registry.formats.tlog_witness import (
    PATH,
    AddCheckpoint,
    MalformedResponse,
    parse_response,
    parse_size,
)

# Seconds to wait for any one packet, and for the whole answer.
_PATIENCE, _DEADLINE = 5.0, 10.0
_MAX_ANSWER_BYTES = 65_536
_MAX_WITNESSES = 32
# What the log's table of cosignatures holds.
_MAX_VKEY = 300
_REASONS: Mapping[int, str] = {
    403: "does not accept the log's signature",
    404: "does not watch this log",
    422: "refuses the checkpoint as not consistent with what it cosigned before",
}

# Consistency proof from the tree of a size to that of the checkpoint (formats/merkle.py). Called from several threads.
Prove = Callable[[int], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class ConfiguredWitness:
    """A witness to ask: its key (type 0x04), and the address before `/add-checkpoint`."""

    key: VerifierKey
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one witness: its cosignature, which holds, or the problem in words for the operator."""

    witness: ConfiguredWitness
    signature: NoteSignature | None
    problem: str = ""


class _NotCosigned(Exception):
    """No cosignature; the message says why."""


def read_witnesses(path: Path) -> tuple[ConfiguredWitness, ...]:
    """The witnesses in a text file: a line each, the witness's key and its address; '#' begins a comment.

    Raises Misconfigured, naming the line.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"REGISTRY_LOG_WITNESSES {path} can't be read: {error}.") from error
    found: dict[bytes, ConfiguredWitness] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            witness = _witness(words)
        except ValueError as error:
            raise Misconfigured(f"REGISTRY_LOG_WITNESSES {path}, line {number}: {error}.") from None
        if witness.key.public_key in found:
            raise Misconfigured(f"REGISTRY_LOG_WITNESSES {path}, line {number}: this key is there twice.")
        found[witness.key.public_key] = witness
    if len(found) > _MAX_WITNESSES:
        raise Misconfigured(f"REGISTRY_LOG_WITNESSES {path} has more than {_MAX_WITNESSES} witnesses.")
    return tuple(found.values())


def request_cosignatures(
    witnesses: Sequence[ConfiguredWitness], checkpoint: bytes, cosigned: Mapping[str, int], prove: Prove
) -> list[Answer]:
    """Ask all witnesses to cosign a checkpoint; answers in the order of the witnesses.

    `checkpoint` is the signed note that the log publishes. `cosigned` has, by the witness's vkey, the size that it is
    known to have cosigned last; where that is missing or wrong, the witness says it and is asked again.
    """
    if not witnesses:
        return []
    with ThreadPoolExecutor(len(witnesses), "witness") as pool:
        return list(pool.map(lambda one: _ask(one, checkpoint, cosigned.get(one.key.vkey, 0), prove), witnesses))


def _ask(witness: ConfiguredWitness, checkpoint: bytes, cosigned: int, prove: Prove) -> Answer:
    try:
        return Answer(witness, _cosignature(witness, checkpoint, cosigned, prove))
    except _NotCosigned as error:
        return Answer(witness, None, f"{witness.key.name} {error}")


def _cosignature(witness: ConfiguredWitness, checkpoint: bytes, cosigned: int, prove: Prove) -> NoteSignature:
    note = parse_note(checkpoint)
    size = parse_checkpoint(note.text).size
    old = min(cosigned, size)
    status, body = _submit(witness, checkpoint, old, prove)
    if status == 409:
        known = _known_size(body)
        if known > size:
            raise _NotCosigned(f"has cosigned size {known} already; this checkpoint has {size}")
        if known == old:
            raise _NotCosigned(f"asks for a proof from size {known}, which it was sent")
        status, body = _submit(witness, checkpoint, known, prove)
    if status != 200:
        raise _NotCosigned(_REASONS.get(status, f"answers with status {status}"))
    return _checked(witness, note, body)


def _submit(witness: ConfiguredWitness, checkpoint: bytes, old: int, prove: Prove) -> tuple[int, bytes]:
    proof = tuple(prove(old))
    return _post(f"{witness.url}/{PATH}", AddCheckpoint(old, proof, checkpoint).encode())


def _known_size(body: bytes) -> int:
    try:
        return parse_size(body)
    except MalformedResponse:
        raise _NotCosigned("does not say which size it cosigned last") from None


def _checked(witness: ConfiguredWitness, note: SignedNote, body: bytes) -> NoteSignature:
    """The witness's own line among those of its answer, if it holds; others are ignored, as the protocol asks."""
    try:
        lines = parse_response(body)
        own = next(one for one in lines if (one.name, one.key_id) == (witness.key.name, witness.key.key_id))
        found = cosignatures(SignedNote(note.text, (own,)), [witness.key])
    except MalformedResponse:
        raise _NotCosigned("answers with something else than signatures") from None
    except StopIteration:
        raise _NotCosigned("answers with no signature of its key") from None
    except UnverifiedNote:
        raise _NotCosigned("answers with a signature that does not hold") from None
    if found[0].timestamp == 0:
        raise _NotCosigned("answers with a signature without a time")
    return own


def _post(url: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer, which is never followed elsewhere. Raises _NotCosigned."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "text/plain; charset=utf-8", "Accept-Encoding": "identity"}
    try:
        with closing(kind(parts.netloc, timeout=_PATIENCE)) as connection:
            connection.connect()
            with _deadline(connection.sock):
                connection.request("POST", parts.path, body, headers)
                answer = connection.getresponse()
                content = answer.read(_MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _NotCosigned(f"can't be reached ({type(error).__name__})") from None
    if len(content) > _MAX_ANSWER_BYTES:
        raise _NotCosigned("answers at too great a length")
    if answer.length:
        raise _NotCosigned("breaks its answer off, or takes too long")
    return answer.status, content


@contextmanager
def _deadline(connection: socket.socket) -> Iterator[None]:
    """End the connection when the time is up: a peer that sends a byte now and then would hold us for ever."""
    # Of the plain socket, since TLS would want to say good-bye.
    timer = Timer(_DEADLINE, _cut, [connection])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return


def _witness(words: Sequence[str]) -> ConfiguredWitness:
    if len(words) != 2:
        raise ValueError("expected a witness's key and its address")
    try:
        key = parse_vkey(words[0])
    except MalformedKey as error:
        raise ValueError(str(error)) from None
    if key.key_type != ED25519_COSIGNATURE:
        raise ValueError("the key is not a witness's: its signature type is not 0x04")
    if len(words[0]) > _MAX_VKEY:
        raise ValueError("the witness's name is too long")
    parts = urlsplit(words[1])
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise ValueError(f"the address must be like https://witness.example.org, not {words[1]!r}")
    # Raises ValueError where the port is none.
    _ = parts.port
    return ConfiguredWitness(key, words[1].rstrip("/"))
