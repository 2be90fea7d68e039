"""Printing in the console: the look, the logo, and archives."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.issuer_look import look
from registry.services.roles import Role
from tests.conftest import sample_certificate
from tests.formats.test_logo import dots, svg
from tests.web.console import ENGLISH, Visitor, words


@pytest.fixture
def visitor(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    """An administrator of `cqc`."""
    one = Visitor(client)
    one.enter(sqlite_registry, "li@cqc.example")
    one.open("/printing/")
    return one


def upload(visitor: Visitor, content: bytes, token: str | None = None) -> TestResponse:
    fields = {"form_token": visitor.form_token() if token is None else token}
    boundary, body = encode_multipart({**fields, "logo": FileStorage(BytesIO(content), "logo", "logo")})
    media_type = f"multipart/form-data; boundary={boundary}"
    return visitor.client.post("/console/printing/logo", data=body, headers=ENGLISH, content_type=media_type)


def test_an_administrator_chooses_template_colour_and_logo(visitor: Visitor, sqlite_registry: Registry) -> None:
    assert visitor.send("/printing/look", template="modern", colour="#7A1F1F").status_code == 303
    for picture in (dots(), svg('<rect width="9" height="9"/>')):
        assert upload(visitor, picture).status_code == 303
        kept = visitor.client.get("/console/printing/logo.svg")
        assert kept.content_type == "image/svg+xml; charset=utf-8"
        assert "default-src 'none'" in kept.headers["Content-Security-Policy"]
        assert kept.text == look(sqlite_registry, "cqc").logo
    chosen = look(sqlite_registry, "cqc")
    assert (chosen.template, chosen.colour) == ("modern", "#7a1f1f")
    page = visitor.open("/printing/")
    assert 'value="#7a1f1f"' in page.text
    assert "/console/printing/logo.svg" in page.text
    assert visitor.send("/printing/logo", remove="1").status_code == 303
    assert look(sqlite_registry, "cqc").logo is None
    assert visitor.client.get("/console/printing/logo.svg").status_code == 404


def test_what_is_wrong_is_told_at_its_field(visitor: Visitor, sqlite_registry: Registry) -> None:
    before = look(sqlite_registry, "cqc")
    refused = visitor.send("/printing/look", template="classic", colour="#ffff00")
    assert refused.status_code == 422
    assert "too light to be read on white paper" in words(refused)
    assert "an element that a logo must not have: script" in words(upload(visitor, svg("<script/>")))
    assert "no PNG, JPEG or SVG" in words(upload(visitor, b"GIF89a"))
    assert "Choose a file first." in words(upload(visitor, b""))
    assert look(sqlite_registry, "cqc") == before


def test_a_forged_form_changes_nothing(visitor: Visitor, sqlite_registry: Registry) -> None:
    assert upload(visitor, dots(), token="0" * 64).status_code == 400
    assert visitor.send("/printing/look", token="", template="modern", colour="#000000").status_code == 400
    assert look(sqlite_registry, "cqc").template == "classic"


def test_an_archive_has_the_issuers_certificates_and_no_others(visitor: Visitor, sqlite_registry: Registry) -> None:
    mine = issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("A-1")).public_id
    issue(sqlite_registry, operator(sqlite_registry, "other"), sample_certificate("B-1"))
    assert f"/v/{mine}/certificate.pdf" in visitor.open("/printing/").text
    answer = visitor.open("/printing/certificates.zip?status=valid&scheme=")
    assert ZipFile(BytesIO(answer.data)).namelist() == [f"A-1_{mine}.pdf"]
    answer = visitor.open("/printing/certificates.zip?status=valid&scheme=gbt24001-2016")
    assert ZipFile(BytesIO(answer.data)).namelist() == []
    refused = visitor.open("/printing/certificates.zip?status=nonsense")
    assert refused.status_code == 422
    assert "Choose one of the list." in words(refused)


def test_too_many_for_one_archive_are_told(
    visitor: Visitor, sqlite_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("A-1"))
    monkeypatch.setattr("registry.web.archive.MAX_PRINTS", 0)
    assert "These are 1 certificates" in words(visitor.open("/printing/certificates.zip?status=valid"))
    statuses = [visitor.open("/printing/certificates.zip?status=valid").status_code for _ in range(7)]
    assert statuses[-1] == 429


def test_who_issues_may_print_and_not_change_the_look(client: FlaskClient, sqlite_registry: Registry) -> None:
    officer = Visitor(client)
    officer.enter(sqlite_registry, "wu@cqc.example", Role.OFFICER)
    page = officer.open("/printing/")
    assert page.status_code == 200
    assert "/console/printing/look" not in page.text
    assert officer.send("/printing/look", template="modern", colour="#000000").status_code == 403
    assert upload(officer, dots()).status_code == 403
    assert look(sqlite_registry, "cqc").template == "classic"


def test_strangers_are_led_to_the_sign_in(client: FlaskClient) -> None:
    for path in ("", "logo.svg", "certificates.zip?status=valid"):
        assert client.get(f"/console/printing/{path}", headers=ENGLISH).status_code == 303
