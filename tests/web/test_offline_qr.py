"""The routes of the offline QR: what printers and holders fetch."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from registry.domain.public_id import new_public_id
from registry.domain.reasons import Act, Reason
from registry.formats.cose_statement import read, verify
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.web.application import build_application
from tests.conftest import BASE_URL, bearer, sample_certificate, sample_request


@pytest.fixture
def public_id(sqlite_registry: Registry) -> str:
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def scanned(picture: bytes) -> str:
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture)))
    assert found is not None
    return found.text


def test_the_picture_carries_what_the_text_says_and_the_issuer_signed_it(
    client: FlaskClient, sqlite_registry: Registry, public_id: str
) -> None:
    text = client.get(f"/v/{public_id}/qr-offline.txt")
    assert text.content_type == "text/plain; charset=utf-8"
    picture = client.get(f"/v/{public_id}/qr-offline.png?scale=4")
    assert picture.content_type == "image/png"
    assert scanned(picture.data) == text.get_data(as_text=True)
    statement = read(text.get_data(as_text=True))
    assert statement.address == f"{BASE_URL}/v/{public_id}"
    published = client.get("/issuers/cqc/did.json", headers={"Accept": "application/json"}).get_json(force=True)
    assert statement.verification_method in published["assertionMethod"]
    assert verify(statement, manage_keys.published_keys(sqlite_registry, "cqc")[0].published.public_key)


def test_the_drawing_for_print_comes_as_svg(client: FlaskClient, public_id: str) -> None:
    response = client.get(f"/v/{public_id}/qr-offline.svg")
    assert response.content_type == "image/svg+xml"
    assert b"<svg" in response.data[:200]


def test_the_issuer_is_told_where_it_is_when_it_issues(client: FlaskClient, sqlite_registry: Registry) -> None:
    made = client.post("/api/v1/certificates", json=sample_request(), headers=bearer(sqlite_registry))
    links = made.get_json()["links"]
    for name in ("qr_offline_png", "qr_offline_svg"):
        assert client.get(links[name].removeprefix(BASE_URL)).status_code == 200


def test_it_is_kept_for_an_hour_and_asked_for_again_by_its_tag(client: FlaskClient, public_id: str) -> None:
    first = client.get(f"/v/{public_id}/qr-offline.txt")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    again = client.get(f"/v/{public_id}/qr-offline.txt", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("kind", ["svg", "png", "txt"])
def test_no_code_is_given_where_none_is_made(client: FlaskClient, sqlite_registry: Registry, kind: str) -> None:
    assert client.get(f"/v/{new_public_id(bytes(16))}/qr-offline.{kind}").status_code == 404
    actor = operator(sqlite_registry, "cqc")
    public_id = issue(sqlite_registry, actor, sample_certificate()).public_id
    assert client.get(f"/v/{public_id.lower()}/qr-offline.{kind}").status_code == 308
    change_status(sqlite_registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    refused = client.get(f"/v/{public_id}/qr-offline.{kind}")
    assert refused.status_code == 409
    assert refused.get_json()["certificate_status"] == "suspended"


def test_who_asks_too_often_waits_and_the_verdict_is_still_there(sqlite_registry: Registry, public_id: str) -> None:
    settings = replace(sqlite_registry.settings, rate_limit_offline_qr="3 per hour")
    app: Flask = build_application(replace(sqlite_registry, settings=settings))
    client = app.test_client()
    answers = [client.get(f"/v/{public_id}/qr-offline.{kind}").status_code for kind in ("txt", "svg", "png", "txt")]
    assert answers == [200, 200, 200, 429]
    assert client.get(f"/v/{public_id}").status_code == 200


@pytest.mark.parametrize(("verdict_text", "linked"), [("", True), ("suspended", False)])
def test_the_page_offers_it_while_the_certificate_is_in_force(
    client: FlaskClient, sqlite_registry: Registry, public_id: str, verdict_text: str, linked: bool
) -> None:
    if verdict_text:
        actor = operator(sqlite_registry, "cqc")
        change_status(sqlite_registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    page = client.get(f"/v/{public_id}", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert (f"/v/{public_id}/qr-offline.svg" in page) is linked
