"""A witness: what it cosigns, what it never does, and what it remembers."""

from __future__ import annotations

import hashlib
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from keys import KeyStoreError
from registry.domain.errors import Conflict, Misconfigured, NotFound, RegistryError
from registry.formats.merkle import EMPTY_ROOT
from registry.formats.signed_note import NoteSignature, SignedNote, VerifierKey, parse_note, verify_note
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_cosignature import cosignatures
from registry.formats.tlog_witness import AddCheckpoint, parse_response
from registry.services import witness as service
from registry.services.witness import BadRequest, NotConsistent, NotSignedByLog, OtherSize, UnknownLog, Witness
from registry.store.database import Database
from registry.store.witness_state import RefusalKind
from tests.conftest import Clock
from tests.services.witnesses import ORIGIN, Log, make_witness, witness_settings

WORDS = [f"entry {index}" for index in range(600)]
LOG = Log(WORDS)
# The same log's other history: same key, same name, other entries from 300 on.
FORK = Log([*WORDS[:300], *(f"other {index}" for index in range(400))])


@pytest.fixture
def witness(tmp_path: Path, clock: Clock) -> Iterator[Witness]:
    made = make_witness(tmp_path, clock, LOG)
    yield made
    made.state.close()


def known(witness: Witness) -> tuple[int, bytes]:
    (log,) = service.report(witness).logs
    return log.size, log.root


def refused(witness: Witness) -> dict[RefusalKind, int]:
    return {refusal.kind: refusal.times for refusal in service.report(witness).refusals}


@contextmanager
def write_transactions() -> Iterator[list[str]]:
    """The write transactions that SQLite is asked to begin."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def test_a_log_that_grows_is_cosigned_step_by_step(witness: Witness, clock: Clock) -> None:
    old = 0
    for size in (1, 2, 255, 256, 300, 300, 600):
        clock.advance(seconds=10)
        lines = parse_response(service.add_checkpoint(witness, LOG.request(old, size)))
        text = parse_note(LOG.checkpoint(size)).text
        (cosignature,) = cosignatures(SignedNote(text, lines), [witness.key])
        assert cosignature.timestamp == int(clock.now.timestamp())
        assert known(witness) == (size, LOG.root(size))
        old = size
    assert refused(witness) == {}


def test_an_empty_log_can_be_cosigned(witness: Witness) -> None:
    service.add_checkpoint(witness, LOG.request(0, 0))
    service.add_checkpoint(witness, LOG.request(0, 5))
    assert known(witness)[0] == 5


@pytest.mark.parametrize("size", [301, 599, 600, 601, 700])
def test_a_fork_gets_no_cosignature_however_it_is_proved(witness: Witness, size: int) -> None:
    service.add_checkpoint(witness, LOG.request(0, 600))
    before = known(witness)
    for old in (0, 299, 300, 301, 600, size):
        if old > size:
            continue
        with pytest.raises(RegistryError) as caught:
            service.add_checkpoint(witness, FORK.request(old, size))
        assert isinstance(caught.value, OtherSize if old != 600 else NotConsistent)
    assert known(witness) == before


def test_a_fork_at_the_same_size_is_proven_and_reported(
    witness: Witness, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    service.add_checkpoint(witness, LOG.request(0, 400))
    clock.advance(hours=1)
    with pytest.raises(NotConsistent, match="forked"):
        service.add_checkpoint(witness, FORK.request(400, 400))
    assert "REFUSED fork of registry.example/log: size 400" in caplog.text
    clock.advance(hours=1)
    with pytest.raises(OtherSize):
        service.add_checkpoint(witness, FORK.request(0, 400))
    (refusal,) = service.report(witness).refusals
    assert (refusal.kind, refusal.times) == (RefusalKind.FORK, 2)
    assert refusal.last_at - refusal.first_at == timedelta(hours=1)
    # The evidence convinces whoever knows the log's key: two root hashes at one size.
    (evidence,) = refusal.evidence
    one, other = parse_note(evidence.refused_note), parse_note(evidence.standing_note)
    assert verify_note(one, [LOG.key]) == verify_note(other, [LOG.key]) == [LOG.key]
    assert one.text.split("\n")[:2] == other.text.split("\n")[:2] == [ORIGIN, "400"]
    assert one.text != other.text


def test_a_rollback_gets_no_cosignature_and_is_reported(
    witness: Witness, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    service.add_checkpoint(witness, LOG.request(0, 400))
    for old in (0, 200, 399):
        clock.advance(minutes=1)
        with pytest.raises(OtherSize) as caught:
            service.add_checkpoint(witness, LOG.request(old, 399))
        assert caught.value.size == 400
    with pytest.raises(BadRequest, match="larger"):
        service.add_checkpoint(witness, LOG.request(400, 399))
    assert known(witness)[0] == 400
    assert refused(witness) == {RefusalKind.ROLLBACK: 3}
    assert "REFUSED rollback of registry.example/log: size 399" in caplog.text


def test_an_unchanged_checkpoint_gets_the_same_answer_for_some_seconds(witness: Witness, clock: Clock) -> None:
    first = service.add_checkpoint(witness, LOG.request(0, 400))
    before = service.report(witness).logs
    clock.advance(seconds=9)
    with write_transactions() as written:
        assert {service.add_checkpoint(witness, LOG.request(400, 400)) for _ in range(20)} == {first}
    assert written == []
    assert service.report(witness).logs == before
    # It is no way around the proof, which must be empty here.
    with pytest.raises(NotConsistent):
        service.add_checkpoint(witness, AddCheckpoint(400, (bytes(32),), LOG.checkpoint(400)).encode())
    clock.advance(seconds=1)
    assert service.add_checkpoint(witness, LOG.request(400, 400)) != first


def test_repetitions_of_what_is_public_cost_one_write_and_one_line_a_minute(
    witness: Witness, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    service.add_checkpoint(witness, LOG.request(0, 400))
    wrong = AddCheckpoint(400, (bytes(32),), LOG.checkpoint(500)).encode()
    with write_transactions() as written:
        for index in range(20):
            with pytest.raises(OtherSize):
                service.add_checkpoint(witness, LOG.request(0, 300 + index))
            with pytest.raises(NotConsistent):
                service.add_checkpoint(witness, wrong)
    assert len(written) == 2
    assert caplog.text.count("REFUSED rollback") == caplog.text.count("REFUSED no_proof") == 1
    assert refused(witness) == {RefusalKind.ROLLBACK: 1, RefusalKind.NO_PROOF: 1}
    clock.advance(minutes=1)
    with pytest.raises(OtherSize):
        service.add_checkpoint(witness, LOG.request(0, 300))
    with pytest.raises(NotConsistent):
        service.add_checkpoint(witness, wrong)
    assert refused(witness) == {RefusalKind.ROLLBACK: 21, RefusalKind.NO_PROOF: 21}


def test_no_repetition_keeps_evidence_out_or_buries_it(
    witness: Witness, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    service.add_checkpoint(witness, LOG.request(0, 400))
    # A stranger's wrong proof comes before and after the log's own offence.
    wrong = AddCheckpoint(400, (), LOG.checkpoint(500)).encode()
    for body in (wrong, FORK.request(400, 600), wrong):
        with pytest.raises(NotConsistent):
            service.add_checkpoint(witness, body)
    assert f"REFUSED no_proof of {ORIGIN}: size 600 root {FORK.root(600).hex()}" in caplog.text
    (refusal,) = service.report(witness).refusals
    assert refusal.evidence[-1].refused_note == FORK.checkpoint(600)
    # Of two forks both stay, the first and the newest.
    third = Log([*WORDS[:100], *(f"third {index}" for index in range(300))])
    again = Log([*WORDS[:50], *(f"again {index}" for index in range(350))])
    for log in (FORK, third, again):
        clock.advance(seconds=1)
        with pytest.raises(NotConsistent):
            service.add_checkpoint(witness, log.request(400, 400))
    fork = next(one for one in service.report(witness).refusals if one.kind is RefusalKind.FORK)
    assert fork.times == 3
    assert [one.refused_note for one in fork.evidence] == [FORK.checkpoint(400), again.checkpoint(400)]


def test_asking_for_the_known_size_is_no_offence(witness: Witness) -> None:
    service.add_checkpoint(witness, LOG.request(0, 400))
    for old, size in ((0, 400), (0, 500), (300, 500)):
        with pytest.raises(OtherSize) as caught:
            service.add_checkpoint(witness, LOG.request(old, size))
        assert caught.value.size == 400
    assert refused(witness) == {}


def test_a_proof_that_does_not_fit_is_refused(witness: Witness) -> None:
    with pytest.raises(NotConsistent):
        service.add_checkpoint(witness, AddCheckpoint(0, (bytes(32),), LOG.checkpoint(400)).encode())
    service.add_checkpoint(witness, LOG.request(0, 300))
    proof = LOG.prove(300)
    for broken in ((), tuple(proof[:-1]), tuple(proof[::-1]), (*proof, bytes(32))):
        with pytest.raises(NotConsistent):
            service.add_checkpoint(witness, AddCheckpoint(300, broken, LOG.checkpoint()).encode())
    with pytest.raises(NotConsistent):
        service.add_checkpoint(witness, AddCheckpoint(300, (bytes(32),), LOG.checkpoint(300)).encode())
    assert known(witness)[0] == 300
    assert refused(witness) == {RefusalKind.NO_PROOF: 5}


def test_an_empty_log_has_one_root(witness: Witness) -> None:
    false = LOG.sign(Checkpoint(ORIGIN, 0, bytes(32)))
    with pytest.raises(NotConsistent, match="empty tree"):
        service.add_checkpoint(witness, AddCheckpoint(0, (), false).encode())
    assert known(witness) == (0, EMPTY_ROOT)


def test_only_the_logs_own_key_counts(witness: Witness) -> None:
    stranger = Log(WORDS, seed=bytes([9] * 32))
    with pytest.raises(NotSignedByLog, match="no signature"):
        service.add_checkpoint(witness, stranger.request(0))
    with pytest.raises(UnknownLog):
        service.add_checkpoint(witness, Log(WORDS, origin="other.example/log").request(0))
    false = NoteSignature(LOG.key.name, LOG.key.key_id, bytes(64))
    twice = LOG.checkpoint(more=[false])
    with pytest.raises(NotSignedByLog, match="does not hold"):
        service.add_checkpoint(witness, AddCheckpoint(0, (), twice).encode())
    assert known(witness)[0] == 0
    # A signature of somebody else beside the log's is ignored, and not kept.
    other = parse_note(stranger.checkpoint()).signatures
    service.add_checkpoint(witness, AddCheckpoint(0, (), LOG.checkpoint(more=other)).encode())
    kept = parse_note(service.latest_note(witness, hashlib.sha256(ORIGIN.encode()).hexdigest()))
    assert [line.key_id for line in kept.signatures] == [LOG.key.key_id, witness.key.key_id]


@pytest.mark.parametrize(
    "body", [b"", b"old 0\n", b"old x\n\n", b"old 0\n\n", b"old 0\n\norigin\n1\n", b"\xff\xff\n\n", LOG.request(0)[4:]]
)
def test_what_is_not_a_request_changes_nothing(witness: Witness, body: bytes) -> None:
    with pytest.raises(BadRequest):
        service.add_checkpoint(witness, body)
    assert known(witness)[0] == 0


def test_a_log_may_move_to_another_key(witness: Witness) -> None:
    moved = Log(WORDS, seed=bytes([7] * 32))
    service.add_checkpoint(witness, LOG.request(0, 100))
    assert service.add_log(witness, ORIGIN, moved.key.vkey)
    assert not service.add_log(witness, ORIGIN, moved.key.vkey)
    service.add_checkpoint(witness, moved.request(100, 200))
    service.add_checkpoint(witness, LOG.request(200, 300))
    service.drop_log_key(witness, ORIGIN, LOG.key.vkey)
    with pytest.raises(NotSignedByLog):
        service.add_checkpoint(witness, LOG.request(300, 400))
    service.add_checkpoint(witness, moved.request(300, 400))
    with pytest.raises(NotFound):
        service.drop_log_key(witness, ORIGIN, LOG.key.vkey)


def test_logs_do_not_get_mixed_up(witness: Witness) -> None:
    other = Log(WORDS[100:], origin="other.example/log")
    service.add_log(witness, other.key.name, other.key.vkey)
    service.add_checkpoint(witness, LOG.request(0, 300))
    service.add_checkpoint(witness, other.request(0, 200))
    service.add_checkpoint(witness, LOG.request(300, 400))
    assert [(log.origin, log.size) for log in service.report(witness).logs] == [
        ("other.example/log", 200),
        (ORIGIN, 400),
    ]


def test_a_larger_tree_never_gets_an_earlier_time(witness: Witness, clock: Clock) -> None:
    service.add_checkpoint(witness, LOG.request(0, 100))
    clock.advance(days=-1)
    lines = parse_response(service.add_checkpoint(witness, LOG.request(100, 200)))
    (cosignature,) = cosignatures(SignedNote(parse_note(LOG.checkpoint(200)).text, lines), [witness.key])
    assert cosignature.timestamp == int((clock.now + timedelta(days=1)).timestamp())


histories = st.lists(st.tuples(st.booleans(), st.integers(0, 600), st.integers(0, 600)), max_size=12)


@given(histories)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_the_cosigned_trees_are_one_history(
    fresh_witness: Callable[[], Witness], sent: list[tuple[bool, int, int]]
) -> None:
    witness = fresh_witness()
    last = 0
    for forked, old, size in sent:
        log = FORK if forked else LOG
        try:
            service.add_checkpoint(witness, log.request(old, size))
        except RegistryError:
            continue
        assert old == last <= size
        last = size
    size, root = known(witness)
    assert size == last
    assert root in (LOG.root(size), FORK.root(size))
    witness.state.close()


@pytest.fixture
def fresh_witness(witness: Witness, tmp_path: Path) -> Callable[[], Witness]:
    """Makes witnesses that have seen nothing."""
    witness.state.close()

    def make() -> Witness:
        shutil.copy(tmp_path / "witness" / "state.sqlite", tmp_path / "copy.sqlite")
        return replace(witness, state=Database(f"sqlite:///{tmp_path / 'copy.sqlite'}"))

    return make


def test_a_witness_is_made_once(witness: Witness, tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(Conflict, match="already"):
        service.initialize(witness_settings(tmp_path), "another", clock.now)
    assert stat.S_IMODE((tmp_path / "witness").stat().st_mode) == 0o700
    with pytest.raises(KeyStoreError, match="passphrase"):
        service.open_witness(witness_settings(tmp_path, "not the right passphrase"), clock)


def test_a_witness_that_lost_its_memory_does_not_begin_anew(witness: Witness, tmp_path: Path, clock: Clock) -> None:
    witness.state.close()
    for file in (tmp_path / "witness").glob("state.sqlite*"):
        file.unlink()
    with pytest.raises(Misconfigured, match="Restore it from the backup"):
        service.open_witness(witness_settings(tmp_path), clock)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t"])
def test_a_witness_has_a_name_that_notes_can_carry(tmp_path: Path, clock: Clock, name: str) -> None:
    with pytest.raises(Misconfigured, match="name of a witness"):
        service.initialize(witness_settings(tmp_path), name, clock.now)
    with pytest.raises(Misconfigured, match="no witness here"):
        service.open_witness(witness_settings(tmp_path), clock)


def test_only_a_logs_key_makes_a_log(witness: Witness) -> None:
    cosigners = VerifierKey("w", 4, bytes(32)).vkey
    for origin, vkey in ((ORIGIN, "nonsense"), (ORIGIN, cosigners), ("", LOG.key.vkey), ("a\nb", LOG.key.vkey)):
        with pytest.raises(Misconfigured):
            service.add_log(witness, origin, vkey)
