"""Suspected forgeries: taken in from anybody, handled by the operator and the issuer concerned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.public_id import new_public_id
from registry.services import reports
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.services.reports import MOVES, Handler, ReportState, Suspicion, handler_of
from registry.services.roles import Role
from registry.store.models import AuditEvent
from registry.store.report_models import ForgeryPicture, ForgeryReport
from tests.conftest import Clock, sample_certificate
from tests.formats.test_photo import picture
from tests.services.accounts import new_user, resumed, signed_in

SEEN = "A frame in a shop; the code leads nowhere."
EVERYTHING = Handler("test")


def of_issuer(registry: Registry, code: str) -> Handler:
    return Handler(f"administrator of {code}", operator(registry, code).issuer_id)


def references(registry: Registry, handler: Handler, **asked: Any) -> list[str]:
    return [one.reference for one in reports.list_reports(registry, handler, asked.get("state"), None)[0]]


def trail(registry: Registry) -> list[tuple[str, str, int | None]]:
    with registry.database.read() as connection:
        rows = connection.execute(
            select(AuditEvent.act, AuditEvent.actor, AuditEvent.issuer_id)
            .where(AuditEvent.act.startswith("report."))
            .order_by(AuditEvent.id)
        )
        return [(row.act, row.actor, row.issuer_id) for row in rows]


def test_a_report_reaches_the_operator_and_the_issuer_concerned_and_nobody_else(
    registry: Registry, actor: Actor
) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    by_id = reports.report(registry, Suspicion(SEEN, "what was typed", public_id, issuer_code="other"))
    by_number = reports.report(registry, Suspicion(SEEN, "00125Q30001R0S"))
    chosen = reports.report(registry, Suspicion(SEEN, "no such number", new_public_id(bytes(16)), "other"))
    nobodys = reports.report(registry, Suspicion(SEEN))
    assert references(registry, EVERYTHING) == [nobodys, chosen, by_number, by_id]
    assert references(registry, of_issuer(registry, "cqc")) == [by_number, by_id]
    assert references(registry, of_issuer(registry, "other")) == [chosen]
    found = reports.read_report(registry, of_issuer(registry, "cqc"), by_id)
    assert (found.public_id, found.issuer_code, found.about, found.seen) == (public_id, "cqc", "what was typed", SEEN)
    for reference in (chosen, nobodys, "nonsense"):
        with pytest.raises(NotFound):
            reports.read_report(registry, of_issuer(registry, "cqc"), reference)
        with pytest.raises(NotFound):
            reports.mark_report(registry, of_issuer(registry, "cqc"), reference, ReportState.SEEN, "")
    assert trail(registry) == [("report.receive", "public", one) for one in (actor.issuer_id, actor.issuer_id)] + [
        ("report.receive", "public", operator(registry, "other").issuer_id),
        ("report.receive", "public", None),
    ]


def test_a_number_that_two_issuers_use_is_left_to_what_was_chosen(registry: Registry, actor: Actor) -> None:
    for code in ("cqc", "other"):
        issue(registry, operator(registry, code), sample_certificate())
    reports.report(registry, Suspicion(SEEN, "00125Q30001R0S"))
    chosen = reports.report(registry, Suspicion(SEEN, "00125Q30001R0S", issuer_code="other"))
    assert references(registry, of_issuer(registry, "cqc")) == []
    assert references(registry, of_issuer(registry, "other")) == [chosen]


def test_a_picture_is_kept_apart_and_written_anew(registry: Registry) -> None:
    reference = reports.report(registry, Suspicion(SEEN, picture=picture() + b"hidden"))
    kept = reports.read_picture(registry, EVERYTHING, reference)
    assert kept.startswith(b"\xff\xd8\xff")
    assert b"hidden" not in kept
    without = reports.report(registry, Suspicion(SEEN))
    with pytest.raises(NotFound):
        reports.read_picture(registry, EVERYTHING, without)
    with pytest.raises(NotFound):
        reports.read_picture(registry, of_issuer(registry, "cqc"), reference)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seen": ""}, "seen"),
        ({"seen": "x" * 4001}, "seen"),
        ({"about": "x" * 201}, "about"),
        ({"place": "x" * 201}, "place"),
        ({"contact": "a\0b"}, "contact"),
        ({"picture": b"<svg/>"}, "picture"),
        ({"issuer_code": "nobody"}, "issuer"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(registry: Registry, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        reports.report(registry, replace(Suspicion(SEEN, picture=picture()), **changes))
    assert [one.path for one in refused.value.violations] == [(field,)]
    with registry.database.read() as connection:
        assert connection.execute(select(ForgeryReport.id)).all() == []
        assert connection.execute(select(ForgeryPicture.report_id)).all() == []
    assert trail(registry) == []


def test_strangers_cannot_fill_the_database(
    sqlite_registry: Registry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_A_DAY", 3)
    for _ in range(3):
        reports.report(sqlite_registry, Suspicion(SEEN))
    with pytest.raises(Conflict, match="tomorrow"):
        reports.report(sqlite_registry, Suspicion(SEEN))
    clock.advance(days=1, seconds=1)
    reports.report(sqlite_registry, Suspicion(SEEN))


def test_closing_takes_a_note_and_stands_in_the_trail(registry: Registry, actor: Actor, clock: Clock) -> None:
    reference = reports.report(registry, Suspicion(SEEN, issuer_code="cqc"))
    mine = of_issuer(registry, "cqc")
    reports.mark_report(registry, mine, reference, ReportState.SEEN, "")
    with pytest.raises(InvalidInput):
        reports.mark_report(registry, mine, reference, ReportState.CLOSED, "")
    clock.advance(days=1)
    done = reports.mark_report(registry, mine, reference, ReportState.CLOSED, "The police has it.")
    assert (done.state, done.note, done.changed_at, done.changed_by) == (
        "closed",
        "The police has it.",
        clock.now,
        "administrator of cqc",
    )
    assert [act for act, _, _ in trail(registry)] == ["report.receive", "report.seen", "report.closed"]
    assert references(registry, mine, state=ReportState.NEW) == []
    assert references(registry, mine, state=ReportState.CLOSED) == [reference]


@given(st.lists(st.sampled_from(list(ReportState)), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_only_the_moves_of_the_table_are_made(sqlite_registry: Registry, wanted: list[ReportState]) -> None:
    reference = reports.report(sqlite_registry, Suspicion(SEEN))
    state = ReportState.NEW
    for one in wanted:
        if one in MOVES[state]:
            state = ReportState(reports.mark_report(sqlite_registry, EVERYTHING, reference, one, "why").state)
            assert state is one
        else:
            with pytest.raises(Conflict):
                reports.mark_report(sqlite_registry, EVERYTHING, reference, one, "why")
    assert reports.read_report(sqlite_registry, EVERYTHING, reference).state == state


def test_long_lists_are_read_page_by_page(registry: Registry) -> None:
    sent = [reports.report(registry, Suspicion(f"number {number}")) for number in range(7)]
    read: list[str] = []
    after: str | None = None
    while True:
        page, after = reports.list_reports(registry, EVERYTHING, None, after, 3)
        read += [one.reference for one in page]
        if after is None:
            break
    assert read == sent[::-1]
    with pytest.raises(InvalidInput):
        reports.list_reports(registry, of_issuer(registry, "cqc"), None, sent[0])


@pytest.mark.parametrize("role", Role)
def test_who_may_handle_reports(sqlite_registry: Registry, role: Role) -> None:
    easy = replace(sqlite_registry, settings=replace(sqlite_registry.settings, second_factor_required=False))
    new_user(easy, "li@cqc.example", role)
    person = resumed(easy, signed_in(easy, "li@cqc.example"))
    if role is Role.OPERATOR:
        assert handler_of(person, "here").issuer_id is None
    elif role is Role.ADMINISTRATOR:
        assert handler_of(person, "here").issuer_id == operator(easy, "cqc").issuer_id
    else:
        with pytest.raises(NotPermitted):
            handler_of(person, "here")
    with pytest.raises(NotPermitted):
        handler_of(replace(person, complete=False), "here")
