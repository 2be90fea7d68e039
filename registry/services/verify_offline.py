"""Verifying credentials against a trust bundle, with no registry to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from registry.domain.certificate import period_of
from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import Period, Status, StatusAt
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.reasons import Reason
from registry.domain.signing_key import PublishedKey, judge_key
from registry.domain.verdict import Check, CheckName, Finding, Outcome, conclude
from registry.formats import canonical_json, log_entry
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.cose_statement import MalformedStatement
from registry.formats.cose_statement import read as read_statement
from registry.formats.cose_statement import verify as statement_holds
from registry.formats.credential import certificate_terms, issuer_id
from registry.formats.data_integrity import MalformedProof, SignedDocument, signature_holds, take_apart_canonical
from registry.formats.merkle import leaf_hash
from registry.formats.offline_status import ListedStatus, offline_status
from registry.formats.plain_form import NotPlain, check_plain_form
from registry.formats.proofs import Cryptosuite, verify_proofs
from registry.formats.tlog_proof import InvalidLogProof, MalformedLogProof, parse_proof, verify_proof
from registry.formats.trust_bundle import TrustBundle
from registry.formats.verification_methods import ASSERTION_METHOD, UnknownVerificationMethod, VerificationMethod
from registry.services.verify import Verification

# A bundle and the clock of the machine that reads it need not agree to the second.
_SKEW = timedelta(minutes=5)
_LISTED = {
    ListedStatus.REVOKED: (Status.WITHDRAWN, Finding.STATUS_WITHDRAWN),
    ListedStatus.SUSPENDED: (Status.SUSPENDED, Finding.STATUS_SUSPENDED),
}


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """What the log is known to say of a credential: when the registry recorded it."""

    recorded_at: datetime
    detail: str


# Finds what the log says of a credential by its digest; None: nothing is at hand.
FindInLog = Callable[[str], LogEvidence | None]


class OfflineVerifier:
    """Verifies against one bundle, as of its lists. `find_in_log` looks into a copy of the log, where there is one."""

    def __init__(
        self, bundle: TrustBundle, clock: Callable[[], datetime], find_in_log: FindInLog | None = None
    ) -> None:
        self._bundle = bundle
        self._clock = clock
        self._find_in_log = find_in_log

    def document(self, body: bytes, log_proof: bytes | None = None) -> Verification:
        """Judge a credential's bytes; `log_proof` is the tlog-proof that lies beside it.

        Raises InvalidInput for what is no JSON object.
        """
        now = self._clock()
        document, canonical, signature, method = self._signature(body, now)
        key = self._bundle.find_key(method) if method else None
        logged, seen_at = self._log(canonical, log_proof)
        period = _period(document)
        checks = (
            signature,
            _key(document, key, seen_at, seen_at or _moment(_proof_date(document))),
            self._issuer(document),
            _period_check(period, now),
            self._status_check(document, now),
            logged,
        )
        status = _status(checks, period)
        found = conclude(checks, status.status if status else None)
        return Verification(found, checks, now, _public_id(document), document, status, seen_at)

    def statement(self, text: str) -> Verification:
        """Judge the text of an offline QR: who signed it, and its dates; it carries neither status nor log proof.

        Raises InvalidInput for what is no statement.
        """
        try:
            statement = read_statement(text)
        except MalformedStatement as error:
            raise InvalidInput([Violation((), f"no statement of a certificate can be read there: {error}")]) from error
        now, claims = self._clock(), statement.claims
        key = self._bundle.find_key(statement.verification_method)
        terms = {
            "number": claims.number,
            "holder": {"name": {"zh": claims.holder.zh, "en": claims.holder.en}},
            "standard": claims.standard,
        }
        document: JsonObject = {"issuer": claims.issuer, "credentialSubject": {"certificate": terms}}
        checks = (
            _held(key, key is not None and statement_holds(statement, key.public_key)),
            # A statement does not tell when it was signed: an orderly end of its key is no objection.
            _key(document, key, None, key.active_from if key else None),
            Check(CheckName.ISSUER, Outcome.NOT_CHECKED, Finding.NOT_REGISTERED, "the code names no scheme"),
            _period_check(period_of(claims.valid_from, claims.valid_until), now),
            Check(CheckName.STATUS, Outcome.NOT_CHECKED, Finding.STATUS_NOT_KNOWN, "ask the registry: " + text[:80]),
            Check(CheckName.LOG, Outcome.NOT_CHECKED, Finding.LOG_NOT_AT_HAND, "the code carries no log proof"),
        )
        return Verification(conclude(checks, None), checks, now, claims.public_id, document)

    def _signature(self, body: bytes, now: datetime) -> tuple[JsonObject, bytes, Check, str | None]:
        """The document, its canonical bytes, the check of its proof, and the key that the proof names."""
        try:
            # The bytes as the registry gives them out. Anything else takes the long way.
            signed = take_apart_canonical(body)
        except MalformedProof:
            return self._signature_of_other(body, now)
        key = self._bundle.find_key(signed.verification_method)
        return signed.document, body, _held(key, _holds(signed, key)), signed.verification_method

    def _signature_of_other(self, body: bytes, now: datetime) -> tuple[JsonObject, bytes, Check, str | None]:
        try:
            document: Any = canonical_json.parse(body)
            if not isinstance(document, dict):
                raise MalformedJson("a credential is a JSON object")
            canonical = canonical_json.canonicalize(document)
        except MalformedJson as error:
            raise InvalidInput([Violation((), str(error))]) from error
        try:
            results = verify_proofs(document, self._resolve, now=now)
            if any(one.cryptosuite == Cryptosuite.RDFC for one in results):
                check_plain_form(document)
        except (MalformedProof, MalformedJson, NotPlain) as error:
            found = Finding.PROOF_UNSUPPORTED if "proof" in document else Finding.PROOF_MISSING
            return document, canonical, Check(CheckName.SIGNATURE, Outcome.FAIL, found, str(error)), None
        method = results[0].verification_method
        problem = next((one.problem for one in results if not one.holds), None)
        return document, canonical, _held(self._bundle.find_key(method), problem is None, problem), method

    def _resolve(self, verification_method: str) -> VerificationMethod:
        key = self._bundle.find_key(verification_method)
        if key is None:
            raise UnknownVerificationMethod("no issuer of this registry has that key")
        did = verification_method.partition("#")[0]
        return VerificationMethod(verification_method, did, key.public_key, frozenset({ASSERTION_METHOD}))

    def _issuer(self, document: JsonObject) -> Check:
        terms = certificate_terms(document)
        issuer = self._bundle.issuers.get(issuer_id(document) or "")
        scheme = str(terms.get("scheme"))
        if issuer is None:
            return Check(CheckName.ISSUER, Outcome.FAIL, Finding.ISSUER_UNKNOWN, "not an issuer of this registry")
        decided_on = _day(terms.get("decided_on"))
        if decided_on is not None and any(one.covers(scheme, decided_on) for one in issuer.authorizations):
            return Check(CheckName.ISSUER, Outcome.PASS, Finding.ISSUER_AUTHORIZED, scheme)
        return Check(CheckName.ISSUER, Outcome.FAIL, Finding.ISSUER_NOT_AUTHORIZED, scheme)

    def _status_check(self, document: JsonObject, now: datetime) -> Check:
        listed = offline_status(document, self._bundle.lists, now)
        detail = "; ".join(listed.reasons)
        if listed.status is ListedStatus.UNKNOWN:
            return Check(CheckName.STATUS, Outcome.NOT_CHECKED, Finding.STATUS_NOT_KNOWN, detail)
        if listed.status is ListedStatus.VALID:
            return Check(CheckName.STATUS, Outcome.PASS, Finding.STATUS_IN_FORCE, detail)
        return Check(CheckName.STATUS, Outcome.FAIL, _LISTED[listed.status][1], detail)

    def _log(self, canonical: bytes, proof: bytes | None) -> tuple[Check, datetime | None]:
        """That the log has this very document, and when the registry recorded it."""
        digest = log_entry.digest(canonical)
        try:
            evidence = self._proven(digest, proof) if proof is not None else None
        except (MalformedLogProof, InvalidLogProof) as error:
            return Check(CheckName.LOG, Outcome.FAIL, Finding.LOG_DIFFERS, str(error)), None
        if evidence is None and self._find_in_log is not None:
            evidence = self._find_in_log(digest)
            if evidence is None:
                detail = "the copy of the log does not have it"
                return Check(CheckName.LOG, Outcome.FAIL, Finding.LOG_MISSING, detail), None
        if evidence is None:
            detail = "neither a proof (.tlog-proof) nor a copy of the log is at hand"
            return Check(CheckName.LOG, Outcome.NOT_CHECKED, Finding.LOG_NOT_AT_HAND, detail), None
        return Check(CheckName.LOG, Outcome.PASS, Finding.LOGGED, evidence.detail), evidence.recorded_at

    def _proven(self, digest: str, body: bytes) -> LogEvidence:
        """Raises MalformedLogProof, InvalidLogProof."""
        proof = parse_proof(body)
        statement = proof.extra or b""
        recorded_at = log_entry.recorded_at(statement, digest)
        if recorded_at is None:
            raise InvalidLogProof("the proof is about another document")
        proven = verify_proof(proof, leaf_hash(statement), self._bundle.policy)
        witnesses = len(proven.cosignatures)
        return LogEvidence(recorded_at, f"entry {proof.index}, {witnesses} known witnesses")


def _holds(signed: SignedDocument, key: PublishedKey | None) -> bool:
    return key is not None and signature_holds(signed, key.public_key)


def _held(key: PublishedKey | None, holds: bool, problem: str | None = None) -> Check:
    if key is None:
        detail = "without the signer's key nothing can be said of the signature"
        return Check(CheckName.SIGNATURE, Outcome.NOT_CHECKED, Finding.NOT_CHECKED_WITHOUT_KEY, detail)
    if not holds:
        detail = problem or "the signature does not fit the document: it was altered, or never signed by this key"
        return Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.SIGNATURE_BROKEN, detail)
    return Check(CheckName.SIGNATURE, Outcome.PASS, Finding.SIGNATURE_HOLDS, "the signature holds over the document")


def _key(document: JsonObject, key: PublishedKey | None, seen_at: datetime | None, signed_at: datetime | None) -> Check:
    if key is None:
        return Check(CheckName.KEY, Outcome.FAIL, Finding.KEY_UNKNOWN, "no issuer of this registry has that key")
    if key.verification_method.partition("#")[0] != issuer_id(document):
        return Check(CheckName.KEY, Outcome.FAIL, Finding.KEY_OF_ANOTHER, "the key is not the named issuer's")
    # An orderly end leaves the signer's own date believable; a compromise does not, and takes the log's.
    good, finding = judge_key(key, seen_at, signed_at)
    return Check(CheckName.KEY, Outcome.PASS if good else Outcome.FAIL, finding, key.verification_method)


def _proof_date(document: JsonObject) -> Any:
    proof = document.get("proof")
    first = proof[0] if isinstance(proof, list) and proof else proof
    return first.get("created") if isinstance(first, dict) else None


def _period(document: JsonObject) -> Period | None:
    terms = certificate_terms(document)
    begin = _day(terms.get("valid_from"))
    return None if begin is None else period_of(begin, _day(terms.get("valid_until")))


def _period_check(period: Period | None, now: datetime) -> Check:
    if period is None:
        return Check(CheckName.PERIOD, Outcome.NOT_CHECKED, Finding.NOT_REGISTERED, "not a certificate of a registry")
    detail = f"{period.starts_at.isoformat()} to {period.ends_at.isoformat() if period.ends_at else 'no end'}"
    if now + _SKEW < period.starts_at:
        return Check(CheckName.PERIOD, Outcome.FAIL, Finding.PERIOD_NOT_BEGUN, detail)
    if period.ends_at is None:
        return Check(CheckName.PERIOD, Outcome.PASS, Finding.PERIOD_WITHOUT_END, detail)
    if period.ends_at <= now:
        return Check(CheckName.PERIOD, Outcome.FAIL, Finding.PERIOD_ENDED, detail)
    return Check(CheckName.PERIOD, Outcome.PASS, Finding.PERIOD_RUNNING, detail)


def _status(checks: tuple[Check, ...], period: Period | None) -> StatusAt | None:
    """The status that the checks amount to; None where the lists could not tell it."""
    by_name = {one.name: one for one in checks}
    status, dates = by_name[CheckName.STATUS], by_name[CheckName.PERIOD]
    unchecked = Outcome.NOT_CHECKED in (status.outcome, dates.outcome, by_name[CheckName.SIGNATURE].outcome)
    if period is None or unchecked:
        return None
    if status.finding is Finding.STATUS_WITHDRAWN:
        return StatusAt(Status.WITHDRAWN, period.starts_at, Reason.OTHER)
    if dates.finding is Finding.PERIOD_ENDED and period.ends_at is not None:
        return StatusAt(Status.EXPIRED, period.ends_at, Reason.INITIAL)
    if status.finding is Finding.STATUS_SUSPENDED:
        return StatusAt(Status.SUSPENDED, period.starts_at, Reason.OTHER)
    begun = dates.finding is not Finding.PERIOD_NOT_BEGUN
    return StatusAt(Status.VALID if begun else Status.NOT_YET_VALID, period.starts_at, Reason.INITIAL)


def _public_id(document: JsonObject) -> str | None:
    try:
        return parse_public_id(str(document.get("id")).rpartition("/")[2])
    except MalformedPublicId:
        return None


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
