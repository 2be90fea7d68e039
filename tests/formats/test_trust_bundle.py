"""A trust bundle is believed as far as what is signed in it holds, and only if all of it is about one registry."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from registry.domain.certificate import Authorization
from registry.domain.signing_key import PublishedKey
from registry.formats import canonical_json
from registry.formats.bitstring_status_list import (
    MINIMUM_LENGTH,
    Purpose,
    bitstring,
    status_list_credential,
    status_list_url,
)
from registry.formats.data_integrity import add_proof
from registry.formats.did_web import did_document, issuer_did, registry_did
from registry.formats.merkle import EMPTY_ROOT
from registry.formats.signed_note import ED25519_COSIGNATURE, SignedNote, VerifierKey, sign_note
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_cosignature import cosign
from registry.formats.tlog_proof import TrustPolicy
from registry.formats.trust_bundle import (
    MAX_BUNDLE_BYTES,
    MalformedBundle,
    compose,
    open_bundle,
    read_bundle,
    with_trusted,
)
from tests.formats.tlog_vectors import signing_key

BASE = "https://registry.example"
DID = registry_did(BASE)
CQC = issuer_did(BASE, "cqc")
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
BEGINNING = NOW - timedelta(days=100)
Sign = Callable[[bytes], bytes]


def key_of(did: str, fragment: str, seed: int) -> tuple[PublishedKey, Sign]:
    key, sign = signing_key("any", bytes([seed]) * 32)
    return PublishedKey(f"{did}#{fragment}", key.public_key, BEGINNING), sign


STATUS, SIGN_STATUS = key_of(DID, "status-list-1", 1)
RECEIPT, SIGN_RECEIPT = key_of(DID, "receipt-1", 2)
ISSUERS, SIGN_ISSUERS = key_of(CQC, "key-1", 3)
IN_DID, _ = key_of(DID, "log-1", 4)
LOG, SIGN_LOG = signing_key("registry.example/log", bytes([4]) * 32)
ONE, COSIGN_ONE = signing_key("witness.example/one", bytes([5]) * 32, ED25519_COSIGNATURE)
TWO, COSIGN_TWO = signing_key("witness.example/two", bytes([6]) * 32, ED25519_COSIGNATURE)
AUTHORIZED = Authorization("gbt19001-2016", date(2020, 1, 1))


def signed_list(
    purpose: Purpose = Purpose.REVOCATION,
    method: str = STATUS.verification_method,
    sign: Sign = SIGN_STATUS,
    at: int = 7,
) -> dict[str, Any]:
    url = status_list_url(BASE, 1, purpose)
    bits = bitstring(MINIMUM_LENGTH, [at])
    document = status_list_credential(url, DID, purpose, bits, NOW, NOW + timedelta(days=7), timedelta(seconds=10))
    return json.loads(add_proof(document, method, NOW, sign))  # type: ignore[no-any-return]


def checkpoint(key: VerifierKey = LOG, sign: Sign = SIGN_LOG, cosigned: bool = True) -> bytes:
    text = Checkpoint(key.name, 0, EMPTY_ROOT).text
    lines = [sign_note(text, key, sign)]
    if cosigned:
        lines.append(cosign(text, ONE, int(NOW.timestamp()), COSIGN_ONE))
    return SignedNote(text, tuple(lines)).encode()


def bundle(**changes: Any) -> dict[str, Any]:
    """A good bundle, but for `changes` of its members."""
    made = compose(
        BASE,
        NOW,
        [did_document(DID, [STATUS, RECEIPT], [], [IN_DID]), did_document(CQC, [ISSUERS])],
        [("cqc", "样例认证中心", [AUTHORIZED])],
        [signed_list(purpose) for purpose in Purpose],
        checkpoint(),
        [LOG],
        {},
    )
    return {**made, **changes}


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(MalformedBundle) as caught:
        open_bundle(document)
    return str(caught.value)


def test_a_bundle_is_read_as_it_was_composed() -> None:
    opened = open_bundle(read_bundle(json.dumps(bundle()).encode()))
    assert (opened.registry, opened.made_at) == (BASE, NOW)
    assert opened.find_key(ISSUERS.verification_method) == ISSUERS
    assert opened.issuers[CQC].authorizations == (AUTHORIZED,)
    assert set(opened.lists) == {status_list_url(BASE, 1, purpose) for purpose in Purpose}
    assert (opened.checkpoint.origin, opened.checkpoint.size) == ("registry.example/log", 0)
    assert opened.policy == TrustPolicy((LOG,))


def test_the_lives_of_keys_come_along() -> None:
    key = replace(ISSUERS, retired_at=NOW, compromised_since=NOW - timedelta(days=3))
    documents = [bundle()["did_documents"][0], did_document(CQC, [key])]
    log = {**bundle()["log"], "compromises": {key.verification_method: 12}}
    opened = open_bundle(bundle(did_documents=documents, log=log))
    found = opened.find_key(key.verification_method)
    assert found is not None
    assert found.compromised_since == key.compromised_since
    assert found.retired_at == NOW
    assert opened.logged_before == {key.verification_method: 12}


def test_a_key_that_no_issuer_has_is_not_found() -> None:
    opened = open_bundle(bundle())
    for method in (CQC + "#key-2", CQC, "", issuer_did(BASE, "other") + "#key-1", STATUS.verification_method):
        assert opened.find_key(method) is None


# What is no bundle.


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"5", b"{}", b'{"format":"another/v1"}', b"\xff", b'{"format":1,"format":2}', b"[" * 100_000],
)
def test_what_is_no_bundle_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBundle):
        read_bundle(body)


def test_a_bundle_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(MalformedBundle, match="larger than"):
        read_bundle(b"[" + b" " * MAX_BUNDLE_BYTES)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all members and elements, outermost first; of proofs and what they sign, the outermost alone."""
    found: list[tuple[Any, ...]] = []
    if isinstance(value, dict | list) and "proof" not in value:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += [(*path, name), *places(inner, (*path, name))]
    return found


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        document = document[name]
    return document


@pytest.mark.parametrize("value", [None, 5, 2**80, "x", "2026-03-02T04:00:00", [], [5], {}, {"id": 5}, True])
def test_whatever_stands_in_the_wrong_place_is_a_bad_bundle_and_never_a_crash(value: Any) -> None:
    """Or makes no difference; then what could be believed is there as before."""
    good = with_trusted(bundle(), TrustPolicy((LOG,), (ONE,), 1))
    for path in places(good):
        document = copy.deepcopy(good)
        at(document, path[:-1])[path[-1]] = value
        try:
            opened = open_bundle(document)
        except MalformedBundle:
            continue
        assert opened.find_key(ISSUERS.verification_method) in (None, ISSUERS) or "activeFrom" in path, path
        assert opened.made_at.tzinfo is not None


def test_every_member_is_needed() -> None:
    # Of keys of the log, nothing is.
    good = bundle(did_documents=[did_document(DID, [STATUS, RECEIPT]), did_document(CQC, [ISSUERS])])
    optional = {"format", "name", "alsoKnownAs", "@context"}
    for path in places(good):
        if isinstance(path[-1], str) and not optional.intersection(path):
            document = copy.deepcopy(good)
            del at(document, path[:-1])[path[-1]]
            assert refused(document), path


# Keys of others.


def test_keys_that_a_did_document_claims_for_another_did_are_refused() -> None:
    mine = did_document(DID, [STATUS])
    foreign, _ = key_of(issuer_did(BASE, "other"), "key-1", 9)
    theirs = did_document(CQC, [ISSUERS, foreign])
    assert "not a key of" in refused(bundle(did_documents=[mine, theirs]))
    theirs = did_document(CQC, [ISSUERS])
    theirs["verificationMethod"][0]["controller"] = DID
    assert "not a key of" in refused(bundle(did_documents=[mine, theirs]))


def test_issuers_and_logs_of_another_registry_do_not_belong_in_it() -> None:
    elsewhere = issuer_did("https://elsewhere.example", "cqc")
    theirs = did_document(elsewhere, [key_of(elsewhere, "key-1", 3)[0]])
    refused(bundle(did_documents=[bundle()["did_documents"][0], theirs]))
    log, sign = signing_key("elsewhere.example/log", bytes([4]) * 32)
    other = {**bundle()["log"], "checkpoint": checkpoint(log, sign).decode(), "keys": [log.vkey]}
    assert "another log" in refused(bundle(log=other))
    assert refused(bundle(registry="https://elsewhere.example"))


def test_proofs_of_another_log_are_not_believed_for_a_key_that_came_along() -> None:
    other, _ = signing_key("elsewhere.example/log", bytes([8]) * 32)
    opened = open_bundle(bundle(log={**bundle()["log"], "keys": [other.vkey, LOG.vkey]}))
    assert opened.policy.logs == (LOG,)


def test_what_is_there_twice_is_refused() -> None:
    good = bundle()
    for name in ("did_documents", "issuers", "status_lists"):
        assert refused(bundle(**{name: [*good[name], good[name][-1]]}))
    # Which of the two is the older one can't be told; it might hide a withdrawal.
    both = [signed_list(), signed_list(at=8)]
    assert "twice" in refused(bundle(status_lists=both))
    twice = copy.deepcopy(good["did_documents"])
    twice[1]["verificationMethod"] *= 2
    assert "twice" in refused(bundle(did_documents=twice))


# Status lists.


def test_a_status_list_that_was_changed_is_refused() -> None:
    changed = {**signed_list(), "validUntil": "2036-01-01T00:00:00Z"}
    assert "signature" in refused(bundle(status_lists=[changed]))


@pytest.mark.parametrize(
    ("key", "sign"),
    [(RECEIPT, SIGN_RECEIPT), (ISSUERS, SIGN_ISSUERS), (IN_DID, SIGN_LOG)],
    ids=["receipt", "issuer", "log"],
)
def test_only_keys_for_status_lists_sign_status_lists(key: PublishedKey, sign: Sign) -> None:
    forged = signed_list(method=key.verification_method, sign=sign)
    assert "unknown key" in refused(bundle(status_lists=[forged]))


# The log's checkpoint.


def test_without_pins_the_log_is_believed_by_the_key_that_came_along_and_with_pins_by_these_alone() -> None:
    other, sign_other = signing_key(LOG.name, bytes([9]) * 32)
    forged = bundle(log={"checkpoint": checkpoint(other, sign_other).decode(), "keys": [other.vkey], "compromises": {}})
    assert open_bundle(forged).policy.logs == (other,)
    assert "no signature of a known key" in refused(with_trusted(forged, TrustPolicy((LOG,))))
    assert open_bundle(with_trusted(bundle(), TrustPolicy((LOG,)))).policy.logs == (LOG,)


def test_as_many_witnesses_as_were_asked_for_must_have_cosigned() -> None:
    opened = open_bundle(with_trusted(bundle(), TrustPolicy((LOG,), (ONE, TWO), 1)))
    assert [one.key for one in opened.cosignatures] == [ONE]
    assert "1 known witnesses" in refused(with_trusted(bundle(), TrustPolicy((LOG,), (ONE, TWO), 2)))
    assert "0 known witnesses" in refused(with_trusted(bundle(), TrustPolicy((LOG,), (TWO,), 1)))
    assert refused(with_trusted(bundle(), TrustPolicy((LOG,), (), 1)))


def test_one_witness_under_two_names_is_one_witness() -> None:
    again, cosign_again = signing_key("witness.example/again", bytes([5]) * 32, ED25519_COSIGNATURE)
    note = (
        checkpoint()
        + cosign(Checkpoint(LOG.name, 0, EMPTY_ROOT).text, again, int(NOW.timestamp()), cosign_again).line.encode()
    )
    log = {**bundle()["log"], "checkpoint": note.decode()}
    assert "1 known witnesses" in refused(with_trusted(bundle(log=log), TrustPolicy((LOG,), (ONE, again), 2)))


def test_what_its_owner_chose_to_believe_is_kept_in_the_file() -> None:
    policy = TrustPolicy((LOG,), (ONE, TWO), 1)
    kept = canonical_json.canonicalize(with_trusted(bundle(), policy))
    assert open_bundle(read_bundle(kept)).policy == policy
