"""Proof sets and chains of both suites: published and foreign documents hold, and every rule refuses in words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.formats.canonical_json import MalformedJson
from registry.formats.data_integrity import MalformedProof
from registry.formats.did_key import did_key_method, resolve_did_key
from registry.formats.multikey import decode_base58btc, encode_base58btc
from registry.formats.proofs import MAX_PROOFS, Cryptosuite, ProofResult, _Transformation, secure, verify_proofs
from registry.formats.rdf_canonical import CannotCanonicalize, Effort
from registry.formats.verification_methods import UnknownVerificationMethod, VerificationMethod

VECTORS = Path(__file__).parents[1] / "vectors"
V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MADE = datetime(2026, 3, 2, 8, tzinfo=UTC)
Json = dict[str, Any]


def read(path: str) -> Any:
    return json.loads((VECTORS / path).read_text("utf-8"))


KEY_PAIR = read("keyPair.json")
UNSIGNED: Json = read("unsigned.json")
PUBLISHED_KEY = Ed25519PrivateKey.from_private_bytes(decode_base58btc(KEY_PAIR["privateKeyMultibase"], 34)[2:])
PUBLISHED = {
    Cryptosuite.JCS: read("eddsa-jcs-2022/signedJCS.json"),
    Cryptosuite.RDFC: read("eddsa-rdfc-2022/signedDataInt.json"),
}
ONE, TWO = (Ed25519PrivateKey.from_private_bytes(bytes([byte]) * 32) for byte in (1, 2))
FOREIGN = sorted(path.name for path in (VECTORS / "digitalbazaar").glob("eddsa-*.json"))
FOREIGN_PURPOSE = {"purpose": "authentication", "challenge": "challenge-4711", "domain": "bank.example"}
both_suites = pytest.mark.parametrize("suite", list(Cryptosuite))


def method(key: Ed25519PrivateKey) -> str:
    return did_key_method(key.public_key().public_bytes_raw())


def signed(suite: Cryptosuite, document: Json = UNSIGNED, key: Ed25519PrivateKey = ONE, **options: Any) -> Json:
    return secure(document, suite, method(key), MADE, key.sign, **options)


def results(document: Json, **options: Any) -> list[ProofResult]:
    return verify_proofs(document, **{"resolve": resolve_did_key, "now": NOW, **options})


def holds(document: Json, **options: Any) -> bool:
    try:
        return all(result.holds for result in results(document, **options))
    except MalformedProof:
        return False


def problem(document: Json, **options: Any) -> str:
    (result,) = results(document, **options)
    assert not result.holds
    return result.problem or ""


def changed(document: Json, **members: Any) -> Json:
    """The document with members of its one proof changed; None takes one out."""
    proof = {name: value for name, value in {**document["proof"], **members}.items() if value is not None}
    return {**document, "proof": proof}


def resigned(suite: Cryptosuite, key: Ed25519PrivateKey = ONE, **members: Any) -> Json:
    """A document whose proof was signed with these members in it, as another program might have."""
    document = changed(signed(suite), proofValue=None, **members)
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    data = _Transformation(unsecured).data_to_sign(document["proof"], [])
    return changed(document, proofValue=encode_base58btc(key.sign(data)))


# Published documents, and those of another implementation.


@both_suites
def test_the_published_document_is_made_byte_for_byte_and_holds(suite: Cryptosuite) -> None:
    published = PUBLISHED[suite]
    created = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
    vm = published["proof"]["verificationMethod"]
    assert secure(UNSIGNED, suite, vm, created, PUBLISHED_KEY.sign) == published
    assert results(published) == [ProofResult(True, None, vm, str(suite))]


def test_what_is_signed_with_canonical_rdf_is_the_published_combined_hash() -> None:
    asked: list[bytes] = []
    created = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
    vm = PUBLISHED[Cryptosuite.RDFC]["proof"]["verificationMethod"]
    secure(UNSIGNED, Cryptosuite.RDFC, vm, created, lambda data: asked.append(data) or PUBLISHED_KEY.sign(data))  # type: ignore[func-returns-value]
    expected = (VECTORS / "eddsa-rdfc-2022" / "combinedHashDataInt.txt").read_text("utf-8").strip()
    assert [data.hex() for data in asked] == [expected]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_another_implementation_signed_holds(name: str) -> None:
    document = read(f"digitalbazaar/{name}")
    options = FOREIGN_PURPOSE if "presentation" in name else {}
    found = results(document, **options)
    assert len(found) == (2 if "set" in name else 1)
    assert all(result.holds for result in found), found


@pytest.mark.parametrize("name", FOREIGN)
def test_another_implementation_signs_the_same_document_with_the_same_signature(name: str) -> None:
    document = read(f"digitalbazaar/{name}")
    proofs = document["proof"] if isinstance(document["proof"], list) else [document["proof"]]
    ours = {member: value for member, value in document.items() if member != "proof"}
    for proof in proofs:
        key = ONE if proof["verificationMethod"] == method(ONE) else TWO
        options = {
            "purpose": proof["proofPurpose"],
            **{member: proof[member] for member in ("challenge", "domain") if member in proof},
        }
        ours = signed(Cryptosuite(proof["cryptosuite"]), ours, key, **options)
    assert ours == document


@pytest.mark.parametrize("name", FOREIGN)
def test_any_altered_statement_of_another_implementations_document_is_found(name: str) -> None:
    document = read(f"digitalbazaar/{name}")
    options = FOREIGN_PURPOSE if "presentation" in name else {}
    altered = copy.deepcopy(document)
    if "presentation" in name:
        altered["verifiableCredential"][0]["credentialSubject"]["id"] = "did:example:other"
    else:
        altered["credentialSubject"]["id"] = "did:example:other"
    assert not any(result.holds for result in results(altered, **options))


# Alterations.


@both_suites
@pytest.mark.parametrize(
    "alter",
    [
        lambda one: one["credentialSubject"].update(alumniOf="Another school"),
        lambda one: one["credentialSubject"].update(more="said"),
        lambda one: one["credentialSubject"].pop("alumniOf"),
        lambda one: one.update(issuer="https://vc.example/issuers/1"),
        lambda one: one.update(type=[*one["type"], "Added"]),
        lambda one: one["proof"].update(created="2026-03-02T08:00:01Z"),
        lambda one: one["proof"].update(nonce="added"),
        lambda one: one["proof"].update(expires="2027-01-01T00:00:00Z"),
        lambda one: one["proof"].update(proofValue="z" + "1" * 64),
        lambda one: one["proof"].update(verificationMethod=method(TWO)),
        lambda one: one["proof"].pop("created"),
    ],
)
def test_an_altered_document_or_proof_does_not_hold(suite: Cryptosuite, alter: Callable[[Json], object]) -> None:
    document = copy.deepcopy(signed(suite))
    assert holds(document)
    alter(document)
    assert not holds(document)


def test_terms_and_types_without_a_meaning_are_refused_where_they_would_be_lost() -> None:
    contexts = [V2, {"alumniOf": "https://schema.org/alumniOf", "AlumniCredential": "https://example.org/Alumni"}]
    document = {**UNSIGNED, "@context": contexts}
    assert holds(signed(Cryptosuite.RDFC, document))
    more: list[Json] = [
        {"credentialSubject": {**UNSIGNED["credentialSubject"], "undefined": "x"}},
        {"type": [*UNSIGNED["type"], "Undefined"]},
        {"undefined": None},
    ]
    for members in more:
        with pytest.raises(CannotCanonicalize):
            signed(Cryptosuite.RDFC, {**document, **members})
        assert "can't be worked out" in problem({**signed(Cryptosuite.RDFC, document), **members})
        assert holds(signed(Cryptosuite.JCS, {**document, **members}))


def test_a_term_of_the_proof_without_a_meaning_is_refused_where_it_would_be_lost() -> None:
    contexts = [V2, {"alumniOf": "https://schema.org/alumniOf", "AlumniCredential": "https://example.org/Alumni"}]
    document = signed(Cryptosuite.RDFC, {**UNSIGNED, "@context": contexts})
    assert "can't be worked out" in problem(changed(document, undefined="x"))


def test_signing_leaves_the_document_alone() -> None:
    before = copy.deepcopy(UNSIGNED)
    for suite in Cryptosuite:
        signed(suite, signed(suite))
    assert before == UNSIGNED


# Contexts.


@both_suites
@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ([V2, EXAMPLES], [V2, EXAMPLES]),
        (V2, V2),
        (V1, [V1, DATA_INTEGRITY]),
        ([{"name": "urn:n"}, DATA_INTEGRITY], [{"name": "urn:n"}, DATA_INTEGRITY]),
        ([{"name": "urn:n"}], [{"name": "urn:n"}, DATA_INTEGRITY]),
    ],
)
def test_a_context_for_the_proof_is_added_where_there_is_none(suite: Cryptosuite, context: Any, expected: Any) -> None:
    document = signed(suite, {"@context": context, "@id": "urn:x", "@type": "urn:t"})
    assert document["@context"] == expected
    assert holds(document)


def test_a_document_without_any_context_is_signed_as_plain_json() -> None:
    document = signed(Cryptosuite.JCS, {"number": "1"})
    assert document.keys() == {"number", "proof"}
    assert "@context" not in document["proof"]
    assert holds(document)
    with pytest.raises(CannotCanonicalize, match="number"):
        signed(Cryptosuite.RDFC, {"number": "1"})


def test_contexts_added_behind_the_signed_ones_are_of_no_matter_to_plain_json() -> None:
    document = signed(Cryptosuite.JCS)
    assert holds({**document, "@context": [*document["@context"], "https://holder.example/v1"]})
    for contexts in (document["@context"][::-1], document["@context"][:1], ["urn:x", *document["@context"]], None):
        assert "@context does not begin" in problem({**document, "@context": contexts})


def test_a_context_in_an_rdf_proof_gives_way_to_that_of_the_document() -> None:
    """EdDSA Cryptosuites 3.2.5, step 4."""
    document = signed(Cryptosuite.RDFC)
    assert "@context" not in document["proof"]
    assert holds(changed(document, **{"@context": document["@context"]}))


def test_an_unknown_context_is_named() -> None:
    document = signed(Cryptosuite.RDFC)
    added = {**document, "@context": [*document["@context"], "https://holder.example/v1"]}
    assert "https://holder.example/v1" in problem(added)


CORE = [
    ("issuer", "https://www.w3.org/2018/credentials#issuer"),
    ("validUntil", "https://www.w3.org/2018/credentials#validUntil"),
    ("credentialSubject", "https://www.w3.org/2018/credentials#credentialSubject"),
]


@pytest.mark.parametrize(("name", "address"), CORE)
def test_a_statement_that_readers_of_the_json_would_overlook_is_refused(name: str, address: str) -> None:
    """RDF does not tell the two, so the signature would hold over a credential that seems to have no end."""
    document = signed(Cryptosuite.RDFC, {**UNSIGNED, "validUntil": "2026-12-31T00:00:00Z"})
    assert holds(document)
    hidden = {member: value for member, value in document.items() if member != name}
    written: Json = {
        "issuer": {"@id": document["issuer"]},
        "validUntil": {"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": "2026-12-31T00:00:00Z"},
        "credentialSubject": document["credentialSubject"],
    }
    assert "another name" in problem({**hidden, address: written[name]})
    contexts = [*document["@context"], {"other": address}]
    assert "another name" in problem({**hidden, "@context": contexts, "other": written[name]})


def test_an_end_of_the_proof_that_readers_of_the_json_would_overlook_is_refused() -> None:
    document = signed(Cryptosuite.RDFC, expires=NOW - timedelta(days=1))
    assert "expired" in problem(document)
    date = {"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": document["proof"]["expires"]}
    hidden = changed(document, expires=None, **{"https://w3id.org/security#expiration": date})
    assert "another name" in problem(hidden)


# What can't be read.


@both_suites
@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"type": None}, "'type'"),
        ({"cryptosuite": None}, "'cryptosuite'"),
        ({"verificationMethod": None}, "'verificationMethod'"),
        ({"proofPurpose": None}, "'proofPurpose'"),
        ({"proofValue": None}, "'proofValue'"),
        ({"type": ["DataIntegrityProof"]}, "'type'"),
        ({"cryptosuite": 5}, "'cryptosuite'"),
        ({"verificationMethod": {"id": "did:key:z"}}, "'verificationMethod'"),
        ({"verificationMethod": "z6Mk"}, "'verificationMethod' is not a URL"),
        ({"proofPurpose": ["assertionMethod"]}, "'proofPurpose'"),
        ({"proofValue": 5}, "'proofValue'"),
        ({"proofValue": ""}, "'proofValue'"),
        ({"proofValue": "uAAAA"}, "'proofValue'"),
        ({"proofValue": "z"}, "'proofValue'"),
        ({"proofValue": "z0OIl"}, "'proofValue'"),
        ({"proofValue": "z" + "1" * 63}, "'proofValue'"),
        ({"proofValue": "z" + "1" * 65}, "'proofValue'"),
        ({"proofValue": "z" + "2" * 5000}, "'proofValue'"),
        ({"created": "yesterday"}, "'created'"),
        ({"created": "2026-03-02"}, "'created'"),
        ({"created": "2026-03-02T08:00:00"}, "'created'"),
        ({"created": "2026-02-30T08:00:00Z"}, "'created'"),
        ({"created": 5}, "'created'"),
        ({"expires": "2026-13-02T08:00:00Z"}, "'expires'"),
        ({"expires": []}, "'expires'"),
        ({"challenge": 5}, "'challenge'"),
        ({"nonce": {}}, "'nonce'"),
        ({"domain": 5}, "'domain'"),
        ({"domain": []}, "'domain'"),
        ({"domain": ["a", 5]}, "'domain'"),
        ({"id": 5}, "'id'"),
        ({"id": "first"}, "'id' is not a URL"),
        ({"previousProof": 5}, "'previousProof'"),
        ({"previousProof": [5]}, "'previousProof'"),
        ({"previousProof": []}, "'previousProof'"),
        ({"previousProof": "urn:uuid:nowhere"}, "no proof of the document"),
        ({"challenge": "x" * 5000}, "'challenge'"),
    ],
)
def test_a_malformed_proof_is_refused_in_words(suite: Cryptosuite, members: Json, reason: str) -> None:
    with pytest.raises(MalformedProof, match=reason):
        results(changed(signed(suite), **members))


@pytest.mark.parametrize("proof", [None, "proof", 5, [], ["x"], [None], [[]], True])
def test_what_is_no_proof_at_all_is_refused(proof: Any) -> None:
    with pytest.raises(MalformedProof):
        results({**UNSIGNED, "proof": proof})
    with pytest.raises(MalformedProof):
        results(UNSIGNED)


def test_more_proofs_than_anybody_needs_are_refused() -> None:
    document = signed(Cryptosuite.JCS)
    with pytest.raises(MalformedProof, match=str(MAX_PROOFS)):
        results({**document, "proof": [document["proof"]] * (MAX_PROOFS + 1)})


def test_what_could_not_be_worked_out_once_is_not_tried_again_for_each_proof() -> None:
    """The six together cost what one costs: with less than twice that, none runs out of effort."""
    context = [*UNSIGNED["@context"], {"q": {"@id": "urn:q", "@type": "@id"}}]
    clique = [{"id": f"_:n{one}", "q": [f"_:n{other}" for other in range(10) if other != one]} for one in range(10)]
    document = {**signed(Cryptosuite.RDFC), "@context": context, "q": clique}
    once = Effort(16_000)
    found = results({**document, "proof": [document["proof"]] * MAX_PROOFS}, effort=once)
    assert len(found) == MAX_PROOFS
    assert all("look alike" in str(one.problem) for one in found)


@both_suites
@pytest.mark.parametrize(
    "created", ["2026-03-02T08:00:00+08:00", "2026-03-02T08:00:00.123Z", "2026-03-02T08:00:00-11:30", None]
)
def test_every_form_of_a_date_with_a_zone_is_read_and_none_is_needed(suite: Cryptosuite, created: str | None) -> None:
    assert holds(resigned(suite, created=created))


# What the asker wants.


@both_suites
def test_another_type_or_suite_than_wanted_does_not_hold(suite: Cryptosuite) -> None:
    document = signed(suite)
    others = [one for one in Cryptosuite if one is not suite]
    assert holds(document, suites=[suite])
    assert "is not one of" in problem(document, suites=others)
    assert "is not one of" in problem(changed(document, cryptosuite="ecdsa-rdfc-2019"))
    assert "is not one of" in problem(changed(document, cryptosuite=str(suite).upper()))
    assert "of type" in problem(changed(document, type="Ed25519Signature2020"))


@both_suites
def test_the_purpose_must_be_the_wanted_one_and_the_key_serve_it(suite: Cryptosuite) -> None:
    document = signed(suite, purpose="authentication")
    assert "purpose" in problem(document)
    assert holds(document, purpose="authentication")
    assert holds(document, purpose=None)
    assert "does not list the key" in problem(signed(suite, purpose="keyAgreement"), purpose="keyAgreement")
    assert "purpose" in problem(changed(signed(suite), proofPurpose="invalidPurpose"))


@both_suites
def test_challenge_and_domain_are_compared_where_the_asker_gave_them(suite: Cryptosuite) -> None:
    document = signed(suite, challenge="4711", domain="bank.example")
    assert holds(document)
    assert holds(document, challenge="4711", domain="bank.example")
    assert holds(document, domain=["bank.example"])
    assert "challenge" in problem(document, challenge="4712")
    assert "domain" in problem(document, domain="other.example")
    assert "domain" in problem(document, domain=["bank.example", "other.example"])
    assert "challenge" in problem(signed(suite), challenge="4711")
    assert "domain" in problem(signed(suite), domain="bank.example")
    several = signed(suite, domain=["b.example", "a.example"])
    assert holds(several, domain={"a.example", "b.example"})
    assert "domain" in problem(several, domain="a.example")


@both_suites
def test_a_proof_holds_until_it_expires(suite: Cryptosuite) -> None:
    document = signed(suite, expires=NOW)
    assert holds(document, now=NOW - timedelta(seconds=1))
    assert "expired" in problem(document, now=NOW)


# Keys.


def resolver(key: Ed25519PrivateKey = ONE, **members: Any) -> Callable[[str], VerificationMethod]:
    def resolve(url: str) -> VerificationMethod:
        found: Json = {
            "id": url,
            "controller": "did:web:registry.example",
            "public_key": key.public_key().public_bytes_raw(),
            "purposes": frozenset({"assertionMethod"}),
        }
        return VerificationMethod(**{**found, **members})

    return resolve


@both_suites
def test_the_key_decides(suite: Cryptosuite) -> None:
    document = signed(suite)
    assert holds(document, resolve=resolver())
    assert "signature" in problem(document, resolve=resolver(TWO))
    assert "another name" in problem(document, resolve=resolver(id="did:web:registry.example#other"))
    assert "does not list" in problem(document, resolve=resolver(purposes=frozenset({"authentication"})))
    assert "signature" in problem(document, resolve=resolver(public_key=b"short"))


@both_suites
def test_a_key_that_ended_still_answers_for_what_it_made_before(suite: Cryptosuite) -> None:
    document = signed(suite)
    assert holds(document, resolve=resolver(expires=MADE + timedelta(seconds=1)))
    assert "ended" in problem(document, resolve=resolver(expires=MADE))
    undated = resigned(suite, created=None)
    assert holds(undated, resolve=resolver())
    assert "ended" in problem(undated, resolve=resolver(expires=NOW))


@both_suites
def test_a_revoked_key_answers_for_nothing_whatever_date_the_proof_bears(suite: Cryptosuite) -> None:
    document = signed(suite)
    assert holds(document, resolve=resolver(revoked=NOW + timedelta(seconds=1)))
    assert "revoked" in problem(document, resolve=resolver(revoked=NOW))


@both_suites
def test_an_unknown_key_is_a_reason_and_no_failure(suite: Cryptosuite) -> None:
    def nobody(url: str) -> VerificationMethod:
        raise UnknownVerificationMethod("no such issuer")

    assert "no such issuer" in problem(signed(suite), resolve=nobody)
    assert "not known" in problem(changed(signed(suite), verificationMethod="did:key:@invalid@"))
    assert "not known" in problem(changed(signed(suite), verificationMethod="https://elsewhere.example/key"))


# Sets and chains.

FIRST, SECOND = "urn:uuid:00000000-0000-4000-8000-000000000001", "urn:uuid:00000000-0000-4000-8000-000000000002"


def chain(suite: Cryptosuite, *, as_list: bool = False) -> Json:
    document = signed(suite, proof_id=FIRST)
    previous: Any = [FIRST] if as_list else FIRST
    return signed(suite, document, TWO, previous_proof=previous, proof_id=SECOND)


@both_suites
def test_the_proofs_of_a_set_stand_each_for_itself(suite: Cryptosuite) -> None:
    document = signed(suite, signed(suite), TWO)
    assert [result.verification_method for result in results(document)] == [method(ONE), method(TWO)]
    assert holds(document)
    for position in (0, 1):
        alone = {**document, "proof": [document["proof"][position]]}
        assert holds(alone)
        broken = copy.deepcopy(document)
        broken["proof"][position]["nonce"] = "added"
        assert [result.holds for result in results(broken)] == [position != 0, position != 1]


def test_a_set_may_mix_the_suites() -> None:
    document = signed(Cryptosuite.RDFC, signed(Cryptosuite.JCS), TWO)
    assert [result.cryptosuite for result in results(document)] == ["eddsa-jcs-2022", "eddsa-rdfc-2022"]
    assert holds(document)
    assert [result.holds for result in results(document, suites=[Cryptosuite.JCS])] == [True, False]


@both_suites
@pytest.mark.parametrize("as_list", [False, True])
def test_a_chain_holds_in_whatever_order_it_stands(suite: Cryptosuite, as_list: bool) -> None:
    document = chain(suite, as_list=as_list)
    assert holds(document)
    assert holds({**document, "proof": document["proof"][::-1]})


@both_suites
def test_a_later_proof_of_a_chain_signs_the_earlier_one(suite: Cryptosuite) -> None:
    document = chain(suite)
    without = copy.deepcopy(document)
    del without["proof"][1]["previousProof"]
    assert [result.holds for result in results(without)] == [True, False]
    exchanged = copy.deepcopy(document)
    exchanged["proof"][0] = signed(suite, key=TWO, proof_id=FIRST)["proof"]
    found = results(exchanged)
    assert [result.holds for result in found] == [True, False]
    assert "signature" in (found[1].problem or "")


@both_suites
def test_a_proof_falls_with_any_that_it_builds_on(suite: Cryptosuite) -> None:
    first = signed(suite, proof_id=FIRST)
    first["proof"]["proofValue"] = signed(suite, key=TWO)["proof"]["proofValue"]
    document = signed(suite, signed(suite, first, TWO, previous_proof=FIRST, proof_id=SECOND), previous_proof=SECOND)
    found = results(document)
    assert [result.holds for result in found] == [False, False, False]
    assert "builds on" in (found[1].problem or "")
    assert "builds on" in (found[2].problem or "")


@both_suites
def test_a_proof_may_build_on_several(suite: Cryptosuite) -> None:
    pair = signed(suite, signed(suite, proof_id=FIRST), TWO, proof_id=SECOND)
    document = signed(suite, pair, previous_proof=[SECOND, FIRST])
    assert holds(document)
    assert [result.holds for result in results({**document, "proof": document["proof"][:2]})] == [True, True]
    with pytest.raises(MalformedProof, match="no proof of the document"):
        results({**document, "proof": document["proof"][1:]})


@both_suites
def test_references_that_lead_nowhere_or_to_several_are_errors_for_signer_and_verifier(suite: Cryptosuite) -> None:
    document = signed(suite, proof_id=FIRST)
    with pytest.raises(MalformedProof, match="no proof"):
        signed(suite, document, previous_proof=SECOND)
    with pytest.raises(MalformedProof, match="no proof"):
        signed(suite, document, previous_proof=[FIRST, SECOND])
    with pytest.raises(MalformedProof, match="no proof"):
        signed(suite, UNSIGNED, previous_proof=FIRST)
    twice = {**document, "proof": [document["proof"], {**document["proof"]}]}
    with pytest.raises(MalformedProof, match="more than one"):
        signed(suite, twice, previous_proof=FIRST)
    with pytest.raises(MalformedProof, match="more than one"):
        results({**chain(suite), "proof": [document["proof"], *chain(suite)["proof"]]})


@both_suites
def test_proofs_that_name_each_other_are_refused(suite: Cryptosuite) -> None:
    document = chain(suite)
    document["proof"][0]["previousProof"] = SECOND
    with pytest.raises(MalformedProof, match="circle"):
        results(document)
    alone = changed(signed(suite, proof_id=FIRST), previousProof=FIRST)
    with pytest.raises(MalformedProof, match="circle"):
        results(alone)


def test_numbers_without_a_canonical_form_are_a_reason_and_no_failure() -> None:
    document = {**signed(Cryptosuite.JCS), "number": 2**60}
    assert "can't be worked out" in problem(document)
    with pytest.raises(MalformedJson):
        signed(Cryptosuite.JCS, {"number": 2**60})
