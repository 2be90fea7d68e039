"""Multibase and Multikey against published values, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.multikey import (
    MalformedMultibase,
    decode_base58btc,
    decode_public_key,
    encode_base58btc,
    encode_public_key,
)

KEY_PAIR = json.loads((Path(__file__).parents[1] / "vectors" / "keyPair.json").read_text("utf-8"))
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# draft-msporny-base58-03, section 5, as multibase.
PUBLISHED = {
    b"Hello World!": "z2NEpo7TZRRrLZSi2U",
    b"The quick brown fox jumps over the lazy dog.": "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
    bytes.fromhex("0000287fb4cd"): "z11233QC4",
}


@pytest.mark.parametrize(("value", "text"), PUBLISHED.items())
def test_the_published_examples_are_written_and_read(value: bytes, text: str) -> None:
    assert encode_base58btc(value) == text
    assert decode_base58btc(text, len(value)) == value


def test_the_published_public_key_is_that_of_the_published_private_key() -> None:
    private = decode_base58btc(KEY_PAIR["privateKeyMultibase"], 34)
    assert private[:2] == bytes.fromhex("8026")
    public = Ed25519PrivateKey.from_private_bytes(private[2:]).public_key().public_bytes_raw()
    assert encode_public_key(public) == KEY_PAIR["publicKeyMultibase"]
    assert decode_public_key(KEY_PAIR["publicKeyMultibase"]) == public


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_bytes_come_back_as_they_were(value: bytes) -> None:
    assert decode_base58btc(encode_base58btc(value), len(value)) == value


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_a_public_key_comes_back_and_looks_like_one(key: bytes) -> None:
    text = encode_public_key(key)
    assert text.startswith("z6Mk")
    assert decode_public_key(text) == key


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=64), st.integers(0, 70))
def test_a_value_of_another_size_is_refused(value: bytes, size: int) -> None:
    if size != len(value):
        with pytest.raises(MalformedMultibase):
            decode_base58btc(encode_base58btc(value), size)


GOOD = encode_base58btc(bytes(range(64)))


@pytest.mark.parametrize(
    "junk",
    [
        None,
        5,
        b"z2NEpo7TZRRrLZSi2U",
        ["z"],
        {},
        "",
        "z",
        GOOD[1:],
        "Z" + GOOD[1:],
        "u" + GOOD[1:],
        " " + GOOD,
        GOOD + " ",
        GOOD + "\n",
        GOOD[:20] + "\u00a0" + GOOD[20:],
        GOOD[:-1] + "0",
        GOOD[:-1] + "l",
        GOOD[:-1] + "é",
        GOOD[:-1] + "\u0662",
        GOOD[:-1] + "\ud800",
        "z1" + GOOD[1:],
        "z" + "1" * 1_000_000,
        "z" + "2" * 97,
    ],
)
def test_junk_is_refused(junk: object) -> None:
    assert decode_base58btc(GOOD, 64) == bytes(range(64))
    with pytest.raises(MalformedMultibase):
        decode_base58btc(junk, 64)


def test_a_text_too_long_for_any_key_or_signature_is_not_even_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding base58 takes quadratic time, so a megabyte of it would hold the service up for minutes."""
    monkeypatch.setattr(base58, "b58decode", lambda *_: pytest.fail("decoded"))
    for size in (97, 1_000_000):
        with pytest.raises(MalformedMultibase):
            decode_base58btc("z" + "2" * size, 64)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100) | st.text(BASE58, max_size=100).map("z".__add__))
def test_text_of_any_kind_is_refused_or_is_the_one_text_of_its_value(text: str) -> None:
    for size in (32, 34, 64):
        try:
            value = decode_base58btc(text, size)
        except MalformedMultibase:
            continue
        assert encode_base58btc(value) == text


@pytest.mark.parametrize("prefix", ["ec01", "8024", "1200", "ed00", "0000"])
def test_a_key_of_another_type_is_refused(prefix: str) -> None:
    with pytest.raises(MalformedMultibase):
        decode_public_key(encode_base58btc(bytes.fromhex(prefix) + bytes(32)))
