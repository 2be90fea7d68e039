"""An issuer that keeps its key, as its software meets the API."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.formats.multikey import encode_public_key
from registry.services import manage_keys
from registry.services.context import Registry, Verb
from registry.web import own_key_schemas as schemas
from registry.web import schemas as common
from registry.web.application import build_application
from tests.conftest import BASE_URL, bearer, sample_request
from tests.services.own_key_holders import KeyHolder
from tests.web.test_api import problem

KEYS, PREPARATIONS = "/api/v1/keys", "/api/v1/preparations"
HOLDER = KeyHolder()


@pytest.fixture
def api(registry: Registry) -> FlaskClient:
    client = build_application(registry).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(registry)["Authorization"]
    return client


def body(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = response.json
    return found


def register(api: FlaskClient, **more: Any) -> dict[str, Any]:
    asked = api.post(f"{KEYS}/challenges", json={"public_key_multibase": HOLDER.multibase})
    assert asked.status_code == 201, asked.json
    answer = api.post(KEYS, json={"document": HOLDER.sign_data(body(asked)), **more})
    assert answer.status_code == 201, answer.json
    return body(answer)


def prepare(api: FlaskClient, **changes: Any) -> dict[str, Any]:
    answer = api.post(PREPARATIONS, json={**sample_request(), **changes})
    assert answer.status_code == 201, answer.json
    return body(answer)


def test_the_whole_story_in_one_go(api: FlaskClient) -> None:
    key = register(api, retire_others=True)
    assert (key["name"], key["custody"], key["state"]) == ("cqc-2", "issuer", "active")
    assert [(one["name"], one["state"]) for one in api.get(KEYS).json["keys"]] == [
        ("cqc-1", "retired"),
        ("cqc-2", "active"),
    ]
    one = prepare(api)
    public_id = one["public_id"]
    assert one["key"]["verification_method"] == one["proof"]["verificationMethod"] == key["verification_method"]
    assert api.get(f"{PREPARATIONS}/{public_id}").json == one
    assert [waiting["public_id"] for waiting in api.get(PREPARATIONS).json["items"]] == [public_id]
    credential = HOLDER.sign_data(one)
    done = api.post(f"{PREPARATIONS}/{public_id}/credential", json={"credential": credential})
    assert done.status_code == 201, done.json
    assert done.json["credential"] == credential
    assert done.headers["Location"] == f"{BASE_URL}/api/v1/certificates/{public_id}"
    assert api.get(f"/api/v1/verify/{public_id}").json["verdict"] == "valid"
    again = api.post(f"{PREPARATIONS}/{public_id}/credential", json={"credential": credential})
    assert (again.status_code, again.json) == (201, done.json)
    assert api.get(PREPARATIONS).json == {"items": [], "next_after": None}


def test_answers_have_the_documented_shape(api: FlaskClient) -> None:
    asked = body(api.post(f"{KEYS}/challenges", json={"public_key_multibase": HOLDER.multibase}))
    key = api.post(KEYS, json={"document": HOLDER.sign_data(asked)}).json
    one = prepare(api)
    waiting = api.get(PREPARATIONS).json
    issued = api.post(f"{PREPARATIONS}/{one['public_id']}/credential", json={"credential": HOLDER.sign_data(one)}).json
    for schema, answer in (
        (schemas.ChallengeAnswer, asked),
        (schemas.KeyAnswer, key),
        (schemas.KeysAnswer, api.get(KEYS).json),
        (schemas.PreparationAnswer, one),
        (schemas.PreparationsAnswer, waiting),
        (common.CertificateAnswer, issued),
        (schemas.KeyAnswer, api.post(f"{KEYS}/rotate", json={"custody": "file"}).json),
        (schemas.KeyAnswer, api.post(f"{KEYS}/cqc-3/retire", json={}).json),
        (schemas.KeyAnswer, api.post(f"{KEYS}/cqc-1/compromise", json={"since": "2026-03-01T00:00:00Z"}).json),
    ):
        assert schema().validate(answer or {}) == {}, (schema, answer)


def test_refusals_name_the_field(api: FlaskClient) -> None:
    found = problem(api.post(f"{KEYS}/challenges", json={"public_key_multibase": "z6Mk"}), 422, "invalid-input")
    assert [one["pointer"] for one in found["errors"]] == ["/public_key_multibase"]
    found = problem(api.post(KEYS, json={"document": {"proof": {"challenge": "x"}}}), 422, "invalid-input")
    assert [one["pointer"] for one in found["errors"]] == ["/document/proof/challenge"]
    register(api)
    one = prepare(api)
    credential = HOLDER.sign_data(one)
    credential["name"] = "Another"
    url = f"{PREPARATIONS}/{one['public_id']}/credential"
    found = problem(api.post(url, json={"credential": credential}), 422, "invalid-input")
    assert [one["pointer"] for one in found["errors"]] == ["/credential/name"]
    found = problem(api.post(url, json={"credential": []}), 422, "invalid-input")
    assert [one["pointer"] for one in found["errors"]] == ["/credential"]
    problem(api.post(url, data=b'{"credential": {"a": 1, "a": 2}}'), 422, "invalid-input")
    problem(api.post(PREPARATIONS, json={**sample_request(), "note": "another"}), 409, "conflict")


def test_a_preparation_is_given_up(api: FlaskClient) -> None:
    register(api)
    url = f"{PREPARATIONS}/{prepare(api)['public_id']}"
    assert api.delete(url).status_code == 204
    problem(api.delete(url), 404, "not-found")
    problem(api.get(url), 404, "not-found")
    prepare(api, note="now with a note")


def test_only_keys_that_may_administer_touch_keys(registry: Registry, api: FlaskClient) -> None:
    asked = body(api.post(f"{KEYS}/challenges", json={"public_key_multibase": HOLDER.multibase}))
    officer = bearer(registry, verbs=[verb for verb in Verb if verb is not Verb.ADMINISTER])
    for path, asking in (
        (f"{KEYS}/challenges", {"public_key_multibase": HOLDER.multibase}),
        (KEYS, {"document": HOLDER.sign_data(asked)}),
        (f"{KEYS}/rotate", {}),
        (f"{KEYS}/cqc-1/retire", {}),
        (f"{KEYS}/cqc-1/compromise", {"since": "2026-03-01T00:00:00Z"}),
    ):
        problem(api.post(path, json=asking, headers=officer), 403, "not-permitted")
    assert len(manage_keys.published_keys(registry, "cqc")) == 1
    assert api.get(KEYS, headers=officer).status_code == 200


@pytest.mark.parametrize("name", ["other-1", "log-1", "cqc-9", "%2e%2e"])
def test_keys_of_others_are_not_there(registry: Registry, api: FlaskClient, name: str) -> None:
    problem(api.post(f"{KEYS}/{name}/retire", json={}), 404, "not-found")
    problem(api.post(f"{KEYS}/{name}/compromise", json={"since": "2026-03-01T00:00:00Z"}), 404, "not-found")
    assert all(key.published.may_sign(registry.now()) for key in manage_keys.published_keys(registry))


def test_nothing_of_it_is_for_caches_or_without_an_api_key(client: FlaskClient, sqlite_registry: Registry) -> None:
    assert client.get(KEYS, headers=bearer(sqlite_registry)).headers["Cache-Control"] == "private, no-store"
    for path in (KEYS, PREPARATIONS, f"{PREPARATIONS}/11111-11111-11111"):
        problem(client.get(path), 401, "not-authenticated")


def test_the_key_is_published_for_verifiers(api: FlaskClient) -> None:
    register(api)
    document = api.get("/issuers/cqc/did.json").json
    assert document["assertionMethod"][-1].endswith("#key-2")
    assert document["verificationMethod"][-1]["publicKeyMultibase"] == encode_public_key(HOLDER.public_key)
    assert any(key["kid"].endswith("#key-2") for key in api.get("/.well-known/jwks.json").json["keys"])


def test_where_no_code_can_be_signed_none_is_offered(api: FlaskClient) -> None:
    register(api)
    one = prepare(api)
    public_id = one["public_id"]
    api.post(f"{PREPARATIONS}/{public_id}/credential", json={"credential": HOLDER.sign_data(one)})
    page = f"/v/{public_id}"
    assert f"{page}/qr-offline.svg" in api.get(page, headers={"Accept": "text/html"}).text
    api.post(f"{KEYS}/cqc-1/retire", json={})
    assert f"{page}/qr-offline.svg" not in api.get(page, headers={"Accept": "text/html"}).text
    found = problem(api.get(f"{page}/qr-offline.txt"), 409, "conflict")
    assert "no active key in the registry's custody" in found["detail"]
