"""Rows as requests, and requests as rows."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import Violation
from registry.formats.certificate_request import IssueSchema
from registry.formats.certificate_rows import CertificateRows
from registry.formats.certificate_table import COLUMNS, CertificateHeading, cells_of
from registry.formats.credential import stated_terms
from registry.formats.table import MalformedTable, TableFormat, TableRow
from registry.formats.table_csv import write_csv
from registry.formats.table_xlsx import write_xlsx
from tests.conftest import sample_certificate, sample_request
from tests.formats.tables import NAMES, sample_cells, xlsx_file

SITE = {"name": {"zh": "一厂"}, "address": {"zh": "宁波"}, "scope": {"zh": "生产", "en": "Making"}}
WORDS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
TEXTS = st.one_of(st.fixed_dictionaries({"zh": WORDS}), st.fixed_dictionaries({"zh": WORDS, "en": WORDS}))
DAYS = st.dates().map(str)
TERMS = st.fixed_dictionaries(
    {
        "number": WORDS,
        "scheme": WORDS,
        "holder": st.fixed_dictionaries(
            {"kind": st.sampled_from(["organization", "person"]), "name": TEXTS},
            optional={
                "address": TEXTS,
                "identifier": st.fixed_dictionaries({"scheme": st.sampled_from(["uscc", "lei"]), "value": WORDS}),
                "region": WORDS,
                "size": st.sampled_from(["small", "large"]),
            },
        ),
        "scope": TEXTS,
        "granted_on": DAYS,
        "valid_from": DAYS,
    },
    optional={"sites": st.lists(st.just(SITE), min_size=1, max_size=3), "valid_until": DAYS},
)


def record(names: list[str], cells: list[Any]) -> Any:
    return CertificateHeading(names).record(TableRow(2, cells))


def problems(names: list[str], cells: list[Any]) -> list[tuple[str, str]]:
    return [(one.column, one.reason) for one in record(names, cells).problems]


def test_a_row_becomes_the_request_that_the_api_takes() -> None:
    request = record(NAMES, sample_cells()).request
    assert IssueSchema().load(request) == IssueSchema().load({**sample_request(), "reason": "initial"})


def test_chinese_headings_and_words_are_read() -> None:
    cells = sample_cells(holder_kind="组织", size="小型", reason="再认证")
    names = [column.name_zh for column in COLUMNS]
    loaded = IssueSchema().load(record(names, cells).request)
    assert (loaded["certificate"].holder.size, loaded["reason"]) == ("small", "recertification")


def test_the_case_and_the_blanks_of_a_heading_do_not_matter() -> None:
    names = [f" {name.replace('_', ' ').title()}* " for name in NAMES]
    assert record(names, sample_cells()) == record(NAMES, sample_cells())


def test_all_that_an_issuer_states_goes_into_a_row_and_comes_back() -> None:
    terms = stated_terms(sample_certificate())
    assert record(NAMES, cells_of({"certificate": terms})).request == {"certificate": terms}


@pytest.mark.parametrize("kind", [TableFormat.CSV, TableFormat.XLSX])
@given(terms=st.lists(TERMS, min_size=1, max_size=3))
def test_requests_survive_a_file(kind: TableFormat, terms: list[dict[str, Any]]) -> None:
    rows = [NAMES, *(cells_of({"certificate": one}) for one in terms)]
    file = io.BytesIO()
    if kind is TableFormat.CSV:
        write_csv(file, rows)
    else:
        write_xlsx(file, rows, "x")
    file.seek(0)
    found = list(CertificateRows(file, kind))
    assert not any(one.problems for one in found)
    assert [one.request for one in found] == [{"certificate": one} for one in terms]


@pytest.mark.parametrize("written", ["2025/1/6", "2025.01.06", "2025年1月6日", "2025/1/6 0:00", " 2025-01-06 "])
def test_days_as_excel_in_china_writes_them(written: str) -> None:
    request = record(["number", "scheme", "valid_from"], ["1", "x", written]).request
    assert request["certificate"]["valid_from"] == "2025-01-06"


@pytest.mark.parametrize("written", ["6/1/2025", "45663", "tomorrow"])
def test_other_days_are_left_for_the_schema_to_refuse(written: str) -> None:
    assert (
        record(["number", "scheme", "valid_from"], ["1", "x", written]).request["certificate"]["valid_from"] == written
    )


def test_numbers_that_excel_has_spoilt_are_told() -> None:
    names = ["number", "scheme", "holder_id", "valid_from"]
    assert "dropped digits" in problems(names, ["9.13303E+17", "x"])[0][1]
    assert "drops leading zeros" in problems(names, [12.0, "x"])[0][1]
    assert "drops leading zeros" in problems(["证书编号", "scheme", "holder_id"], ["1", "x", 913303e12])[0][1]
    assert "format the cell as a date" in problems(names, ["1", "x", "y", 45663.0])[0][1]
    assert problems(["证书编号", "scheme"], [12.0, "x"])[0][0] == "证书编号"


def test_a_region_may_be_a_number() -> None:
    assert record(["number", "scheme", "region"], ["1", "x", 330282.0]).request["certificate"]["holder"] == {
        "region": "330282"
    }


def test_dates_of_a_workbook_are_days() -> None:
    import datetime

    file = xlsx_file([["number", "scheme", "valid_from"], ["1", "x", datetime.date(2025, 1, 6)]])
    (found,) = CertificateRows(file, TableFormat.XLSX)
    assert found.request["certificate"]["valid_from"] == "2025-01-06"


def test_sites_may_stand_in_columns_of_their_own() -> None:
    names = ["number", "scheme", "site_1_name", "场所3名称", "场所3地址", "site_3_scope"]
    found = record(names, ["1", "x", "", "三厂", "宁波", "生产"])
    assert found.request["certificate"]["sites"] == [
        {"name": {"zh": "三厂"}, "address": {"zh": "宁波"}, "scope": {"zh": "生产"}}
    ]
    heading = CertificateHeading(names)
    assert heading.column_of(("certificate", "sites", 0, "name", "zh"), found) == "场所3名称"
    assert heading.column_of(("certificate", "sites", 0, "scope", "en"), found) == "site_3_scope_en"


def test_sites_in_two_ways_are_told() -> None:
    told = problems(["number", "scheme", "sites", "site_1_name"], ["1", "x", "[]x", "y"])
    assert told[0][0] == "sites"
    told = problems(["number", "scheme", "sites", "site_1_name"], ["1", "x", '[{"name":1}]', "y"])
    assert "use one way" in told[0][1]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["number", "scheme", "holder_nmae"], "'holder_nmae' is unknown; is 'holder_name' meant"),
        (["number", "scheme", "完全不同"], "'完全不同' is unknown; known are: number"),
        (["number", "scheme", "证书编号"], "'证书编号' is there twice"),
        (["number", "scheme", "", "scope"], "column 3 has no name"),
        (["scheme"], "no column 'number' (证书编号)"),
        (["number", "scheme", "site_201_name"], "is unknown"),
    ],
)
def test_a_heading_that_can_not_be_understood_is_an_error(names: list[str], told: str) -> None:
    with pytest.raises(MalformedTable) as caught:
        CertificateHeading(names)
    assert told in str(caught.value)


def test_what_exports_and_reports_add_is_passed_over() -> None:
    names = ["number", "scheme", "public_id", "状态", "error_line", "错误原因"]
    assert record(names, ["1", "x", "AAA", "有效", "7", "wrong"]).request == {
        "certificate": {"number": "1", "scheme": "x"}
    }


def test_more_cells_than_columns_are_told() -> None:
    assert problems(["number", "scheme"], ["1", "x", "y"]) == [("", "more cells than the heading has columns")]
    assert problems(["number", "scheme", ""], ["1", "x", "", " "]) == []


@given(st.lists(st.one_of(st.text(), st.floats(), st.booleans(), st.dates(), st.none()), max_size=25))
def test_any_cells_are_a_request_or_told(cells: list[Any]) -> None:
    heading = CertificateHeading([*NAMES, "site_2_name"])
    found = heading.record(TableRow(2, cells))
    for path in (("certificate", "holder", "name"), ("certificate", "sites", 0, "name", "zh"), ("note",), ()):
        if path[1:2] != ("sites",) or found.request["certificate"].get("sites"):
            assert isinstance(heading.column_of(path, found), str)


def test_violations_are_told_by_the_column_of_the_file() -> None:
    rows = CertificateRows(io.BytesIO("证书编号,认证方案\n1,x\n".encode()), TableFormat.CSV)
    (found,) = rows
    told = rows.problem(Violation(("certificate", "number"), "wrong"), found)
    assert (told.column, told.reason) == ("证书编号", "wrong")
