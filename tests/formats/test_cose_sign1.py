"""COSE_Sign1 against the examples of the COSE working group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.cose_sign1 import (
    MalformedCose,
    Sign1,
    decode,
    encode,
    read_sign1,
    sign1_holds,
    to_be_signed,
    write_sign1,
)

EXAMPLE = json.loads((Path(__file__).parents[1] / "vectors/cose/eddsa-sig-01.json").read_text())
KEY = EXAMPLE["input"]["sign0"]["key"]
PUBLIC = bytes.fromhex(KEY["x_hex"])
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEY["d_hex"]))
MESSAGE = bytes.fromhex(EXAMPLE["output"]["cbor"])


def changed(**parts: Any) -> bytes:
    """The example with other parts."""
    found = read_sign1(MESSAGE)
    whole = {name: getattr(found, name) for name in ("protected", "unprotected", "payload", "signature")} | parts
    return b"\xd2" + cbor2.dumps(list(whole.values()))


def test_the_published_example_is_read_and_holds() -> None:
    found = read_sign1(MESSAGE)
    assert found.payload == EXAMPLE["input"]["plaintext"].encode()
    assert found.headers() == {1: -8, 3: 0}
    assert found.unprotected == {4: b"11"}
    assert to_be_signed(found.protected, found.payload).hex().upper() == EXAMPLE["intermediates"]["ToBeSign_hex"]
    assert sign1_holds(found, PUBLIC)


def test_what_we_sign_has_the_signature_of_the_published_example() -> None:
    made = read_sign1(write_sign1({3: 0, 1: -8}, EXAMPLE["input"]["plaintext"].encode(), PRIVATE.sign))
    published = read_sign1(MESSAGE)
    assert made == Sign1(published.protected, {}, published.payload, published.signature)


# The changes of sign1-tests/sign-fail-01 to -07 in cose-wg/Examples, made to an Ed25519 message.
@pytest.mark.parametrize(
    "parts",
    [
        {"signature": bytes(64)},
        {"protected": encode({1: -7, 3: 0})},
        {"protected": encode({1: -999, 3: 0})},
        {"protected": encode({1: "unknown", 3: 0})},
        {"protected": encode({1: -8, 3: 0, 5: 1})},
        {"protected": encode({1: -8})},
        {"protected": b""},
        {"payload": b"This is the contents."},
    ],
)
def test_a_changed_message_does_not_hold(parts: dict[str, Any]) -> None:
    assert not sign1_holds(read_sign1(changed(**parts)), PUBLIC)


def test_another_key_did_not_sign_it() -> None:
    assert not sign1_holds(read_sign1(MESSAGE), bytes(32))
    assert not sign1_holds(read_sign1(MESSAGE), PUBLIC[:31])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd2",
        MESSAGE[1:],
        b"\xd8\x12" + MESSAGE[1:],
        b"\xd1" + MESSAGE[1:],
        MESSAGE + b"\0",
        MESSAGE[:-1],
        changed(signature=bytes(63)),
        changed(payload=None),
        changed(unprotected=[]),
        b"\xd2\x80",
        b"\xd2\x9f" + MESSAGE[2:] + b"\xff",
        MESSAGE.replace(b"\xa1\x04\x42", b"\xa1\x18\x04\x42"),
    ],
)
def test_what_is_no_such_message_or_is_spelled_another_way_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCose):
        read_sign1(data)


@pytest.mark.parametrize("header", [b"\x80", b"\xff", b"\xa2\x01\x27\x01\x27", b"\xa1\x01\x38\x07"])
def test_a_protected_header_that_is_no_deterministic_map_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedCose):
        sign1_holds(read_sign1(changed(protected=header)), PUBLIC)


# Major types, tags with a meaning of their own, indefinite lengths, and lengths that promise too much.
_AWKWARD = st.sampled_from([0x9F, 0xBF, 0xFF, 0x5B, 0x9B, 0xBB, 0xC1, 0xC4, 0xC5, 0xD8, 0xD9, 0xFB, 0xF5, 0x1B, 0x3B])


@given(st.lists(_AWKWARD | st.integers(0, 255), max_size=40).map(bytes))
def test_no_bytes_at_all_lead_to_anything_but_a_value_or_a_refusal(data: bytes) -> None:
    try:
        value = decode(data)
    except MalformedCose:
        return
    assert encode(value) == data


@given(st.dictionaries(st.integers(-24, 23), st.integers() | st.text() | st.binary(), max_size=30))
def test_keys_are_in_the_order_of_their_encodings(claims: dict[int, Any]) -> None:
    keys = [cbor2.dumps(key) for key in decode(encode(claims))]
    assert keys == sorted(keys)
