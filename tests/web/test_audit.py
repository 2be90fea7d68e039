"""The audit trail at the API, and where requests come from."""

from __future__ import annotations

from dataclasses import replace

from flask.testing import FlaskClient

from registry.services.context import CERTIFICATE_VERBS, Registry, Verb
from registry.web.application import build_application
from tests.conftest import bearer, sample_request
from tests.web.test_api import problem


def test_who_and_from_where(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers = bearer(sqlite_registry)
    issued = client.post("/api/v1/certificates", json=sample_request(), headers=headers)
    answer = client.get("/api/v1/audit?act=certificate.issue", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    told = answer.json["items"][0]
    assert told["subject"] == issued.json["public_id"]
    assert told["origin"] == "127.0.0.1"
    assert told["actor"].startswith("apikey:")
    assert told["position"] > 1
    assert answer.json["next_after"] is None


def test_behind_a_proxy_the_origin_is_the_asker_s(sqlite_registry: Registry) -> None:
    forwarded = {**bearer(sqlite_registry), "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    origins = []
    for proxies in (0, 1):
        settings = replace(sqlite_registry.settings, trusted_proxies=proxies)
        client = build_application(replace(sqlite_registry, settings=settings)).test_client()
        client.post("/api/v1/certificates", json=sample_request(f"A-{proxies}"), headers=forwarded)
        origins.append(client.get("/api/v1/audit?limit=1", headers=forwarded).json["items"][0]["origin"])
    # What the asker writes in front of the proxy's own word counts for nothing.
    assert origins == ["127.0.0.1", "203.0.113.9"]


def test_pages_filters_and_refusals(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers = bearer(sqlite_registry)
    first = client.get("/api/v1/audit?limit=2", headers=headers).json
    rest = client.get(f"/api/v1/audit?after={first['next_after']}", headers=headers).json
    assert not {one["id"] for one in first["items"]} & {one["id"] for one in rest["items"]}
    late = client.get("/api/v1/audit?since=2026-03-02T04:00:00Z", headers=headers).json["items"]
    assert [one["act"] for one in late] == ["apikey.create"]
    for query in ("since=yesterday", "limit=0", "after=x", "who=x"):
        refused = problem(client.get(f"/api/v1/audit?{query}", headers=headers), 422, "invalid-input")
        assert refused["errors"][0]["pointer"] == f"/{query.split('=')[0]}"


def test_the_verb_is_needed(sqlite_registry: Registry, client: FlaskClient) -> None:
    headers = bearer(sqlite_registry, verbs=list(CERTIFICATE_VERBS))
    problem(client.get("/api/v1/audit", headers=headers), 403, "not-permitted")
    assert client.get("/api/v1/audit", headers=bearer(sqlite_registry, verbs=[Verb.AUDIT])).status_code == 200
    problem(client.get("/api/v1/audit"), 401, "not-authenticated")
