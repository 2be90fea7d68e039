"""The credential: what any W3C or UNTP verifier needs, and nothing lost of what the issuer stated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from registry.formats.bitstring_status_list import check_entry
from registry.formats.canonical_json import canonicalize, canonicalize_own, parse
from registry.formats.contexts import CERTIFICATE_CONTEXT_PATH
from registry.formats.credential import (
    build_credential,
    certificate_terms,
    credential_id,
    issuer_id,
)
from tests.formats.certificates import BASE_URL, FULL, ISSUER, KINDS, PUBLIC_ID, authorization, credential

UNTP_SCHEMA = Path(__file__).parents[2] / "../shared/untp/untp-dcc-schema.json"
SHANGHAI = ZoneInfo("Asia/Shanghai")
VOCABULARY = f"{BASE_URL}/vocabulary#"
CONTEXT = json.loads(
    files("registry.formats").joinpath("certificate-v1.jsonld").read_text("utf-8").replace("{vocabulary}", VOCABULARY)
)
each_kind = pytest.mark.parametrize("kind", KINDS)


def untp_validator() -> Any:
    if not UNTP_SCHEMA.exists():
        pytest.skip("the UNTP schema is not beside this checkout")
    schema = json.loads(UNTP_SCHEMA.read_text("utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


# What the world demands of it.


@each_kind
def test_it_is_a_untp_digital_conformity_credential(kind: str) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in untp_validator().iter_errors(credential(kind))]
    assert errors == []


def test_the_untp_schema_does_refuse_what_is_none() -> None:
    """Or the test above would say nothing."""
    validator = untp_validator()
    for path in (
        ["issuer"],
        ["issuer", "name"],
        ["credentialSubject", "assessorLevel"],
        ["credentialSubject", "issuedToParty"],
    ):
        broken = credential("gbt19001-2016")
        inner = broken
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]
        assert not validator.is_valid(broken), path
    wrong = credential("gbt19001-2016")
    wrong["credentialSubject"]["assessment"][0]["conformityTopic"] = "weather"
    assert not validator.is_valid(wrong)


def test_it_names_the_lists_in_which_its_status_stands() -> None:
    entries = credential("gbt19001-2016")["credentialStatus"]
    assert [entry["statusPurpose"] for entry in entries] == ["revocation", "suspension"]
    assert all(check_entry(entry).index == 94567 for entry in entries)


@each_kind
def test_it_has_the_members_that_verifiable_credentials_2_0_requires(kind: str) -> None:
    document = credential(kind)
    assert document["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert "VerifiableCredential" in document["type"]
    assert document["id"] == credential_id(BASE_URL, PUBLIC_ID) == f"{BASE_URL}/certificates/{PUBLIC_ID}"
    assert issuer_id(document) == "did:web:registry.example:issuers:cqc"
    assert document["credentialSubject"]["id"]
    assert "proof" not in document
    for name in ("validFrom", "validUntil"):
        assert name not in document or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document[name])


@each_kind
def test_every_id_in_it_is_a_url(kind: str) -> None:
    found = [value for name, value in members(credential(kind)) if name == "id"]
    assert len(found) > 5
    for one in found:
        assert re.fullmatch(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+", one), one
        assert urlsplit(one).scheme in {"https", "did"}


def members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


def test_the_holder_s_address_in_the_web_leads_back_to_the_identifier() -> None:
    party = credential("a foreign holder")["credentialSubject"]["issuedToParty"]
    assert party["registeredId"] == "HRB 12345/B #7 杭州"
    path = urlsplit(party["id"]).path
    assert unquote(path.removeprefix("/holders/other/")) == "HRB 12345/B #7 杭州"


def test_a_holder_without_identifier_is_not_confused_with_another() -> None:
    one = credential("a person with nothing but a name")["credentialSubject"]["issuedToParty"]
    assert one == {"id": f"{BASE_URL}/certificates/{PUBLIC_ID}#holder", "name": "王小明"}


@each_kind
def test_no_member_is_null_or_empty(kind: str) -> None:
    assert [name for name, value in members(credential(kind)) if value in (None, "", [], {})] == []


@each_kind
def test_it_is_written_in_the_canonical_form_without_a_guard(kind: str) -> None:
    document = credential(kind)
    assert canonicalize_own(document) == canonicalize(document)
    assert parse(canonicalize_own(document)) == document


# Time.


def test_it_is_valid_from_the_first_to_the_last_second_of_its_days_in_china() -> None:
    document = credential("gbt19001-2016")
    begins, ends = (datetime.fromisoformat(document[name]) for name in ("validFrom", "validUntil"))
    assert begins == datetime(2025, 1, 8, 0, 0, 0, tzinfo=SHANGHAI)
    assert ends == datetime(2028, 1, 7, 23, 59, 59, tzinfo=SHANGHAI)
    assert FULL.period.ends_at == ends + timedelta(seconds=1)


def test_what_has_no_end_states_none() -> None:
    document = credential("a person with nothing but a name")
    assert "validUntil" not in document
    assert "valid_until" not in certificate_terms(document)


# What the issuer stated.


def test_every_statement_of_the_issuer_stands_in_the_credential() -> None:
    """ISO/IEC 17021-1:2015, 8.2.2 a) to i)."""
    assert certificate_terms(credential("gbt19001-2016")) == {
        "number": "00125Q30001R0S",
        "revision": 2,
        "kind": "management_system",
        "scheme": "gbt19001-2016",
        "scheme_name": {"zh": "质量管理体系认证", "en": "Quality management system certification"},
        "standard": "GB/T 19001-2016 / ISO 9001:2015",
        "holder": {
            "kind": "organization",
            "name": {"zh": "宁波华丰精密机械有限公司（样例）", "en": "Ningbo Huafeng Precision Machinery (Sample)"},
            "address": {"zh": "浙江省宁波市慈溪市工业路18号", "en": "No. 18 Gongye Road, Cixi"},
            "identifier": {"scheme": "uscc", "value": "91330282MA00000184"},
            "region": "330282",
            "industry": "C34",
            "size": "small",
        },
        "scope": {"zh": "汽车用注塑件的设计和生产", "en": "Design and production of injection-moulded parts"},
        "granted_on": "2022-01-06",
        "decided_on": "2025-01-06",
        "valid_from": "2025-01-08",
        "valid_until": "2028-01-07",
        "sites": [
            {
                "name": {"zh": "慈溪工厂", "en": "Cixi plant"},
                "address": {"zh": "工业路18号", "en": "18 Gongye Road"},
                "scope": {"zh": "注塑件的生产", "en": "Moulding"},
            },
            {"name": {"zh": "北仑仓库"}, "address": {"zh": "港口路1号"}, "scope": {"zh": "仓储"}},
        ],
        "certification_body": {
            "code": "cqc",
            "name": {"zh": "中国质量认证中心（样例）", "en": "China Quality Certification Centre (Sample)"},
            "address": {"zh": "北京市丰台区南四环西路188号", "en": "188 Nansihuan Xilu, Beijing"},
            "mark": "CQC",
        },
        "accreditation": {"body": "CNAS", "number": "C001-M"},
    }


def test_what_was_not_stated_is_left_out_and_not_made_up() -> None:
    terms = certificate_terms(credential("a person with nothing but a name"))
    assert not {"sites", "accreditation", "valid_until"} & terms.keys()
    assert terms["holder"] == {"kind": "person", "name": {"zh": "王小明"}}
    assert terms["scope"] == {"zh": "内部审核员培训"}


def test_only_an_accredited_certificate_says_that_it_is_accredited() -> None:
    accredited = credential("gbt19001-2016")["credentialSubject"]
    assert accredited["assessmentLevel"] == "Accredited"
    assert accredited["authorisation"][0]["name"] == "C001-M"
    assert accredited["authorisation"][0]["issuingAuthority"]["name"] == "CNAS"
    plain = credential("without accreditation")["credentialSubject"]
    assert plain["assessmentLevel"] == "Unspecified"
    assert "authorisation" not in plain
    assert "CNAS" not in json.dumps(plain)


@each_kind
def test_both_halves_of_the_credential_say_the_same(kind: str) -> None:
    """A UNTP verifier reads the one, ours the other."""
    document = credential(kind)
    subject, terms = document["credentialSubject"], certificate_terms(document)
    (assessment,) = subject["assessment"]
    assert subject["issuedToParty"]["name"] == terms["holder"]["name"]["zh"]
    assert subject["issuedToParty"].get("registeredId") == terms["holder"].get("identifier", {}).get("value")
    assert subject["description"] == terms["scope"]["zh"]
    assert assessment["assessmentDate"] == terms["decided_on"]
    assert assessment["referenceStandard"]["name"] == subject["scope"]["version"] == terms["standard"]
    assert subject["scope"]["name"] == terms["scheme_name"]["zh"]
    assert document["issuer"]["name"] == terms["certification_body"]["name"]["zh"]
    assert terms["number"] in document["name"]


def test_different_certificates_make_different_credentials() -> None:
    documents = [canonicalize(credential(kind)) for kind in KINDS]
    documents.append(
        canonicalize(
            build_credential(replace(FULL, revision=3), ISSUER, authorization(FULL.scheme), PUBLIC_ID, BASE_URL)
        )
    )
    assert len(set(documents)) == len(documents)


# Documents of another make.


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"credentialSubject": None},
        {"credentialSubject": []},
        {"credentialSubject": "did:example:1"},
        {"credentialSubject": {"certificate": "x"}},
        {"credentialSubject": [{"certificate": {}}]},
    ],
)
def test_a_document_of_another_make_has_no_terms(document: dict[str, Any]) -> None:
    assert certificate_terms(document) == {}


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("did:web:a", "did:web:a"),
        ({"id": "did:web:a"}, "did:web:a"),
        ({}, None),
        ({"id": 5}, None),
        (None, None),
        (["did:web:a"], None),
    ],
)
def test_the_issuer_is_found_in_both_forms_of_the_standard(issuer: Any, expected: str | None) -> None:
    assert issuer_id({"issuer": issuer}) == expected
    assert issuer_id({}) is None


# The JSON-LD context.


def test_the_context_stands_where_the_credentials_say() -> None:
    assert credential("gbt19001-2016")["@context"][-1] == BASE_URL + CERTIFICATE_CONTEXT_PATH


def undefined(value: Any, definitions: dict[str, Any], path: str) -> Iterator[str]:
    """Every member under `value` that no definition gives a meaning to."""
    for inner in value if isinstance(value, list) else [value]:
        if not isinstance(inner, dict):
            continue
        for name, below in inner.items():
            term = definitions.get(name)
            if not isinstance(term, dict) or not term["@id"].startswith("https://"):
                yield f"{path}.{name}"
            elif term.get("@container") == "@language":
                if not all(isinstance(text, str) for text in below.values()):
                    yield f"{path}.{name}"
            else:
                yield from undefined(below, definitions | term.get("@context", {}), f"{path}.{name}")


@each_kind
def test_every_member_under_certificate_has_a_meaning_in_the_context(kind: str) -> None:
    subject = {"certificate": certificate_terms(credential(kind))}
    assert list(undefined(subject, CONTEXT["@context"], "")) == []


def test_a_member_without_a_meaning_would_be_noticed() -> None:
    terms = deepcopy(certificate_terms(credential("gbt19001-2016")))
    terms["holder"]["colour"] = "red"
    assert list(undefined({"certificate": terms}, CONTEXT["@context"], "")) == [".certificate.holder.colour"]


def values(expanded: Any) -> Iterator[str]:
    if isinstance(expanded, dict):
        if "@value" in expanded:
            yield str(expanded["@value"])
        for inner in expanded.values():
            yield from values(inner)
    elif isinstance(expanded, list):
        for inner in expanded:
            yield from values(inner)


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield str(value)


@each_kind
def test_a_json_ld_processor_finds_every_statement_under_certificate(kind: str) -> None:
    jsonld = pytest.importorskip("pyld.jsonld")
    terms = certificate_terms(credential(kind))
    expanded = jsonld.expand({"@context": CONTEXT["@context"], "certificate": terms})
    assert sorted(values(expanded)) == sorted(leaves(terms))
