"""Issuing certificates: rules, signature, and one transaction that stores all or nothing."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from keys import Signer
from registry.domain.certificate import Authorization, Certificate, check_certificate
from registry.domain.errors import Conflict, InvalidInput, NotFound, StorageUnavailable, Violation
from registry.domain.lifecycle import StatusEvent, admit, check_event, recording_time
from registry.domain.public_id import ENTROPY_BYTES, grouped, new_public_id, parse_public_id
from registry.domain.reasons import Act, Reason
from registry.formats.bitstring_status_list import status_entries
from registry.formats.canonical_json import JsonObject
from registry.formats.credential import IssuerProfile, build_credential
from registry.formats.data_integrity import add_proof
from registry.formats.identifiers import why_wrong
from registry.services.change_status import record_event
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.idempotency import Earlier, Idempotency, recall, remember
from registry.services.issuer_keys import open_newest
from registry.services.log.integrate import integrate_at_once
from registry.services.log.record import log_issued
from registry.services.status_places import reserve_places
from registry.store import certificates as store
from registry.store import issuers
from registry.store.certificates import NewCertificate, StoredCertificate
from registry.store.issuers import StoredKey

MAX_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class _Pen:
    """What a batch is signed with: who, by which authorizations, with which key."""

    issuer_id: int
    profile: IssuerProfile
    authorizations: list[Authorization]
    key: StoredKey
    signer: Signer


def issue(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    reason: Reason = Reason.INITIAL,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """Issue one certificate. Raises InvalidInput, Conflict, IdempotencyKeyReused, NotPermitted."""
    actor.require(Verb.ISSUE)
    earlier = _recall(registry, actor, idempotency)
    if earlier is not None:
        return earlier
    try:
        prepared, pen = _prepare(registry, actor, [certificate], reason, note)
        with registry.database.transaction() as connection:
            keys = _store(registry, connection, actor, pen, prepared)
            remember(connection, actor, idempotency, keys[0], 1, prepared[0].event.recorded_at)
            row = _row(connection, prepared[0].public_id)
    except (IntegrityError, Conflict) as error:
        return _after_clash(registry, actor, certificate, idempotency, error)
    integrate_at_once(registry)
    return row


def issue_many(registry: Registry, actor: Actor, certificates: Sequence[Certificate]) -> list[str]:
    """Issue up to MAX_BATCH certificates at once, all or none; returns their public ids in order.

    Raises InvalidInput (paths begin with the position in the batch) and Conflict.
    """
    actor.require(Verb.ISSUE)
    if not 0 < len(certificates) <= MAX_BATCH:
        raise InvalidInput([Violation((), f"a batch has 1 to {MAX_BATCH} certificates")])
    prepared, pen = _prepare(registry, actor, certificates, Reason.INITIAL, None, batch=True)
    try:
        with registry.database.transaction() as connection:
            _store(registry, connection, actor, pen, prepared)
    except IntegrityError as error:
        with registry.database.read() as connection:
            taken = store.taken_numbers(connection, pen.issuer_id, [one.number for one in certificates])
        if not taken:
            raise
        raise _number_taken(taken) from error
    integrate_at_once(registry)
    return [new.public_id for new in prepared]


def reissue(
    registry: Registry,
    actor: Actor,
    public_id: str,
    certificate: Certificate,
    reason: Reason,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """Issue a certificate that supersedes another from the day on that it is valid.

    Raises NotFound, IllegalMove, InvalidInput, Conflict.
    """
    actor.require(Verb.REISSUE)
    public_id = parse_public_id(public_id)
    earlier = _recall(registry, actor, idempotency)
    if earlier is not None:
        return earlier
    try:
        old = _old_certificate(registry, actor, public_id)
        check_event(StatusEvent(1, Act.SUPERSEDE, reason, registry.now(), registry.now(), note=note))
        certificate = replace(certificate, revision=old.revision + 1)
        first_reason = reason if reason in {Reason.RECERTIFICATION, Reason.TRANSFER} else Reason.INITIAL
        prepared, pen = _prepare(registry, actor, [certificate], first_reason, None, old)
        now = prepared[0].event.recorded_at
        with registry.database.transaction() as connection:
            effective = max(now, certificate.period.starts_at)
            record_event(registry, connection, actor, public_id, Act.SUPERSEDE, reason, now, effective, note=note)
            keys = _store(registry, connection, actor, pen, prepared)
            remember(connection, actor, idempotency, keys[0], 1, now)
            row = _row(connection, prepared[0].public_id)
    except (IntegrityError, Conflict) as error:
        return _after_clash(registry, actor, certificate, idempotency, error)
    integrate_at_once(registry)
    return row


def _after_clash(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    idempotency: Idempotency | None,
    error: Exception,
) -> StoredCertificate:
    """The certificate of the same request where that came twice at once; otherwise the clash as a refusal."""
    twin = _recall(registry, actor, idempotency)
    if twin is not None:
        return twin
    with registry.database.read() as connection:
        taken = store.taken_numbers(connection, actor.issuer_id, [certificate.number])
    if taken and not isinstance(error, Conflict):
        raise _number_taken(taken) from error
    raise error


def _prepare(
    registry: Registry,
    actor: Actor,
    certificates: Sequence[Certificate],
    reason: Reason,
    note: str | None,
    old: StoredCertificate | None = None,
    *,
    batch: bool = False,
) -> tuple[list[NewCertificate], _Pen]:
    """Check and sign, before any transaction, so that no lock is held while signing."""
    pen = _pen(registry, actor)
    # The machine that made the key may be ahead of this one; nothing is signed before its key began.
    now = max(registry.now(), pen.key.published.active_from)
    check_event(StatusEvent(1, Act.ISSUE, reason, now, now, note=note))
    chosen = _check_all(certificates, pen, now, batch=batch)
    with registry.database.read() as connection:
        taken = store.taken_numbers(connection, pen.issuer_id, [one.number for one in certificates])
    if taken:
        raise _number_taken(taken)
    prepared = []
    places = reserve_places(registry, len(certificates))
    for certificate, authorization, place in zip(certificates, chosen, places, strict=True):
        public_id = new_public_id(secrets.token_bytes(ENTROPY_BYTES))
        status = status_entries(registry.base_url, place.list_id, place.index)
        document: JsonObject = build_credential(
            certificate, pen.profile, authorization, public_id, registry.base_url, status
        )
        signed = add_proof(document, pen.key.published.verification_method, now, pen.signer.sign)
        # What begins in the past was in force then; what begins later is known from now on.
        effective = min(now, certificate.period.starts_at)
        first = StatusEvent(1, Act.ISSUE, reason, effective, now, note=note)
        prepared.append(NewCertificate(public_id, certificate, signed, first, old.id if old else None, place))
    return prepared, pen


def _store(
    registry: Registry, connection: Connection, actor: Actor, pen: _Pen, prepared: Sequence[NewCertificate]
) -> list[int]:
    key = issuers.hold_key(connection, pen.key.id)
    if not key.may_sign(prepared[0].event.recorded_at):
        raise StorageUnavailable("The signing key was retired at this moment; nothing was stored. Try again.")
    keys = store.insert_certificates(connection, pen.issuer_id, pen.key.id, actor.name, prepared)
    log_issued(connection, registry.base_url, pen.profile.code, keys, prepared)
    first = prepared[0]
    subject = first.public_id if len(prepared) == 1 else f"batch of {len(prepared)}"
    audit(connection, first.event.recorded_at, actor, "certificate.issue", subject, number=first.terms.number)
    return keys


def _pen(registry: Registry, actor: Actor) -> _Pen:
    with registry.database.read() as connection:
        issuer = issuers.get_issuer(connection, actor.issuer_id)
        authorizations = issuers.authorizations_of(connection, issuer.id)
        published = issuers.keys_of(connection, issuer.id)
    key = open_newest(registry, issuer.code, published, registry.now())
    profile = IssuerProfile(issuer.code, issuer.name, issuer.address, issuer.mark, issuer.website)
    return _Pen(issuer.id, profile, authorizations, key.stored, key.signer)


def _check_all(certificates: Sequence[Certificate], pen: _Pen, now: datetime, *, batch: bool) -> list[Authorization]:
    """The authorization behind each certificate. Raises InvalidInput with all that is wrong.

    In a batch the paths begin with the position, otherwise with 'certificate', as in the request.
    """
    wrong: list[Violation] = []
    chosen = []
    for position, certificate in enumerate(certificates):
        prefix: tuple[str | int, ...] = (position,) if batch else ("certificate",)
        found = check_certificate(certificate, now)
        identifier = certificate.holder.identifier
        reason = identifier and why_wrong(identifier)
        if reason:
            found.append(Violation(("holder", "identifier", "value"), reason))
        authorization = _authorization(pen.authorizations, certificate)
        if authorization is not None:
            chosen.append(authorization)
        elif not any(violation.path == ("scheme",) for violation in found):
            found.append(Violation(("scheme",), f"{pen.profile.code} was not authorized for it on the decision date"))
        wrong.extend(Violation(prefix + violation.path, violation.reason) for violation in found)
    counted = Counter(certificate.number for certificate in certificates)
    wrong.extend(
        Violation((position, "number"), "occurs more than once in this batch")
        for position, certificate in enumerate(certificates)
        if counted[certificate.number] > 1
    )
    if wrong:
        raise InvalidInput(wrong)
    return chosen


def _authorization(authorizations: Sequence[Authorization], certificate: Certificate) -> Authorization | None:
    """The authorization that covers the decision; an accredited one is preferred."""
    covering = [one for one in authorizations if one.covers(certificate.scheme, certificate.decided_on)]
    return max(covering, key=lambda one: one.accreditation_number is not None, default=None)


def _old_certificate(registry: Registry, actor: Actor, public_id: str) -> StoredCertificate:
    """The certificate to be superseded, if it may be. Raises NotFound, IllegalMove, Conflict."""
    now = registry.now()
    with registry.database.read() as connection:
        old = store.find_stored(connection, public_id, actor.issuer_id)
        if old is None:
            raise NotFound("No certificate of yours has this id.")
        successor = store.successor_of(connection, old.id)
        events = store.events_of(connection, [old.id])[old.id]
    now = recording_time(events, now)
    admit(events, StatusEvent(len(events) + 1, Act.SUPERSEDE, Reason.CORRECTION, now, now), old.period)
    if successor is not None:
        raise Conflict(f"This certificate has been reissued already, as {grouped(successor)}.")
    return old


def _recall(registry: Registry, actor: Actor, idempotency: Idempotency | None) -> StoredCertificate | None:
    if idempotency is None:
        return None
    with registry.database.read() as connection:
        earlier: Earlier | None = recall(connection, actor, idempotency)
        return None if earlier is None else store.get_stored(connection, earlier.certificate_id)


def _row(connection: Connection, public_id: str) -> StoredCertificate:
    row = store.find_stored(connection, public_id)
    assert row is not None  # noqa: S101 - inserted in this transaction
    return row


def _number_taken(numbers: Sequence[str]) -> Conflict:
    shown = ", ".join(numbers[:5]) + (" …" if len(numbers) > 5 else "")
    return Conflict(f"The number is taken by another certificate of this issuer: {shown}")
