"""Data Integrity proofs on credentials of ours, each of which has one proof and is kept as its canonical bytes.

W3C Data Integrity EdDSA Cryptosuites 1.0. The signature is over SHA-256(proof configuration) ‖ SHA-256(document without
proof), both as canonical JSON (`eddsa-jcs-2022`, section 3.3) or as canonical RDF (`eddsa-rdfc-2022`, section 3.2).
Because canonical JSON sorts its names, the document without its proof is those bytes with one run cut out, and
verifying needs no second serialization. Documents of any make, with sets and chains of proofs: `proofs`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson

from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize, canonicalize_own
from registry.formats.ed25519 import SIGNATURE_SIZE, ed25519_holds
from registry.formats.json_ld import canonical_n_quads
from registry.formats.multikey import MalformedMultibase, decode_base58btc, encode_base58btc
from registry.formats.plain_form import NotPlain, check_plain_form
from registry.formats.rdf_canonical import CannotCanonicalize

PROOF_TYPE = "DataIntegrityProof"
_PURPOSE = "assertionMethod"
_MAX_TEXT = 2048
_MAX_TEXTS = 10
_REQUIRED = ("type", "cryptosuite", "verificationMethod", "proofPurpose", "proofValue")
_TEXTS = (*_REQUIRED, "id", "challenge", "nonce")
# What a proof may have that no proof on a credential of ours has, and that more is needed to judge than the document.
_NOT_OURS = ("expires", "domain", "challenge", "previousProof")
# XML Schema 1.1 part 2, section 3.4.28, for years of four digits.
_DATE_TIME_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Cryptosuite(StrEnum):
    """The Ed25519 suites: canonical JSON (RFC 8785), or canonical RDF (RDFC-1.0)."""

    JCS = "eddsa-jcs-2022"
    RDFC = "eddsa-rdfc-2022"


class MalformedProof(ValueError):
    """The proof is missing, or is not one that these cryptosuites define."""


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document taken apart: what was signed (`unsecured`, canonical bytes), its `proof`, and the whole, parsed.

    `configuration`: the canonical proof configuration of `eddsa-jcs-2022`, where that was at hand.
    """

    document: JsonObject
    unsecured: bytes
    proof: JsonObject
    configuration: bytes | None = None

    @property
    def verification_method(self) -> str:
        """The DID URL of the key that the proof names."""
        return str(self.proof["verificationMethod"])


@lru_cache(maxsize=4096)
def timestamp(instant: datetime) -> str:
    """An XMLSchema dateTimeStamp in UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def proof_configuration(
    context: Any, verification_method: str, created: datetime, cryptosuite: Cryptosuite = Cryptosuite.JCS
) -> JsonObject:
    """Proof configuration (3.2.5, 3.3.5): the proof without `proofValue`, with the document's `@context`."""
    return {
        "@context": context,
        "created": timestamp(created),
        "cryptosuite": str(cryptosuite),
        "proofPurpose": _PURPOSE,
        "type": PROOF_TYPE,
        "verificationMethod": verification_method,
    }


def hash_data(configuration: bytes, unsecured: bytes) -> bytes:
    """Hashing (3.2.4, 3.3.4): 64 bytes, of the canonical proof configuration and the canonical document."""
    return hashlib.sha256(configuration).digest() + hashlib.sha256(unsecured).digest()


@dataclass(frozen=True, slots=True)
class UnsignedDocument:
    """A document ready to be signed: the 64 bytes to sign (`data`), its canonical bytes around the proof, the proof."""

    data: bytes
    before: bytes
    proof: UnsignedProof
    after: bytes

    @property
    def unsecured(self) -> bytes:
        """The canonical bytes of the document without a proof."""
        return self.before + self.after

    def signed(self, signature: bytes) -> bytes:
        """The canonical bytes of the document with its proof, by the 64 bytes of the signature over `data`."""
        value = encode_base58btc(signature).encode()
        return b"".join((self.before, self.proof.before, value, self.proof.after, self.after))


@dataclass(frozen=True, slots=True)
class UnsignedProof:
    """The proof that all documents have that are signed in one way at one time.

    `digest`: the hash of its configuration; its canonical bytes, as a member, around `proofValue`.
    """

    digest: bytes
    before: bytes
    after: bytes

    def on(self, before: bytes, after: bytes, hashed: bytes | None = None) -> UnsignedDocument:
        """A document to be signed, by its `canonical_halves` and the bytes to be hashed, where those are others."""
        document = before + after if hashed is None else hashed
        return UnsignedDocument(self.digest + hashlib.sha256(document).digest(), before, self, after)


def prepare_proof(
    document: JsonObject,
    verification_method: str,
    created: datetime,
    cryptosuite: Cryptosuite = Cryptosuite.JCS,
) -> UnsignedDocument:
    """Create Proof (3.2.1, 3.3.1) up to the signature, for a document that this program built (`canonicalize_own`).

    Raises CannotCanonicalize for what RDF can't say, where it has to.
    """
    proof = unsigned_proof(document["@context"], verification_method, created, cryptosuite)
    hashed = canonical_n_quads(document) if cryptosuite is Cryptosuite.RDFC else None
    return proof.on(*canonical_halves(document), hashed)


def canonical_halves(document: JsonObject) -> tuple[bytes, bytes]:
    """The canonical bytes of a document before and after the place of its proof: canonical JSON sorts its names."""
    before = canonicalize_own({name: value for name, value in document.items() if name < "proof"})[:-1]
    after = canonicalize_own({name: value for name, value in document.items() if name > "proof"})[1:]
    return before, after if after == b"}" else b"," + after


def unsigned_proof(
    context: Any, verification_method: str, created: datetime, cryptosuite: Cryptosuite
) -> UnsignedProof:
    """The proof of a document with this `@context`, without its value."""
    return _unsigned_proof(canonicalize_own(proof_configuration(context, verification_method, created, cryptosuite)))


@lru_cache(maxsize=64)
def _unsigned_proof(configuration: bytes) -> UnsignedProof:
    """By the canonical configuration, which all certificates of a batch have in common."""
    proof = orjson.loads(configuration)
    canonical = configuration
    if proof["cryptosuite"] == Cryptosuite.RDFC:
        canonical = canonical_n_quads(proof)
        # 3.2.1 signs the context of the document, and writes none into the proof.
        del proof["@context"]
    # A quotation mark within a text has a backslash before it, so this is found nowhere else.
    before, value, after = canonicalize_own({**proof, "proofValue": ""}).partition(b'"proofValue":"')
    return UnsignedProof(hashlib.sha256(canonical).digest(), b',"proof":' + before + value, after)


def add_proof(
    document: JsonObject,
    verification_method: str,
    created: datetime,
    sign: Callable[[bytes], bytes],
    cryptosuite: Cryptosuite = Cryptosuite.JCS,
) -> bytes:
    """The canonical bytes of `document` with a proof by `sign`, which takes 64 bytes and returns the 64 of a signature.

    Raises as `prepare_proof`.
    """
    unsigned = prepare_proof(document, verification_method, created, cryptosuite)
    return unsigned.signed(sign(unsigned.data))


def take_apart(document: JsonObject) -> SignedDocument:
    """Split a parsed document that came from anywhere. Raises MalformedProof, MalformedJson."""
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise MalformedProof("the document has no single proof object")
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    checked = _checked(proof, document)
    if "@context" in checked and checked["cryptosuite"] == Cryptosuite.JCS:
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
        canonical = canonicalize(proof)
    except MalformedJson as error:
        raise MalformedProof("the stored credential is not canonical") from error
    member = b'"proof":' + canonical
    start = signed.find(member)
    if start < 0:
        raise MalformedProof("the stored credential is not canonical")
    end = start + len(member)
    if signed[end : end + 1] == b",":
        end += 1
    elif signed[start - 1 : start] == b",":
        start -= 1
    checked = _checked(proof, document)
    # Two members follow the signature in any proof that was accepted, so that it ends in a comma.
    configuration = canonical.replace(b'"proofValue":"%b",' % checked["proofValue"].encode(), b"", 1)
    return SignedDocument(document, signed[:start] + signed[end:], checked, configuration)


def signature_holds(signed: SignedDocument, public_key: bytes) -> bool:
    """Verify Proof (3.2.2, 3.3.2) over the bytes of `signed` with an Ed25519 public key of 32 bytes."""
    try:
        signature = decode_base58btc(signed.proof["proofValue"], SIGNATURE_SIZE)
        return ed25519_holds(public_key, signature, _signed_data(signed))
    except (MalformedMultibase, MalformedJson, CannotCanonicalize):
        return False


def _signed_data(signed: SignedDocument) -> bytes:
    rdf = signed.proof["cryptosuite"] == Cryptosuite.RDFC
    if signed.configuration is not None and not rdf:
        return hash_data(signed.configuration, signed.unsecured)
    configuration = {name: value for name, value in signed.proof.items() if name != "proofValue"}
    if not rdf:
        return hash_data(canonicalize(configuration), signed.unsecured)
    unsecured = {name: value for name, value in signed.document.items() if name != "proof"}
    configuration["@context"] = unsecured.get("@context")
    return hash_data(canonical_n_quads(configuration), canonical_n_quads(unsecured))


def check_form(proof: Mapping[str, Any]) -> None:
    """Data Integrity 2.1: which members there must be, and of which types. Raises MalformedProof."""
    for name in _REQUIRED:
        if name not in proof:
            raise MalformedProof(f"the proof has no '{name}'")
    for name in _TEXTS:
        if name in proof and not _is_text(proof[name]):
            raise MalformedProof(f"the proof's '{name}' is not a text")
    for name in ("verificationMethod", "id"):
        if name in proof and ":" not in proof[name]:
            raise MalformedProof(f"the proof's '{name}' is not a URL")
    for name in ("created", "expires"):
        if name in proof and not (isinstance(proof[name], str) and _is_date_time(proof[name])):
            raise MalformedProof(f"the proof's '{name}' is not a date and time with a zone")
    for name in ("domain", "previousProof"):
        if name in proof and not _is_text_or_texts(proof[name]):
            raise MalformedProof(f"the proof's '{name}' is neither a text nor a list of texts")


def starts_with(context: Any, prefix: Any) -> bool:
    """Whether the `@context` of a document begins with that of its proof (EdDSA Cryptosuites 3.3.2, step 4.1)."""
    contexts = context if isinstance(context, list) else [context]
    prefixes = prefix if isinstance(prefix, list) else [prefix]
    return contexts[: len(prefixes)] == prefixes


def _checked(proof: Mapping[str, Any], document: Mapping[str, Any]) -> JsonObject:
    """The proof, if it is such as credentials of ours have. Raises MalformedProof."""
    check_form(proof)
    if proof["type"] != PROOF_TYPE or proof["cryptosuite"] not in (Cryptosuite.JCS, Cryptosuite.RDFC):
        raise MalformedProof(f"the proof is not a {PROOF_TYPE} with the cryptosuite {' or '.join(Cryptosuite)}")
    if proof["proofPurpose"] != _PURPOSE:
        raise MalformedProof(f"the proof's purpose is not {_PURPOSE}")
    for name in _NOT_OURS:
        if name in proof:
            raise MalformedProof(f"the proof has '{name}', which no proof on a certificate of a registry has")
    if "@context" in proof and not starts_with(document.get("@context"), proof["@context"]):
        raise MalformedProof("the document's @context does not begin with the proof's")
    if proof["cryptosuite"] == Cryptosuite.RDFC:
        try:
            check_plain_form(document)
        except NotPlain as error:
            raise MalformedProof(str(error)) from error
    return dict(proof)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT


def _is_text_or_texts(value: object) -> bool:
    if not isinstance(value, list):
        return _is_text(value)
    return 0 < len(value) <= _MAX_TEXTS and all(_is_text(one) for one in value)


@lru_cache(maxsize=1024)
def _is_date_time(text: str) -> bool:
    if not _DATE_TIME_STAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
