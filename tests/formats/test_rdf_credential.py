"""Certificates with a proof over RDF: every kind is made and holds, and only in the form in which registries write."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.formats import json_ld
from registry.formats.bitstring_status_list import status_entries
from registry.formats.canonical_json import canonicalize, parse
from registry.formats.contexts import load_context
from registry.formats.data_integrity import (
    Cryptosuite,
    MalformedProof,
    add_proof,
    signature_holds,
    take_apart,
    take_apart_canonical,
)
from registry.formats.did_key import resolve_did_key
from registry.formats.json_ld import canonical_n_quads
from registry.formats.plain_form import NotPlain, check_plain_form
from registry.formats.proofs import verify_proofs
from registry.formats.rdf_canonical import CannotCanonicalize
from registry.formats.untp_terms import UNTP_CONTEXT
from tests.formats.certificates import BASE_URL, KINDS, credential
from tests.formats.test_proofs import MADE, NOW, ONE, TWO, VECTORS, method

SHARED_CONTEXT = Path(__file__).parents[2] / "../shared/untp/context.jsonld"
KEY = ONE.public_key().public_bytes_raw()
Json = dict[str, Any]


def with_status(kind: str) -> Json:
    return {**credential(kind), "credentialStatus": status_entries(BASE_URL, 1, 4711)}


def signed(kind: str) -> bytes:
    return add_proof(with_status(kind), method(ONE), MADE, ONE.sign, Cryptosuite.RDFC)


STORED = signed("gbt19001-2016")
each_kind = pytest.mark.parametrize("kind", KINDS)


def holds(document: Json) -> bool:
    try:
        return signature_holds(take_apart(document), KEY)
    except MalformedProof:
        return False


@each_kind
def test_every_kind_of_certificate_is_signed_over_rdf_and_holds(kind: str) -> None:
    stored = signed(kind)
    assert stored == canonicalize(parse(stored))
    assert signature_holds(take_apart_canonical(stored), KEY)
    assert not signature_holds(take_apart_canonical(stored), TWO.public_key().public_bytes_raw())
    (result,) = verify_proofs(parse(stored), resolve_did_key, now=NOW)
    assert result.holds, result
    assert result.cryptosuite == "eddsa-rdfc-2022"
    assert "@context" not in parse(stored)["proof"]


@pytest.mark.skipif(not SHARED_CONTEXT.exists(), reason="the UNTP context is not at hand")
@each_kind
def test_the_terms_mean_what_the_untp_context_says(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file under the GPL is at hand where the project is built, and nowhere else."""
    ours = canonical_n_quads(with_status(kind))
    theirs = json.loads(SHARED_CONTEXT.read_text("utf-8"))
    monkeypatch.setattr(json_ld, "load_context", lambda url: theirs if url == UNTP_CONTEXT else load_context(url))
    monkeypatch.setattr(json_ld, "_resolved_contexts", dict)
    assert canonical_n_quads(with_status(kind)) == ours


def test_another_implementation_with_the_untp_context_accepts_it_and_signs_the_same() -> None:
    document = json.loads((VECTORS / "digitalbazaar/certificate-rdfc.json").read_text("utf-8"))
    assert holds(document)
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    assert parse(add_proof(unsecured, method(ONE), MADE, ONE.sign, Cryptosuite.RDFC)) == document


def test_a_untp_term_beyond_those_we_state_is_refused_by_name() -> None:
    document = with_status("gbt19001-2016")
    document["credentialSubject"]["auditableEvidence"] = {"linkURL": "https://example.org/audit.pdf"}
    with pytest.raises(CannotCanonicalize, match="auditableEvidence"):
        canonical_n_quads(document)


def change(path: str, value: Any) -> Callable[[Json], None]:
    def alter(document: Json) -> None:
        *parents, last = path.split("/")
        for name in parents:
            document = document[int(name)] if isinstance(document, list) else document[name]
        document[last] = value

    return alter


@pytest.mark.parametrize(
    "alter",
    [
        change("validUntil", "2099-01-01T00:00:00Z"),
        change("issuer/id", "did:web:elsewhere.example"),
        change("credentialSubject/certificate/number", "1"),
        change("credentialSubject/certificate/revision", 3),
        change("credentialSubject/certificate/holder/name/zh", "别的公司"),
        change("credentialSubject/certificate/scope/en", "Anything"),
        change("credentialSubject/assessment/0/conformance", False),
        change("credentialSubject/issuedToParty/registeredId", "2"),
        change("credentialStatus/0/statusListIndex", "1"),
        change("credentialStatus/0/statusPurpose", "suspension"),
        change("proof/created", "2026-03-02T08:00:01Z"),
        lambda document: document["credentialStatus"].pop(),
        lambda document: document["credentialSubject"]["certificate"]["sites"].pop(),
        lambda document: document["credentialSubject"]["certificate"].pop("valid_until"),
        lambda document: document.pop("validUntil"),
    ],
)
def test_an_altered_statement_is_found(alter: Callable[[Json], Any]) -> None:
    document = parse(STORED)
    assert holds(document)
    alter(document)
    assert not holds(document)


def renamed(document: Json, old: str, new: str) -> None:
    document[new] = document.pop(old)


SAME_IN_RDF: dict[str, Callable[[Json], Any]] = {
    "an end that is no date": lambda one: change(
        "credentialSubject/certificate/valid_until", [one["credentialSubject"]["certificate"]["valid_until"]]
    )(one),
    "an end under its address": lambda one: one["credentialSubject"]["certificate"].update(
        {
            f"{BASE_URL}/contexts/certificate/v1#validUntil": {
                "@type": "http://www.w3.org/2001/XMLSchema#date",
                "@value": one["credentialSubject"]["certificate"].pop("valid_until"),
            }
        }
    ),
    "a subject in a list": lambda one: change("credentialSubject", [one["credentialSubject"]])(one),
    "a status that is no list": lambda one: change("credentialStatus/0/type", ["BitstringStatusListEntry"])(one),
    "a status with a made-up identifier": lambda one: one["credentialStatus"][0].update(id="_:b0"),
    "one in place of a list of one": lambda one: change(
        "credentialSubject/assessment", one["credentialSubject"]["assessment"][0]
    )(one),
    "a number as text": change("credentialSubject/certificate/revision", "2"),
    "a language in capitals": lambda one: renamed(
        one["credentialSubject"]["certificate"]["holder"]["name"], "zh", "ZH"
    ),
    "a text in a list": lambda one: change(
        "credentialSubject/certificate/holder/name/zh",
        [one["credentialSubject"]["certificate"]["holder"]["name"]["zh"]],
    )(one),
    "a keyword": lambda one: renamed(one["credentialSubject"], "id", "@id"),
    "a context of one's own": lambda one: change("@context", [*one["@context"], {"mine": "urn:mine"}])(one),
    "a context further inside": lambda one: one["credentialSubject"].update({"@context": one["@context"][1]}),
    "a type twice": lambda one: one["type"].append("VerifiableCredential"),
    "a type by its address": change(
        "issuer/type", ["https://test.uncefact.org/vocabulary/untp/core/working/CredentialIssuer"]
    ),
    "a word by its address": change(
        "credentialSubject/assessorLevel",
        "https://test.uncefact.org/vocabulary/untp/core/working/assessorLevelCode#3rdParty",
    ),
    "an address in an object": lambda one: change(
        "credentialStatus/0/statusListCredential", {"id": one["credentialStatus"][0]["statusListCredential"]}
    )(one),
    "an assessment twice": lambda one: one["credentialSubject"]["assessment"].append(
        copy.deepcopy(one["credentialSubject"]["assessment"][0])
    ),
    "an accreditation twice": lambda one: one["credentialSubject"]["authorisation"].append(
        copy.deepcopy(one["credentialSubject"]["authorisation"][0])
    ),
}


def with_one_id_for_two(kind: str) -> Json:
    """As certificates were written at first: scheme and standard under one id, their publisher under another."""
    document = with_status(kind)
    scheme, standard = scheme_and_standard(document)
    standard["id"] = scheme["id"]
    scheme["owner"]["id"] = standard["issuingParty"]["id"] = f"{BASE_URL}/schemes#publisher"
    return document


def scheme_and_standard(document: Json) -> tuple[Json, Json]:
    subject = document["credentialSubject"]
    return subject["scope"], subject["assessment"][0]["referenceStandard"]


def swap_names(document: Json) -> None:
    scheme, standard = scheme_and_standard(document)
    scheme["name"], standard["name"] = standard["name"], scheme["name"]


SAME_WHERE_TWO_HAVE_ONE_ID: dict[str, Callable[[Json], Any]] = {
    "the names exchanged": swap_names,
    "no name of the owner": lambda one: scheme_and_standard(one)[0]["owner"].pop("name"),
    "no name of the publisher": lambda one: scheme_and_standard(one)[1]["issuingParty"].pop("name"),
    "no owner": lambda one: scheme_and_standard(one)[0].pop("owner"),
    "no publisher": lambda one: scheme_and_standard(one)[1].pop("issuingParty"),
    "the publisher by its id alone": lambda one: scheme_and_standard(one)[1].update(
        issuingParty=scheme_and_standard(one)[1]["issuingParty"]["id"]
    ),
}


@each_kind
@pytest.mark.parametrize("name", SAME_WHERE_TWO_HAVE_ONE_ID)
def test_where_two_have_one_id_each_keeps_what_is_said_of_it(kind: str, name: str) -> None:
    unsigned = with_one_id_for_two(kind)
    document = parse(add_proof(unsigned, method(ONE), MADE, ONE.sign, Cryptosuite.RDFC))
    assert holds(document)
    SAME_WHERE_TWO_HAVE_ONE_ID[name](document)
    proof = document.pop("proof")
    assert canonical_n_quads(document) == canonical_n_quads(unsigned)
    with pytest.raises(MalformedProof):
        take_apart({**document, "proof": proof})


@each_kind
def test_no_id_stands_in_two_places_of_a_new_certificate(kind: str) -> None:
    def ids(value: Any) -> list[str]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        own = [value["id"]] if isinstance(value, dict) and "id" in value else []
        return own + [one for more in inner for one in ids(more)]

    found = ids(with_status(kind))
    assert len(found) == len(set(found)) > 7


def test_a_context_in_the_proof_is_refused_because_no_signature_covers_it() -> None:
    document = parse(STORED)
    document["proof"]["@context"] = document["@context"][:1]
    with pytest.raises(MalformedProof, match="@context"):
        take_apart(document)


@pytest.mark.parametrize("name", SAME_IN_RDF)
def test_the_same_statements_in_another_form_are_refused_because_readers_of_the_json_would_err(name: str) -> None:
    document = parse(STORED)
    before = canonical_n_quads({key: value for key, value in document.items() if key != "proof"})
    SAME_IN_RDF[name](document)
    # The signature does hold over this: to RDF it is the same.
    assert canonical_n_quads({key: value for key, value in document.items() if key != "proof"}) == before
    with pytest.raises(MalformedProof):
        take_apart(document)
    with pytest.raises(MalformedProof):
        take_apart_canonical(canonicalize(document))


@each_kind
def test_every_certificate_is_in_plain_form(kind: str) -> None:
    check_plain_form(with_status(kind))
    check_plain_form(copy.deepcopy(parse(signed(kind))))


def test_a_certificate_with_many_sites_is_signed_over_rdf_and_holds() -> None:
    document = with_status("gbt19001-2016")
    document["credentialSubject"]["certificate"]["sites"] *= 125
    stored = add_proof(document, method(ONE), MADE, ONE.sign, Cryptosuite.RDFC)
    assert signature_holds(take_apart_canonical(stored), KEY)


@pytest.mark.parametrize("document", [{}, {"@context": []}, {"@context": [1, 2, 3]}, {"@context": "x"}])
def test_another_document_is_not_in_plain_form(document: Json) -> None:
    with pytest.raises(NotPlain):
        check_plain_form(document)
