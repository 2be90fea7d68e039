"""Cosignatures: those of the vectors byte for byte, and none that was made for another time, text or witness."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.formats.signed_note import (
    ED25519_COSIGNATURE,
    MalformedKey,
    MalformedNote,
    NoteSignature,
    SignedNote,
    UnverifiedNote,
    parse_note,
    parse_vkey,
)
from registry.formats.tlog_cosignature import Cosignature, cosign, cosignatures
from tests.formats.tlog_vectors import VECTORS, signing_key

VECTOR = VECTORS["Cosigned"]
TEXT, TIME = VECTOR["Text"], VECTORS["Timestamp"]
NOTE = parse_note(VECTOR["Note"].encode())
LOG, ONE, TWO = (parse_vkey(text) for text in VECTOR["Vkeys"])
_, SIGN_ONE = signing_key(ONE.name, bytes.fromhex(VECTOR["Seeds"][1]))


def test_the_cosignature_of_the_vectors() -> None:
    assert cosign(TEXT, ONE, TIME, SIGN_ONE) == NOTE.signatures[1]
    assert cosignatures(NOTE, [LOG, ONE, TWO]) == [Cosignature(ONE, TIME), Cosignature(TWO, TIME)]


def test_unknown_witnesses_and_the_log_itself_do_not_count() -> None:
    assert cosignatures(NOTE, [TWO]) == [Cosignature(TWO, TIME)]
    assert cosignatures(NOTE, [LOG]) == []
    plain_key_of_the_witness = replace(ONE, key_type=1)
    assert cosignatures(NOTE, [plain_key_of_the_witness]) == []


def test_a_cosignature_is_for_its_text_and_its_time() -> None:
    with pytest.raises(UnverifiedNote, match=r"witness\.example/one does not hold"):
        cosignatures(replace(NOTE, text=TEXT.replace("70000", "70001")), [ONE])
    good = NOTE.signatures[1].signature
    for data in ((TIME + 1).to_bytes(8, "big") + good[8:], good[:-1], good + b"\x00", good[:8], b"x", bytes(72)):
        false = NoteSignature(ONE.name, ONE.key_id, data)
        with pytest.raises(UnverifiedNote, match=r"witness\.example/one does not hold"):
            cosignatures(SignedNote(TEXT, (false,)), [ONE])


def test_a_time_beyond_63_bits_is_refused_also_when_it_is_signed() -> None:
    time = 2**63
    signature = SIGN_ONE(f"cosignature/v1\ntime {time}\n{TEXT}".encode())
    note = SignedNote(TEXT, (NoteSignature(ONE.name, ONE.key_id, time.to_bytes(8, "big") + signature),))
    with pytest.raises(UnverifiedNote):
        cosignatures(note, [ONE])
    with pytest.raises(ValueError, match="below 2"):
        cosign(TEXT, ONE, time, SIGN_ONE)
    with pytest.raises(ValueError, match="positive"):
        cosign(TEXT, ONE, 0, SIGN_ONE)


def test_only_a_cosigners_key_cosigns_and_only_a_notes_text() -> None:
    with pytest.raises(MalformedKey, match="0x04"):
        cosign(TEXT, replace(ONE, key_type=1), TIME, SIGN_ONE)
    with pytest.raises(MalformedNote):
        cosign("no newline", ONE, TIME, SIGN_ONE)


def test_a_plain_signature_of_the_cosigners_key_is_no_cosignature() -> None:
    key, sign = signing_key("witness.example", bytes(32), ED25519_COSIGNATURE)
    plain = NoteSignature(key.name, key.key_id, bytes(8) + sign(TEXT.encode()))
    with pytest.raises(UnverifiedNote):
        cosignatures(SignedNote(TEXT, (plain,)), [key])
