"""Status lists as anybody fetches them."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from registry.domain.reasons import Act, Reason
from registry.formats.bitstring_status_list import MINIMUM_LENGTH, decode_list, read_status
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from tests.conftest import BASE_URL, Clock, sample_certificate

LIST = "/status-lists/1/revocation"


def test_a_list_is_a_signed_credential_that_scripts_of_any_site_may_read(each_client: FlaskClient) -> None:
    response = each_client.get(LIST)
    assert response.status_code == 200
    assert response.content_type == "application/vc"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    document = response.get_json(force=True)
    assert document["id"] == BASE_URL + LIST
    assert document["proof"]["proofPurpose"] == "assertionMethod"
    assert len(decode_list(document["credentialSubject"]["encodedList"])) * 8 == MINIMUM_LENGTH


def test_caches_keep_it_as_long_as_the_list_says(client: FlaskClient) -> None:
    response = client.get(LIST)
    ttl = response.get_json(force=True)["credentialSubject"]["ttl"]
    assert response.headers["Cache-Control"] == f"public, max-age={ttl // 1000}"


def test_a_list_that_has_not_changed_is_not_sent_again(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock
) -> None:
    actor = operator(sqlite_registry, "cqc")
    public_id = issue(sqlite_registry, actor, sample_certificate()).public_id
    first = client.get(LIST)
    tag = first.headers["ETag"]
    clock.advance(hours=1)
    again = client.get(LIST, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    change_status(sqlite_registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    clock.advance(seconds=1)
    changed = client.get(LIST, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    entry = client.get(f"/certificates/{public_id}").get_json(force=True)["credentialStatus"][0]
    assert entry["statusListCredential"] == BASE_URL + LIST
    assert not read_status(entry, json.loads(changed.data)).valid


def test_all_lists_can_be_found(client: FlaskClient) -> None:
    response = client.get("/status-lists")
    assert response.json == {"status_lists": [f"{BASE_URL}{LIST}", f"{BASE_URL}/status-lists/1/suspension"]}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    for address in response.json["status_lists"]:
        assert client.get(address.removeprefix(BASE_URL)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/status-lists/2/revocation",
        "/status-lists/0/revocation",
        "/status-lists/-1/revocation",
        "/status-lists/x/revocation",
        f"/status-lists/{2**31}/revocation",
        f"/status-lists/{10**30}/revocation",
        "/status-lists/1/refresh",
        "/status-lists/1/Revocation",
        "/status-lists/1",
        # Section 3.2: a list of that time, or none.
        f"{LIST}?timestamp=2026-01-01T00:00:00Z",
    ],
)
def test_what_is_no_list_is_not_found(each_client: FlaskClient, path: str) -> None:
    response = each_client.get(path)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == 404


@pytest.mark.parametrize("asked", ["application/json", "application/ld+json"])
def test_clients_that_know_only_json_get_credentials_under_that_name(
    sqlite_registry: Registry, client: FlaskClient, asked: str
) -> None:
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc", "test"), sample_certificate()).public_id
    for path in ("/status-lists/1/revocation", f"/certificates/{public_id}"):
        answer = client.get(path, headers={"Accept": asked})
        assert answer.content_type == asked
        assert "Accept" in answer.headers["Vary"]
        assert answer.data == client.get(path).data
        assert client.get(path).content_type == "application/vc"
        assert client.get(path, headers={"Accept": "text/html"}).content_type == "application/vc"
