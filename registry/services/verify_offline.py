"""Verifying credentials against a trust bundle, with no registry to ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

from registry.domain.certificate import FIRST_DAY, LAST_DAY, period_of
from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import FINAL_STATES, Period, Standing, State, Status
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.signing_key import SIGNED_WITHIN, PublishedKey, judge_key
from registry.domain.verdict import Check, CheckName, Finding, Outcome, check_period, conclude
from registry.formats import canonical_json, log_entry
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.cose_statement import MalformedStatement, Statement
from registry.formats.cose_statement import read as read_statement
from registry.formats.cose_statement import verify as statement_holds
from registry.formats.credential import certificate_terms, issuer_id
from registry.formats.data_integrity import MalformedProof, SignedDocument, signature_holds, take_apart_canonical
from registry.formats.offline_status import CLOCK_SKEW, ListedStatus, OfflineStatus, offline_status
from registry.formats.tlog_proof import InvalidLogProof, MalformedLogProof, UnwitnessedLogProof
from registry.formats.trust_bundle import TrustBundle
from registry.services.log.copy import LogCopy
from registry.services.log.evidence import LogEvidence, proven
from registry.services.verify import Verification
from registry.services.verify_statement import judge_address

_FINDINGS = {
    State.SUSPENDED: Finding.STATUS_SUSPENDED,
    State.WITHDRAWN: Finding.STATUS_WITHDRAWN,
    State.CANCELLED: Finding.STATUS_CANCELLED,
    State.SUPERSEDED: Finding.STATUS_SUPERSEDED,
}
# YYYY-MM-DD.
_DAY_LENGTH = 10
_FINAL = {_FINDINGS[state]: Status(state.value) for state in FINAL_STATES}


class OfflineVerifier:
    """Verifies against one bundle as of `now`; looks into a copy of the log where there is one."""

    def __init__(self, bundle: TrustBundle, now: datetime, log: LogCopy | None = None) -> None:
        self.bundle = bundle
        self._now = now
        self._log = log

    def document(self, body: bytes, log_proof: bytes | None = None) -> Verification:
        """Judge a credential's bytes; `log_proof` is the tlog-proof that lies beside it.

        Raises InvalidInput for what is no JSON object, or one that two readers may understand differently.
        """
        read = _read(body)
        document, signed = read.document, read.signed
        key = self.bundle.find_key(signed.verification_method) if signed else None
        created = datetime.fromisoformat(signed.proof["created"]) if signed and "created" in signed.proof else None
        logged, evidence = self._logged(read, log_proof, created)
        checks = (
            _seal(read, key),
            self._key(document, key, evidence, created),
            self._issuer(document),
            _period_check(_period_of(document), self._now),
            self._status_check(read),
            logged,
        )
        verdict = conclude(checks, _status(checks))
        recorded_at = evidence.recorded_at if evidence else None
        return Verification(verdict, checks, self._now, _public_id(document), document, None, recorded_at)

    def statement(self, text: str) -> Verification:
        """Judge the text of an offline QR: who signed it, and its dates; it carries neither status nor log proof.

        Raises InvalidInput for what is no statement.
        """
        try:
            statement = read_statement(text)
        except MalformedStatement as error:
            raise InvalidInput([Violation((), f"no statement of a certificate can be read there: {error}")]) from error
        claims, until = statement.claims, statement.claims.valid_until
        key = self.bundle.find_key(statement.verification_method)
        terms = {
            "number": claims.number,
            "holder": {"name": {"zh": claims.holder.zh, "en": claims.holder.en}},
            "standard": claims.standard,
        }
        document: JsonObject = {"issuer": claims.issuer, "credentialSubject": {"certificate": terms}}
        checks = (
            self._statement_signature(statement, key),
            # A statement does not tell when it was signed: an orderly end of its key is no objection.
            self._key(document, key, None, key.active_from if key else None),
            Check(CheckName.ISSUER, Outcome.NOT_CHECKED, Finding.NOT_REGISTERED, "the code names no scheme"),
            _period_check(_period(str(claims.valid_from), str(until) if until else None), self._now),
            Check(CheckName.STATUS, Outcome.NOT_CHECKED, Finding.STATUS_NOT_KNOWN, "the code does not carry it"),
            Check(CheckName.LOG, Outcome.NOT_CHECKED, Finding.LOG_NOT_AT_HAND, "the code carries no log proof"),
        )
        return Verification(conclude(checks, _status(checks)), checks, self._now, claims.public_id, document)

    def _statement_signature(self, statement: Statement, key: PublishedKey | None) -> Check:
        elsewhere = judge_address(statement, self.bundle.registry)
        if elsewhere is not None:
            detail = "the signed part was put behind an address that is not its own"
            return Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.SIGNATURE_BROKEN, detail)
        return _signature(key, key is not None and statement_holds(statement, key.public_key))

    def _key(
        self, document: JsonObject, key: PublishedKey | None, evidence: LogEvidence | None, signed_at: datetime | None
    ) -> Check:
        """Whether the key is the issuer's, and its signature counts.

        Without evidence of the log, `signed_at` is what the signer says. An orderly end leaves that believable; a
        compromise does not.
        """
        if key is None:
            hint = f" in the bundle of {self.bundle.made_at:%Y-%m-%d %H:%M} UTC"
            return Check(CheckName.KEY, Outcome.FAIL, Finding.KEY_UNKNOWN, "no issuer has that key" + hint)
        method, since = key.verification_method, key.compromised_since
        if method.partition("#")[0] != issuer_id(document):
            return Check(CheckName.KEY, Outcome.FAIL, Finding.KEY_OF_ANOTHER, "the key is not the named issuer's")
        if since is not None and evidence is None and signed_at is not None and signed_at < since:
            detail = f"{method}: only a log proof, or a copy of the log, can show that it signed this before {since}"
            return Check(CheckName.KEY, Outcome.NOT_CHECKED, Finding.KEY_COMPROMISED, detail)
        seen = evidence is not None and evidence.index < self.bundle.logged_before.get(method, 0)
        recorded_at = evidence.recorded_at if evidence else signed_at
        good, finding = judge_key(key, recorded_at if seen else None, recorded_at)
        return Check(CheckName.KEY, Outcome.PASS if good else Outcome.FAIL, finding, method)

    def _issuer(self, document: JsonObject) -> Check:
        terms = certificate_terms(document)
        issuer = self.bundle.issuers.get(issuer_id(document) or "")
        if issuer is None:
            return Check(CheckName.ISSUER, Outcome.FAIL, Finding.ISSUER_UNKNOWN, "not an issuer of this registry")
        scheme, decided_on = str(terms.get("scheme")), _day(terms.get("decided_on"))
        if decided_on is not None and any(one.covers(scheme, decided_on) for one in issuer.authorizations):
            return Check(CheckName.ISSUER, Outcome.PASS, Finding.ISSUER_AUTHORIZED, scheme)
        return Check(CheckName.ISSUER, Outcome.FAIL, Finding.ISSUER_NOT_AUTHORIZED, scheme)

    def _status_check(self, read: _Read) -> Check:
        listed = offline_status(read.document, self.bundle.lists, self._now)
        standing = self._log.standing(read.digest, self._now) if self._log else None
        if standing is not None and _speaks_against(standing, listed):
            detail = f"since {standing.since.isoformat()}: {standing.reason}, by the copy of the log"
            return Check(CheckName.STATUS, Outcome.FAIL, _FINDINGS[standing.state], detail)
        detail = "; ".join(listed.reasons)
        if listed.status is ListedStatus.REVOKED:
            # The lists do not tell them apart.
            detail = f"withdrawn, cancelled or superseded; {detail}"
            return Check(CheckName.STATUS, Outcome.FAIL, Finding.STATUS_WITHDRAWN, detail)
        if listed.status is ListedStatus.SUSPENDED:
            return Check(CheckName.STATUS, Outcome.FAIL, Finding.STATUS_SUSPENDED, detail)
        if listed.status is ListedStatus.UNKNOWN:
            return Check(CheckName.STATUS, Outcome.NOT_CHECKED, Finding.STATUS_NOT_KNOWN, detail)
        return Check(CheckName.STATUS, Outcome.PASS, Finding.STATUS_IN_FORCE, detail)

    def _logged(self, read: _Read, proof: bytes | None, created: datetime | None) -> tuple[Check, LogEvidence | None]:
        """That the log has this very document, by the proof beside it or else by the copy."""
        evidence, detail = None, "neither a proof (.tlog-proof) nor a copy of the log is at hand"
        try:
            if proof is not None:
                evidence = proven(read.digest, proof, self.bundle.policy, self.bundle.checkpoint)
        except UnwitnessedLogProof as error:
            # Nothing is shown to be false: it may have been made before the witnesses were asked.
            detail = f"the proof does not count yet: {error}. Fetch it again"
        except (MalformedLogProof, InvalidLogProof) as error:
            return Check(CheckName.LOG, Outcome.FAIL, Finding.LOG_DIFFERS, str(error)), None
        if evidence is None and self._log is not None:
            evidence = self._log.find(read.digest)
        if evidence is not None:
            return Check(CheckName.LOG, Outcome.PASS, Finding.LOGGED, evidence.detail), evidence
        if self._log is None:
            return Check(CheckName.LOG, Outcome.NOT_CHECKED, Finding.LOG_NOT_AT_HAND, detail), None
        # An entry is placed a little after the certificate was signed, a large batch some more; an issuer that holds
        # its key has a day from the preparation on.
        if created is not None and self._log.newest - CLOCK_SKEW - SIGNED_WITHIN <= created:
            detail = f"signed after the copy of the log was made, whose newest entry is of {self._log.newest}"
            return Check(CheckName.LOG, Outcome.NOT_CHECKED, Finding.LOG_PENDING, detail), None
        detail = "the copy of the log does not have it"
        return Check(CheckName.LOG, Outcome.FAIL, Finding.LOG_MISSING, detail), None


class _Read(NamedTuple):
    """A document as it was read: parsed, canonical, and taken apart, or the problem with its proof."""

    document: JsonObject
    canonical: bytes
    signed: SignedDocument | None
    problem: str = ""

    @property
    def digest(self) -> str:
        """Its name in the log."""
        return log_entry.digest(self.canonical)


def _read(body: bytes) -> _Read:
    """Raises InvalidInput."""
    try:
        signed = take_apart_canonical(body)
        if canonical_json.canonicalize_own(signed.document) == body:
            # The bytes as the registry gives them out: there is nothing to misunderstand.
            return _Read(signed.document, body, signed)
    except (MalformedProof, TypeError):
        # Anything else is read strictly, and told what is wrong with it.
        pass
    try:
        document: Any = canonical_json.parse(body)
        if not isinstance(document, dict):
            raise MalformedJson("a credential is a JSON object")
        canonical = canonical_json.canonicalize(document)
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    try:
        return _Read(document, canonical, take_apart_canonical(canonical))
    except MalformedProof as error:
        return _Read(document, canonical, None, str(error))


def _signature(key: PublishedKey | None, holds: bool) -> Check:
    if key is None:
        detail = "without the signer's key nothing can be said of the signature"
        return Check(CheckName.SIGNATURE, Outcome.NOT_CHECKED, Finding.NOT_CHECKED_WITHOUT_KEY, detail)
    if not holds:
        detail = "the signature does not fit the document: it was altered, or never signed by this key"
        return Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.SIGNATURE_BROKEN, detail)
    return Check(CheckName.SIGNATURE, Outcome.PASS, Finding.SIGNATURE_HOLDS, "the signature holds over the document")


def _seal(read: _Read, key: PublishedKey | None) -> Check:
    if read.signed is None:
        found = Finding.PROOF_UNSUPPORTED if "proof" in read.document else Finding.PROOF_MISSING
        return Check(CheckName.SIGNATURE, Outcome.FAIL, found, read.problem)
    return _signature(key, key is not None and signature_holds(read.signed, key.public_key))


class _Dates(NamedTuple):
    """A period, and how it is told."""

    period: Period
    told: str


def _period_of(document: JsonObject) -> _Dates | None:
    """The days of validity; None where they are not stated as a registry states them."""
    terms = certificate_terms(document)
    begin, end = terms.get("valid_from"), terms.get("valid_until")
    if not _may_be_day(begin) or ("valid_until" in terms and not _may_be_day(end)):
        return None
    return _period(begin, end)


def _may_be_day(value: object) -> TypeGuard[str]:
    """What is remembered must not fill the memory."""
    return isinstance(value, str) and len(value) == _DAY_LENGTH


@lru_cache(maxsize=4096)
def _period(begin: str, end: str | None) -> _Dates | None:
    """By the first and the last day, None for no end. Most certificates have theirs in common with some other."""
    first, last = _day(begin), _day(end)
    if first is None or (last is None and end is not None):
        return None
    return _Dates(period_of(first, last), f"{begin} to {end or 'no end'}")


def _period_check(dates: _Dates | None, now: datetime) -> Check:
    if dates is None:
        return Check(CheckName.PERIOD, Outcome.NOT_CHECKED, Finding.NOT_REGISTERED, "not a certificate of a registry")
    return check_period(dates.period, now, dates.told)


def _speaks_against(standing: Standing, listed: OfflineStatus) -> bool:
    """Whether the copy of the log knows something against a certificate that the lists can't know.

    It never clears one: which of the two is newer is not always certain.
    """
    if standing.state in FINAL_STATES:
        return True
    newer = listed.as_of is None or listed.as_of < standing.since
    return standing.state is State.SUSPENDED and listed.status is ListedStatus.VALID and newer


def _status(checks: Sequence[Check]) -> Status | None:
    """The status that all checks, in the order of CheckName, amount to; None where too little is known for 'valid'.

    What is known against a certificate counts whatever else is not known.
    """
    dates, status = (check.finding for check in checks[3:5])
    if status in _FINAL:
        return _FINAL[status]
    if dates is Finding.PERIOD_ENDED:
        return Status.EXPIRED
    if status is Finding.STATUS_SUSPENDED:
        return Status.SUSPENDED
    if dates is Finding.PERIOD_NOT_BEGUN:
        return Status.NOT_YET_VALID
    # That the log was not looked at is told, and is no reason to say nothing at all.
    for _, outcome, finding, _ in checks:
        if outcome is Outcome.NOT_CHECKED and finding is not Finding.LOG_NOT_AT_HAND:
            return None
    return Status.VALID


def _public_id(document: JsonObject) -> str | None:
    try:
        return parse_public_id(str(document.get("id")).rpartition("/")[2])
    except MalformedPublicId:
        return None


def _day(text: Any) -> date | None:
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    # Days beyond, which no certificate has, can't be turned into instants.
    return day if day is not None and FIRST_DAY <= day <= LAST_DAY else None
