"""The conformance face: issuing and verifying whatever is sent, in the shape of the W3C CCG VC-API.

It joins the rules of the data model, the proofs, the keys and the status lists, so that public test suites can hold
them against the texts. It stores nothing, and what it issues is signed with a test key (`conformance`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from registry.formats import vc_data_model as data_model
from registry.formats.bitstring_status_list import (
    CREDENTIAL_TYPE,
    ENTRY_TYPE,
    MINIMUM_LENGTH,
    Problem,
    StatusListError,
    check_entry,
    unpack_list,
)
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.contexts import UnknownContext, load_context
from registry.formats.data_integrity import MalformedProof
from registry.formats.date_time_stamp import instant_of
from registry.formats.json_ld import to_quads
from registry.formats.proofs import Cryptosuite, verify_proofs
from registry.formats.rdf_canonical import CannotCanonicalize, Effort
from registry.formats.related_resource import digest_violations
from registry.formats.vc_data_model import Version
from registry.formats.vc_values import has_type
from registry.formats.verification_methods import ASSERTION_METHOD, AUTHENTICATION
from registry.services import conformance
from registry.services.context import Registry
from registry.services.resolve_keys import resolver
from registry.services.status_lists import StatusLists
from registry.services.vc_problem import Kind, VcProblem, VcRefused, malformed
from registry.services.vc_status import StatusCheck

CHECK_PROOF = "proof"
CHECK_STATUS = frozenset({"credentialStatus", "status"})
CHECK_PERIOD = frozenset({"validityPeriod", "validity", "expiration"})
# Work on RDF for all documents of a request together, status lists included: less than a second.
MAX_EFFORT = 50_000


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller asks for beside the document.

    `checks`: which checks, besides form and proofs, which are always made; None: all. `challenge` and `domain` are
    compared with those of a presentation's proof where given.
    """

    checks: Collection[str] | None = None
    challenge: str | None = None
    domain: str | Collection[str] | None = None

    def wants(self, names: Collection[str]) -> bool:
        """Whether a check that goes by one of these names is to be made."""
        return self.checks is None or any(name in self.checks for name in names)


class VcApi:
    """Issues and verifies for one registry, with either cryptosuite. Safe for threads."""

    def __init__(self, registry: Registry, lists: StatusLists) -> None:
        self._registry = registry
        self._resolve = resolver(registry)
        self._status = StatusCheck(registry, lists, self._list_problems)

    def issue(self, credential: object, suite: Cryptosuite) -> JsonObject:
        """The credential, with the instance as its issuer, a status entry if it has none, and a proof.

        Whoever the request names as issuer, what is signed names the `did:key` of the instance: nobody else can be
        made to say anything. Raises VcRefused, keys.KeyStoreError.
        """
        if not isinstance(credential, dict):
            raise VcRefused([VcProblem(Kind.PARSING, "a credential is a JSON object", "/credential")])
        if "proof" in credential:
            raise VcRefused([VcProblem(Kind.MALFORMED, "the credential is signed already", "/credential/proof")])
        document = self._with_issuer(credential)
        found = malformed(data_model.credential_violations(document))
        problems = found or self._content_problems(document, Effort(MAX_EFFORT))
        if problems:
            raise VcRefused([one.below("/credential") for one in problems])
        if _wants_status(document):
            document["credentialStatus"] = conformance.new_status_entry(self._registry, suite)
        document["issuer"] = _named(document["issuer"], conformance.conformance_did(self._registry))
        try:
            return conformance.sign(self._registry, document, suite)
        except (CannotCanonicalize, MalformedJson, MalformedProof) as error:
            raise VcRefused([VcProblem(Kind.PROOF_GENERATION, str(error), "/credential")]) from error

    def verify_credential(self, credential: object, options: Options) -> list[VcProblem]:
        """Returns warnings. Raises VcRefused, saying all that is found to be wrong."""
        if not isinstance(credential, dict):
            raise VcRefused([VcProblem(Kind.PARSING, "a credential is a JSON object", "/verifiableCredential")])
        return _warnings(self._credential_problems(credential, options, Effort(MAX_EFFORT)), "/verifiableCredential")

    def verify_presentation(self, presentation: object, options: Options, *, signed: bool = True) -> list[VcProblem]:
        """The presentation and all credentials in it. `signed=False`: one that is handed in without a proof.

        Returns warnings. Raises VcRefused.
        """
        member = "/verifiablePresentation" if signed else "/presentation"
        if not isinstance(presentation, dict):
            raise VcRefused([VcProblem(Kind.PARSING, "a presentation is a JSON object", member)])
        return _warnings(self._presentation_problems(presentation, options, signed=signed), member)

    def _with_issuer(self, credential: JsonObject) -> JsonObject:
        """A copy; an issuer that the caller left open is filled in, one that is no URL is left to be refused."""
        document = dict(credential)
        issuer = document.setdefault("issuer", {})
        if isinstance(issuer, dict) and "id" not in issuer:
            document["issuer"] = _named(issuer or "", conformance.conformance_did(self._registry))
        return document

    def _credential_problems(self, credential: JsonObject, options: Options, effort: Effort) -> list[VcProblem]:
        if data_model.is_enveloped(credential):
            return [VcProblem(Kind.SECURITY, "enveloped credentials (JOSE, COSE) are not supported")]
        problems = malformed(data_model.credential_violations(credential))
        if problems:
            return problems
        problems = self._proof_problems(credential, ASSERTION_METHOD, "issuer", effort)
        return problems + self._statement_problems(credential, options, effort)

    def _statement_problems(self, credential: JsonObject, options: Options, effort: Effort) -> list[VcProblem]:
        """All but form and proofs, of a credential whose form is right."""
        problems = self._content_problems(credential, effort)
        if options.wants(CHECK_PERIOD):
            problems += self._period_problems(credential)
        if options.wants(CHECK_STATUS):
            problems += self._status.problems(credential, effort)
        return problems

    def _list_problems(self, credential: JsonObject, effort: Effort) -> list[VcProblem]:
        """A status list, which has no status itself."""
        return self._credential_problems(credential, Options(checks=CHECK_PERIOD), effort)

    def _presentation_problems(self, presentation: JsonObject, options: Options, *, signed: bool) -> list[VcProblem]:
        if data_model.is_enveloped(presentation, data_model.ENVELOPED_PRESENTATION):
            return [VcProblem(Kind.SECURITY, "enveloped presentations (JOSE, COSE) are not supported")]
        problems = malformed(data_model.presentation_violations(presentation))
        if problems:
            return problems
        effort = Effort(MAX_EFFORT)
        problems = _context_problems(presentation, effort)
        if signed:
            problems += self._proof_problems(presentation, AUTHENTICATION, "holder", effort, options)
        many = isinstance(presentation.get("verifiableCredential"), list)
        for position, credential in enumerate(data_model.credentials_in(presentation)):
            pointer = f"/verifiableCredential/{position}" if many else "/verifiableCredential"
            if signed and _is_self_asserted(credential, presentation):
                found = self._statement_problems(credential, options, effort)
            else:
                found = self._credential_problems(credential, options, effort)
            problems += [one.below(pointer) for one in found]
        return problems

    def _proof_problems(
        self, document: JsonObject, purpose: str, party: str, effort: Effort, options: Options | None = None
    ) -> list[VcProblem]:
        """All proofs must hold, and one of them must be of whom the document names as its issuer or holder."""
        asked = options or Options()
        try:
            results = verify_proofs(
                document,
                self._resolve,
                purpose=purpose,
                challenge=asked.challenge,
                domain=asked.domain,
                now=self._registry.now(),
                effort=effort,
            )
        except MalformedProof as error:
            return [VcProblem(Kind.PROOF_VERIFICATION, str(error), "/proof")]
        many = isinstance(document["proof"], list)
        problems = [
            VcProblem(Kind.PROOF_VERIFICATION, one.problem, f"/proof/{position}" if many else "/proof")
            for position, one in enumerate(results)
            if one.problem is not None
        ]
        named = data_model.identity_of(document.get(party))
        if not problems and named is not None:
            controllers = {self._resolve(one.verification_method).controller for one in results}
            if named not in controllers:
                problems.append(_stranger(party, named, controllers))
        return problems

    def _content_problems(self, credential: JsonObject, effort: Effort) -> list[VcProblem]:
        problems = _context_problems(credential, effort)
        if "relatedResource" in credential:
            problems += malformed(digest_violations(credential))
        return problems + _status_list_problems(credential) + _status_entry_problems(credential)

    def _period_problems(self, credential: JsonObject) -> list[VcProblem]:
        now = instant_of(self._registry.now())
        starts, ends = data_model.validity_period(credential)
        if starts is not None and now < starts:
            return [VcProblem(Kind.RANGE, "the credential is not valid yet")]
        if ends is not None and ends < now:
            return [VcProblem(Kind.RANGE, "the credential is not valid any more")]
        return []


def _wants_status(document: JsonObject) -> bool:
    """Version 1.1 has no terms for it, and a status list has no status."""
    is_list = has_type(document["type"], CREDENTIAL_TYPE)
    return data_model.version_of(document) is Version.V2 and "credentialStatus" not in document and not is_list


def _warnings(found: list[VcProblem], member: str) -> list[VcProblem]:
    """The warnings, if there is nothing else. Raises VcRefused."""
    placed = [one.below(member) for one in found]
    problems = [one for one in placed if not one.warning]
    if problems:
        raise VcRefused(problems)
    return placed


def _stranger(party: str, named: str, controllers: Collection[str]) -> VcProblem:
    """What to say of proofs that are by others than the document names.

    Behind a DID stand keys of its own, so those of another are a forgery. Whose keys another URL has can't be found
    out here, and how that is judged is left to whoever relies on it (Data Model 2.0, appendix on validation).
    """
    signers = ", ".join(sorted(controllers))
    if named.startswith("did:"):
        return VcProblem(Kind.SECURITY, f"no proof is by the {party}, {named}, but by {signers}", f"/{party}")
    detail = f"whether {signers} signs for the {party}, {named}, can't be found out here"
    return VcProblem(Kind.SECURITY, detail, f"/{party}", warning=True)


def _named(party: Any, identity: str) -> Any:
    """`issuer` with another identity; what else is said of the issuer stays."""
    return {**party, "id": identity} if isinstance(party, dict) else identity


def _is_self_asserted(credential: JsonObject, presentation: JsonObject) -> bool:
    """4.13.4: a credential by the holder, which the proof of the presentation secures as well."""
    holder = data_model.identity_of(presentation.get("holder"))
    if "proof" in credential or data_model.is_enveloped(credential):
        return False
    return holder is not None and holder == data_model.identity_of(credential["issuer"])


def _context_problems(document: JsonObject, effort: Effort) -> list[VcProblem]:
    """Whether the contexts can be processed and define the types (4.3, 4.5), whichever the cryptosuite.

    Documents with a context that is not packaged can't be judged here; eddsa-rdfc-2022 refuses them, and
    eddsa-jcs-2022 needs no contexts.
    """
    contexts = document["@context"]
    try:
        for one in contexts:
            if isinstance(one, str):
                load_context(one)
    except UnknownContext:
        return []
    try:
        to_quads({"@context": contexts, "id": "urn:types", "type": document["type"]}, effort)
    except (CannotCanonicalize, RecursionError) as error:
        return [VcProblem(Kind.MALFORMED, str(error) or "nested too deeply", "/type")]
    return []


def _status_list_problems(document: JsonObject) -> list[VcProblem]:
    """A credential that is a status list must be a right one, and long enough to hide in (2.2)."""
    if not has_type(document["type"], CREDENTIAL_TYPE):
        return []
    try:
        length = len(unpack_list(document).bits) * 8
    except StatusListError as error:
        return [VcProblem(error.problem.type, str(error), "/credentialSubject")]
    if length < MINIMUM_LENGTH:
        detail = f"the list has {length} entries; it needs {MINIMUM_LENGTH}"
        return [VcProblem(Problem.LENGTH.type, detail, "/credentialSubject/encodedList")]
    return []


def _status_entry_problems(document: JsonObject) -> list[VcProblem]:
    """Status entries must have their form wherever they stand (Bitstring Status List 1.0, chapter 3)."""
    pending: list[Any] = [value for name, value in document.items() if name != "@context"]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            if value.get("type") == ENTRY_TYPE:
                try:
                    check_entry(value)
                except StatusListError as error:
                    return [VcProblem(error.problem.type, str(error))]
            pending += value.values()
    return []
