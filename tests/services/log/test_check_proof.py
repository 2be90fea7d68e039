"""A proof is checked with nothing but the log's key: what it is about, and that it holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registry.domain.reasons import Act, Reason
from registry.formats.canonical_json import MalformedJson
from registry.formats.signed_note import ED25519_COSIGNATURE
from registry.formats.tlog_cosignature import cosign
from registry.formats.tlog_proof import (
    InvalidLogProof,
    LogProof,
    MalformedLogProof,
    TrustPolicy,
    parse_proof,
)
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.log.check_proof import check_proof
from registry.services.log.keys import verifier_keys
from registry.services.log.read import certificate_proof
from tests.conftest import sample_certificate
from tests.formats.tlog_vectors import signing_key
from tests.services.log.logs import StaticLog, fill


@pytest.fixture
def actor(sqlite_registry: Registry) -> Actor:
    return operator(sqlite_registry, "cqc", "test")


@pytest.fixture
def policy(sqlite_registry: Registry) -> TrustPolicy:
    return TrustPolicy(tuple(verifier_keys(sqlite_registry)))


@pytest.fixture
def proven(sqlite_registry: Registry, actor: Actor) -> tuple[bytes, bytes]:
    """The proof that a certificate was issued, and the certificate."""
    fill(sqlite_registry, 20)
    public_id = issue(sqlite_registry, actor, sample_certificate()).public_id
    return certificate_proof(sqlite_registry, public_id), stored_document(sqlite_registry, public_id)[1]


def test_the_proof_of_a_document_in_hand_holds(proven: tuple[bytes, bytes], policy: TrustPolicy) -> None:
    proof, document = proven
    found = check_proof(proof, policy, document)
    assert (found.index, found.inclusion.checkpoint.size) == (20, 21)
    assert found.entry["type"] == "certificate-issued/v1"
    assert check_proof(proof, policy).entry == found.entry


def test_a_document_that_was_written_anew_is_the_same_document(
    proven: tuple[bytes, bytes], policy: TrustPolicy
) -> None:
    """As an editor or a JSON library saves it."""
    proof, document = proven
    rewritten = json.dumps(json.loads(document), indent=2, ensure_ascii=True).encode()
    assert check_proof(proof, policy, rewritten)


def test_an_altered_document_is_not_what_the_log_has_seen(proven: tuple[bytes, bytes], policy: TrustPolicy) -> None:
    proof, document = proven
    with pytest.raises(InvalidLogProof, match="another document"):
        check_proof(proof, policy, document.replace("汽车".encode(), "飞机".encode()))


def test_a_later_act_is_proven_of_the_same_document(
    sqlite_registry: Registry, actor: Actor, policy: TrustPolicy
) -> None:
    public_id = issue(sqlite_registry, actor, sample_certificate()).public_id
    change_status(sqlite_registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    document = stored_document(sqlite_registry, public_id)[1]
    found = check_proof(certificate_proof(sqlite_registry, public_id, 2), policy, document)
    assert (found.entry["act"], found.entry["reason"]) == ("withdraw", "misuse_of_mark")


def test_an_entry_of_somebody_s_making_is_not_in_the_log(proven: tuple[bytes, bytes], policy: TrustPolicy) -> None:
    proof = parse_proof(proven[0])
    assert proof.extra is not None
    forged = replace(proof, extra=proof.extra.replace(b"2026", b"2020"))
    with pytest.raises(InvalidLogProof, match="not number 20"):
        check_proof(forged.encode(), policy)


def test_another_log_s_key_proves_nothing(proven: tuple[bytes, bytes]) -> None:
    with pytest.raises(InvalidLogProof, match="no signature of a known key"):
        check_proof(proven[0], TrustPolicy((StaticLog([]).key,)))


def test_as_many_witnesses_as_are_demanded_must_have_cosigned(proven: tuple[bytes, bytes], policy: TrustPolicy) -> None:
    witness, sign = signing_key("witness.example/1", bytes([3] * 32), ED25519_COSIGNATURE)
    careful = replace(policy, witnesses=(witness,), quorum=1)
    with pytest.raises(InvalidLogProof, match="1 are demanded"):
        check_proof(proven[0], careful)
    proof = parse_proof(proven[0])
    text = proof.checkpoint.partition(b"\n\n")[0].decode() + "\n"
    cosigned = replace(proof, checkpoint=proof.checkpoint + cosign(text, witness, 1_767_225_600, sign).line.encode())
    assert [one.key for one in check_proof(cosigned.encode(), careful).inclusion.cosignatures] == [witness]


def test_what_is_no_proof_of_this_kind_of_log_is_told(proven: tuple[bytes, bytes], policy: TrustPolicy) -> None:
    proof = parse_proof(proven[0])
    for bad in (b"", b"no proof", replace(proof, extra=None).encode()):
        with pytest.raises(MalformedLogProof):
            check_proof(bad, policy)
    with pytest.raises(MalformedJson):
        check_proof(proven[0], policy, b"no document")


@pytest.mark.parametrize("entry", ["no JSON", '"a text"', "[]"])
def test_an_entry_of_another_kind_of_log_is_told(entry: str) -> None:
    log = StaticLog([entry])
    proof = LogProof(0, (), log.files["checkpoint"], entry.encode())
    with pytest.raises(MalformedLogProof, match="the entry is not"):
        check_proof(proof.encode(), TrustPolicy((log.key,)))
