"""Receipts at the API."""

from __future__ import annotations

from flask.testing import FlaskClient

from registry.services.context import Registry, Scope
from tests.conftest import party_bearer
from tests.services.offline import new
from tests.web.test_api import problem

PATH = "/api/v1/receipts"


def test_a_receipt_is_made_listed_read_and_exported(sqlite_registry: Registry, client: FlaskClient) -> None:
    public_id, headers = new(sqlite_registry), party_bearer(sqlite_registry, scopes=[Scope.RECEIPTS])
    made = client.post(PATH, json={"public_id": public_id, "reference": "loan 7"}, headers=headers)
    assert (made.status_code, made.content_type) == (201, "application/vc")
    assert made.headers["Cache-Control"] == "private, no-store"
    read = client.get(made.headers["Location"], headers=headers)
    assert read.data == made.data
    assert made.get_json(force=True)["id"].endswith(made.headers["Location"])
    (listed,) = client.get(PATH, headers=headers).json["items"]
    assert made.headers["Location"].endswith(listed["id"])
    assert (listed["verdict"], listed["public_id"], listed["reference"]) == ("valid", public_id, "loan 7")
    assert client.get(f"{PATH}/export", headers=headers).data == made.data + b"\n"


def test_refusals(sqlite_registry: Registry, client: FlaskClient) -> None:
    public_id, headers = new(sqlite_registry), party_bearer(sqlite_registry)
    made = client.post(PATH, json={"public_id": public_id}, headers=headers)
    stranger = party_bearer(sqlite_registry, "insurer")
    problem(client.get(made.headers["Location"], headers=stranger), 404, "not-found")
    problem(client.post(PATH, json={"public_id": public_id}), 401, "not-authenticated")
    verifying = party_bearer(sqlite_registry, scopes=[Scope.VERIFY])
    problem(client.post(PATH, json={"public_id": public_id}, headers=verifying), 403, "not-permitted")
    for wrong, pointer in (
        ([], ""),
        ({}, ""),
        ({"number": 5}, "/number"),
        ({"public_id": "23456"}, "/public_id"),
        ({"number": "A", "as_of": "2999-01-01"}, "/as_of"),
        ({"number": "A", "as_of": 5}, "/as_of"),
    ):
        refused = problem(client.post(PATH, json=wrong, headers=headers), 422, "invalid-input")
        assert refused["errors"][0]["pointer"] == pointer
    new(sqlite_registry, "A-2")
    problem(client.post(PATH, json={"uscc": "91330282MA00000184"}, headers=headers), 409, "conflict")
