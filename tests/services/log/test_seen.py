"""What a verification says of the log: seen, waiting, missing, or something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from registry.domain.reasons import Act, Reason
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.issue import issue, issue_many
from registry.services.log.integrate import integrate_pending
from registry.services.log.seen import SeenByLog, Unproven
from registry.services.verify import Verification, Verifier
from registry.store import certificates, log
from registry.store.log_models import LogCheckpoint, LogEntry, LogTile
from registry.store.models import Certificate, Credential
from tests.conftest import NOON, sample_certificate
from tests.services.log.logs import fill


@pytest.fixture
def public_ids(registry: Registry, actor: Actor) -> list[str]:
    return [issue(registry, actor, sample_certificate(f"A-{number}")).public_id for number in range(3)]


def log_check(found: Verification) -> tuple[Verdict, Outcome, Finding]:
    check = next(check for check in found.checks if check.name is CheckName.LOG)
    return found.verdict, check.outcome, check.finding


def changed(registry: Registry, statement: Any) -> None:
    with registry.database.transaction() as connection:
        connection.execute(statement)


def verified(registry: Registry, public_id: str) -> tuple[Verdict, Outcome, Finding]:
    return log_check(Verifier(registry, 0).by_public_id(public_id))


GOOD = (Verdict.VALID, Outcome.PASS, Finding.LOGGED)
DIFFERS = (Verdict.INVALID, Outcome.FAIL, Finding.LOG_DIFFERS)


def test_what_the_log_has_seen_is_valid(registry: Registry, public_ids: list[str]) -> None:
    assert [verified(registry, one) for one in public_ids] == [GOOD] * 3


@pytest.mark.parametrize(
    "statement",
    [
        update(Credential).values(document=b"{}"),
        update(Certificate).values(recorded_at=NOON - timedelta(days=1)),
        update(LogTile).values(hashes=bytes(96)),
        update(LogTile).values(hashes=b""),
        delete(LogTile),
        update(LogCheckpoint).where(LogCheckpoint.size == 3).values(note=b"nothing\n"),
        delete(LogCheckpoint),
        update(LogEntry).where(LogEntry.log_index == 0).values(log_index=7),
    ],
    ids=["credential", "dates", "tile", "empty tile", "no tile", "checkpoint", "no checkpoint", "place of the entry"],
)
def test_what_the_log_has_seen_otherwise_is_invalid(registry: Registry, public_ids: list[str], statement: Any) -> None:
    changed(registry, statement)
    assert verified(registry, public_ids[0]) == DIFFERS


def test_an_entry_of_another_certificate_does_not_count(registry: Registry, public_ids: list[str]) -> None:
    for was, becomes in ((0, 9), (1, 0), (9, 1)):
        changed(registry, update(LogEntry).where(LogEntry.log_index == was).values(log_index=becomes))
    assert [verified(registry, one) for one in public_ids] == [DIFFERS, DIFFERS, GOOD]


def test_a_certificate_that_the_log_never_saw_is_invalid(registry: Registry, public_ids: list[str]) -> None:
    changed(registry, delete(LogEntry).where(LogEntry.log_index == 0))
    assert verified(registry, public_ids[0]) == (Verdict.INVALID, Outcome.FAIL, Finding.LOG_MISSING)


def test_a_certificate_that_waits_for_its_place_is_valid_and_that_is_told(registry: Registry, actor: Actor) -> None:
    worked = replace(registry, settings=replace(registry.settings, log_worker=True))
    public_id = issue(worked, actor, sample_certificate()).public_id
    assert verified(worked, public_id) == (Verdict.VALID, Outcome.NOT_CHECKED, Finding.LOG_PENDING)
    integrate_pending(worked)
    assert verified(worked, public_id) == GOOD


def test_an_entry_that_gets_its_place_while_somebody_verifies_is_not_missing(
    registry: Registry, public_ids: list[str]
) -> None:
    """The verification read the certificate before the entry was placed, and asks again after."""
    with registry.database.read() as connection:
        row = certificates.find_stored(connection, public_ids[0])
        assert row is not None
        assert log.is_pending(connection, row.id)
        assert not log.is_pending(connection, row.id + 1000)


def test_a_withdrawal_needs_no_entry_of_its_own_to_count(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    worked = replace(registry, settings=replace(registry.settings, log_worker=True))
    change_status(worked, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    assert verified(worked, public_id) == (Verdict.WITHDRAWN, Outcome.PASS, Finding.LOGGED)


def test_a_full_tile_is_proven_once_and_still_catches_a_changed_certificate(registry: Registry, actor: Actor) -> None:
    public_ids = issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(300)])
    verifier = Verifier(registry, 0)
    assert {log_check(verifier.by_public_id(one)) for one in (public_ids[0], public_ids[255], public_ids[299])} == {
        GOOD
    }
    changed(registry, update(Credential).values(document=b"{}"))
    assert log_check(verifier.by_public_id(public_ids[1])) == DIFFERS
    assert log_check(verifier.by_public_id(public_ids[299])) == DIFFERS


def test_hashes_that_the_checkpoint_does_not_cover_prove_nothing(registry: Registry) -> None:
    """Somebody adds hashes to the last tile; they are not believed, and not remembered either."""
    entries = fill(registry, 200)
    seen = SeenByLog(registry)
    with registry.database.transaction() as connection:
        tile = log.read_tiles(connection, [(0, 0)])[0, 0]
        connection.execute(update(LogTile).values(hashes=tile + bytes(32) * 56))
    seen.require(0, entries[0])
    with pytest.raises(Unproven, match="no entry 200"):
        seen.require(200, b"")
    assert seen._tiles == {0: tile}
