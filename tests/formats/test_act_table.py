"""Rows of acts."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.domain.reasons import Act, Reason
from registry.formats.act_table import ActRecord, read_acts
from registry.formats.table import MalformedTable, TableFormat
from tests.formats.tables import csv_file, ndjson_file, xlsx_file


def read(folder: Path, file: io.BytesIO, kind: str = "csv") -> list[ActRecord]:
    path = folder / "acts"
    path.write_bytes(file.getvalue())
    return [record for batch in read_acts(path, TableFormat(kind)) for record in batch.records]


def problems(folder: Path, *rows: list[Any]) -> list[tuple[str, str]]:
    return [(one.column, one.reason) for record in read(folder, csv_file(rows)) for one in record.problems]


def test_acts_are_read_in_chinese_and_english(tmp_path: Path) -> None:
    rows = [["证书编号", "操作", "原因", "生效时间", "备注"], ["A1", "暂停", "fee_unpaid", "2026年3月2日", "'=1"]]
    (record,) = read(tmp_path, csv_file(rows, "gb18030"))
    assert record.requested is not None
    assert record.requested[1:4] == ("A1", Act.SUSPEND, Reason.FEE_UNPAID)
    assert record.requested.effective_at == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert record.requested.note == "=1"


def test_a_workbook_and_lines_of_json_say_the_same(tmp_path: Path) -> None:
    names = ["number", "act", "reason", "until"]
    (sheet,) = read(tmp_path, xlsx_file([names, ["A1", "suspend", "fee_unpaid", date(2026, 5, 1)]]), "xlsx")
    line = {"number": "A1", "act": "suspend", "reason": "fee_unpaid", "until": "2026-04-30T16:00:00Z", "note": None}
    (record,) = read(tmp_path, ndjson_file([line]), "ndjson")
    assert sheet.requested == record.requested


def test_what_can_not_be_read_is_told_by_column(tmp_path: Path) -> None:
    names = ["public_id", "number", "act", "reason", "effective_at"]
    told = problems(
        tmp_path,
        names,
        ["AAAA", "", "suspend", "fee_unpaid", ""],
        ["", "A1", "reissue", "because", "noon"],
        ["", "", "", "", ""],
        ["", "", "suspend", "", "2026-03-02T12:00:00"],
    )
    assert [column for column, _ in told] == [
        "public_id",
        "act",
        "reason",
        "effective_at",
        "effective_at",
        "number",
        "reason",
    ]
    assert "use one of: suspend, restore, withdraw, cancel" in told[1][1]
    assert "surveillance_overdue" in told[2][1]
    assert "with its offset" in told[4][1]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["act", "reason"], "neither a column 'public_id'"),
        (["number", "act"], "no column 'reason'"),
        (["number", "act", "reason", "raeson"], "is 'reason' meant"),
        (["number", "act", "reason", "原因"], "twice"),
    ],
)
def test_a_heading_that_can_not_be_understood_is_an_error(tmp_path: Path, names: list[str], told: str) -> None:
    with pytest.raises(MalformedTable, match=told):
        read(tmp_path, csv_file([names]))


def test_lines_of_json_with_other_names_or_values_are_told(tmp_path: Path) -> None:
    lines = [{"number": "A1", "akt": "suspend"}, {"number": 1, "act": "suspend", "reason": "other"}]
    told = [one.problems[0] for one in read(tmp_path, ndjson_file(lines), "ndjson")]
    assert [(one.column, one.reason) for one in told] == [("akt", "unknown"), ("number", "not a text")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8), max_size=3))
def test_any_cells_are_an_act_or_told(tmp_path: Path, rows: list[list[str]]) -> None:
    names = ["public_id", "number", "act", "reason", "effective_at", "until", "note"]
    clean = [[cell.replace("\0", "") for cell in row] for row in rows]
    for record in read(tmp_path, csv_file([names, *clean])):
        assert record.requested is not None or record.problems
