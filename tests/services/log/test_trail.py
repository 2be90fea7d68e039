"""The audit trail is chained and told to the log, and whatever is done to it behind the registry's back is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from registry.domain.reasons import Act, Reason
from registry.formats.audit_chain import GENESIS, event_digest, next_link
from registry.formats.data_integrity import Cryptosuite
from registry.formats.log_entry import trail_head
from registry.services import api_keys, manage_issuers, set_up
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.issue import issue, issue_many
from registry.services.log.audit import audit_log
from registry.services.log.findings import FindingKind
from registry.services.log.integrate import integrate_pending
from registry.services.verify_trail import TrailAudit, verify_trail
from registry.store import audit_chain, log
from registry.store.log_models import AUDIT_TRAIL, LogEntry, LogTile
from registry.store.models import AuditEvent
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import end_of, fork, statements

Tamper = Callable[[Connection], object]


def telling(registry: Registry, interval: timedelta = timedelta(0)) -> Registry:
    """The same registry, which tells its log of the trail."""
    return replace(registry, settings=replace(registry.settings, audit_interval=interval))


@pytest.fixture
def story(registry: Registry, clock: Clock) -> Registry:
    """A trail of several acts, each of them told to the log."""
    registry = telling(registry)
    actor = operator(registry, "cqc", "test")
    for number in range(3):
        row = issue(registry, actor, sample_certificate(f"00125Q3000{number}R0S"))
        clock.advance(minutes=1)
    change_status(registry, actor, row.public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    clock.advance(minutes=1)
    api_keys.create_api_key(registry, "cqc", [Verb.READ], "reading")
    clock.advance(minutes=1)
    change_status(registry, actor, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    return registry


def verify_after(registry: Registry, tamper: Tamper) -> TrailAudit:
    with registry.database.transaction() as connection:
        tamper(connection)
    return verify_trail(registry)


def length(registry: Registry) -> int:
    with registry.database.read() as connection:
        return audit_chain.highest_position(connection)


def rechain(connection: Connection) -> None:
    """What somebody does who can write to the database and knows how: give all events fitting places and links."""
    chained = select(AuditEvent.id).where(AuditEvent.position.is_not(None)).order_by(AuditEvent.position)
    keys = list(connection.scalars(chained))
    connection.execute(update(AuditEvent).values(position=None))
    link = GENESIS
    for position, key in enumerate(keys, 1):
        connection.execute(update(AuditEvent).where(AuditEvent.id == key).values(position=position))
        linked = audit_chain.linked_from(connection, position - 1, 1)[0]
        link = next_link(link, event_digest(linked.event, linked.salt))
        connection.execute(update(AuditEvent).where(AuditEvent.id == key).values(link=link))


def test_a_whole_trail_has_no_findings_and_the_log_vouches_for_all_of_it(story: Registry) -> None:
    found = verify_trail(story)
    events = length(story)
    assert (found.events, found.anchored, found.waiting, found.findings) == (events, events, 0, ())
    assert found.anchors == 5
    assert audit_log(story).findings == ()


def test_an_event_waits_for_the_next_integration_and_is_told(story: Registry, clock: Clock) -> None:
    manage_issuers.set_cryptosuite(story, "cqc", Cryptosuite.RDFC)
    assert verify_trail(story).waiting == 1
    integrate_pending(story)
    assert verify_trail(story).waiting == 0
    assert verify_trail(story).findings == ()


@pytest.mark.parametrize("column", ["actor", "act", "subject", "origin", "at", "details", "before", "api_key_id"])
def test_an_altered_event_is_named(story: Registry, column: str, clock: Clock) -> None:
    other: dict[str, Any] = {
        "at": clock.now - timedelta(seconds=7),
        "details": {"number": "another"},
        "before": {"state": "never"},
        "api_key_id": 99,
    }
    position = length(story) - 2
    wrong = update(AuditEvent).where(AuditEvent.position == position).values({column: other.get(column, "somebody")})
    found = verify_after(story, lambda connection: connection.execute(wrong))
    assert found.findings[0].position == position
    assert f"Event {position} (" in found.findings[0].text
    assert "altered" in found.findings[0].text


def test_a_removed_event_is_named(story: Registry) -> None:
    position = length(story) - 2
    found = verify_after(story, lambda c: c.execute(delete(AuditEvent).where(AuditEvent.position == position)))
    assert found.findings[0].text == f"Event {position} is missing: removed."
    assert found.count == 1


def test_the_last_events_can_t_be_removed(story: Registry) -> None:
    last = length(story)
    found = verify_after(story, lambda c: c.execute(delete(AuditEvent).where(AuditEvent.position > last - 2)))
    assert found.findings[0].position == last - 1
    assert f"knows {last - 1} events" in found.findings[0].text or f"knows {last} events" in found.findings[0].text
    assert "removed" in found.findings[0].text
    assert FindingKind.TRAIL in audit_log(story).counts


def test_an_inserted_event_is_named(story: Registry) -> None:
    position = length(story) - 2

    def slip_in(connection: Connection) -> None:
        keys = list(connection.scalars(select(AuditEvent.id).where(AuditEvent.position > position)))
        for key in sorted(keys, reverse=True):
            connection.execute(update(AuditEvent).where(AuditEvent.id == key).values(position=AuditEvent.position + 1))
        same = select(AuditEvent.__table__).where(AuditEvent.position == position)
        copied = connection.execute(same).mappings().one()
        connection.execute(insert(AuditEvent), {**copied, "id": 10_000, "position": position + 1, "act": "forged"})

    found = verify_after(story, slip_in)
    assert found.findings[0].position == position + 1
    assert "forged" in found.findings[0].text


def test_two_events_that_changed_places_are_named(story: Registry) -> None:
    position = length(story) - 2

    def swap(connection: Connection) -> None:
        for old, new in ((position, -1), (position + 1, position), (-1, position + 1)):
            connection.execute(update(AuditEvent).where(AuditEvent.position == old).values(position=new))

    assert verify_after(story, swap).findings[0].position == position


def test_a_chain_that_was_made_to_fit_leads_elsewhere_than_the_log_was_told(story: Registry) -> None:
    position = length(story) - 2

    def forge(connection: Connection) -> None:
        connection.execute(update(AuditEvent).where(AuditEvent.position == position).values(actor="somebody"))
        rechain(connection)

    found = verify_after(story, forge)
    # With an entry for each act, the log names the very event.
    assert found.findings[0].position == position
    assert "not the one of which the log was told" in found.findings[0].text
    assert FindingKind.TRAIL in audit_log(story).counts


def test_an_event_removed_from_a_chain_made_to_fit_is_found(story: Registry) -> None:
    position = length(story) - 3

    def forge(connection: Connection) -> None:
        connection.execute(delete(AuditEvent).where(AuditEvent.position == position))
        rechain(connection)

    found = verify_after(story, forge)
    assert found.findings[0].position == position


def test_an_event_with_an_impossible_place_is_found(story: Registry) -> None:
    hide = update(AuditEvent).where(AuditEvent.position == length(story)).values(position=-5)
    found = verify_after(story, lambda connection: connection.execute(hide))
    assert "1 events have a place that no event can have" in found.findings[0].text


def test_a_backdated_event_is_found(story: Registry, clock: Clock) -> None:
    """Somebody who writes a row as the registry would, but for a time that the log has left behind."""
    clock.advance(hours=5)
    issue(story, operator(story, "cqc"), sample_certificate("B-1"))
    forged = {"actor": "apikey:1", "act": "certificate.issue", "issuer_id": 1, "subject": "x", "details": {}}
    with story.database.transaction() as connection:
        connection.execute(insert(AuditEvent), {**forged, "at": clock.now - timedelta(hours=3)})
    integrate_pending(story)
    found = verify_trail(story)
    assert found.count == 1
    assert found.findings[0].position == length(story)
    assert "inserted later" in found.findings[0].text


def test_the_log_s_entry_about_the_trail_can_t_be_changed_along(story: Registry) -> None:
    """The entry is under the signed checkpoint: who changes it as well is told so."""

    def forge(connection: Connection) -> None:
        anchor = audit_chain.anchors_after(connection, 1, 1)[0]
        other = anchor.statement.replace(b'"events":', b'"events":1')
        connection.execute(update(LogEntry).where(LogEntry.log_index == anchor.log_index).values(statement=other))

    found = verify_after(story, forge)
    assert any("The log can't vouch for the trail" in one.text for one in found.findings)
    assert FindingKind.ENTRY in audit_log(story).counts or FindingKind.TRAIL in audit_log(story).counts


def test_an_entry_about_the_trail_that_was_taken_out_is_missed(story: Registry) -> None:
    def forge(connection: Connection) -> None:
        anchor = audit_chain.anchors_after(connection, 1, 1)[0]
        connection.execute(delete(LogEntry).where(LogEntry.log_index == anchor.log_index))

    assert "number 2 is missing" in verify_after(story, forge).findings[0].text


def test_the_log_is_told_no_more_often_than_the_settings_say(registry: Registry, clock: Clock) -> None:
    registry = telling(registry, timedelta(hours=1))
    actor = operator(registry, "cqc")

    def told() -> int:
        return verify_trail(registry).anchors

    for number, minutes, expected in ((1, 0, 1), (2, 59, 1), (3, 1, 2), (4, 10, 2)):
        clock.advance(minutes=minutes)
        issue(registry, actor, sample_certificate(f"A-{number}"))
        assert told() == expected
    found = verify_trail(registry)
    assert (found.waiting, found.anchored) == (0, found.events - 1)


def test_nothing_is_told_twice(story: Registry, clock: Clock) -> None:
    before = verify_trail(story)
    clock.advance(days=3)
    assert integrate_pending(story) == 0
    assert verify_trail(story) == before


def test_a_batch_is_one_event_and_one_entry(registry: Registry) -> None:
    registry = telling(registry)
    integrate_pending(registry)
    events, size = length(registry), audit_log(registry).size
    issue_many(registry, operator(registry, "cqc"), [sample_certificate(f"A-{number}") for number in range(300)])
    assert length(registry) == events + 1
    assert audit_log(registry).size == size + 300 + 1


def test_a_trail_from_before_the_chain_is_chained_by_init(registry: Registry, clock: Clock) -> None:
    issue_many(registry, operator(registry, "cqc"), [sample_certificate(f"A-{number}") for number in range(3)])
    registry = telling(registry)
    with registry.database.transaction() as connection:
        connection.execute(update(AuditEvent).values(position=None, salt=None, link=None))
    events = verify_trail(registry).waiting
    assert events > 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.services.log.trail._AT_ONCE", 2)
        set_up.initialize(registry)
    found = verify_trail(registry)
    assert (found.events, found.waiting, found.anchored, found.anchors) == (events, 0, events, 1)
    assert found.findings == ()


def test_what_is_published_of_the_trail_is_a_number_and_a_hash(story: Registry) -> None:
    with story.database.read() as connection:
        entries = log.entries_from(connection, 0, 100)
    told = [one.statement for one in entries if one.certificate_id == AUDIT_TRAIL]
    members = re.compile(rb'{"events":\d+,"head":"[0-9a-f]{64}","recorded_at":"[-0-9T:.]+Z","type":"audit-trail/v1"}')
    assert len(told) == 5
    assert all(members.fullmatch(statement) and trail_head(statement) for statement in told)


def test_events_of_the_same_content_have_different_links(registry: Registry) -> None:
    """So that nobody can guess an event and try it: each has a salt."""
    integrate_pending(registry)
    with registry.database.read() as connection:
        salts = [one.salt for one in audit_chain.linked_from(connection, 0, 100)]
    assert len(set(salts)) == len(salts) > 3
    assert all(len(salt) == 16 for salt in salts)


def _issue_some(label: str, registry: Registry) -> None:
    actor = operator(registry, "cqc", label)
    for number in range(8):
        issue(registry, actor, sample_certificate(f"{label}-{number}"))


def test_processes_at_the_same_time_neither_fork_the_chain_nor_stop_each_other(registry: Registry) -> None:
    registry = telling(registry)
    children = [fork(registry, partial(_issue_some, label)) for label in ("A", "B", "C")]
    assert [end_of(child) for child in children] == [0, 0, 0]
    integrate_pending(registry)
    found = verify_trail(registry)
    assert (found.findings, found.waiting, found.anchored) == ((), 0, found.events)
    assert audit_log(registry).findings == ()


def test_an_event_of_a_lower_id_that_commits_later_is_chained_as_well(registry: Registry) -> None:
    """On PostgreSQL a transaction may take its row id long before it commits."""
    if registry.database.dialect == "sqlite":
        pytest.skip("every writer is alone")
    registry = telling(registry)
    integrate_pending(registry)
    with registry.database.transaction() as slow:
        values = {"at": registry.now(), "actor": "slow", "act": "x", "subject": "y", "details": {}}
        slow.execute(insert(AuditEvent), values)
        issue(registry, operator(registry, "cqc"), sample_certificate())
        assert verify_trail(registry).findings == ()
    integrate_pending(registry)
    found = verify_trail(registry)
    assert (found.waiting, found.findings) == (0, ())


def test_linking_costs_the_same_at_any_length(registry: Registry, actor: Actor) -> None:
    registry = telling(registry)
    integrate_pending(registry)
    with statements() as first:
        issue(registry, actor, sample_certificate("A-1"))
    for number in range(2, 12):
        issue(registry, actor, sample_certificate(f"A-{number}"))
    with statements() as later:
        issue(registry, actor, sample_certificate("A-99"))
    assert len(later) == len(first)


def test_a_stored_tile_that_is_not_what_was_signed_stops_the_chain_too(story: Registry, tmp_path: Path) -> None:
    with story.database.transaction() as connection:
        connection.execute(update(LogTile).values(hashes=bytes(32)))
    issue(story, operator(story, "cqc"), sample_certificate("A-1"))
    assert verify_trail(story).waiting == 1
