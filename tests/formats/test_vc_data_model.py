"""The form of credentials and presentations, rule by rule: what is right passes, and what is wrong is named."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import vc_data_model
from registry.formats.vc_data_model import (
    MAX_CREDENTIALS,
    MAX_VIOLATIONS,
    Period,
    Version,
    credential_violations,
    identity_of,
    presentation_violations,
    validity_period,
    version_of,
)

VECTORS = Path(__file__).parent.parent / "vectors"
V1, V2 = Version.V1.value, Version.V2.value
REMOVED = object()
CREDENTIAL: dict[str, Any] = {
    "@context": [V2],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:issuer",
    "credentialSubject": {"id": "did:example:subject"},
}
CREDENTIAL_V1: dict[str, Any] = {
    "@context": [V1],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:issuer",
    "issuanceDate": "2026-03-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:subject"},
}
PRESENTATION: dict[str, Any] = {"@context": [V2], "type": "VerifiablePresentation"}
ENVELOPED: dict[str, Any] = {
    "@context": V2,
    "type": "EnvelopedVerifiableCredential",
    "id": "data:application/vc+jwt,eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
}
SITE = {"type": "Site", "id": "https://example.org/1"}


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**copy.deepcopy(document), **changes}
    return {name: value for name, value in merged.items() if value is not REMOVED}


def pointers(violations: Any) -> list[str]:
    return [one.pointer for one in violations]


GENUINE: list[dict[str, Any]] = [
    {},
    {"@context": [V2, "https://www.w3.org/ns/credentials/examples/v2"]},
    {"@context": [V2, {"Example": "https://example.org/#Example"}]},
    {"@context": [V2, {"a": "https://a.example/"}, {"b": "https://b.example/"}]},
    {"type": "VerifiableCredential"},
    {"type": ["https://example.org/#Example", "VerifiableCredential"]},
    {"type": ["VerifiableCredential", "ExampleCredential"]},
    {"id": "https://example.org/credentials/1"},
    {"id": "urn:uuid:0c07c1ce-57cb-41af-bef2-1b932b986873"},
    {"id": "did:example:1#key-1"},
    {"id": "https://例子.example/证书?x=1#y"},
    {"issuer": "https://issuer.example:8443/14"},
    {"issuer": {"id": "did:example:issuer", "name": "A body", "image": "https://issuer.example/mark.svg"}},
    {"issuer": {"id": "did:example:issuer", "name": [{"@value": "认证", "@language": "zh-CN"}]}},
    {"credentialSubject": {"name": "without an id"}},
    {"credentialSubject": [{"id": "did:example:a"}, {"id": "did:example:b", "spouse": "did:example:a"}]},
    {"validFrom": "2023-02-26T01:02:58.447Z"},
    {"validFrom": "4023-02-26T01:02:58Z"},
    {"validFrom": "2023-02-25T19:10:39-06:00", "validUntil": "2023-02-26T01:10:39Z"},
    {"validUntil": "2020-01-01T00:00:00Z"},
    {"name": "A credential", "description": {"@value": "text", "@language": "en"}},
    {"name": {"@value": "نص", "@language": "ar", "@direction": "rtl"}},
    {"description": [{"@value": "a", "@language": "en"}, {"@value": "甲", "@language": "zh"}]},
    {"credentialStatus": {"type": "BitstringStatusListEntry"}},
    {"credentialStatus": [{"type": "A", "id": "urn:a"}, {"type": "B"}]},
    {"credentialSchema": SITE},
    {"credentialSchema": [SITE, SITE]},
    {"termsOfUse": {"type": "Policy"}},
    {"evidence": [{"type": ["Evidence", "https://example.org/#More"], "id": "urn:e"}]},
    {"refreshService": {"type": "Refresh", "url": "https://refresh.example/"}},
    {"confidenceMethod": SITE},
    {"renderMethod": [SITE]},
    {"relatedResource": {"id": "https://example.org/a", "digestSRI": "sha384-x"}},
    {"relatedResource": [{"id": "urn:a", "digestSRI": "x"}, {"id": "urn:b", "digestMultibase": "x"}]},
    {"proof": "not looked at here"},
    {"somethingElse": None},
]


@pytest.mark.parametrize("changes", GENUINE)
def test_a_conforming_credential_has_no_violations(changes: dict[str, Any]) -> None:
    assert credential_violations(changed(CREDENTIAL, changes)) == []


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"@context": REMOVED}, "/@context"),
    ({"@context": V2}, "/@context"),
    ({"@context": []}, "/@context"),
    ({"@context": ["https://www.w3.org/ns/credentials/examples/v2", V2]}, "/@context/0"),
    ({"@context": [{"a": "https://a.example/"}, V2]}, "/@context/0"),
    ({"@context": [V2, "https ://not-a-url/contexts/example/v1"]}, "/@context/1"),
    ({"@context": [V2, 123192875]}, "/@context/1"),
    ({"@context": [V2, None]}, "/@context/1"),
    ({"@context": [V2, V2]}, "/@context"),
    ({"type": REMOVED}, "/type"),
    ({"type": []}, "/type"),
    ({"type": "Credential"}, "/type"),
    ({"type": ["RelationshipCredential"]}, "/type"),
    ({"type": ["VerifiableCredential", 2]}, "/type"),
    ({"type": ["VerifiableCredential", "two words"]}, "/type"),
    ({"type": ["VerifiableCredential", "https ://not-a-url"]}, "/type"),
    ({"type": ["VerifiableCredential", "@type"]}, "/type"),
    ({"type": {"VerifiableCredential": True}}, "/type"),
    ({"id": None}, "/id"),
    ({"id": "https ://not-a-url/vcs/1"}, "/id"),
    ({"id": "no-scheme"}, "/id"),
    ({"id": ""}, "/id"),
    ({"id": ["https://example.org/1", "https://example.org/2"]}, "/id"),
    ({"id": "https://"}, "/id"),
    ({"id": "https://example.org:99999/"}, "/id"),
    ({"id": "https://[::1/"}, "/id"),
    ({"id": "did:"}, "/id"),
    ({"id": "did:Example:1"}, "/id"),
    ({"id": "urn:" + "x" * 5000}, "/id"),
    ({"issuer": REMOVED}, "/issuer"),
    ({"issuer": None}, "/issuer"),
    ({"issuer": "fake-issuer"}, "/issuer"),
    ({"issuer": ["did:example:a", "did:example:b"]}, "/issuer"),
    ({"issuer": {}}, "/issuer/id"),
    ({"issuer": {"id": None}}, "/issuer/id"),
    ({"issuer": {"id": "fake-issuer"}}, "/issuer/id"),
    ({"issuer": {"id": "did:example:a", "name": {"@value": "a", "url": "b"}}}, "/issuer/name"),
    ({"credentialSubject": REMOVED}, "/credentialSubject"),
    ({"credentialSubject": None}, "/credentialSubject"),
    ({"credentialSubject": {}}, "/credentialSubject"),
    ({"credentialSubject": []}, "/credentialSubject"),
    ({"credentialSubject": "did:example:subject"}, "/credentialSubject"),
    ({"credentialSubject": [{"id": "did:example:a"}, {}]}, "/credentialSubject/1"),
    ({"credentialSubject": {"id": ["did:example:a", "did:example:b"]}}, "/credentialSubject/id"),
    ({"validFrom": "Sat 25 Feb 2023 07:16:31 PM CST"}, "/validFrom"),
    ({"validFrom": "2023-02-29T00:00:00Z"}, "/validFrom"),
    ({"validFrom": "2023-02-26T01:02:58"}, "/validFrom"),
    ({"validFrom": None}, "/validFrom"),
    ({"validUntil": "Sun, 26 Feb 2023 01:22:14 +0000"}, "/validUntil"),
    ({"validUntil": 1677374534}, "/validUntil"),
    ({"validFrom": "2030-01-01T00:00:00Z", "validUntil": "2029-12-31T23:59:59Z"}, "/validUntil"),
    ({"validFrom": "2030-01-01T00:00:00-01:00", "validUntil": "2030-01-01T00:30:00Z"}, "/validUntil"),
    ({"name": 7}, "/name"),
    ({"name": None}, "/name"),
    ({"name": []}, "/name"),
    ({"name": ["text"]}, "/name/0"),
    ({"name": {"@language": "en"}}, "/name/@value"),
    ({"name": {"@value": "a", "@language": "not a tag"}}, "/name/@language"),
    ({"name": {"@value": "a", "@direction": "up"}}, "/name/@direction"),
    ({"description": {"@value": "a", "@language": "en", "url": "https://x.example/"}}, "/description"),
    ({"description": [{"@value": "a"}, {"@value": 1}]}, "/description/1/@value"),
    ({"credentialStatus": {"id": "did:example:status"}}, "/credentialStatus/type"),
    ({"credentialStatus": {"id": "did:example:status", "type": 2}}, "/credentialStatus/type"),
    ({"credentialStatus": {"id": ["urn:a", "urn:b"], "type": "A"}}, "/credentialStatus/id"),
    ({"credentialStatus": {"id": "https ://not-a-url", "type": "A"}}, "/credentialStatus/id"),
    ({"credentialStatus": "https://status.example/1"}, "/credentialStatus"),
    ({"credentialStatus": []}, "/credentialStatus"),
    ({"credentialStatus": [{"type": "A"}, {}]}, "/credentialStatus/1/type"),
    ({"credentialSchema": {"type": "JsonSchema"}}, "/credentialSchema/id"),
    ({"credentialSchema": {"id": "urn:schema"}}, "/credentialSchema/type"),
    ({"credentialSchema": {"type": "JsonSchema", "id": "https ://not-a-url"}}, "/credentialSchema/id"),
    ({"termsOfUse": {}}, "/termsOfUse/type"),
    ({"termsOfUse": {"type": "Policy", "id": "no url"}}, "/termsOfUse/id"),
    ({"evidence": {}}, "/evidence/type"),
    ({"evidence": [{"type": "Evidence"}, "text"]}, "/evidence/1"),
    ({"refreshService": {"id": "did:example:refresh"}}, "/refreshService/type"),
    ({"confidenceMethod": {"id": "urn:a"}}, "/confidenceMethod/type"),
    ({"renderMethod": {"id": "urn:a"}}, "/renderMethod/type"),
    ({"relatedResource": ["https://example.org/a"]}, "/relatedResource/0"),
    ({"relatedResource": []}, "/relatedResource"),
    ({"relatedResource": {"digestSRI": "x"}}, "/relatedResource/id"),
    ({"relatedResource": {"id": "https://example.org/a"}}, "/relatedResource"),
    ({"relatedResource": [{"id": "urn:a", "digestSRI": "x"}] * 2}, "/relatedResource/1/id"),
]


@pytest.mark.parametrize(("changes", "pointer"), BROKEN)
def test_a_broken_rule_is_named_by_its_member(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(credential_violations(changed(CREDENTIAL, changes))) == [pointer]


@pytest.mark.parametrize("document", [None, "text", 1, True, [], ["a"]])
def test_only_objects_are_credentials_and_presentations(document: Any) -> None:
    assert pointers(credential_violations(document)) == [""]
    assert pointers(presentation_violations(document)) == [""]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"issuanceDate": "2026-03-01T00:00:00"},
        {"expirationDate": "2027-03-01T00:00:00.5+08:00"},
        {"credentialStatus": SITE},
        {"refreshService": SITE},
        # Version 1.1 lays nothing down for these.
        {"name": 7},
        {"validFrom": "whenever"},
    ],
)
def test_a_conforming_credential_of_version_1_1_has_no_violations(changes: dict[str, Any]) -> None:
    assert credential_violations(changed(CREDENTIAL_V1, changes)) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"issuanceDate": REMOVED}, "/issuanceDate"),
        ({"issuanceDate": "2026-03-01"}, "/issuanceDate"),
        ({"expirationDate": None}, "/expirationDate"),
        ({"expirationDate": "2026-02-28T23:59:59Z"}, "/expirationDate"),
        ({"credentialStatus": {"type": "A"}}, "/credentialStatus/id"),
        ({"refreshService": {"type": "A"}}, "/refreshService/id"),
        ({"issuer": "fake-issuer"}, "/issuer"),
        ({"type": ["Other"]}, "/type"),
    ],
)
def test_a_broken_rule_of_version_1_1_is_named(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(credential_violations(changed(CREDENTIAL_V1, changes))) == [pointer]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"type": ["VerifiablePresentation", "ExamplePresentation"]},
        {"id": "urn:uuid:313801ba-24b7-11ee-be02-ff560265cf9b"},
        {"holder": "did:example:holder"},
        {"holder": {"id": "did:example:holder", "name": "Acme"}},
        {"verifiableCredential": CREDENTIAL},
        {"verifiableCredential": [CREDENTIAL, CREDENTIAL_V1, ENVELOPED]},
        {"verifiableCredential": [{**ENVELOPED, "@context": [V2]}]},
        {"verifiableCredential": {**ENVELOPED, "id": "data:application/vc-ld+jwt;base64url,e30"}},
        {"termsOfUse": {"type": "Policy"}},
        {"@context": [V1]},
    ],
)
def test_a_conforming_presentation_has_no_violations(changes: dict[str, Any]) -> None:
    assert presentation_violations(changed(PRESENTATION, changes)) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"@context": REMOVED}, "/@context"),
        ({"@context": [{"a": "https://a.example/"}, V2]}, "/@context/0"),
        ({"type": REMOVED}, "/type"),
        ({"type": ["CredentialManagerPresentation"]}, "/type"),
        ({"id": "no url"}, "/id"),
        ({"holder": "z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj"}, "/holder"),
        ({"holder": {"name": "Acme"}}, "/holder/id"),
        ({"holder": None}, "/holder"),
        ({"verifiableCredential": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}, "/verifiableCredential"),
        ({"verifiableCredential": ["https://example.org/credentials/1"]}, "/verifiableCredential/0"),
        ({"verifiableCredential": [CREDENTIAL, 7]}, "/verifiableCredential/1"),
        ({"verifiableCredential": []}, "/verifiableCredential"),
        ({"verifiableCredential": [changed(CREDENTIAL, {"type": []})]}, "/verifiableCredential/0/type"),
        ({"verifiableCredential": [changed(ENVELOPED, {"type": REMOVED})]}, None),
        (
            {"verifiableCredential": [{**ENVELOPED, "id": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}]},
            "/verifiableCredential/0/id",
        ),
        ({"verifiableCredential": [{**ENVELOPED, "@context": []}]}, "/verifiableCredential/0/@context"),
        ({"verifiableCredential": [CREDENTIAL] * (MAX_CREDENTIALS + 1)}, "/verifiableCredential"),
        ({"refreshService": {"id": "urn:a"}}, "/refreshService/type"),
    ],
)
def test_a_broken_rule_of_presentations_is_named(changes: dict[str, Any], pointer: str | None) -> None:
    found = pointers(presentation_violations(changed(PRESENTATION, changes)))
    assert found == [pointer] if pointer is not None else found


def test_published_documents_conform() -> None:
    published = ["eddsa-jcs-2022/signedJCS.json", "eddsa-rdfc-2022/signedDataInt.json"]
    for path in [*published, *(f"digitalbazaar/{one.name}" for one in (VECTORS / "digitalbazaar").glob("*-v?.json"))]:
        document = json.loads((VECTORS / path).read_text("utf-8"))
        violations = presentation_violations if "presentation" in path else credential_violations
        assert violations(document) == [], path


def test_the_first_context_tells_the_version() -> None:
    assert version_of(CREDENTIAL) is Version.V2
    assert version_of(CREDENTIAL_V1) is Version.V1
    assert version_of({"@context": ["https://example.org/", V2]}) is None
    assert version_of({"@context": [{}]}) is None


def test_the_period_is_that_of_the_version() -> None:
    dates = {"validFrom": "1970-01-01T00:00:01Z", "issuanceDate": "1970-01-01T00:00:02Z"}
    assert validity_period({**CREDENTIAL, **dates}) == Period(Fraction(1), None)
    assert validity_period({**CREDENTIAL_V1, **dates, "expirationDate": "1970-01-01T00:00:09Z"}) == Period(
        Fraction(2), Fraction(9)
    )


def test_issuers_and_holders_are_known_by_url_or_object() -> None:
    assert identity_of("did:example:a") == identity_of({"id": "did:example:a", "name": "A"}) == "did:example:a"
    assert identity_of({"name": "A"}) is None
    assert identity_of(None) is None


def test_a_document_full_of_errors_gets_a_short_answer() -> None:
    document = changed(CREDENTIAL, {"evidence": [{}] * 10_000})
    assert len(credential_violations(document)) == MAX_VIOLATIONS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(
    [*CREDENTIAL, *vc_data_model._OBJECTS, "id", "name", "validFrom", "relatedResource", "holder"]
)


@given(st.dictionaries(members, json_values, max_size=5))
def test_whatever_stands_in_a_member_is_judged_and_never_breaks_the_judge(changes: dict[str, Any]) -> None:
    for document in ({**CREDENTIAL, **changes}, {**CREDENTIAL_V1, **changes}, changes):
        credential_violations(document)
        presentation_violations({**PRESENTATION, "verifiableCredential": document})
        if not credential_violations(document):
            validity_period(document)
