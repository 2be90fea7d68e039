"""Placing entries: one for each act, at a cost that does not grow, by as many processes as there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import insert, select, text, update

from registry.domain.errors import NotFound, StorageUnavailable
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.formats.growing_tree import GrowingTree
from registry.formats.log_entry import digest, statement_of
from registry.formats.merkle import integrate, leaf_hash, reader_of, root_from_tiles
from registry.formats.tlog_checkpoint import open_checkpoint
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.find import stored_document
from registry.services.issue import issue, issue_many
from registry.services.log.anchor import LogDamaged
from registry.services.log.audit import audit_log
from registry.services.log.integrate import integrate_pending
from registry.services.log.keys import sign_checkpoint, verifier_keys
from registry.services.log.read import certificate_proof
from registry.services.versions import reissue
from registry.store import certificates, log
from registry.store.database import Database
from registry.store.log_models import LogCheckpoint, LogEntry, LogTile
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import end_of, fill, forget, fork, statements


def tiles_of(registry: Registry) -> dict[tuple[int, int], bytes]:
    with registry.database.read() as connection:
        rows = connection.execute(select(LogTile.level, LogTile.tile_index, LogTile.hashes))
        return {(level, index): hashes for level, index, hashes in rows}


def test_every_act_is_one_entry_in_the_order_of_recording(registry: Registry, actor: Actor, clock: Clock) -> None:
    first = issue(registry, actor, sample_certificate())
    clock.advance(days=1)
    change_status(registry, actor, first.public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE, note="not for the world")
    smaller = sample_certificate("00125Q30001R0S-1", scope=Text("汽车用注塑件的生产"))
    second = reissue(registry, actor, first.public_id, smaller, Reason.SCOPE_REDUCTION)
    third, fourth = issue_many(registry, actor, [sample_certificate("A-1"), sample_certificate("A-2")])
    documents = {one: stored_document(registry, one)[1] for one in (first.public_id, second.public_id, third, fourth)}
    with registry.database.read() as connection:
        rows = {one: certificates.find_stored(connection, one) for one in documents}
        ids = [row.id for row in rows.values() if row is not None]
        events = certificates.events_of(connection, ids)
        placed = log.entries_from(connection, 0, 100)
    by_id = {row.id: row.public_id for row in rows.values() if row is not None}
    acts = [(by_id[one.certificate_id], one.sequence) for one in placed]
    assert acts == [
        (first.public_id, 1),
        (first.public_id, 2),
        (first.public_id, 3),
        (second.public_id, 1),
        (third, 1),
        (fourth, 1),
    ]
    for one in placed:
        public_id, event = by_id[one.certificate_id], events[one.certificate_id][one.sequence - 1]
        did = "did:web:registry.example:issuers:cqc"
        assert one.statement == statement_of(digest(documents[public_id]), did, public_id, event)
        assert b"not for the world" not in one.statement
        assert "宁波".encode() not in one.statement


def test_thousands_of_entries_take_one_checkpoint(registry: Registry, actor: Actor) -> None:
    issue_many(registry, actor, [sample_certificate(f"00125Q5{number:04}R0S") for number in range(3000)])
    with registry.database.read() as connection:
        assert [head.size for head in log.heads_between(connection, -1, 10_000)] == [0, 3000]
    found = audit_log(registry)
    assert (found.size, found.certificates, found.findings) == (3000, 3000, ())


def _grown_to(registry: Registry, size: int) -> None:
    """Put the tree of a log of many entries into the database, its entries apart."""
    tiles = integrate(0, {}, [leaf_hash(b"entry %d" % number) for number in range(size)])
    root = root_from_tiles(size, reader_of(tiles))
    forget(registry)
    with registry.database.transaction() as connection:
        log.write_tiles(connection, tiles)
        log.insert_head(connection, log.Head(size, sign_checkpoint(registry, size, root), registry.now()))


def _changed(before: Mapping[tuple[int, int], bytes], after: Mapping[tuple[int, int], bytes]) -> set[tuple[int, int]]:
    return {key for key in after if before.get(key) != after[key]}


@pytest.mark.parametrize("registry", ["postgresql"], indirect=True)
def test_the_database_goes_through_what_waits_once_though_it_last_saw_none_waiting(registry: Registry) -> None:
    with registry.database.transaction() as connection:
        connection.exec_driver_sql("ANALYZE log_pending")
    with registry.database.transaction() as connection:
        log.insert_pending(connection, [(number, 1, b"statement") for number in range(1000)])
        explained = connection.execute(text(f"EXPLAIN {log._PLACE.text}"), {"first": 0, "limit": 20_000}).scalars()
        plan = "\n".join(explained)
        connection.rollback()
    assert "Delete on log_pending" in plan
    assert "Nested Loop" not in plan
    assert "Join" not in plan


def test_appending_costs_the_same_at_any_size(registry: Registry) -> None:
    # What the making of the registry left behind in the audit trail.
    integrate_pending(registry)
    _grown_to(registry, 10)
    with statements() as at_10:
        fill(registry, 1)
    _grown_to(registry, 70_000)
    assert len(tiles_of(registry)) == 274 + 2 + 1
    before = tiles_of(registry)
    with statements() as at_70_000:
        fill(registry, 1, 1)
    assert len(at_70_000) == len(at_10)
    assert _changed(before, tiles_of(registry)) == {(0, 273)}


def test_an_entry_that_completes_tiles_changes_one_of_each_level(registry: Registry) -> None:
    _grown_to(registry, 65_535)
    before = tiles_of(registry)
    fill(registry, 1)
    assert _changed(before, tiles_of(registry)) == {(0, 255), (1, 0), (2, 0)}


def _issue_some(registry: Registry, actor: Actor, process: int, count: int) -> None:
    for number in range(count):
        row = issue(registry, actor, sample_certificate(f"00125Q{process}{number:04}R0S"))
        if number % 5 == 0:
            change_status(registry, actor, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


def test_several_processes_at_once_never_fork_the_tree(registry: Registry, actor: Actor) -> None:
    processes, count = 3, 25
    work = [partial(_issue_some, actor=actor, process=process, count=count) for process in range(processes)]
    children = [fork(registry, one) for one in work]
    assert [end_of(child) for child in children] == [0] * processes
    found = audit_log(registry)
    assert (found.findings, found.waiting) == ((), 0)
    assert (found.size, found.certificates) == (processes * (count + 5), processes * count)


def test_entries_wait_for_the_worker_where_there_is_one(registry: Registry, actor: Actor) -> None:
    worked = replace(registry, settings=replace(registry.settings, log_worker=True))
    row = issue(worked, actor, sample_certificate())
    with pytest.raises(NotFound):
        certificate_proof(worked, row.public_id)
    assert audit_log(worked).waiting == 1
    assert integrate_pending(worked) == 1
    assert integrate_pending(worked) == 0
    assert certificate_proof(worked, row.public_id)
    assert audit_log(worked).findings == ()


def test_no_act_waits_for_ever_for_a_process_that_does_not_let_go(
    registry: Registry, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    if registry.database.dialect == "sqlite":
        pytest.skip("there the act itself waits, as it does for any other that writes")
    monkeypatch.setattr(log, "_PATIENCE", "50ms")
    other = Database(registry.database.url)
    with other.transaction() as connection:
        log.lock_integration(connection)
        row = issue(registry, actor, sample_certificate())
        with pytest.raises(StorageUnavailable):
            integrate_pending(registry)
    other.close()
    assert integrate_pending(registry) == 1
    assert certificate_proof(registry, row.public_id)


@pytest.mark.parametrize("at", [1, 255, 300])
def test_nothing_is_built_on_tiles_that_were_never_signed(registry: Registry, at: int) -> None:
    fill(registry, at)
    (level, index), hashes = max(tiles_of(registry).items(), key=lambda item: (-item[0][0], item[0][1]))
    assert level == 0
    with registry.database.transaction() as connection:
        changed = update(LogTile).where(LogTile.level == level, LogTile.tile_index == index)
        connection.execute(changed.values(hashes=bytes(32) + hashes[32:]))
    with pytest.raises(LogDamaged, match="registry log verify"):
        fill(registry, 1, at)
    with registry.database.read() as connection:
        head = log.newest_head(connection)
    assert head is not None
    assert head.size == at


def test_nothing_is_built_on_a_checkpoint_that_the_log_never_signed(registry: Registry) -> None:
    """Somebody who writes to the database takes the last entry back, tiles and all."""
    leaves = [leaf_hash(one) for one in fill(registry, 3)]
    tiles = integrate(0, {}, leaves[:2])
    tree = GrowingTree()
    for leaf in leaves[:2]:
        tree.append(leaf)
    with registry.database.transaction() as connection:
        head = log.newest_head(connection)
        assert head is not None
        note = head.note.replace(b"\n3\n", b"\n2\n")
        log.write_tiles(connection, tiles)
        connection.execute(update(LogCheckpoint).where(LogCheckpoint.size == 3).values(size=2, note=note))
    with pytest.raises(LogDamaged):
        fill(registry, 1, 10)


def test_an_act_is_recorded_though_the_log_is_damaged(registry: Registry, actor: Actor) -> None:
    fill(registry, 2)
    with registry.database.transaction() as connection:
        connection.execute(update(LogTile).values(hashes=bytes(64)))
    row = issue(registry, actor, sample_certificate())
    assert stored_document(registry, row.public_id)
    assert audit_log(registry).waiting == 1


def test_the_times_of_checkpoints_never_go_back(registry: Registry, clock: Clock) -> None:
    """They decide what was seen before a key was compromised; the machines' clocks may differ."""
    fill(registry, 1)
    clock.advance(hours=-1)
    fill(registry, 1, 1)
    with registry.database.read() as connection:
        _, first, second = (head.integrated_at for head in log.heads_between(connection, -1, 2))
    assert second == first == clock.now + timedelta(hours=1)


def test_all_active_log_keys_sign(registry: Registry) -> None:
    fill(registry, 5)
    with registry.database.read() as connection:
        head = log.newest_head(connection)
    assert head is not None
    checkpoint, note = open_checkpoint(head.note, verifier_keys(registry))
    assert (checkpoint.origin, checkpoint.size, len(note.signatures)) == ("registry.example/log", 5, 1)


def test_a_stray_entry_in_the_way_is_told_and_not_a_lost_act(registry: Registry, actor: Actor) -> None:
    with registry.database.transaction() as connection:
        stray = {"log_index": 0, "certificate_id": 77, "sequence": 1, "statement": b"stray"}
        connection.execute(insert(LogEntry), stray)
    row = issue(registry, actor, sample_certificate())
    assert stored_document(registry, row.public_id)
    with pytest.raises(LogDamaged):
        integrate_pending(registry)
    assert audit_log(registry).waiting == 1
