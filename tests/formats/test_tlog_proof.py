"""Proofs for offline use: they convince who trusts the log and enough witnesses, and nobody of anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.merkle import leaf_hash
from registry.formats.signed_note import NoteSignature, VerifierKey, parse_note, parse_vkey
from registry.formats.tlog_cosignature import Cosignature
from registry.formats.tlog_proof import (
    MAX_EXTRA_SIZE,
    InvalidLogProof,
    LogProof,
    MalformedLogProof,
    TrustPolicy,
    parse_proof,
    verify_proof,
)
from tests.formats.tlog_vectors import LARGEST, VECTORS, entry, hashes, signing_key

VECTOR = next(vector for vector in VECTORS["Inclusions"] if vector["Index"] == 12345)
PATH = tuple(hashes(VECTOR["Path"]))
CHECKPOINT = VECTORS["Cosigned"]["Note"].encode()
LOG, ONE, TWO = (parse_vkey(text) for text in VECTORS["Cosigned"]["Vkeys"])
STRANGER = signing_key("witness.example/three", bytes(32), 4)[0]
PROOF = LogProof(12345, PATH, CHECKPOINT, b"extra")
LEAF = leaf_hash(entry(12345))


def test_a_proof_out_of_gos_parts_convinces() -> None:
    proven = verify_proof(parse_proof(PROOF.encode()), LEAF, TrustPolicy((LOG,), (ONE, TWO, STRANGER), 2))
    assert (proven.checkpoint.origin, proven.checkpoint.size) == (LOG.name, LARGEST)
    assert proven.cosignatures == (Cosignature(ONE, VECTORS["Timestamp"]), Cosignature(TWO, VECTORS["Timestamp"]))


def test_the_file_is_laid_out_as_the_specification_says() -> None:
    lines = PROOF.encode().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra ZXh0cmE=", "index 12345"]
    assert lines[3 : 3 + len(PATH)] == VECTOR["Path"]
    assert lines[3 + len(PATH)] == ""
    assert "\n".join(lines[4 + len(PATH) :]).encode() == CHECKPOINT
    assert replace(PROOF, extra=None).encode().startswith(b"c2sp.org/tlog-proof@v1\nindex 12345\n")


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=300),
    st.none() | st.binary(max_size=300),
)
def test_every_proof_reads_back(index: int, path: list[bytes], checkpoint: bytes, extra: bytes | None) -> None:
    proof = LogProof(index, tuple(path), checkpoint, extra)
    assert parse_proof(proof.encode()) == proof


ALL = TrustPolicy((LOG,), (ONE, TWO), 2)


@pytest.mark.parametrize(
    ("proof", "leaf", "policy", "reason"),
    [
        (PROOF, leaf_hash(b"another"), ALL, "not number 12345"),
        (replace(PROOF, index=12344), LEAF, ALL, "not number 12344"),
        (replace(PROOF, index=LARGEST), LEAF, ALL, "not number 70000"),
        (replace(PROOF, path=PATH[:-1]), LEAF, ALL, "not number"),
        (replace(PROOF, path=PATH[::-1]), LEAF, ALL, "not number"),
        (PROOF, LEAF, TrustPolicy((), (ONE, TWO), 2), "no key is known"),
        (PROOF, LEAF, TrustPolicy((replace(LOG, public_key=bytes(32)),)), "no signature of a known key"),
        (PROOF, LEAF, TrustPolicy((replace(LOG, name="other.example"),)), "no key is known"),
        (PROOF, LEAF, TrustPolicy((LOG,), (ONE, STRANGER), 2), "1 known witnesses cosigned it, 2"),
        (PROOF, LEAF, TrustPolicy((LOG,), (), 1), "0 known witnesses"),
        (replace(PROOF, checkpoint=CHECKPOINT.replace(b"70000", b"70001")), LEAF, ALL, "does not hold"),
        (replace(PROOF, checkpoint=b"nothing"), LEAF, ALL, "checkpoint"),
    ],
)
def test_a_proof_shows_nothing_else(proof: LogProof, leaf: bytes, policy: TrustPolicy, reason: str) -> None:
    with pytest.raises(InvalidLogProof, match=reason):
        verify_proof(proof, leaf, policy)


def test_a_false_cosignature_of_a_known_witness_spoils_the_proof() -> None:
    false = replace(PROOF, checkpoint=CHECKPOINT.replace(b"yZNowAAAAABpVbkA", b"yZNowAAAAABpVbkB"))
    assert false.checkpoint != CHECKPOINT
    with pytest.raises(InvalidLogProof, match=r"witness\.example/one does not hold"):
        verify_proof(false, LEAF, TrustPolicy((LOG,), (ONE, TWO), 1))
    assert verify_proof(false, LEAF, TrustPolicy((LOG,), (TWO,), 1)).cosignatures[0].key == TWO


def test_one_witness_does_not_count_twice() -> None:
    again = CHECKPOINT + CHECKPOINT.split(b"\n")[5] + b"\n"
    with pytest.raises(InvalidLogProof, match="1 known witnesses"):
        verify_proof(replace(PROOF, checkpoint=again), LEAF, TrustPolicy((LOG,), (ONE,), 2))


def test_one_key_under_two_names_does_not_count_twice() -> None:
    # An Ed25519 cosignature does not cover the witness's name: whoever holds one can add it under another.
    alias = VerifierKey("alias.example", ONE.key_type, ONE.public_key)
    cosignature = parse_note(CHECKPOINT).signatures[1]
    renamed = NoteSignature(alias.name, alias.key_id, cosignature.signature)
    twice = replace(PROOF, checkpoint=CHECKPOINT + renamed.line.encode())
    with pytest.raises(InvalidLogProof, match="1 known witnesses"):
        verify_proof(twice, LEAF, TrustPolicy((LOG,), (ONE, alias), 2))


GOOD = replace(PROOF, extra=None).encode().decode()
REST = GOOD.removeprefix("c2sp.org/tlog-proof@v1\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\n\n",
        f"c2sp.org/tlog-proof@v2\n{REST}",
        f"c2sp.org/tlog-proof@v1\nextra ZXh0cmE\n{REST}",
        f"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nextra ZXh0cmE=\n{REST}",
        f"c2sp.org/tlog-proof@v1\nother\n{REST}",
        GOOD.replace("index 12345", "index 012345"),
        GOOD.replace("index 12345", "index -1"),
        GOOD.replace("index 12345", "index"),
        GOOD.replace("index 12345\n", ""),
        GOOD.replace("index 12345\n", f"index 12345\n{'A' * 43}=\n" + f"{'A' * 43}=\n" * 63),
        GOOD.replace("index 12345\n", "index 12345\nAAAA\n"),
        GOOD.replace("\n", "\r\n"),
        f"c2sp.org/tlog-proof@v1\nextra {'AAAA' * (MAX_EXTRA_SIZE // 3 + 1)}\n{REST}",
        GOOD + "x" * 2_000_000,
    ],
)
def test_what_is_not_a_proof_is_refused(text: str) -> None:
    with pytest.raises(MalformedLogProof):
        parse_proof(text.encode())
