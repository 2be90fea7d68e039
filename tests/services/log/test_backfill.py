"""Registers from before there was a log get their entries, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.services import manage_keys, set_up
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.issue import issue, issue_many
from registry.services.log import backfill as service
from registry.services.log.audit import audit_log
from registry.services.log.backfill import backfill
from registry.services.log.integrate import open_log
from registry.services.verify import Verifier
from registry.store import log
from registry.store.log_models import LogCheckpoint, LogEntry, LogTile
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import forget


@pytest.fixture
def old(registry: Registry, actor: Actor, clock: Clock) -> tuple[Registry, str]:
    """A register without a log, and the public id of a certificate in it that was withdrawn."""
    row = issue(registry, actor, sample_certificate())
    issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(12)])
    clock.advance(days=1)
    change_status(registry, actor, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    clock.advance(days=100)
    with registry.database.transaction() as connection:
        for table in (LogEntry, LogTile, LogCheckpoint):
            connection.execute(delete(table))
    forget(registry)
    return registry, row.public_id


def test_init_enters_all_acts_in_their_order(old: tuple[Registry, str]) -> None:
    registry, public_id = old
    assert Verifier(registry, 0).by_public_id(public_id).verdict is Verdict.INVALID
    set_up.initialize(registry)
    found = audit_log(registry)
    assert (found.size, found.waiting, found.findings) == (14, 0, ())
    assert Verifier(registry, 0).by_public_id(public_id).verdict is Verdict.WITHDRAWN
    with registry.database.read() as connection:
        sequences = [one.sequence for one in log.entries_from(connection, 0, 100)]
    assert sequences == [1] * 13 + [2]


def test_it_can_be_repeated(old: tuple[Registry, str], actor: Actor) -> None:
    registry, _ = old
    for _ in range(2):
        set_up.initialize(registry)
    issue(registry, actor, sample_certificate("B-1"))
    set_up.initialize(registry)
    assert audit_log(registry).size == 15
    assert audit_log(registry).findings == ()


def test_it_goes_on_in_portions_where_it_was_interrupted(
    old: tuple[Registry, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, _ = old
    open_log(registry)
    monkeypatch.setattr(service, "_AT_ONCE", 5)
    told: list[int] = []

    def interrupt(done: int, total: int) -> None:
        told.append(done)
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backfill(registry, interrupt)
    assert audit_log(registry).size == 5
    assert backfill(registry, lambda done, total: told.append(done)) == 9
    assert told == [5, 5, 9]
    assert audit_log(registry).findings == ()


def test_acts_that_wait_are_not_entered_again(old: tuple[Registry, str]) -> None:
    registry, _ = old
    set_up.initialize(registry)
    with registry.database.transaction() as connection:
        one = log.entries_from(connection, 13, 1)[0]
        connection.execute(delete(LogEntry).where(LogEntry.log_index == 13))
        log.insert_pending(connection, [(one.certificate_id, one.sequence, one.statement)])
    assert backfill(registry) == 0


def test_the_log_vouches_for_when_it_saw_them_and_not_for_what_they_say(
    old: tuple[Registry, str], clock: Clock
) -> None:
    """A key that was compromised before the log came: nothing shows which of its signatures are the issuer's."""
    registry, _ = old
    with registry.database.read() as connection:
        keys = log.seen_at(connection, 0)
    assert keys is None
    set_up.initialize(registry)
    with registry.database.read() as connection:
        assert log.seen_at(connection, 0) == clock.now
    manage_keys.mark_key_compromised(registry, "cqc-1", clock.now - timedelta(days=1))
    public_id = old[1]
    assert Verifier(registry, 0).by_public_id(public_id).verdict is Verdict.INVALID
