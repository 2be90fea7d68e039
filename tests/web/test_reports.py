"""Reporting a suspected forgery, from the public form to the console."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from registry.services import reports
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.reports import Handler, Suspicion
from registry.services.roles import Role
from registry.store.reports import StoredReport
from registry.web.application import build_application
from tests.conftest import sample_certificate
from tests.formats.test_photo import picture
from tests.services.accounts import new_user, with_second_factor
from tests.web.console import ENGLISH, Visitor, words
from tests.web.test_pages import tamper

SEEN = "A frame in a shop; the code leads nowhere."


def send(client: FlaskClient, photo: bytes = b"", language: str = "en", **fields: str) -> TestResponse:
    given = {"seen": SEEN, **fields, "picture": FileStorage(BytesIO(photo), "photo.jpg", "picture")}
    boundary, form = encode_multipart(given)
    media_type = f"multipart/form-data; boundary={boundary}"
    return client.post(f"/report?lang={language}", data=form, headers=ENGLISH, content_type=media_type)


def received(registry: Registry) -> list[StoredReport]:
    return reports.list_reports(registry, Handler("test"), None, None)[0]


@pytest.fixture
def public_id(sqlite_registry: Registry) -> str:
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def test_a_report_is_taken_in_and_shown_to_nobody(
    client: FlaskClient, sqlite_registry: Registry, public_id: str
) -> None:
    typed = {"about": f"https://registry.example/v/{public_id}", "place": "Yiwu", "contact": "zhang@example.com"}
    answer = send(client, picture(), **typed)
    assert answer.status_code == 303
    (one,) = received(sqlite_registry)
    assert (one.public_id, one.issuer_code, one.seen, one.place, one.contact, one.has_picture) == (
        public_id,
        "cqc",
        SEEN,
        "Yiwu",
        "zhang@example.com",
        True,
    )
    thanks = client.get(answer.headers["Location"], headers=ENGLISH)
    assert one.reference in words(thanks)
    assert thanks.headers["Cache-Control"] == "private, no-store"
    # A reference opens nothing, and says the same whether there is such a report or not.
    assert client.get("/report/received/2222222222", headers=ENGLISH).status_code == 200
    assert client.get("/report/received/<b>", headers=ENGLISH).status_code == 404
    for path in (f"/report/{one.reference}", f"/api/v1/reports/{one.reference}"):
        assert client.get(path, headers=ENGLISH).status_code == 404
    assert client.get(f"/console/reports/{one.reference}", headers=ENGLISH).status_code == 303


@pytest.mark.parametrize(
    ("fields", "photo", "status", "english", "chinese"),
    [
        ({"seen": " "}, b"", 422, "Tell what you saw.", "请说明您看到的情况"),
        ({}, b"<svg/>", 422, "no JPEG, PNG or WebP that can be read", "不是 JPEG、PNG 或 WebP"),
        ({}, b"\xff\xd8" * 5_000_000, 413, "larger than 8 MB", "超过 8 MB"),
        ({}, b"\xff\xd8" + bytes(8 * 1024 * 1024), 422, "larger than 8 MB", "超过 8 MB"),
        ({"place": "x" * 201}, b"", 422, "at most 200 characters", "200"),
        ({"issuer": "nobody"}, b"", 422, "No issuer has the code nobody", "nobody"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    client: FlaskClient,
    sqlite_registry: Registry,
    fields: dict[str, str],
    photo: bytes,
    status: int,
    english: str,
    chinese: str,
) -> None:
    for language, told in (("en", english), ("zh", chinese)):
        answer = send(client, photo, language, **fields)
        assert answer.status_code == status
        assert told in words(answer)
        assert 'aria-invalid="true"' in answer.text
    assert received(sqlite_registry) == []


def test_one_address_reports_ten_times_an_hour(sqlite_registry: Registry) -> None:
    settings = replace(sqlite_registry.settings, rate_limit_reports="2 per hour")
    client = build_application(replace(sqlite_registry, settings=settings)).test_client()
    assert [send(client).status_code for _ in range(3)] == [303, 303, 429]
    assert client.get("/report", headers=ENGLISH).status_code == 200
    assert len(received(sqlite_registry)) == 2


def test_pages_of_others_cannot_make_their_visitors_report(client: FlaskClient, sqlite_registry: Registry) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        answer = client.post("/report", data={"seen": SEEN}, headers={**ENGLISH, "Sec-Fetch-Site": site})
        assert answer.status_code == status
    assert len(received(sqlite_registry)) == 1


def test_bad_verdicts_and_the_footer_lead_to_the_form(
    client: FlaskClient, sqlite_registry: Registry, public_id: str
) -> None:
    address = f'href="/report?about={public_id}"'
    assert address in client.get(f"/v/{public_id}", headers=ENGLISH).text.partition("mismatch")[2]
    tamper(sqlite_registry, public_id, lambda document: document.replace("慈溪".encode(), "余姚".encode()))
    assert (
        address in client.get(f"/v/{public_id}", headers=ENGLISH).text.partition("</h1>")[2].partition("</section>")[0]
    )
    assert 'href="/report?about=222"' in client.get("/v/222", headers=ENGLISH).text
    assert 'href="/report?about=nobody"' in client.get("/search?q=nobody", headers=ENGLISH).text
    assert 'href="/report"' in client.get("/", headers=ENGLISH).text.partition("<footer")[2]
    form = client.get(f"/report?about={public_id}", headers=ENGLISH)
    assert f'name="about" value="{public_id}"' in form.text
    assert "中国质量认证中心（样例 cqc）" in client.get("/report?lang=zh").text


def test_the_issuer_sees_it_in_the_console_and_closes_it(client: FlaskClient, sqlite_registry: Registry) -> None:
    mine = reports.report(sqlite_registry, Suspicion("<script>alert(1)</script>", issuer_code="cqc", picture=picture()))
    others = reports.report(sqlite_registry, Suspicion(SEEN, issuer_code="other"))
    visitor = Visitor(client)
    visitor.enter(sqlite_registry, "li@cqc.example")
    listed = visitor.open("/reports/")
    assert mine in listed.text
    assert others not in listed.text
    assert "<script>alert" not in listed.text
    for path in (f"/reports/{others}", f"/reports/{others}/picture"):
        assert visitor.open(path).status_code == 404
    page = visitor.open(f"/reports/{mine}")
    assert "&lt;script&gt;alert(1)" in page.text
    photo = client.get(f"/console/reports/{mine}/picture")
    assert (photo.content_type, photo.headers["Cache-Control"]) == ("image/jpeg", "private, no-store")
    assert visitor.send(f"/reports/{others}", state="closed", note="x").status_code == 404
    refused = visitor.send(f"/reports/{mine}", state="closed", note=" ")
    assert (refused.status_code, "This has to be filled in." in words(refused)) == (422, True)
    assert visitor.send(f"/reports/{mine}", token="0" * 64, state="seen").status_code == 400
    assert visitor.send(f"/reports/{mine}", state="closed", note="Nothing in it.").status_code == 303
    assert "Nothing in it." in words(visitor.open(f"/reports/{mine}"))
    assert mine not in visitor.open("/reports/").text
    assert mine in visitor.open("/reports/?state=all").text
    assert "Report of a forgery closed" in words(visitor.open("/audit/"))


def test_an_operator_sees_all_of_them_without_choosing_an_issuer(
    client: FlaskClient, sqlite_registry: Registry
) -> None:
    sent = [reports.report(sqlite_registry, Suspicion(SEEN, issuer_code=code)) for code in ("cqc", "other", "")]
    new_user(sqlite_registry, "op@registry.example", Role.OPERATOR)
    token, _, _ = with_second_factor(sqlite_registry, "op@registry.example")
    client.set_cookie("__Host-registry-session", token)
    visitor = Visitor(client)
    assert 'href="/console/reports/"' in visitor.open("/issuers").text
    listed = visitor.open("/reports/").text
    assert re.findall(r'href="/console/reports/([2-9A-Z]{10})"', listed) == sent[::-1]
    visitor.open(f"/reports/{sent[2]}")
    assert visitor.send(f"/reports/{sent[2]}", state="seen").status_code == 303


@pytest.mark.parametrize("role", [Role.OFFICER, Role.REVIEWER, Role.READER])
def test_others_of_the_issuer_do_not_see_who_reports(
    client: FlaskClient, sqlite_registry: Registry, role: Role
) -> None:
    reference = reports.report(sqlite_registry, Suspicion(SEEN, issuer_code="cqc"))
    visitor = Visitor(client)
    visitor.enter(sqlite_registry, "wu@cqc.example", role)
    for path in ("/reports/", f"/reports/{reference}", f"/reports/{reference}/picture"):
        assert visitor.open(path).status_code == 403
    assert "/console/reports/" not in visitor.open("/").text


@pytest.mark.browser
def test_it_is_reported_from_a_telephone(
    phone: Page, server: str, sqlite_registry: Registry, public_id: str, tmp_path: Path, complaints: list[str]
) -> None:
    (tmp_path / "photo.png").write_bytes(picture("PNG"))
    phone.goto(f"{server}/v/{public_id}")
    phone.get_by_role("main").get_by_role("link", name="举报疑似伪造证书").click()
    expect(phone.get_by_label("证书编号或证书标识")).to_have_value(public_id)
    phone.get_by_label("您看到了什么，为何怀疑").fill("店里挂着这张证书。")
    phone.get_by_label("图片").set_input_files(tmp_path / "photo.png")
    phone.get_by_role("button", name="提交举报").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("已收到举报")
    (one,) = received(sqlite_registry)
    assert (one.seen, one.issuer_code, one.has_picture) == ("店里挂着这张证书。", "cqc", True)
    assert complaints == []
