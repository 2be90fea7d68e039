"""Data Integrity proofs with `eddsa-jcs-2022` (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3).

The signature is over SHA-256(canonical proof configuration) ‖ SHA-256(canonical document without proof). A signed
document is kept as its canonical bytes. Because canonical JSON sorts its names, the document without its proof is
those bytes with one run cut out, and verifying needs no second serialization.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import nacl.bindings
import nacl.exceptions
import orjson

from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize, canonicalize_own
from registry.formats.multikey import PUBLIC_KEY_SIZE, MalformedMultibase, decode_base58btc, encode_base58btc

CRYPTOSUITE = "eddsa-jcs-2022"
SIGNATURE_SIZE = 64
# XML Schema 1.1 part 2, section 3.4.28, for years of four digits.
_DATE_TIME_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class MalformedProof(ValueError):
    """The proof is missing, or is not one that this cryptosuite defines."""


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document taken apart: what was signed (`unsecured`, canonical bytes), its `proof`, and the whole, parsed."""

    document: JsonObject
    unsecured: bytes
    proof: JsonObject

    @property
    def verification_method(self) -> str:
        """The DID URL of the key that the proof names."""
        return str(self.proof["verificationMethod"])


@lru_cache(maxsize=4096)
def timestamp(instant: datetime) -> str:
    """An XMLSchema dateTimeStamp in UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def proof_configuration(context: Any, verification_method: str, created: datetime) -> JsonObject:
    """Proof configuration (3.3.5): the proof without `proofValue`, with the document's `@context`."""
    return {
        "@context": context,
        "created": timestamp(created),
        "cryptosuite": CRYPTOSUITE,
        "proofPurpose": "assertionMethod",
        "type": "DataIntegrityProof",
        "verificationMethod": verification_method,
    }


def hash_data(configuration: bytes, unsecured: bytes) -> bytes:
    """Hashing (3.3.4): 64 bytes, of the canonical proof configuration and the canonical document."""
    return hashlib.sha256(configuration).digest() + hashlib.sha256(unsecured).digest()


def add_proof(
    document: JsonObject, verification_method: str, created: datetime, sign: Callable[[bytes], bytes]
) -> bytes:
    """Create Proof (3.3.1): the canonical bytes of `document` with a proof by `sign`.

    `document` is one that this program built (`canonicalize_own`). `sign` takes the 64 bytes to sign and returns the
    64 of the signature.
    """
    configuration = proof_configuration(document["@context"], verification_method, created)
    # Canonical JSON sorts its names, so the document's bytes around its proof can be written once for both purposes.
    before = canonicalize_own({name: value for name, value in document.items() if name < "proof"})[:-1]
    after = canonicalize_own({name: value for name, value in document.items() if name > "proof"})[1:]
    comma = b"" if after == b"}" else b","
    data = hash_data(canonicalize_own(configuration), before + comma + after)
    configuration["proofValue"] = encode_base58btc(sign(data))
    return before + b',"proof":' + canonicalize_own(configuration) + comma + after


def take_apart(document: JsonObject) -> SignedDocument:
    """Split a parsed document that came from anywhere. Raises MalformedProof, MalformedJson."""
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise MalformedProof("the document has no single proof object")
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    checked = _checked(proof, document)
    if "@context" in checked:
        # 3.3.2, step 4.2: a holder may have added contexts behind those that were signed.
        unsecured["@context"] = checked["@context"]
    return SignedDocument(document, canonicalize(unsecured), checked)


def take_apart_canonical(signed: bytes) -> SignedDocument:
    """Split the canonical bytes of a signed document without serializing the document again.

    Sound because what is left after cutting exactly the canonical proof out is what the signature is checked over:
    any other change to the bytes breaks either the cut or the signature. Contexts added behind the signed ones, which
    `take_apart` allows, are such a change. Raises MalformedProof.
    """
    try:
        document = orjson.loads(signed)
        proof = document["proof"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise MalformedProof("the stored credential can't be read") from error
    if not isinstance(proof, dict):
        raise MalformedProof("the document has no single proof object")
    try:
        member = b'"proof":' + canonicalize(proof)
    except MalformedJson as error:
        raise MalformedProof("the stored credential is not canonical") from error
    start = signed.find(member)
    if start < 0:
        raise MalformedProof("the stored credential is not canonical")
    end = start + len(member)
    if signed[end : end + 1] == b",":
        end += 1
    elif signed[start - 1 : start] == b",":
        start -= 1
    return SignedDocument(document, signed[:start] + signed[end:], _checked(proof, document))


def signature_holds(signed: SignedDocument, public_key: bytes) -> bool:
    """Verify Proof (3.3.2) over the bytes of `signed` with an Ed25519 public key of 32 bytes."""
    configuration = {name: value for name, value in signed.proof.items() if name != "proofValue"}
    try:
        signature = decode_base58btc(signed.proof.get("proofValue"), SIGNATURE_SIZE)
        data = hash_data(canonicalize(configuration), signed.unsecured)
    except (MalformedMultibase, MalformedJson):
        return False
    # The binding hands the key to C without a look at its length.
    if len(public_key) != PUBLIC_KEY_SIZE:
        return False
    try:
        # libsodium: half the time of OpenSSL for Ed25519 verification, and it refuses keys of small order.
        nacl.bindings.crypto_sign_open(signature + data, public_key)
    except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
        return False
    return True


def _checked(proof: Mapping[str, Any], document: Mapping[str, Any]) -> JsonObject:
    """The proof, if it is one of ours in form (3.3.2 steps 2-4 and 3.3.5). Raises MalformedProof."""
    if proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != CRYPTOSUITE:
        raise MalformedProof(f"the proof is not a DataIntegrityProof with the cryptosuite {CRYPTOSUITE}")
    if proof.get("proofPurpose") != "assertionMethod":
        raise MalformedProof("the proof's purpose is not assertionMethod")
    if not isinstance(proof.get("verificationMethod"), str):
        raise MalformedProof("the proof names no verificationMethod")
    created = proof.get("created", "")
    if "created" in proof and not (isinstance(created, str) and _is_date_time(created)):
        raise MalformedProof("the proof's 'created' is not a date and time with a zone")
    if "@context" in proof and not _starts_with(document.get("@context"), proof["@context"]):
        raise MalformedProof("the document's @context does not begin with the proof's")
    return dict(proof)


def _starts_with(context: Any, prefix: Any) -> bool:
    contexts = context if isinstance(context, list) else [context]
    prefixes = prefix if isinstance(prefix, list) else [prefix]
    return contexts[: len(prefixes)] == prefixes


@lru_cache(maxsize=1024)
def _is_date_time(text: str) -> bool:
    if not _DATE_TIME_STAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
