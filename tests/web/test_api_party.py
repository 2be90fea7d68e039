"""The API of relying parties: who they are, and their keys."""

from __future__ import annotations

from flask.testing import FlaskClient

from registry.services.context import Registry, Scope
from tests.conftest import Clock, bearer, party_bearer
from tests.web.test_api import problem

PARTY = "/api/v1/party"
KEYS = f"{PARTY}/keys"


def test_a_party_learns_who_it_is_and_what_its_key_allows(sqlite_registry: Registry, client: FlaskClient) -> None:
    answer = client.get(PARTY, headers=party_bearer(sqlite_registry, scopes=[Scope.WATCH]))
    assert answer.json == {
        "code": "bank",
        "name_zh": "样例银行",
        "name_en": "Sample Bank",
        "kind": "bank",
        "scopes": ["watch"],
    }
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_issuers_and_parties_do_not_open_each_others_doors(sqlite_registry: Registry, client: FlaskClient) -> None:
    problem(client.get(PARTY), 401, "not-authenticated")
    problem(client.get(PARTY, headers=bearer(sqlite_registry)), 401, "not-authenticated")
    problem(client.get("/api/v1/certificates", headers=party_bearer(sqlite_registry)), 401, "not-authenticated")


def test_a_key_is_made_used_rotated_and_ended(sqlite_registry: Registry, client: FlaskClient, clock: Clock) -> None:
    headers = party_bearer(sqlite_registry)
    made = client.post(KEYS, json={"scopes": ["verify"], "label": "core"}, headers=headers)
    assert made.status_code == 201
    core = {"Authorization": f"Bearer {made.json['token']}"}
    assert client.get(PARTY, headers=core).json["scopes"] == ["verify"]
    rotated = client.post(f"{KEYS}/{made.json['key_id']}/rotate", json={"overlap_hours": 1}, headers=headers)
    assert rotated.status_code == 201
    clock.advance(hours=1)
    problem(client.get(PARTY, headers=core), 401, "not-authenticated")
    listed = {one["key_id"]: one for one in client.get(KEYS, headers=headers).json["items"]}
    assert listed[made.json["key_id"]]["state"] == "expired"
    assert not any("token" in one or "secret" in one for one in listed.values())
    ended = client.post(f"{KEYS}/{rotated.json['key_id']}/revoke", headers=headers)
    assert ended.json["state"] == "revoked"
    problem(client.get(PARTY, headers={"Authorization": f"Bearer {rotated.json['token']}"}), 401, "not-authenticated")


def test_refusals(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers, stranger = party_bearer(sqlite_registry), party_bearer(sqlite_registry, "insurer")
    made = client.post(KEYS, json={"scopes": ["verify"]}, headers=headers).json
    for path in (f"{made['key_id']}/rotate", f"{made['key_id']}/revoke"):
        problem(client.post(f"{KEYS}/{path}", json={}, headers=stranger), 404, "not-found")
    for wrong, field in (
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["issue"]}, "/scopes/0"),
        ({"scopes": ["verify"], "label": "x" * 101}, "/label"),
        ({"scopes": ["verify"], "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    ):
        refused = problem(client.post(KEYS, json=wrong, headers=headers), 422, "invalid-input")
        assert refused["errors"][0]["pointer"] == field
    reader = party_bearer(sqlite_registry, scopes=[Scope.VERIFY])
    problem(client.get(KEYS, headers=reader), 403, "not-permitted")


def test_the_api_document_tells_which_key_it_takes(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json
    assert document["paths"][PARTY]["get"]["security"] == [{"partyKey": []}]
    assert document["components"]["securitySchemes"]["partyKey"]["scheme"] == "bearer"
