"""Data Integrity proofs on any document: sets and chains of `eddsa-jcs-2022` and `eddsa-rdfc-2022`.

W3C Verifiable Credential Data Integrity 1.0, chapters 2 and 4, with the two cryptosuites of Data Integrity EdDSA
Cryptosuites 1.0, sections 3.2 and 3.3. A proof that names others in `previousProof` signs them together with the
document, and counts only where they count.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize
from registry.formats.contexts import DATA_INTEGRITY_V1, DATA_INTEGRITY_V2, VC_V2
from registry.formats.data_integrity import PROOF_TYPE, MalformedProof, check_form, hash_data, starts_with, timestamp
from registry.formats.data_integrity import Cryptosuite as Cryptosuite
from registry.formats.ed25519 import SIGNATURE_SIZE, ed25519_holds
from registry.formats.json_ld import canonical_n_quads
from registry.formats.multikey import MalformedMultibase, decode_base58btc, encode_base58btc
from registry.formats.rdf_canonical import CannotCanonicalize, Effort
from registry.formats.verification_methods import ASSERTION_METHOD, UnknownVerificationMethod, VerificationMethod

MAX_PROOFS = 6


Resolve = Callable[[str], VerificationMethod]
"""From the DID URL in a proof to the key. Raises UnknownVerificationMethod."""


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What came of one proof: whether it holds, and if not, why, in words for people."""

    holds: bool
    problem: str | None
    verification_method: str
    cryptosuite: str


def secure(
    document: JsonObject,
    cryptosuite: Cryptosuite,
    verification_method: str,
    created: datetime,
    sign: Callable[[bytes], bytes],
    *,
    purpose: str = ASSERTION_METHOD,
    challenge: str | None = None,
    domain: str | Sequence[str] | None = None,
    expires: datetime | None = None,
    previous_proof: str | Sequence[str] | None = None,
    proof_id: str | None = None,
) -> JsonObject:
    """`document` with one proof more (Data Integrity 4.2, 4.3); proofs that it has stay.

    `sign` takes the 64 bytes to sign and returns the 64 of the signature. A context that defines the terms of proofs
    is added where the document has none (2.4.2). Raises MalformedProof for `previous_proof` that names no single proof
    of the document, MalformedJson or CannotCanonicalize for a document without canonical form.
    """
    unsecured, proofs = _with_proof_terms(document, cryptosuite), _proofs_of(document)
    options: JsonObject = {
        "type": PROOF_TYPE,
        "cryptosuite": str(cryptosuite),
        "created": timestamp(created),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
        "id": proof_id,
        "expires": None if expires is None else timestamp(expires),
        "challenge": challenge,
        "domain": domain if domain is None or isinstance(domain, str) else list(domain),
        "previousProof": (
            previous_proof if previous_proof is None or isinstance(previous_proof, str) else list(previous_proof)
        ),
    }
    proof = {name: value for name, value in options.items() if value is not None}
    if cryptosuite is Cryptosuite.JCS and "@context" in unsecured:
        # EdDSA Cryptosuites 3.3.1, step 2.
        proof["@context"] = unsecured["@context"]
    check_form({**proof, "proofValue": ""})
    data = _Transformation(unsecured).data_to_sign(proof, _previous(proof, proofs))
    secured = {**proof, "proofValue": encode_base58btc(sign(data))}
    return {**unsecured, "proof": [*proofs, secured] if proofs else secured}


def verify_proofs(
    document: JsonObject,
    resolve: Resolve,
    *,
    purpose: str | None = ASSERTION_METHOD,
    challenge: str | None = None,
    domain: str | Collection[str] | None = None,
    now: datetime,
    suites: Collection[Cryptosuite] = tuple(Cryptosuite),
    effort: Effort | None = None,
) -> list[ProofResult]:
    """What each proof of the document is worth, in their order (Data Integrity 4.4, 4.5).

    The document counts only if all hold. `challenge` and `domain` are compared where given. `effort`: what may be spent
    on RDF, of this and perhaps other documents; a proof for which it does not suffice does not hold.
    Raises MalformedProof for what can't be read: no proof, missing members, members of a wrong type, references that
    lead to no single proof.
    """
    proofs = _proofs_of(document)
    if not proofs:
        raise MalformedProof("the document has no proof")
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    for proof in proofs:
        check_form(proof)
    previous = [_previous(proof, proofs) for proof in proofs]
    _refuse_circles(proofs, previous)
    expected = _Expectation(purpose, challenge, domain, now, frozenset(suites))
    transformation = _Transformation(unsecured, effort)
    problems = [
        _unexpected(proof, document, expected) or _untrue(proof, before, resolve, now, transformation)
        for proof, before in zip(proofs, previous, strict=True)
    ]
    _spread(proofs, previous, problems)
    return [
        ProofResult(problem is None, problem, proof["verificationMethod"], proof["cryptosuite"])
        for proof, problem in zip(proofs, problems, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Expectation:
    purpose: str | None
    challenge: str | None
    domain: str | Collection[str] | None
    now: datetime
    suites: frozenset[Cryptosuite]


def _proofs_of(document: Mapping[str, Any]) -> list[JsonObject]:
    """The proofs of a document, one or a set. Raises MalformedProof."""
    if "proof" not in document:
        return []
    found = document["proof"]
    proofs = found if isinstance(found, list) else [found]
    if not all(isinstance(proof, dict) for proof in proofs):
        raise MalformedProof("'proof' is neither an object nor a list of objects")
    if len(proofs) > MAX_PROOFS:
        raise MalformedProof(f"the document has more than {MAX_PROOFS} proofs")
    return proofs


def _texts(value: str | Collection[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _previous(proof: Mapping[str, Any], proofs: Sequence[JsonObject]) -> list[JsonObject]:
    """The proofs that `previousProof` names, in the order of the document (4.3 steps 4-5, 4.5 step 3.2)."""
    if "previousProof" not in proof:
        return []
    wanted = _texts(proof["previousProof"])
    ids = [one.get("id") for one in proofs]
    for identity in sorted(wanted):
        if ids.count(identity) != 1:
            many = "more than one proof" if identity in ids else "no proof"
            raise MalformedProof(f"'previousProof' names {identity}, which {many} of the document has as its 'id'")
    return [one for one in proofs if one.get("id") in wanted]


def _refuse_circles(proofs: Sequence[JsonObject], previous: Sequence[Sequence[JsonObject]]) -> None:
    """A proof can't have been made after itself."""
    pending = list(range(len(proofs)))
    while pending:
        waiting = {id(proofs[index]) for index in pending}
        rest = [index for index in pending if any(id(one) in waiting for one in previous[index])]
        if len(rest) == len(pending):
            raise MalformedProof("the proofs name each other as 'previousProof' in a circle")
        pending = rest


def _spread(proofs: Sequence[JsonObject], previous: Sequence[Sequence[JsonObject]], problems: list[str | None]) -> None:
    """A proof counts only where all that it names count (2.1, previousProof)."""
    for _ in proofs:
        broken = {id(proof) for proof, problem in zip(proofs, problems, strict=True) if problem is not None}
        for index, before in enumerate(previous):
            if problems[index] is None and any(id(one) in broken for one in before):
                problems[index] = "a proof that it builds on ('previousProof') does not hold"


def _unexpected(proof: JsonObject, document: JsonObject, expected: _Expectation) -> str | None:
    """What makes the proof one that the asker does not want, or None (4.4 steps 5 to 7)."""
    if proof["type"] != PROOF_TYPE:
        return f"the proof is of type {proof['type']}, not {PROOF_TYPE}"
    if proof["cryptosuite"] not in expected.suites:
        return f"the cryptosuite {proof['cryptosuite']} is not one of {', '.join(sorted(expected.suites))}"
    if proof["proofPurpose"] != (expected.purpose or proof["proofPurpose"]):
        return f"the proof's purpose is {proof['proofPurpose']}, not {expected.purpose}"
    if expected.domain is not None and _texts(proof.get("domain", [])) != _texts(expected.domain):
        return "the proof was made for another domain"
    if expected.challenge is not None and proof.get("challenge") != expected.challenge:
        return "the proof answers another challenge"
    if "expires" in proof and datetime.fromisoformat(proof["expires"]) <= expected.now:
        return f"the proof expired at {proof['expires']}"
    is_jcs = proof["cryptosuite"] == Cryptosuite.JCS
    if is_jcs and "@context" in proof and not starts_with(document.get("@context"), proof["@context"]):
        # EdDSA Cryptosuites 3.3.2, step 4.1.
        return "the document's @context does not begin with the proof's"
    return None


def _untrue(
    proof: JsonObject,
    previous: Sequence[JsonObject],
    resolve: Resolve,
    now: datetime,
    transformation: _Transformation,
) -> str | None:
    """Why the proof does not hold, or None (4.4 step 8). Raises MalformedProof."""
    try:
        signature = decode_base58btc(proof["proofValue"], SIGNATURE_SIZE)
    except MalformedMultibase as error:
        raise MalformedProof(f"the proof's 'proofValue': {error}") from error
    try:
        method = resolve(proof["verificationMethod"])
    except UnknownVerificationMethod as error:
        return f"the verification method is not known: {error}"
    found = _unfit(method, proof, now)
    if found is not None:
        return found
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        data = transformation.data_to_sign(options, previous)
    except (MalformedJson, CannotCanonicalize) as error:
        return f"what was signed can't be worked out: {error}"
    if not ed25519_holds(method.public_key, signature, data):
        return "the signature does not fit the document: it was altered, or never signed by this key"
    return None


def _unfit(method: VerificationMethod, proof: Mapping[str, Any], now: datetime) -> str | None:
    """Why the key may not have made this proof (Controlled Identifiers 1.0, 2.2 and 3.3)."""
    if method.id != proof["verificationMethod"]:
        return "the verification method goes by another name in its controller's document"
    if proof["proofPurpose"] not in method.purposes:
        return f"its controller's document does not list the key for {proof['proofPurpose']}"
    made = datetime.fromisoformat(proof["created"]) if "created" in proof else now
    if method.expires is not None and made >= method.expires:
        return f"the key ended at {timestamp(method.expires)}, before the proof was made"
    if method.revoked is not None and now >= method.revoked:
        # Whoever has the key writes any date that he likes into a proof.
        return f"the key was revoked at {timestamp(method.revoked)}"
    return None


def _with_proof_terms(document: JsonObject, cryptosuite: Cryptosuite) -> JsonObject:
    """The document without proofs, with a context that defines what stands in a proof (2.4.2)."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    context = document.get("@context")
    if context is None and cryptosuite is Cryptosuite.JCS:
        return unsecured
    contexts = context if isinstance(context, list) else [context] if context is not None else []
    if not any(url in contexts for url in (VC_V2, DATA_INTEGRITY_V2, DATA_INTEGRITY_V1)):
        unsecured["@context"] = [*contexts, DATA_INTEGRITY_V2]
    return unsecured


class _Transformation:
    """From a document and a proof to the bytes behind the signature, by the proof's suite.

    What the proofs of a set have in common is worked out once, or found once not to work out.
    """

    def __init__(self, unsecured: JsonObject, effort: Effort | None = None) -> None:
        self._unsecured = unsecured
        self._effort = effort or Effort()
        self._n_quads: dict[tuple[str, ...], bytes | CannotCanonicalize] = {}

    def data_to_sign(self, options: JsonObject, previous: Sequence[JsonObject]) -> bytes:
        """The 64 bytes: transformation, proof configuration and hashing. Raises MalformedJson, CannotCanonicalize.

        `options` is the proof without its `proofValue`, `previous` the proofs that it builds on.
        """
        document = {**self._unsecured, "proof": list(previous)} if previous else self._unsecured
        if options["cryptosuite"] == Cryptosuite.JCS:
            if "@context" in options:
                # 3.3.2, step 4.2: a holder may have added contexts behind those that were signed.
                document = {**document, "@context": options["@context"]}
            return hash_data(canonicalize(options), canonicalize(document))
        # 3.2.5, step 4.
        configuration = {**options, "@context": self._unsecured.get("@context")}
        together = tuple(proof["id"] for proof in previous)
        if together not in self._n_quads:
            self._n_quads[together] = self._worked_out(document)
        found = self._n_quads[together]
        if isinstance(found, CannotCanonicalize):
            raise found
        return hash_data(canonical_n_quads(configuration, self._effort), found)

    def _worked_out(self, document: JsonObject) -> bytes | CannotCanonicalize:
        try:
            return canonical_n_quads(document, self._effort)
        except CannotCanonicalize as error:
            return error
