"""The worker: the log's entries placed, and its checkpoints cosigned, beside the web server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from registry.domain.errors import Misconfigured, NotFound
from registry.domain.verdict import Check, CheckName, Finding, Outcome
from registry.formats.merkle import leaf_hash
from registry.formats.signed_note import parse_note
from registry.formats.tlog_cosignature import cosignatures
from registry.formats.tlog_proof import TrustPolicy, parse_proof, verify_proof
from registry.services import witness
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.log import keys, read
from registry.services.verify import Verifier
from registry.services.witness import Witness
from registry.worker import Worker
from tests.conftest import Clock, sample_certificate
from tests.services.witnesses import answering, make_witness


@contextmanager
def watched(registry: Registry, tmp_path: Path, clock: Clock, quorum: int = 0) -> Iterator[tuple[Registry, Witness]]:
    """The registry with a worker's settings, and a witness at work that watches its log."""
    at_work = make_witness(tmp_path / "witness", clock)
    for key in keys.verifier_keys(registry):
        witness.add_log(at_work, keys.origin(registry.base_url), key.vkey)
    with answering(at_work) as url:
        listed = tmp_path / "witnesses"
        listed.write_text(f"{at_work.key.vkey} {url}\n")
        settings = replace(registry.settings, log_worker=True, log_witnesses=listed, log_quorum=quorum)
        yield replace(registry, settings=settings), at_work


def log_check(registry: Registry, public_id: str) -> Check:
    checks = Verifier(registry, 0).by_public_id(public_id).checks
    return next(check for check in checks if check.name is CheckName.LOG)


def test_with_a_worker_entries_wait_for_it(registry: Registry) -> None:
    registry = replace(registry, settings=replace(registry.settings, log_worker=True))
    public_id = issue(registry, operator(registry, "cqc", "test"), sample_certificate()).public_id
    assert log_check(registry, public_id)[1:3] == (Outcome.NOT_CHECKED, Finding.LOG_PENDING)
    with pytest.raises(NotFound, match="takes a second"):
        read.certificate_proof(registry, public_id)
    Worker(registry).turn(0.0)
    assert log_check(registry, public_id)[1:3] == (Outcome.PASS, Finding.LOGGED)


def test_a_checkpoint_is_published_with_its_cosignatures(registry: Registry, tmp_path: Path, clock: Clock) -> None:
    with watched(registry, tmp_path, clock) as (watched_registry, at_work):
        issue(watched_registry, operator(registry, "cqc", "test"), sample_certificate())
        worker = Worker(watched_registry)
        worker.turn(0.0)
        worker.cosign(0.0)
        note = parse_note(read.checkpoint(watched_registry))
        assert [one.key for one in cosignatures(note, [at_work.key])] == [at_work.key]


def test_with_a_quorum_only_cosigned_checkpoints_are_published(
    registry: Registry, tmp_path: Path, clock: Clock
) -> None:
    with watched(registry, tmp_path, clock, quorum=1) as (watched_registry, at_work):
        actor = operator(registry, "cqc", "test")
        first = issue(watched_registry, actor, sample_certificate("1")).public_id
        worker = Worker(watched_registry)
        worker.turn(0.0)
        with pytest.raises(NotFound):
            read.checkpoint(watched_registry)
        worker.cosign(0.0)
        second = issue(watched_registry, actor, sample_certificate("2")).public_id
        worker.turn(1.0)
        assert read.checkpoint(watched_registry).split(b"\n")[1] == b"1"
        proof = parse_proof(read.certificate_proof(watched_registry, first))
        policy = TrustPolicy(tuple(keys.verifier_keys(registry)), (at_work.key,), quorum=1)
        assert proof.extra is not None
        assert verify_proof(proof, leaf_hash(proof.extra), policy).checkpoint.size == 1
        with pytest.raises(NotFound):
            read.certificate_proof(watched_registry, second)
        worker.cosign(1.0)
        assert read.checkpoint(watched_registry).split(b"\n")[1] == b"2"


def test_a_witness_that_is_away_is_not_asked_all_the_time(
    sqlite_registry: Registry, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with watched(sqlite_registry, tmp_path, clock) as (registry, _):
        issue(registry, operator(registry, "cqc", "test"), sample_certificate())
        worker = Worker(registry)
        worker.turn(0.0)
    for now in (0.0, 0.5, 9.0):
        worker.cosign(now)
    assert len([record for record in caplog.records if "can't be reached" in record.message]) == 1
    worker.cosign(10.0)
    assert len([record for record in caplog.records if "can't be reached" in record.message]) == 2


def test_a_worker_goes_on_until_it_is_told_to_stop(sqlite_registry: Registry) -> None:
    registry = replace(sqlite_registry, settings=replace(sqlite_registry.settings, log_worker=True))
    stop = Event()
    running = Thread(target=Worker(registry).run, args=(stop,))
    running.start()
    issue(registry, operator(registry, "cqc", "test"), sample_certificate())
    while read.checkpoint(registry).split(b"\n")[1] != b"1":
        assert running.is_alive()
    stop.set()
    running.join(10)
    assert not running.is_alive()


def test_a_worker_does_not_begin_with_a_wrong_list_of_witnesses(sqlite_registry: Registry, tmp_path: Path) -> None:
    settings = replace(sqlite_registry.settings, log_witnesses=tmp_path / "missing")
    with pytest.raises(Misconfigured, match="REGISTRY_LOG_WITNESSES"):
        Worker(replace(sqlite_registry, settings=settings))


def test_a_worker_does_not_begin_with_a_quorum_that_nobody_can_meet(sqlite_registry: Registry) -> None:
    settings = replace(sqlite_registry.settings, log_quorum=1)
    with pytest.raises(Misconfigured, match="REGISTRY_LOG_QUORUM"):
        Worker(replace(sqlite_registry, settings=settings))
