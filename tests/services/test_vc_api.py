"""The conformance face: what is genuine is verified, what is not is refused for the right reason, with both suites."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keys import FileKeyStore, KeyStoreError, Purpose
from registry.formats.did_web import issuer_did
from registry.formats.proofs import Cryptosuite, secure
from registry.services import conformance, manage_keys
from registry.services.context import Registry
from registry.services.own_keys import own_signer
from registry.services.status_lists import StatusLists
from registry.services.vc_api import Options, VcApi
from registry.services.vc_problem import Kind, VcRefused
from tests.conftest import BASE_URL, NOON, PASSPHRASE, Clock
from tests.services.foreign_signers import (
    HOLDER,
    ISSUER,
    JCS,
    RDFC,
    STRANGER,
    VC_V1,
    VC_V2,
    credential,
    credential_v1,
    presentation,
)

VECTORS = Path(__file__).parent.parent / "vectors"
BOTH = pytest.mark.parametrize("suite", list(Cryptosuite))
ALL = Options()
PROOF_ONLY = Options(checks=["proof"])


@pytest.fixture
def api(sqlite_registry: Registry) -> VcApi:
    return VcApi(sqlite_registry, StatusLists(sqlite_registry))


def vector(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


def refusal(api: VcApi, document: Any, options: Options = ALL) -> tuple[str, str | None]:
    """The first problem of a credential: its type, and where."""
    with pytest.raises(VcRefused) as refused:
        api.verify_credential(document, options)
    first = refused.value.problems[0]
    return first.type, first.pointer


def presentation_refusal(api: VcApi, document: Any, options: Options = ALL) -> tuple[str, str | None]:
    with pytest.raises(VcRefused) as refused:
        api.verify_presentation(document, options)
    first = refused.value.problems[0]
    return first.type, first.pointer


# Issuing


@BOTH
def test_what_is_issued_is_verified_here_by_both_instances(api: VcApi, suite: Cryptosuite) -> None:
    issued = api.issue(credential(), suite)
    assert issued["proof"]["cryptosuite"] == suite
    assert issued["proof"]["proofPurpose"] == "assertionMethod"
    assert issued["credentialSubject"] == credential()["credentialSubject"]
    assert api.verify_credential(issued, ALL) == []


@BOTH
def test_the_instance_is_the_issuer_whoever_the_request_names(
    api: VcApi, sqlite_registry: Registry, suite: Cryptosuite
) -> None:
    own = conformance.conformance_did(sqlite_registry)
    for named in (ISSUER.did, issuer_did(BASE_URL, "cqc"), "https://bank.example/"):
        issued = api.issue(credential(issuer=named), suite)
        assert issued["issuer"] == own
        assert issued["proof"]["verificationMethod"].partition("#")[0] == own
    assert api.issue(credential(issuer={"id": ISSUER.did, "name": "A"}), suite)["issuer"] == {"id": own, "name": "A"}
    left_open = {name: value for name, value in credential().items() if name != "issuer"}
    assert api.issue(left_open, suite)["issuer"] == own
    assert api.issue(credential(issuer={"name": "A"}), suite)["issuer"] == {"id": own, "name": "A"}


def test_the_key_is_one_of_its_own_kept_over_restarts_and_published_nowhere(
    api: VcApi, sqlite_registry: Registry
) -> None:
    before = {record.name for record in sqlite_registry.keys.records()}
    issued = api.issue(credential(), JCS)
    (made,) = [record for record in sqlite_registry.keys.records() if record.name not in before]
    assert made.purpose is Purpose.CONFORMANCE
    published = manage_keys.published_keys(sqlite_registry)
    assert made.public_key not in {key.published.public_key for key in published}
    again = replace(sqlite_registry, keys=FileKeyStore(sqlite_registry.settings.keys_dir, PASSPHRASE))
    assert VcApi(again, StatusLists(again)).issue(credential(), RDFC)["issuer"] == issued["issuer"]


def test_a_key_for_another_purpose_never_signs_under_that_name(sqlite_registry: Registry) -> None:
    sqlite_registry.keys.create("conformance-1", "cqc", Purpose.ISSUER, NOON)
    with pytest.raises(KeyStoreError, match="not for conformance"):
        conformance.conformance_did(sqlite_registry)


@BOTH
def test_a_credential_of_version_2_gets_a_status_entry_unless_it_has_one(api: VcApi, suite: Cryptosuite) -> None:
    entries = [api.issue(credential(), suite)["credentialStatus"] for _ in range(3)]
    assert {entry["statusListCredential"] for entry in entries} == {
        f"{BASE_URL}/vc-api/{suite}/status-lists/revocation"
    }
    assert len({entry["statusListIndex"] for entry in entries}) > 1
    given = {"type": "ExampleStatus", "id": "urn:status"}
    assert api.issue(credential(credentialStatus=given), suite)["credentialStatus"] == given
    assert "credentialStatus" not in api.issue(credential_v1(), suite)


@BOTH
def test_a_credential_of_version_1_1_is_issued_and_verified(api: VcApi, suite: Cryptosuite) -> None:
    issued = api.issue(credential_v1(), suite)
    assert issued["@context"] == [VC_V1, "https://w3id.org/security/data-integrity/v2"]
    assert api.verify_credential(issued, ALL) == []


@BOTH
@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        ("text", "/credential"),
        (credential(issuer="fake-issuer"), "/credential/issuer"),
        (credential(issuer=""), "/credential/issuer"),
        (credential(issuer=None), "/credential/issuer"),
        (credential(issuer={"id": None}), "/credential/issuer/id"),
        (credential(credentialSubject={}), "/credential/credentialSubject"),
        (credential(validFrom="yesterday"), "/credential/validFrom"),
        (credential(proof={"type": "DataIntegrityProof"}), "/credential/proof"),
        (credential(context=[VC_V2]), "/credential/type"),
        (credential(context=[VC_V2, {"ExampleCredential": "https ://not-a-url"}]), "/credential/type"),
        (credential(context=[VC_V2, {"VerifiableCredential": "https://example.org/#Bad"}]), "/credential/type"),
        (credential(credentialStatus={"type": "BitstringStatusListEntry", "statusListIndex": 7}), "/credential"),
        (credential(nested={"deep": [{"type": "BitstringStatusListEntry", "statusListIndex": True}]}), "/credential"),
        (
            credential(
                relatedResource={"id": VC_V2, "digestMultibase": "uM4RgWQc3RUDtjJCSgTJtTfvpZ7SPEg_LNO0ESlovQC0"}
            ),
            "/credential/relatedResource/digestMultibase",
        ),
    ],
)
def test_what_breaks_the_data_model_is_not_signed(api: VcApi, suite: Cryptosuite, broken: Any, pointer: str) -> None:
    with pytest.raises(VcRefused) as refused:
        api.issue(broken, suite)
    assert refused.value.problems[0].pointer == pointer


def test_undefined_terms_are_lost_data_under_rdfc_and_plain_json_under_jcs(api: VcApi) -> None:
    document = credential(context=[VC_V2], type=["VerifiableCredential"])
    with pytest.raises(VcRefused) as refused:
        api.issue(document, RDFC)
    assert refused.value.problems[0].type == Kind.PROOF_GENERATION
    assert "alumniOf" in str(refused.value)
    assert api.verify_credential(api.issue(document, JCS), ALL) == []


def test_contexts_that_are_not_packaged_are_no_hindrance_under_jcs_and_never_fetched(api: VcApi) -> None:
    document = credential(context=[VC_V2, "https://context.example/v1"])
    assert api.verify_credential(api.issue(document, JCS), ALL) == []
    with pytest.raises(VcRefused, match=r"context\.example/v1 is not one that this program knows"):
        api.issue(document, RDFC)


def test_issuing_leaves_no_trace_in_the_registry(api: VcApi, sqlite_registry: Registry) -> None:
    before = sqlite_registry.settings.data_dir.joinpath("registry.sqlite").read_bytes()
    api.issue(credential(), JCS)
    assert sqlite_registry.settings.data_dir.joinpath("registry.sqlite").read_bytes() == before


# Verifying credentials


@pytest.mark.parametrize("name", ["eddsa-jcs-2022/signedJCS.json", "eddsa-rdfc-2022/signedDataInt.json"])
def test_the_published_vectors_verify_and_it_is_told_who_signed(api: VcApi, name: str) -> None:
    document = vector(name)
    (warning,) = api.verify_credential(document, ALL)
    assert warning.pointer == "/verifiableCredential/issuer"
    assert document["proof"]["verificationMethod"].partition("#")[0] in warning.detail
    changed = copy.deepcopy(document)
    changed["credentialSubject"]["alumniOf"] = "Another School"
    assert refusal(api, changed) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")


@pytest.mark.parametrize("suite", list(Cryptosuite))
@pytest.mark.parametrize("kind", ["credential-v1", "credential-v1-set", "credential-v2", "credential-v2-set"])
def test_credentials_by_other_software_verify(api: VcApi, suite: Cryptosuite, kind: str) -> None:
    document = vector(f"digitalbazaar/{suite}-{kind}.json")
    assert api.verify_credential(document, ALL) == []
    changed = {**document, "id": "urn:uuid:another"}
    assert refusal(api, changed)[0] == Kind.PROOF_VERIFICATION


@BOTH
def test_any_change_after_signing_is_found(api: VcApi, suite: Cryptosuite) -> None:
    signed = ISSUER.sign(credential(validUntil="2030-01-01T00:00:00Z"), suite)
    assert api.verify_credential(signed, ALL) == []
    for changes in (
        {"validUntil": "2031-01-01T00:00:00Z"},
        {"name": "added"},
        {"type": ["VerifiableCredential"]},
        {"credentialSubject": {"id": "did:example:another", "alumniOf": "清华大学"}},
    ):
        assert refusal(api, {**signed, **changes}) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")


@BOTH
def test_the_issuer_must_have_signed(api: VcApi, suite: Cryptosuite) -> None:
    forged = STRANGER.sign(credential(), suite)
    assert refusal(api, forged) == (Kind.SECURITY, "/verifiableCredential/issuer")
    forged = STRANGER.sign(credential(issuer=issuer_did(BASE_URL, "cqc")), suite)
    assert refusal(api, forged) == (Kind.SECURITY, "/verifiableCredential/issuer")
    assert api.verify_credential(ISSUER.sign(forged | {"issuer": ISSUER.did, "proof": []}, suite), ALL) == []


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"type": "UnknownProofType"},
        {"type": None},
        {"cryptosuite": "eddsa-2099"},
        {"cryptosuite": None},
        {"proofPurpose": "authentication"},
        {"proofPurpose": "invalidPurpose"},
        {"proofPurpose": None},
        {"verificationMethod": None},
        {"verificationMethod": "did:key:invalidVm"},
        {"verificationMethod": STRANGER.method},
        {"verificationMethod": "did:web:elsewhere.example#key-1"},
        {"verificationMethod": "https://elsewhere.example/key"},
        {"created": "yesterday"},
        {"expires": "2026-03-01T00:00:00Z"},
        {"proofValue": None},
        {"proofValue": 7},
        {"proofValue": "zz"},
        {"proofValue": "u" + "A" * 86},
    ],
)
def test_a_malformed_or_misused_proof_is_refused(api: VcApi, suite: Cryptosuite, changes: dict[str, Any]) -> None:
    signed = ISSUER.sign(credential(), suite)
    proof = {name: value for name, value in {**signed["proof"], **changes}.items() if value is not None}
    assert refusal(api, {**signed, "proof": proof}) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")


@pytest.mark.parametrize("document", [None, 7, "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", [credential()]])
def test_only_objects_are_credentials(api: VcApi, document: Any) -> None:
    assert refusal(api, document) == (Kind.PARSING, "/verifiableCredential")


@pytest.mark.parametrize("proof", [None, "text", [], [7], {}])
def test_without_a_proof_nothing_is_verified(api: VcApi, proof: Any) -> None:
    assert refusal(api, credential(proof=proof)) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")
    assert refusal(api, credential()) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")


@BOTH
def test_all_proofs_of_a_set_must_hold_and_one_is_the_issuers(api: VcApi, suite: Cryptosuite) -> None:
    both = STRANGER.sign(ISSUER.sign(credential(), suite), suite)
    assert api.verify_credential(both, ALL) == []
    broken = copy.deepcopy(both)
    broken["proof"][1]["proofValue"] = both["proof"][0]["proofValue"]
    assert refusal(api, broken) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof/1")
    others = STRANGER.sign(HOLDER.sign(credential(), suite), suite)
    assert refusal(api, others)[0] == Kind.SECURITY


@BOTH
@pytest.mark.parametrize("as_list", [False, True])
def test_proofs_of_a_chain_build_on_each_other(api: VcApi, suite: Cryptosuite, *, as_list: bool) -> None:
    first = STRANGER.sign(credential(), suite, proof_id="urn:uuid:first")
    named = ["urn:uuid:first"] if as_list else "urn:uuid:first"
    chain = ISSUER.sign(first, suite, previous_proof=named)
    assert api.verify_credential(chain, ALL) == []
    missing = copy.deepcopy(chain)
    missing["proof"][1]["previousProof"] = "urn:uuid:missing"
    assert refusal(api, missing) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")
    alone = {**chain, "proof": chain["proof"][1]}
    assert refusal(api, alone) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")
    replaced = copy.deepcopy(chain)
    replaced["proof"][0] = HOLDER.sign(credential(), suite, proof_id="urn:uuid:first")["proof"]
    assert refusal(api, replaced) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof/1")


def test_lost_data_makes_a_proof_of_rdfc_worthless(api: VcApi) -> None:
    signed = ISSUER.sign(
        credential(context=[VC_V2], type=["VerifiableCredential"], credentialSubject={"name": "A"}), RDFC
    )
    assert api.verify_credential(signed, ALL) == []
    with_term = copy.deepcopy(signed)
    with_term["credentialSubject"]["undefinedTerm"] = "would be dropped"
    assert refusal(api, with_term)[0] == Kind.PROOF_VERIFICATION
    with_type = copy.deepcopy(signed)
    with_type["type"].append("UndefinedType")
    assert refusal(api, with_type)[0] == Kind.PROOF_VERIFICATION


def test_an_undefined_type_is_refused_even_where_it_was_signed(api: VcApi) -> None:
    signed = ISSUER.sign(credential(context=[VC_V2]), JCS)
    assert refusal(api, signed) == (Kind.MALFORMED, "/verifiableCredential/type")


@BOTH
def test_a_context_may_take_the_vocabulary_away(api: VcApi, suite: Cryptosuite) -> None:
    without = [VC_V2, {"@vocab": None, "alumniOf": "https://example.org/#alumniOf"}]
    issued = api.issue(credential(context=without, type=["VerifiableCredential"]), suite)
    assert api.verify_credential(issued, ALL) == []
    with pytest.raises(VcRefused, match="ExampleCredential"):
        api.issue(credential(context=without), suite)


def test_form_is_judged_before_proofs(api: VcApi) -> None:
    signed = ISSUER.sign(credential(credentialSubject=[{"id": "did:example:a"}, {}]), JCS)
    assert refusal(api, signed) == (Kind.MALFORMED, "/verifiableCredential/credentialSubject/1")


@BOTH
@pytest.mark.parametrize(
    ("dates", "verified"),
    [
        ({"validFrom": "2026-03-02T04:00:00Z", "validUntil": "2026-03-02T04:00:00Z"}, True),
        ({"validFrom": "2026-03-02T12:00:00+08:00"}, True),
        ({"validFrom": "2026-03-02T04:00:01Z"}, False),
        ({"validFrom": "4023-02-26T01:02:58.447Z"}, False),
        ({"validUntil": "2026-03-02T03:59:59.999Z"}, False),
    ],
)
def test_the_period_counts_unless_only_the_proof_is_asked_for(
    api: VcApi, suite: Cryptosuite, dates: dict[str, str], *, verified: bool
) -> None:
    signed = ISSUER.sign(credential(**dates), suite)
    assert api.verify_credential(signed, PROOF_ONLY) == []
    if verified:
        assert api.verify_credential(signed, ALL) == []
    else:
        assert refusal(api, signed) == (Kind.RANGE, "/verifiableCredential")


def test_the_period_of_version_1_1_counts_as_well(api: VcApi) -> None:
    assert api.verify_credential(ISSUER.sign(credential_v1(expirationDate="2027-01-01T00:00:00Z"), JCS), ALL) == []
    ended = ISSUER.sign(credential_v1(expirationDate="2026-03-02T03:00:00Z"), JCS)
    assert refusal(api, ended) == (Kind.RANGE, "/verifiableCredential")


def test_enveloped_documents_are_not_claimed_to_be_verified(api: VcApi) -> None:
    enveloped = {"@context": VC_V2, "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt,e30.e30.x"}
    assert refusal(api, enveloped) == (Kind.SECURITY, "/verifiableCredential")
    wrapped = {**enveloped, "type": "EnvelopedVerifiablePresentation"}
    assert presentation_refusal(api, wrapped) == (Kind.SECURITY, "/verifiablePresentation")
    within = HOLDER.sign(presentation(enveloped), JCS, purpose="authentication")
    assert presentation_refusal(api, within) == (Kind.SECURITY, "/verifiablePresentation/verifiableCredential/0")


# Keys of this registry


def own_credential(registry: Registry, purpose: Purpose, suite: Cryptosuite) -> dict[str, Any]:
    key = own_signer(registry, purpose)
    method = key.published.verification_method
    return secure(credential(issuer=method.partition("#")[0]), suite, method, NOON, key.signer.sign)


@BOTH
def test_keys_of_the_registry_are_found_by_did_web(sqlite_registry: Registry, api: VcApi, suite: Cryptosuite) -> None:
    assert api.verify_credential(own_credential(sqlite_registry, Purpose.REGISTRY, suite), ALL) == []
    by_log_key = own_credential(sqlite_registry, Purpose.LOG, suite)
    assert refusal(api, by_log_key) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")


@BOTH
def test_a_retired_key_counts_for_what_it_signed_and_a_compromised_one_for_nothing(
    sqlite_registry: Registry, api: VcApi, clock: Clock, suite: Cryptosuite
) -> None:
    (key,) = manage_keys.published_keys(sqlite_registry, "cqc")
    signer = sqlite_registry.keys.signer(key.name, NOON)
    method = key.published.verification_method
    document = credential(issuer=issuer_did(BASE_URL, "cqc"))
    signed = secure(document, suite, method, NOON, signer.sign)
    later = secure(document, suite, method, NOON + timedelta(days=3), signer.sign)
    assert api.verify_credential(signed, ALL) == []
    clock.advance(days=2)
    manage_keys.retire_key(sqlite_registry, key.name)
    clock.advance(days=2)
    assert api.verify_credential(signed, ALL) == []
    assert refusal(api, later) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")
    manage_keys.mark_key_compromised(sqlite_registry, key.name, clock())
    assert refusal(api, signed) == (Kind.PROOF_VERIFICATION, "/verifiableCredential/proof")


# Presentations


def presented(suite: Cryptosuite, *credentials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return HOLDER.sign(
        presentation(*credentials, **changes),
        suite,
        purpose="authentication",
        challenge="challenge-1",
        domain="bank.example",
    )


@BOTH
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_presentations_by_other_software_verify(api: VcApi, suite: Cryptosuite, version: str) -> None:
    document = vector(f"digitalbazaar/{suite}-presentation-{version}.json")
    asked = Options(challenge="challenge-4711", domain="bank.example")
    assert api.verify_presentation(document, asked) == []
    assert api.verify_presentation(document, ALL) == []
    other = presentation_refusal(api, document, Options(challenge="another"))
    assert other == (Kind.PROOF_VERIFICATION, "/verifiablePresentation/proof")
    other = presentation_refusal(api, document, Options(domain="other.example"))
    assert other == (Kind.PROOF_VERIFICATION, "/verifiablePresentation/proof")


@BOTH
def test_a_presentation_needs_no_credentials_and_may_have_several(api: VcApi, suite: Cryptosuite) -> None:
    signed = ISSUER.sign(credential(), suite)
    asked = Options(challenge="challenge-1", domain="bank.example")
    for document in (
        presented(suite),
        presented(suite, signed),
        presented(suite, signed, ISSUER.sign(credential(), JCS)),
    ):
        assert api.verify_presentation(document, asked) == []
    single = presented(suite, verifiableCredential=signed)
    assert api.verify_presentation(single, asked) == []


def test_all_credentials_of_a_presentation_share_one_budget(api: VcApi) -> None:
    """What each alone may cost would add up to many seconds for one request that anybody can send."""
    context = [VC_V2, {"ExampleCredential": "urn:t", "q": {"@id": "urn:q", "@type": "@id"}, "n": "urn:n"}]
    subject = {"id": "urn:uuid:subject", "q": [{"n": "alike"} for _ in range(350)]}
    large = ISSUER.sign(credential(context=context, credentialSubject=subject), RDFC)
    assert api.verify_credential(large, ALL) == []
    with pytest.raises(VcRefused) as refused:
        api.verify_presentation(presentation(verifiableCredential=[large] * 8), ALL, signed=False)
    assert any("effort" in one.detail for one in refused.value.problems)


@BOTH
def test_one_bad_credential_spoils_a_presentation(api: VcApi, suite: Cryptosuite) -> None:
    good = ISSUER.sign(credential(), suite)
    for bad in (
        {**good, "id": "urn:uuid:another"},
        STRANGER.sign(credential(), suite),
        credential(),
        ISSUER.sign(credential(validUntil="2020-01-01T00:00:00Z"), suite),
    ):
        _, pointer = presentation_refusal(api, presented(suite, good, bad))
        assert pointer is not None
        assert pointer.startswith("/verifiablePresentation/verifiableCredential/1")


@BOTH
def test_the_holder_must_have_signed_the_presentation(api: VcApi, suite: Cryptosuite) -> None:
    stolen = STRANGER.sign(presentation(), suite, purpose="authentication")
    assert presentation_refusal(api, stolen) == (Kind.SECURITY, "/verifiablePresentation/holder")
    unnamed = STRANGER.sign({"@context": [VC_V2], "type": "VerifiablePresentation"}, suite, purpose="authentication")
    assert api.verify_presentation(unnamed, ALL) == []


@BOTH
def test_a_presentation_is_signed_for_authentication(api: VcApi, suite: Cryptosuite) -> None:
    asserted = HOLDER.sign(presentation(), suite)
    assert presentation_refusal(api, asserted) == (Kind.PROOF_VERIFICATION, "/verifiablePresentation/proof")
    assert presentation_refusal(api, presentation()) == (Kind.PROOF_VERIFICATION, "/verifiablePresentation/proof")


@BOTH
def test_what_the_holder_says_of_itself_is_secured_by_the_presentation(api: VcApi, suite: Cryptosuite) -> None:
    own_words = credential(issuer=HOLDER.did)
    assert api.verify_presentation(presented(suite, own_words), ALL) == []
    others_words = credential(issuer=STRANGER.did)
    assert presentation_refusal(api, presented(suite, others_words))[1] == (
        "/verifiablePresentation/verifiableCredential/0/proof"
    )
    ended = credential(issuer=HOLDER.did, validUntil="2020-01-01T00:00:00Z")
    assert presentation_refusal(api, presented(suite, ended))[0] == Kind.RANGE


@BOTH
def test_a_presentation_without_proof_is_worth_its_credentials(api: VcApi, suite: Cryptosuite) -> None:
    good = ISSUER.sign(credential(), suite)
    assert api.verify_presentation(presentation(good), ALL, signed=False) == []
    with pytest.raises(VcRefused) as refused:
        api.verify_presentation(presentation(credential(issuer=HOLDER.did)), ALL, signed=False)
    assert refused.value.problems[0].pointer == "/presentation/verifiableCredential/0/proof"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"context": [{"a": "https://a.example/"}, VC_V2]}, "/@context/0"),
        ({"type": ["VerifiablePresentation", "UndefinedPresentation"]}, "/type"),
        ({"holder": {"name": "no id"}}, "/holder/id"),
        ({"verifiableCredential": ["https://example.org/credentials/1"]}, "/verifiableCredential/0"),
    ],
)
def test_the_form_of_presentations_is_judged(api: VcApi, changes: dict[str, Any], pointer: str) -> None:
    signed = presented(JCS, **changes)
    assert presentation_refusal(api, signed) == (Kind.MALFORMED, "/verifiablePresentation" + pointer)
