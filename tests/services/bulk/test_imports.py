"""Files that are sent: checked and recorded by workers, whatever happens to them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from registry.domain.errors import Conflict, IdempotencyKeyReused, InvalidInput, NotFound, NotPermitted
from registry.formats.table import TableFormat
from registry.services.bulk import imports
from registry.services.bulk.imports import ImportKind, Sent, accept, discard, file_parts, read_import, send_file
from registry.services.bulk.run_imports import forget_old, run_next
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.issue import issue
from registry.store import imports as store
from registry.store.imports import StoredImport
from tests.conftest import Clock, sample_certificate
from tests.formats.tables import NAMES, csv_file, sample_cells, sample_table, xlsx_file

CERTIFICATES = Sent(ImportKind.CERTIFICATES)


def count(registry: Registry) -> int:
    with registry.database.read() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM certificates")) or 0)


def parts(registry: Registry) -> int:
    with registry.database.read() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM import_parts")) or 0)


def work(registry: Registry) -> None:
    while run_next(registry):
        pass


def sent(registry: Registry, actor: Actor, rows: list[list[str]], what: Sent = CERTIFICATES) -> StoredImport:
    return send_file(registry, actor, what, csv_file(rows))


def now(registry: Registry, actor: Actor, one: StoredImport) -> StoredImport:
    return read_import(registry, actor, one.name)


def test_a_file_is_checked_then_accepted_then_recorded_and_then_dropped(registry: Registry, actor: Actor) -> None:
    one = send_file(registry, actor, replace(CERTIFICATES, file_name="C:\\x\\证书.xlsx"), xlsx_file(sample_table(3)))
    assert (one.state, one.format, one.file_name) == ("waiting", "xlsx", "证书.xlsx")
    work(registry)
    checked = now(registry, actor, one)
    assert (checked.state, checked.row_count, checked.new_count, checked.wrong_count) == ("checked", 3, 3, 0)
    assert count(registry) == 0
    assert accept(registry, actor, one.name).state == "accepted"
    work(registry)
    assert now(registry, actor, one).state == "done"
    assert (count(registry), parts(registry)) == (3, 0)
    assert accept(registry, actor, one.name).state == "done"
    assert not run_next(registry)


def test_without_a_dry_run_a_right_file_is_recorded_at_once_and_a_wrong_one_waits(
    registry: Registry, actor: Actor
) -> None:
    at_once = replace(CERTIFICATES, dry_run=False)
    good = sent(registry, actor, sample_table(2), at_once)
    wrong = sent(registry, actor, [NAMES, sample_cells("A1"), sample_cells("A2", valid_from="x")], at_once)
    work(registry)
    assert now(registry, actor, good).state == "done"
    found = now(registry, actor, wrong)
    assert (found.state, found.new_count, found.wrong_count) == ("checked", 1, 1)
    assert b"Not a day" in b"".join(file_parts(registry, found, "report"))
    assert b'"line":3' in b"".join(file_parts(registry, found, "wrong"))
    with pytest.raises(Conflict, match="1 rows are wrong"):
        accept(registry, actor, wrong.name)
    accept(registry, actor, wrong.name, skip_wrong=True)
    work(registry)
    assert (now(registry, actor, wrong).state, count(registry)) == ("done", 3)
    assert b"Not a day" in b"".join(file_parts(registry, found, "report"))


def test_the_same_file_sent_again_is_all_there_already(registry: Registry, actor: Actor) -> None:
    at_once = replace(CERTIFICATES, dry_run=False)
    for _ in range(2):
        one = sent(registry, actor, sample_table(2), at_once)
        work(registry)
    found = now(registry, actor, one)
    assert (found.state, found.new_count, found.already_count, count(registry)) == ("done", 0, 2, 2)


def test_acts_are_imported_the_same_way(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("A1"))
    rows = [["number", "act", "reason"], ["A1", "suspend", "fee_unpaid"]]
    one = sent(registry, actor, rows, Sent(ImportKind.ACTS, dry_run=False))
    work(registry)
    assert now(registry, actor, one).state == "done"
    with registry.database.read() as connection:
        assert connection.scalar(text("SELECT state FROM certificates")) == "suspended"


def test_a_file_that_can_not_be_read_is_refused_with_the_reason_and_dropped(registry: Registry, actor: Actor) -> None:
    one = sent(registry, actor, [["number", "x"], ["1", "2"]])
    work(registry)
    found = now(registry, actor, one)
    assert found.state == "refused"
    assert "'x' is unknown" in (found.problem or "")
    assert parts(registry) == 0
    with pytest.raises(InvalidInput, match=r"save it as \.xlsx"):
        send_file(registry, actor, CERTIFICATES, io.BytesIO(b"\xd0\xcf\x11\xe0"))


def test_a_file_that_is_too_large_is_refused(registry: Registry, actor: Actor) -> None:
    small = replace(registry, settings=replace(registry.settings, max_import_bytes=100))
    with pytest.raises(InvalidInput, match="more than 100 bytes"):
        sent(small, actor, sample_table(1))
    assert parts(registry) == 0


def test_a_file_of_several_pieces_comes_back_whole(registry: Registry, actor: Actor) -> None:
    raw = b"number,scheme\n" + b"x" * 2_500_000
    one = send_file(registry, actor, CERTIFICATES, io.BytesIO(raw))
    assert b"".join(file_parts(registry, one, "file")) == raw
    assert parts(registry) == 3


def test_what_a_dead_worker_left_is_taken_up_again(registry: Registry, actor: Actor, clock: Clock) -> None:
    one = sent(registry, actor, sample_table(2), replace(CERTIFICATES, dry_run=False))
    for state in ("checking", "recording"):
        with registry.database.transaction() as connection:
            claimed = store.claim_next(connection, "dead", clock.now, clock.now + timedelta(seconds=60))
        assert claimed is not None
        assert claimed.state == state
        assert not run_next(registry)
        clock.advance(seconds=61)
        assert run_next(registry)
    assert now(registry, actor, one).state == "done"
    assert count(registry) == 2


def test_a_worker_that_was_thought_dead_records_nothing(
    registry: Registry, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = sent(registry, actor, sample_table(2), replace(CERTIFICATES, dry_run=False))
    assert run_next(registry)
    before = store.update_claimed

    def taken_meanwhile(connection: Any, key: int, claim: str, /, **values: Any) -> bool:
        if values.get("state") == "done":
            connection.execute(text("UPDATE imports SET claim = 'another'"))
        return before(connection, key, claim, **values)

    monkeypatch.setattr(store, "update_claimed", taken_meanwhile)
    assert run_next(registry)
    assert now(registry, actor, one).state == "recording"
    assert count(registry) == 0


def test_a_file_that_keeps_failing_is_given_up(registry: Registry, actor: Actor, clock: Clock) -> None:
    one = sent(registry, actor, sample_table(1))
    for _ in range(6):
        with registry.database.transaction() as connection:
            store.claim_next(connection, "dead", clock.now, clock.now + timedelta(seconds=60))
        clock.advance(seconds=61)
    assert run_next(registry)
    assert "several times" in (now(registry, actor, one).problem or "")


def test_a_number_that_was_issued_meanwhile_is_found_before_anything_is_recorded(
    registry: Registry, actor: Actor
) -> None:
    one = sent(registry, actor, sample_table(2))
    work(registry)
    accept(registry, actor, one.name)
    issue(registry, actor, sample_certificate("00125Q00001R0S"))
    work(registry)
    found = now(registry, actor, one)
    assert (found.state, found.wrong_count) == ("checked", 1)
    assert count(registry) == 1


def test_nobody_sees_or_touches_the_imports_of_another_issuer(registry: Registry, actor: Actor) -> None:
    one = sent(registry, actor, sample_table(1))
    other = operator(registry, "other")
    for act in (read_import, accept, discard):
        with pytest.raises(NotFound):
            act(registry, other, one.name)
    assert imports.list_imports(registry, other, None, 10) == []
    assert [found.name for found in imports.list_imports(registry, actor, None, 10)] == [one.name]


def test_who_may_not_do_it_may_not_send_it(registry: Registry, actor: Actor) -> None:
    reader = replace(actor, verbs=frozenset({Verb.READ}))
    with pytest.raises(NotPermitted):
        sent(registry, reader, sample_table(1))
    one = sent(registry, actor, sample_table(1))
    work(registry)
    for act in (accept, discard):
        with pytest.raises(NotPermitted):
            act(registry, reader, one.name)


def test_an_idempotency_key_sends_a_file_once(registry: Registry, actor: Actor) -> None:
    caller = replace(actor, api_key_id=7)
    what = replace(CERTIFICATES, idempotency_key="k1")
    first, second = (sent(registry, caller, sample_table(1), what) for _ in range(2))
    assert first.name == second.name
    with pytest.raises(IdempotencyKeyReused):
        sent(registry, caller, sample_table(2), what)


def test_files_that_wait_are_limited_and_can_be_discarded(registry: Registry, actor: Actor) -> None:
    kept = [sent(registry, actor, sample_table(1)) for _ in range(imports.MAX_UNFINISHED)]
    with pytest.raises(Conflict, match="discard one"):
        sent(registry, actor, sample_table(1))
    discard(registry, actor, kept[0].name)
    sent(registry, actor, sample_table(1))
    with pytest.raises(NotFound):
        now(registry, actor, kept[0])


def test_what_nobody_accepts_is_dropped_after_a_week(registry: Registry, actor: Actor, clock: Clock) -> None:
    one = sent(registry, actor, [NAMES, sample_cells("A1"), sample_cells("A2", size="huge")])
    work(registry)
    clock.advance(days=6)
    forget_old(registry)
    assert now(registry, actor, one).state == "checked"
    clock.advance(days=2)
    forget_old(registry)
    assert now(registry, actor, one).state == "refused"
    assert parts(registry) == 0


def test_imports_are_listed_newest_first_in_pages(registry: Registry, actor: Actor) -> None:
    names = [sent(registry, actor, sample_table(1)).name for _ in range(3)]
    first = imports.list_imports(registry, actor, None, 2)
    rest = imports.list_imports(registry, actor, first[-1].name, 2)
    assert [one.name for one in (*first, *rest)] == names[::-1]
    assert TableFormat(first[0].format) is TableFormat.CSV
