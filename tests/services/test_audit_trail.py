"""Whoever may read the trail finds who did what, from where, and what was before and after."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import InvalidInput, NotPermitted
from registry.domain.reasons import Act, Reason
from registry.domain.trail import TrailEvent, TrailRecord
from registry.formats.audit_chain import GENESIS, event_digest, next_link
from registry.formats.audit_export import csv_lines, ndjson
from registry.services import api_keys, manage_keys
from registry.services.audit_trail import export_any, export_own, list_events
from registry.services.change_status import change_status
from registry.services.context import CERTIFICATE_VERBS, Actor, Registry, Verb, operator
from registry.services.issue import issue, issue_many
from registry.services.log.integrate import integrate_pending
from registry.store.audit_events import TrailFilters
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import statements

ALL = TrailFilters()


@pytest.fixture
def officer(registry: Registry) -> Actor:
    """Somebody with an API key, at an address."""
    token = api_keys.create_api_key(registry, "cqc", list(Verb), "officer")
    return api_keys.authenticate(registry, token, "203.0.113.7")


def acts(registry: Registry, actor: Actor, filters: TrailFilters = ALL) -> list[str]:
    return [one.event.act for one in list_events(registry, actor, filters, None, 100).items]


def test_an_act_tells_who_from_where_before_and_after(registry: Registry, officer: Actor, clock: Clock) -> None:
    row = issue(registry, officer, sample_certificate())
    clock.advance(minutes=1)
    until = clock.now + timedelta(days=30)
    change_status(
        registry, officer, row.public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE, until=until, note="secret"
    )
    event = list_events(registry, officer, ALL, None, 1).items[0].event
    assert (event.act, event.subject, event.at) == ("certificate.suspend", row.public_id, clock.now)
    assert (event.actor, event.origin) == (officer.name, "203.0.113.7")
    assert event.api_key_id == officer.api_key_id
    assert event.before is not None
    assert event.after is not None
    assert (event.before["state"], event.after["state"]) == ("active", "suspended")
    assert event.details == {"sequence": 2, "reason": "surveillance_overdue", "until": until.isoformat()}


def test_a_planned_act_tells_from_when_on_it_counts(registry: Registry, officer: Actor, clock: Clock) -> None:
    row = issue(registry, officer, sample_certificate())
    effective = clock.now + timedelta(days=9)
    change_status(registry, officer, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK, effective_at=effective)
    event = list_events(registry, officer, ALL, None, 1).items[0].event
    assert event.details["effective_at"] == effective.isoformat()
    assert event.after is not None
    assert event.after["state"] == "active"


def test_key_changes_tell_before_and_after(registry: Registry, actor: Actor) -> None:
    manage_keys.retire_key(registry, "cqc-1", actor=actor)
    event = list_events(registry, actor, ALL, None, 1).items[0].event
    assert (event.act, event.subject, event.actor) == ("key.retire", "cqc-1", "test")
    assert event.before is not None
    assert event.after is not None
    assert event.before["retired_at"] is None
    assert event.after["retired_at"] == registry.now().isoformat()


def test_pages_are_disjoint_and_complete(registry: Registry, actor: Actor) -> None:
    # All at the same moment: the order of writing decides.
    for number in range(7):
        issue(registry, actor, sample_certificate(f"A-{number}"))
    whole = [one.event.id for one in list_events(registry, actor, ALL, None, 100).items]
    seen: list[int] = []
    after = None
    while True:
        page = list_events(registry, actor, ALL, after, 3)
        seen += [one.event.id for one in page.items]
        after = page.next_after
        if after is None:
            break
    assert seen == whole == sorted(whole, reverse=True)


def test_the_trail_is_narrowed_down(registry: Registry, actor: Actor, clock: Clock) -> None:
    row = issue(registry, actor, sample_certificate("A-1"))
    clock.advance(hours=1)
    other = replace(actor, name="somebody")
    issue(registry, other, sample_certificate("A-2"))
    change_status(registry, other, row.public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    assert acts(registry, actor, TrailFilters(subject=row.public_id)) == ["certificate.suspend", "certificate.issue"]
    assert acts(registry, actor, TrailFilters(actor="somebody")) == ["certificate.suspend", "certificate.issue"]
    assert acts(registry, actor, TrailFilters(act="certificate.suspend")) == ["certificate.suspend"]
    assert len(acts(registry, actor, TrailFilters(since=clock.now))) == 2
    assert "certificate.suspend" not in acts(registry, actor, TrailFilters(until=clock.now))


def test_another_issuer_s_trail_can_t_be_seen(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate())
    mine = list_events(registry, actor, ALL, None, 1).items[0].event.id
    other = operator(registry, "other")
    assert "certificate.issue" not in acts(registry, other)
    assert {one.event.issuer_id for one in export_own(registry, other, ALL)} == {other.issuer_id}
    with pytest.raises(InvalidInput, match="not a cursor"):
        list_events(registry, other, ALL, str(mine), 10)


@pytest.mark.parametrize("after", ["0", "-1", "x", "1e3", "９", "9" * 30, "1; DROP"])
def test_a_made_up_cursor_is_refused(registry: Registry, actor: Actor, after: str) -> None:
    with pytest.raises(InvalidInput, match="not a cursor"):
        list_events(registry, actor, ALL, after, 10)


def test_the_verb_is_needed(registry: Registry, actor: Actor) -> None:
    outsider = replace(actor, verbs=frozenset(CERTIFICATE_VERBS))
    with pytest.raises(NotPermitted):
        list_events(registry, outsider, ALL, None, 10)
    with pytest.raises(NotPermitted):
        export_own(registry, outsider, ALL)


def test_an_export_can_be_checked_by_whoever_has_it(registry: Registry, actor: Actor) -> None:
    """The chain over all of the trail is recomputed from the file alone."""
    issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(3)])
    integrate_pending(registry)
    lines = [json.loads(line) for line in ndjson(export_any(registry, None, None, None))]
    lines.sort(key=lambda line: line["position"])
    link = GENESIS
    for line in lines:
        members = {name: line[name] for name in TrailEvent._fields}
        members["at"] = registry.now().fromisoformat(line["at"])
        link = next_link(link, event_digest(TrailEvent(**members), bytes.fromhex(line["salt"])))
        assert link.hex() == line["link"]
    assert {line["issuer"] for line in lines} == {None, "cqc", "other"}


def test_exports_are_read_in_portions(registry: Registry, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        issue(registry, actor, sample_certificate(f"A-{number}"))
    whole = [one.event.id for one in export_own(registry, actor, ALL)]
    monkeypatch.setattr("registry.services.audit_trail._EXPORTED_AT_ONCE", 2)
    with statements() as seen:
        assert [one.event.id for one in export_own(registry, actor, ALL)] == whole
    assert len(seen) == len(whole) // 2 + 1
    assert whole == sorted(whole)


def test_no_cell_of_the_table_is_a_formula(registry: Registry, actor: Actor, clock: Clock) -> None:
    told = TrailEvent(
        1, clock.now, "=1+1", None, None, "@x", "+a", None, "-b", {"a": "b"}, None, {"name": '=HYPERLINK("x")'}
    )
    table = b"".join(csv_lines([TrailRecord(told, "=cqc", None, None, None)]))
    assert table.startswith(b"\xef\xbb\xbfid,")
    row = next(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert (row["actor"], row["origin"], row["act"], row["subject"]) == ("'=1+1", "'@x", "'+a", "'-b")
    assert row["issuer"] == "'=cqc"
    assert json.loads(row["details"]) == {"name": '=HYPERLINK("x")'}
    assert row["after"] == row["position"] == ""


def test_a_batch_is_one_event_whatever_its_size(registry: Registry, actor: Actor) -> None:
    before = len(acts(registry, actor))
    issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(50)])
    assert len(acts(registry, actor)) == before + 1
