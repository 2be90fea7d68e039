"""Acts by file: all or none, told row by row, and safe to repeat."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from sqlalchemy import text

from registry.domain.errors import Conflict
from registry.domain.reasons import Act, Reason
from registry.formats.table import TableFormat
from registry.services.bulk.acts import check_acts, perform_acts
from registry.services.bulk.checked_file import CheckedFile, Counts
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import history, read_certificate
from registry.services.issue import issue, issue_many
from registry.services.verify import Verifier
from registry.services.versions import issue_version, reissue
from tests.conftest import Clock, sample_certificate
from tests.formats.tables import csv_file

NAMES = ["number", "act", "reason"]


@contextmanager
def checking(registry: Registry, actor: Actor, *rows: list[str]) -> Iterator[tuple[CheckedFile, Path]]:
    with NamedTemporaryFile() as saved:
        saved.write(csv_file(rows).getvalue())
        saved.flush()
        with check_acts(registry, actor, Path(saved.name), TableFormat.CSV) as checked:
            yield checked, Path(saved.name)


def perform(registry: Registry, actor: Actor, *rows: list[str]) -> Counts:
    with checking(registry, actor, *rows) as (checked, _):
        perform_acts(registry, actor, checked)
        return checked.counts


def wrong(registry: Registry, actor: Actor, *rows: list[str]) -> list[tuple[int, str, str]]:
    with checking(registry, actor, *rows) as (checked, _):
        return [(row.line, one.column, one.reason) for row in checked.wrong_rows() for one in row.problems]


def status(registry: Registry, actor: Actor, public_id: str) -> str:
    return read_certificate(registry, actor, public_id)[0].status.status.value


def test_acts_are_recorded_like_those_done_one_by_one(registry: Registry, actor: Actor) -> None:
    ids = [issue(registry, actor, sample_certificate(number)).public_id for number in ("A1", "A2", "A3")]
    rows = [
        ["公开编号", "number", "操作", "reason", "until", "note"],
        ["", "A1", "withdraw", "misuse_of_mark", "", ""],
        [ids[1], "", "暂停", "other", "2026-05-01", "搬迁"],
        [ids[2].lower(), "", "cancel", "holder_request", "", ""],
    ]
    assert perform(registry, actor, *rows) == Counts(3, 3, 0, 0)
    assert [status(registry, actor, one) for one in ids] == ["withdrawn", "suspended", "cancelled"]
    event = history(registry, actor, ids[1])[-1].event
    assert (event.note, event.until and event.until.isoformat()) == ("搬迁", "2026-04-30T16:00:00+00:00")
    for one, verdict in zip(ids, ("withdrawn", "suspended", "cancelled"), strict=True):
        verified = Verifier(registry, 0).by_public_id(one)
        assert verified.verdict == verdict
        assert all(check.outcome != "failed" for check in verified.checks if check.name == "log")
    with registry.database.read() as connection:
        acts = list(connection.scalars(text("SELECT act FROM audit_events WHERE subject = :id"), {"id": ids[0]}))
        assert connection.scalar(text("SELECT count(*) FROM log_entries")) == 6
    assert acts == ["certificate.issue", "certificate.withdraw"]


def test_the_same_file_again_does_nothing(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("A1"))
    rows = [NAMES, ["A1", "suspend", "fee_unpaid"]]
    assert perform(registry, actor, *rows) == Counts(1, 1, 0, 0)
    assert perform(registry, actor, *rows) == Counts(1, 0, 1, 0)
    assert "suspended already" in wrong(registry, actor, NAMES, ["A1", "suspend", "legal_sanction"])[0][2]


def test_wrong_rows_are_told_and_keep_the_others_from_being_done(registry: Registry, actor: Actor) -> None:
    good = issue(registry, actor, sample_certificate("A1"))
    issue(registry, operator(registry, "other"), sample_certificate("B1"))
    rows = [
        [*NAMES, "until"],
        ["A1", "suspend", "fee_unpaid", ""],
        ["B1", "withdraw", "misuse_of_mark", ""],
        ["A1", "withdraw", "misuse_of_mark", ""],
        ["C1", "cancel", "holder_request", ""],
    ]
    told = wrong(registry, actor, *rows)
    assert [(line, column) for line, column, _ in told] == [(3, "number"), (4, "number"), (5, "number")]
    assert "no certificate of yours" in told[0][2]
    assert "first on line 2" in told[1][2]
    more = [["A1", "restore", "fee_settled", ""], ["A1", "suspend", "holder_request", ""]]
    assert [wrong(registry, actor, rows[0], one)[0][1] for one in more] == ["act", "reason"]
    assert wrong(registry, actor, rows[0], ["A1", "withdraw", "misuse_of_mark", "2027-01-01"])[0][1] == "until"
    assert status(registry, actor, good.public_id) == "valid"


def test_a_report_of_wrong_acts_can_be_mended_and_sent(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("A1"))
    with checking(registry, actor, NAMES, ["A2", "suspend", "fee_unpaid"]) as (checked, path):
        report = io.BytesIO()
        checked.write_report(path, report)
    rows = list(csv.reader(io.StringIO(report.getvalue().decode("utf-8-sig"))))
    assert rows[1][:5] == ["A2", "suspend", "fee_unpaid", "2", "number"]
    rows[1][0] = "A1"
    assert perform(registry, actor, *rows).new == 1


def test_who_may_only_suspend_is_told_which_rows_are_not_allowed(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("A1"))
    limited = replace(actor, verbs=frozenset({Verb.SUSPEND}))
    assert wrong(registry, limited, NAMES, ["A1", "suspend", "fee_unpaid"]) == []
    assert wrong(registry, limited, NAMES, ["A1", "withdraw", "misuse_of_mark"])[0][1] == "act"


def test_an_act_that_became_impossible_since_stops_all_of_them(registry: Registry, actor: Actor) -> None:
    first = issue(registry, actor, sample_certificate("A1"))
    second = issue(registry, actor, sample_certificate("A2"))
    rows = [NAMES, ["A1", "suspend", "fee_unpaid"], ["A2", "suspend", "fee_unpaid"]]
    with checking(registry, actor, *rows) as (checked, _):
        change_status(registry, actor, second.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
        with pytest.raises(Conflict, match="Line 3 is not possible any more"):
            perform_acts(registry, actor, checked)
    assert status(registry, actor, first.public_id) == "valid"


def test_a_certificate_and_its_successor_can_be_withdrawn_by_one_file(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    old = issue(registry, actor, sample_certificate("A1"))
    later = date(2026, 6, 1)
    new = sample_certificate("A2", valid_from=later)
    successor = reissue(registry, actor, old.public_id, new, Reason.CORRECTION)
    rows = [NAMES, ["A2", "withdraw", "misuse_of_mark"], ["A1", "withdraw", "misuse_of_mark"]]
    assert perform(registry, actor, *rows).new == 2
    clock.advance(days=365)
    assert [status(registry, actor, one.public_id) for one in (old, successor)] == ["withdrawn", "withdrawn"]


def test_a_number_names_the_version_that_is_not_superseded(registry: Registry, actor: Actor) -> None:
    old = issue(registry, actor, sample_certificate("A1"))
    renamed = {"holder": {"name": {"zh": "宁波华丰智能制造有限公司（样例）"}}}
    new = issue_version(registry, actor, old.public_id, Reason.NAME_CHANGE, renamed)
    assert perform(registry, actor, NAMES, ["A1", "suspend", "fee_unpaid"]).new == 1
    assert [status(registry, actor, one.public_id) for one in (old, new)] == ["superseded", "suspended"]


def test_a_number_with_a_planned_version_names_no_certificate(registry: Registry, actor: Actor) -> None:
    old = issue(registry, actor, sample_certificate("A1"))
    renamed = {"holder": {"name": {"zh": "宁波华丰智能制造有限公司（样例）"}}, "valid_from": "2026-06-01"}
    issue_version(registry, actor, old.public_id, Reason.NAME_CHANGE, renamed)
    ((line, column, reason),) = wrong(registry, actor, NAMES, ["A1", "suspend", "fee_unpaid"])
    assert (line, column) == (2, "number")
    assert "public id" in reason


def test_more_acts_than_one_batch(registry: Registry, actor: Actor, clock: Clock) -> None:
    ids = issue_many(registry, actor, [sample_certificate(f"N{serial:04}") for serial in range(1200)])
    rows = [[one, "suspend", "surveillance_overdue"] for one in reversed(ids)]
    assert perform(registry, actor, ["public_id", "act", "reason"], *rows) == Counts(1200, 1200, 0, 0)
    with registry.database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM certificates WHERE state = 'suspended'")) == 1200
    clock.advance(seconds=timedelta(days=1).total_seconds())
    rows = [[one, "restore", "surveillance_completed"] for one in ids]
    assert perform(registry, actor, ["public_id", "act", "reason"], *rows).new == 1200
