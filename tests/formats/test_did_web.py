"""DID documents and JWKs: what somebody else's verifier finds under the issuer's name."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from registry.domain.signing_key import PublishedKey
from registry.formats.did_web import did_document, issuer_did, json_web_key, registry_did
from registry.formats.multikey import decode_public_key

DID = "did:web:registry.example:issuers:cqc"
DAY = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


def key(name: str, day: int = 0, **changes: Any) -> PublishedKey:
    public = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()).public_key()
    return PublishedKey(f"{DID}#{name}", public.public_bytes_raw(), DAY + timedelta(days=day), **changes)


ACTIVE = key("c", 20)
RETIRED = key("b", 10, retired_at=DAY + timedelta(days=20))
COMPROMISED = key("a", 0, compromised_since=DAY + timedelta(days=5))
RETIRED_AND_COMPROMISED = key("0", -5, retired_at=DAY, compromised_since=DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("base_url", "did"),
    # The second is the example of the did:web method specification, "Optional path considerations".
    [
        ("https://w3c-ccg.github.io", "did:web:w3c-ccg.github.io"),
        ("https://example.com:3000", "did:web:example.com%3A3000"),
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000"),
    ],
)
def test_the_name_is_the_host_with_the_colon_of_a_port_escaped(base_url: str, did: str) -> None:
    assert registry_did(base_url) == did
    assert issuer_did(base_url, "cqc") == did + ":issuers:cqc"


def test_a_name_leads_back_to_the_address_of_its_document() -> None:
    """did:web, "Read (Resolve)": colons become slashes, then the port is unescaped."""
    identifier = issuer_did("https://registry.example:8443", "cqc").removeprefix("did:web:")
    path = identifier.replace(":", "/").replace("%3A", ":")
    assert f"https://{path}/did.json" == "https://registry.example:8443/issuers/cqc/did.json"


def test_old_signatures_can_be_checked_because_no_key_ever_leaves_the_document() -> None:
    document = did_document(DID, [ACTIVE, RETIRED, COMPROMISED, RETIRED_AND_COMPROMISED])
    methods = {method["id"]: method for method in document["verificationMethod"]}
    for one in (ACTIVE, RETIRED, COMPROMISED, RETIRED_AND_COMPROMISED):
        method = methods[one.verification_method]
        assert decode_public_key(method["publicKeyMultibase"]) == one.public_key
        assert (method["type"], method["controller"]) == ("Multikey", DID)
    assert len(methods) == 4


def verifies(document: dict[str, Any], method_id: str, now: datetime) -> bool:
    """What a verifier does that reads Controlled Identifiers 1.0 by the letter.

    Section 3.3 refuses a method that the relationship does not list, section 2.2 any proof once the method's
    `expires` has come, and its `revoked`. (jsonld-signatures refuses whatever has `revoked`, cert-verifier-js
    whatever `expires` in the past.)
    """
    method = next(one for one in document["verificationMethod"] if one["id"] == method_id)
    ends = [datetime.fromisoformat(method[word]) for word in ("expires", "revoked") if word in method]
    return method_id in document["assertionMethod"] and all(now < end for end in ends)


def test_another_verifier_accepts_certificates_of_a_retired_key_and_none_of_a_compromised_one() -> None:
    document = did_document(DID, [ACTIVE, RETIRED, COMPROMISED, RETIRED_AND_COMPROMISED])
    years_later = DAY + timedelta(days=3000)
    accepted = {one["id"][-1] for one in document["verificationMethod"] if verifies(document, one["id"], years_later)}
    assert accepted == {"c", "b"}


def test_the_document_tells_the_validity_of_each_key() -> None:
    document = did_document(DID, [ACTIVE, RETIRED, COMPROMISED, RETIRED_AND_COMPROMISED])
    words = ("activeFrom", "retiredAt", "revoked", "expires")
    told = {one["id"][-1]: tuple(one.get(word) for word in words) for one in document["verificationMethod"]}
    assert told == {
        "a": ("2026-03-01T12:30:15Z", None, "2026-03-06T12:30:15Z", None),
        "b": ("2026-03-11T12:30:15Z", "2026-03-21T12:30:15Z", None, None),
        "c": ("2026-03-21T12:30:15Z", None, None, None),
        "0": ("2026-02-24T12:30:15Z", "2026-03-01T12:30:15Z", "2026-03-02T12:30:15Z", None),
    }


def test_a_log_key_is_listed_and_vouches_for_no_credential() -> None:
    document = did_document(DID, [ACTIVE], [], [RETIRED])
    assert [one["id"][-1] for one in document["verificationMethod"]] == ["b", "c"]
    for relationship, listed in document.items():
        if relationship not in {"@context", "id", "alsoKnownAs", "verificationMethod"}:
            assert RETIRED.verification_method not in listed
    assert document["assertionMethod"] == [ACTIVE.verification_method]


def test_each_word_of_the_document_has_a_meaning_in_json_ld() -> None:
    """Linked data drops what no context defines."""
    files = {
        "https://www.w3.org/ns/did/v1": "did-v1.jsonld",
        "https://w3id.org/security/multikey/v1": "multikey-v1.jsonld",
    }

    def load(url: str, _options: object) -> dict[str, Any]:
        text = (resources.files("registry.formats") / "contexts" / files[url]).read_text("utf-8")
        return {"contextUrl": None, "documentUrl": url, "document": json.loads(text)}

    document = did_document(DID, [RETIRED_AND_COMPROMISED], ["https://www.example.com"])
    (expanded,) = jsonld.expand(document, {"documentLoader": load})
    (method,) = expanded["https://w3id.org/security#verificationMethod"]
    assert len(method) == len(document["verificationMethod"][0])
    assert method["https://schema.org/validFrom"][0]["@value"] == "2026-02-24T12:30:15Z"
    assert method["https://schema.org/validUntil"][0]["@value"] == "2026-03-01T12:30:15Z"


def test_keys_stand_in_the_order_in_which_they_became_active() -> None:
    document = did_document(DID, [ACTIVE, COMPROMISED, RETIRED])
    assert [method["id"][-1] for method in document["verificationMethod"]] == ["a", "b", "c"]
    assert document == did_document(DID, [RETIRED, ACTIVE, COMPROMISED])


def test_the_document_names_its_subject_and_the_vocabularies_it_uses() -> None:
    document = did_document(DID, [ACTIVE], ["https://www.example.com"])
    assert document["id"] == DID
    assert document["@context"][0] == "https://www.w3.org/ns/did/v1"
    assert "https://w3id.org/security/multikey/v1" in document["@context"]
    assert document["alsoKnownAs"] == ["https://www.example.com"]
    assert json.loads(json.dumps(document)) == document


def thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638."""
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    digest = hashlib.sha256(json.dumps(required, sort_keys=True, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_the_jwk_of_the_key_in_rfc_8037_is_the_one_printed_there() -> None:
    """Appendix A.2 (public key) and A.3 (thumbprint)."""
    private = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    jwk = json_web_key(PublishedKey(f"{DID}#1", public, DAY))
    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_a_jwk_holds_the_public_key_and_nothing_of_the_private_one(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    jwk = json_web_key(PublishedKey(f"{DID}#1", public, DAY))
    assert base64.urlsafe_b64decode(jwk["x"] + "=") == public
    assert "=" not in jwk["x"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"], jwk["kid"]) == (
        "OKP",
        "Ed25519",
        "EdDSA",
        "sig",
        f"{DID}#1",
    )
    assert "d" not in jwk
