"""API keys at the API."""

from __future__ import annotations

from flask.testing import FlaskClient

from registry.services.context import Registry, Verb
from tests.conftest import Clock, bearer, sample_request
from tests.web.test_api import problem

KEYS = "/api/v1/api-keys"


def test_a_key_is_made_used_rotated_and_ended(sqlite_registry: Registry, client: FlaskClient, clock: Clock) -> None:
    headers = bearer(sqlite_registry)
    asked = {"verbs": ["issue", "read"], "label": "ERP", "expires_at": "2027-01-01T00:00:00Z"}
    made = client.post(KEYS, json=asked, headers=headers)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "private, no-store"
    erp = {"Authorization": f"Bearer {made.json['token']}"}
    assert client.post("/api/v1/certificates", json=sample_request(), headers=erp).status_code == 201
    rotated = client.post(f"{KEYS}/{made.json['key_id']}/rotate", json={"overlap_hours": 1}, headers=headers)
    assert rotated.status_code == 201
    assert client.get("/api/v1/certificates", headers=erp).status_code == 200
    clock.advance(hours=1)
    problem(client.get("/api/v1/certificates", headers=erp), 401, "not-authenticated")
    successor = {"Authorization": f"Bearer {rotated.json['token']}"}
    assert client.get("/api/v1/certificates", headers=successor).status_code == 200
    listed = {one["key_id"]: one for one in client.get(KEYS, headers=headers).json["items"]}
    assert listed[made.json["key_id"]]["state"] == "expired"
    assert listed[rotated.json["key_id"]]["last_used_at"] is not None
    assert not any("token" in one or "secret" in one for one in listed.values())
    ended = client.post(f"{KEYS}/{rotated.json['key_id']}/revoke", headers=headers)
    assert ended.json["state"] == "revoked"
    problem(client.get("/api/v1/certificates", headers=successor), 401, "not-authenticated")


def test_refusals(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers, stranger = bearer(sqlite_registry), bearer(sqlite_registry, "other")
    made = client.post(KEYS, json={"verbs": ["read"]}, headers=headers).json
    for method, path in (("post", f"{made['key_id']}/rotate"), ("post", f"{made['key_id']}/revoke")):
        answer = getattr(client, method)(f"{KEYS}/{path}", json={}, headers=stranger)
        problem(answer, 404, "not-found")
    for wrong, field in (
        ({"verbs": []}, "/verbs"),
        ({"verbs": ["fly"]}, "/verbs/0"),
        ({"verbs": ["read"], "label": "x" * 101}, "/label"),
        ({"verbs": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    ):
        refused = problem(client.post(KEYS, json=wrong, headers=headers), 422, "invalid-input")
        assert refused["errors"][0]["pointer"] == field
    only = bearer(sqlite_registry, verbs=[Verb.ADMINISTER])
    problem(client.post(KEYS, json={"verbs": ["issue"]}, headers=only), 403, "not-permitted")
    problem(client.get(KEYS, headers=bearer(sqlite_registry, verbs=[Verb.READ])), 403, "not-permitted")
