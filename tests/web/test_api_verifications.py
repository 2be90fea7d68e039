"""Portfolio verification at the API."""

from __future__ import annotations

import json

from flask.testing import FlaskClient

from registry.services.context import Registry, Scope, operator
from registry.services.issue import issue
from tests.conftest import bearer, party_bearer, sample_certificate
from tests.web.test_api import problem

PATH = "/api/v1/verifications"


def issued(registry: Registry, number: str = "A-1") -> str:
    return issue(registry, operator(registry, "cqc"), sample_certificate(number)).public_id


def test_one_json_document_or_a_line_an_item(sqlite_registry: Registry, client: FlaskClient) -> None:
    public_id = issued(sqlite_registry)
    headers = party_bearer(sqlite_registry)
    asked = {"items": [{"number": "A-1", "name": "别家", "reference": "x"}, {"public_id": public_id}, {"number": "B"}]}
    answer = client.post(PATH, json=asked, headers=headers)
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert [one["verdict"] for one in answer.json["items"]] == ["valid", "valid", "unknown"]
    first = answer.json["items"][0]
    assert (first["position"], first["reference"], first["by"], first["fitting"]) == (0, "x", "number", 1)
    assert first["certificates"][0]["certificate"]["number"] == "A-1"
    assert first["certificates"][0]["certificate"]["issuer"].endswith("issuers:cqc")
    assert [one["result"] for one in first["certificates"][0]["checks"]] == ["pass"] * 6
    assert first["certificates"][0]["name"]["difference"] == "different"
    assert answer.json["summary"]["verdicts"] == {"valid": 2, "unknown": 1}
    streamed = client.post(PATH, json=asked, headers={**headers, "Accept": "application/x-ndjson"})
    assert streamed.content_type == "application/x-ndjson"
    lines = [json.loads(line) for line in streamed.data.splitlines()]
    assert lines[:-1] == answer.json["items"]
    assert lines[-1] == {"summary": answer.json["summary"]}


def test_many_chunks_make_one_document(sqlite_registry: Registry, client: FlaskClient) -> None:
    public_id = issued(sqlite_registry)
    asked = {"items": [{"public_id": public_id, "reference": str(number)} for number in range(1001)]}
    answer = client.post(PATH, json=asked, headers=party_bearer(sqlite_registry)).json
    assert [one["reference"] for one in answer["items"]] == [str(number) for number in range(1001)]
    assert answer["summary"]["items"] == 1001


def test_a_day_of_the_past(sqlite_registry: Registry, client: FlaskClient) -> None:
    issued(sqlite_registry)
    asked = {"items": [{"number": "A-1"}], "as_of": "2024-01-01"}
    answer = client.post(PATH, json=asked, headers=party_bearer(sqlite_registry)).json
    assert answer["items"][0]["verdict"] == "not_yet_valid"
    assert answer["summary"]["as_of"] == "2024-01-01T23:59:59.999999+08:00"


def test_refusals(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers = party_bearer(sqlite_registry)
    one = {"items": [{"number": "A-1"}]}
    problem(client.post(PATH, json=one), 401, "not-authenticated")
    problem(client.post(PATH, json=one, headers=bearer(sqlite_registry)), 401, "not-authenticated")
    watching = party_bearer(sqlite_registry, scopes=[Scope.WATCH])
    problem(client.post(PATH, json=one, headers=watching), 403, "not-permitted")
    for wrong, pointer in (
        ({**one, "as_off": "2024-01-01"}, "/as_off"),
        ({**one, "as_of": 5}, "/as_of"),
        ({**one, "as_of": "2999-01-01"}, "/as_of"),
        ({"items": [{"number": "A-1"}, {}]}, "/items/1"),
        ({}, "/items"),
        ([], ""),
    ):
        refused = problem(client.post(PATH, json=wrong, headers=headers), 422, "invalid-input")
        assert refused["errors"][0]["pointer"] == pointer
    twice = '{"items": [{"credential": {"id": "a", "id": "b"}}]}'
    refused = problem(client.post(PATH, data=twice, headers=headers), 422, "invalid-input")
    assert "occurs twice" in refused["errors"][0]["detail"]


def test_a_body_beyond_the_limit_is_refused(sqlite_registry: Registry, client: FlaskClient) -> None:
    body = b" " * (32 * 1024 * 1024 + 1)
    assert client.post(PATH, data=body, headers=party_bearer(sqlite_registry)).status_code == 413
