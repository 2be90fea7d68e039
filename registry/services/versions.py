"""New versions of a certificate: each is signed anew and supersedes the one before from its first day on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.certificate import Certificate, Replaced, day_of
from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound, Violation
from registry.domain.lifecycle import Status, StatusEvent, admit, check_event, recording_time, status_at
from registry.domain.public_id import grouped, parse_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.versions import check_replaceable, check_version, with_dates
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject
from registry.formats.certificate_request import certificate_of, with_changes
from registry.services.change_status import record_event
from registry.services.context import Actor, Registry, Verb
from registry.services.idempotency import Idempotency, remember
from registry.services.issue import (
    after_clash,
    audit_issue,
    check_order,
    first_reason,
    prepare,
    recall_issue,
    row_of,
    store_signed,
)
from registry.services.log.integrate import integrate_at_once
from registry.services.record_acts import IntendedAct
from registry.store import certificates as store
from registry.store import surveillance
from registry.store.certificates import StoredCertificate
from registry.store.versions import begin_versions, newest_revision


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A certificate that is to be replaced: its row, its signed credential, its status now, and whether that is
    suspended because a surveillance audit was missed.
    """

    row: StoredCertificate
    document: JsonObject
    status: Status
    missed: bool

    def require(self, kind: Reason) -> None:
        """Raises IllegalMove where it can't have such a version."""
        check_replaceable(kind, self.status)
        if self.missed and kind is not Reason.RECERTIFICATION:
            told = "It was suspended because a surveillance audit was missed. Record a passed audit first."
            raise IllegalMove(told, self.status)


def issue_version(
    registry: Registry,
    actor: Actor,
    public_id: str,
    kind: Reason,
    changes: JsonObject,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """Issue a version of a certificate that differs from it in `changes`: members of the certificate as in a request.

    Raises NotFound, IllegalMove, InvalidInput, Conflict, NotPermitted.
    """

    def changed(old: Predecessor) -> Certificate:
        certificate = with_changes(old.document, changes)
        return with_dates(certificate, kind, frozenset(changes), day_of(registry.now()))

    return _replace(registry, actor, public_id, kind, changed, note, idempotency)


def reissue(
    registry: Registry,
    actor: Actor,
    public_id: str,
    certificate: Certificate,
    reason: Reason,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """The same for a version of which all is given. Raises as `issue_version`."""
    return _replace(registry, actor, public_id, reason, lambda _: certificate, note, idempotency)


def check(
    registry: Registry, actor: Actor, public_id: str, certificate: Certificate, reason: Reason, note: str | None = None
) -> None:
    """Raise what `reissue` would raise for this version, and store nothing."""
    actor.require(Verb.REISSUE)
    old = open_predecessor(registry, actor, parse_public_id(public_id))
    version = as_version(registry, old, certificate, reason, note)
    check_order(registry, actor, version, first_reason(reason), None, old.row)


def _replace(
    registry: Registry,
    actor: Actor,
    public_id: str,
    kind: Reason,
    make: Callable[[Predecessor], Certificate],
    note: str | None,
    idempotency: Idempotency | None,
) -> StoredCertificate:
    actor.require(Verb.REISSUE)
    public_id = parse_public_id(public_id)
    earlier = recall_issue(registry, actor, idempotency)
    if earlier is not None:
        return earlier
    old = open_predecessor(registry, actor, public_id)
    certificate = as_version(registry, old, make(old), kind, note)
    try:
        row = _store(registry, actor, old.row, certificate, kind, note, idempotency)
    except (IntegrityError, Conflict) as error:
        return after_clash(registry, actor, certificate, idempotency, error)
    integrate_at_once(registry)
    return row


def _store(
    registry: Registry,
    actor: Actor,
    old: StoredCertificate,
    certificate: Certificate,
    kind: Reason,
    note: str | None,
    idempotency: Idempotency | None,
) -> StoredCertificate:
    """Sign the version; store it and the superseding of the one before in one transaction."""
    prepared, pen = prepare(registry, actor, certificate, first_reason(kind), None, old)
    now = prepared[0].event.recorded_at
    with registry.database.transaction() as connection:
        supersede(registry, connection, actor, old, prepared[0].terms, note, now)
        keys = store_signed(registry, connection, actor, pen, prepared)
        audit_issue(connection, actor, prepared[0])
        remember(connection, actor, idempotency, keys[0], 1, now)
        return row_of(connection, prepared[0].public_id)


def open_predecessor(registry: Registry, actor: Actor, public_id: str) -> Predecessor:
    """The certificate to be superseded, if it may be. Raises NotFound, IllegalMove, Conflict."""
    now = registry.now()
    with registry.database.read() as connection:
        row = store.find_stored(connection, public_id, actor.issuer_id)
        if row is None:
            raise NotFound("No certificate of yours has this id.")
        successor = store.successor_of(connection, row.id)
        events = store.events_of(connection, [row.id])[row.id]
        document = store.document_of(connection, public_id)
        missed = bool(surveillance.missed(connection, [row.first_version_id or row.id]))
    now = recording_time(events, now)
    admit(events, StatusEvent(len(events) + 1, Act.SUPERSEDE, Reason.CORRECTION, now, now), row.period)
    if successor is not None:
        raise Conflict(f"This certificate has been reissued already, as {grouped(successor)}.")
    status = status_at(events, row.period, now, now)
    assert status is not None and document is not None  # noqa: S101, PT018 - an act was admitted
    return Predecessor(row, canonical_json.parse(document), status.status, missed)


def as_version(
    registry: Registry, old: Predecessor, certificate: Certificate, kind: Reason, note: str | None
) -> Certificate:
    """`certificate` with what it replaces, and its revision, if it may be such a version.

    Raises InvalidInput, IllegalMove.
    """
    now, row = registry.now(), old.row
    check_event(StatusEvent(1, Act.SUPERSEDE, kind, now, now, note=note))
    wrong = check_version(certificate_of(old.document), certificate, kind)
    if wrong:
        prefix = () if wrong[0].path == ("kind",) else ("certificate",)
        raise InvalidInput([Violation((*prefix, *one.path), one.reason) for one in wrong])
    old.require(kind)
    revision = 1
    if certificate.number == row.number:
        with registry.database.read() as connection:
            revision += newest_revision(connection, row.issuer_id, row.number)
    replaced = Replaced(kind.value, row.number, row.revision, row.public_id)
    return replace(certificate, revision=revision, replaces=replaced)


def supersede(
    registry: Registry,
    connection: Connection,
    actor: Actor,
    old: StoredCertificate,
    version: Certificate,
    note: str | None,
    now: datetime,
) -> None:
    """Have `version` supersede the certificate before from its first day on, within the transaction that stores it.

    Raises Conflict where `old` is not as it was when it was read, and as `record_event`.
    """
    assert version.replaces is not None  # noqa: S101 - by as_version
    reason = Reason(version.replaces.change)
    # Before the certificates are, as by the worker that may be about to suspend them.
    surveillance.find_plan(connection, old.first_version_id or old.id, for_update=True)
    effective_at = max(now, version.period.starts_at)
    change = record_event(
        registry, connection, actor, old.public_id, IntendedAct(Act.SUPERSEDE, reason, effective_at, note=note), now
    )
    if change.certificate.event_count != old.event_count:
        raise Conflict("Somebody has just acted on this certificate. Read it again, then repeat.")
    begin_versions(connection, old.id)
