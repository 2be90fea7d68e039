"""Four eyes at the API."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from registry.services.context import Registry, Verb
from tests.conftest import BASE_URL, bearer, sample_request
from tests.web.test_api import problem

APPROVALS = "/api/v1/approvals"


@pytest.fixture
def proposed(sqlite_registry: Registry, client: FlaskClient) -> tuple[dict[str, str], str, str]:
    """The proposer's headers, the certificate's id, and the address of the proposal to withdraw it."""
    headers = bearer(sqlite_registry)
    assert client.put("/api/v1/four-eyes", json={"on": True}, headers=headers).json == {"on": True}
    public_id = client.post("/api/v1/certificates", json=sample_request(), headers=headers).json["public_id"]
    asked = {"reason": "misuse_of_mark"}
    answer = client.post(f"/api/v1/certificates/{public_id}/withdraw", json=asked, headers=headers)
    assert answer.status_code == 202
    assert answer.content_type == "application/json"
    assert answer.headers["Location"] == answer.json["address"]
    assert answer.json["state"] == "waiting"
    return headers, public_id, answer.headers["Location"].removeprefix(BASE_URL)


def test_a_withdrawal_is_accepted_and_done_by_the_second_key(
    sqlite_registry: Registry, client: FlaskClient, proposed: tuple[dict[str, str], str, str]
) -> None:
    headers, public_id, address = proposed
    second = bearer(sqlite_registry, verbs=[Verb.APPROVE])
    waiting = client.get(f"{APPROVALS}?state=waiting", headers=second).json["items"]
    assert [one["subject"] for one in waiting] == [public_id]
    assert client.get(address, headers=second).json == waiting[0]
    problem(client.post(f"{address}/approve", headers=headers), 403, "not-permitted")
    done = client.post(f"{address}/approve", headers=second)
    assert (done.status_code, done.json["state"]) == (200, "approved")
    status = client.get(f"/api/v1/certificates/{public_id}", headers=headers).json["status"]["status"]
    assert status == "withdrawn"
    problem(client.post(f"{address}/approve", headers=second), 409, "conflict")


def test_refusing_and_taking_back(
    sqlite_registry: Registry, client: FlaskClient, proposed: tuple[dict[str, str], str, str]
) -> None:
    headers, public_id, address = proposed
    second = bearer(sqlite_registry, verbs=[Verb.APPROVE])
    refused = problem(client.post(f"{address}/refuse", json={}, headers=second), 422, "invalid-input")
    assert refused["errors"][0]["pointer"] == "/reason"
    assert client.post(f"{address}/refuse", json={"reason": "no"}, headers=second).json["reason"] == "no"
    again = client.post(
        f"/api/v1/certificates/{public_id}/withdraw", json={"reason": "misuse_of_mark"}, headers=headers
    )
    taken = client.post(f"{again.headers['Location']}/take-back", headers=headers)
    assert taken.json["state"] == "taken_back"


def test_another_issuer_s_proposal_is_not_found(
    sqlite_registry: Registry, client: FlaskClient, proposed: tuple[dict[str, str], str, str]
) -> None:
    stranger, address = bearer(sqlite_registry, "other"), proposed[2]
    assert client.get(APPROVALS, headers=stranger).json["items"] == []
    problem(client.get(address, headers=stranger), 404, "not-found")
    problem(client.post(f"{address}/approve", headers=stranger), 404, "not-found")
    problem(client.post(f"{address}/refuse", json={"reason": "x"}, headers=stranger), 404, "not-found")


def test_switching_it_off_waits(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers = bearer(sqlite_registry)
    client.put("/api/v1/four-eyes", json={"on": True}, headers=headers)
    off = client.put("/api/v1/four-eyes", json={"on": False}, headers=headers)
    assert (off.status_code, off.json["act"]) == (202, "issuer.four_eyes_off")
    assert client.get("/api/v1/four-eyes", headers=headers).json == {"on": True}
    client.post(f"{off.headers['Location']}/approve", headers=bearer(sqlite_registry))
    assert client.get("/api/v1/four-eyes", headers=headers).json == {"on": False}
    for wrong in ({"on": "yes"}, {}):
        problem(client.put("/api/v1/four-eyes", json=wrong, headers=headers), 422, "invalid-input")
