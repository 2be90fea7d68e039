"""Templates: whoever fills one in the same way is understood."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from registry.formats.act_table import read_acts
from registry.formats.certificate_request import IssueSchema
from registry.formats.certificate_rows import CertificateRows
from registry.formats.table import TableFormat
from registry.formats.table_templates import act_template, certificate_template


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("kind", list(TableFormat))
def test_the_example_is_a_certificate_that_can_be_issued(kind: TableFormat, chinese: bool) -> None:
    (record,) = CertificateRows(io.BytesIO(certificate_template(kind, chinese=chinese)), kind)
    assert record.problems == []
    assert IssueSchema().load(record.request)["certificate"].number == "00125Q30001R0S"


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("kind", list(TableFormat))
def test_the_example_is_an_act_that_can_be_done(kind: TableFormat, chinese: bool, tmp_path: Path) -> None:
    path = tmp_path / "acts"
    path.write_bytes(act_template(kind, chinese=chinese))
    ((record,),) = (batch.records for batch in read_acts(path, kind))
    assert record.requested is not None


def test_excel_offers_the_codes_and_keeps_what_is_typed_as_text() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(certificate_template(TableFormat.XLSX, chinese=True)))
    sheet = workbook.worksheets[0]
    assert len(sheet.data_validations.dataValidation) == 5
    assert sheet.column_dimensions["A"].width > 10
    assert sheet["A2"].number_format == "@"
