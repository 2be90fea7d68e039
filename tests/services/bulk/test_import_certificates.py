"""Importing files: all or nothing, told row by row, and safe to repeat."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile

import openpyxl
import orjson
import pytest
from sqlalchemy import text

from registry.domain.errors import Conflict, InvalidInput, NotPermitted
from registry.formats.table import TableFormat
from registry.services.bulk import checked_file
from registry.services.bulk.check_certificates import check_certificates
from registry.services.bulk.checked_file import CheckedFile, Counts
from registry.services.bulk.import_certificates import import_checked
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import Filters, list_certificates
from registry.services.issue import issue
from tests.conftest import sample_certificate, sample_request
from tests.formats.tables import NAMES, csv_file, ndjson_file, sample_cells, sample_table, xlsx_file


@contextmanager
def checking(
    registry: Registry, actor: Actor, file: io.BytesIO, kind: str = "csv"
) -> Iterator[tuple[CheckedFile, Path]]:
    with NamedTemporaryFile() as saved:
        saved.write(file.getvalue())
        saved.flush()
        with check_certificates(registry, actor, Path(saved.name), TableFormat(kind)) as checked:
            yield checked, Path(saved.name)


def take_in(registry: Registry, actor: Actor, file: io.BytesIO, kind: str = "csv") -> Counts:
    with checking(registry, actor, file, kind) as (checked, _):
        if checked.counts.new:
            import_checked(registry, actor, checked, lambda done, total: None)
        return checked.counts


def wrong(registry: Registry, actor: Actor, file: io.BytesIO, kind: str = "csv") -> list[tuple[int, str, str]]:
    with checking(registry, actor, file, kind) as (checked, _):
        return [(row.line, one.column, one.reason) for row in checked.wrong_rows() for one in row.problems]


def count(registry: Registry) -> int:
    with registry.database.read() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM certificates")) or 0)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ndjson"])
def test_a_file_is_imported_and_the_same_file_again_changes_nothing(
    registry: Registry, actor: Actor, kind: str
) -> None:
    def file() -> io.BytesIO:
        if kind == "ndjson":
            return ndjson_file([sample_request(f"N{serial}") for serial in range(3)])
        return (csv_file if kind == "csv" else xlsx_file)(sample_table(3))

    assert take_in(registry, actor, file(), kind) == Counts(3, 3, 0, 0)
    assert take_in(registry, actor, file(), kind) == Counts(3, 0, 3, 0)
    assert count(registry) == 3


def test_imported_certificates_are_like_those_issued_one_by_one(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("A1"))
    take_in(registry, actor, csv_file([NAMES, sample_cells("A2", reason="recertification", note="转入批次")]))
    page = list_certificates(registry, actor, Filters(holder="91330282MA00000184"), None, 10)
    assert [(item.certificate.number, item.status.status) for item in page.items] == [("A2", "valid"), ("A1", "valid")]
    assert page.items[0].certificate.first_reason == "recertification"
    with registry.database.read() as connection:
        assert connection.scalar(text("SELECT note FROM status_events ORDER BY id DESC LIMIT 1")) == "转入批次"
        assert connection.scalar(text("SELECT count(*) FROM log_pending")) == 0
        assert connection.scalar(text("SELECT count(*) FROM log_entries")) == 2


def test_each_wrong_row_is_told_with_its_line_its_columns_and_reasons(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("TAKEN"))
    rows = [
        NAMES,
        sample_cells("A1"),
        sample_cells("A2", holder_id="91330282MA00000185"),
        sample_cells("A3", valid_from="2025-02-30", size="huge"),
        sample_cells("A1"),
        sample_cells("TAKEN"),
        sample_cells("A4", scheme="gbt45001-2020"),
        sample_cells("A5", reason="fee_unpaid"),
        sample_cells("", holder_name=""),
    ]
    told = wrong(registry, actor, csv_file(rows))
    assert [(line, column) for line, column, _ in told] == [
        (3, "holder_id"),
        (4, "size"),
        (4, "valid_from"),
        (5, "number"),
        (6, "number"),
        (7, "scheme"),
        (8, "reason"),
        (9, "number"),
        (9, "holder_name"),
    ]
    assert "check digit" in told[0][2]
    assert "first on line 2" in told[3][2]
    assert "taken by another" in told[4][2]
    assert "not authorized" in told[5][2]
    assert count(registry) == 1


def test_one_wrong_row_keeps_all_others_out_and_the_report_can_be_mended_and_sent(
    registry: Registry, actor: Actor
) -> None:
    rows = sample_table(5)
    rows[3][NAMES.index("holder_id")] = "91330282MA0000018X"
    file = csv_file(rows, "gb18030")
    with checking(registry, actor, file) as (checked, path):
        assert checked.counts == Counts(5, 4, 0, 1)
        report = io.BytesIO()
        checked.write_report(path, report)
        import_checked(registry, actor, checked, lambda done, total: None)
    told = list(csv.reader(io.StringIO(report.getvalue().decode("utf-8-sig"))))
    assert told[0] == [*NAMES, "error_line", "error_column", "error_reason"]
    assert told[1][len(NAMES) :][:2] == ["4", "holder_id"]
    assert len(told) == 2
    still_wrong = csv_file(told)
    with checking(registry, actor, still_wrong) as (checked, path):
        again = io.BytesIO()
        checked.write_report(path, again)
    assert next(csv.reader(io.StringIO(again.getvalue().decode("utf-8-sig")))) == told[0]
    told[1][NAMES.index("holder_id")] = "91330282MA00000184"
    assert take_in(registry, actor, csv_file(told)) == Counts(1, 1, 0, 0)
    assert count(registry) == 5


@pytest.mark.parametrize("kind", ["xlsx", "ndjson"])
def test_reports_come_in_the_format_of_the_file(registry: Registry, actor: Actor, kind: str) -> None:
    good, bad = sample_request("A1"), sample_request("A2", valid_from="never")
    rows = [NAMES, sample_cells("A1"), sample_cells("A2", valid_from="never")]
    file = xlsx_file(rows) if kind == "xlsx" else ndjson_file([good, bad])
    with checking(registry, actor, file, kind) as (checked, path):
        report = io.BytesIO()
        checked.write_report(path, report)
    told = wrong(registry, actor, report, kind)
    assert told == [
        (2 if kind == "xlsx" else 1, "valid_from" if kind == "xlsx" else "/certificate/valid_from", told[0][2])
    ]


def test_a_number_of_another_issuer_is_free(registry: Registry, actor: Actor) -> None:
    issue(registry, operator(registry, "other"), sample_certificate("SAME"))
    assert take_in(registry, actor, csv_file([NAMES, sample_cells("SAME")])) == Counts(1, 1, 0, 0)


def test_numbers_that_are_issued_between_the_check_and_the_import_stop_it_as_a_whole(
    registry: Registry, actor: Actor
) -> None:
    with checking(registry, actor, csv_file(sample_table(3))) as (checked, _):
        issue(registry, actor, sample_certificate("00125Q00002R0S"))
        with pytest.raises(Conflict, match="meanwhile"):
            import_checked(registry, actor, checked, lambda done, total: None)
    assert count(registry) == 1


def test_a_failure_in_the_middle_leaves_nothing(registry: Registry, actor: Actor) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError("the machine stopped")

    with checking(registry, actor, csv_file(sample_table(2))) as (checked, _), pytest.raises(RuntimeError):
        import_checked(registry, actor, checked, fail)
    assert count(registry) == 0


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "empty"),
        (b"number,scheme\n", "no rows"),
        (b"a,b\n1,2\n", "'a' is unknown"),
        (b"number,scheme\n1,\0", "NUL"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(registry: Registry, actor: Actor, raw: bytes, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        take_in(registry, actor, io.BytesIO(raw))


def test_who_may_not_issue_may_not_import(registry: Registry, actor: Actor) -> None:
    reader = replace(actor, verbs=frozenset({Verb.READ}))
    with pytest.raises(NotPermitted):
        take_in(registry, reader, csv_file(sample_table(1)))


def test_rows_beyond_one_batch_are_imported_in_order(registry: Registry, actor: Actor) -> None:
    seen: list[tuple[int, int]] = []
    with checking(registry, actor, csv_file(sample_table(2500))) as (checked, _):
        import_checked(registry, actor, checked, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2500, 2500)
    with registry.database.read() as connection:
        numbers = list(connection.scalars(text("SELECT number FROM certificates ORDER BY id")))
    assert numbers == sorted(numbers)
    assert len(numbers) == 2500


def test_a_large_file_is_read_in_a_process_of_its_own(registry: Registry, actor: Actor) -> None:
    rows = [[*NAMES, "site_1_name"], *([*sample_cells(f"N{serial}"), "x" * 900] for serial in range(1500))]
    found = wrong(registry, actor, csv_file(rows))
    assert found[0][:2] == (2, "site_1_name")
    assert found[-1][0] == 1501
    with pytest.raises(InvalidInput, match="line 1502 has a NUL"):
        take_in(registry, actor, io.BytesIO(csv_file(rows).getvalue() + b"\0"))


def test_a_file_of_many_megabytes_is_read_by_several_processes_in_the_order_of_its_lines(
    sqlite_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked_file, "_SHARED", 1 << 20)
    actor = operator(sqlite_registry, "cqc")
    rows = sample_table(3500)
    rows[2600][NAMES.index("size")] = "huge"
    rows[3100] = rows[5]
    file = csv_file(rows)
    assert len(file.getvalue()) > 1 << 20
    with checking(sqlite_registry, actor, file) as (checked, _):
        assert checked.counts == Counts(3500, 3498, 0, 2)
        assert [row.line for row in checked.wrong_rows()] == [2601, 3101]
        numbers = [orjson.loads(request)["certificate"]["number"] for request in checked.requests()]
    assert numbers == sorted(numbers)


def test_a_workbook_that_claims_a_sheet_of_billions_of_cells_ends_its_own_process_only(
    registry: Registry, actor: Actor
) -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "number"
    workbook.active["XFD1048576"] = "x"
    file = io.BytesIO()
    workbook.save(file)
    with pytest.raises(InvalidInput, match="more memory or time"):
        take_in(registry, actor, file, "xlsx")
