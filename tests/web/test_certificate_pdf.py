"""The PDF over HTTP: for everybody, kept as long as a verdict, and not without end."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from registry.domain.public_id import new_public_id
from registry.domain.reasons import Act, Reason
from registry.formats.pdf_attachment import credential_in_pdf
from registry.services.change_status import change_status
from registry.services.context import Registry, Verb, operator
from registry.services.issue import issue
from registry.web.application import build_application
from tests.conftest import BASE_URL, bearer, sample_certificate
from tests.formats.printed import pages_of


@pytest.fixture
def public_id(sqlite_registry: Registry) -> str:
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def test_everybody_may_have_the_pdf_and_the_page_offers_it(client: FlaskClient, public_id: str) -> None:
    answer = client.get(f"/v/{public_id}/certificate.pdf")
    assert answer.status_code == 200
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{public_id}.pdf"'
    assert "default-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert credential_in_pdf(answer.data) == client.get(f"/certificates/{public_id}").data
    page = client.get(f"/v/{public_id}", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert f"/v/{public_id}/certificate.pdf" in page
    links = client.get(f"/api/v1/verify/{public_id}").get_json()["links"]
    assert links["pdf"] == f"{BASE_URL}/v/{public_id}/certificate.pdf"


def test_after_a_withdrawal_the_old_file_is_not_confirmed(
    client: FlaskClient, sqlite_registry: Registry, public_id: str
) -> None:
    address = f"/v/{public_id}/certificate.pdf"
    first = client.get(address)
    assert first.headers["Cache-Control"] == "public, max-age=10"
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(address, headers=tag).status_code == 304
    change_status(sqlite_registry, operator(sqlite_registry, "cqc"), public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    after = client.get(address, headers=tag)
    assert after.status_code == 200
    assert all("WITHDRAWN" in page for page in pages_of(after.data))


def test_other_spellings_lead_there_and_unknown_ids_nowhere(client: FlaskClient, public_id: str) -> None:
    assert client.get(f"/v/{public_id.lower()}/certificate.pdf").status_code == 308
    assert client.get(f"/v/{new_public_id(bytes(16))}/certificate.pdf").status_code == 404


def test_who_asks_too_often_waits_and_the_verdict_is_still_there(sqlite_registry: Registry, public_id: str) -> None:
    settings = replace(sqlite_registry.settings, rate_limit_print="1 per hour")
    client = build_application(replace(sqlite_registry, settings=settings)).test_client()
    assert [client.get(f"/v/{public_id}/certificate.pdf").status_code for _ in range(2)] == [200, 429]
    assert client.get(f"/v/{public_id}").status_code == 200


def test_an_issuer_has_its_certificates_in_one_archive(
    client: FlaskClient, sqlite_registry: Registry, public_id: str
) -> None:
    mine = bearer(sqlite_registry)
    answer = client.get("/api/v1/certificates.zip", headers=mine)
    assert answer.status_code == 200
    assert answer.content_type == "application/zip"
    assert answer.headers["Cache-Control"] == "private, no-store"
    made = ZipFile(BytesIO(answer.data))
    assert made.namelist() == [f"00125Q30001R0S_{public_id}.pdf"]
    assert made.read(made.namelist()[0]) == client.get(f"/v/{public_id}/certificate.pdf").data
    others = client.get("/api/v1/certificates.zip", headers=bearer(sqlite_registry, "other"))
    assert ZipFile(BytesIO(others.data)).namelist() == []
    narrowed = client.get("/api/v1/certificates.zip?status=suspended", headers=mine)
    assert ZipFile(BytesIO(narrowed.data)).namelist() == []


def test_an_archive_is_for_who_may_read_and_has_an_end(
    client: FlaskClient, sqlite_registry: Registry, public_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/api/v1/certificates.zip"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=bearer(sqlite_registry, verbs=[Verb.ISSUE])).status_code == 403
    mine = bearer(sqlite_registry)
    assert client.get(f"{address}?limit=3", headers=mine).status_code == 422
    monkeypatch.setattr("registry.web.archive.MAX_PRINTS", 0)
    refused = client.get(address, headers=mine)
    assert refused.status_code == 422
    assert "1 certificates; at most 0 in one archive" in refused.get_json()["errors"][0]["detail"]
    assert [client.get(address, headers=mine).status_code for _ in range(6)][-1] == 429
