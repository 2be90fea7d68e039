"""A witness on a real socket: the answers of the specification, and two registries that disagree."""

from __future__ import annotations

import hashlib
import http.client
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import pytest

from keys import FileKeyStore
from registry.formats.signed_note import parse_note, verify_note
from registry.formats.tlog_cosignature import cosignatures
from registry.formats.tlog_witness import AddCheckpoint
from registry.services import issue, witness
from registry.services.context import Registry, operator
from registry.services.cosign import Answer, ConfiguredWitness, request_cosignatures
from registry.services.log import keys as log_keys
from registry.services.log import read as log_read
from registry.services.witness import Witness
from registry.store.database import Database
from registry.store.witness_state import RefusalKind
from registry.web.witness import build_witness_application
from tests.conftest import Clock, sample_certificate
from tests.services.witnesses import ORIGIN, Log, answering, make_witness, witness_settings

WORDS = [f"entry {index}" for index in range(400)]
LOG = Log(WORDS)
FORK = Log([*WORDS[:200], *("other" for _ in range(300))])


@pytest.fixture
def running(tmp_path: Path, clock: Clock) -> Iterator[tuple[Witness, str]]:
    at_work = make_witness(tmp_path / "witness", clock, LOG)
    with answering(at_work) as url:
        yield at_work, url


def post(url: str, body: bytes, path: str = "/add-checkpoint") -> tuple[int, str | None, bytes]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()


def get(url: str, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_each_answer_has_the_status_of_the_specification(running: tuple[Witness, str]) -> None:
    at_work, url = running
    status, media_type, lines = post(url, LOG.request(0, 300))
    assert (status, media_type) == (200, "text/plain; charset=utf-8")
    assert lines.startswith(f"— {at_work.key.name} ".encode())
    assert lines.endswith(b"\n")
    assert post(url, LOG.request(100, 400)) == (409, "text/x.tlog.size", b"300\n")
    assert post(url, LOG.request(0, 200)) == (409, "text/x.tlog.size", b"300\n")
    assert post(url, FORK.request(300, 400))[0] == 422
    assert post(url, FORK.request(300, 300))[0] == 422
    assert post(url, AddCheckpoint(300, (), LOG.checkpoint(400)).encode())[0] == 422
    assert post(url, LOG.request(300, 299))[0] == 400
    assert post(url, b"nonsense")[0] == 400
    assert post(url, b"")[0] == 400
    assert post(url, Log(WORDS, seed=bytes([9] * 32)).request(300))[0] == 403
    assert post(url, Log(WORDS, origin="other.example").request(0))[0] == 404
    assert post(url, b"x" * 200_000)[0] == 413
    assert post(url, LOG.request(300, 400))[0] == 200


def test_an_address_may_ask_so_often_and_no_oftener(tmp_path: Path, clock: Clock) -> None:
    at_work = make_witness(tmp_path, clock, LOG)
    client = build_witness_application(at_work, trusted_proxies=1).test_client()

    def status(address: str, body: bytes) -> int:
        return client.post("/add-checkpoint", data=body, headers={"X-Forwarded-For": address}).status_code

    assert {status(f"2001:db8::{host:x}", b"nonsense") for host in range(120)} == {400}
    assert status("2001:db8::7", b"nonsense") == 429
    assert client.get(f"/{'0' * 64}/checkpoint", headers={"X-Forwarded-For": "2001:db8::7"}).status_code == 429
    # The log, at another address, is not kept waiting.
    assert status("192.0.2.7", LOG.request(0, 300)) == 200
    at_work.state.close()


def test_no_other_method_and_no_other_address(running: tuple[Witness, str]) -> None:
    _, url = running
    assert get(url, "/add-checkpoint")[0] == 405
    assert post(url, LOG.request(0), "/sign-subtree")[0] == 404


def test_monitors_get_the_last_cosigned_checkpoint(running: tuple[Witness, str]) -> None:
    at_work, url = running
    path = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert get(url, path)[0] == 404
    for old, size in ((0, 200), (200, 400)):
        assert post(url, LOG.request(old, size))[0] == 200
        status, body = get(url, path)
        note = parse_note(body)
        assert status == 200
        assert note.text == parse_note(LOG.checkpoint(size)).text
        assert verify_note(note, [LOG.key]) == [LOG.key]
        assert [one.key for one in cosignatures(note, [at_work.key])] == [at_work.key]
    assert get(url, f"/{'0' * 64}/checkpoint")[0] == 404


def test_what_was_cosigned_is_known_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    with answering(make_witness(tmp_path, clock, LOG)) as url:
        assert post(url, LOG.request(0, 300))[0] == 200
    with answering(witness.open_witness(witness_settings(tmp_path), clock)) as url:
        assert post(url, FORK.request(0, 300)) == (409, "text/x.tlog.size", b"300\n")
        assert post(url, LOG.request(0, 299)) == (409, "text/x.tlog.size", b"300\n")
        assert post(url, LOG.request(300, 400))[0] == 200


def test_of_two_that_continue_the_same_checkpoint_only_one_is_first(running: tuple[Witness, str]) -> None:
    at_work, url = running
    assert post(url, LOG.request(0, 150))[0] == 200
    for _ in range(5):
        (known,) = witness.report(at_work).logs
        together = Barrier(4)

        def ask(log: Log, size: int, old: int = known.size, together: Barrier = together) -> int:
            body = log.request(old, size)
            together.wait()
            return post(url, body)[0]

        sizes = [known.size + step for step in (1, 2, 3, 4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, [LOG] * 4, sizes))
        assert sorted(answers) == [200, 409, 409, 409]
        (after,) = witness.report(at_work).logs
        assert after.size == sizes[answers.index(200)]


def issue_one(registry: Registry, number: str) -> None:
    issue.issue(registry, operator(registry, "cqc", "test"), sample_certificate(number))


def ask(registry: Registry, at_work: Witness, url: str) -> Answer:
    """What the registry does to have its newest checkpoint cosigned."""
    note = log_read.checkpoint(registry)
    size = int(note.split(b"\n")[1])
    (answer,) = request_cosignatures(
        [ConfiguredWitness(at_work.key, url)], note, {}, lambda old: log_read.consistency_path(registry, old, size)
    )
    return answer


def test_two_registries_that_disagree(sqlite_registry: Registry, tmp_path: Path, clock: Clock) -> None:
    """A registry is set back to a copy and goes on differently: the worst that whoever runs it could do."""
    registry, folder = sqlite_registry, sqlite_registry.settings.data_dir
    for number in ("1", "2", "3"):
        issue_one(registry, number)
    registry.database.close()
    shutil.copytree(folder, tmp_path / "copy")
    database = Database(f"sqlite:///{tmp_path / 'copy' / 'registry.sqlite'}")
    settings = replace(registry.settings, data_dir=tmp_path / "copy")
    other = Registry(settings, database, FileKeyStore(folder / "keys", "a passphrase for tests only"), clock)
    at_work = make_witness(tmp_path / "witness", clock)
    for key in log_keys.verifier_keys(registry):
        witness.add_log(at_work, log_keys.origin(registry.base_url), key.vkey)
    with answering(at_work) as url:
        # Both have the same beginning.
        assert ask(registry, at_work, url).signature is not None
        assert ask(other, at_work, url).signature is not None
        issue_one(registry, "4")
        issue_one(other, "5")
        assert ask(registry, at_work, url).signature is not None
        told = ask(other, at_work, url)
        assert told.signature is None
        assert told.problem == "witness.example/1 refuses the checkpoint as not consistent with what it cosigned before"
        issue_one(other, "6")
        assert "not consistent" in ask(other, at_work, url).problem
        # The first one goes on undisturbed.
        issue_one(registry, "7")
        assert ask(registry, at_work, url).signature is not None
        found = {refusal.kind: refusal.times for refusal in witness.report(at_work).refusals}
        assert found[RefusalKind.FORK] >= 1
        assert found[RefusalKind.NO_PROOF] == 1
    other.database.close()


def test_a_registry_that_was_set_back_is_told_so(sqlite_registry: Registry, tmp_path: Path, clock: Clock) -> None:
    registry, folder = sqlite_registry, sqlite_registry.settings.data_dir
    issue_one(registry, "1")
    registry.database.close()
    shutil.copytree(folder, tmp_path / "backup")
    at_work = make_witness(tmp_path / "witness", clock)
    for key in log_keys.verifier_keys(registry):
        witness.add_log(at_work, log_keys.origin(registry.base_url), key.vkey)
    with answering(at_work) as url:
        issue_one(registry, "2")
        issue_one(registry, "3")
        assert ask(registry, at_work, url).signature is not None
        size = witness.report(at_work).logs[0].size
        backup = Database(f"sqlite:///{tmp_path / 'backup' / 'registry.sqlite'}")
        restored = Registry(registry.settings, backup, registry.keys, clock)
        told = ask(restored, at_work, url)
        assert told.problem == f"witness.example/1 has cosigned size {size} already; this checkpoint has {size - 2}"
        assert [refusal.kind for refusal in witness.report(at_work).refusals] == [RefusalKind.ROLLBACK]
        backup.close()
