"""Signed notes: Go's notes byte for byte, and everything that the specification has verifiers refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.signed_note import (
    ED25519_COSIGNATURE,
    MAX_NOTE_SIZE,
    MAX_SIGNATURES,
    MalformedKey,
    MalformedNote,
    NoteSignature,
    SignedNote,
    UnverifiedNote,
    VerifierKey,
    parse_note,
    parse_vkey,
    sign_note,
    verify_note,
)
from tests.formats.tlog_vectors import VECTORS, signing_key

# The example in the documentation of golang.org/x/mod/sumdb/note.
NEUMANN = parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
KEY, SIGN = signing_key("example.com/one", bytes(32))
OTHER, OTHER_SIGN = signing_key("example.com/two", bytes([1] * 32))
TEXT = "A text.\n\nWith an empty line.\n"
NOTE = SignedNote(TEXT, (sign_note(TEXT, KEY, SIGN),))


def test_the_example_of_gos_documentation() -> None:
    note = parse_note(NEUMANN_NOTE)
    assert note.encode() == NEUMANN_NOTE
    assert verify_note(note, [NEUMANN]) == [NEUMANN]
    assert NEUMANN.vkey == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@pytest.mark.parametrize("vector", VECTORS["Notes"], ids=range(len(VECTORS["Notes"])))
def test_notes_are_those_that_go_signs(vector: dict[str, Any]) -> None:
    keys = [parse_vkey(text) for text in vector["Vkeys"]]
    signers = [signing_key(key.name, bytes.fromhex(seed)) for key, seed in zip(keys, vector["Seeds"], strict=True)]
    assert [key for key, _ in signers] == keys
    assert [key.vkey for key in keys] == vector["Vkeys"]
    made = SignedNote(vector["Text"], tuple(sign_note(vector["Text"], key, sign) for key, sign in signers))
    assert made.encode().decode() == vector["Note"]
    assert verify_note(parse_note(vector["Note"].encode()), keys) == keys


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])), st.data())
def test_any_text_can_be_signed_and_no_other_text_passes_for_it(text: str, data: st.DataObject) -> None:
    text = text + "\n"
    encoded = SignedNote(text, (sign_note(text, KEY, SIGN),)).encode()
    assert verify_note(parse_note(encoded), [KEY]) == [KEY]
    at = data.draw(st.integers(0, len(encoded) - 1))
    broken = bytearray(encoded)
    broken[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((MalformedNote, UnverifiedNote)):
        verify_note(parse_note(bytes(broken)), [KEY])


def test_signatures_of_unknown_keys_are_ignored_also_under_a_known_name_or_id() -> None:
    signature = NOTE.signatures[0]
    strangers = (
        NoteSignature("example.com/other", signature.key_id, bytes(64)),
        NoteSignature(KEY.name, b"\x00\x01\x02\x03", b"something of another length"),
        NoteSignature("旅人", b"\x00\x01\x02\x03", b"x"),
    )
    note = parse_note(replace(NOTE, signatures=(*strangers, signature)).encode())
    assert verify_note(note, [KEY, OTHER]) == [KEY]
    with pytest.raises(UnverifiedNote, match="no signature of a known key"):
        verify_note(replace(note, signatures=strangers), [KEY, OTHER])
    with pytest.raises(UnverifiedNote, match="no signature of a known key"):
        verify_note(note, [])


@pytest.mark.parametrize("signature", [bytes(64), b"short", NOTE.signatures[0].signature + b"\x00"])
def test_one_false_signature_of_a_known_key_spoils_the_note(signature: bytes) -> None:
    false = NoteSignature(OTHER.name, OTHER.key_id, signature)
    with pytest.raises(UnverifiedNote, match=r"example\.com/two does not hold"):
        verify_note(replace(NOTE, signatures=(*NOTE.signatures, false)), [KEY, OTHER])
    # Also where the same key has signed well before.
    repeated = replace(NOTE.signatures[0], signature=signature)
    with pytest.raises(UnverifiedNote, match=r"example\.com/one does not hold"):
        verify_note(replace(NOTE, signatures=(*NOTE.signatures, repeated)), [KEY])


def test_a_key_that_signs_twice_is_one_key() -> None:
    assert verify_note(replace(NOTE, signatures=NOTE.signatures * 2), [KEY]) == [KEY]


def test_a_cosigners_key_does_not_verify_a_plain_signature() -> None:
    witness, sign = signing_key("witness.example", bytes([2] * 32), ED25519_COSIGNATURE)
    plain = NoteSignature(witness.name, witness.key_id, sign(TEXT.encode()))
    with pytest.raises(UnverifiedNote):
        verify_note(SignedNote(TEXT, (plain,)), [witness])
    with pytest.raises(MalformedKey, match="type 0x01"):
        sign_note(TEXT, witness, sign)


LINE = NOTE.signatures[0].line


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        f"text\n{LINE}",
        f"text\n\n{LINE[:-1]}",
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE}more\n",
        f"te\txt\n\n{LINE}",
        f"text\r\n\n{LINE}",
        f"text\x00\n\n{LINE}",
        "text\n\n- example.com/one AAAAAAAA\n",
        "text\n\n—example.com/one AAAAAAAA\n",
        "text\n\n—  AAAAAAAA\n",
        "text\n\n— one+two AAAAAAAA\n",
        "text\n\n— one\u00a0two AAAAAAAA\n",
        "text\n\n— one\u3000two AAAAAAAA\n",
        "text\n\n— one  AAAAAAAA\n",
        "text\n\n— one AAAAAAAA \n",
        "text\n\n— one\n",
        "text\n\n— one AAAA\n",
        "text\n\n— one AAAAAA==\n",
        "text\n\n— one AAAAAAA\n",
        "text\n\n— one AAAAAAB=\n",
        "text\n\n— one AAAA-_AAAAAA\n",
        "text\n\n— one AAAA\u2028AAAA\n",
        f"text\n\n{LINE * (MAX_SIGNATURES + 1)}",
        f"{'x' * MAX_NOTE_SIZE}\n\n{LINE}",
    ],
)
def test_what_is_not_a_note_is_refused(note: str) -> None:
    with pytest.raises(MalformedNote):
        parse_note(note.encode())


def test_a_note_is_utf8() -> None:
    with pytest.raises(MalformedNote, match="UTF-8"):
        parse_note(b"\xff\n\n" + LINE.encode())


def test_sixteen_signatures_are_read_and_a_hundred_too() -> None:
    assert len(parse_note(f"text\n\n{LINE * 16}".encode()).signatures) == 16
    assert len(parse_note(f"text\n\n{LINE * MAX_SIGNATURES}".encode()).signatures) == MAX_SIGNATURES


@pytest.mark.parametrize(("text", "reason"), [("no newline", "newline"), ("a\tb\n", "control"), ("", "newline")])
def test_what_can_not_be_a_notes_text_is_not_signed(text: str, reason: str) -> None:
    with pytest.raises(MalformedNote, match=reason):
        sign_note(text, KEY, SIGN)


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"text\n\n— {text}\n".encode("utf-8", "replace"))
)
def test_what_is_accepted_is_written_the_same(note: bytes) -> None:
    try:
        parsed = parse_note(note)
    except MalformedNote:
        return
    assert parsed.encode() == note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10RW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==",
        "PeterNeumann+c74f20a3+AhpcIQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_verifier_key_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(MalformedKey):
        parse_vkey(text)


@given(st.text(min_size=1, max_size=30), st.sampled_from([1, 4]), st.binary(min_size=32, max_size=32))
def test_every_verifier_key_reads_back(name: str, key_type: int, public_key: bytes) -> None:
    try:
        key = VerifierKey(name, key_type, public_key)
    except MalformedKey:
        return
    assert parse_vkey(key.vkey) == key


def test_one_key_has_another_id_for_each_type_and_name() -> None:
    ids = {VerifierKey(name, kind, KEY.public_key).key_id for name in ("one", "two") for kind in (1, 4)}
    assert len(ids) == 4
