"""Imports and exports over HTTP."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from registry.services.bulk.run_imports import run_next
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.issue import issue
from registry.web.application import build_application
from tests.conftest import bearer, sample_certificate
from tests.formats.tables import NAMES, csv_file, ndjson_file, sample_cells, sample_table, xlsx_file


@pytest.fixture
def registry(app: Flask) -> Registry:
    found: Registry = app.extensions["registry"]
    return found


@pytest.fixture
def actor(registry: Registry) -> Actor:
    return operator(registry, "cqc", "test")


@pytest.fixture
def key(registry: Registry) -> dict[str, str]:
    return bearer(registry)


def send(client: FlaskClient, key: dict[str, str], body: bytes, query: str = "", **more: Any) -> Any:
    headers = {**key, "Content-Type": "text/csv", **more}
    return client.post(f"/api/v1/imports{query}", data=body, headers=headers)


def work(registry: Registry) -> None:
    while run_next(registry):
        pass


def test_a_file_is_sent_polled_accepted_and_recorded(
    client: FlaskClient, registry: Registry, key: dict[str, str]
) -> None:
    sent = send(client, key, csv_file(sample_table(3)).getvalue(), "?file_name=a.csv")
    assert sent.status_code == 202
    assert sent.json["state"] == "waiting"
    here = sent.headers["Location"].removeprefix("https://registry.example")
    assert client.get(here, headers=key).headers["Retry-After"] == "1"
    work(registry)
    checked = client.get(here, headers=key).json
    assert (checked["state"], checked["rows"]) == ("checked", {"total": 3, "new": 3, "already": 0, "wrong": 0})
    assert client.post(f"{here}/accept", headers=key).status_code == 202
    work(registry)
    done = client.get(here, headers=key)
    assert (done.json["state"], done.headers.get("Retry-After")) == ("done", None)
    listed = client.get("/api/v1/certificates", headers=key).json["items"]
    assert len(listed) == 3
    assert client.get("/api/v1/imports", headers=key).json["items"][0]["file_name"] == "a.csv"


def test_a_form_with_a_file_is_taken_too(client: FlaskClient, registry: Registry, key: dict[str, str]) -> None:
    form = {"file": (xlsx_file(sample_table(1)), "c.xlsx")}
    sent = client.post("/api/v1/imports?dry_run=false", data=form, headers=key)
    assert (sent.status_code, sent.json["format"], sent.json["file_name"]) == (202, "xlsx", "c.xlsx")
    assert client.post("/api/v1/imports", data={"x": "y"}, headers=key, content_type="multipart/form-data").json[
        "errors"
    ] == [{"pointer": "/file", "detail": "no file was sent"}]


def test_wrong_rows_come_as_a_file_to_mend_and_as_json(
    client: FlaskClient, registry: Registry, key: dict[str, str]
) -> None:
    sent = send(client, key, csv_file([NAMES, sample_cells("A1"), sample_cells("A2", size="huge")]).getvalue())
    work(registry)
    links = client.get(f"/api/v1/imports/{sent.json['name']}", headers=key).json["links"]
    report = client.get(links["errors"].removeprefix("https://registry.example"), headers=key)
    assert report.headers["Content-Disposition"] == 'attachment; filename="errors.csv"'
    (row,) = csv.DictReader(io.StringIO(report.data.decode("utf-8-sig")))
    assert (row["error_line"], row["error_column"]) == ("3", "size")
    told = client.get(links["errors_ndjson"].removeprefix("https://registry.example"), headers=key)
    assert told.get_json(force=True)["problems"][0]["column"] == "size"
    refused = client.post(f"/api/v1/imports/{sent.json['name']}/accept", headers=key)
    assert (refused.status_code, refused.json["title"]) == (409, "The request contradicts what is registered")
    assert client.post(f"/api/v1/imports/{sent.json['name']}/accept?skip_wrong=true", headers=key).status_code == 202


def test_a_file_larger_than_other_requests_may_be_is_taken_and_one_that_is_too_large_is_not(
    client: FlaskClient, registry: Registry, key: dict[str, str]
) -> None:
    body = csv_file(sample_table(1)).getvalue() + b" " * 2_000_000
    assert send(client, key, body).status_code == 202
    small = replace(registry, settings=replace(registry.settings, max_import_bytes=1000))
    other = build_application(small).test_client()
    refused = send(other, key, csv_file(sample_table(20)).getvalue())
    assert (refused.status_code, "more than 1,000 bytes" in refused.json["errors"][0]["detail"]) == (422, True)
    assert send(other, key, b"x" * 200_000).status_code == 413


def test_acts_are_sent_the_same_way(client: FlaskClient, registry: Registry, actor: Actor, key: dict[str, str]) -> None:
    issue(registry, actor, sample_certificate("A1"))
    lines = ndjson_file([{"number": "A1", "act": "withdraw", "reason": "misuse_of_mark"}]).getvalue()
    sent = send(client, key, lines, "?kind=acts&dry_run=false", **{"Content-Type": "application/x-ndjson"})
    work(registry)
    assert client.get(f"/api/v1/imports/{sent.json['name']}", headers=key).json["state"] == "done"
    assert client.get("/api/v1/certificates?status=withdrawn", headers=key).json["items"][0]["number"] == "A1"


def test_who_may_not_is_refused_before_the_file_is_read(client: FlaskClient, registry: Registry) -> None:
    reader = bearer(registry, verbs=[Verb.READ])
    assert send(client, reader, b"x").status_code == 403
    assert send(client, {}, b"x").status_code == 401
    suspender = bearer(registry, verbs=[Verb.SUSPEND])
    assert send(client, suspender, csv_file(sample_table(1)).getvalue()).status_code == 403
    assert client.get("/api/v1/certificates/export", headers=suspender).status_code == 403


def test_another_issuers_import_is_not_there(client: FlaskClient, registry: Registry, key: dict[str, str]) -> None:
    name = send(client, key, csv_file([NAMES, sample_cells("A1", size="x")]).getvalue()).json["name"]
    work(registry)
    other = bearer(registry, "other")
    for method, path in (
        ("get", ""),
        ("post", "/accept"),
        ("delete", ""),
        ("get", "/errors"),
        ("get", "/errors.ndjson"),
    ):
        assert getattr(client, method)(f"/api/v1/imports/{name}{path}", headers=other).status_code == 404
    assert client.get("/api/v1/imports", headers=other).json == {"items": [], "next_after": None}
    assert client.delete(f"/api/v1/imports/{name}", headers=key).status_code == 204
    assert client.get(f"/api/v1/imports/{name}", headers=key).status_code == 404


def test_the_same_request_with_an_idempotency_key_is_one_import(client: FlaskClient, key: dict[str, str]) -> None:
    body = csv_file(sample_table(1)).getvalue()
    more = {"Idempotency-Key": "k1"}
    names = {send(client, key, body, **more).json["name"] for _ in range(2)}
    assert len(names) == 1
    assert send(client, key, body + b"\n", **more).status_code == 422
    assert send(client, key, body, **{"Idempotency-Key": "k" * 300}).status_code == 422


def test_lists_of_imports_come_in_pages(client: FlaskClient, key: dict[str, str]) -> None:
    names = [send(client, key, csv_file(sample_table(1)).getvalue()).json["name"] for _ in range(3)]
    first = client.get("/api/v1/imports?limit=2", headers=key).json
    rest = client.get(f"/api/v1/imports?limit=2&after={first['next_after']}", headers=key).json
    assert [one["name"] for one in (*first["items"], *rest["items"])] == names[::-1]
    assert rest["next_after"] is None


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ndjson"])
def test_an_export_is_a_file_that_can_be_sent_back(
    client: FlaskClient, registry: Registry, actor: Actor, key: dict[str, str], kind: str
) -> None:
    issue(registry, actor, sample_certificate("A1"))
    file = client.get(f"/api/v1/certificates/export?format={kind}&status=valid", headers=key)
    assert file.headers["Content-Disposition"] == f'attachment; filename="certificates.{kind}"'
    assert file.headers["Cache-Control"] == "private, no-store"
    sent = send(client, key, file.data, "?dry_run=false")
    work(registry)
    rows = client.get(f"/api/v1/imports/{sent.json['name']}", headers=key).json["rows"]
    assert rows == {"total": 1, "new": 0, "already": 1, "wrong": 0}


@pytest.mark.parametrize("query", ["", "?kind=acts&format=csv&lang=zh", "?format=ndjson"])
def test_templates_are_for_everybody(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/imports/template{query}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
