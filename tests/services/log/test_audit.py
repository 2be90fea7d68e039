"""The audit finds whatever was changed behind the registry's back, and nothing where nothing was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from keys import Purpose
from registry.domain.reasons import Act, Reason
from registry.formats.merkle import EMPTY_ROOT
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue, issue_many
from registry.services.log.audit import Audit, audit_log
from registry.services.log.findings import FindingKind
from registry.services.log.keys import sign_checkpoint
from registry.services.versions import reissue
from registry.store import log
from registry.store.log_models import LogCheckpoint, LogEntry, LogTile
from registry.store.models import Certificate, Credential, StatusEvent
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import fill, forget

Tamper = Callable[[Connection], object]


def tell(registry: Registry, clock: Clock) -> Registry:
    """Three certificates; the first is suspended and then withdrawn: five entries, in five checkpoints."""
    actor = operator(registry, "cqc", "test")
    rows = []
    for number in range(3):
        rows.append(issue(registry, actor, sample_certificate(f"00125Q3000{number}R0S")))
        clock.advance(minutes=1)
    change_status(registry, actor, rows[0].public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    clock.advance(minutes=1)
    change_status(registry, actor, rows[0].public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK, note="third complaint")
    return registry


@pytest.fixture
def story(registry: Registry, clock: Clock) -> Registry:
    return tell(registry, clock)


@pytest.fixture
def sqlite_story(sqlite_registry: Registry, clock: Clock) -> Registry:
    """For what the audit makes of the rows, which is the same on both databases."""
    return tell(sqlite_registry, clock)


def audit_after(registry: Registry, tamper: Tamper) -> Audit:
    with registry.database.transaction() as connection:
        tamper(connection)
    return audit_log(registry)


def told(found: Audit) -> str:
    return "\n".join(f"{one.kind}: {one.text}" for one in found.findings)


def test_a_sound_log_has_no_findings(story: Registry) -> None:
    steps: list[tuple[int, int]] = []
    found = audit_log(story, progress=lambda done, total: steps.append((done, total)))
    assert (found.size, found.certificates, found.waiting, found.findings) == (5, 3, 0, ())
    assert steps[-1] == (8, 8)


def test_an_empty_log_has_no_findings(registry: Registry) -> None:
    found = audit_log(registry)
    assert (found.size, found.root, found.findings) == (0, EMPTY_ROOT, ())


def test_all_that_can_happen_to_certificates_leaves_no_findings(registry: Registry, actor: Actor, clock: Clock) -> None:
    one = issue(registry, actor, sample_certificate("A-1"))
    two = issue(registry, actor, sample_certificate("A-2"))
    future = sample_certificate("A-3", valid_from=clock.now.date() + timedelta(days=9))
    issue(registry, actor, future)
    until = clock.now + timedelta(days=3)
    change_status(registry, actor, one.public_id, Act.SUSPEND, Reason.OTHER, note="why", until=until)
    change_status(
        registry, actor, two.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK, effective_at=clock.now + timedelta(days=2)
    )
    assert audit_log(registry).findings == ()
    clock.advance(days=30)
    reissue(registry, actor, one.public_id, sample_certificate("A-1-1"), Reason.CORRECTION)
    # Another machine's clock is behind.
    clock.advance(minutes=-3)
    issue(registry, actor, sample_certificate("A-4"))
    assert audit_log(registry).findings == ()


def _where(model: Any, **columns: Any) -> Any:
    return update(model).where(*(getattr(model, name) == value for name, value in columns.items()))


REGISTER = [
    (
        "the credential",
        _where(Credential, certificate_id=1).values(document=b"{}"),
        FindingKind.ENTRY,
        ["Entry 0", "differ in credential", "the register was changed after it was logged"],
    ),
    (
        "the reason of an act",
        _where(StatusEvent, certificate_id=1, sequence=3).values(reason=Reason.OTHER.value),
        FindingKind.ENTRY,
        ["Entry 4", "act 3", "differ in event, reason", "the register was changed"],
    ),
    (
        "the private note of an act",
        _where(StatusEvent, certificate_id=1, sequence=3).values(note="no complaint"),
        FindingKind.ENTRY,
        ["Entry 4", "differ in event:"],
    ),
    (
        "the act itself",
        _where(StatusEvent, certificate_id=1, sequence=3).values(act=Act.CANCEL.value),
        FindingKind.ENTRY,
        ["Entry 4", "differ in act, event"],
    ),
    (
        "an act that nobody knows",
        _where(StatusEvent, certificate_id=1, sequence=3).values(act="pardon"),
        FindingKind.REGISTER,
        ["Entries 0 to 4", "unreadable"],
    ),
    (
        "an act, removed",
        delete(StatusEvent).where(StatusEvent.certificate_id == 1, StatusEvent.sequence == 3),
        FindingKind.ENTRY,
        ["Entry 4", "act 3", "the register does not have"],
    ),
    (
        "when an act was recorded",
        _where(StatusEvent, certificate_id=2, sequence=1).values(recorded_at=Clock().now - timedelta(days=3)),
        FindingKind.ENTRY,
        ["Entry 1", "recorded_at"],
    ),
    (
        "the state in the row, which is what a verification reads",
        _where(Certificate, id=1).values(state="active"),
        FindingKind.REGISTER,
        ["its row says active", "its acts say withdrawn"],
    ),
    (
        "a state that nobody knows",
        _where(Certificate, id=1).values(state="pardoned"),
        FindingKind.REGISTER,
        ["unknown state"],
    ),
    (
        "when a state ends",
        _where(Certificate, id=2).values(state_changes_at=Clock().now + timedelta(days=999)),
        FindingKind.REGISTER,
        ["until 2028"],
    ),
    (
        "the first day in the row",
        _where(Certificate, id=2).values(valid_from=Clock().now.date() + timedelta(days=400)),
        FindingKind.REGISTER,
        ["takes effect at another time"],
    ),
    (
        "when it was recorded, in the row",
        _where(Certificate, id=2).values(recorded_at=Clock().now - timedelta(days=3)),
        FindingKind.REGISTER,
        ["another time or reason of issuing"],
    ),
    (
        "how many acts there are",
        _where(Certificate, id=1).values(event_count=2),
        FindingKind.REGISTER,
        ["counts 2 acts"],
    ),
]
LOG = [
    (
        "an entry's bytes",
        _where(LogEntry, log_index=1).values(statement=b'{"type":"certificate-issued/v1"}'),
        FindingKind.ENTRY,
        ["Entry 1", "the stored entry was changed; the hash in the log is that of the register's"],
    ),
    (
        "an entry that is no JSON",
        _where(LogEntry, log_index=1).values(statement=b"\xff"),
        FindingKind.ENTRY,
        ["Entry 1", "differ in everything"],
    ),
    (
        "an entry, removed",
        delete(LogEntry).where(LogEntry.log_index == 1),
        FindingKind.ENTRY,
        ["Entry 1 is missing"],
    ),
    (
        "the last entries, removed",
        delete(LogEntry).where(LogEntry.log_index >= 3),
        FindingKind.CHECKPOINT,
        ["covers 5 entries; those from 3 on are missing"],
    ),
    (
        "an entry from nowhere",
        insert(LogEntry).values(log_index=9, certificate_id=9, sequence=9, statement=b"9"),
        FindingKind.ENTRY,
        ["an entry 9, though the newest checkpoint covers 5 only"],
    ),
    ("a tile", _where(LogTile, level=0).values(hashes=bytes(160)), FindingKind.TILE, ["tile/0/000.p/5", "in hash 0"]),
    ("a tile, shortened", _where(LogTile, level=0).values(hashes=bytes(32)), FindingKind.TILE, ["32 bytes, not 160"]),
    ("a tile, removed", delete(LogTile), FindingKind.TILE, ["tile/0/000.p/5 is missing"]),
    (
        "a tile from nowhere",
        insert(LogTile).values(level=1, tile_index=0, hashes=bytes(32)),
        FindingKind.TILE,
        ["Tile 0 of level 1 has 32 bytes, more than"],
    ),
    (
        "an earlier checkpoint",
        _where(LogCheckpoint, size=2).values(note=b"nothing"),
        FindingKind.CHECKPOINT,
        ["Checkpoint of size 2: the root is not the one"],
    ),
    (
        "when the log saw an act",
        _where(LogCheckpoint, size=5).values(integrated_at=Clock().now - timedelta(days=1)),
        FindingKind.CHECKPOINT,
        ["Checkpoint of size 5: the time is before that of acts"],
    ),
]


@pytest.mark.parametrize(
    ("what", "statement", "kind", "words"), REGISTER + LOG, ids=[case[0] for case in REGISTER + LOG]
)
def test_what_was_changed_behind_the_registry_s_back_is_found(
    sqlite_story: Registry, what: str, statement: Any, kind: FindingKind, words: list[str]
) -> None:
    found = audit_after(sqlite_story, lambda connection: connection.execute(statement))
    assert kind in found.counts, what
    assert all(word in told(found) for word in words), told(found)


def test_a_register_that_was_changed_does_not_put_the_blame_on_the_log(story: Registry) -> None:
    found = audit_after(story, lambda connection: connection.execute(REGISTER[0][1]))
    assert set(found.counts) == {FindingKind.ENTRY}
    assert found.counts[FindingKind.ENTRY] == 3


def test_one_changed_entry_is_told_once_and_not_for_each_checkpoint_after_it(story: Registry) -> None:
    found = audit_after(story, lambda connection: connection.execute(LOG[0][1]))
    assert found.counts == {FindingKind.ENTRY: 1, FindingKind.TILE: 1, FindingKind.CHECKPOINT: 1}
    assert "Checkpoint of size 2, and 3 more up to size 5" in told(found)
    assert "tile/0/000.p/5 differs from the entries, first in hash 1" in told(found)


def test_an_act_that_was_never_logged_is_found(story: Registry) -> None:
    def act_unseen(connection: Connection) -> None:
        columns = [column for column in StatusEvent.__table__.c if column.name not in {"id", "sequence", "act"}]
        copied = select(*columns).where(StatusEvent.certificate_id == 1, StatusEvent.sequence == 1)
        values = connection.execute(copied).mappings().one()
        connection.execute(insert(StatusEvent), {**values, "sequence": 4, "act": "restore"})

    found = audit_after(story, act_unseen)
    assert "Act 4 (restore) of certificate" in told(found)
    assert FindingKind.UNLOGGED in found.counts


def test_acts_that_wait_are_no_findings(story: Registry, actor: Actor) -> None:
    worked = replace(story, settings=replace(story.settings, log_worker=True))
    issue(worked, actor, sample_certificate("A-1"))
    found = audit_log(worked)
    assert (found.size, found.waiting, found.findings) == (5, 1, ())


def test_full_tiles_and_those_above_are_compared(registry: Registry, actor: Actor) -> None:
    issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(600)])
    assert audit_log(registry).findings == ()
    first = _where(LogTile, level=0, tile_index=1)
    found = audit_after(registry, lambda connection: connection.execute(first.values(hashes=bytes(8192))))
    assert told(found) == "tile: The stored tile tile/0/001 differs from the entries, first in hash 0."
    above = _where(LogTile, level=1, tile_index=0)
    found = audit_after(registry, lambda connection: connection.execute(above.values(hashes=bytes(64))))
    assert "tile/1/000.p/2 differs" in told(found)


def test_entries_without_a_register_behind_them_are_told_a_hundred_times_and_counted(registry: Registry) -> None:
    fill(registry, 150)
    found = audit_log(registry)
    assert found.counts == {FindingKind.ENTRY: 150}
    assert len(found.findings) == 100


def test_the_newest_checkpoint_must_be_signed_by_the_log(story: Registry) -> None:
    def unsign(connection: Connection) -> None:
        head = log.newest_head(connection)
        assert head is not None
        other = replace(story, settings=replace(story.settings, base_url="https://other.example"))
        text = head.note.partition(b"\n\n")[0]
        signature = sign_checkpoint(other, 5, bytes(32)).partition(b"\n\n")[2]
        connection.execute(_where(LogCheckpoint, size=5).values(note=text + b"\n\n" + signature))

    assert told(audit_after(story, unsign)) == "checkpoint: The checkpoint of size 5: no signature of a known key."


def test_checkpoints_of_rotated_log_keys_are_good(story: Registry, actor: Actor) -> None:
    manage_keys.rotate_key(story, "registry", Purpose.LOG)
    assert audit_log(story).findings == ()
    issue(story, actor, sample_certificate("A-1"))
    assert audit_log(story).findings == ()


def test_a_compromised_log_key_leaves_a_log_that_its_new_key_vouches_for(
    story: Registry, actor: Actor, clock: Clock
) -> None:
    manage_keys.mark_key_compromised(story, "log-1", clock.now)
    manage_keys.create_key(story, "registry", Purpose.LOG)
    assert audit_log(story).findings == ()
    issue(story, actor, sample_certificate("A-1"))
    assert audit_log(story).findings == ()


def test_a_log_that_was_cut_back_together_with_its_checkpoints_lacks_acts(story: Registry) -> None:
    """As after restoring the log's tables alone from a backup."""

    def cut(connection: Connection) -> None:
        connection.execute(delete(LogEntry).where(LogEntry.log_index >= 3))
        connection.execute(delete(LogCheckpoint).where(LogCheckpoint.size > 3))
        tile = log.read_tiles(connection, [(0, 0)])[0, 0]
        connection.execute(update(LogTile).values(hashes=tile[:96]))

    found = audit_after(story, cut)
    assert found.counts == {FindingKind.CHECKPOINT: 1, FindingKind.UNLOGGED: 2}
    assert "This machine has signed the log at size 5" in told(found)
    forget(story)
    assert audit_log(story).counts == {FindingKind.UNLOGGED: 2}
