"""Keys as outsiders find them: DID documents and JSON Web Keys, enough to check an old certificate without us."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import base58
import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient

from keys import Purpose
from registry.services import manage_keys
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.web.application import build_application
from tests.conftest import Clock, sample_certificate

CQC = "did:web:registry.example:issuers:cqc"
OWN = "did:web:registry.example"


@pytest.fixture
def api(registry: Registry) -> FlaskClient:
    return build_application(registry).test_client()


def issued(registry: Registry, api: FlaskClient) -> dict[str, Any]:
    public_id = issue(registry, operator(registry, "cqc"), sample_certificate()).public_id
    return fetched(api, f"/certificates/{public_id}")


def fetched(api: FlaskClient, path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(api.get(path).data)
    return document


def key_of_document(document: dict[str, Any], method: str, relationship: str) -> bytes | None:
    """Controlled Identifiers 1.0, section 3.3: the key, if the document lists it for this."""
    found = next((one for one in document["verificationMethod"] if one["id"] == method), None)
    if found is None or found["controller"] != document["id"] or method not in document[relationship]:
        return None
    decoded: bytes = base58.b58decode(found["publicKeyMultibase"].removeprefix("z"))
    assert decoded[:2] == b"\xed\x01"
    return decoded[2:]


def holds(credential: dict[str, Any], public_key: bytes) -> bool:
    """Data Integrity EdDSA, eddsa-jcs-2022, in six lines."""
    unsecured = {name: value for name, value in credential.items() if name != "proof"}
    options = {name: value for name, value in credential["proof"].items() if name != "proofValue"}
    signature = base58.b58decode(credential["proof"]["proofValue"].removeprefix("z"))
    data = b"".join(hashlib.sha256(rfc8785.dumps(part)).digest() for part in (options, unsecured))
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def accepted(api: FlaskClient, credential: dict[str, Any]) -> bool:
    """Whether somebody accepts it who asks this registry for nothing but the DID document."""
    path = credential["issuer"]["id"].removeprefix("did:web:registry.example:").replace(":", "/")
    document = fetched(api, f"/{path}/did.json")
    key = key_of_document(document, credential["proof"]["verificationMethod"], credential["proof"]["proofPurpose"])
    return key is not None and holds(credential, key)


def test_a_certificate_of_a_retired_key_still_verifies_without_us(
    registry: Registry, api: FlaskClient, clock: Clock
) -> None:
    credential = issued(registry, api)
    assert accepted(api, credential)
    clock.advance(days=1)
    manage_keys.rotate_key(registry, "cqc")
    clock.advance(days=900)
    assert accepted(api, credential)
    altered = json.loads(json.dumps(credential).replace("注塑", "飞机").replace("\\u6ce8\\u5851", "\\u98de\\u673a"))
    assert not accepted(api, altered)


def test_a_certificate_of_a_compromised_key_does_not(registry: Registry, api: FlaskClient, clock: Clock) -> None:
    credential = issued(registry, api)
    manage_keys.mark_key_compromised(registry, "cqc-1", clock.now)
    assert not accepted(api, credential)


def test_the_documents_list_all_keys_with_their_validity(registry: Registry, api: FlaskClient, clock: Clock) -> None:
    manage_keys.rotate_key(registry, "cqc")
    manage_keys.rotate_key(registry, "cqc")
    manage_keys.mark_key_compromised(registry, "cqc-2", clock.now)
    response = api.get("/issuers/cqc/did.json")
    assert response.content_type == "application/did+json"
    document = response.json
    validity = [{word: one.get(word) for word in ("retiredAt", "revoked")} for one in document["verificationMethod"]]
    noon = "2026-03-02T04:00:00Z"
    assert document["id"] == CQC
    assert [one["id"] for one in document["verificationMethod"]] == [f"{CQC}#key-{number}" for number in (1, 2, 3)]
    assert validity == [
        {"retiredAt": noon, "revoked": None},
        {"retiredAt": noon, "revoked": noon},
        {"retiredAt": None, "revoked": None},
    ]
    assert document["assertionMethod"] == [f"{CQC}#key-1", f"{CQC}#key-3"]
    assert api.get("/issuers/nobody/did.json").status_code == 404


def test_the_registry_lists_its_log_keys_too_and_lets_them_sign_no_credentials(
    registry: Registry, api: FlaskClient, clock: Clock
) -> None:
    clock.advance(hours=1)
    manage_keys.rotate_key(registry, "registry", Purpose.LOG)
    document = api.get("/.well-known/did.json").json
    listed = {one["id"].removeprefix(OWN) for one in document["verificationMethod"]}
    assert listed == {"#registry-1", "#log-1", "#log-2", "#status-list-1", "#receipt-1"}
    assert sorted(document["assertionMethod"]) == [f"{OWN}#receipt-1", f"{OWN}#registry-1", f"{OWN}#status-list-1"]


def test_the_key_set_and_the_documents_agree(registry: Registry, api: FlaskClient, clock: Clock) -> None:
    manage_keys.rotate_key(registry, "cqc")
    manage_keys.mark_key_compromised(registry, "other-1", clock.now)
    manage_keys.rotate_key(registry, "registry", Purpose.STATUS_LIST)
    response = api.get("/.well-known/jwks.json")
    assert response.content_type == "application/jwk-set+json"
    in_set = {key["kid"]: base64.urlsafe_b64decode(key["x"] + "=") for key in response.json["keys"]}
    in_documents = {}
    for path in ("/.well-known/did.json", "/issuers/cqc/did.json", "/issuers/other/did.json"):
        document = fetched(api, path)
        for method in document["assertionMethod"]:
            in_documents[method] = key_of_document(document, method, "assertionMethod")
    assert in_set == in_documents
    assert len(in_set) == 6


def test_the_page_of_an_issuer_shows_a_planned_end(registry: Registry, api: FlaskClient, clock: Clock) -> None:
    manage_keys.rotate_key(registry, "cqc", old_until=clock.now + timedelta(days=30))

    def states() -> list[str]:
        page = api.get("/issuers/cqc", headers={"Accept-Language": "en"}).get_data(as_text=True)
        assert "1 April 2026" in page
        return re.findall(r'<span class="badge \w+">([^<]+)</span> <span class="code">did:web', page)

    assert states() == ["In use", "In use"]
    clock.advance(days=30)
    assert states() == ["Out of use", "In use"]
