"""Surveillance, policy and notices by API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.services.context import Registry, Verb
from registry.services.follow_up.watch import watch_surveillance
from registry.web import follow_up_schemas as schemas
from registry.web.application import build_application
from tests.conftest import Clock, bearer, sample_request
from tests.web.test_api import problem

FRESH = {
    "granted_on": "2026-03-02",
    "decided_on": "2026-03-02",
    "valid_from": "2026-03-02",
    "valid_until": "2029-03-01",
}


@pytest.fixture
def api(sqlite_registry: Registry) -> FlaskClient:
    client = build_application(sqlite_registry).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(sqlite_registry)["Authorization"]
    return client


def create(api: FlaskClient) -> str:
    response = api.post("/api/v1/certificates", json=sample_request("N-1", **FRESH))
    assert response.status_code == 201, response.json
    public_id: str = response.json["public_id"]
    return public_id


def test_an_audit_falls_due_is_missed_and_made_up_for(
    api: FlaskClient, sqlite_registry: Registry, clock: Clock
) -> None:
    policy = api.patch("/api/v1/follow-up-policy", json={"suspends": True, "mail_to": ["a@example.org"]})
    assert (policy.status_code, policy.json["version"], policy.json["grace_days"]) == (200, 1, 30)
    assert api.get("/api/v1/follow-up-policy").json == policy.json
    public_id = create(api)
    of_this = f"/api/v1/certificates/{public_id}/surveillance"
    assert api.get(of_this).json["next_due_on"] == "2027-03-02"
    for day in ((2027, 3, 1), (2027, 3, 20), (2027, 4, 3)):
        clock.now = datetime(*day, 4, tzinfo=UTC)
        watch_surveillance(sqlite_registry)
    (item,) = api.get("/api/v1/surveillance").json["items"]
    assert (item["public_id"], item["overdue"], item["missed"]) == (public_id, True, True)
    assert item["status"]["status"] == "suspended"
    assert schemas.DuePageAnswer().validate(api.get("/api/v1/surveillance").get_json()) == {}
    told = api.get("/api/v1/notices").get_json()
    assert [one["kind"] for one in told["items"]] == ["surveillance_due", "suspension_near", "suspended"]
    assert schemas.NoticesAnswer().validate(told) == {}
    assert api.get(f"/api/v1/notices?after={told['next_after']}").json == {"items": [], "next_after": 3}
    restore = f"/api/v1/certificates/{public_id}/restore"
    problem(api.post(restore, json={"reason": "surveillance_completed"}), 409, "illegal-move")
    done = api.post(of_this, json={"result": "passed", "held_on": "2027-04-02"})
    assert (done.status_code, done.json["next_due_on"]) == (201, "2028-04-02")
    assert api.post(restore, json={"reason": "surveillance_completed"}).status_code == 200
    assert schemas.SurveillanceAnswer().validate(api.get(of_this).get_json()) == {}


def test_nothing_of_it_is_public(api: FlaskClient, sqlite_registry: Registry) -> None:
    public_id = create(api)
    api.post(f"/api/v1/certificates/{public_id}/surveillance", json={"result": "scheduled", "due_on": "2026-12-24"})
    stranger = build_application(sqlite_registry).test_client()
    for path in (
        f"/api/v1/certificates/{public_id}/surveillance",
        "/api/v1/surveillance",
        "/api/v1/notices",
        "/api/v1/follow-up-policy",
    ):
        problem(stranger.get(path), 401, "not-authenticated")
        assert (
            "no-store" in api.get(path).headers["Cache-Control"] or "private" in api.get(path).headers["Cache-Control"]
        )
    for path in (f"/api/v1/verify/{public_id}", f"/v/{public_id}", f"/certificates/{public_id}"):
        answer = stranger.get(path).text
        assert "2026-12-24" not in answer
        assert "12月24日" not in answer


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/result"),
        ({"result": "great"}, "/result"),
        ({"result": "passed"}, "/held_on"),
        ({"result": "passed", "held_on": "2026-02-30"}, "/held_on"),
        ({"result": "postponed", "due_on": "2027-06-01"}, "/note"),
        ({"result": "scheduled", "due_on": "2031-01-01"}, "/due_on"),
        ({"result": "passed", "held_on": "2026-03-02", "note": "x" * 501}, "/note"),
        ({"result": "passed", "held_on": "2026-03-02", "extra": 1}, "/extra"),
    ],
)
def test_a_wrong_record_is_422_with_the_field(api: FlaskClient, body: dict[str, Any], pointer: str) -> None:
    url = f"/api/v1/certificates/{create(api)}/surveillance"
    answer = problem(api.post(url, json=body), 422, "invalid-input")
    assert pointer in [error["pointer"] for error in answer["errors"]]
    assert api.get(url).json["records"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"grace_days": -1}, "/grace_days"),
        ({"grace_days": "soon"}, "/grace_days"),
        ({"mail_to": ["a@example.org\nBcc: b@example.org"]}, "/mail_to/0"),
        ({"mail_to": ["a@example.org"] * 6}, "/mail_to"),
        ({"expiry_notice_days": [0]}, "/expiry_notice_days/0"),
        ({"suspend": True}, "/suspend"),
    ],
)
def test_a_wrong_policy_is_422_with_the_field(api: FlaskClient, body: dict[str, Any], pointer: str) -> None:
    answer = problem(api.patch("/api/v1/follow-up-policy", json=body), 422, "invalid-input")
    assert pointer in [error["pointer"] for error in answer["errors"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "after=-1", "after=99999999999", "after=x"])
def test_a_wrong_page_of_notices_is_422(api: FlaskClient, query: str) -> None:
    problem(api.get(f"/api/v1/notices?{query}"), 422, "invalid-input")


@pytest.mark.parametrize("query", ["limit=101", "after=x", "within_days=400", "due_by=never"])
def test_a_wrong_page_of_what_is_due_is_422(api: FlaskClient, query: str) -> None:
    problem(api.get(f"/api/v1/surveillance?{query}"), 422, "invalid-input")


def test_a_key_needs_the_verb(sqlite_registry: Registry, api: FlaskClient) -> None:
    public_id = create(api)
    reader = bearer(sqlite_registry, verbs=[Verb.READ])
    url = f"/api/v1/certificates/{public_id}/surveillance"
    problem(api.post(url, json={"result": "passed"}, headers=reader), 403, "not-permitted")
    problem(api.patch("/api/v1/follow-up-policy", json={}, headers=reader), 403, "not-permitted")
    stranger = bearer(sqlite_registry, "other")
    wanted = {"result": "passed", "held_on": "2026-03-02"}
    problem(api.post(url, json=wanted, headers=stranger), 404, "not-found")
    problem(api.get(url, headers=stranger), 404, "not-found")


def test_a_certification_is_handed_over_by_api(api: FlaskClient, sqlite_registry: Registry) -> None:
    former = create(api)
    other = bearer(sqlite_registry, "other")
    certificate = sample_request("T-1", **FRESH)["certificate"]
    wanted = {"certificate": certificate, "transferred_from": {"public_id": former}}
    problem(api.put(f"/api/v1/certificates/{former}/handover", json={"to": "nobody"}), 404, "not-found")
    problem(api.put(f"/api/v1/certificates/{former}/handover", json={"to": "other"}, headers=other), 404, "not-found")
    assert api.put(f"/api/v1/certificates/{former}/handover", json={"to": "other"}).status_code == 204
    for headers in ({}, other):
        (item,) = api.get("/api/v1/handovers", headers=headers).get_json()["items"]
        assert (item["public_id"], item["from"], item["to"]) == (former, "cqc", "other")
    problem(api.post("/api/v1/transfers", json=wanted), 422, "invalid-input")
    response = api.post("/api/v1/transfers", json=wanted, headers=other)
    assert response.status_code == 201, response.json
    issued = response.get_json()["public_id"]
    assert response.headers["Location"].endswith(issued)
    found = api.get(f"/api/v1/verify/{former}").get_json()
    assert (found["verdict"], found["replaced_by"]) == ("superseded", issued)
    problem(api.delete(f"/api/v1/certificates/{former}/handover"), 404, "not-found")


@pytest.mark.parametrize(
    ("origin", "pointer"),
    [
        ({}, "/transferred_from/body"),
        ({"public_id": "x"}, "/transferred_from/public_id"),
        ({"body": "SGS", "number": "1", "revision": 1}, "/transferred_from/revision"),
        (None, "/transferred_from"),
    ],
)
def test_a_wrong_transfer_is_422_with_the_field(api: FlaskClient, origin: Any, pointer: str) -> None:
    wanted = {"certificate": sample_request("T-1", **FRESH)["certificate"], "transferred_from": origin}
    answer = problem(api.post("/api/v1/transfers", json=wanted), 422, "invalid-input")
    assert pointer in [error["pointer"] for error in answer["errors"]]
