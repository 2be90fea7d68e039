"""Asking witnesses: what a good one answers is taken, and no bad one can do harm or hold anybody up."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from registry.domain.errors import Misconfigured
from registry.formats.merkle import inclusion_proof, leaf_hash
from registry.formats.signed_note import ED25519_COSIGNATURE, NoteSignature, parse_note
from registry.formats.tlog_cosignature import cosign
from registry.formats.tlog_proof import LogProof, TrustPolicy, verify_proof
from registry.services import cosign as service
from registry.services import witness
from registry.services.cosign import Answer, ConfiguredWitness, read_witnesses, request_cosignatures
from tests.conftest import Clock
from tests.formats.tlog_vectors import signing_key
from tests.services.witnesses import Log, answering, make_witness

LOG = Log([f"entry {index}" for index in range(300)])
KEY, SIGN = signing_key("witness.example/1", bytes([3] * 32), ED25519_COSIGNATURE)
OTHER, OTHER_SIGN = signing_key("witness.example/2", bytes([4] * 32), ED25519_COSIGNATURE)
TEXT = parse_note(LOG.checkpoint()).text
GOOD = cosign(TEXT, KEY, 1_767_225_600, SIGN)


@contextmanager
def server(talk: Callable[[socket.socket, Event], None]) -> Iterator[str]:
    """Takes connections, one after the other, and lets `talk` answer each; its address."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    talk(connection, over)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def says(*answers: bytes) -> Callable[[socket.socket, Event], None]:
    """Reads a request and gives the next of the answers."""
    left = list(answers)

    def talk(connection: socket.socket, over: Event) -> None:
        with connection.makefile("rb") as reader:
            head = b"".join(iter(reader.readline, b"\r\n"))
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            reader.read(int(length.split(b":")[1]))
        connection.sendall(left.pop(0))

    return talk


def answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)) + body


def ask(url: str, cosigned: int = 0) -> Answer:
    (told,) = request_cosignatures([ConfiguredWitness(KEY, url)], LOG.checkpoint(), {KEY.vkey: cosigned}, LOG.prove)
    return told


def test_several_witnesses_make_a_proof_that_convinces_offline(tmp_path: Path, clock: Clock) -> None:
    with ExitStack() as stack:
        witnesses = []
        for name in ("one.example", "two.example"):
            at_work = make_witness(tmp_path / name, clock, LOG, name=name)
            witnesses.append(ConfiguredWitness(at_work.key, stack.enter_context(answering(at_work))))
        answers = request_cosignatures(witnesses, LOG.checkpoint(), {}, LOG.prove)
    assert [told.witness for told in answers] == witnesses
    lines = [told.signature for told in answers if told.signature is not None]
    proof = LogProof(42, tuple(inclusion_proof(42, LOG.size, LOG.read)), LOG.checkpoint(more=lines))
    policy = TrustPolicy((LOG.key,), tuple(one.key for one in witnesses), 2)
    assert len(verify_proof(proof, leaf_hash(b"entry 42"), policy).cosignatures) == 2


@pytest.mark.parametrize("believed", [0, 100, 150, 300, 1000])
def test_a_witness_says_what_it_knows_and_is_asked_again(tmp_path: Path, clock: Clock, believed: int) -> None:
    at_work = make_witness(tmp_path, clock, LOG)
    witness.add_checkpoint(at_work, LOG.request(0, 150))
    with answering(at_work) as url:
        asked = [ConfiguredWitness(at_work.key, url)]
        (told,) = request_cosignatures(asked, LOG.checkpoint(), {at_work.key.vkey: believed}, LOG.prove)
        assert told.signature is not None, told.problem


def test_one_witness_in_trouble_does_not_cost_the_others(tmp_path: Path, clock: Clock) -> None:
    at_work = make_witness(tmp_path, clock, LOG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with answering(at_work) as url:
        asked = [ConfiguredWitness(KEY, nobody), ConfiguredWitness(at_work.key, url)]
        gone, told = request_cosignatures(asked, LOG.checkpoint(), {}, LOG.prove)
    assert gone.problem == "witness.example/1 can't be reached (ConnectionRefusedError)"
    assert told.signature is not None
    assert request_cosignatures([], LOG.checkpoint(), {}, LOG.prove) == []


def test_the_own_line_of_a_witness_is_found_among_others() -> None:
    strangers = cosign(TEXT, OTHER, 5, OTHER_SIGN).line + NoteSignature(KEY.name, b"else", b"x").line
    with server(says(answer(200, (strangers + GOOD.line).encode()))) as url:
        assert ask(url) == Answer(ConfiguredWitness(KEY, url), GOOD)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (answer(403, b"who are you?"), "does not accept the log's signature"),
        (answer(404, b""), "does not watch this log"),
        (answer(422, b""), "refuses the checkpoint as not consistent"),
        (answer(500, b""), "answers with status 500"),
        (answer(302, b""), "answers with status 302"),
        (answer(409, b"301\n"), "has cosigned size 301 already; this checkpoint has 300"),
        (answer(409, b"0\n"), "asks for a proof from size 0, which it was sent"),
        (answer(409, b"many\n"), "does not say which size"),
        (answer(409, b""), "does not say which size"),
        (answer(200, b""), "something else than signatures"),
        (answer(200, b"<html>\n"), "something else than signatures"),
        (answer(200, cosign(TEXT, OTHER, 5, OTHER_SIGN).line.encode()), "no signature of its key"),
        (answer(200, NoteSignature(KEY.name, KEY.key_id, bytes(72)).line.encode()), "does not hold"),
        (answer(200, NoteSignature(KEY.name, KEY.key_id, bytes(9)).line.encode()), "does not hold"),
        (answer(200, cosign(TEXT.replace("300", "301"), KEY, 5, SIGN).line.encode()), "does not hold"),
        (answer(200, GOOD.line.encode() * 1000), "too great a length"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "can't be reached"),
        (b"nonsense\r\n\r\n", "can't be reached"),
        (b"", "can't be reached"),
    ],
)
def test_what_is_no_cosignature_is_not_taken_for_one(given: bytes, problem: str) -> None:
    with server(says(given)) as url:
        told = ask(url)
    assert told.signature is None
    assert told.problem.startswith("witness.example/1 ")
    assert problem in told.problem


def test_a_signature_without_a_time_is_not_taken() -> None:
    untimed = NoteSignature(KEY.name, KEY.key_id, bytes(8) + SIGN(f"cosignature/v1\ntime 0\n{TEXT}".encode()))
    with server(says(answer(200, untimed.line.encode()))) as url:
        assert "without a time" in ask(url).problem


def test_a_witness_is_asked_twice_at_most() -> None:
    with server(says(answer(409, b"100\n"), answer(409, b"200\n"))) as url:
        assert ask(url).problem == "witness.example/1 answers with status 409"


def test_a_witness_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_PATIENCE", 0.1)

    def say_nothing(_: socket.socket, over: Event) -> None:
        over.wait(20)

    with server(say_nothing) as url:
        assert "can't be reached (TimeoutError)" in ask(url).problem


def test_a_witness_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_DEADLINE", 0.3)

    def drip(connection: socket.socket, over: Event) -> None:
        try:
            body = GOOD.line.encode() * 4
            connection.sendall(answer(200, body)[: -len(body)])
            for byte in body:
                over.wait(0.01)
                connection.sendall(bytes([byte]))
        except OSError:
            return

    with server(drip) as url:
        told = ask(url)
    assert told.signature is None
    assert "takes too long" in told.problem or "can't be reached" in told.problem


def test_the_list_of_witnesses_is_read(tmp_path: Path) -> None:
    file = tmp_path / "witnesses"
    file.write_text(
        f"# Two witnesses\n\n{KEY.vkey}  https://witness.example/one/\n{OTHER.vkey}\thttp://[::1]:8001 # here\n",
        "utf-8",
    )
    assert read_witnesses(file) == (
        ConfiguredWitness(KEY, "https://witness.example/one"),
        ConfiguredWitness(OTHER, "http://[::1]:8001"),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "expected a witness's key and its address"),
        (f"{KEY.vkey}", "expected a witness's key and its address"),
        ("nonsense https://witness.example", "verifier key"),
        (f"{LOG.key.vkey} https://witness.example", "0x04"),
        (f"{replace(KEY, name='x' * 250).vkey} https://witness.example", "name is too long"),
        (f"{KEY.vkey} witness.example", "must be like https"),
        (f"{KEY.vkey} file:///etc/passwd", "must be like https"),
        (f"{KEY.vkey} https://user:secret@witness.example", "must be like https"),
        (f"{KEY.vkey} https://witness.example?a=b", "must be like https"),
        (f"{KEY.vkey} https://witness.example:many", "Port"),
        (f"{KEY.vkey} https://a.example\n{KEY.vkey} https://b.example", "line 3: this key is there twice"),
    ],
)
def test_a_list_with_a_mistake_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "witnesses"
    file.write_text(f"# comment\n{line}\n", "utf-8")
    with pytest.raises(Misconfigured, match=reason):
        read_witnesses(file)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="can't be read"):
        read_witnesses(tmp_path / "none")
