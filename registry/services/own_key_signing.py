"""The issuer's side: a key that no registry has, and signing with it what a registry prepared, and nothing else.

It works on a machine without a network and without a database. A key is made for one issuer, by its DID, and signs two
kinds of documents: the answer to a challenge of the registry of that DID, and certificates of that issuer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keys import Custody, FileKeyStore, KeyRecord, Purpose
from registry.domain.certificate import Certificate
from registry.domain.errors import InvalidInput, Violation
from registry.domain.signing_key import SIGNED_WITHIN
from registry.formats.canonical_json import JsonObject, MalformedJson, parse
from registry.formats.certificate_request import certificate_of
from registry.formats.credential import certificate_terms, issuer_id
from registry.formats.data_integrity import Cryptosuite, MalformedProof, check_form, proof_configuration
from registry.formats.did_web import registry_did
from registry.formats.key_registration import key_registration
from registry.formats.multikey import encode_public_key
from registry.formats.offline_status import CLOCK_SKEW
from registry.formats.plain_form import NotPlain, check_plain_form
from registry.formats.signing_request import SigningRequest
from registry.formats.verification_methods import ASSERTION_METHOD, AUTHENTICATION
from registry.services.compare import departures

_DID = "did:web:"
_ISSUERS = ":issuers:"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed document, and what it says, in lines for the person at the terminal."""

    document: JsonObject
    summary: tuple[str, ...]


def make_own_key(keys: FileKeyStore, name: str, issuer: str, custody: Custody, now: datetime) -> KeyRecord:
    """Make a key for an issuer, named by its DID. Raises InvalidInput, keys.KeyStoreError."""
    if not issuer.startswith(_DID) or _ISSUERS not in issuer or len(issuer) > 300 or not issuer.isprintable():
        reason = "the DID of an issuer is like did:web:registry.example.org:issuers:cqc"
        raise InvalidInput([Violation(("issuer",), reason)])
    return keys.create(name, issuer, Purpose.ISSUER, now, custody)


def sign_handed_out(
    keys: FileKeyStore, name: str, handed_out: bytes, now: datetime, wanted: Certificate | None = None
) -> Signed:
    """Sign what a registry handed out: a challenge, or a prepared certificate, which must be the `wanted` one.

    Raises InvalidInput for anything else, keys.KeyStoreError.
    """
    signer = keys.signer(name, now)
    if signer.record.purpose is not Purpose.ISSUER or not signer.record.owner.startswith(_DID):
        raise InvalidInput([Violation((), f"{name} is not a key that was made for signing here")])
    request, told = _read(handed_out)
    purpose = request.proof.get("proofPurpose")
    if purpose == AUTHENTICATION:
        summary = _check_challenge(request, signer.record)
    elif purpose == ASSERTION_METHOD:
        summary = _check_certificate(request, signer.record, now, wanted)
    else:
        raise _refusal("proof", "proofPurpose", reason=f"must be {AUTHENTICATION} or {ASSERTION_METHOD}")
    _check_told(told, request, signer.record)
    return Signed(request.signed(signer.sign(request.data)), summary)


def _read(handed_out: bytes) -> tuple[SigningRequest, JsonObject]:
    """The request, and all else that the registry told with it."""
    try:
        told: Any = parse(handed_out)
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    if not isinstance(told, dict) or not all(isinstance(told.get(name), dict) for name in ("document", "proof")):
        reason = "this is not what a registry hands out to be signed: it has no document and proof"
        raise InvalidInput([Violation((), reason)])
    return SigningRequest(told["document"], told["proof"]), told


def _check_challenge(request: SigningRequest, record: KeyRecord) -> tuple[str, ...]:
    """That signing says no more than that the key is the issuer's, to the registry of its DID."""
    challenge, domain = request.proof.get("challenge"), request.proof.get("domain")
    if not isinstance(challenge, str) or not isinstance(domain, str):
        raise _refusal("proof", "challenge", reason="a challenge and a domain are needed")
    if registry_did(domain) != record.owner.partition(_ISSUERS)[0]:
        raise _refusal("proof", "domain", reason=f"{domain} is not the registry of {record.owner}")
    expected = key_registration(record.owner, record.public_key, challenge, domain)
    _require_same("document", expected.document, request.document)
    _require_same("proof", expected.proof, request.proof)
    return (f"the answer to a challenge of {domain}, to register this key for {record.owner}",)


def _check_certificate(
    request: SigningRequest, record: KeyRecord, now: datetime, wanted: Certificate | None
) -> tuple[str, ...]:
    """That it is a certificate of this issuer's, in the form of registries, with a proof of theirs."""
    document, proof = request.document, request.proof
    try:
        check_plain_form(document)
        check_form({**proof, "proofValue": ""})
    except NotPlain as error:
        raise _refusal("document", reason=f"this is no certificate of a registry: {error}") from error
    except MalformedProof as error:
        raise _refusal("proof", reason=str(error)) from error
    if issuer_id(document) != record.owner:
        raise _refusal("document", "issuer", "id", reason=f"must be {record.owner}, for which this key was made")
    _check_proof(document, proof, record, now)
    certificate = certificate_of(document)
    if wanted is not None:
        _check_wanted(certificate, wanted)
    return _summary(certificate, certificate_terms(document))


def _check_proof(document: JsonObject, proof: JsonObject, record: KeyRecord, now: datetime) -> None:
    method, suites = proof["verificationMethod"], [str(suite) for suite in Cryptosuite]
    if not method.startswith(f"{record.owner}#"):
        raise _refusal("proof", "verificationMethod", reason=f"must begin with {record.owner}#")
    if proof["cryptosuite"] not in suites or "created" not in proof:
        raise _refusal("proof", "cryptosuite", reason=f"must be one of {', '.join(suites)}, with a time of creation")
    created, suite = datetime.fromisoformat(proof["created"]), Cryptosuite(proof["cryptosuite"])
    expected = proof_configuration(document["@context"], method, created, suite)
    if suite is Cryptosuite.RDFC:
        del expected["@context"]
    _require_same("proof", expected, proof)
    if not -CLOCK_SKEW <= now - created <= SIGNED_WITHIN:
        raise _refusal("proof", "created", reason=f"is too far from the time here, {now:%Y-%m-%dT%H:%M:%SZ}")


def _check_wanted(certificate: Certificate, wanted: Certificate) -> None:
    """That the registry has prepared what was asked for. The revision is the registry's to count."""
    for name in (
        "number",
        "scheme",
        "holder",
        "scope",
        "sites",
        "granted_on",
        "decided_on",
        "valid_from",
        "valid_until",
    ):
        if getattr(certificate, name) != getattr(wanted, name):
            raise _refusal("document", "credentialSubject", "certificate", name, reason="is not what you asked for")


def _check_told(told: JsonObject, request: SigningRequest, record: KeyRecord) -> None:
    """What stands beside the document is not signed, but if it differs, the two sides do not speak of the same."""
    key = told.get("key")
    named = key.get("public_key_multibase") if isinstance(key, dict) else None
    if named is not None and named != encode_public_key(record.public_key):
        raise _refusal("key", "public_key_multibase", reason=f"it was prepared for another key than {record.name}")
    expected = request.as_json()["hash_data"]
    if told.get("hash_data", expected) != expected:
        raise _refusal("hash_data", reason="is not that of this document and proof")


def _require_same(where: str, expected: JsonObject, found: JsonObject) -> None:
    wrong = departures(expected, found)
    if wrong:
        raise InvalidInput([Violation((where, *one.path), one.reason) for one in wrong])


def _refusal(*path: str, reason: str) -> InvalidInput:
    return InvalidInput([Violation(path, reason)])


def _summary(certificate: Certificate, terms: JsonObject) -> tuple[str, ...]:
    end = certificate.valid_until or "no end"
    return (
        f"certificate {certificate.number}, revision {certificate.revision}: {terms['standard']}",
        f"{certificate.holder.name.zh}, {certificate.valid_from} to {end}",
        f"{certificate.scope.zh}",
    )
