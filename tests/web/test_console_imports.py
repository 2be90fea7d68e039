"""Files in the console: sent by a form, looked at, recorded; and exports."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.services.bulk.run_imports import run_next
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.roles import Role
from tests.conftest import sample_certificate
from tests.formats.tables import NAMES, csv_file, sample_cells, sample_table, xlsx_file
from tests.web.console import ENGLISH, Visitor, words


@pytest.fixture
def visitor(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    """An issuing officer of `cqc`."""
    one = Visitor(client)
    one.enter(sqlite_registry, "wu@cqc.example", Role.OFFICER)
    return one


def work(registry: Registry) -> None:
    while run_next(registry):
        pass


def sent(visitor: Visitor, file: io.BytesIO, name: str = "证书.csv", kind: str = "certificates") -> TestResponse:
    visitor.open("/files/")
    fields: dict[str, Any] = {"kind": kind, "file": (file, name)}
    return visitor.send("/files/", **fields)


def posted(visitor: Visitor, file: bytes) -> TestResponse:
    """A form with a large file, which the test client would keep in a file of its own and not close."""
    head = 'Content-Disposition: form-data; name="{}"'
    parts = [
        f"--x\r\n{head.format('form_token')}\r\n\r\n{visitor.form_token()}\r\n".encode(),
        f'--x\r\n{head.format("file")}; filename="x.csv"\r\n\r\n'.encode(),
        file,
        b"\r\n--x--\r\n",
    ]
    return visitor.client.post(
        "/console/files/", data=b"".join(parts), content_type="multipart/form-data; boundary=x", headers=ENGLISH
    )


def path_of(response: TestResponse) -> str:
    assert response.status_code == 303, words(response)
    return response.headers["Location"].removeprefix("/console")


def test_a_file_is_sent_checked_looked_at_and_recorded(visitor: Visitor, sqlite_registry: Registry) -> None:
    here = path_of(sent(visitor, csv_file(sample_table(3))))
    waiting = visitor.open(here)
    assert "Waits to be checked" in words(waiting)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in waiting.text
    assert visitor.open(f"{here}/progress").json["state"] == "waiting"
    work(sqlite_registry)
    checked = visitor.open(here)
    assert "Checked : nothing is wrong." in words(checked) or "Checked: nothing is wrong." in words(checked)
    assert "refresh" not in checked.text
    assert "3 certificates are issued and signed, for good." in words(checked)
    assert visitor.send(f"{here}/accept").status_code == 303
    assert "Waits to be recorded" in words(visitor.open(here))
    work(sqlite_registry)
    assert "Done" in words(visitor.open(here))
    listed = words(visitor.open("/files/"))
    for expected in ("证书.csv", "Done", "3"):
        assert expected in listed


def test_wrong_rows_are_shown_and_come_as_a_file(visitor: Visitor, sqlite_registry: Registry) -> None:
    rows = [NAMES, sample_cells("A1"), sample_cells("A2", valid_from="x", holder_id="91330282MA00000185")]
    here = path_of(sent(visitor, xlsx_file(rows), "c.xlsx"))
    work(sqlite_registry)
    page = visitor.open(here)
    assert "Not a day that exists; write it like 2029-01-04." in words(page)
    assert "Record the right rows" in words(page)
    report = visitor.open(f"{here}/errors")
    assert report.headers["Content-Disposition"] == 'attachment; filename="errors.xlsx"'
    visitor.open(here)
    refused = visitor.send(f"{here}/accept")
    assert (refused.status_code, "Some rows are wrong." in words(refused)) == (409, True)
    assert visitor.send(f"{here}/accept", skip_wrong="yes").status_code == 303
    work(sqlite_registry)
    assert "Done" in words(visitor.open(here))


def test_a_file_that_can_not_be_read_is_told(visitor: Visitor, sqlite_registry: Registry) -> None:
    here = path_of(sent(visitor, io.BytesIO(b"number,x\n1,2\n")))
    work(sqlite_registry)
    assert "The column “x” is not known." in words(visitor.open(here))
    refused = sent(visitor, io.BytesIO(b"\xd0\xcf\x11\xe0"), "old.xls")
    assert (refused.status_code, "Save it as .xlsx." in words(refused)) == (422, True)
    visitor.open("/files/")
    assert "Choose a file." in words(visitor.send("/files/", kind="certificates"))


def test_a_file_larger_than_other_forms_is_taken_from_who_may_send_it_only(
    visitor: Visitor, sqlite_registry: Registry
) -> None:
    large = csv_file(sample_table(1)).getvalue() + b"\n" * 2_000_000
    visitor.open("/files/")
    assert posted(visitor, large).status_code == 303
    stranger = Visitor(visitor.client.application.test_client())
    stranger.open("/sign-in")
    assert posted(stranger, large).status_code == 413


def test_acts_by_file_and_forgetting_a_file(visitor: Visitor, sqlite_registry: Registry) -> None:
    issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("A1"))
    rows = [["证书编号", "操作", "原因"], ["A1", "暂停", "fee_unpaid"]]
    here = path_of(sent(visitor, csv_file(rows, "gb18030"), kind="acts"))
    work(sqlite_registry)
    assert "1 act is recorded, for everybody to see." in words(visitor.open(here))
    assert visitor.send(f"{here}/discard").status_code == 303
    assert visitor.open(here).status_code == 404


def test_a_reader_sees_files_and_sends_none(client: FlaskClient, sqlite_registry: Registry) -> None:
    reader = Visitor(client)
    reader.enter(sqlite_registry, "li@cqc.example", Role.READER)
    page = reader.open("/files/")
    assert "Send a file" not in words(page)
    assert "Export certificates" in words(page)
    fields: dict[str, Any] = {"file": (csv_file(sample_table(1)), "x.csv")}
    reader.open("/account/")
    assert reader.send("/files/", **fields).status_code == 403


def test_another_issuers_files_are_not_there(visitor: Visitor, sqlite_registry: Registry) -> None:
    here = path_of(sent(visitor, csv_file(sample_table(1))))
    other = Visitor(visitor.client.application.test_client())
    other.enter(sqlite_registry, "ma@other.example", Role.OFFICER, "other")
    for path in (here, f"{here}/progress", f"{here}/errors"):
        assert other.open(path).status_code == 404
    other.open("/account/")
    for path in (f"{here}/accept", f"{here}/discard"):
        assert other.send(path).status_code == 404


def test_certificates_are_exported_with_filters(visitor: Visitor, sqlite_registry: Registry) -> None:
    issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("A1"))
    page = visitor.open("/files/")
    assert re.search(r'action="/console/files/certificates" method="get"', page.text)
    file = visitor.open("/files/certificates?format=csv&status=valid&scheme=&holder=&valid_from_min=")
    assert "A1" in file.data.decode("utf-8-sig")
    assert "A1" not in visitor.open("/files/certificates?format=csv&status=withdrawn").text
    assert visitor.open("/files/certificates?format=doc").status_code == 422
