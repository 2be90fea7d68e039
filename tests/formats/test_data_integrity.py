"""`eddsa-jcs-2022` on stored bytes: the published vectors byte for byte, and everything that must not verify."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats.canonical_json import MalformedJson, canonicalize, parse
from registry.formats.data_integrity import (
    MalformedProof,
    SignedDocument,
    add_proof,
    hash_data,
    proof_configuration,
    signature_holds,
    take_apart,
    take_apart_canonical,
    timestamp,
)
from registry.formats.multikey import decode_base58btc, decode_public_key, encode_base58btc

VECTORS = Path(__file__).parents[1] / "vectors"


def vector(name: str) -> str:
    return (VECTORS / "eddsa-jcs-2022" / name).read_text("utf-8").strip()


KEY_PAIR = json.loads((VECTORS / "keyPair.json").read_text("utf-8"))
PRIVATE = Ed25519PrivateKey.from_private_bytes(decode_base58btc(KEY_PAIR["privateKeyMultibase"], 34)[2:])
PUBLIC = decode_public_key(KEY_PAIR["publicKeyMultibase"])
UNSIGNED = json.loads((VECTORS / "unsigned.json").read_text("utf-8"))
CONFIGURATION = json.loads(vector("proofConfigJCS.json"))
SIGNED = json.loads(vector("signedJCS.json"))
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
METHOD = CONFIGURATION["verificationMethod"]

# A credential with everything that a careless cut could trip over.
TRICKY = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://registry.example/contexts/certificate/v1"],
    "name": 'a "proof":{"type":"DataIntegrityProof"} in a text, 合格',
    'a"proof': {"type": "DataIntegrityProof"},
    "proof2": {},
    "subject": {"proof": {"type": "DataIntegrityProof", "proofValue": "z1"}, "list": [{"proof": {}}, [], {}]},
    "credentialSubject": {"certificate": {"number": "1", "revision": 1, "flag": True, "nothing": None}},
    "validFrom": "2026-03-02T00:00:00Z",
}
TRICKY_SIGNED = add_proof(TRICKY, METHOD, CREATED, PRIVATE.sign)


def holds(document: Any, key: bytes = PUBLIC) -> bool:
    """Whether a parsed document verifies; refusing it in the documented ways is a no."""
    try:
        return signature_holds(take_apart(document), key)
    except (MalformedProof, MalformedJson):
        return False


def holds_stored(stored: bytes, key: bytes = PUBLIC) -> bool:
    """The same for the bytes in the database, where only MalformedProof is documented."""
    try:
        return signature_holds(take_apart_canonical(stored), key)
    except MalformedProof:
        return False


# The published vectors.


def test_the_published_document_has_the_published_canonical_form_and_hash() -> None:
    canonical = canonicalize(UNSIGNED)
    assert canonical == vector("canonDocJCS.txt").encode()
    assert hashlib.sha256(canonical).hexdigest() == vector("docHashJCS.txt")


def test_the_published_proof_configuration_has_the_published_canonical_form_and_hash() -> None:
    configuration = proof_configuration(UNSIGNED["@context"], METHOD, CREATED)
    assert configuration == CONFIGURATION
    canonical = canonicalize(configuration)
    assert canonical == vector("proofCanonJCS.txt").encode()
    assert hashlib.sha256(canonical).hexdigest() == vector("proofHashJCS.txt")


def test_what_is_signed_is_the_published_combined_hash() -> None:
    data = hash_data(vector("proofCanonJCS.txt").encode(), vector("canonDocJCS.txt").encode())
    assert data.hex() == vector("combinedHashJCS.txt")


def test_the_published_signature_is_made_with_the_published_key() -> None:
    asked: list[bytes] = []

    def sign(data: bytes) -> bytes:
        asked.append(data)
        return PRIVATE.sign(data)

    signed = add_proof(UNSIGNED, METHOD, CREATED, sign)
    assert [data.hex() for data in asked] == [vector("combinedHashJCS.txt")]
    assert parse(signed) == SIGNED
    proof_value = parse(signed)["proof"]["proofValue"]
    assert proof_value == vector("sigBTC58JCS.txt")
    assert decode_base58btc(proof_value, 64).hex() == vector("sigHexJCS.txt")


def test_the_published_signed_document_verifies() -> None:
    assert holds(SIGNED)
    assert holds_stored(canonicalize(SIGNED))
    assert take_apart(SIGNED).verification_method == METHOD


def test_the_published_signed_document_does_not_verify_with_another_key() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not holds(SIGNED, other)
    assert not holds_stored(canonicalize(SIGNED), other)


# What the signer writes.


def test_signing_writes_the_canonical_form_and_leaves_the_document_alone() -> None:
    document = copy.deepcopy(TRICKY)
    signed = add_proof(document, METHOD, CREATED, PRIVATE.sign)
    assert document == TRICKY
    assert signed == canonicalize(parse(signed)) == TRICKY_SIGNED
    assert {name: value for name, value in parse(signed).items() if name != "proof"} == TRICKY


@pytest.mark.parametrize(
    "instant",
    [
        CREATED,
        CREATED.replace(microsecond=999_999),
        CREATED.astimezone(timezone(timedelta(hours=8))),
        CREATED.astimezone(timezone(-timedelta(hours=11, minutes=30))),
    ],
)
def test_times_are_written_in_utc_to_the_second(instant: datetime) -> None:
    assert timestamp(instant) == "2023-02-24T23:36:38Z"


# The two ways of taking a document apart.


def same(one: SignedDocument, other: SignedDocument) -> bool:
    return (one.unsecured, one.proof) == (other.unsecured, other.proof)


NAMES = st.sampled_from(["@context", "a", "proof", "proof2", 'a"proof', "proog", "zz", "p", "", "é", "\U0001f600"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["proof", '"proof":', '{"proof":{}}', "", "合"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=6))
@example({})
@example({"p": {}})
@example({"zz": {}})
@example({"a": {"proof": {}}, "p": 1, "zz": 1})
def test_cutting_the_proof_out_of_the_bytes_leaves_what_canonicalizing_again_would(document: dict[str, Any]) -> None:
    document["proof"] = {**CONFIGURATION, "proofValue": "z" + "1" * 64}
    del document["proof"]["@context"]
    stored = canonicalize(document)
    assert same(take_apart_canonical(stored), take_apart(document))
    assert take_apart_canonical(stored).document == document


def test_the_cut_is_right_wherever_the_proof_stands_among_the_members() -> None:
    for others in ({}, {"a": 1}, {"z": 1}, {"a": 1, "z": 1}):
        signed = add_proof({"@context": [], **others}, METHOD, CREATED, PRIVATE.sign)
        assert same(take_apart_canonical(signed), take_apart(parse(signed)))
        assert holds_stored(signed)


def test_a_tricky_document_verifies_both_ways() -> None:
    assert holds(parse(TRICKY_SIGNED))
    assert holds_stored(TRICKY_SIGNED)


# Alterations.


def test_altering_any_single_byte_of_a_stored_document_is_found() -> None:
    for position, byte in enumerate(TRICKY_SIGNED):
        for other in (byte ^ 1, byte ^ 0x20, 0x20, 0x22):
            if other != byte:
                assert not holds_stored(TRICKY_SIGNED[:position] + bytes([other]) + TRICKY_SIGNED[position + 1 :])


def test_adding_or_leaving_out_any_single_byte_of_a_stored_document_is_found() -> None:
    for position in range(len(TRICKY_SIGNED) + 1):
        for extra in (b" ", b",", b'"', b"0"):
            assert not holds_stored(TRICKY_SIGNED[:position] + extra + TRICKY_SIGNED[position:])
        if position < len(TRICKY_SIGNED):
            assert not holds_stored(TRICKY_SIGNED[:position] + TRICKY_SIGNED[position + 1 :])
            assert not holds_stored(TRICKY_SIGNED[:position])


def alterations(value: Any, put: Callable[[Any], Any]) -> Iterator[Any]:
    """Every document that differs in one place from that in which `put` puts `value` back."""
    for other in (None, True, 0, "", "x", [], {}, [value], {"x": value}):
        if other != value or type(other) is not type(value):
            yield put(other)
    if isinstance(value, str):
        yield put(value + " ")
    if isinstance(value, dict):
        yield put({**value, "added": 1})
        for name, inner in value.items():
            rest = {key: one for key, one in value.items() if key != name}
            yield put(rest)
            yield put({**rest, name + "x": inner})
            yield from alterations(inner, lambda one, rest=rest, name=name: put({**rest, name: one}))  # type: ignore[misc]
    if isinstance(value, list):
        yield put([*value, value[0] if value else 1])
        yield put(value[::-1] if value[::-1] != value else [*value, 1])
        for position, inner in enumerate(value):
            head, tail = value[:position], value[position + 1 :]
            yield put(head + tail)
            yield from alterations(inner, lambda one, head=head, tail=tail: put([*head, one, *tail]))  # type: ignore[misc]


@pytest.mark.parametrize("document", [SIGNED, parse(TRICKY_SIGNED)], ids=["published", "tricky"])
def test_altering_any_member_of_a_document_or_its_proof_is_found(document: dict[str, Any]) -> None:
    seen = 0
    contexts = document["@context"]
    for altered in alterations(document, lambda one: one):
        if not isinstance(altered, dict):
            continue
        seen += 1
        appended = isinstance(altered.get("@context"), list) and altered["@context"][: len(contexts)] == contexts
        others = {name: value for name, value in altered.items() if name != "@context"}
        if appended and others == {name: value for name, value in document.items() if name != "@context"}:
            continue  # has a test of its own, below
        assert not holds(altered)
        assert not holds_stored(canonicalize(altered))
    assert seen > 200


def test_contexts_added_behind_the_signed_ones_leave_the_signature_whole_as_the_standard_says() -> None:
    """Section 3.3.2, step 4.2. What the registry stores is compared by its bytes, so nothing may be added there."""
    altered = {**SIGNED, "@context": [*SIGNED["@context"], "https://holder.example/v1"]}
    assert holds(altered)
    assert take_apart(altered).unsecured == vector("canonDocJCS.txt").encode()
    assert not holds_stored(canonicalize(altered))


@pytest.mark.parametrize(
    "context",
    [
        SIGNED["@context"][::-1],
        SIGNED["@context"][:1],
        ["https://holder.example/v1", *SIGNED["@context"]],
        SIGNED["@context"][0],
        [],
        None,
        {},
    ],
)
def test_contexts_that_do_not_begin_with_the_signed_ones_are_refused(context: Any) -> None:
    with pytest.raises(MalformedProof, match="@context"):
        take_apart({**SIGNED, "@context": context})


def test_a_proof_in_front_of_or_behind_the_right_one_is_found() -> None:
    """Readers differ in which of two members they take."""
    proof = canonicalize(SIGNED["proof"])
    unsigned = vector("canonDocJCS.txt").encode()
    other = canonicalize({**SIGNED["proof"], "created": "2024-01-01T00:00:00Z"})
    for first, second in ((proof, proof), (proof, other), (other, proof)):
        twice = b'{"proof":' + first + b',"proof":' + second + b"," + unsigned[1:]
        assert not holds_stored(twice)
        with pytest.raises(MalformedJson, match="occurs twice"):
            parse(twice)


def test_a_proof_moved_into_a_nested_object_is_found() -> None:
    proof = b'"proof":' + canonicalize(SIGNED["proof"])
    unsigned = vector("canonDocJCS.txt").encode()
    moved = unsigned.replace(b'"credentialSubject":{', b'"credentialSubject":{' + proof + b",")
    assert json.loads(moved)["credentialSubject"]["proof"] == SIGNED["proof"]
    with pytest.raises(MalformedProof):
        take_apart_canonical(moved)
    with pytest.raises(MalformedProof):
        take_apart(parse(moved))
    # And once more beside the right one, where cutting the first one found would leave the second.
    assert not holds_stored(canonicalize({**SIGNED, "a": {"proof": SIGNED["proof"]}}))
    assert not holds_stored(canonicalize({**SIGNED, "z": {"proof": SIGNED["proof"]}}))


def test_a_proof_behind_a_quotation_mark_in_a_name_is_not_taken_for_the_proof() -> None:
    document = {"@context": [], 'a"b': 1}
    signed = parse(add_proof(document, METHOD, CREATED, PRIVATE.sign))
    stored = canonicalize(document).replace(b'\\"b', b'\\"proof":' + canonicalize(signed["proof"]) + b',"b')
    assert list(json.loads(stored)) == ["@context", 'a"proof', "b"]
    assert not holds_stored(stored)


def test_a_document_stored_in_another_form_than_the_canonical_one_is_refused() -> None:
    for stored in (
        json.dumps(SIGNED).encode(),
        json.dumps(SIGNED, indent=1).encode(),
        canonicalize(SIGNED).replace(b":", b": ", 1),
        canonicalize(SIGNED) + b"\n",
    ):
        assert holds(parse(stored))
        assert not holds_stored(stored)
    with pytest.raises(MalformedProof, match="not canonical"):
        take_apart_canonical(json.dumps(SIGNED).encode())


def test_a_set_of_proofs_is_refused_in_words() -> None:
    for proofs in ([SIGNED["proof"]], [SIGNED["proof"]] * 2, []):
        with pytest.raises(MalformedProof, match="no single proof object"):
            take_apart({**SIGNED, "proof": proofs})
        with pytest.raises(MalformedProof, match="no single proof object"):
            take_apart_canonical(canonicalize({**SIGNED, "proof": proofs}))


def with_proof(**changes: Any) -> dict[str, Any]:
    return {**SIGNED, "proof": {**SIGNED["proof"], **changes}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cryptosuite": "ecdsa-rdfc-2019"}, "cryptosuite"),
        ({"cryptosuite": "eddsa-rdfc-2022"}, "not that of a certificate"),
        ({"cryptosuite": "EDDSA-JCS-2022"}, "cryptosuite"),
        ({"cryptosuite": None}, "cryptosuite"),
        ({"type": "Ed25519Signature2020"}, "DataIntegrityProof"),
        ({"type": ["DataIntegrityProof"]}, "'type'"),
        ({"proofPurpose": "authentication"}, "purpose"),
        ({"proofPurpose": ["assertionMethod"]}, "'proofPurpose'"),
        ({"verificationMethod": None}, "verificationMethod"),
        ({"verificationMethod": 5}, "verificationMethod"),
        ({"verificationMethod": {"id": METHOD}}, "verificationMethod"),
        ({"verificationMethod": [METHOD]}, "verificationMethod"),
        ({"@context": ["https://elsewhere.example"]}, "@context"),
        ({"expires": "2030-01-01T00:00:00Z"}, "'expires'"),
        ({"expires": "never"}, "'expires'"),
        ({"domain": "bank.example"}, "'domain'"),
        ({"challenge": "4711"}, "'challenge'"),
        ({"previousProof": "urn:uuid:1"}, "'previousProof'"),
    ],
)
def test_a_proof_of_another_kind_is_refused_in_words(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedProof, match=message):
        take_apart(with_proof(**changes))
    with pytest.raises(MalformedProof, match=message):
        take_apart_canonical(canonicalize(with_proof(**changes)))


@pytest.mark.parametrize(
    "created",
    [
        None,
        5,
        True,
        [],
        ["2023-02-24T23:36:38Z"],
        {},
        {"@value": "2023-02-24T23:36:38Z"},
        "",
        "2023-02-24",
        "2023-02-24T23:36:38",
        "2023-02-24 23:36:38Z",
        "20230224T233638Z",
        "2023-W08-5T23:36:38Z",
        "2023-02-24T23:36Z",
        "2023-02-30T23:36:38Z",
        "2023-02-24T23:36:38+0800",
        "2023-02-24T23:36:38Z\n",
        "２０２３-02-24T23:36:38Z",
        "yesterday",
    ],
)
def test_a_time_of_creation_that_is_no_date_time_stamp_is_refused(created: Any) -> None:
    with pytest.raises(MalformedProof, match="created"):
        take_apart(with_proof(created=created))


@pytest.mark.parametrize(
    "created", ["2023-02-24T23:36:38Z", "2023-02-24T23:36:38.123456789Z", "2023-02-25T07:36:38+08:00"]
)
def test_a_time_of_creation_may_be_written_in_every_way_of_the_standard(created: str) -> None:
    configuration = {**CONFIGURATION, "created": created}
    data = hash_data(canonicalize(configuration), canonicalize(UNSIGNED))
    assert holds({**UNSIGNED, "proof": {**configuration, "proofValue": encode_base58btc(PRIVATE.sign(data))}})


def test_a_proof_without_time_or_context_is_one_too() -> None:
    configuration = {name: value for name, value in CONFIGURATION.items() if name not in {"created", "@context"}}
    data = hash_data(canonicalize(configuration), canonicalize(UNSIGNED))
    document = {**UNSIGNED, "proof": {**configuration, "proofValue": encode_base58btc(PRIVATE.sign(data))}}
    assert holds(document)
    assert holds_stored(canonicalize(document))


RIGHT = SIGNED["proof"]["proofValue"]


@pytest.mark.parametrize(
    "proof_value",
    [
        None,
        5,
        [],
        [RIGHT],
        {"@value": RIGHT},
        "",
        "z",
        RIGHT[1:],
        RIGHT + " ",
        " " + RIGHT,
        "u" + RIGHT[1:],
        "z1" + RIGHT[1:],
    ],
)
def test_a_proof_value_that_is_no_signature_proves_nothing(proof_value: Any) -> None:
    assert not holds(with_proof(proofValue=proof_value))
    assert not holds_stored(canonicalize(with_proof(proofValue=proof_value)))


def test_a_proof_without_value_proves_nothing() -> None:
    assert not holds({**UNSIGNED, "proof": CONFIGURATION})


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod", METHOD, RIGHT, "\ud800", 2**60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from([*SIGNED["proof"], "expires", "domain", "previousProof", "é"])


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(MEMBERS, JUNK, max_size=3) | JUNK, st.booleans())
def test_whatever_stands_in_a_proof_it_is_refused_and_nothing_else_happens(junk: Any, instead: bool) -> None:
    """Either MalformedProof or False: a strange proof must not take the service down."""
    proof = junk if instead or not isinstance(junk, dict) else {**SIGNED["proof"], **junk}
    document = {**UNSIGNED, "proof": proof}
    if proof == SIGNED["proof"]:
        return
    try:
        signed = take_apart(document)
    except MalformedProof:
        return
    assert not signature_holds(signed, PUBLIC)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(MEMBERS, JUNK, max_size=3) | JUNK | st.binary(max_size=60))
def test_whatever_stands_in_the_database_it_is_refused_and_nothing_else_happens(junk: Any) -> None:
    if isinstance(junk, bytes):
        assert not holds_stored(junk)
        return
    proof = {**SIGNED["proof"], **junk} if isinstance(junk, dict) else junk
    for whole in (junk, [junk], {"proof": junk}, {**UNSIGNED, "proof": proof}):
        if whole != SIGNED:
            assert not holds_stored(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode("utf-8"))


def test_numbers_in_the_database_that_have_no_canonical_form_are_refused() -> None:
    for number in (b"1e400", b"9007199254740993", b"1" * 400):
        stored = canonicalize(with_proof(nonce=0)).replace(b'"nonce":0', b'"nonce":' + number)
        with pytest.raises(MalformedProof):
            take_apart_canonical(stored)


# The signature itself.


def signed_document(unsecured: bytes, signature: bytes) -> tuple[SignedDocument, bytes]:
    """A document with any signature, and the bytes that are signed."""
    proof = {**CONFIGURATION, "proofValue": encode_base58btc(signature)}
    return SignedDocument({}, unsecured, proof), hash_data(canonicalize(CONFIGURATION), unsecured)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100), st.binary(min_size=32, max_size=32), st.integers(0, 511), st.booleans())
def test_a_signature_holds_exactly_where_another_implementation_says_so(
    unsecured: bytes, seed: bytes, bit: int, alter: bool
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    _, data = signed_document(unsecured, bytes(64))
    number = int.from_bytes(private.sign(data), "big") ^ ((1 << bit) if alter else 0)
    signature = number.to_bytes(64, "big")
    signed, _ = signed_document(unsecured, signature)
    try:
        private.public_key().verify(signature, data)
    except InvalidSignature:
        expected = False
    else:
        expected = True
    assert expected is not alter
    assert signature_holds(signed, private.public_key().public_bytes_raw()) is expected


def test_a_second_signature_made_from_a_right_one_is_refused() -> None:
    """RFC 8032, section 8.4: S + L would pass in a careless implementation."""
    order = 2**252 + 27742317777372353535851937790883648493
    right = bytes.fromhex(vector("sigHexJCS.txt"))
    forged = right[:32] + (int.from_bytes(right[32:], "little") + order).to_bytes(32, "little")
    assert not holds(with_proof(proofValue=encode_base58btc(forged)))


def test_a_key_of_small_order_under_which_everything_is_signed_proves_nothing() -> None:
    identity = (1).to_bytes(32, "little")
    signed, data = signed_document(b"{}", identity + bytes(32))
    assert not signature_holds(signed, identity)
    # Others do accept it, which is why it has to be refused here.
    Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), data)


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_public_key_of_a_wrong_size_proves_nothing(size: int) -> None:
    assert not holds(SIGNED, (PUBLIC * 2)[:size])
