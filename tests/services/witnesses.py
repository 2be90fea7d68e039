"""Logs to be witnessed, and witnesses that answer on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread

from werkzeug.serving import make_server

from registry.formats.merkle import consistency_proof, integrate, leaf_hash, reader_of, root_from_tiles
from registry.formats.signed_note import NoteSignature, SignedNote, sign_note
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_witness import AddCheckpoint
from registry.services import witness
from registry.services.witness import Witness
from registry.settings import Settings
from registry.web.witness import build_witness_application
from tests.formats.tlog_vectors import signing_key

ORIGIN = "registry.example/log"
PASSPHRASE = "a passphrase for tests only"


class Log:
    """A log with the entries `words`, under the one key that all logs here have unless told."""

    def __init__(self, words: Sequence[str], seed: bytes = bytes(32), origin: str = ORIGIN) -> None:
        self.key, self._sign = signing_key(origin, seed)
        leaves = [leaf_hash(word.encode()) for word in words]
        self.size = len(leaves)
        self.read = reader_of(integrate(0, {}, leaves))

    def root(self, size: int) -> bytes:
        return root_from_tiles(size, self.read)

    def checkpoint(self, size: int | None = None, more: Sequence[NoteSignature] = ()) -> bytes:
        size = self.size if size is None else size
        return self.sign(Checkpoint(self.key.name, size, self.root(size)), more)

    def sign(self, checkpoint: Checkpoint, more: Sequence[NoteSignature] = ()) -> bytes:
        signature = sign_note(checkpoint.text, self.key, self._sign)
        return SignedNote(checkpoint.text, (signature, *more)).encode()

    def request(self, old: int, size: int | None = None) -> bytes:
        size = self.size if size is None else size
        proof = consistency_proof(old, size, self.read) if old <= size else []
        return AddCheckpoint(old, tuple(proof), self.checkpoint(size)).encode()

    def prove(self, old: int) -> list[bytes]:
        return consistency_proof(old, self.size, self.read)


def witness_settings(folder: Path, passphrase: str = PASSPHRASE) -> Settings:
    return Settings("sqlite://", "https://registry.example", folder, key_passphrase=passphrase)


def make_witness(folder: Path, clock: Callable[[], datetime], *logs: Log, name: str = "witness.example/1") -> Witness:
    """A new witness that watches the logs."""
    witness.initialize(witness_settings(folder), name, clock())
    made = witness.open_witness(witness_settings(folder), clock)
    for log in logs:
        witness.add_log(made, log.key.name, log.key.vkey)
    return made


@contextmanager
def answering(at_work: Witness) -> Iterator[str]:
    """The witness on a socket of its own; its address. Nothing is left of it afterwards but its folder."""
    server = make_server("127.0.0.1", 0, build_witness_application(at_work), threaded=True)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        at_work.state.close()
