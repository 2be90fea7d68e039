"""The API as issuers and banks meet it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.services.context import Registry, Verb
from registry.services.find import stored_document
from registry.web import schemas
from registry.web.application import build_application
from tests.conftest import BASE_URL, Clock, bearer, sample_request

CERTIFICATES = "/api/v1/certificates"


@pytest.fixture
def api(registry: Registry) -> FlaskClient:
    client = build_application(registry).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(registry)["Authorization"]
    return client


def create(api: FlaskClient, number: str = "00125Q30001R0S", **changes: Any) -> dict[str, Any]:
    response = api.post(CERTIFICATES, json=sample_request(number, **changes))
    assert response.status_code == 201, response.json
    assert isinstance(response.json, dict)
    return response.json


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    """A problem document as RFC 9457 wants it."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = response.json
    assert document["type"] == f"{BASE_URL}/problems#{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def test_the_whole_story_in_one_go(api: FlaskClient) -> None:
    made = create(api)
    public_id = made["public_id"]
    assert made["status"]["status"] == "valid"
    assert made["links"]["verify"] == f"{BASE_URL}/v/{public_id}"
    assert made["credential"]["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    assert api.get(f"/api/v1/verify/{public_id}").json["verdict"] == "valid"
    for verb, reason, verdict in (
        ("suspend", "surveillance_overdue", "suspended"),
        ("restore", "surveillance_completed", "valid"),
        ("withdraw", "misuse_of_mark", "withdrawn"),
    ):
        response = api.post(f"{CERTIFICATES}/{public_id}/{verb}", json={"reason": reason})
        assert response.status_code == 200, response.json
        assert response.json["status"]["status"] == verdict
        assert api.get(f"/api/v1/verify/{public_id}").json["verdict"] == verdict
    events = api.get(f"{CERTIFICATES}/{public_id}/history").json["events"]
    assert [event["act"] for event in events] == ["issue", "suspend", "restore", "withdraw"]


def test_answers_have_the_documented_shape(api: FlaskClient) -> None:
    made = create(api)
    public_id = made["public_id"]
    for schema, answer in (
        (schemas.CertificateAnswer, made),
        (schemas.CertificateAnswer, api.get(f"{CERTIFICATES}/{public_id}").json),
        (schemas.PageAnswer, api.get(CERTIFICATES).json),
        (schemas.HistoryAnswer, api.get(f"{CERTIFICATES}/{public_id}/history").json),
        (schemas.ChangeAnswer, api.post(f"{CERTIFICATES}/{public_id}/cancel", json={"reason": "holder_request"}).json),
        (schemas.VerificationAnswer, api.get(f"/api/v1/verify/{public_id}").json),
        (schemas.VerificationAnswer, api.post("/api/v1/verify", json=made["credential"]).json),
        (schemas.PageAnswer, api.get("/api/v1/search?name=华丰").json),
        (schemas.IssuersAnswer, api.get("/api/v1/issuers").json),
        (schemas.CatalogueAnswer, api.get("/api/v1/schemes").json),
        (schemas.ConsistencyAnswer, api.get("/api/v1/log/consistency?from=0&to=2").json),
    ):
        assert isinstance(answer, dict)
        assert schema().validate(answer) == {}, schema


def test_the_api_document_is_openapi_3_1_and_knows_every_route(api: FlaskClient) -> None:
    document = api.get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {
        "/api/v1/certificates",
        "/api/v1/certificates/{public_id}",
        *(
            f"/api/v1/certificates/{{public_id}}/{what}"
            for what in (
                "history",
                "suspend",
                "restore",
                "withdraw",
                "cancel",
                "call-off",
                "reissue",
                "versions",
                "surveillance",
                "handover",
            )
        ),
        "/api/v1/surveillance",
        "/api/v1/transfers",
        "/api/v1/handovers",
        "/api/v1/notices",
        "/api/v1/follow-up-policy",
        "/api/v1/keys",
        *(f"/api/v1/keys/{what}" for what in ("challenges", "rotate", "{name}/retire", "{name}/compromise")),
        "/api/v1/preparations",
        "/api/v1/preparations/{public_id}",
        "/api/v1/preparations/{public_id}/credential",
        "/api/v1/verify/{public_id}",
        "/api/v1/verify",
        "/api/v1/holders/{scheme}/{value}",
        "/api/v1/search",
        "/api/v1/issuers",
        "/api/v1/schemes",
        "/api/v1/certificates/{public_id}/proof",
        "/api/v1/log/consistency",
        "/api/v1/trust-bundle",
        "/api/v1/certificates.zip",
        "/api/v1/certificates/export",
        "/api/v1/imports",
        *(f"/api/v1/imports/{what}" for what in ("template", "{name}", "{name}/accept")),
        *(f"/api/v1/imports/{{name}}/{what}" for what in ("errors", "errors.ndjson")),
        *(f"/api/v1/{what}" for what in ("audit", "statistics", "four-eyes", "approvals", "api-keys")),
        *(f"/api/v1/approvals/{{reference}}{what}" for what in ("", "/approve", "/refuse", "/take-back")),
        *(f"/api/v1/api-keys/{{key_id}}/{what}" for what in ("rotate", "revoke")),
        "/api/v1/verifications",
        "/api/v1/events",
        *(f"/api/v1/watches{what}" for what in ("", "/{watch_id}")),
        "/api/v1/webhooks",
        *(f"/api/v1/webhooks/{{endpoint_id}}{what}" for what in ("", "/verify", "/rotate", "/deliveries", "/repeat")),
        *(f"/api/v1/receipts{what}" for what in ("", "/export", "/{name}")),
        *(f"/api/v1/party{what}" for what in ("", "/keys", "/keys/{key_id}/rotate", "/keys/{key_id}/revoke")),
    }
    create_operation = document["paths"]["/api/v1/certificates"]["post"]
    assert create_operation["security"] == [{"apiKey": []}]
    assert "security" not in document["paths"]["/api/v1/verify/{public_id}"]["get"]
    assert "Idempotency-Key" in [one.get("name") for one in create_operation["parameters"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("from=0", "/to"), ("to=x", "/to"), ("from=-1&to=1", "/from"), ("from=2&to=1", "/to"), ("to=1&size=2", "/size")],
)
def test_a_consistency_proof_is_between_two_sizes_of_the_log(api: FlaskClient, query: str, pointer: str) -> None:
    response = api.get(f"/api/v1/log/consistency?{query}")
    assert response.status_code == 422
    assert [one["pointer"] for one in response.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("request_body", "pointer"),
    [
        (b"{", ""),
        (b"", ""),
        (b'{"certificate": {}, "certificate": {}}', ""),
        (b"[1]", ""),
        (json.dumps({"certificate": {}}).encode(), "/certificate/number"),
        (json.dumps({**sample_request(), "extra": 1}).encode(), "/extra"),
        (json.dumps(sample_request(colour="red")).encode(), "/certificate/colour"),
        (json.dumps(sample_request(scheme="iso-9999")).encode(), "/certificate/scheme"),
        (json.dumps(sample_request(valid_until="2020-01-01")).encode(), "/certificate/valid_until"),
        (json.dumps(sample_request(valid_until="next year")).encode(), "/certificate/valid_until"),
        (json.dumps(sample_request()).replace('"00125Q30001R0S"', "7").encode(), "/certificate/number"),
        (
            json.dumps(sample_request()).replace("91330282MA00000184", "91330282MA00000185").encode(),
            "/certificate/holder/identifier/value",
        ),
        (json.dumps(sample_request()).replace('330282"', '33028"').encode(), "/certificate/holder/region"),
    ],
)
def test_bad_input_is_422_with_the_path_and_the_reason(api: FlaskClient, request_body: bytes, pointer: str) -> None:
    response = api.post(CERTIFICATES, data=request_body, content_type="application/json")
    document = problem(response, 422, "invalid-input")
    assert pointer in [error["pointer"] for error in document["errors"]], document
    assert all(error["detail"] for error in document["errors"])
    assert api.get(CERTIFICATES).json["items"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "status=fine", "colour=red", "after=nonsense", "valid_from_min=x"]
)
def test_bad_queries_are_422(api: FlaskClient, query: str) -> None:
    problem(api.get(f"{CERTIFICATES}?{query}"), 422, "invalid-input")


def test_control_characters_are_refused_wherever_they_come_from(api: FlaskClient) -> None:
    """PostgreSQL can't store NUL; no database should keep what nobody can read."""
    for texts in ("name", "scope"):
        request = sample_request()
        place = request["certificate"]["scope"] if texts == "scope" else request["certificate"]["holder"]["name"]
        place["en"] = "a\x00b"
        problem(api.post(CERTIFICATES, json=request), 422, "invalid-input")
    surrogate = json.dumps(sample_request()).replace("Huafeng", "\\ud800").encode()
    problem(api.post(CERTIFICATES, data=surrogate), 422, "invalid-input")
    public_id = create(api)["public_id"]
    note = {"reason": "other", "note": "a\x00b"}
    problem(api.post(f"{CERTIFICATES}/{public_id}/suspend", json=note), 422, "invalid-input")
    for path in ("search?number=%00", "search?uscc=%00", "search?name=%00&match=prefix", "search?name=华丰%00"):
        assert api.get(f"/api/v1/{path}").status_code in {200, 422}
    assert api.get("/issuers/%00/did.json").status_code in {404, 422}


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer x", "Basic abc", "Bearer crk_000000000000_" + "A" * 43, "Bearer " + "x" * 5000],
)
def test_without_a_good_key_it_is_401(registry: Registry, header: str | None) -> None:
    client = build_application(registry).test_client()
    headers = {} if header is None else {"Authorization": header}
    for response in (client.get(CERTIFICATES, headers=headers), client.post(CERTIFICATES, json={}, headers=headers)):
        problem(response, 401, "not-authenticated")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_revoked_and_expired_keys_are_401(registry: Registry, clock: Clock) -> None:
    from registry.services.api_keys import create_api_key, revoke_api_key

    client = build_application(registry).test_client()
    revoked = create_api_key(registry, "cqc", list(Verb), "")
    expiring = create_api_key(registry, "cqc", list(Verb), "", clock.now.replace(hour=5))
    for token in (revoked, expiring):
        assert client.get(CERTIFICATES, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    revoke_api_key(registry, revoked)
    clock.advance(hours=1)
    for token in (revoked, expiring):
        problem(client.get(CERTIFICATES, headers={"Authorization": f"Bearer {token}"}), 401, "not-authenticated")


def test_a_key_without_the_verb_is_403_before_the_body_is_looked_at(registry: Registry) -> None:
    client = build_application(registry).test_client()
    headers = bearer(registry, verbs=[Verb.READ])
    problem(client.post(CERTIFICATES, data=b"{", headers=headers), 403, "not-permitted")
    assert client.get(CERTIFICATES, headers=headers).status_code == 200


def test_another_issuers_certificate_is_404_without_a_hint(registry: Registry, api: FlaskClient) -> None:
    public_id = create(api)["public_id"]
    stranger = bearer(registry, "other")
    missing = api.get(CERTIFICATES + "/222222222222222").status_code
    assert missing == 404
    for response in (
        api.get(f"{CERTIFICATES}/{public_id}", headers=stranger),
        api.get(f"{CERTIFICATES}/{public_id}/history", headers=stranger),
        api.post(f"{CERTIFICATES}/{public_id}/withdraw", json={"reason": "misuse_of_mark"}, headers=stranger),
        api.post(
            f"{CERTIFICATES}/{public_id}/reissue",
            json={**sample_request("new"), "reason": "correction"},
            headers=stranger,
        ),
    ):
        problem(response, 404, "not-found")
    assert api.get(CERTIFICATES, headers=stranger).json["items"] == []
    assert api.get(f"/api/v1/verify/{public_id}").json["verdict"] == "valid"


def test_an_illegal_move_is_409_with_the_present_status(api: FlaskClient) -> None:
    public_id = create(api)["public_id"]
    api.post(f"{CERTIFICATES}/{public_id}/withdraw", json={"reason": "misuse_of_mark"})
    response = api.post(f"{CERTIFICATES}/{public_id}/restore", json={"reason": "fee_settled"})
    assert problem(response, 409, "illegal-move")["certificate_status"] == "withdrawn"


def test_a_taken_number_is_409(api: FlaskClient) -> None:
    create(api)
    document = problem(api.post(CERTIFICATES, json=sample_request()), 409, "conflict")
    assert "00125Q30001R0S" in document["detail"]


def test_a_repeated_post_is_answered_the_same_and_done_once(api: FlaskClient, clock: Clock) -> None:
    headers = {"Idempotency-Key": "order-4711"}
    first = api.post(CERTIFICATES, json=sample_request(), headers=headers)
    clock.advance(days=1)
    public_id = first.json["public_id"]
    api.post(f"{CERTIFICATES}/{public_id}/suspend", json={"reason": "fee_unpaid"})
    again = api.post(CERTIFICATES, json=sample_request(), headers=headers)
    assert (again.status_code, again.json) == (201, first.json)
    problem(api.post(CERTIFICATES, json=sample_request("X"), headers=headers), 422, "idempotency-key-reused")
    too_long = api.post(CERTIFICATES, json=sample_request("X"), headers={"Idempotency-Key": "k" * 256})
    problem(too_long, 422, "invalid-input")
    assert len(api.get(CERTIFICATES).json["items"]) == 1


def test_a_planned_act_is_called_off_by_its_number_in_the_history(api: FlaskClient, clock: Clock) -> None:
    public_id = create(api)["public_id"]
    url = f"/api/v1/certificates/{public_id}"
    later = (clock.now + timedelta(days=2)).isoformat()
    act = api.post(f"{url}/withdraw", json={"reason": "legal_sanction", "effective_at": later}).get_json()
    wanted = {"calls_off": act["sequence"], "reason": "planned_in_error"}
    answer = api.post(f"{url}/call-off", json=wanted)
    assert (answer.status_code, answer.get_json()["act"]) == (200, "call_off")
    problem(api.post(f"{url}/call-off", json=wanted), 422, "invalid-input")
    clock.advance(days=3)
    assert api.get(f"/api/v1/verify/{public_id}").get_json()["verdict"] == "valid"
    events = api.get(f"{url}/history").get_json()["events"]
    assert [one["calls_off"] for one in events] == [None, None, 2]


def test_reissue_answers_with_the_new_certificate(api: FlaskClient) -> None:
    old = create(api)
    body = {**sample_request("new", decided_on="2026-03-02", valid_from="2026-03-02"), "reason": "correction"}
    response = api.post(f"{CERTIFICATES}/{old['public_id']}/reissue", json=body)
    assert response.status_code == 201, response.json
    assert response.json["revision"] == 1
    assert response.json["credential"]["credentialSubject"]["certificate"]["replaces"] == {
        "change": "correction",
        "number": old["number"],
        "revision": 1,
        "credential": f"{BASE_URL}/certificates/{old['public_id']}",
    }
    found = api.get(f"/api/v1/verify/{old['public_id']}").json
    assert (found["verdict"], found["replaced_by"]) == ("superseded", response.json["public_id"])


def test_a_new_version_takes_only_what_changes_and_keeps_the_number(api: FlaskClient, clock: Clock) -> None:
    old = create(api)
    url = f"{CERTIFICATES}/{old['public_id']}/versions"
    changes = {"scope": {"zh": "汽车用注塑件的生产"}}
    response = api.post(url, json={"kind": "scope_reduction", "certificate": changes})
    assert response.status_code == 201, response.json
    terms = response.json["credential"]["credentialSubject"]["certificate"]
    assert (terms["number"], terms["revision"], terms["scope"]) == (old["number"], 2, changes["scope"])
    found = api.get(f"/api/v1/verify/{old['public_id']}").json
    assert [(one["change"], one["status"]["status"]) for one in found["versions"]] == [
        ("initial", "superseded"),
        ("scope_reduction", "valid"),
    ]
    assert api.get(f"/api/v1/verify/{response.json['public_id']}").json["versions"] == found["versions"]
    assert api.get(url).json["versions"] == found["versions"]
    newest = api.get(f"/api/v1/search?number={old['number']}").json["items"]
    assert [one["public_id"] for one in newest] == [response.json["public_id"], old["public_id"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "scope_reduction", "certificate": {"scope": "text"}}, "/certificate/scope"),
        ({"kind": "scope_reduction", "certificate": {"nonsense": 1}}, "/certificate/nonsense"),
        ({"kind": "scope_reduction", "certificate": {"holder": 5}}, "/certificate/holder"),
        ({"kind": "scope_reduction", "certificate": {"revision": 7}}, "/certificate/revision"),
        ({"kind": "scope_reduction", "certificate": {"scope": None}}, "/certificate/scope"),
        ({"kind": "scope_reduction", "certificate": []}, "/certificate"),
        ({"kind": "transfer", "certificate": {}}, "/kind"),
        ({"kind": "nonsense", "certificate": {}}, "/kind"),
        ({"certificate": {}}, "/kind"),
        ({"kind": "name_change", "certificate": {}}, "/certificate"),
        ({"kind": "name_change", "certificate": {"holder": {"identifier": None}}}, "/certificate/holder/identifier"),
    ],
)
def test_a_wrong_version_is_422_with_the_path(api: FlaskClient, body: dict[str, Any], pointer: str) -> None:
    public_id = create(api)["public_id"]
    answer = problem(api.post(f"{CERTIFICATES}/{public_id}/versions", json=body), 422, "invalid-input")
    assert pointer in [error["pointer"] for error in answer["errors"]]


def test_the_list_pages_by_cursor(api: FlaskClient) -> None:
    for number in ("a", "b", "c"):
        create(api, number)
    first = api.get(f"{CERTIFICATES}?limit=2").json
    second = api.get(f"{CERTIFICATES}?limit=2&after={first['next_after']}").json
    assert [item["number"] for item in first["items"] + second["items"]] == ["c", "b", "a"]
    assert second["next_after"] is None


def test_a_handed_in_document_is_judged(registry: Registry, api: FlaskClient) -> None:
    made = create(api)
    _, document = stored_document(registry, made["public_id"])
    genuine = api.post("/api/v1/verify", data=document, content_type="application/vc")
    assert (genuine.status_code, genuine.json["verdict"]) == (200, "valid")
    altered = document.replace("注塑件".encode(), "发动机".encode(), 1)
    judged = api.post("/api/v1/verify", data=altered).json
    assert judged["verdict"] == "invalid"
    assert judged["differences"]
    problem(api.post("/api/v1/verify", data=b"<xml/>"), 422, "invalid-input")


@pytest.mark.parametrize("public_id", ["x", "2222222222222F3", "A" * 5000, "..%2f..%2fetc%2fpasswd", "%00", "'--"])
def test_ids_that_are_none_are_404(api: FlaskClient, public_id: str) -> None:
    response = api.get(f"/api/v1/verify/{public_id}")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


def test_the_verdict_has_an_etag_that_changes_with_the_status_and_not_with_time(api: FlaskClient, clock: Clock) -> None:
    public_id = create(api)["public_id"]
    first = api.get(f"/api/v1/verify/{public_id}")
    clock.advance(minutes=1)
    second = api.get(f"/api/v1/verify/{public_id}")
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.json["checked_at"] != second.json["checked_at"]
    conditional = {"If-None-Match": first.headers["ETag"]}
    assert api.get(f"/api/v1/verify/{public_id}", headers=conditional).status_code == 304
    api.post(f"{CERTIFICATES}/{public_id}/suspend", json={"reason": "fee_unpaid"})
    changed = api.get(f"/api/v1/verify/{public_id}", headers=conditional)
    assert (changed.status_code, changed.json["verdict"]) == (200, "suspended")


def test_the_fast_path_answers_exactly_as_flask_does(api: FlaskClient) -> None:
    """A condition that never holds makes Flask answer; both answers are one."""
    public_id = create(api)["public_id"]
    fast = api.get(f"/api/v1/verify/{public_id}")
    slow = api.get(f"/api/v1/verify/{public_id}", headers={"If-None-Match": '"other"'})
    assert fast.data == slow.data
    assert {**fast.headers, "Date": ""} == {**slow.headers, "Date": ""}


def test_admin_answers_are_not_for_caches(api: FlaskClient) -> None:
    public_id = create(api)["public_id"]
    for path in (CERTIFICATES, f"{CERTIFICATES}/{public_id}"):
        assert "no-store" in api.get(path).headers["Cache-Control"]


def test_what_is_too_large_is_413(api: FlaskClient) -> None:
    for path in (CERTIFICATES, "/api/v1/verify"):
        response = api.post(path, data=b'"' + b"x" * 1_100_000 + b'"', content_type="application/json")
        assert response.status_code == 413
        assert response.content_type == "application/problem+json"


def test_wrong_methods_and_paths_are_problem_documents_too(api: FlaskClient) -> None:
    response = api.delete(CERTIFICATES)
    problem(response, 405, "method-not-allowed")
    assert "POST" in response.headers["Allow"]
    problem(api.get("/api/v1/nothing"), 404, "not-found")


def test_too_many_requests_are_429_on_both_paths(registry: Registry, clock: Clock) -> None:
    from dataclasses import replace

    strict = replace(registry, settings=replace(registry.settings, rate_limit_public="3 per minute"))
    client = build_application(strict).test_client()
    public_id = create_with(client, registry)
    answers = [client.get(f"/api/v1/verify/{public_id}") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].content_type == "application/problem+json"
    assert client.get("/api/v1/issuers").status_code == 429
    assert client.get("/healthz").status_code == 200


def create_with(client: FlaskClient, registry: Registry) -> str:
    public_id: str = client.post(CERTIFICATES, json=sample_request(), headers=bearer(registry)).json["public_id"]
    return public_id


def test_the_context_of_our_terms_is_where_credentials_say(api: FlaskClient) -> None:
    context = create(api)["credential"]["@context"][-1]
    document = api.get(context.removeprefix(BASE_URL))
    assert document.content_type == "application/ld+json"
    terms = json.loads(document.data)["@context"]["certificate"]["@context"]
    assert terms["number"]["@id"].startswith(BASE_URL)


def test_the_registry_says_that_it_is_ready(api: FlaskClient) -> None:
    assert api.get("/healthz").json == {"status": "alive"}
    assert api.get("/readyz").json == {"status": "ready"}


def test_no_request_makes_the_registry_work_for_minutes(registry: Registry, api: FlaskClient) -> None:
    """Each of these once froze a server or filled its memory."""
    public_id = create(api)["public_id"]
    assert api.get(f"/v/{public_id}/qr.png?scale=00400").status_code == 422
    assert api.get("/search?q=" + "%3F" * 60000 + "%0Aa").status_code in {200, 414, 422}
    _, document = stored_document(registry, public_id)
    padded = document[:-1] + ',"é":['.encode() + b"1.5," * 50_000 + b"1]}"
    judged = api.post("/api/v1/verify", data=padded)
    assert len(judged.data) < 20_000
    assert api.post("/api/v1/verify", data=b" " * 300_000).status_code == 413
    many = {"certificate": {**sample_request()["certificate"], "sites": [{}] * 50_000}}
    refused = api.post(CERTIFICATES, json=many)
    assert problem(refused, 422, "invalid-input")["errors"][0]["pointer"] == "/certificate/sites"
    assert len(refused.data) < 20_000
    unknown = api.get("/api/v1/search?" + "&".join(str(number) for number in range(5000)))
    assert len(unknown.data) < 20_000


def test_a_body_without_a_length_is_limited_too(api: FlaskClient) -> None:
    body = io.BytesIO(b'{"a": 1}' + b" " * 2_000_000)
    for path in ("/api/v1/verify", CERTIFICATES):
        body.seek(0)
        environment = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        assert api.post(path, environ_overrides=environment).status_code == 413


def test_times_beyond_the_calendar_are_422(api: FlaskClient) -> None:
    public_id = create(api)["public_id"]
    body = {"reason": "fee_unpaid", "until": "9999-12-31T23:59:59-12:00"}
    response = api.post(f"{CERTIFICATES}/{public_id}/suspend", json=body)
    assert problem(response, 422, "invalid-input")["errors"][0]["pointer"] == "/until"


def test_several_limits_hold_on_the_fast_path_as_well(registry: Registry) -> None:
    from dataclasses import replace

    limits = replace(registry.settings, rate_limit_public="100 per minute; 3 per minute")
    client = build_application(replace(registry, settings=limits)).test_client()
    public_id = create_with(client, registry)
    assert [client.get(f"/api/v1/verify/{public_id}").status_code for _ in range(4)] == [200, 200, 200, 429]
