"""did:key: published identifiers are read, and nothing else than an Ed25519 key is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.did_key import did_key, did_key_method, is_did_key, resolve_did_key
from registry.formats.multikey import encode_base58btc
from registry.formats.verification_methods import UnknownVerificationMethod

# The Ed25519 example of the did:key text, and the key of the W3C vectors.
EXAMPLE = "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
EXAMPLE_KEY = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "keyPair.json").read_text("utf-8"))["publicKeyMultibase"]


def test_the_published_identifier_leads_to_its_key() -> None:
    found = resolve_did_key(f"did:key:{EXAMPLE}#{EXAMPLE}")
    assert found.public_key.hex() == EXAMPLE_KEY
    assert found.controller == f"did:key:{EXAMPLE}"
    assert found.id == f"did:key:{EXAMPLE}#{EXAMPLE}"
    assert {"assertionMethod", "authentication"} <= found.purposes
    assert "keyAgreement" not in found.purposes
    assert found.expires is None
    assert found.revoked is None
    assert did_key(bytes.fromhex(EXAMPLE_KEY)) == f"did:key:{EXAMPLE}"


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_a_key_comes_back_from_its_identifier(key: bytes) -> None:
    assert resolve_did_key(did_key_method(key)).public_key == key


@pytest.mark.parametrize(
    "url",
    [
        "",
        "did:key:",
        "did:key:#",
        f"did:key:{VECTOR}",
        f"did:key:{VECTOR}#",
        f"did:key:{VECTOR}#{EXAMPLE}",
        f"did:key:{VECTOR}#{VECTOR}#{VECTOR}",
        f"did:key:{VECTOR}?x=1#{VECTOR}",
        f"did:key:1.1:{VECTOR}#{VECTOR}",
        f"did:web:{VECTOR}#{VECTOR}",
        f"DID:KEY:{VECTOR}#{VECTOR}",
        f"did:key:{VECTOR[:-1]}#{VECTOR[:-1]}",
        f"did:key:{VECTOR}1#{VECTOR}1",
        f"did:key:u{VECTOR}#u{VECTOR}",
        "did:key:@invalidVm@#@invalidVm@",
        "did:key:invalidVm",
        *(
            f"did:key:{multikey}#{multikey}"
            for multikey in (
                encode_base58btc(b"\xec\x01" + bytes(32)),
                encode_base58btc(b"\xed\x01" + bytes(31)),
                encode_base58btc(b"\xed\x01" + bytes(33)),
                encode_base58btc(b"\x80\x24" + bytes(33)),
                "z" + "2" * 10_000,
            )
        ),
    ],
)
def test_what_is_no_ed25519_did_key_is_refused(url: str) -> None:
    with pytest.raises(UnknownVerificationMethod):
        resolve_did_key(url)


def test_other_methods_are_told_apart() -> None:
    assert is_did_key(f"did:key:{VECTOR}#{VECTOR}")
    assert not is_did_key("did:web:registry.example#key-1")
    assert not is_did_key("https://registry.example/did:key:")
