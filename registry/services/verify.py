"""Verifying: every check with its own result, and one verdict."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from registry.domain.certificate import period_of
from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.lifecycle import Period, Standing, Status, StatusAt, standing_at, status_of
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.signing_key import PublishedKey, judge_key
from registry.domain.verdict import Check, CheckName, Finding, Outcome, Verdict, check_period, conclude
from registry.formats import canonical_json
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
from registry.services.context import Registry
from registry.services.find import Found, versions_of
from registry.services.log.seen import SeenByLog, Unproven
from registry.store import certificates as store
from registry.store import issuers, log
from registry.store.direct_read import DirectRead
from registry.store.verification import FIND_FOR_VERIFICATION, VerificationRow

_MAX_REMEMBERED_BYTES = 32_768
_CREDENTIAL_ID = re.compile(r"/certificates/([^/?#]{1,64})$")


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


class _Seal(NamedTuple):
    """The cryptographic side of one document: parsed, and whether its signature holds."""

    document: JsonObject
    verification_method: str
    holds: bool
    problem: str | None = None


class Verifier:
    """Verifies against one registry.

    The outcome of a signature check may be remembered, by the exact bytes read from the database together with the
    key. Status, key state and authorization are read anew each time.
    """

    def __init__(self, registry: Registry, remembered: int) -> None:
        self._registry = registry
        self._log = SeenByLog(registry)
        self._lookup = DirectRead(registry.database.unpooled, FIND_FOR_VERIFICATION)
        self._remembering = lru_cache(maxsize=remembered)(_check_seal) if remembered else _check_seal

    def by_public_id(self, typed: str) -> Verification:
        """Verify what is registered under a public id. Raises MalformedPublicId, NotFound."""
        public_id = parse_public_id(typed)
        now = self._registry.now()
        row = self._find(public_id)
        if row is None:
            raise NotFound("No certificate with this id is in the registry. Compare it with the paper once more.")
        return self._judge_row(row, self._seal(row.document, row.public_key), now)

    def row(self, row: VerificationRow) -> Verification:
        """Verify what a row says that has been read already, one of many. Raises NotFound before it is issued."""
        return self._judge_row(row, _check_seal(row.document, row.public_key), self._registry.now())

    def document(self, body: bytes) -> Verification:
        """Judge a credential that somebody hands in. Raises InvalidInput for what is no JSON object."""
        document, canonical = _parse(body)
        now = self._registry.now()
        public_id = _public_id_of(document)
        method = _verification_method_of(document)
        row = self._find(public_id) if public_id else None
        with self._registry.database.read() as connection:
            key = issuers.find_key(connection, method) if method else None
        if row is not None and canonical == row.document:
            return self._judge_row(row, self._seal(row.document, row.public_key), now)
        seal = _foreign_seal(document, key.published if key else None)
        return self._judge_foreign(document, seal, key.published if key else None, row, now)

    def _seal(self, document: bytes, public_key: bytes) -> _Seal:
        # What is remembered must not fill the memory.
        check = self._remembering if len(document) <= _MAX_REMEMBERED_BYTES else _check_seal
        return check(document, public_key)

    def _find(self, public_id: str) -> VerificationRow | None:
        values = self._lookup.first(public_id)
        return None if values is None else VerificationRow(*values)

    def _judge_row(self, row: VerificationRow, seal: _Seal, now: datetime) -> Verification:
        period = period_of(row.valid_from, row.valid_until)
        status = self._status(row, period, now)
        logged = self._log_check(row, period)
        key = row.published_key if row.key_of_issuer else None
        checks = (
            _signature_check(seal, row),
            _key_check(seal, key, self._seen_at(row, logged), row.recorded_at),
            _issuer_check(row),
            check_period(period, now, _days(row.valid_from, row.valid_until)),
            _status_check(status),
            logged,
        )
        replaced_by = None
        if status.status is Status.SUPERSEDED:
            with self._registry.database.read() as connection:
                replaced_by = store.successor_of(connection, row.key)
        return Verification(
            conclude(checks, status.status),
            checks,
            now,
            row.public_id,
            seal.document,
            status,
            row.recorded_at,
            replaced_by,
            versions=self._versions(row, now),
        )

    def _versions(self, row: VerificationRow, now: datetime) -> tuple[Found, ...]:
        if row.first_version_id is None:
            return ()
        with self._registry.database.read() as connection:
            return tuple(versions_of(connection, row.first_version_id, now))

    def _judge_foreign(
        self,
        document: JsonObject,
        seal: _Seal,
        key: PublishedKey | None,
        row: VerificationRow | None,
        now: datetime,
    ) -> Verification:
        """A document that is not the registered one: altered, of an unknown key, or never registered."""
        key_check = _key_check(seal, key, now)
        if row is None:
            checks = (
                _seal_check(seal, key),
                key_check,
                *(_unregistered(name) for name in (CheckName.ISSUER, CheckName.PERIOD)),
                Check(CheckName.STATUS, Outcome.FAIL, Finding.NOT_REGISTERED, "not in this registry"),
                _unregistered(CheckName.LOG),
            )
            return Verification(conclude(checks, None), checks, now)
        registered = self._judge_row(row, self._seal(row.document, row.public_key), now)
        found = tuple(differences(registered.document, document))
        signature = _seal_check(seal, key)
        if signature.outcome is Outcome.PASS:
            detail = "signed, but the registry holds another document under this id"
            signature = Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.DIFFERS_FROM_REGISTER, detail)
        checks = (signature, key_check, *registered.checks[2:])
        return Verification(
            conclude(checks, registered.status.status if registered.status else None),
            checks,
            now,
            row.public_id,
            registered.document,
            registered.status,
            registered.recorded_at,
            registered.replaced_by,
            found,
            registered.versions,
        )

    def _log_check(self, row: VerificationRow, period: Period) -> Check:
        """That the log has the certificate, with this very document and these dates."""
        if row.log_index is None:
            with self._registry.database.read() as connection:
                pending = log.is_pending(connection, row.key)
            if pending:
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
        with self._registry.database.read() as connection:
            seen_at = log.seen_at(connection, row.log_index)
        return None if seen_at is None else max(seen_at, row.recorded_at)

    def _status(self, row: VerificationRow, period: Period, now: datetime) -> StatusAt:
        standing: Standing | None = store.cached_standing(
            row.state, row.state_since, row.state_reason, row.state_changes_at, now
        )
        if standing is None:
            with self._registry.database.read() as connection:
                standing = standing_at(store.events_of(connection, [row.key])[row.key], now, now)
        if standing is None:
            raise NotFound("The certificate has not been issued yet.")
        return status_of(standing, period, now)


def _check_seal(stored: bytes, public_key: bytes) -> _Seal:
    try:
        signed = take_apart_canonical(stored)
    except MalformedProof as error:
        return _Seal({}, "", holds=False, problem=str(error))
    return _Seal(signed.document, signed.verification_method, signature_holds(signed, public_key))


def _foreign_seal(document: JsonObject, key: PublishedKey | None) -> _Seal:
    try:
        signed: SignedDocument = take_apart(document)
        holds = key is not None and signature_holds(signed, key.public_key)
    except (MalformedProof, MalformedJson) as error:
        return _Seal(document, "", holds=False, problem=str(error))
    return _Seal(document, signed.verification_method, holds)


def _seal_check(seal: _Seal, key: PublishedKey | None) -> Check:
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


def _signature_check(seal: _Seal, row: VerificationRow) -> Check:
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
    seal: _Seal, key: PublishedKey | None, seen_at: datetime | None, recorded_at: datetime | None = None
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


def _status_check(status: StatusAt) -> Check:
    """The issuer's acts alone; the dates have a check of their own."""
    finding = _STATUS_FINDINGS.get(status.status)
    if finding is None:
        return _IN_FORCE
    return Check(CheckName.STATUS, Outcome.FAIL, finding, f"since {status.since.isoformat()}: {status.reason}")


def _unregistered(name: CheckName) -> Check:
    return Check(name, Outcome.NOT_CHECKED, Finding.NOT_REGISTERED, "not in this registry")


def _parse(body: bytes) -> tuple[JsonObject, bytes]:
    """The document and its canonical bytes."""
    try:
        document: Any = canonical_json.parse(body)
        if not isinstance(document, dict):
            raise MalformedJson("a credential is a JSON object")
        canonical = canonical_json.canonicalize(document)
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    return document, canonical


def _public_id_of(document: JsonObject) -> str | None:
    identity = document.get("id")
    match = _CREDENTIAL_ID.search(identity) if isinstance(identity, str) else None
    try:
        return parse_public_id(match[1]) if match else None
    except MalformedPublicId:
        return None


def _verification_method_of(document: JsonObject) -> str | None:
    proof = document.get("proof")
    method = proof.get("verificationMethod") if isinstance(proof, dict) else None
    return method if isinstance(method, str) else None
