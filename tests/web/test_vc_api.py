"""The conformance face over HTTP: off unless turned on, and in the shape that public suites expect."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.domain.errors import Misconfigured
from registry.formats.bitstring_status_list import Problem
from registry.formats.proofs import Cryptosuite
from registry.services.context import Registry
from registry.services.vc_problem import Kind
from registry.settings import read_settings
from registry.web.application import build_application
from registry.web.headers import SECURITY
from tests.services.foreign_signers import HOLDER, ISSUER, credential, presentation

BOTH = pytest.mark.parametrize("suite", list(Cryptosuite))
ROUTES = ("credentials/issue", "credentials/verify", "presentations/verify")


@pytest.fixture
def conformance_client(sqlite_registry: Registry) -> FlaskClient:
    settings = replace(sqlite_registry.settings, vc_api=True, max_body_bytes=20_000)
    return build_application(replace(sqlite_registry, settings=settings)).test_client()


def post(client: FlaskClient, suite: str, route: str, body: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/vc-api/{suite}/{route}", data=data, content_type="application/json")


def test_it_is_off_unless_turned_on(client: FlaskClient, sqlite_registry: Registry) -> None:
    assert sqlite_registry.settings.vc_api is False
    for suite in Cryptosuite:
        for route in ROUTES:
            assert post(client, suite, route, {"credential": credential()}).status_code == 404
        assert client.get(f"/vc-api/{suite}/status-lists/revocation").status_code == 404
    assert not [record for record in sqlite_registry.keys.records() if record.purpose == "conformance"]


def test_the_setting_is_on_or_off_and_origins_are_origins() -> None:
    assert read_settings({}).vc_api is False
    assert read_settings({}).vc_api_status_hosts == frozenset()
    named = {"REGISTRY_VC_API": "on", "REGISTRY_VC_API_STATUS_HOSTS": "https://a.example, http://127.0.0.1:9000"}
    assert read_settings(named).vc_api is True
    assert read_settings(named).vc_api_status_hosts == {"https://a.example", "http://127.0.0.1:9000"}
    for wrong in ({"REGISTRY_VC_API": "yes"}, {"REGISTRY_VC_API_STATUS_HOSTS": "*"}):
        with pytest.raises(Misconfigured, match=next(iter(wrong))):
            read_settings(wrong)


@BOTH
def test_issue_and_verify(conformance_client: FlaskClient, suite: Cryptosuite) -> None:
    issued = post(conformance_client, suite, "credentials/issue", {"credential": credential(), "options": {}})
    assert issued.status_code == 201
    answer: Any = issued.json
    assert list(answer) == ["verifiableCredential"]
    assert answer["verifiableCredential"]["proof"]["cryptosuite"] == suite
    for reader in Cryptosuite:
        verified = post(conformance_client, reader, "credentials/verify", answer)
        assert (verified.status_code, verified.json["verified"]) == (200, True)
        with_checks = {**answer, "options": {"checks": ["proof"]}}
        assert post(conformance_client, reader, "credentials/verify", with_checks).status_code == 200


@BOTH
def test_a_refusal_is_a_problem_document_that_names_the_member(
    conformance_client: FlaskClient, suite: Cryptosuite
) -> None:
    broken = credential(issuer="fake", validFrom="yesterday")
    for route, member in (("credentials/issue", "credential"), ("credentials/verify", "verifiableCredential")):
        response = post(conformance_client, suite, route, {member: broken})
        assert response.status_code == 400
        assert response.content_type == "application/problem+json"
        assert response.json["type"] == Kind.MALFORMED
        assert response.json["status"] == 400
        assert response.json["verified"] is False
        assert [one["pointer"] for one in response.json["problemDetails"]] == [
            f"/{member}/issuer",
            f"/{member}/validFrom",
        ]
        assert all(one["type"] and one["title"] and one["detail"] for one in response.json["problemDetails"])


@BOTH
def test_an_altered_credential_is_refused(conformance_client: FlaskClient, suite: Cryptosuite) -> None:
    signed = ISSUER.sign(credential(), suite)
    assert post(conformance_client, suite, "credentials/verify", {"verifiableCredential": signed}).status_code == 200
    altered = {**signed, "id": "urn:uuid:another"}
    response = post(conformance_client, suite, "credentials/verify", {"verifiableCredential": altered})
    assert (response.status_code, response.json["type"]) == (400, Kind.PROOF_VERIFICATION)


@BOTH
def test_presentations_answer_a_challenge(conformance_client: FlaskClient, suite: Cryptosuite) -> None:
    asked = {"challenge": "c-1", "domain": "bank.example"}
    signed = HOLDER.sign(presentation(ISSUER.sign(credential(), suite)), suite, purpose="authentication", **asked)
    for options, status in ((asked, 200), ({}, 200), ({"challenge": "c-2"}, 400), ({"domain": ["other.example"]}, 400)):
        body = {"verifiablePresentation": signed, "options": options}
        assert post(conformance_client, suite, "presentations/verify", body).status_code == status
    unsigned = {"presentation": presentation(ISSUER.sign(credential(), suite))}
    assert post(conformance_client, suite, "presentations/verify", unsigned).status_code == 200
    assert post(conformance_client, suite, "presentations/verify", {"verifiablePresentation": "x"}).status_code == 400


@BOTH
def test_a_status_that_cannot_be_told_is_a_problem_of_the_status_standard(
    conformance_client: FlaskClient, suite: Cryptosuite
) -> None:
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://elsewhere.example/list",
    }
    signed = ISSUER.sign(credential(credentialStatus=entry), suite)
    response = post(conformance_client, suite, "credentials/verify", {"verifiableCredential": signed})
    assert (response.status_code, response.json["type"]) == (400, Problem.RETRIEVAL.type)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff",
        b'{"credential": {}, "credential": {}}',
        b"[" * 10_000,
        {},
        {"credential": None, "verifiableCredential": None, "verifiablePresentation": None},
        {"credential": "x", "verifiableCredential": "x", "verifiablePresentation": "x"},
    ],
)
def test_what_cannot_be_read_is_a_bad_request(conformance_client: FlaskClient, route: str, body: Any) -> None:
    response = post(conformance_client, Cryptosuite.RDFC, route, body)
    assert (response.status_code, response.json["type"]) == (400, Kind.PARSING)


@pytest.mark.parametrize(
    "options", ["x", [], {"checks": "proof"}, {"checks": [1]}, {"challenge": 1}, {"domain": {}}, {"domain": [None]}]
)
def test_options_have_their_form(conformance_client: FlaskClient, options: Any) -> None:
    body = {"verifiableCredential": ISSUER.sign(credential(), Cryptosuite.JCS), "options": options}
    response = post(conformance_client, Cryptosuite.JCS, "credentials/verify", body)
    assert (response.status_code, response.json["type"]) == (400, Kind.PARSING)


def test_an_instance_signs_with_its_own_cryptosuite(conformance_client: FlaskClient) -> None:
    for suite, status in ((Cryptosuite.JCS, 201), (Cryptosuite.RDFC, 400), ("eddsa-2099", 400)):
        body = {"credential": credential(), "options": {"cryptosuite": suite}}
        assert post(conformance_client, Cryptosuite.JCS, "credentials/issue", body).status_code == status
    assert post(conformance_client, "eddsa-2099", "credentials/issue", {"credential": credential()}).status_code == 404


def test_large_bodies_and_other_methods_are_refused(conformance_client: FlaskClient) -> None:
    large = {"credential": credential(name="x" * 20_000)}
    assert post(conformance_client, Cryptosuite.JCS, "credentials/issue", large).status_code == 413
    assert conformance_client.get("/vc-api/eddsa-jcs-2022/credentials/issue").status_code == 405


def test_it_has_a_limit_of_its_own_that_leaves_room_for_one_run_of_a_suite(sqlite_registry: Registry) -> None:
    settings = replace(sqlite_registry.settings, vc_api=True, rate_limit_public="1 per minute")
    client = build_application(replace(sqlite_registry, settings=settings)).test_client()
    statuses = [post(client, "eddsa-jcs-2022", "credentials/verify", {}).status_code for _ in range(601)]
    assert set(statuses[:600]) == {400}
    assert statuses[600] == 429
    assert client.get("/schemes").status_code == 200


@BOTH
def test_the_status_list_comes_in_the_words_that_the_client_knows(
    conformance_client: FlaskClient, suite: Cryptosuite
) -> None:
    path = f"/vc-api/{suite}/status-lists/revocation"
    for accept, media_type in (
        ("*/*", "application/vc"),
        ("application/ld+json, application/json", "application/ld+json"),
        ("application/json", "application/json"),
        ("text/html", "application/vc"),
    ):
        response = conformance_client.get(path, headers={"Accept": accept})
        assert (response.status_code, response.content_type) == (200, media_type)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    body = {"verifiableCredential": json.loads(response.data)}
    assert post(conformance_client, suite, "credentials/verify", body).status_code == 200


def test_answers_carry_the_headers_of_all_others(conformance_client: FlaskClient) -> None:
    for body in ({}, {"credential": credential()}):
        response = post(conformance_client, Cryptosuite.JCS, "credentials/issue", body)
        assert response.headers["Cache-Control"] == "no-store"
        for name, value in SECURITY.items():
            assert response.headers[name] == value
