"""Judging a certificate: every check with its own result, and one verdict, for one certificate or for many.

What is not in the certificate's own row comes from `Beside`, which reads it when it is asked for, or has read it for a
whole chunk already. There is one set of rules for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

from registry.domain.certificate import period_of
from registry.domain.errors import NotFound
from registry.domain.lifecycle import Period, Standing, State, Status, StatusAt, StatusEvent, standing_at, status_of
from registry.domain.signing_key import PublishedKey, judge_key
from registry.domain.verdict import Check, CheckName, Finding, Outcome, Verdict, check_period, conclude
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.credential import certificate_terms, issuer_id
from registry.formats.data_integrity import (
    MalformedProof,
    SignedDocument,
    signature_holds,
    take_apart,
    take_apart_canonical,
)
from registry.formats.log_entry import digest, issued
from registry.services.compare import Difference, differences
from registry.services.find import Found
from registry.services.log.seen import SeenByLog, Unproven
from registry.store.certificates import cached_standing
from registry.store.verification import VerificationRow


class Moment(NamedTuple):
    """What is asked about: `when`, by what the registry knew at `known_at`; `now` is the time of asking."""

    when: datetime
    known_at: datetime
    now: datetime

    @classmethod
    def present(cls, now: datetime) -> Moment:
        """Now, by what is known now."""
        return cls(now, now, now)

    @property
    def is_present(self) -> bool:
        """Whether it is asked about the present."""
        return self.when == self.now == self.known_at


class Beside(Protocol):
    """What a judgement may need beyond the row of the certificate."""

    def events(self, key: int) -> Sequence[StatusEvent]:
        """The status events of a certificate."""

    def is_pending(self, key: int) -> bool:
        """Whether the issuing of a certificate waits for its place in the log."""

    def seen_at(self, log_index: int) -> datetime | None:
        """When the log took an entry in."""

    def successor(self, key: int) -> str | None:
        """The public id of the certificate that replaces this one."""

    def versions(self, first_version_id: int) -> tuple[Found, ...]:
        """The versions of a certificate, where they are to be told."""


class Verification(NamedTuple):
    """What came out: the verdict, each check, and what is registered.

    `document` is the registered credential, parsed; `status` the registered status; both None for what is not in the
    registry. `differences` tell where a document that was handed in departs from the registered one; `versions` are all
    versions of the certificate, oldest first, where it has any but this one.
    """

    verdict: Verdict
    checks: tuple[Check, ...]
    checked_at: datetime
    public_id: str | None = None
    document: JsonObject | None = None
    status: StatusAt | None = None
    recorded_at: datetime | None = None
    replaced_by: str | None = None
    differences: tuple[Difference, ...] = ()
    versions: tuple[Found, ...] = ()

    @property
    def terms(self) -> JsonObject:
        """What the certificate says, from the signed document and nowhere else."""
        return certificate_terms(self.document) if self.document is not None else {}


class Seal(NamedTuple):
    """The cryptographic side of one document: parsed, and whether its signature holds."""

    document: JsonObject
    verification_method: str
    holds: bool
    problem: str | None = None


class Judge:
    """Judges certificates of one registry."""

    def __init__(self, log: SeenByLog, beside: Beside) -> None:
        self._log = log
        self._beside = beside

    def row(self, row: VerificationRow, seal: Seal, moment: Moment) -> Verification:
        """Judge what a row says. Raises NotFound before it is issued."""
        period = period_of(row.valid_from, row.valid_until)
        status = self._status(row, period, moment)
        logged = self._log_check(row, period)
        key = row.published_key if row.key_of_issuer else None
        checks = (
            _signature_check(seal, row),
            _key_check(seal, key, self._seen_at(row, logged), row.recorded_at),
            _issuer_check(row),
            check_period(period, moment.when, _days(row.valid_from, row.valid_until)),
            _status_check(status, moment),
            logged,
        )
        superseded = status is not None and status.status is Status.SUPERSEDED
        replaced_by = self._beside.successor(row.key) if superseded else None
        return Verification(
            conclude(checks, status.status if status else None),
            checks,
            moment.now,
            row.public_id,
            seal.document,
            status,
            row.recorded_at,
            replaced_by,
            versions=() if row.first_version_id is None else self._beside.versions(row.first_version_id),
        )

    def foreign(
        self, document: JsonObject, key: PublishedKey | None, registered: Verification | None, moment: Moment
    ) -> Verification:
        """A document that is not the registered one: altered, of an unknown key, or never registered.

        `key` is the one that the document names; `registered` what came out for the certificate under its id.
        """
        seal = foreign_seal(document, key)
        key_check = _key_check(seal, key, moment.now)
        if registered is None:
            checks = (
                _seal_check(seal, key),
                key_check,
                *(_unregistered(name) for name in (CheckName.ISSUER, CheckName.PERIOD)),
                Check(CheckName.STATUS, Outcome.FAIL, Finding.NOT_REGISTERED, "not in this registry"),
                _unregistered(CheckName.LOG),
            )
            return Verification(conclude(checks, None), checks, moment.now)
        signature = _seal_check(seal, key)
        if signature.outcome is Outcome.PASS:
            detail = "signed, but the registry holds another document under this id"
            signature = Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.DIFFERS_FROM_REGISTER, detail)
        checks = (signature, key_check, *registered.checks[2:])
        verdict = conclude(checks, registered.status.status if registered.status else None)
        found = tuple(differences(registered.document, document))
        return registered._replace(verdict=verdict, checks=checks, differences=found)

    def _log_check(self, row: VerificationRow, period: Period) -> Check:
        """That the log has the certificate, with this very document and these dates."""
        if row.log_index is None:
            if self._beside.is_pending(row.key):
                detail = "recorded, and will be in the public log within a second"
                return Check(CheckName.LOG, Outcome.NOT_CHECKED, Finding.LOG_PENDING, detail)
            return Check(CheckName.LOG, Outcome.FAIL, Finding.LOG_MISSING, "the public log never saw it")
        effective_at = min(row.recorded_at, period.starts_at)
        did = row.verification_method.partition("#")[0]
        try:
            self._log.require(row.log_index, issued(digest(row.document), did, row.recorded_at, effective_at))
        except Unproven as error:
            return Check(CheckName.LOG, Outcome.FAIL, Finding.LOG_DIFFERS, str(error))
        return Check(CheckName.LOG, Outcome.PASS, Finding.LOGGED, f"entry {row.log_index}")

    def _seen_at(self, row: VerificationRow, logged: Check) -> datetime | None:
        """When the log saw the certificate, asked only where it matters: for compromised keys.

        Never before the time in the proven entry: the time of the checkpoint is not signed.
        """
        if row.key_compromised_since is None or row.log_index is None or logged.outcome is not Outcome.PASS:
            return None
        seen_at = self._beside.seen_at(row.log_index)
        return None if seen_at is None else max(seen_at, row.recorded_at)

    def _status(self, row: VerificationRow, period: Period, moment: Moment) -> StatusAt | None:
        """The status then; None where the registry did not know of the certificate yet. Raises NotFound."""
        standing: Standing | None = None
        if moment.is_present:
            standing = cached_standing(row.state, row.state_since, row.state_reason, row.state_changes_at, moment.now)
        if standing is None:
            events = self._beside.events(row.key)
            standing = standing_at(events, moment.when, moment.known_at)
            if standing is None and moment.is_present:
                raise NotFound("The certificate has not been issued yet.")
            if standing is None and row.recorded_at <= moment.known_at:
                # Known then, and asked about a day before it took effect.
                standing = Standing(State.ACTIVE, events[0].effective_at, events[0].reason)
        return None if standing is None else status_of(standing, period, moment.when)


def check_seal(stored: bytes, public_key: bytes) -> Seal:
    """Take the stored bytes of a credential apart, and check their signature."""
    try:
        signed = take_apart_canonical(stored)
    except MalformedProof as error:
        return Seal({}, "", holds=False, problem=str(error))
    return Seal(signed.document, signed.verification_method, signature_holds(signed, public_key))


def foreign_seal(document: JsonObject, key: PublishedKey | None) -> Seal:
    """The same for a document that came from anywhere."""
    try:
        signed: SignedDocument = take_apart(document)
        holds = key is not None and signature_holds(signed, key.public_key)
    except (MalformedProof, MalformedJson) as error:
        return Seal(document, "", holds=False, problem=str(error))
    return Seal(document, signed.verification_method, holds)


def _seal_check(seal: Seal, key: PublishedKey | None) -> Check:
    if seal.problem is not None:
        found = Finding.PROOF_UNSUPPORTED if "proof" in seal.document else Finding.PROOF_MISSING
        return Check(CheckName.SIGNATURE, Outcome.FAIL, found, seal.problem)
    if key is None:
        detail = "without the signer's key nothing can be said of the signature"
        return Check(CheckName.SIGNATURE, Outcome.NOT_CHECKED, Finding.NOT_CHECKED_WITHOUT_KEY, detail)
    if not seal.holds:
        detail = "the signature does not fit the document: it was altered, or never signed by this key"
        return Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.SIGNATURE_BROKEN, detail)
    return _SIGNATURE_HOLDS


_SIGNATURE_HOLDS = Check(
    CheckName.SIGNATURE, Outcome.PASS, Finding.SIGNATURE_HOLDS, "the Ed25519 signature holds over the document"
)


def _signature_check(seal: Seal, row: VerificationRow) -> Check:
    """The signature, and that the signed document is the one that the row speaks of."""
    if seal.problem is not None or not seal.holds:
        return _seal_check(seal, row.published_key)
    terms = certificate_terms(seal.document)
    fits = (
        str(seal.document.get("id")).endswith("/certificates/" + row.public_id)
        and terms.get("number") == row.number
        and terms.get("scheme") == row.scheme
        and terms.get("valid_from") == row.valid_from.isoformat()
        and terms.get("valid_until") == (row.valid_until and row.valid_until.isoformat())
    )
    if not fits:
        detail = "the signed document and the register's entry speak of different things"
        return Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.DIFFERS_FROM_REGISTER, detail)
    return _SIGNATURE_HOLDS


def _key_check(
    seal: Seal, key: PublishedKey | None, seen_at: datetime | None, recorded_at: datetime | None = None
) -> Check:
    """Whether the key is the issuer's, and counted when the registry saw the signature."""
    if key is None or seal.verification_method != key.verification_method:
        return Check(CheckName.KEY, Outcome.FAIL, Finding.KEY_UNKNOWN, "no issuer of this registry has that key")
    if key.verification_method.partition("#")[0] != issuer_id(seal.document):
        return Check(CheckName.KEY, Outcome.FAIL, Finding.KEY_OF_ANOTHER, "the key is not the named issuer's")
    good, finding = judge_key(key, seen_at, recorded_at)
    return Check(CheckName.KEY, Outcome.PASS if good else Outcome.FAIL, finding, key.verification_method)


def _issuer_check(row: VerificationRow) -> Check:
    if row.authorized:
        return Check(CheckName.ISSUER, Outcome.PASS, Finding.ISSUER_AUTHORIZED, row.scheme)
    return Check(CheckName.ISSUER, Outcome.FAIL, Finding.ISSUER_NOT_AUTHORIZED, row.scheme)


@lru_cache(maxsize=4096)
def _days(valid_from: date, valid_until: date | None) -> str:
    return f"{valid_from} to {valid_until or 'no end'}"


_STATUS_FINDINGS = {
    Status.SUSPENDED: Finding.STATUS_SUSPENDED,
    Status.WITHDRAWN: Finding.STATUS_WITHDRAWN,
    Status.CANCELLED: Finding.STATUS_CANCELLED,
    Status.SUPERSEDED: Finding.STATUS_SUPERSEDED,
}
_IN_FORCE = Check(CheckName.STATUS, Outcome.PASS, Finding.STATUS_IN_FORCE, "the issuer has not acted against it")


def _status_check(status: StatusAt | None, moment: Moment) -> Check:
    """The issuer's acts alone; the dates have a check of their own."""
    if status is None:
        detail = f"the registry did not know of it at {moment.known_at.isoformat()}"
        return Check(CheckName.STATUS, Outcome.FAIL, Finding.NOT_REGISTERED, detail)
    finding = _STATUS_FINDINGS.get(status.status)
    if finding is None:
        return _IN_FORCE
    return Check(CheckName.STATUS, Outcome.FAIL, finding, f"since {status.since.isoformat()}: {status.reason}")


def _unregistered(name: CheckName) -> Check:
    return Check(name, Outcome.NOT_CHECKED, Finding.NOT_REGISTERED, "not in this registry")
